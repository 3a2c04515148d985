"""What the HTTP API answers about votes, as types."""

from typing import Literal

from node.api.schema import Answer, Count, Hash, Hex
from node.api.schema_measures import MeasureAnswer
from node.events import ProposalState

Voice = Literal["yes", "no"]


class MajorityAnswer(Answer, frozen=True):
    """What carries a proposal, as fractions, and how many votes for it would carry it now."""

    of_cast: str
    more_than: bool
    of_electors: str
    yes_needed: Count


class ProposalAnswer(Answer, frozen=True):
    """A proposal. ``encoded`` is an action that would file the same measure, byte for byte.

    ``waiting``: carried and due at ``due_time``; ``dropped``: carried, but ``refused`` when it was
    due. ``may_vote`` and ``voice`` are of the account that was asked about.
    """

    number: Count
    state: ProposalState
    measure: MeasureAnswer
    encoded: Hex
    grade: Literal["ordinary", "grave", "deep"]
    majority: MajorityAnswer
    filed_by: Hash
    filed_time: Count
    ends_period: Count
    ends_time: Count
    electors: Count
    yes: Count
    no: Count
    carried: bool
    due_period: Count | None
    due_time: Count | None
    enacted_time: Count | None
    refused: Count | None
    may_vote: bool | None
    voice: Voice | None


class ProposalsAnswer(Answer, frozen=True):
    """Proposals, the newest first; ``next``: what to pass as ``before`` for older ones."""

    proposals: list[ProposalAnswer]
    next: Count | None
