"""What is kept: the rows of the state, table by table. Every row is in the state root.

A row's key is the table's prefix byte and the bytes named with its type. Absent means no entry: a
row is never stored to say nothing. Amounts are micropai, times slots unless the name says other.
"""

from chain.tables.chain import ANCHORS, RANDOMNESS, RULES, TIPS, Anchor, Randomness, Rules, Tip
from chain.tables.credit import (
    CREDIT,
    CREDIT_DAYS,
    DEALINGS,
    DEBTS,
    LOANS,
    STANDINGS,
    Claim,
    Credit,
    CreditDay,
    Dealing,
    Debts,
    Grant,
    Loan,
    Standing,
)
from chain.tables.identity import ATTESTATIONS, AUTHORITIES, PERSONS, Attestation, Authority, Person
from chain.tables.money import ACCOUNTS, MONEY, SAVINGS, Account, Deposit, Money, Savings
from chain.tables.seats import SEATS, SETS, USED_KEYS, Seat, SeatSet, SetEntry, UsedKey
from chain.tables.table import CURRENT, ROW_BYTES_MAX, Table

__all__ = [
    "ACCOUNTS",
    "ANCHORS",
    "ATTESTATIONS",
    "AUTHORITIES",
    "CREDIT",
    "CREDIT_DAYS",
    "CURRENT",
    "DEALINGS",
    "DEBTS",
    "LOANS",
    "MONEY",
    "PERSONS",
    "RANDOMNESS",
    "ROW_BYTES_MAX",
    "RULES",
    "SAVINGS",
    "SEATS",
    "SETS",
    "STANDINGS",
    "TIPS",
    "USED_KEYS",
    "Account",
    "Anchor",
    "Attestation",
    "Authority",
    "Claim",
    "Credit",
    "CreditDay",
    "Dealing",
    "Debts",
    "Deposit",
    "Grant",
    "Loan",
    "Money",
    "Person",
    "Randomness",
    "Rules",
    "Savings",
    "Seat",
    "SeatSet",
    "SetEntry",
    "Standing",
    "Table",
    "Tip",
    "UsedKey",
]
