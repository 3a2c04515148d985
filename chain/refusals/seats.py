"""What refusals of seats and bonds mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

SEATS: Final[dict[Code, Meaning]] = {
    Code.NOT_IDENTIFIED: Meaning(
        True, "The account's owner is not identified by this community's authorities."
    ),
    Code.SEAT_EXISTS: Meaning(True, "This person has a seat already."),
    Code.NO_SEAT: Meaning(True, "The account has no seat."),
    Code.TOO_MANY_SEATS: Meaning(True, "All seats of this community are taken."),
    Code.BAD_SEAT_KEY: Meaning(False, "A seat's key is not a valid Ed25519 public key."),
    Code.KEY_USED_BEFORE: Meaning(False, "Each key of a seat is used once, ever."),
    Code.BAD_PROOF_OF_POSSESSION: Meaning(
        False, "A proof of possession does not verify: make the keys with 'pai seat keys'."
    ),
    Code.DEPOSIT_NOT_BONDED: Meaning(True, "The deposit is not bonded, or its release runs."),
    Code.TOO_MANY_LEAVING: Meaning(
        True, "Too many bonds wait for a hand-off without them: ask again after the next one."
    ),
}
