"""Actions by which an account takes a name that people can say, and gives it up."""

from chain.codec import Natural, Record, check_text

ALIAS_BYTES_MAX = 64  # 32 letters of two bytes


class RegisterAlias(Record, frozen=True, tag=15):
    """Take a name, in place of the one the account has; ``price_max``: the most it may cost."""

    name: str
    price_max: Natural

    def __post_init__(self) -> None:
        check_text(self.name, ALIAS_BYTES_MAX)


class GiveUpAlias(Record, frozen=True, tag=16):
    """Be nameless again. Nobody else gets the name for a long time."""
