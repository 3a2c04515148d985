"""What refusals of obligations, set-off and exchange mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

EXCHANGE: Final[dict[Code, Meaning]] = {
    Code.UNKNOWN_OBLIGATION: Meaning(False, "There is no such obligation, or it is closed."),
    Code.OBLIGATION_TO_SELF: Meaning(False, "Nobody can owe himself something."),
    Code.OBLIGATION_TOO_LARGE: Meaning(
        False, "One obligation cannot be so large; divide it into several."
    ),
    Code.TOO_MANY_OBLIGATIONS: Meaning(
        True, "The account has as many obligations open as it may have at once."
    ),
    Code.WRONG_OBLIGATION_STATE: Meaning(
        False, "This cannot be done with an obligation in its present state."
    ),
    Code.NOT_YOUR_OBLIGATION: Meaning(False, "Only the other side of the obligation may do this."),
    Code.OTHER_OBLIGATION: Meaning(
        False, "The obligation of this number is another: the other side or the amount differs."
    ),
    Code.OBLIGATION_TOO_LITTLE: Meaning(False, "Less than this remains of the obligation."),
    Code.OFFER_LAPSED: Meaning(
        False, "The offer was not answered in time, and is declined by silence."
    ),
    Code.OTHER_HEIR: Meaning(False, "The creditor has named no other creditor, or another one."),
    Code.SETOFF_MALFORMED: Meaning(False, "The set-off's certificate is not in its one form."),
    Code.SETOFF_TOO_LARGE: Meaning(False, "More debts, or larger ones, than a set-off can take."),
    Code.SETOFF_NOT_BALANCED: Meaning(
        False, "The set-off is not optimal: what its potentials force does not balance."
    ),
    Code.CLEARING: Meaning(
        True, "The obligation is being set off; it can be changed when the window is over."
    ),
    Code.NO_CLEARING_WINDOW: Meaning(False, "No window for a set-off is open."),
    Code.WRONG_CLEARING_INTERVAL: Meaning(False, "The set-off is for another interval."),
    Code.TOO_MANY_LENDERS: Meaning(True, "As many lend to set-off as there can be at once."),
    Code.LIQUIDITY_NOT_COVERED: Meaning(
        False, "The account cannot spend as much as it wants to lend to set-off, or lends too much."
    ),
}
