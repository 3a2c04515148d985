"""Actions of those who run servers: seats, their keys and their bonds."""

from chain.codec import Amount, Bytes32, Bytes64, Natural, Record


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
