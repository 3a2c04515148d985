"""Money and unknown outcomes: whatever breaks, and whenever, nothing is paid twice or forgotten.

First the decision as a table, then each crash by itself, then a machine that lets Hypothesis break
the line, the wallet and the node in any order. The machine's canary shows that it would notice.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from trio.testing import MockClock

from chain.actions import Pay
from chain.errors import Code, Invalid
from chain.transaction import SealedTransaction, decode_transaction
from tests.community import PAI, Community, get_account_id
from tests.wallet_node import Fault, WalletNode, build_member_genesis
from wallet import pending, session
from wallet.client import NodeClient, Outcome, Unreachable
from wallet.keystore import Cost, build_secrets, save_secrets
from wallet.pending import (
    CERTAIN,
    WAITING_MAX,
    Observation,
    Pending,
    Verdict,
    judge,
    make_room,
    read_pending,
    write_pending,
)
from wallet.session import Session, commit, open_session, plan, wait_for_block
from wallet.terminal import Exit, Failure

ENTROPY = bytes([1]) * 32
SECRETS = build_secrets(ENTROPY)
NAME = "anna"
URL = "http://node.test"
CHEAP = Cost(1, 8_192)


@contextmanager
def connect(node: WalletNode) -> Iterator[None]:
    """Let sessions meet this node."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "NodeClient", partial(NodeClient, transport=node.transport))
        yield


@pytest.fixture
def node() -> Iterator[WalletNode]:
    made = WalletNode(Community(build_member_genesis(ENTROPY)), mining=False)
    with connect(made):
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_secrets(tmp_path, NAME, "12345678", SECRETS, replace=False, cost=CHEAP)
    return tmp_path


async def pay(folder: Path, memo: str, *, amount: int = PAI) -> tuple[SealedTransaction, bool]:
    async with open_session(folder, NAME, URL) as opened:
        planned = await plan(opened, SECRETS, [Pay(get_account_id("emma"), amount, memo)])
        committed = await commit(opened, SECRETS, planned.draft)
        if committed.heard:
            await wait_for_block(opened, committed.sealed, 0)
        return committed.sealed, committed.heard


async def look(folder: Path) -> dict[bytes, Verdict]:
    async with open_session(folder, NAME, URL) as opened:
        return {item.pending.sealed.id: item.verdict for item in opened.judged}


def get_kept(folder: Path) -> list[Pending]:
    return read_pending(folder / f"{NAME}.pending")


def get_memos(node: WalletNode) -> list[str]:
    return [
        action.memo
        for block in node.community.ledger.get_blocks()
        for sealed in block.transactions
        if sealed.body.account == SECRETS.account
        for action in sealed.body.actions
        if isinstance(action, Pay)
    ]


def has_memo(sealed: SealedTransaction, memo: str) -> bool:
    return any(isinstance(action, Pay) and action.memo == memo for action in sealed.body.actions)


# The decision as a table: what the node says of the transaction, of the sequence (is it used up?),
# of the time (is it over?), and what follows. Sequence and time count only where it is unknown.
TABLE = [
    ("final", None, None, Verdict.SETTLED),
    ("in_block", None, None, Verdict.INCLUDED),
    ("waiting", None, None, Verdict.WAITING),
    ("unknown", True, True, Verdict.REPLACED),
    ("unknown", True, False, Verdict.REPLACED),
    ("unknown", False, True, Verdict.EXPIRED),
    ("unknown", False, False, Verdict.UNHEARD),
    ("something newer", False, False, Verdict.UNHEARD),
]


def build_sealed(node: WalletNode, memo: str = "", valid_for: int = 100) -> SealedTransaction:
    return node.community.sign("farid", Pay(get_account_id("emma"), PAI, memo), valid_for=valid_for)


