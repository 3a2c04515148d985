"""What became of proposals, and where demurrage went when: kept beside the blocks, as history is.

The state forgets a proposal when it is decided or carried out; the node remembers it for those who
ask later. Rows come with a block and go when it is undone.
"""

from typing import Final

from chain.actions import Propose
from chain.block import SealedBlock
from chain.codec import Bytes32, Codec, Natural, Record, encode
from chain.crypto import u64
from chain.facts import Decided, Enacted
from chain.kept import INDEX
from chain.ledger import Execution, Ledger
from chain.parameters import Sinks
from chain.rules.electorate import count_bits
from chain.rules.measures import get_class
from chain.state import State
from chain.store import Store
from chain.tables import CURRENT, RULES, Proposal, Rules
from node.events import ProposalMoved, ProposalState

_DECIDED: Final = INDEX + b"o"  # number -> DecidedRow
_ENACTED: Final = INDEX + b"w"  # number -> EnactedRow
_SINKS: Final = INDEX + b"n"  # height -> where demurrage went until this block, it included
_KEYS: Final = INDEX + b"u"  # height -> keys of such rows, so that they can be taken back
_ROW_BYTES_MAX: Final = 65_536


class DecidedRow(Record, frozen=True):
    """The count of the votes on a proposal."""

    filing: Propose
    filed_by: Bytes32
    filed_slot: Natural
    ends_period: Natural
    grade: str
    electors: Natural
    yes: Natural
    no: Natural
    passed: bool
    slot: Natural


class EnactedRow(Record, frozen=True):
    """What came of a decision when it was due."""

    slot: Natural
    refused: int | None


_DECIDED_ROWS: Final = Codec(DecidedRow, _ROW_BYTES_MAX)
_ENACTED_ROWS: Final = Codec(EnactedRow, _ROW_BYTES_MAX)
_SINKS_ROWS: Final = Codec(Sinks, _ROW_BYTES_MAX)
_KEY_ROWS: Final = Codec(tuple[bytes, ...], _ROW_BYTES_MAX)

_Rows = list[tuple[bytes, bytes | None]]


def build_rows(state: State, block: SealedBlock, execution: Execution, undo_height: int) -> _Rows:
    """The rows that come with a block, above this state. ``undo_height`` will not be undone."""
    slot, rows = block.header.slot, _Rows()
    for fact in execution.facts:
        if isinstance(fact, Decided):
            proposal = state.proposals.require(u64(fact.proposal))
            row = _build_decided(state, proposal, fact, slot)
            rows.append((_DECIDED + u64(fact.proposal), encode(row)))
        elif isinstance(fact, Enacted):
            rows.append((_ENACTED + u64(fact.proposal), encode(EnactedRow(slot, fact.refused))))
    rows += [
        (_SINKS + u64(block.header.height), encode(before.parameters.sinks))
        for change in execution.changes
        if change.table.prefix == RULES.prefix
        and isinstance(before := change.before, Rules)
        and isinstance(after := change.after, Rules)
        and before.parameters.sinks != after.parameters.sinks
    ]
    if rows:
        keys = tuple(key for key, _ in rows)
        rows.append((_KEYS + u64(block.header.height), encode(keys)))
    if undo_height > 0:
        rows.append((_KEYS + u64(undo_height), None))
    return rows


def build_undo_rows(store: Store, height: int) -> _Rows:
    """The rows that go when a block is undone."""
    data = store.get(_KEYS + u64(height))
    if data is None:
        return []
    return [(key, None) for key in (*_KEY_ROWS.decode(data), _KEYS + u64(height))]


def read_decided(store: Store, number: int) -> DecidedRow | None:
    """The count of a proposal; None when it is open, or older than what this node has seen."""
    data = store.get(_DECIDED + u64(number))
    return None if data is None else _DECIDED_ROWS.decode(data)


def read_enacted(store: Store, number: int) -> EnactedRow | None:
    """What came of a decision; None when it is not due yet."""
    data = store.get(_ENACTED + u64(number))
    return None if data is None else _ENACTED_ROWS.decode(data)


def find_moved(ledger: Ledger, block: SealedBlock) -> list[ProposalMoved]:
    """What the head's block did to proposals: counted, carried out, filed, in this order."""
    height, store = block.header.height, ledger.store
    data = store.get(_KEYS + u64(height))
    keys = () if data is None else _KEY_ROWS.decode(data)
    moved = []
    for key in keys:
        row = read_decided(store, number := int.from_bytes(key[-8:]))
        if row is None or not key.startswith((_DECIDED, _ENACTED)):
            continue
        done = read_enacted(store, number) if key.startswith(_ENACTED) else None
        refused = None if done is None else done.refused
        moved.append(
            ProposalMoved(
                number, get_state(row, done), height, row.electors, row.yes, row.no, refused
            )
        )
    return moved + _find_filed(ledger, block)


def _find_filed(ledger: Ledger, block: SealedBlock) -> list[ProposalMoved]:
    actions = (action for sealed in block.transactions for action in sealed.body.actions)
    count = sum(isinstance(action, Propose) for action in actions)
    last = ledger.state.assembly.require(CURRENT).proposals
    return [
        ProposalMoved(
            number,
            "open",
            block.header.height,
            electors=count_bits(proposal.electors),
            yes=count_bits(proposal.yes),
            no=count_bits(proposal.no),
            refused=None,
        )
        for number in range(last - count, last)
        if (proposal := ledger.state.proposals.get(u64(number))) is not None
    ]


def get_state(decided: DecidedRow, enacted: EnactedRow | None) -> ProposalState:
    """What a proposal is after its count, and after it was due if it was."""
    if not decided.passed:
        return "rejected"
    if enacted is None:
        return "waiting"
    return "enacted" if enacted.refused is None else "dropped"


def read_sinks(store: Store, height: int, present: Sinks) -> Sinks:
    """Where demurrage went by the rules of a block; ``present`` is where it goes now."""
    for _, data in store.items(_SINKS, u64(height)):
        return _SINKS_ROWS.decode(data)
    return present


def _build_decided(state: State, proposal: Proposal, fact: Decided, slot: int) -> DecidedRow:
    return DecidedRow(
        filing=Propose(proposal.measure),
        filed_by=proposal.filed_by,
        filed_slot=proposal.filed_slot,
        ends_period=proposal.ends_period,
        grade=get_class(state, proposal.measure).name.lower(),
        electors=count_bits(proposal.electors),
        yes=fact.yes,
        no=fact.no,
        passed=fact.passed,
        slot=slot,
    )
