"""What is kept: the rows of the state, table by table. Every row is in the state root.

A row's key is the table's prefix byte and the bytes named with its type. Absent means no entry: a
row is never stored to say nothing. Amounts are micropai, times slots unless the name says other.
"""

from chain.tables.chain import ANCHORS, RANDOMNESS, RULES, TIPS, Anchor, Randomness, Rules, Tip
from chain.tables.identity import ATTESTATIONS, AUTHORITIES, PERSONS, Attestation, Authority, Person
from chain.tables.money import ACCOUNTS, MONEY, SAVINGS, Account, Deposit, Money, Savings
from chain.tables.seats import SEATS, SETS, USED_KEYS, Seat, SeatSet, SetEntry, UsedKey
from chain.tables.table import CURRENT, ROW_BYTES_MAX, Table
from chain.tables.votes import (
    ACTIVE,
    ASSEMBLY,
    CHANGES_KEPT_MAX,
    FIGURES,
    PERSONS_PER_CHUNK,
    PROPOSALS,
    REGISTER,
    SPENDING,
    ActivePeriod,
    Assembly,
    Decision,
    FigureChange,
    FigureHistory,
    FundSpending,
    Proposal,
    RegisterChunk,
    Registered,
    Spent,
)

__all__ = [
    "ACCOUNTS",
    "ACTIVE",
    "ANCHORS",
    "ASSEMBLY",
    "ATTESTATIONS",
    "AUTHORITIES",
    "CHANGES_KEPT_MAX",
    "CURRENT",
    "FIGURES",
    "MONEY",
    "PERSONS",
    "PERSONS_PER_CHUNK",
    "PROPOSALS",
    "RANDOMNESS",
    "REGISTER",
    "ROW_BYTES_MAX",
    "RULES",
    "SAVINGS",
    "SEATS",
    "SETS",
    "SPENDING",
    "TIPS",
    "USED_KEYS",
    "Account",
    "ActivePeriod",
    "Anchor",
    "Assembly",
    "Attestation",
    "Authority",
    "Decision",
    "Deposit",
    "FigureChange",
    "FigureHistory",
    "FundSpending",
    "Money",
    "Person",
    "Proposal",
    "Randomness",
    "RegisterChunk",
    "Registered",
    "Rules",
    "Savings",
    "Seat",
    "SeatSet",
    "SetEntry",
    "Spent",
    "Table",
    "Tip",
    "UsedKey",
]
