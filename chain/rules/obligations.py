"""Obligations: offered, accepted or declined, paid, written down, handed over, let be set off.

``chain.rules.obligation_moves`` is the table of who may do what; here is what it does. Nobody owes
anything that he has not accepted, and a due date that passes changes nothing but colour.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import (
    AcceptInvoice,
    Action,
    ConsentReassign,
    DeclineInvoice,
    MarkClearable,
    OfferInvoice,
    PayInvoice,
    Reassign,
    WriteDown,
)
from chain.errors import Code, Invalid
from chain.facts import OfferSilenced
from chain.policy import AccountId
from chain.rules.activity import note_payment
from chain.rules.clearing_window import is_entered
from chain.rules.context import Context
from chain.rules.identity import is_identified
from chain.rules.market import note_made_good
from chain.rules.obligation_moves import check_move
from chain.rules.payments import credit, debit
from chain.rules.shelves import (
    NOT_READY,
    OFFERED,
    OPEN,
    find_obligation,
    get_book,
    get_obligation,
    get_page,
    get_party,
    replace_obligation,
)
from chain.rules.standing import note_dealing
from chain.state import State
from chain.tables import CURRENT, OBLIGATIONS_PER_PAGE, Delivery, Obligation, Shortfall
from chain.units import format_pai

# A million pai: so many as can enter a set-off, and what is lent to it, sum to less than 2^61.
OBLIGATION_MAX: Final = 2**40
PAGES_AT_ONCE: Final = 4  # looked at for offers without an answer, a block


def open_shortfall(
    state: State, context: Context, delivery: Delivery, amount: int, shortfall: Shortfall
) -> int:
    """Let a seller owe what he has not delivered; returns the obligation's number.

    Both agreed to it with the chain; no cap binds. What a leg costs is no more than can be owed.
    """
    return _make(
        state,
        Obligation(
            number=get_book(state).made,
            debtor=delivery.seller,
            creditor=delivery.buyer,
            amount=amount,
            remaining=amount,
            due_period=delivery.due_period,
            reference=delivery.good,
            goods=None,
            state=OPEN,
            since_slot=context.slot,
            creditor_clears=True,
            debtor_clears=True,
            ready_slot=shortfall.clearable_slot,
            heir=None,
            handed_over=True,
            shortfall=shortfall,
        ),
    )


def apply_offer_invoice(
    state: State, context: Context, owner: AccountId, action: OfferInvoice
) -> None:
    """Offer an invoice to an account that there is."""
    if action.debtor == owner:
        raise Invalid(Code.OBLIGATION_TO_SELF)
    if action.amount > OBLIGATION_MAX:
        raise Invalid(Code.OBLIGATION_TOO_LARGE, f"at most {format_pai(OBLIGATION_MAX)}")
    if state.accounts.get(action.debtor) is None:
        raise Invalid(Code.UNKNOWN_ACCOUNT, "the debtor has none")
    _check_cap(state, context, owner, get_party(state, owner).offered)
    _make(
        state,
        Obligation(
            number=get_book(state).made,
            debtor=action.debtor,
            creditor=owner,
            amount=action.amount,
            remaining=action.amount,
            due_period=action.due_period,
            reference=action.reference,
            goods=action.goods,
            state=OFFERED,
            since_slot=context.slot,
            creditor_clears=action.clearable,
            debtor_clears=False,
            ready_slot=NOT_READY,
            heir=None,
            handed_over=False,
            shortfall=None,
        ),
    )


def _check_cap(state: State, context: Context, account_id: AccountId, count: int) -> None:
    identified = is_identified(state, context, account_id)
    parameters = context.parameters
    most = parameters.obligations_max if identified else parameters.obligations_unidentified_max
    if count >= most:
        raise Invalid(Code.TOO_MANY_OBLIGATIONS, f"at most {most}")


def _make(state: State, obligation: Obligation) -> int:
    book = get_book(state)
    state.books.put(CURRENT, replace(book, made=book.made + 1))
    replace_obligation(state, None, obligation)
    return obligation.number


def apply_accept_invoice(
    state: State, context: Context, owner: AccountId, action: AcceptInvoice
) -> None:
    """Owe what was offered; from now on it binds."""
    offer = _find(state, owner, action, action.obligation)
    if (offer.creditor, offer.amount) != (action.creditor, action.amount):
        raise Invalid(Code.OTHER_OBLIGATION)
    if is_silent(context, offer):
        raise Invalid(Code.OFFER_LAPSED)
    _check_cap(state, context, owner, get_party(state, owner).owing)
    ready = action.clearable and offer.creditor_clears
    accepted = replace(
        offer,
        state=OPEN,
        since_slot=context.slot,
        debtor_clears=action.clearable,
        ready_slot=context.slot if ready else NOT_READY,
    )
    replace_obligation(state, offer, accepted)


def apply_decline_invoice(
    state: State, _context: Context, owner: AccountId, action: DeclineInvoice
) -> None:
    """Decline an offer, or take it back: it is gone."""
    replace_obligation(state, _find(state, owner, action, action.obligation), None)


def apply_pay_invoice(state: State, context: Context, payer: AccountId, action: PayInvoice) -> None:
    """Pay its creditor what is owed to him, or a part of it."""
    owed = _find(state, payer, action, action.obligation)
    if owed.creditor != action.creditor:
        raise Invalid(Code.OTHER_OBLIGATION)
    if payer == action.creditor:
        raise Invalid(Code.PAYMENT_TO_SELF)
    _lower(state, context, owed, action.amount, paid=True)
    debit(state, context, payer, action.amount)
    credit(state, context, action.creditor, action.amount)
    if owed.shortfall is not None:
        return  # money back for goods that did not come is no sale
    note_payment(state, context, payer, action.creditor, action.amount)
    note_dealing(state, context, payer, action.creditor, action.amount)


def apply_write_down(state: State, context: Context, owner: AccountId, action: WriteDown) -> None:
    """Let the debtor off; no money moves."""
    owed = _find(state, owner, action, action.obligation)
    if owed.debtor != action.debtor:
        raise Invalid(Code.OTHER_OBLIGATION)
    _lower(state, context, owed, action.amount, paid=False)


def apply_reassign(state: State, _context: Context, owner: AccountId, action: Reassign) -> None:
    """Name another creditor, who is one when the debtor consents."""
    owed = _find(state, owner, action, action.obligation)
    if action.to is not None:
        if action.to == owed.debtor:
            raise Invalid(Code.OBLIGATION_TO_SELF)
        if state.accounts.get(action.to) is None:
            raise Invalid(Code.UNKNOWN_ACCOUNT, "the other creditor has none")
    replace_obligation(state, owed, replace(owed, heir=action.to))


def apply_consent_reassign(
    state: State, _context: Context, owner: AccountId, action: ConsentReassign
) -> None:
    """Owe it to the creditor that is named. He has not let it be set off yet."""
    owed = _find(state, owner, action, action.obligation)
    if owed.heir is None or owed.heir != action.to:
        raise Invalid(Code.OTHER_HEIR)
    if state.accounts.get(action.to) is None:
        raise Invalid(Code.UNKNOWN_ACCOUNT, "the other creditor has none")
    handed = replace(
        owed,
        creditor=action.to,
        heir=None,
        creditor_clears=False,
        ready_slot=NOT_READY,
        handed_over=True,
    )
    replace_obligation(state, owed, handed)


def apply_mark_clearable(
    state: State, context: Context, owner: AccountId, action: MarkClearable
) -> None:
    """Let it be set off, or not any more, as far as one's own side goes."""
    before = _find(state, owner, action, action.obligation)
    if owner == before.creditor:
        marked = replace(before, creditor_clears=action.clearable)
    else:
        marked = replace(before, debtor_clears=action.clearable)
    if not (marked.creditor_clears and marked.debtor_clears):
        marked = replace(marked, ready_slot=NOT_READY)
    elif before.ready_slot == NOT_READY:
        disputed = before.shortfall.clearable_slot if before.shortfall else 0
        marked = replace(marked, ready_slot=max(context.slot, disputed))
    replace_obligation(state, before, marked)


