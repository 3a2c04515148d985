"""The window of a set-off: a snapshot of the debts, held still for some slots, and what is lent.

The first block of every interval ends in a snapshot. Until a set-off is applied, or the window is
over, what entered answers CLEARING to any other change, and what is lent to it is put aside. Then
everything is released: nobody has lost anything by a set-off that did not come.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec.structs import replace

from chain.actions import LendLiquidity
from chain.errors import Code, Invalid
from chain.facts import LiquidityFreed, LiquidityHeld
from chain.policy import AccountId
from chain.rules.context import Author, Context
from chain.rules.payments import credit, debit, get_spending_floor
from chain.rules.settlement import compute_decayed, touch
from chain.rules.shelves import get_book, get_party, list_pages, put_party
from chain.setoff import OBLIGATIONS_MAX
from chain.state import State
from chain.tables import CURRENT, Lender, Obligation, Window
from chain.units import MICROPAI_PER_PAI, format_pai

LENDERS_MAX: Final = 512  # what one block puts aside, and a row of 36 kB
LIQUIDITY_MIN: Final = MICROPAI_PER_PAI
LIQUIDITY_MAX: Final = 2**40
NO_WINDOW: Final = Window(interval=0, open=False, slot=0, last=-1, seed=bytes(64), lenders=())


def get_window(state: State) -> Window:
    """The newest snapshot, and who lends."""
    return state.windows.get(CURRENT) or NO_WINDOW


def is_entered(state: State, obligation: Obligation) -> bool:
    """Whether an obligation waits for a set-off, and may not be changed by anything else."""
    window = get_window(state)
    return window.open and is_in(window, obligation)


def is_in(window: Window, obligation: Obligation) -> bool:
    """Whether an obligation belongs to a window's snapshot."""
    return 0 <= obligation.ready_slot <= window.slot and obligation.number <= window.last


def list_entered(state: State, window: Window) -> list[Obligation]:
    """What entered, in the order of numbers."""
    return list(_iterate_entered(state, window))


def _iterate_entered(state: State, window: Window) -> Iterator[Obligation]:
    slot, last = window.slot, window.last
    for _, entries in list_pages(state, last):
        for item in entries:
            if 0 <= item.ready_slot <= slot and item.number <= last:
                yield item


def get_end_slot(context: Context, window: Window) -> int:
    """The last slot in which the window's set-off may be applied."""
    return window.slot + context.constants.window_slots


def apply_lend_liquidity(
    state: State, context: Context, owner: AccountId, action: LendLiquidity
) -> None:
    """Lend another amount from the next snapshot on; what is put aside stays so till then."""
    window = get_window(state)
    lenders = [item for item in window.lenders if item.account != owner]
    before = next((item for item in window.lenders if item.account == owner), None)
    if before is not None and before.escrow:
        raise Invalid(Code.CLEARING)
    if action.amount:
        _check_lent(state, context, owner, action.amount)
        if len(lenders) >= LENDERS_MAX:
            raise Invalid(Code.TOO_MANY_LENDERS, f"at most {LENDERS_MAX}")
        lenders.append(Lender(owner, action.amount, escrow=0, melting=0, counted=0, step=0))
        lenders.sort(key=lambda item: item.account)
    _put_lenders(state, window, lenders)


def _check_lent(state: State, context: Context, owner: AccountId, amount: int) -> None:
    account = touch(state, context, owner, state.accounts.require(owner))
    free = account.settlement - get_spending_floor(state, context, owner, account)
    if not LIQUIDITY_MIN <= amount <= min(free, LIQUIDITY_MAX):
        raise Invalid(Code.LIQUIDITY_NOT_COVERED, f"it can spend {format_pai(max(free, 0))}")


