"""What an audit says when something is not as it should be: one record a fact, in plain words.

A check returns all its findings and never stops at the first; whoever asked decides what follows.
Names of checks are stable, and docs/auditing.md explains each.
"""

from enum import StrEnum
from typing import Final, NewType

import msgspec

FINDINGS_MAX: Final = 1_000  # of one check: a chain that is wrong everywhere must not fill a disk


# What is said of a finding, in English; the command line tells it in the person's language, and a
# test holds it to knowing every sentence that is made by this name.
Sentence = NewType("Sentence", str)


class Check(StrEnum):
    """What was compared. The first group is replay's, the second asks the replayed state."""

    GENESIS = "genesis"
    STREAM = "stream"
    ORDER = "order"
    BLOCK = "block"
    STATE_ROOT = "state_root"
    INVARIANT = "invariant"
    STORED_ROW = "stored_row"
    ANSWER = "answer"
    HEAD = "head"
    CONSERVATION = "conservation"
    SUPPLY = "supply"
    BALANCES = "balances"
    DEMURRAGE = "demurrage"
    FUNDS = "funds"
    EXCHANGE = "exchange"
    AUTHORS = "authors"
    ONE_BLOCK_A_SLOT = "one_block_a_slot"
    TIME = "time"
    SEQUENCES = "sequences"
    SAVINGS = "savings"
    BONDS = "bonds"
    IDENTITY = "identity"
    MERKLE_ROOT = "merkle_root"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. ``detail`` is a sentence; the other fields are nil where they say nothing.

    Hashes, roots and keys are hexadecimal. ``expected`` is what was computed here, ``found`` what
    the source says. ``signed``: whether the seat named as author signed the header.
    ``transaction`` counts from 0 within its block; ``code`` is the ledger's refusal, documented in
    docs/refusals.md.
    """

    check: Check
    detail: Sentence
    height: int | None = None
    block: str | None = None
    seat: str | None = None
    signed: bool | None = None
    transaction: int | None = None
    transaction_id: str | None = None
    code: int | None = None
    code_name: str | None = None
    table: str | None = None
    key: str | None = None
    expected: str | None = None
    found: str | None = None


class AuditStopped(Exception):
    """The chain cannot be followed any further; carries what was found there."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding
