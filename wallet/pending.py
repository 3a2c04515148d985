"""What was signed and is not yet certain: kept on disk before it is sent, until its fate is known.

A transaction that was once sent may be executed until its expiry, whatever the sender heard. So it
is sent again, the same bytes, and never replaced by another of the same sequence, until the chain
says: in a block, replaced, or expired. ``judge`` is that decision as a table; the rest carries it
out.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from chain.errors import Code, Invalid
from chain.transaction import SealedTransaction, decode_transaction
from wallet.client import NodeClient, Outcome, Refused, Unanswered, Unreachable
from wallet.folder import build_damaged, read_private, remove_private, write_private
from wallet.terminal import Exit, Failure

ENDING: Final = ".pending"
WAITING_MAX: Final = 64  # a node holds no more of one account


class Verdict(StrEnum):
    """What is known of a transaction's fate."""

    SETTLED = "settled"  # final: forget it
    INCLUDED = "included"  # in a block that a change of branch could still take back
    WAITING = "waiting"  # a node holds it
    UNHEARD = "unheard"  # the node does not know it, and it could still be executed: send it again
    REPLACED = "replaced"  # another transaction took its sequence: it never happened
    EXPIRED = "expired"  # its time is over: it never happened
    BEFORE = "before"  # it happened or was replaced, in blocks that the node does not hold


CERTAIN: Final = frozenset({Verdict.SETTLED, Verdict.REPLACED, Verdict.EXPIRED, Verdict.BEFORE})
FAILED: Final = frozenset({Verdict.REPLACED, Verdict.EXPIRED, Verdict.BEFORE})  # or perhaps not


class Pending(NamedTuple):
    """A signed transaction of ours, and the height at which it was last seen in a block."""

    sealed: SealedTransaction
    height: int | None


class Observation(NamedTuple):
    """What a node said, in this order: its head, the account's sequence, then the outcome."""

    head_slot: int
    sequence: int
    outcome: Outcome
    life_slots: int = 0  # how long before its expiry a transaction can be executed


class Judged(NamedTuple):
    """A pending transaction and what is known of it; ``news`` when that has changed."""

    pending: Pending
    verdict: Verdict
    news: bool
    refusal: Invalid | Refused | None = None  # why the node does not take it again

    @property
    def is_worth_telling(self) -> bool:
        """Whether its fate is open, or was until now; what stands in a block is history."""
        return self.news or self.verdict in (Verdict.WAITING, Verdict.UNHEARD)


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    transaction: str
    height: int | None


def judge(sealed: SealedTransaction, seen: Observation) -> Verdict:
    """What has become of a transaction.

    Sequence and head were read before the outcome: had this transaction moved them, the outcome
    would know it.
    """
    body, outcome = sealed.body, seen.outcome
    if outcome.status == "final":
        return Verdict.SETTLED
    if outcome.status == "in_block":
        return Verdict.INCLUDED  # however deep: only votes make a block final
    if outcome.status == "waiting":
        return Verdict.WAITING
    if seen.sequence > body.sequence:
        is_held = body.valid_until_slot - seen.life_slots >= outcome.since_slot
        return Verdict.REPLACED if is_held or not outcome.since_slot else Verdict.BEFORE
    if seen.head_slot > body.valid_until_slot:
        return Verdict.EXPIRED
    return Verdict.UNHEARD


def read_pending(path: Path) -> list[Pending]:
    """The transactions of a wallet whose fate is not certain, in order of their sequence."""
    data = read_private(path)
    if data is None:
        return []
    try:
        rows = msgspec.json.decode(data, type=list[_Row])
        found = [
            Pending(decode_transaction(bytes.fromhex(row.transaction)), row.height) for row in rows
        ]
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, Invalid):
        raise build_damaged(path) from None
    return sorted(found, key=lambda item: item.sealed.body.sequence)