@pytest.mark.parametrize(("status", "used", "over", "verdict"), TABLE)
def test_the_table(
    node: WalletNode, status: str, used: bool | None, over: bool | None, verdict: Verdict
) -> None:
    sealed = build_sealed(node)
    for is_used in [used] if used is not None else [False, True]:
        for is_over in [over] if over is not None else [False, True]:
            seen = Observation(
                head_slot=sealed.body.valid_until_slot + is_over,
                sequence=sealed.body.sequence + is_used,
                outcome=Outcome(status, height=5, confirmations=1),
            )
            assert judge(sealed, seen) is verdict


def test_a_node_that_began_later_cannot_say_that_it_never_happened(node: WalletNode) -> None:
    sealed, life_slots = build_sealed(node), 30
    until, after = sealed.body.valid_until_slot, sealed.body.sequence + 1
    for since_slot, verdict in [
        (0, Verdict.REPLACED),
        (until - life_slots, Verdict.REPLACED),
        (until - life_slots + 1, Verdict.BEFORE),
        (until + 1_000, Verdict.BEFORE),
    ]:
        outcome = Outcome("unknown", since_slot=since_slot)
        assert judge(sealed, Observation(until, after, outcome, life_slots)) is verdict
        unused = Observation(until + 1, sealed.body.sequence, outcome, life_slots)
        assert judge(sealed, unused) is Verdict.EXPIRED


def test_finality_settles_and_depth_does_not(node: WalletNode) -> None:
    sealed = build_sealed(node)
    for status, verdict in [("in_block", Verdict.INCLUDED), ("final", Verdict.SETTLED)]:
        outcome = Outcome(status, height=5, confirmations=1_000)
        assert judge(sealed, Observation(0, 0, outcome)) is verdict


def test_what_is_kept_comes_back_in_order(tmp_path: Path, node: WalletNode) -> None:
    path = tmp_path / "x.pending"
    items = [Pending(build_sealed(node, memo), height) for memo, height in [("a", None), ("b", 7)]]
    write_pending(path, items)
    assert read_pending(path) == items
    write_pending(path, [])
    assert not path.exists()
    assert read_pending(path) == []


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[{}]", b'[{"transaction":"00","height":null}]', b"\xff"]
)
def test_a_damaged_file_is_told_and_not_taken_for_empty(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "x.pending"
    path.write_bytes(damage)
    path.chmod(0o600)
    with pytest.raises(Failure, match="damaged"):
        read_pending(path)


def test_room_is_made_among_those_in_blocks_only(node: WalletNode) -> None:
    waiting = Pending(build_sealed(node), None)
    included = Pending(build_sealed(node, "in"), 3)
    full = [waiting] * (WAITING_MAX - 1) + [included]
    assert make_room(full) == [waiting] * (WAITING_MAX - 1)
    assert make_room(full[:-1]) == full[:-1]
    with pytest.raises(Failure) as caught:
        make_room([waiting] * WAITING_MAX)
    assert caught.value.code is Exit.UNKNOWN_OUTCOME


# Each crash by itself.


def test_nothing_is_sent_before_it_is_kept(folder: Path, node: WalletNode) -> None:
    found = []

    def check(request: httpx.Request) -> None:
        if request.method == "POST":
            found.append([item.sealed.whole_bytes for item in get_kept(folder)])
            assert found[-1] == [request.read()]

    node.before_answer = check
    trio.run(partial(pay, folder, "milk"))
    assert len(found) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before it arrives", "after it arrived"])
def test_a_crash_while_sending_is_made_good(folder: Path, node: WalletNode, after: bool) -> None:
    def crash(request: httpx.Request) -> None:
        if request.method == "POST":
            if after:
                node.admit(request.read())
            raise KeyboardInterrupt

    node.before_answer = crash
    with pytest.raises(KeyboardInterrupt):
        trio.run(partial(pay, folder, "milk"))
    node.before_answer = lambda _request: None
    (kept,) = get_kept(folder)
    assert trio.run(partial(look, folder)) == {kept.sealed.id: Verdict.WAITING}
    node.mine()
    assert trio.run(partial(look, folder)) == {kept.sealed.id: Verdict.INCLUDED}
    assert get_memos(node) == ["milk"]


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.BAD_GATEWAY])
def test_a_lost_answer_is_found_out(folder: Path, node: WalletNode, fault: Fault) -> None:
    node.mining = True
    node.faults.append(fault)
    sealed, heard = trio.run(partial(pay, folder, "milk"))
    assert not heard
    assert trio.run(partial(look, folder)) == {sealed.id: Verdict.INCLUDED}
    assert get_memos(node) == ["milk"]
    assert len(node.posted) == 1


