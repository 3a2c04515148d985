"""The wallet against the HTTP API: one suite, a node of the tests' own and the real application.

What the wallet's unit tests believe of a node is thereby what a node does.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from trio.testing import MockClock

from chain.actions import Action, ChangePolicy, Pay, Prolong, Save, Withdraw
from chain.address import encode_address
from chain.errors import Code, Invalid
from chain.policy import AccountId, Policy
from chain.transaction import SealedTransaction
from tests.community import PAI
from tests.contract.api_world import open_world
from tests.wallet_node import WalletNode
from wallet import session
from wallet.build import Draft
from wallet.client import NodeClient, Outcome
from wallet.credit import get_credit, get_loans
from wallet.keystore import Cost, Secrets, build_secrets, save_secrets
from wallet.pending import Verdict, read_pending
from wallet.phrase import derive_key
from wallet.session import Session, commit, open_session, plan, wait_for_block
from wallet.statement import CHARGES, build_statement
from wallet.terminal import Failure
from wallet.votes import get_proposals

NAME = "anna"
URL = "http://node.test"
SECRETS = build_secrets(bytes([1]) * 32)
BORIS = build_secrets(bytes([2]) * 32).account
CHEAP = Cost(1, 8_192)
FUNDS = 200 * PAI
WAIT_SECONDS = 60


class Line(httpx.AsyncBaseTransport):
    """The line to the node; the next POST may lose its request or its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.lose_request = self.lose_answer = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        posting = request.method == "POST"
        if posting and self.lose_request:
            self.lose_request = False
            raise httpx.ReadTimeout("lost", request=request)
        response = await self.inner.handle_async_request(request)
        if posting and self.lose_answer:
            self.lose_answer = False
            raise httpx.RemoteProtocolError("lost", request=request)
        return response


@dataclass
class World:
    """A node, a line to it, and a wallet that holds some money."""

    line: Line
    folder: Path
    prefix: str

    def open(self) -> AbstractAsyncContextManager[Session]:
        """A session of the wallet."""
        return open_session(self.folder, NAME, URL)

    def get_address(self, account: AccountId) -> str:
        """An address of this community."""
        return encode_address(self.prefix, account)

    @property
    def kept(self) -> list[SealedTransaction]:
        """What is kept as uncertain."""
        return [item.sealed for item in read_pending(self.folder / f"{NAME}.pending")]


@asynccontextmanager
async def open_own(folder: Path) -> AsyncIterator[World]:
    """The tests' own node, which makes a block of whatever arrives."""
    node = WalletNode()
    node.community.extend([node.community.sign("emma", Pay(SECRETS.account, FUNDS, ""))])
    yield World(Line(node.transport), folder, node.community.genesis.prefix)


@asynccontextmanager
async def open_real(folder: Path) -> AsyncIterator[World]:
    """The real application over a real core that makes blocks by itself."""
    async with open_world() as world:
        await world.pay("emma", Pay(SECRETS.account, FUNDS, ""))
        line = Line(httpx.ASGITransport(app=world.app))
        yield World(line, folder, world.core.genesis.prefix)


@pytest.fixture(params=[open_own, open_real], ids=["own", "real"])
async def world(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    save_secrets(tmp_path, NAME, "12345678", SECRETS, replace=False, cost=CHEAP)
    # The clock is taken by each test itself: so the test runner wants it.
    async with request.param(tmp_path) as opened:
        monkeypatch.setattr(session, "NodeClient", partial(NodeClient, transport=opened.line))
        yield opened


async def say(
    opened: Session, *actions: Action, secrets: Secrets = SECRETS
) -> tuple[Draft, SealedTransaction, Outcome]:
    """Plan, commit, and wait for the block."""
    planned = await plan(opened, secrets, actions)
    committed = await commit(opened, secrets, planned.draft)
    assert committed.heard
    outcome = await wait_for_block(opened, committed.sealed, WAIT_SECONDS)
    assert outcome is not None
    return planned.draft, committed.sealed, outcome


async def test_meeting_a_node(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        assert opened.is_first_contact
        assert opened.community.prefix == world.prefix
        assert opened.account.exists
        assert 0 < opened.account.after_next_period < opened.account.settlement <= FUNDS
        assert opened.account.policy is None
        assert opened.account.sequence == opened.account.next_sequence == 0
        assert not opened.account.identified
        assert opened.account.at.step <= opened.status.clock.step
    async with world.open() as opened:
        assert not opened.is_first_contact


async def test_an_account_that_nobody_has_paid(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        nobody = await opened.client.get_account(world.get_address(bytes(32)))
        assert not nobody.exists
        assert nobody.settlement == nobody.next_sequence == 0
        history = await opened.client.get_history(world.get_address(bytes(32)))
        assert history.entries == ()
        assert history.next is None


async def test_a_payment(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        draft, sealed, outcome = await say(opened, Pay(BORIS, 10 * PAI, "молоко"))
        assert outcome.status in ("in_block", "final")  # one seat alone decides at once
        assert outcome.height is not None
        assert draft.fee_max == draft.units * opened.account.unit_fee > 0
    async with world.open() as opened:
        assert opened.account.sequence == 1
        assert opened.account.policy is not None
        assert opened.account.settlement <= FUNDS - 10 * PAI - draft.fee_max
        newest = await opened.client.get_history(opened.address, limit=10)
        paid = [item for item in newest.entries if item.kind == "paid"]
        assert [(item.amount, item.memo) for item in paid] == [(10 * PAI, "молоко")]
        assert paid[0].counterparty == world.get_address(BORIS)
        assert paid[0].transaction == sealed.id.hex()
        received = await opened.client.get_history(world.get_address(BORIS), limit=10)
        assert received.entries[-1].kind == "received"
        assert received.entries[-1].counterparty == opened.address


async def test_the_fee_is_the_least_that_is_taken(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        planned = await plan(opened, SECRETS, [Pay(BORIS, PAI, "")])
        stingy = planned.draft._replace(fee_max=planned.draft.fee_max - opened.account.unit_fee)
        with pytest.raises(Invalid) as caught:
            await commit(opened, SECRETS, stingy)
        assert caught.value.code is Code.FEE_ABOVE_MAXIMUM
        assert world.kept == []
        assert (await commit(opened, SECRETS, planned.draft)).heard


async def test_savings(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        await say(opened, Save(50 * PAI, 4))
    async with world.open() as opened:
        (deposit,) = opened.account.deposits
        assert (deposit.id, deposit.amount, deposit.bond) == (0, 50 * PAI, "free")
        assert deposit.until_time == opened.community.get_term_end(deposit.since_step, 4)
        assert opened.account.savings == 50 * PAI
        await say(opened, Prolong(0, 6))
        await say_again(world, Withdraw(0, 20 * PAI))
    async with world.open() as opened:
        (deposit,) = opened.account.deposits
        assert (deposit.amount, deposit.renew_periods) == (30 * PAI, 6)
        assert deposit.return_now <= deposit.amount


async def say_again(world: World, *actions: Action) -> None:
    async with world.open() as opened:
        await say(opened, *actions)


async def test_keys_change_and_the_new_one_pays(autojump_clock: MockClock, world: World) -> None:
    fresh = bytes([7]) * 32
    both = Secrets(SECRETS.account, (*SECRETS.entropies, fresh))
    async with world.open() as opened:
        draft, _, _ = await say(
            opened, ChangePolicy(Policy(1, (derive_key(fresh).public,))), secrets=both
        )
        assert draft.fee_max == 0
    async with world.open() as opened:
        with pytest.raises(Failure):
            await plan(opened, SECRETS, [Pay(BORIS, PAI, "")])
        await say(opened, Pay(BORIS, PAI, ""), secrets=both)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (Pay(BORIS, 100_000 * PAI, ""), Code.INSUFFICIENT_BALANCE),
        (Pay(BORIS, 1, ""), Code.FIRST_PAYMENT_TOO_SMALL),
        (Pay(SECRETS.account, PAI, ""), Code.PAYMENT_TO_SELF),
        (Save(PAI, 1), Code.TERM_OUT_OF_BOUNDS),
        (Save(1, 5), Code.DEPOSIT_TOO_SMALL),
        (Withdraw(3, PAI), Code.UNKNOWN_DEPOSIT),
    ],
)
async def test_refusals(
    autojump_clock: MockClock, world: World, action: Action, code: Code
) -> None:
    async with world.open() as opened:
        planned = await plan(opened, SECRETS, [action])
        with pytest.raises(Invalid) as caught:
            await commit(opened, SECRETS, planned.draft)
        assert caught.value.code is code
        assert world.kept == []
        assert (await opened.client.get_account(opened.address)).next_sequence == 0


async def test_several_wait_one_after_the_other(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        first = await plan(opened, SECRETS, [Pay(BORIS, 2 * PAI, "1")])
        one = await commit(opened, SECRETS, first.draft)
    async with world.open() as opened:
        second = await plan(opened, SECRETS, [Pay(BORIS, 2 * PAI, "2")])
        two = await commit(opened, SECRETS, second.draft)
        assert two.sealed.body.sequence == one.sealed.body.sequence + 1
        for sealed in (one.sealed, two.sealed):
            assert await wait_for_block(opened, sealed, WAIT_SECONDS) is not None


async def test_the_same_bytes_twice_are_taken_once(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        _, sealed, _ = await say(opened, Pay(BORIS, 2 * PAI, ""))
        with pytest.raises(Invalid) as caught:
            await opened.client.submit(sealed.whole_bytes)
        assert caught.value.code in (Code.WRONG_SEQUENCE, Code.ALREADY_KNOWN)


async def test_a_lost_answer(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        planned = await plan(opened, SECRETS, [Pay(BORIS, 2 * PAI, "")])
        world.line.lose_answer = True
        committed = await commit(opened, SECRETS, planned.draft)
        assert not committed.heard
        assert world.kept == [committed.sealed]
    async with world.open() as opened:
        (judged,) = opened.judged
        assert judged.verdict in (Verdict.WAITING, Verdict.INCLUDED)
        assert await wait_for_block(opened, committed.sealed, WAIT_SECONDS) is not None
        assert await count_payments(opened) == 1


async def test_a_lost_request(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        planned = await plan(opened, SECRETS, [Pay(BORIS, 2 * PAI, "")])
        world.line.lose_request = True
        committed = await commit(opened, SECRETS, planned.draft)
        assert not committed.heard
        assert (await opened.client.get_outcome(committed.sealed.id)).status == "unknown"
    async with world.open() as opened:
        (judged,) = opened.judged
        assert judged.verdict is Verdict.WAITING
        assert await wait_for_block(opened, committed.sealed, WAIT_SECONDS) is not None
        assert await count_payments(opened) == 1


async def test_bytes_that_are_no_transaction(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        for data in (b"", b"\xc0", bytes(100)):
            with pytest.raises(Invalid) as caught:
                await opened.client.submit(data)
            assert caught.value.code is Code.MALFORMED


async def count_payments(opened: Session) -> int:
    page = await opened.client.get_history(opened.address, limit=100)
    return sum(item.kind == "paid" for item in page.entries)


async def test_a_statement_agrees_with_the_balance(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        await say(opened, Save(50 * PAI, 4))
    await say_again(world, Withdraw(0, 20 * PAI), Pay(BORIS, 10 * PAI, ""))
    async with world.open() as opened:
        account, slots = opened.account, opened.community.slots_per_period
        history = await opened.client.get_history(opened.address, limit=100)
        periods = build_statement(account, history.entries, slots, 0)
    assert (periods[0].opening, periods[-1].closing) == (0, account.booked)
    assert account.booked - account.running == account.settlement
    for line in (line for item in periods for line in item.lines):
        assert (line.entry.sinks is not None) is (line.entry.kind in CHARGES)


async def test_votes_and_credit_are_read(autojump_clock: MockClock, world: World) -> None:
    async with world.open() as opened:
        assert await get_proposals(opened.client, opened.address, 10) == ()
        credit = await get_credit(opened.client, opened.address)
        assert (credit.own, credit.floor, credit.loans) == (0, 0, ())
        assert (await get_loans(opened.client)).loans == ()