def write_pending(path: Path, pending: Sequence[Pending]) -> None:
    """Keep these transactions, and no others."""
    if not pending:
        remove_private(path)
        return
    rows = [_Row(item.sealed.whole_bytes.hex(), item.height) for item in pending]
    write_private(path, msgspec.json.format(msgspec.json.encode(rows), indent=1), replace=True)


async def settle(path: Path, client: NodeClient, address: str, present_slot: int) -> list[Judged]:
    """Find out what became of every pending transaction; what nobody has heard of is sent again.

    Keeps what is not certain yet. ``present_slot`` is of our own clock: a node that says a time is
    over which is still to come would have the person pay twice. Call it under the wallet's lock.
    """
    kept = read_pending(path)
    if not kept:
        return []
    status = await client.get_status()
    head_slot = min(status.head.slot, present_slot)
    life_slots = status.community.transaction_life_slots
    sequence = (await client.get_account(address)).sequence
    judged = []
    for item in kept:
        outcome = await client.get_outcome(item.sealed.id)
        verdict = judge(item.sealed, Observation(head_slot, sequence, outcome, life_slots))
        refusal = None
        if verdict is Verdict.UNHEARD:
            verdict, refusal = await _send_again(client, item.sealed)
        seen = Pending(item.sealed, outcome.height)
        news = verdict in FAILED or (seen.height is not None and item.height is None)
        judged.append(Judged(seen, verdict, news, refusal))
    write_pending(path, [item.pending for item in judged if item.verdict not in CERTAIN])
    return judged


async def send(path: Path, client: NodeClient, sealed: SealedTransaction) -> bool:
    """Keep a fresh transaction, then send it. Call it under the wallet's lock.

    True: the node has it. False: nobody knows, and it is kept. Raises what the client raises when
    it certainly was not taken; then it is forgotten.
    """
    before = make_room(read_pending(path))
    write_pending(path, [*before, Pending(sealed, None)])
    try:
        await client.submit(sealed.whole_bytes)
    except Invalid as error:
        if error.code is not Code.ALREADY_KNOWN:
            write_pending(path, before)
            raise
    except (Refused, Unreachable):
        write_pending(path, before)
        raise
    except Unanswered:
        return False
    return True


def make_room(pending: list[Pending]) -> list[Pending]:
    """Forget the oldest that were seen in blocks, so that another one fits. Raises Failure."""
    if len(pending) < WAITING_MAX:
        return pending
    for index, item in enumerate(pending):
        if item.height is not None:
            return [*pending[:index], *pending[index + 1 :]]
    raise Failure(
        Exit.UNKNOWN_OUTCOME,
        "{count} transactions of this wallet are waiting for a block: try again when it came.",
        count=WAITING_MAX,
    )


def check_clear(judged: Sequence[Judged], next_sequence: int) -> None:
    """Refuse to sign another transaction while one may still take its sequence."""
    for item in judged:
        if item.verdict in CERTAIN:
            continue
        sealed = item.pending.sealed
        if item.verdict is Verdict.UNHEARD or sealed.body.sequence >= next_sequence:
            raise build_unknown_outcome(sealed)


def build_unknown_outcome(sealed: SealedTransaction) -> Failure:
    """What to say when a transaction may or may not be executed yet."""
    return Failure(
        Exit.UNKNOWN_OUTCOME,
        "Transaction {id} is signed, and its outcome is not known yet. Do not enter it again: the "
        "wallet finds out with its next command, and sends the same one again if it was lost.",
        id=sealed.id.hex()[:16],
    )


async def _send_again(
    client: NodeClient, sealed: SealedTransaction
) -> tuple[Verdict, Invalid | Refused | None]:
    """Send the same bytes again. A refusal decides nothing: another node may hold them yet."""
    try:
        await client.submit(sealed.whole_bytes)
    except Invalid as error:
        if error.code is Code.ALREADY_KNOWN:
            return Verdict.WAITING, None
        return Verdict.UNHEARD, error
    except Refused as error:
        return Verdict.UNHEARD, error
    return Verdict.WAITING, None
