"""What accounts, savings and funds hold. Amounts are micropai, times are steps unless named."""

from typing import Final

from chain.codec import Bytes32, Natural, Record
from chain.policy import Policy
from chain.tables.table import Table


class Account(Record, frozen=True):
    """Key: account id. ``settlement`` is as of ``touched_step``; what is shown is projected."""

    policy: Policy | None
    sequence: Natural
    settlement: int
    touched_step: Natural
    due_step: int  # of the earliest deposit that will fall due; -1: none
    deposits_made: Natural  # the next deposit's id
    person: Bytes32 | None  # tag within the home group of its owner
    defended_period: Natural  # in which defensive units were last used, and how many
    defended_units: Natural


class Deposit(Record, frozen=True):
    """One deposit; times in steps.

    ``seat_bond``: 0 free, 1 bonded, 2 unbonding, 3 leaving, 4 pledged for a loan.
    """

    id: Natural
    amount: Natural
    since_step: Natural
    until_step: Natural
    renew_steps: Natural
    seat_bond: Natural
    release_step: Natural


class Savings(Record, frozen=True):
    """Key: account id. The account's deposits by id; never empty."""

    deposits: tuple[Deposit, ...]


class Money(Record, frozen=True):
    """Key: ``CURRENT``. What belongs to nobody's account, and how much there is in all."""

    issued: Natural
    burned: Natural
    accounts: Natural  # how many there are
    seats_bonded: Natural  # how many seats are bonded with at least the minimum
    pot: Natural
    reserve: Natural
    social: Natural
    operators: Natural
    active: Natural
    municipality: Natural
    claims: Natural  # the members' share of past periods, promised and not yet taken


# All that a row of money has for nobody's account.
COMMON_FUNDS: Final = (
    "pot",
    "reserve",
    "social",
    "operators",
    "active",
    "municipality",
    "claims",
)

ACCOUNTS: Final = Table(b"a", "accounts", Account)
SAVINGS: Final = Table(b"d", "savings", Savings)
MONEY: Final = Table(b"m", "money", Money)
