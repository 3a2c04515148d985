"""Members decide together: filing, voting, counting, and doing what was decided.

One vote a person, recast until the end; nobody can be kept from voting by losing an identity after
the list was frozen. What is due is done by rule, by nobody's hand.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import CastVote, Propose
from chain.crypto import u64
from chain.errors import Code, Invalid
from chain.facts import Decided, Enacted
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.electorate import (
    build_electorate,
    count_bits,
    find_number,
    has_bit,
    with_bit,
)
from chain.rules.identity import is_identified
from chain.rules.measures import (
    check_measure,
    compute_digest,
    enact,
    get_authority_concerned,
    get_class,
    get_wait_periods,
    is_passed,
)
from chain.state import State
from chain.tables import CURRENT, Assembly, Decision, Proposal

OPEN_MAX: Final = 50
OPEN_OF_ONE_MAX: Final = 3


def apply_propose(state: State, context: Context, owner: AccountId, action: Propose) -> None:
    """File a measure, with the list of those who may vote on it as of now."""
    assembly = state.assembly.require(CURRENT)
    number = find_number(state, owner)
    if number is None or not is_identified(state, context, owner):
        raise Invalid(Code.NOT_AN_ELECTOR)
    tag = state.accounts.require(owner).person
    assert tag is not None
    own = sum(state.proposals.require(u64(item)).filed_by == tag for item in assembly.open)
    if len(assembly.open) >= OPEN_MAX or own >= OPEN_OF_ONE_MAX:
        raise Invalid(Code.TOO_MANY_PROPOSALS, f"{own} of yours, {len(assembly.open)} in all")
    check_measure(state, context, action.measure)
    electors = build_electorate(state, context, None)
    if not has_bit(electors, number):
        raise Invalid(Code.NOT_AN_ELECTOR)
    authority = get_authority_concerned(action.measure)
    if authority is not None:  # whoever has no vote on his only authority may still file
        electors = build_electorate(state, context, authority)
    nobody = bytes(len(electors))
    proposal = Proposal(
        measure=action.measure,
        filed_by=tag,
        filed_slot=context.slot,
        ends_period=context.period + context.parameters.vote_periods,
        electors=electors,
        yes=nobody,
        no=nobody,
    )
    state.proposals.put(u64(assembly.proposals), proposal)
    state.assembly.put(
        CURRENT,
        replace(
            assembly,
            proposals=assembly.proposals + 1,
            open=(*assembly.open, assembly.proposals),
        ),
    )


def apply_cast(state: State, context: Context, owner: AccountId, action: CastVote) -> None:
    """Count a person's vote, in place of an earlier one."""
    proposal = state.proposals.get(u64(action.proposal))
    if proposal is None:
        raise Invalid(Code.UNKNOWN_PROPOSAL, str(action.proposal))
    if compute_digest(proposal.measure) != action.digest:
        raise Invalid(Code.OTHER_MEASURE, str(action.proposal))
    if context.period >= proposal.ends_period:
        raise Invalid(Code.VOTE_CLOSED, str(action.proposal))
    number = find_number(state, owner)
    if number is None or not has_bit(proposal.electors, number):
        raise Invalid(Code.NOT_AN_ELECTOR)
    voted = replace(
        proposal,
        yes=with_bit(proposal.yes, number, value=action.yes),
        no=with_bit(proposal.no, number, value=not action.yes),
    )
    state.proposals.put(u64(action.proposal), voted)


def process_assembly(state: State, context: Context) -> None:
    """Count votes that are over, and do what is due: once a period, in its first block."""
    if context.parent_slot // context.constants.slots_per_period == context.period:
        return
    assembly = state.assembly.require(CURRENT)
    if not assembly.open and not assembly.passed:
        return
    assembly = _count(state, context, assembly)
    due = [item for item in assembly.passed if item.due_period <= context.period]
    waiting = tuple(item for item in assembly.passed if item.due_period > context.period)
    state.assembly.put(CURRENT, replace(assembly, passed=waiting))
    for decision in due:
        _enact(state, context, decision.proposal)


def _count(state: State, context: Context, assembly: Assembly) -> Assembly:
    """The assembly without the proposals whose time is over; what was passed waits."""
    still_open, passed = [], list(assembly.passed)
    for number in assembly.open:
        proposal = state.proposals.require(u64(number))
        if context.period < proposal.ends_period:
            still_open.append(number)
            continue
        kind = get_class(state, proposal.measure)
        electors, yes, no = (
            count_bits(bits) for bits in (proposal.electors, proposal.yes, proposal.no)
        )
        is_carried = is_passed(kind, electors, yes, no)
        state.facts.append(Decided(number, is_carried, yes, no, electors))
        if is_carried:
            due_period = proposal.ends_period + get_wait_periods(context, kind)
            passed.append(Decision(number, due_period))
        else:
            state.proposals.put(u64(number), None)
    return replace(assembly, open=tuple(still_open), passed=tuple(passed))


def _enact(state: State, context: Context, number: int) -> None:
    """Do it whole or not at all; then the proposal is history, which the chain itself keeps."""
    measure = state.proposals.require(u64(number)).measure
    mark = state.savepoint()
    try:
        enact(state, context, measure)
    except Invalid as error:
        state.roll_back(mark)
        state.facts.append(Enacted(number, int(error.code)))
    else:
        state.facts.append(Enacted(number, None))
    state.proposals.put(u64(number), None)
