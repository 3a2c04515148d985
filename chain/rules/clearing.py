"""Set-off: debts that run in circles are paid by each other, the most that can be, proved.

The certificate in a block says how much of each debt; ``chain.setoff`` proves that no other way
would clear more. Nobody's balance changes but of those who lend to it and of those who are paid out
of that, and nobody owes or is owed anything more than before. What is set off is no sale: debts
made up to run in a circle would earn credit by it.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from chain.errors import Code, Invalid
from chain.facts import Cleared, FundPaid, LiquidityGot, SetOff
from chain.policy import AccountId
from chain.records import ClearingCertificate
from chain.rules.clearing_window import close_window, get_window, list_entered
from chain.rules.context import Author, Context
from chain.rules.market import note_made_good
from chain.rules.payments import credit
from chain.rules.rewards import pay_owner
from chain.rules.shelves import (
    get_book,
    get_page,
    get_party,
    put_party,
    replace_page,
)
from chain.setoff import (
    Entered,
    Flows,
    compute_net_debt,
    divide_flows,
    enter,
    read_certificate,
)
from chain.state import State
from chain.tables import CURRENT, OBLIGATIONS_PER_PAGE, Obligation

REWARD: Final = "clearing"
REWARD_OF_POOL: Final = 100  # at most one part in so many of the operators' pool


def get_entered(state: State) -> tuple[list[Obligation], Entered]:
    """What waits for a set-off in the open window, and its graph."""
    window = get_window(state)
    obligations = list_entered(state, window)
    lent = {item.account: item.counted for item in window.lenders if item.escrow}
    entered = enter(
        [item.debtor for item in obligations],
        [item.creditor for item in obligations],
        [item.remaining for item in obligations],
        lent,
        window.seed,
    )
    return obligations, entered


def process_clearing(
    state: State, context: Context, author: Author, certificate: ClearingCertificate
) -> None:
    """Apply a block's set-off and end the window. Raises Invalid."""
    window = get_window(state)
    if not window.open:
        raise Invalid(Code.NO_CLEARING_WINDOW)
    if certificate.interval != window.interval:
        raise Invalid(Code.WRONG_CLEARING_INTERVAL, f"it is {window.interval}")
    obligations, entered = get_entered(state)
    flows = divide_flows(entered, read_certificate(entered.graph, certificate))
    cleared = _lower_all(state, context, obligations, flows.debts)
    _move_liquidity(state, context, flows)
    state.facts.append(
        SetOff(
            interval=window.interval,
            entered=len(obligations),
            entered_amount=sum(item.remaining for item in obligations),
            net_debt=compute_net_debt(entered.graph),
            cleared=cleared,
        )
    )
    _pay_reward(state, context, author.seat)


def _lower_all(
    state: State, context: Context, obligations: Sequence[Obligation], flows: Sequence[int]
) -> tuple[Cleared, ...]:
    """Lower every obligation by what flows along it, page by page."""
    cleared: list[Cleared] = []
    pages: dict[int, dict[int, int]] = {}  # what remains of each number, page by page in order
    for item, flow in zip(obligations, flows, strict=True):
        if flow:
            remaining = item.remaining - flow
            cleared.append(Cleared(item.number, item.debtor, item.creditor, flow, remaining))
            page = pages.setdefault(item.number // OBLIGATIONS_PER_PAGE, {})
            page[item.number] = remaining
    for number, left in pages.items():
        entries = []
        for item in get_page(state, number):
            remaining = left.get(item.number, item.remaining)
            if remaining == item.remaining:
                entries.append(item)
            elif remaining:
                entries.append(replace(item, remaining=remaining))
        replace_page(state, number, tuple(entries))
    closed = {item.obligation for item in cleared if not item.remaining}
    _count_closed(state, context, [item for item in obligations if item.number in closed])
    return tuple(cleared)


def _count_closed(state: State, context: Context, closed: Sequence[Obligation]) -> None:
    """Take closed obligations out of the counts of their two sides and of all."""
    counts: dict[AccountId, list[int]] = {}
    for item in closed:
        if item.shortfall is not None:
            note_made_good(state, context, item.debtor, paid=True)
        creditor = counts.setdefault(item.creditor, [0, 0, 0])
        creditor[0] += not item.handed_over
        creditor[1] += 1
        counts.setdefault(item.debtor, [0, 0, 0])[2] += 1
    for account_id in sorted(counts):
        offered, owed, owing = counts[account_id]
        party = get_party(state, account_id)
        left = replace(
            party,
            offered=party.offered - offered,
            owed=party.owed - owed,
            owing=party.owing - owing,
        )
        put_party(state, account_id, left)
    book = get_book(state)
    if closed:
        state.books.put(CURRENT, replace(book, ready=book.ready - len(closed)))


def _move_liquidity(state: State, context: Context, flows: Flows) -> None:
    """Let who lends pay, and free the rest; then pay those whose debtors it was lent to."""
    close_window(state, context, dict(flows.lent))
    for account_id, amount in flows.got:
        credit(state, context, account_id, amount)
        state.facts.append(LiquidityGot(account_id, amount))


def _pay_reward(state: State, context: Context, seat: AccountId) -> None:
    money = state.money.require(CURRENT)
    reward = min(context.parameters.clearing_reward, money.operators // REWARD_OF_POOL)
    if not reward:
        return
    paid = pay_owner(state, context, seat, reward)
    state.money.put(CURRENT, replace(money, operators=money.operators - paid))
    state.facts.append(FundPaid("operators", seat, paid, REWARD))