def _find(state: State, actor: AccountId, action: Action, number: int) -> Obligation:
    """The obligation, with which somebody may do this now. Raises Invalid."""
    obligation = get_obligation(state, number)
    check_move(type(action), obligation, actor)
    if is_entered(state, obligation):
        raise Invalid(Code.CLEARING)
    return obligation


def _lower(state: State, context: Context, owed: Obligation, amount: int, *, paid: bool) -> None:
    remaining = owed.remaining - amount
    if remaining < 0:
        raise Invalid(Code.OBLIGATION_TOO_LITTLE, f"it is {format_pai(owed.remaining)}")
    if not remaining and owed.shortfall is not None:
        note_made_good(state, context, owed.debtor, paid=paid)
    replace_obligation(state, owed, replace(owed, remaining=remaining) if remaining else None)


def get_lapse_slot(context: Context, obligation: Obligation) -> int:
    """From which slot on an offer is declined by silence."""
    periods = context.parameters.obligation_silence_periods
    return obligation.since_slot + periods * context.constants.slots_per_period


def is_silent(context: Context, obligation: Obligation) -> bool:
    """Whether an offer had no answer for so long that it is declined."""
    return obligation.state == OFFERED and context.slot >= get_lapse_slot(context, obligation)


def process_obligations(state: State, context: Context) -> None:
    """Remove offers that had no answer, oldest first, some pages a block.

    An offer that nobody has looked at yet cannot be accepted any more either.
    """
    book = get_book(state)
    number = book.heard_below
    for _ in range(PAGES_AT_ONCE):
        if number >= book.made:
            break
        page = number // OBLIGATIONS_PER_PAGE
        end = min((page + 1) * OBLIGATIONS_PER_PAGE, book.made)
        waiting = _silence(state, context, page, number)
        number = end if waiting is None else waiting
        if waiting is not None:
            break
    if number != book.heard_below:
        state.books.put(CURRENT, replace(get_book(state), heard_below=number))


def _silence(state: State, context: Context, page: int, first: int) -> int | None:
    """Remove a page's silent offers; answers the first that still waits for an answer, if any."""
    for item in get_page(state, page):
        if item.number < first or item.state != OFFERED:
            continue
        if not is_silent(context, item):
            return item.number
        replace_obligation(state, find_obligation(state, item.number), None)
        state.facts.append(OfferSilenced(item.number, item.creditor, item.debtor, item.remaining))
    return None
