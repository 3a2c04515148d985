"""What refusals of proposals, votes and spending from funds mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

VOTES: Final[dict[Code, Meaning]] = {
    Code.NOT_AN_ELECTOR: Meaning(
        True, "The account's owner is not among those who may vote on this."
    ),
    Code.UNKNOWN_PROPOSAL: Meaning(True, "There is no such proposal."),
    Code.VOTE_CLOSED: Meaning(False, "The vote on this proposal is over."),
    Code.OTHER_MEASURE: Meaning(True, "On this chain the proposal of that number is another one."),
    Code.TOO_MANY_PROPOSALS: Meaning(True, "Too many proposals are open: wait for a decision."),
    Code.UNKNOWN_FIGURE: Meaning(False, "There is no figure of this name that a vote can change."),
    Code.FIGURE_OUT_OF_BOUNDS: Meaning(True, "The figure lies outside what the rules admit."),
    Code.STEP_TOO_LARGE: Meaning(
        True, "The step is too large: a figure at most doubles or halves in 180 periods."
    ),
    Code.UNKNOWN_FUND: Meaning(False, "There is no fund of this name that a vote can spend."),
    Code.FUND_RATE_EXCEEDED: Meaning(
        True, "More than may be spent of this fund within 28 periods, or than it holds."
    ),
}
