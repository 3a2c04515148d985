"""From the ledger, and what the node remembers beside it, to answers about votes."""

from typing import Final, Literal, NamedTuple

from chain.actions import Propose
from chain.codec import encode
from chain.crypto import u64
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.rules.electorate import count_bits, find_number, has_bit
from chain.rules.measures import (
    Class,
    get_class,
    get_wait_periods,
    is_passed,
)
from chain.tables import CURRENT, Proposal
from node.api.answers import get_present_slot, get_slot_time
from node.api.errors import build_not_found
from node.api.schema_measures import build_measure_answer
from node.api.schema_votes import (
    MajorityAnswer,
    ProposalAnswer,
    ProposalsAnswer,
    Voice,
)
from node.core import Core
from node.decisions import DecidedRow, EnactedRow, get_state, read_decided, read_enacted
from node.events import ProposalState

PROPOSALS_PAGE_MAX: Final = 100

_Grade = Literal["ordinary", "grave", "deep"]
_GRADES: Final[dict[str, _Grade]] = {"ordinary": "ordinary", "grave": "grave", "deep": "deep"}


class _Count(NamedTuple):
    """How a vote stands, or stood."""

    kind: Class
    electors: int
    yes: int
    no: int


def build_proposals_answer(
    core: Core, account_id: AccountId | None, before: int | None, limit: int
) -> ProposalsAnswer:
    """A page of proposals. What was decided before this node's first block is not among them."""
    last = core.ledger.state.assembly.require(CURRENT).proposals
    top = last if before is None else min(before, last)
    bottom = max(0, top - limit)
    found = [
        answer
        for number in range(top - 1, bottom - 1, -1)
        if (answer := _find_proposal(core, number, account_id)) is not None
    ]
    return ProposalsAnswer(proposals=found, next=bottom or None)


def build_proposal_answer(core: Core, number: int, account_id: AccountId | None) -> ProposalAnswer:
    """One proposal. Raises RequestError when there is none, or none that this node knows of."""
    answer = _find_proposal(core, number, account_id)
    if answer is None:
        raise build_not_found(f"proposal {number}")
    return answer


def _find_proposal(core: Core, number: int, account_id: AccountId | None) -> ProposalAnswer | None:
    ledger = core.ledger
    proposal = ledger.state.proposals.get(u64(number))
    decided = read_decided(ledger.store, number)
    if proposal is not None:
        return _build_kept(core, number, proposal, decided, account_id)
    if decided is None:
        return None
    return _build_gone(ledger, number, decided, read_enacted(ledger.store, number))


def _build_kept(
    core: Core,
    number: int,
    proposal: Proposal,
    decided: DecidedRow | None,
    account_id: AccountId | None,
) -> ProposalAnswer:
    """One that the state still has: under vote, or carried and waiting."""
    ledger = core.ledger
    state, context = ledger.state, ledger.get_context(get_present_slot(core))
    electors, yes, no = map(count_bits, (proposal.electors, proposal.yes, proposal.no))
    kind = get_class(state, proposal.measure)
    if decided is not None:
        kind = Class[decided.grade.upper()]
    passed = state.assembly.require(CURRENT).passed
    due = next((item.due_period for item in passed if item.proposal == number), None)
    count = _Count(kind, electors, yes, no)
    wait = get_wait_periods(context, kind)
    may_vote, voice = _get_voice(ledger, proposal, account_id)
    return _build(
        ledger,
        number,
        Propose(proposal.measure),
        count,
        state="open" if due is None else "waiting",
        filed=(proposal.filed_by, proposal.filed_slot, proposal.ends_period),
        due_period=proposal.ends_period + wait if due is None else due,
        may_vote=may_vote if due is None else None,
        voice=voice,
    )


def _build_gone(
    ledger: Ledger, number: int, decided: DecidedRow, enacted: EnactedRow | None
) -> ProposalAnswer:
    """One that only this node's memory has."""
    return _build(
        ledger,
        number,
        decided.filing,
        _Count(Class[decided.grade.upper()], decided.electors, decided.yes, decided.no),
        state=get_state(decided, enacted),
        filed=(decided.filed_by, decided.filed_slot, decided.ends_period),
        enacted=enacted,
    )


def _build(
    ledger: Ledger,
    number: int,
    filing: Propose,
    count: _Count,
    *,
    state: ProposalState,
    filed: tuple[bytes, int, int],
    due_period: int | None = None,
    enacted: EnactedRow | None = None,
    may_vote: bool | None = None,
    voice: Voice | None = None,
) -> ProposalAnswer:
    filed_by, filed_slot, ends_period = filed
    return ProposalAnswer(
        number=number,
        state=state,
        measure=build_measure_answer(ledger.genesis.prefix, filing.measure),
        encoded=encode(filing).hex(),
        grade=_GRADES[count.kind.name.lower()],
        majority=_build_majority(count),
        filed_by=filed_by.hex(),
        filed_time=get_slot_time(ledger, filed_slot),
        ends_period=ends_period,
        ends_time=_get_period_time(ledger, ends_period),
        electors=count.electors,
        yes=count.yes,
        no=count.no,
        carried=is_passed(count.kind, count.electors, count.yes, count.no),
        due_period=due_period,
        due_time=None if due_period is None else _get_period_time(ledger, due_period),
        enacted_time=None if enacted is None else get_slot_time(ledger, enacted.slot),
        refused=None if enacted is None else enacted.refused,
        may_vote=may_vote,
        voice=voice,
    )


def _get_voice(
    ledger: Ledger, proposal: Proposal, account_id: AccountId | None
) -> tuple[bool | None, Voice | None]:
    if account_id is None:
        return None, None
    number = find_number(ledger.state, account_id)
    if number is None or not has_bit(proposal.electors, number):
        return False, None
    if has_bit(proposal.yes, number):
        return True, "yes"
    return True, "no" if has_bit(proposal.no, number) else None


def _build_majority(count: _Count) -> MajorityAnswer:
    majority = count.kind.value
    return MajorityAnswer(
        of_cast="/".join(map(str, majority.of_cast)),
        more_than=majority.strictly,
        of_electors="/".join(map(str, majority.of_all)),
        yes_needed=compute_yes_needed(count.kind, count.electors, count.no),
    )


def compute_yes_needed(kind: Class, electors: int, no: int) -> int:
    """The fewest votes for a proposal that carry it against so many."""
    majority = kind.value
    part, whole = majority.of_cast
    against = part * no
    of_cast = against // (whole - part) + 1 if majority.strictly else -(-against // (whole - part))
    of_all = -(-majority.of_all[0] * electors // majority.of_all[1])
    return max(1, of_cast, of_all)


def _get_period_time(ledger: Ledger, period: int) -> int:
    return get_slot_time(ledger, period * ledger.constants.slots_per_period)
