"""Who may do what with an obligation, and from which state: the table itself.

The rules ask it and docs/protocol.md is printed from it. It decides on nothing but states and
sides; amounts, names and windows are the rules'.
"""

from typing import Final, NamedTuple

from chain.actions import (
    AcceptInvoice,
    Action,
    ConsentReassign,
    DeclineInvoice,
    MarkClearable,
    PayInvoice,
    Reassign,
    WriteDown,
)
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.rules.shelves import OFFERED, OPEN
from chain.tables import Obligation

CREDITOR: Final = "creditor"
DEBTOR: Final = "debtor"
ANYBODY: Final = "anybody"
TIME: Final = "time"
SET_OFF: Final = "set-off"
CLOSED: Final = 2  # leaves no row

STATE_NAMES: Final = {OFFERED: "offered", OPEN: "open", CLOSED: "closed"}


class Move(NamedTuple):
    """One line of the table: what is done, from which state, by whom, and what it may lead to."""

    action: type[Action] | None  # None: a rule does it
    name: str
    state: int
    by: tuple[str, ...]
    leads_to: tuple[int, ...]


MOVES: Final = (
    Move(AcceptInvoice, "accept", OFFERED, (DEBTOR,), (OPEN,)),
    Move(DeclineInvoice, "decline", OFFERED, (DEBTOR, CREDITOR), (CLOSED,)),
    Move(None, "lapse", OFFERED, (TIME,), (CLOSED,)),
    Move(MarkClearable, "mark", OFFERED, (CREDITOR,), (OFFERED,)),
    Move(PayInvoice, "pay", OPEN, (ANYBODY,), (OPEN, CLOSED)),
    Move(WriteDown, "write down", OPEN, (CREDITOR,), (OPEN, CLOSED)),
    Move(Reassign, "reassign", OPEN, (CREDITOR,), (OPEN,)),
    Move(ConsentReassign, "consent", OPEN, (DEBTOR,), (OPEN,)),
    Move(MarkClearable, "mark", OPEN, (CREDITOR, DEBTOR), (OPEN,)),
    Move(None, "set off", OPEN, (SET_OFF,), (OPEN, CLOSED)),
)

_MOVES: Final = {(move.action, move.state): move for move in MOVES if move.action is not None}


def check_move(kind: type[Action], obligation: Obligation, actor: AccountId) -> None:
    """Refuse what the table does not hold. Raises Invalid."""
    move = _MOVES.get((kind, obligation.state))
    if move is None:
        raise Invalid(Code.WRONG_OBLIGATION_STATE)
    sides = {CREDITOR: obligation.creditor, DEBTOR: obligation.debtor, ANYBODY: actor}
    if all(sides[side] != actor for side in move.by):
        raise Invalid(Code.NOT_YOUR_OBLIGATION)