@pytest.mark.parametrize("fault", [Fault.LOST_REQUEST, Fault.BUSY])
def test_a_lost_request_is_sent_again_as_it_was(
    folder: Path, node: WalletNode, fault: Fault
) -> None:
    node.faults.append(fault)
    sealed, heard = trio.run(partial(pay, folder, "milk"))
    assert not heard
    assert node.posted == []
    assert trio.run(partial(look, folder)) == {sealed.id: Verdict.WAITING}
    assert node.posted == [sealed.whole_bytes]


def test_what_never_left_is_forgotten(folder: Path, node: WalletNode) -> None:
    node.faults.append(Fault.REFUSED_CONNECTION)
    with pytest.raises(Unreachable):
        trio.run(partial(pay, folder, "milk"))
    assert get_kept(folder) == []


def test_what_is_refused_at_once_is_forgotten(folder: Path, node: WalletNode) -> None:
    with pytest.raises(Invalid) as caught:
        trio.run(partial(pay, folder, "milk", amount=10_000 * PAI))
    assert caught.value.code is Code.INSUFFICIENT_BALANCE
    assert get_kept(folder) == []


def test_a_node_that_forgot_is_told_again(folder: Path, node: WalletNode) -> None:
    sealed, _ = trio.run(partial(pay, folder, "milk"))
    node.forget()
    assert trio.run(partial(look, folder)) == {sealed.id: Verdict.WAITING}
    assert node.posted == [sealed.whole_bytes] * 2


def test_expired_means_never_and_is_safe_to_enter_again(folder: Path, node: WalletNode) -> None:
    node.faults.append(Fault.LOST_REQUEST)
    sealed, _ = trio.run(partial(pay, folder, "milk"))
    node.mine(after=200)
    assert trio.run(partial(look, folder)) == {sealed.id: Verdict.EXPIRED}
    assert get_kept(folder) == []
    again, heard = trio.run(partial(pay, folder, "milk"))
    assert heard
    assert again.body.sequence == sealed.body.sequence


