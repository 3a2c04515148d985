"""The birth of a community, as bytes. Its hash is the community's id, and every signature binds it.

The readable form and its checks live in the genesis/ room; this is the frozen type that rules read.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.actions import SeatKeys
from chain.codec import Amount, Bytes32, Codec, Natural, Record, check_text, encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.parameters import Constants, KeepSchedule, Parameters, Positive
from chain.policy import AccountId, Policy
from chain.store import StoreError

# Changes with the rules. A node that knows other rules refuses the community with a sentence.
GENESIS_VERSION: Final = 2
GENESIS_BYTES_MAX: Final = 64 * 1_024 * 1_024  # a town of 100,000 members with deposits
NAME_BYTES_MAX: Final = 200

HOME_GROUP: Final = 0  # the tag group whose attestations give credit, vote and seat

Text = Annotated[str, Meta(max_length=NAME_BYTES_MAX)]


class GenesisAuthority(Record, frozen=True):
    """Who may say that an account belongs to a person. ``id`` is its account."""

    id: AccountId
    name: Text
    jurisdiction: Text
    policy: Policy
    group: Natural

    def __post_init__(self) -> None:
        check_text(self.name, NAME_BYTES_MAX)
        check_text(self.jurisdiction, NAME_BYTES_MAX)


class GenesisAttestation(Record, frozen=True):
    """An authority's statement about an account's owner; docs/protocol.md, "Identity"."""

    authority: AccountId
    subject: AccountId
    kind: Text
    jurisdiction: Text
    commitment: Bytes32
    tag: Bytes32
    from_slot: Natural
    until_slot: Natural

    def __post_init__(self) -> None:
        check_text(self.kind, NAME_BYTES_MAX)
        check_text(self.jurisdiction, NAME_BYTES_MAX)


class GenesisDeposit(Record, frozen=True):
    """Savings a member is born with."""

    amount: Amount
    term_periods: Positive


class GenesisAccount(Record, frozen=True):
    """An account, its settlement balance and its savings at slot 0."""

    id: AccountId
    balance: Natural
    deposits: tuple[GenesisDeposit, ...]


class GenesisSeat(Record, frozen=True):
    """A server of the first set. The bond is a deposit of its own, issued at genesis."""

    account: AccountId
    keys: SeatKeys
    bond: Amount
    bond_term_periods: Positive


class GenesisFunds(Record, frozen=True):
    """What the common funds hold at slot 0."""

    reserve: Natural
    social: Natural
    operators: Natural

    def get_amounts(self) -> tuple[int, int, int]:
        """What each fund holds."""
        return self.reserve, self.social, self.operators


class Genesis(Record, frozen=True):
    """A community's constitution. Lists are sorted by id, and by subject within authority."""

    version: Natural
    name: Text
    prefix: Text
    genesis_time: Natural  # seconds since 1970-01-01 UTC at which slot 0 begins
    constants: Constants
    parameters: Parameters
    keep_schedule: KeepSchedule
    authorities: tuple[GenesisAuthority, ...]
    accounts: tuple[GenesisAccount, ...]
    attestations: tuple[GenesisAttestation, ...]
    seats: tuple[GenesisSeat, ...]
    funds: GenesisFunds

    def __post_init__(self) -> None:
        check_text(self.name, NAME_BYTES_MAX)


class _GenesisCodec:
    """A codec that tells a genesis of other rules from bytes that are no genesis."""

    __slots__ = ("_codec",)

    def __init__(self) -> None:
        self._codec = Codec(Genesis, GENESIS_BYTES_MAX)

    def decode(self, data: bytes) -> Genesis:
        """The genesis of these bytes. Raises Invalid, OTHER_RULES among them."""
        version = _get_version(data)
        if version not in (None, GENESIS_VERSION):
            raise Invalid(Code.OTHER_RULES, f"version {version}, known here: {GENESIS_VERSION}")
        return self._codec.decode(data)


GENESIS_CODEC: Final = _GenesisCodec()


def _get_version(data: bytes) -> int | None:
    """In every version a genesis is an array of at most 15 fields, the first a version to 127."""
    if len(data) >= 2 and data[0] & 0xF0 == 0x90 and data[1] < 0x80:
        return data[1]
    return None


def explain_other_genesis(stored: bytes) -> StoreError:
    """Why a store that was founded on these bytes, which are not our genesis, cannot be used."""
    try:
        GENESIS_CODEC.decode(stored)
    except Invalid as error:
        if error.code is not Code.OTHER_RULES:
            return StoreError("the store's genesis cannot be read: restore the store or sync anew")
        return StoreError(
            f"this folder holds a chain of other rules ({error.detail}): install the version of "
            "Pai that the community uses"
        )
    return StoreError("this folder holds another community: choose another home")


def compute_chain_id(genesis: Genesis) -> bytes:
    """The community's id: the hash of its genesis."""
    return compute_hash(b"genesis", encode(genesis))