def _put_lenders(state: State, window: Window, lenders: Sequence[Lender]) -> None:
    """Keep who lends, and tell the parties; nothing ever means no row."""
    after = replace(window, lenders=tuple(lenders))
    lent, lends = ({item.account for item in row.lenders} for row in (window, after))
    for account_id in sorted(lent ^ lends):
        party = get_party(state, account_id)
        put_party(state, account_id, replace(party, lends=account_id in lends))
    state.windows.put(CURRENT, None if after == NO_WINDOW else after)


def process_window(state: State, context: Context) -> None:
    """End a window whose time is over."""
    window = get_window(state)
    if window.open and context.slot > get_end_slot(context, window):
        close_window(state, context, {})


def process_snapshot(state: State, context: Context, author: Author) -> None:
    """After the first block of an interval: take the snapshot, and put aside what is lent."""
    length = context.constants.clearing_interval_slots
    interval = context.slot // length
    if interval == context.parent_slot // length:
        return
    if get_window(state).open:  # the first block of the interval before came very late
        close_window(state, context, {})
    last = _find_last(state, context)
    if last is None:
        return
    opened = replace(
        get_window(state),
        interval=interval,
        open=True,
        slot=context.slot,
        last=last,
        seed=author.output,
    )
    state.windows.put(CURRENT, opened)
    lenders = [_hold(state, context, opened, item) for item in opened.lenders]
    _put_lenders(state, opened, [item for item in lenders if item is not None])


def _find_last(state: State, context: Context) -> int | None:
    """The highest number that enters: of the oldest that are ready, as many as may.

    None: nothing enters, though something may be ready later, when its dispute is over.
    """
    book = get_book(state)
    if not book.ready:
        return None
    most = min(context.parameters.clearing_max, OBLIGATIONS_MAX - 1)
    looked_at = 1 if book.ready <= most else most + 1
    whole = Window(0, open=True, slot=context.slot, last=book.made - 1, seed=b"", lenders=())
    entered = list(islice(_iterate_entered(state, whole), looked_at))
    if not entered:
        return None
    return entered[most - 1].number if len(entered) > most else book.made - 1


def _hold(state: State, context: Context, window: Window, lender: Lender) -> Lender | None:
    """Put aside what an account lends, as much as it has; None: too little, it lends no more."""
    owner = lender.account
    account = touch(state, context, owner, state.accounts.require(owner))
    free = account.settlement - get_spending_floor(state, context, owner, account)
    escrow = min(lender.amount, free)
    if escrow < LIQUIDITY_MIN:
        return None
    if not get_party(state, owner).owing:
        return lender  # it owes nothing that could be set off
    debit(state, context, owner, escrow)
    state.facts.append(LiquidityHeld(owner, escrow))
    melting = max(0, min(escrow, account.settlement))
    end_step = get_end_slot(context, window) // context.constants.slots_per_step
    left = compute_decayed(melting, context.keep_schedule, context.step, end_step)
    counted = escrow - melting + left
    return replace(lender, escrow=escrow, melting=melting, counted=counted, step=context.step)


def close_window(state: State, context: Context, lent: dict[AccountId, int]) -> None:
    """End the window. What was put aside comes back, less what was lent to a set-off.

    It has borne demurrage as on the account; but never so much that what was counted is not there,
    should the rate have been raised meanwhile.
    """
    window = get_window(state)
    for lender in window.lenders:
        if not lender.escrow:
            continue
        left = compute_decayed(lender.melting, context.keep_schedule, lender.step, context.step)
        remaining = max(lender.escrow - lender.melting + left, lender.counted)
        used = lent.get(lender.account, 0)
        assert used <= remaining, "more was lent than was counted"
        charge = lender.escrow - remaining
        state.pot += charge
        if remaining > used:
            credit(state, context, lender.account, remaining - used)
        state.facts.append(LiquidityFreed(lender.account, remaining - used, charge, used))
    freed = tuple(replace(item, escrow=0, melting=0, counted=0, step=0) for item in window.lenders)
    state.windows.put(CURRENT, replace(window, open=False, lenders=freed))
