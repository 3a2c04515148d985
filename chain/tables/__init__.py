"""What is kept: the rows of the state, table by table. Every row is in the state root.

A row's key is the table's prefix byte and the bytes named with its type. Absent means no entry: a
row is never stored to say nothing. Amounts are micropai, times slots unless the name says other.
"""

from chain.tables.chain import ANCHORS, RANDOMNESS, RULES, TIPS, Anchor, Randomness, Rules, Tip
from chain.tables.identity import (
    ATTESTATIONS,
    AUTHORITIES,
    AUTHORITIES_MAX,
    PERSONS,
    RECENT_PERIODS,
    ROSTERS,
    Attestation,
    Authority,
    Person,
    Recent,
    Roster,
)
from chain.tables.keys import (
    ALIASES,
    RECOVERIES,
    Alias,
    Guard,
    PendingRecovery,
    Recovery,
)
from chain.tables.money import ACCOUNTS, MONEY, SAVINGS, Account, Deposit, Money, Savings
from chain.tables.seats import SEATS, SETS, USED_KEYS, Seat, SeatSet, SetEntry, UsedKey
from chain.tables.table import CURRENT, ROW_BYTES_MAX, Table

__all__ = [
    "ACCOUNTS",
    "ALIASES",
    "ANCHORS",
    "ATTESTATIONS",
    "AUTHORITIES",
    "AUTHORITIES_MAX",
    "CURRENT",
    "MONEY",
    "PERSONS",
    "RANDOMNESS",
    "RECENT_PERIODS",
    "RECOVERIES",
    "ROSTERS",
    "ROW_BYTES_MAX",
    "RULES",
    "SAVINGS",
    "SEATS",
    "SETS",
    "TIPS",
    "USED_KEYS",
    "Account",
    "Alias",
    "Anchor",
    "Attestation",
    "Authority",
    "Deposit",
    "Guard",
    "Money",
    "PendingRecovery",
    "Person",
    "Randomness",
    "Recent",
    "Recovery",
    "Roster",
    "Rules",
    "Savings",
    "Seat",
    "SeatSet",
    "SetEntry",
    "Table",
    "Tip",
    "UsedKey",
]
