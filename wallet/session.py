"""A wallet at work with a node: who it is, what it holds, and how a transaction is carried out.

Opening a session pins the community and first finds out what became of whatever was sent before.
``plan`` prices, ``commit`` signs, keeps and sends, ``wait_for_block`` watches; between plan and
commit a person is asked. Everything that signs is done under the wallet's lock.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import trio

from chain.actions import Action, ChangePolicy, Pay, Reveal
from chain.crypto import KeyPair
from chain.errors import Code, Invalid
from chain.policy import AccountId, Policy
from chain.transaction import SealedTransaction
from wallet.build import (
    VALID_SECONDS,
    Draft,
    Envelope,
    build_draft,
    compute_units,
    get_valid_until,
    must_reveal,
    sign_draft,
)
from wallet.client import (
    DEFAULT_NODE_URL,
    Account,
    NodeClient,
    Outcome,
    Status,
    Unanswered,
    Unreachable,
)
from wallet.community import Community, pin_community
from wallet.folder import Busy, lock
from wallet.keystore import Secrets, get_path, read_account
from wallet.pending import (
    ENDING,
    FAILED,
    Judged,
    Pending,
    Verdict,
    check_clear,
    read_pending,
    send,
    settle,
    write_pending,
)
from wallet.terminal import Exit, Failure

LOCK_ENDING: Final = ".lock"
# A transaction signed by a clock that runs ahead could be executed long after its time.
AHEAD_SECONDS_MAX: Final = VALID_SECONDS
POLL_SECONDS: Final = 1  # at most; half a slot where slots are short


@dataclass(frozen=True, slots=True)
class Session:
    """One wallet and one node."""

    folder: Path
    name: str
    account_id: AccountId
    community: Community
    is_first_contact: bool
    client: NodeClient
    status: Status
    account: Account
    judged: tuple[Judged, ...]

    @property
    def address(self) -> str:
        """The wallet's address in this community."""
        return self.community.get_address(self.account_id)

    @property
    def pending_path(self) -> Path:
        """Where transactions of uncertain fate are kept."""
        return get_pending_path(self.folder, self.name)


class Plan(NamedTuple):
    """A draft, the keys of ours that may sign it, and which receivers it would bring to life."""

    draft: Draft
    newcomers: frozenset[AccountId]


class Committed(NamedTuple):
    """A transaction that was signed and sent, and whether the node said that it has it."""

    sealed: SealedTransaction
    heard: bool


def open_client(url: str | None) -> NodeClient:
    """A client of the node that the person named, or of the one on this machine."""
    return NodeClient(url or DEFAULT_NODE_URL)


def get_pending_path(folder: Path, name: str) -> Path:
    """Where a wallet keeps transactions of uncertain fate."""
    return get_path(folder, name).with_suffix(ENDING)


def lock_path(folder: Path, name: str) -> Path:
    """The file by which commands on one wallet exclude each other."""
    return get_path(folder, name).with_suffix(LOCK_ENDING)


@asynccontextmanager
async def open_session(folder: Path, name: str, url: str | None) -> AsyncIterator[Session]:
    """Meet the node, and find out what became of what was sent before."""
    account_id = read_account(folder, name)
    async with open_client(url) as client:
        status = await client.get_status()
        community, is_first_contact = pin_community(folder, status.community, client.url)
        address = community.get_address(account_id)
        path = get_pending_path(folder, name)
        judged: list[Judged] = []
        try:
            with lock(lock_path(folder, name)):
                judged = await settle(path, client, address, community.get_present_slot())
        except Busy:
            pass  # the other command is finding out just now
        account = await client.get_account(address)
        yield Session(
            folder=folder,
            name=name,
            account_id=account_id,
            community=community,
            is_first_contact=is_first_contact,
            client=client,
            status=status,
            account=account,
            judged=tuple(judged),
        )


def read_policy(account: Account) -> Policy | None:
    """The policy that the ledger knows of the account; None before its first spend."""
    if account.policy is None:
        return None
    return Policy(account.policy.threshold, tuple(map(bytes, account.policy.keys)))


def find_policy(account: Account, judged: Iterable[Judged]) -> Policy | None:
    """The policy that the next transaction must satisfy: one that waits comes before the known."""
    waiting = [
        action.policy
        for item in judged
        if item.verdict is Verdict.WAITING
        for action in item.pending.sealed.body.actions
        if isinstance(action, ChangePolicy)
    ]
    return waiting[-1] if waiting else read_policy(account)


def get_policy(session: Session, secrets: Secrets) -> Policy:
    """The policy under which the account acts next, or which its first spend will reveal."""
    policy = find_policy(session.account, session.judged) or secrets.find_first_policy()
    if policy is None:
        raise Failure(
            Exit.WRONG_KEY,
            "No key of this wallet belongs to the account: restore it from the words that do.",
        )
    return policy


async def plan(session: Session, secrets: Secrets, actions: Sequence[Action]) -> Plan:
    """What these actions would cost now. Raises Failure when they cannot be said at all."""
    policy = get_policy(session, secrets)
    if not secrets.find_keys(policy):
        raise Failure(
            Exit.WRONG_KEY,
            "The account's keys were changed, and this wallet holds none of the present ones: "
            "restore it from the newer words.",
        )
    newcomers = await find_newcomers(session, actions)
    draft = build_draft(
        _build_envelope(session, session.status, session.account),
        policy,
        actions,
        session.account,
        unborn=newcomers,
        units_waiting=count_waiting_units(session.judged),
    )
    return Plan(draft, newcomers)


async def find_newcomers(session: Session, actions: Iterable[Action]) -> frozenset[AccountId]:
    """Receivers that have no account yet."""
    receivers = {action.to for action in actions if isinstance(action, Pay)}
    newcomers = set()
    for receiver in sorted(receivers):
        account = await session.client.get_account(session.community.get_address(receiver))
        if not account.exists:
            newcomers.add(receiver)
    return frozenset(newcomers)


def count_waiting_units(judged: Iterable[Judged]) -> int:
    """Free units that waiting transactions of ours will have used up before the next one."""
    return sum(
        compute_units(
            item.pending.sealed.body.actions,
            len(item.pending.sealed.signed.signatures),
            len(item.pending.sealed.whole_bytes),
            frozenset(),
        )
        for item in judged
        if item.verdict is Verdict.WAITING
    )


def check_signers(secrets: Secrets, draft: Draft) -> None:
    """Refuse to send what needs other people's signatures too."""
    owned = len(secrets.find_keys(draft.policy))
    if owned < draft.policy.threshold:
        raise Failure(
            Exit.WRONG_KEY,
            "The account asks for {needed} signatures and this wallet has {owned} of the keys: "
            "write the transaction into a file for the others with --out FILE.",
            needed=draft.policy.threshold,
            owned=owned,
        )


async def commit(session: Session, secrets: Secrets, draft: Draft) -> Committed:
    """Sign what the person agreed to, keep it, send it. Raises Invalid when the ledger refuses."""
    check_signers(secrets, draft)
    keys = secrets.find_keys(draft.policy)
    with lock(lock_path(session.folder, session.name)):
        envelope = await prepare(session, draft)
        try:
            return await _sign_and_send(session, draft, envelope, keys)
        except Invalid as error:
            # The server is not, or no longer, known to the ledger as a seat: it goes unnamed.
            if error.code is not Code.UNKNOWN_VIA:
                raise
        return await _sign_and_send(session, draft, envelope._replace(via=None), keys)


async def _sign_and_send(
    session: Session, draft: Draft, envelope: Envelope, keys: list[tuple[int, KeyPair]]
) -> Committed:
    sealed = sign_draft(draft, envelope, keys)
    return Committed(sealed, await send(session.pending_path, session.client, sealed))


async def prepare(session: Session, draft: Draft, *, life_slots: int | None = None) -> Envelope:
    """The envelope of this moment, when nothing stands in the way. Call it under the lock.

    ``life_slots``: how long the transaction shall be valid, when others have to sign it too.
    """
    client = session.client
    judged = await _settle(session)
    account = await client.get_account(session.address)
    check_clear(judged, account.next_sequence)
    policy = find_policy(account, judged)
    reveals = isinstance(draft.actions[0], Reveal)
    if reveals != must_reveal(account) or policy not in (None, draft.policy):
        raise Failure(
            Exit.REFUSED, "The account's keys have changed meanwhile: run the command again."
        )
    return _build_envelope(session, await client.get_status(), account, life_slots)


async def submit_complete(session: Session, sealed: SealedTransaction) -> Committed:
    """Send a transaction that others have signed too, kept like one of our own."""
    with lock(lock_path(session.folder, session.name)):
        judged = await _settle(session)
        if any(item.pending.sealed.id == sealed.id for item in judged):
            return Committed(sealed, heard=True)
        check_clear(judged, sealed.body.sequence)
        return Committed(sealed, await send(session.pending_path, session.client, sealed))


async def wait_for_block(
    session: Session, sealed: SealedTransaction, seconds: float, *, final: bool = False
) -> Outcome | None:
    """The outcome once the transaction is in a block; None when it is not within that time.

    ``final``: once its block is final; after that time what is known of it.

    Raises Failure when it is certain that it never will be.
    """
    interval = min(POLL_SECONDS, session.community.slot_seconds / 2)
    deadline = trio.current_time() + seconds
    while True:
        outcome = await _look(session, sealed)
        is_done = outcome is not None and (not final or outcome.status == "final")
        if is_done or trio.current_time() >= deadline:
            return outcome
        await trio.sleep(interval)


async def _look(session: Session, sealed: SealedTransaction) -> Outcome | None:
    try:
        outcome = await session.client.get_outcome(sealed.id)
        if outcome.status == "unknown":
            await _settle_lost(session, sealed)
    except (Unanswered, Unreachable, Busy):
        return None  # asked again in a moment; what is pending stays kept
    if outcome.status not in ("in_block", "final"):
        return None
    _note_height(session, sealed, outcome)
    return outcome


async def _settle_lost(session: Session, sealed: SealedTransaction) -> None:
    """The node does not know the transaction: send it again, or learn that it is dead."""
    with lock(lock_path(session.folder, session.name)):
        judged = await _settle(session)
    for item in judged:
        if item.pending.sealed.id == sealed.id and item.verdict in FAILED:
            raise build_never(item)


async def _settle(session: Session) -> list[Judged]:
    present_slot = session.community.get_present_slot()
    return await settle(session.pending_path, session.client, session.address, present_slot)


def build_never(item: Judged) -> Failure:
    """What to say of a transaction that was not executed and cannot be any more."""
    transaction_id = item.pending.sealed.id.hex()[:16]
    if item.verdict is Verdict.EXPIRED:
        return Failure(
            Exit.REFUSED,
            "Transaction {id} was not executed: its time ran out. Nothing was paid; it is safe to "
            "enter it again.",
            id=transaction_id,
        )
    if item.verdict is Verdict.BEFORE:
        return Failure(
            Exit.UNKNOWN_OUTCOME,
            "Transaction {id} was executed or replaced before this node began: ask another one.",
            id=transaction_id,
        )
    return Failure(
        Exit.REFUSED,
        "Transaction {id} was not executed: another one from this account took its place. Look at "
        "the history before you enter it again.",
        id=transaction_id,
    )


def _note_height(session: Session, sealed: SealedTransaction, outcome: Outcome) -> None:
    """Remember that the person was told; if another command is at work, it will tell again."""
    try:
        with lock(lock_path(session.folder, session.name)):
            write_pending(
                session.pending_path,
                [
                    Pending(item.sealed, outcome.height) if item.sealed.id == sealed.id else item
                    for item in read_pending(session.pending_path)
                ],
            )
    except Busy:
        pass


def _build_envelope(
    session: Session, status: Status, account: Account, life_slots: int | None = None
) -> Envelope:
    community = session.community
    _check_clock(community, status)
    life = community.transaction_life_slots
    valid_until = (
        get_valid_until(status.clock.slot, community.slot_seconds, life)
        if life_slots is None
        else status.clock.slot + min(life_slots, life)
    )
    return Envelope(
        chain=community.chain,
        account=session.account_id,
        sequence=account.next_sequence,
        valid_until_slot=valid_until,
        via=None if status.seat is None else community.parse_address(status.seat),
        ref=bytes.fromhex(account.ref),
    )


def _check_clock(community: Community, status: Status) -> None:
    """Refuse to sign what would be valid for longer than it is meant to be."""
    ahead_seconds = (status.clock.slot - community.get_present_slot()) * community.slot_seconds
    if ahead_seconds > AHEAD_SECONDS_MAX:
        raise Failure(
            Exit.USAGE,
            "The node's clock is {minutes} minutes ahead of this machine's: set the clock, or name "
            "another node with --node.",
            minutes=ahead_seconds // 60,
        )
