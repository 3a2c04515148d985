"""From the ledger to answers about obligations and set-off. Nothing here waits."""

from msgspec.structs import replace

from chain.policy import AccountId
from chain.rules.clearing_window import get_end_slot, get_window, is_in
from chain.rules.context import Context
from chain.rules.obligation_moves import STATE_NAMES
from chain.rules.obligations import get_lapse_slot
from chain.rules.shelves import OFFERED, find_obligation, get_book
from chain.tables import Obligation, Window
from chain.units import format_pai
from node.api.answers import get_present_slot, get_slot_time
from node.api.errors import build_not_found
from node.api.paging import cut_page
from node.api.schema import write_address, write_address_or_null
from node.api.schema_exchange import ClearingAnswer, ObligationAnswer, ObligationsAnswer
from node.core import Core
from node.holdings import read_obligations_of


def build_obligation_answer(core: Core, number: int) -> ObligationAnswer:
    """One obligation. Raises RequestError when it is closed or never was."""
    found = find_obligation(core.ledger.state, number)
    if found is None:
        raise build_not_found(str(number))
    return _describe(core, found, *_get_present(core))


def build_obligations_answer(
    core: Core, account_id: AccountId, first: int, limit: int
) -> ObligationsAnswer:
    """The obligations of an account from a number on, so many at most."""
    state, prefix = core.ledger.state, core.ledger.genesis.prefix
    present = _get_present(core)
    numbers = read_obligations_of(core.ledger.store, account_id, first)
    found = ((number, find_obligation(state, number)) for number in numbers)
    page, following = cut_page(found, limit)
    lenders = [item for item in present[1].lenders if item.account == account_id]
    return ObligationsAnswer(
        address=write_address(prefix, account_id),
        obligations=[_describe(core, item, *present) for _, item in page if item is not None],
        next=following,
        lends=format_pai(sum(item.amount for item in lenders)),
        put_aside=format_pai(sum(item.escrow for item in lenders)),
    )


def build_clearing_answer(core: Core) -> ClearingAnswer:
    """How set-off stands now."""
    state = core.ledger.state
    context, window = _get_present(core)
    book, length = get_book(state), context.constants.clearing_interval_slots
    return ClearingAnswer(
        made=book.made,
        ready=book.ready,
        interval=window.interval,
        open=window.open,
        slot=window.slot,
        end_slot=get_end_slot(context, window) if window.slot else 0,
        next_slot=(context.slot // length + 1) * length,
        lenders=len(window.lenders),
        lent=format_pai(sum(item.amount for item in window.lenders)),
        put_aside=format_pai(sum(item.escrow for item in window.lenders)),
    )


def _get_present(core: Core) -> tuple[Context, Window]:
    """The present block's context, and the window as that block will find it."""
    ledger = core.ledger
    context, window = ledger.get_context(get_present_slot(core)), get_window(ledger.state)
    is_open = window.open and context.slot <= get_end_slot(context, window)
    return context, replace(window, open=is_open)


def _describe(core: Core, item: Obligation, context: Context, window: Window) -> ObligationAnswer:
    ledger, prefix = core.ledger, core.ledger.genesis.prefix
    slots = ledger.constants.slots_per_period
    lapses = get_lapse_slot(context, item) if item.state == OFFERED else None
    shortfall = item.shortfall
    disputed = shortfall.clearable_slot if shortfall else 0
    return ObligationAnswer(
        number=item.number,
        debtor=write_address(prefix, item.debtor),
        creditor=write_address(prefix, item.creditor),
        amount=format_pai(item.amount),
        remaining=format_pai(item.remaining),
        due_period=item.due_period,
        due_time=get_slot_time(ledger, item.due_period * slots),
        late=context.period > item.due_period,
        reference=item.reference,
        goods=None if item.goods is None else item.goods.hex(),
        state=STATE_NAMES[item.state],
        since_slot=item.since_slot,
        lapses_time=None if lapses is None else get_slot_time(ledger, lapses),
        creditor_clears=item.creditor_clears,
        debtor_clears=item.debtor_clears,
        clearing=window.open and is_in(window, item),
        heir=write_address_or_null(prefix, item.heir),
        delivery=shortfall.delivery if shortfall else None,
        disputed_until_time=get_slot_time(ledger, disputed) if context.slot < disputed else None,
    )
