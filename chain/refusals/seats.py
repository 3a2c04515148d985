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
    Code.WRONG_VOTE_KEY: Meaning(
        False, "The takeover names a vote key that is not the seat's present one."
    ),
    Code.BAD_TAKEOVER_SIGNATURE: Meaning(
        False, "The takeover is not signed by the seat's standby key."
    ),
    Code.TAKEOVER_TOO_SOON: Meaning(
        True, "A seat is taken over once within the time for evidence."
    ),
    Code.KEYS_BEING_REPLACED: Meaning(
        True, "The seat's owner is replacing its keys: the standby key cannot interfere."
    ),
    Code.REPLACEMENT_TOO_SOON: Meaning(
        True, "A seat's keys are replaced once within the time for evidence, or after a takeover."
    ),
    Code.SEAT_NOT_BONDED: Meaning(True, "The seat has no bond, and so nothing to be released of."),
    Code.BAD_NOTICE: Meaning(
        False, "A notice names a locked round that is not above the round of activation."
    ),
    Code.NOTICE_TOO_SOON: Meaning(
        True, "A seat gives notice of release once within the time for evidence."
    ),
}
