"""What stands beside an account for those who may bring its keys back, and its name for people."""

from typing import Final

from chain.codec import Bytes32, Natural, Record
from chain.policy import AccountId, Policy
from chain.tables.table import Table


class Guard(Record, frozen=True):
    """Who may recover an account, as a salted hash, and how long that takes."""

    guardians: Bytes32
    delay_periods: Natural
    cancels_max: Natural  # how often in 90 periods the account's own keys may stop it


class PendingRecovery(Record, frozen=True):
    """A recovery that runs: under which guard, for which keys, and whose bond it holds."""

    guard: Guard
    policy: Policy
    lender: AccountId
    bond: Natural
    ends_slot: Natural


class Recovery(Record, frozen=True):
    """Key: account id. ``following`` takes the guard's place at its slot (-1: nothing will)."""

    guard: Guard | None
    following: Guard | None
    following_slot: int
    started: Natural  # recoveries so far: a consent is good for one of them
    cancelled_periods: tuple[Natural, ...]
    pending: PendingRecovery | None
    recovered_slot: int  # when the last one was completed; -1: never


class Alias(Record, frozen=True):
    """Key: 0 and the name's skeleton, or 1 and the account id: one row under both."""

    name: str
    account: AccountId
    since_slot: Natural
    released_slot: int  # -1: in use


RECOVERIES: Final = Table(b"y", "recoveries", Recovery)
ALIASES: Final = Table(b"n", "aliases", Alias)
