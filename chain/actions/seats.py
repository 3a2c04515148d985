"""Actions of those who run servers: seats, their keys and their bonds."""

from chain.codec import Amount, Bytes32, Bytes64, Natural, Record
from chain.policy import AccountId


class SeatKeys(Record, frozen=True):
    """The three public keys of a seat and a proof of possession by each, in the same order."""

    vote: Bytes32
    vrf: Bytes32
    standby: Bytes32
    proofs: tuple[Bytes64, Bytes64, Bytes64]


class RegisterSeat(Record, frozen=True, tag=20):
    """Open a seat for the account's owner, an identified person."""

    keys: SeatKeys


class Bond(Record, frozen=True, tag=21):
    """Lend a deposit, or part of it, to the account's own seat."""

    deposit: Natural
    amount: Amount


class Unbond(Record, frozen=True, tag=22):
    """Ask for a bonded deposit back; it is released when the time for evidence is over."""

    deposit: Natural


class Takeover(Record, frozen=True, tag=23):
    """Let a seat's standby key become its vote key. The standby key signs; anybody hands it in."""

    seat: AccountId
    old_vote: Bytes32  # which the standby key replaces
    standby: Bytes32
    vrf: Bytes32
    proofs: tuple[Bytes64, Bytes64]  # of possession, by the new standby and VRF keys
    signature: Bytes64  # by the present standby key, over all but proofs


class ReplaceSeatKeys(Record, frozen=True, tag=24):
    """Give the account's own seat three new keys, and cancel a takeover that has not acted."""

    keys: SeatKeys


class ReleaseNotice(Record, frozen=True, tag=25):
    """Say that the account's own seat will vote again although its journal was lost."""

    activation_round: Natural
    lock_round: Natural
    lock_hash: Bytes32
