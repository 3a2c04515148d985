"""What refusals of obligations, set-off and exchange mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

EXCHANGE: Final[dict[Code, Meaning]] = {
    Code.SETOFF_MALFORMED: Meaning(False, "The set-off's certificate is not in its one form."),
    Code.SETOFF_TOO_LARGE: Meaning(False, "More debts, or larger ones, than a set-off can take."),
    Code.SETOFF_NOT_BALANCED: Meaning(
        False, "The set-off is not optimal: what its potentials force does not balance."
    ),
}
