"""What a community's credit and its concentration are at the end of each period, for a report.

``Observatory`` keeps the rows of a chain one block behind those that it is shown, so that it can
look at a period when the first block of a later one is there. Looking costs what the sweep of the
accounts costs the ledger anyway.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from chain.changes import Change, encode_row
from chain.codec import Record
from chain.genesis import Genesis, compute_chain_id
from chain.parameters import BASIS_POINTS
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.credit_days import get_credit, get_day, is_braked
from chain.rules.identity import get_home_person_key
from chain.rules.loan_terms import OVERDUE
from chain.rules.payments import get_spending_floor
from chain.state import State
from chain.tables import ACCOUNTS, CURRENT, LOANS, Account, Loan
from chain.transition import get_context
from node.audit.replay import build_genesis_rows

NEAR_LIMIT: Final = 9_500  # basis points of a limit: who owes so much is at it
STUCK_PERIODS: Final = 90


class Stocks(NamedTuple):
    """Credit at one moment; amounts in micropai."""

    debt: int  # sum of balances below zero
    debtors: int
    persons: int  # ever identified
    at_limit: int  # persons who owe at least 95 % of what they are good for
    savings: int  # that no seat holds
    granted: int  # of loans that run
    overdue: int  # missing of loans whose grace is over
    lost: int  # written off in 360 periods
    reserve: int
    braked: bool


NO_STOCKS: Final = Stocks(0, 0, 0, 0, 0, 0, 0, 0, 0, braked=False)


class Observatory:
    """The rows of a chain as its blocks leave them, and a look at them."""

    def __init__(self, genesis: Genesis) -> None:
        self._constants = genesis.constants
        self._chain = compute_chain_id(genesis)
        self._rows: dict[bytes, Record] = {}
        self._accounts: dict[AccountId, Account] = {}
        self._loans: dict[bytes, Loan] = {}
        self._state = State(lambda key: encode_row(self._rows.get(key)))
        self.follow(build_genesis_rows(genesis))

    def follow(self, changes: list[Change]) -> None:
        """Take over what a block has changed."""
        for change in changes:
            if change.after is None:
                self._rows.pop(change.state_key, None)
            else:
                self._rows[change.state_key] = change.after
            if change.table.prefix == ACCOUNTS.prefix:
                _put(self._accounts, change)
            elif change.table.prefix == LOANS.prefix:
                _put(self._loans, change)
        self._state.keep(changes)

    def observe(self, slot: int) -> Stocks:
        """Credit in a slot, if nothing happens between the newest block and it."""
        state = self._state
        context = get_context(state, self._chain, self._constants, slot, bytes(32))
        whole, today = get_credit(state), get_day(state, context.period)
        at_limit, _ = count_at_limit(state, context, self._accounts.items())
        return Stocks(
            debt=whole.debt,
            debtors=sum(account.settlement < 0 for account in self._accounts.values()),
            persons=whole.persons,
            at_limit=at_limit,
            savings=whole.saved,
            granted=whole.granted,
            overdue=sum(loan.unpaid for loan in self._loans.values() if loan.state == OVERDUE),
            lost=whole.lost + today.lost,
            reserve=state.money.require(CURRENT).reserve,
            braked=is_braked(state, context),
        )


def count_at_limit(
    state: State, context: Context, accounts: Iterable[tuple[AccountId, Account]]
) -> tuple[int, int]:
    """How many persons are at their limit, and for how many of them nothing was counted lately."""
    at_limit = stuck = 0
    for account_id, account in accounts:
        if account.person is None or account.settlement >= 0:
            continue
        floor = get_spending_floor(state, context, account_id, account)
        if account.settlement * BASIS_POINTS <= floor * NEAR_LIMIT:
            at_limit += 1
            standing = state.standings.get(get_home_person_key(account.person))
            stuck += standing is None or context.period - standing.period > STUCK_PERIODS
    return at_limit, stuck


def compute_gini(amounts: Iterable[int | Decimal]) -> Decimal:
    """How unequal amounts are: 0 when all are the same, near 1 when one has everything."""
    ordered = sorted(amounts)
    count, total = len(ordered), sum(ordered)
    if not total:
        return Decimal(0)
    weighted = sum(rank * amount for rank, amount in enumerate(ordered, start=1))
    return Decimal(2 * weighted) / (count * total) - Decimal(count + 1) / count


def _put(rows: dict[bytes, Account] | dict[bytes, Loan], change: Change) -> None:
    if change.after is None:
        rows.pop(change.key, None)
    else:
        rows[change.key] = change.after  # type: ignore[assignment]  # the table says which it is