def test_a_node_that_says_the_time_is_over_before_it_is_brings_nobody_to_pay_twice(
    folder: Path, node: WalletNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    genesis = node.community.genesis
    monkeypatch.setattr("wallet.community.get_now", lambda: genesis.genesis_time + 20)
    node.faults.append(Fault.LOST_REQUEST)
    sealed, _ = trio.run(partial(pay, folder, "milk"))
    node.mine(after=200)  # as the liar tells it; this machine's clock is 20 slots after genesis
    assert trio.run(partial(look, folder)) != {sealed.id: Verdict.EXPIRED}
    assert [item.sealed for item in get_kept(folder)] == [sealed]


def test_nothing_is_signed_by_a_clock_that_runs_far_ahead(
    folder: Path, node: WalletNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    genesis = node.community.genesis
    monkeypatch.setattr("wallet.community.get_now", lambda: genesis.genesis_time)
    node.mine(after=700)
    with pytest.raises(Failure, match="minutes ahead"):
        trio.run(partial(pay, folder, "milk"))
    assert node.posted == []


def test_another_devices_transaction_may_take_the_place(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, node: WalletNode
) -> None:
    other = tmp_path_factory.mktemp("other")
    save_secrets(other, NAME, "12345678", SECRETS, replace=False, cost=CHEAP)
    node.faults.append(Fault.LOST_REQUEST)
    lost, _ = trio.run(partial(pay, folder, "milk"))
    node.mining = True
    trio.run(partial(pay, other, "bread"))
    assert trio.run(partial(look, folder)) == {lost.id: Verdict.REPLACED}
    assert get_memos(node) == ["bread"]


def test_nothing_else_is_signed_while_an_outcome_is_open(folder: Path, node: WalletNode) -> None:
    node.faults.extend([Fault.LOST_REQUEST, Fault.LOST_REQUEST])
    trio.run(partial(pay, folder, "milk"))
    with pytest.raises(Failure) as caught:
        trio.run(partial(pay, folder, "bread"))
    assert caught.value.code is Exit.UNREACHABLE  # the first could not be sent again either
    assert [item.sealed.body.sequence for item in get_kept(folder)] == [0]
    assert node.posted == []


def test_a_refusal_of_what_was_sent_before_decides_nothing(
    folder: Path, node: WalletNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another node may hold the same bytes yet: only block or expiry ends the waiting."""
    node.faults.append(Fault.LOST_REQUEST)
    sealed, _ = trio.run(partial(pay, folder, "milk"))

    def refuse(_data: bytes) -> SealedTransaction:
        raise Invalid(Code.INSUFFICIENT_BALANCE)

    with monkeypatch.context() as patch:
        patch.setattr(node, "admit", refuse)
        assert trio.run(partial(look, folder)) == {sealed.id: Verdict.UNHEARD}
        with pytest.raises(Failure) as caught:
            trio.run(partial(pay, folder, "bread"))
        assert caught.value.code is Exit.UNKNOWN_OUTCOME
    assert trio.run(partial(look, folder)) == {sealed.id: Verdict.WAITING}


def test_several_may_wait_one_after_the_other(folder: Path, node: WalletNode) -> None:
    first, _ = trio.run(partial(pay, folder, "milk"))
    second, _ = trio.run(partial(pay, folder, "bread"))
    assert second.body.sequence == first.body.sequence + 1
    node.mine()
    assert set(trio.run(partial(look, folder)).values()) == {Verdict.INCLUDED}
    assert get_memos(node) == ["milk", "bread"]


def test_final_ones_are_forgotten(folder: Path, node: WalletNode) -> None:
    trio.run(partial(pay, folder, "milk"))
    node.mine()
    node.final_height = node.community.ledger.head.height
    assert set(trio.run(partial(look, folder)).values()) == {Verdict.SETTLED}
    assert get_kept(folder) == []


def test_a_block_that_is_undone_is_noticed(folder: Path, node: WalletNode) -> None:
    node.mining = True
    sealed, _ = trio.run(partial(pay, folder, "milk"))
    assert trio.run(partial(look, folder)) == {sealed.id: Verdict.INCLUDED}
    node.community.ledger.undo()
    assert trio.run(partial(look, folder)) == {sealed.id: Verdict.WAITING}
    assert get_memos(node) == ["milk"]


def test_a_server_without_a_seat_is_not_named(folder: Path, node: WalletNode) -> None:
    node.seat = "farid"
    sealed, heard = trio.run(partial(pay, folder, "milk"))
    assert heard
    assert sealed.body.via is None
    assert len(node.posted) == 2
    assert [item.sealed.id for item in get_kept(folder)] == [sealed.id]


async def test_waiting_is_bounded(
    folder: Path, node: WalletNode, autojump_clock: MockClock
) -> None:
    async with open_session(folder, NAME, URL) as opened:
        sealed = await _commit(opened)
        began = trio.current_time()
        assert await wait_for_block(opened, sealed, 10) is None
        assert 10 <= trio.current_time() - began <= 11


async def test_waiting_survives_broken_lines(
    folder: Path, node: WalletNode, autojump_clock: MockClock
) -> None:
    async with open_session(folder, NAME, URL) as opened:
        sealed = await _commit(opened)
        began = trio.current_time()

        def break_line(request: httpx.Request) -> None:
            if trio.current_time() - began < 5:
                raise httpx.ReadError("broken", request=request)
            if node.waiting:
                node.mine()

        node.before_answer = break_line
        outcome = await wait_for_block(opened, sealed, 60)
        assert outcome is not None
        assert outcome.status == "in_block"
        assert 5 <= trio.current_time() - began <= 7


async def test_waiting_ends_when_time_ran_out(
    folder: Path, node: WalletNode, autojump_clock: MockClock
) -> None:
    async with open_session(folder, NAME, URL) as opened:
        sealed = await _commit(opened)
        node.forget()
        node.mine(after=200)
        with pytest.raises(Failure, match="its time ran out"):
            await wait_for_block(opened, sealed, 60)


async def _commit(opened: Session) -> SealedTransaction:
    planned = await plan(opened, SECRETS, [Pay(get_account_id("emma"), PAI, "milk")])
    return (await commit(opened, SECRETS, planned.draft)).sealed


# A full node refuses what is sent again before and after the question, and takes what follows.
FAULTS = st.lists(st.none() | st.sampled_from(Fault), max_size=3) | st.just([Fault.FULL] * 2)


class Breakage(RuleBasedStateMachine):
    """A person pays now and then; line, node and wallet break whenever Hypothesis likes.

    The person keeps to one rule: enter a payment again only when told that it never happened.
    """

    def __init__(self) -> None:
        super().__init__()
        self.node = WalletNode(Community(build_member_genesis(ENTROPY)), mining=False)
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        save_secrets(self.folder, NAME, "12345678", SECRETS, replace=False, cost=CHEAP)
        self.patch = connect(self.node)
        self.patch.__enter__()
        self.memos = 0
        self.told_never: set[bytes] = set()
        self.open_ones: dict[int, SealedTransaction] = {}  # by sequence, as the node heard them

    def teardown(self) -> None:
        self.node.faults.clear()
        self.node.before_answer = lambda _request: None
        try:
            self.settle_down()
        finally:
            self.patch.__exit__(None, None, None)
            self.place.cleanup()

    def settle_down(self) -> None:
        """When nothing breaks any more, everything becomes certain within one expiry."""
        self.look()
        self.node.mine()
        self.node.mine(after=200)
        verdicts = self.look()
        assert set(verdicts.values()) <= CERTAIN | {Verdict.INCLUDED}, verdicts
        assert all(item.height is not None for item in get_kept(self.folder))

    def arm(self, faults: list[Fault | None], crash_at: int | None, crash_after: bool) -> None:
        """Break the line at the next POSTs; crash the wallet at its n-th request."""
        count = 0
        self.node.faults.extend(faults)

        def perhaps_crash(request: httpx.Request) -> None:
            nonlocal count
            count += 1
            if request.method == "POST":
                self.watch(decode_transaction(request.read()))
            if count == crash_at:
                if crash_after and request.method == "POST":
                    self.node.before_answer = lambda _request: None
                    self.node.answer(request)
                raise KeyboardInterrupt

        self.node.before_answer = perhaps_crash

    def watch(self, sealed: SealedTransaction) -> None:
        """No two transactions of one sequence while the first could still be executed."""
        before = self.open_ones.get(sealed.body.sequence)
        if before is not None and before.id != sealed.id:
            head_slot = self.node.community.ledger.head.slot
            assert before.body.valid_until_slot < head_slot, "replaced while it was alive"
        self.open_ones[sealed.body.sequence] = sealed
        assert sealed.id not in self.told_never, "sent after the person was told it never was"

    def look(self) -> dict[bytes, Verdict]:
        verdicts = trio.run(partial(look, self.folder))
        self.told_never |= {
            transaction_id
            for transaction_id, verdict in verdicts.items()
            if verdict in pending.FAILED
        }
        return verdicts

    @rule(
        faults=FAULTS,
        crash_at=st.none() | st.integers(1, 14),
        crash_after=st.booleans(),
    )
    def pay(self, faults: list[Fault | None], crash_at: int | None, crash_after: bool) -> None:
        self.memos += 1
        memo = f"payment {self.memos}"
        self.arm(faults, crash_at, crash_after)
        try:
            trio.run(partial(pay, self.folder, memo))
        except KeyboardInterrupt:
            pass
        except Invalid:
            self.refuse(memo)
        except Failure as failure:
            if failure.code is not Exit.UNKNOWN_OUTCOME:
                self.refuse(memo)
        finally:
            self.disarm()

    def refuse(self, memo: str) -> None:
        """The person was told that nothing happened: nothing of it may be kept or wait."""
        kept = [item.sealed for item in get_kept(self.folder)]
        assert not [item for item in (*kept, *self.node.waiting) if has_memo(item, memo)]
        self.open_ones = {
            sequence: item for sequence, item in self.open_ones.items() if not has_memo(item, memo)
        }

    def disarm(self) -> None:
        self.node.faults.clear()
        self.node.before_answer = lambda _request: None

    @rule(crash_at=st.none() | st.integers(1, 8), faults=FAULTS)
    def command(self, crash_at: int | None, faults: list[Fault | None]) -> None:
        self.arm(faults, crash_at, crash_after=False)
        try:
            self.look()
        except (KeyboardInterrupt, Failure):
            pass
        finally:
            self.disarm()

    @rule(after=st.sampled_from([0, 0, 0, 30, 200]))
    def mine(self, after: int) -> None:
        self.node.mine(after=after)

    @precondition(lambda self: self.node.waiting)
    @rule()
    def forget(self) -> None:
        self.node.forget()

    @invariant()
    def nothing_is_executed_twice(self) -> None:
        memos = get_memos(self.node)
        assert len(memos) == len(set(memos))

    @invariant()
    def never_means_never(self) -> None:
        for block in self.node.community.ledger.get_blocks():
            assert not self.told_never & {sealed.id for sealed in block.transactions}


Breakage.TestCase.settings = settings(
    max_examples=settings().max_examples // 2, stateful_step_count=12
)
TestBreakage = Breakage.TestCase


def sign_blindly(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(session, "check_clear", lambda _judged, _next_sequence: None)


def send_before_keeping(patch: pytest.MonkeyPatch) -> None:
    async def send(path: Path, client: NodeClient, sealed: SealedTransaction) -> bool:
        await client.submit(sealed.whole_bytes)
        write_pending(path, [*read_pending(path), Pending(sealed, None)])
        return True

    patch.setattr(session, "send", send)


def forget_the_unheard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pending, "CERTAIN", CERTAIN | {Verdict.UNHEARD})


@pytest.mark.parametrize(
    ("mistake", "steps"),
    [
        (sign_blindly, [[Fault.LOST_REQUEST], [Fault.FULL, Fault.FULL]]),
        (send_before_keeping, [[Fault.LOST_ANSWER]]),
        (forget_the_unheard, [[Fault.LOST_REQUEST], [Fault.FULL]]),
    ],
)
def test_the_machine_would_notice(
    mistake: Callable[[pytest.MonkeyPatch], None],
    steps: list[list[Fault | None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The canary: each mistake, on a road that Hypothesis takes too, makes the machine fail."""
    for is_made in (False, True):
        if is_made:
            mistake(monkeypatch)
        machine = Breakage()
        try:
            with pytest.raises(AssertionError) if is_made else nullcontext():
                for faults in steps:
                    machine.pay(faults, None, False)
        finally:
            machine.patch.__exit__(None, None, None)
            machine.place.cleanup()
