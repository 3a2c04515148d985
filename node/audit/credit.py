"""What every community must see of its credit, exact from the rows: figures, no words.

Pure functions over rows as a replay leaves them; amounts are micropai, shares basis points. Whose
figure it is never appears: only how many, how much, and which authority vouches for the young.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from chain.changes import encode_row
from chain.codec import Record
from chain.genesis import HOME_GROUP
from chain.parameters import BASIS_POINTS
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.credit_days import get_credit, get_day, is_braked
from chain.rules.identity import get_home_person_key
from chain.rules.loan_terms import GRANTED, NO_CONSENT, OVERDUE
from chain.rules.settlement import BONDED, LEAVING, UNBONDING, get_touched
from chain.rules.standing import get_caps
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    ATTESTATIONS,
    AUTHORITIES,
    CURRENT,
    DEALINGS,
    LOANS,
    SAVINGS,
    Account,
)
from node.audit.evidence import select, sum_escrows, sum_funds
from node.audit.observatory import count_at_limit

LARGEST: Final = 10


class CreditFigures(NamedTuple):
    """Amounts in micropai, shares in basis points of what the name says."""

    settlement: int  # sum of balances above zero, as they are owned now
    savings: int
    bonds: int
    funds: int
    debt: int
    issued: int  # less what was burned
    debtors: int
    persons: int  # ever identified
    at_limit: int  # persons who owe at least 95 % of what they are good for
    stuck: int  # of these, for whom nothing was counted in 90 periods
    largest_debtors: int  # share of the ten largest in all debt
    largest_holders: int  # share of the ten largest in all positive balances
    granted: int
    pledged: int  # what guarantors answer for of it
    coverage: int  # share of that in what was granted
    lost: int  # written off in the window of 360 periods
    overdue: int  # found missing in it
    overdue_whole: int  # and of all time
    inflow: int  # into the reserve in the window
    reserve: int
    braked: bool
    drain: int  # savings as a share of all debt
    young_base: tuple[tuple[AccountId, int], ...]  # by authority, the largest first
    one_partner: int  # share of what persons earned that comes from each one's largest partner


def compute_credit_figures(rows: Mapping[bytes, Record], context: Context) -> CreditFigures:
    """All figures of credit from the rows of a state."""
    state = State(lambda key: encode_row(rows.get(key)))
    whole, today = get_credit(state), get_day(state, context.period)
    money = state.money.require(CURRENT)
    accounts = dict(_project(rows, context))
    savings, bonds = _sum_savings(rows)
    balances = [account.settlement for account in accounts.values()]
    debt = -sum(balance for balance in balances if balance < 0)
    loans = [loan for _, loan in select(rows, LOANS)]
    granted = sum(loan.counted for loan in loans)
    pledged = sum(
        min(loan.pledge, loan.counted)
        for loan in loans
        if loan.state == GRANTED and loan.pledged_deposit != NO_CONSENT
    )
    at_limit, stuck = count_at_limit(state, context, accounts.items())
    return CreditFigures(
        settlement=sum(balance for balance in balances if balance > 0) + sum_escrows(rows),
        savings=savings,
        bonds=bonds,
        funds=sum_funds(money),
        debt=debt,
        issued=money.issued - money.burned,
        debtors=sum(balance < 0 for balance in balances),
        persons=whole.persons,
        at_limit=at_limit,
        stuck=stuck,
        largest_debtors=_share_of_largest([-balance for balance in balances if balance < 0]),
        largest_holders=_share_of_largest([balance for balance in balances if balance > 0]),
        granted=granted,
        pledged=pledged,
        coverage=_share(pledged, granted),
        lost=whole.lost + today.lost,
        overdue=whole.overdue + today.overdue,
        overdue_whole=sum(loan.unpaid for loan in loans if loan.state == OVERDUE),
        inflow=whole.inflow + today.inflow,
        reserve=money.reserve,
        braked=is_braked(state, context),
        drain=_share(savings, debt),
        young_base=_find_young_base(state, context, rows),
        one_partner=_find_one_partner(rows),
    )


class Solvency(NamedTuple):
    """Whether all who want out at once could be paid: withdrawn + interest <= loans - money.

    ``loans`` is what members owe the community, ``money`` what the community's members, savings,
    bonds and funds hold. In a community that issued nothing they are equal, so nothing can be
    withdrawn that outside money does not stand behind.
    """

    withdrawn: int
    interest: int
    loans: int
    money: int

    @property
    def room(self) -> int:
        """What may still be withdrawn; below zero: what outside money must stand behind."""
        return self.loans - self.money - self.withdrawn - self.interest


def compute_solvency(figures: CreditFigures, *, withdrawn: int, interest: int = 0) -> Solvency:
    """The solvency of the free settlements' concept; what was withdrawn stands in no row."""
    money = figures.settlement + figures.savings + figures.bonds + figures.funds
    return Solvency(withdrawn, interest, figures.debt, money)


def _project(rows: Mapping[bytes, Record], context: Context) -> Iterable[tuple[AccountId, Account]]:
    """Every account as it is owned now; what falls due counts as savings until it is touched."""
    for account_id, account in select(rows, ACCOUNTS):
        yield account_id, get_touched(account, (), context.keep_schedule, context.step).account


def _sum_savings(rows: Mapping[bytes, Record]) -> tuple[int, int]:
    savings = bonds = 0
    for _, row in select(rows, SAVINGS):
        for item in row.deposits:
            if item.seat_bond in (BONDED, UNBONDING, LEAVING):
                bonds += item.amount
            else:
                savings += item.amount
    return savings, bonds


def _find_young_base(
    state: State, context: Context, rows: Mapping[bytes, Record]
) -> tuple[tuple[AccountId, int], ...]:
    """What base the young hold whom an authority of the home group vouches for."""
    caps, mature = get_caps(context.parameters), get_credit(state).mature_before
    home = {key for key, row in select(rows, AUTHORITIES) if row.group == HOME_GROUP}
    sums: Counter[AccountId] = Counter()
    for key, attestation in select(rows, ATTESTATIONS):
        if key[32:] in home and attestation.revoked_slot < 0:
            standing = state.standings.get(get_home_person_key(attestation.tag))
            if standing is not None and standing.since_period >= mature:
                sums[key[32:]] += caps.tenth + min(caps.growth, standing.sales)
    return tuple(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def _find_one_partner(rows: Mapping[bytes, Record]) -> int:
    whole = 0
    largest: Counter[bytes] = Counter()
    for key, row in select(rows, DEALINGS):
        for tag, earned in ((key[:32], row.lower_earned), (key[32:], row.higher_earned)):
            whole += earned
            largest[tag] = max(largest[tag], earned)
    return _share(sum(largest.values()), whole)


def _share_of_largest(amounts: list[int]) -> int:
    return _share(sum(sorted(amounts)[-LARGEST:]), sum(amounts))


def _share(part: int, whole: int) -> int:
    return part * BASIS_POINTS // whole if whole else 0
