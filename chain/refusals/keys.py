"""What refusals of recoveries and of aliases mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

KEYS: Final[dict[Code, Meaning]] = {
    Code.NO_GUARDIANS: Meaning(True, "The account has no guardians."),
    Code.WRONG_GUARDIANS: Meaning(
        True, "These guardians, with this salt, are not those that the account has named."
    ),
    Code.BAD_GUARDIAN_SIGNATURES: Meaning(
        True, "The guardians' signatures are not those that their policy asks for."
    ),
    Code.RECOVERY_DELAY_OUT_OF_BOUNDS: Meaning(
        False, "The delay of a recovery lies outside the bounds of this community."
    ),
    Code.RECOVERY_RUNS: Meaning(True, "A recovery of this account runs already."),
    Code.NO_RECOVERY: Meaning(True, "No recovery of this account runs."),
    Code.RECOVERY_TOO_EARLY: Meaning(True, "The delay of the recovery has not passed yet."),
    Code.TOO_MANY_CANCELS: Meaning(
        True, "The account has cancelled as often in 90 periods as its owner once allowed."
    ),
    Code.BAD_ALIAS: Meaning(
        False,
        "A name has 3 to 32 small letters, digits and single hyphens between them; its letters are "
        "all Latin or all Cyrillic, and there is at least one.",
    ),
    Code.ALIAS_RESERVED: Meaning(False, "This name, or one that looks like it, is nobody's."),
    Code.ALIAS_TAKEN: Meaning(
        True, "This name, or one that looks like it, is taken or was given up not long ago."
    ),
    Code.NO_ALIAS: Meaning(True, "The account has no name."),
    Code.ALIAS_PRICE_ABOVE_MAXIMUM: Meaning(
        True, "The name costs more than the transaction allows: only a person's first is free."
    ),
}
