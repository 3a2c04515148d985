"""Interest-free credit: who may owe how much, and to whom it is owed. Times are periods.

A person's credit is kept by tag, not by account. Every figure that fades does so by the power of
``credit_keep`` for the periods since the row's own.
"""

from typing import Final

from chain.actions.credit import Instalment
from chain.codec import Bytes32, Natural, Record
from chain.policy import AccountId
from chain.tables.table import Table


class Standing(Record, frozen=True):
    """Key: group (u32) and tag. No row: identified since genesis, and nothing counted yet."""

    since_period: int  # identified since; -1: since genesis
    sales: Natural  # counted towards the base, for life
    earned: Natural  # sum of counted net receipts, before it is halved; fades
    limit: Natural  # what the person was last found to be good for; fades
    period: Natural


class Dealing(Record, frozen=True):
    """Key: the tags of two persons, the lower first. What one had from the other, net.

    ``net`` and ``lifetime`` are what the lower received less what he paid; only ``lifetime`` does
    not fade. The others are what the standings of the two count of it.
    """

    net: int
    lifetime: int
    lower_sales: Natural
    higher_sales: Natural
    lower_earned: Natural
    higher_earned: Natural
    period: Natural


class Loan(Record, frozen=True):
    """Key: the loan's number (u64). ``state``: 0 asked, 1 granted, 2 in grace, 3 overdue."""

    debtor: AccountId
    amount: Natural
    term_periods: Natural
    plan: tuple[Instalment, ...]
    purpose: str
    guarantor: AccountId | None
    pledge: Natural  # how much the guarantor answers for
    pledged_deposit: int  # of the guarantor; -1: his own limit; -2: he has not consented yet
    state: Natural
    from_period: Natural  # asked, and then granted
    by_committee: bool
    counted: Natural  # how much of it the sum of all grants counts
    unpaid: Natural  # what was found missing after the term
    look_period: Natural  # when time acts on it next


class Grant(Record, frozen=True):
    """A loan that lifts somebody's limit, and when that ends."""

    loan: Natural
    amount: Natural
    from_period: Natural
    until_period: Natural
    plan: tuple[Instalment, ...]


class Claim(Record, frozen=True):
    """What a debtor owes the guarantor who paid for him."""

    creditor: AccountId
    amount: Natural


class Debts(Record, frozen=True):
    """Key: account id. What was granted to it, what its limit secures, whom it owes; not empty."""

    grants: tuple[Grant, ...]
    pledged: Natural
    claims: tuple[Claim, ...]
    loans: tuple[int, ...]  # asked for, running and overdue
    unpaid: Natural  # what was found missing of all of these


class CreditDay(Record, frozen=True):
    """Key: period (u64). What must be remembered of a period, and what falls due in it."""

    born: Natural  # persons first identified in it who are young yet, and their counted sales
    born_sales: Natural
    inflow: Natural  # into the reserve
    lost: Natural  # written off out of the reserve
    overdue: Natural  # found missing of loans whose term ended in it
    due: tuple[int, ...]  # loans to look at


class Credit(Record, frozen=True):
    """Key: ``CURRENT``. The community's credit in one row."""

    debt: Natural  # sum of all balances below zero
    saved: Natural  # sum of all deposits that are not bonded to a seat
    persons: Natural  # ever identified
    sales: Natural  # sum of all counted sales
    young: Natural
    young_sales: Natural
    granted: Natural
    inflow: Natural  # of the days in the window, the running one left out; likewise the others
    lost: Natural
    overdue: Natural
    loans_made: Natural  # the next loan's number
    days_closed: Natural  # the first period that is still running
    mature_before: Natural  # who was first identified in this period or later is young
    due_from: Natural  # the first period whose due loans may not all have been looked at
    committee: Bytes32 | None
    committee_window: Natural
    committee_granted: Natural  # in that window of 28 periods


STANDINGS: Final = Table(b"c", "standings", Standing)
DEALINGS: Final = Table(b"e", "dealings", Dealing)
LOANS: Final = Table(b"l", "loans", Loan)
CREDIT_DAYS: Final = Table(b"q", "credit_days", CreditDay)
DEBTS: Final = Table(b"=", "debts", Debts)
CREDIT: Final = Table(b"$", "credit", Credit)
