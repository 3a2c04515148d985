"""Actions by which an account's keys are shown and changed. The id always stays."""

from chain.codec import Record
from chain.policy import Policy


class Reveal(Record, frozen=True, tag=1):
    """The policy behind the account's id: the first action of the first spend, and only there."""

    policy: Policy


class ChangePolicy(Record, frozen=True, tag=6):
    """Give the account another key policy. Id and sequence stay."""

    policy: Policy
