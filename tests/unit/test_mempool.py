"""The laws of the waiting room.

What is selected is what a block admits, in the order of each account's sequences; limits hold;
members and whoever holds less never give way to strangers or to whoever holds more.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.actions import Action, ChangePolicy, Pay, Save
from chain.block import compute_leaf_hash
from chain.checks import VrfClaim
from chain.crypto import Signed, is_signed
from chain.errors import Code, Invalid
from chain.transaction import SealedTransaction
from chain.transition import process_opening
from node.mempool import GAP_MAX, REFUSALS_MAX, Limits, Mempool
from node.mempool_file import MempoolFiles, read_mempool
from node.signatures import KnownSignatures
from node.waiting import OVERHEAD_BYTES
from tests.community import (
    NOBODY,
    PAI,
    Community,
    build_genesis,
    get_account_id,
    get_policy,
    with_parameters,
)

MEMBERS = ("emma", "farid", "galina", "hamit")
STRANGERS = tuple(f"stranger{number}" for number in range(6))


@dataclass
class Waitingroom:
    """A mempool over a test community, in which strangers have money and no identity."""

    limits: Limits = field(default_factory=Limits)
    community: Community = field(
        default_factory=lambda: Community(build_genesis(strangers=STRANGERS))
    )

    def __post_init__(self) -> None:
        self.known = KnownSignatures()
        self.pool = Mempool(self.community.ledger, self.known, self.limits)

    @property
    def slot(self) -> int:
        """The next block's earliest slot."""
        return self.community.ledger.head.slot + 1

    def sign(
        self, name: str, *actions: Action, sequence: int | None = None, valid_for: int = 100
    ) -> SealedTransaction:
        """The account's next transaction, or one of this sequence."""
        account = get_account_id(name)
        if sequence is None:
            sequence = self.pool.get_next_sequence(account)
        return self.community.sign(
            name, *actions, sequence=sequence, fee_max=PAI, valid_for=valid_for
        )

    def pay(self, name: str, to: str, amount: int = PAI, memo: str = "") -> SealedTransaction:
        """Let a payment wait."""
        sealed = self.sign(name, Pay(get_account_id(to), amount, memo))
        self.pool.admit(sealed, self.slot)
        return sealed

    def select(self, slot: int | None = None) -> tuple[SealedTransaction, ...]:
        """What a block of this slot would carry."""
        ledger = self.community.ledger
        context = ledger.get_context(slot or self.slot)
        view = ledger.open_view()
        process_opening(view, context, ledger.queue, NOBODY, None)
        return self.pool.select(view, context)

    def extend(self, transactions: tuple[SealedTransaction, ...], *, after: int = 0) -> None:
        """A block with these; the rules judge them."""
        self.community.extend(transactions, after=after)
        self.pool.follow(self.community.ledger, get_ids(transactions))

    def settle(self) -> None:
        """Bring everything into the view."""
        while self.pool.revalidate(self.slot, 7):
            pass


def get_ids(transactions: tuple[SealedTransaction, ...]) -> list[bytes]:
    return [sealed.id for sealed in transactions]


def refuse(room: Waitingroom, sealed: SealedTransaction) -> Code:
    with pytest.raises(Invalid) as caught:
        room.pool.admit(sealed, room.slot)
    return caught.value.code


def test_what_waits_is_found_by_id_by_leaf_and_by_account() -> None:
    room = Waitingroom()
    first, second = room.pay("emma", "farid"), room.pay("emma", "galina")
    assert room.pool.get(first.id) == first
    assert room.pool.get_by_leaf(compute_leaf_hash(second.whole_bytes)) == second
    assert room.pool.get_by_leaf(first.id) is None
    assert room.pool.get_waiting(get_account_id("emma")) == (first.id, second.id)
    assert room.pool.get_next_sequence(get_account_id("emma")) == 2
    assert len(room.pool) == 2
    assert room.pool.size_bytes == len(first.whole_bytes) + len(second.whole_bytes)
    assert refuse(room, first) is Code.ALREADY_KNOWN


def test_what_the_rules_refuse_does_not_wait() -> None:
    room = Waitingroom()
    far = get_account_id("farid")
    cases = [
        (room.sign("emma", Pay(far, 10_000 * PAI, "")), Code.INSUFFICIENT_BALANCE),
        (room.sign("emma", Pay(far, PAI, ""), valid_for=0), Code.EXPIRED),
        (room.sign("emma", Pay(far, PAI, ""), valid_for=302), Code.EXPIRY_TOO_FAR),
        (room.community.sign("nobody", Pay(far, PAI, ""), sequence=0), Code.UNKNOWN_ACCOUNT),
    ]
    for sealed, code in cases:
        assert refuse(room, sealed) is code
    assert not len(room.pool)
    good = room.sign("emma", Pay(far, PAI, ""))
    forged = replace(
        good,
        signed=good.signed.__class__(
            good.body, (good.signed.signatures[0].__class__(0, bytes(64)),)
        ),
    )
    assert refuse(room, forged) is Code.BAD_SIGNATURE
    room.pool.admit(good, room.slot)


def test_money_that_waits_can_be_spent_once_and_income_that_waits_can_be_spent() -> None:
    room = Waitingroom()
    room.pay("emma", "farid", 400 * PAI)
    again = room.sign("emma", Pay(get_account_id("galina"), 400 * PAI, ""))
    assert refuse(room, again) is Code.INSUFFICIENT_BALANCE
    room.pay("farid", "hamit", 800 * PAI)  # 500 of his own, and what emma is sending
    assert len(room.select()) == 2


def test_a_gap_is_held_back_for_a_little_and_closes() -> None:
    room = Waitingroom()
    room.extend((room.sign("emma", Pay(get_account_id("farid"), PAI, "")),))
    ahead = [
        room.sign("emma", Pay(get_account_id("farid"), PAI, ""), sequence=sequence)
        for sequence in range(1, 5)
    ]
    for sealed in (ahead[3], ahead[2], ahead[1]):
        room.pool.admit(sealed, room.slot)
    assert room.select() == ()
    assert room.pool.get_next_sequence(get_account_id("emma")) == 1
    room.pool.admit(ahead[0], room.slot)
    assert room.select() == tuple(ahead)
    assert room.pool.get_next_sequence(get_account_id("emma")) == 5


def test_a_gap_is_bounded_and_its_signature_is_checked() -> None:
    room = Waitingroom()
    room.extend((room.sign("emma", Pay(get_account_id("farid"), PAI, "")),))
    pay = Pay(get_account_id("farid"), PAI, "")
    far = room.sign("emma", pay, sequence=1 + GAP_MAX + 1)
    assert refuse(room, far) is Code.FUTURE_SEQUENCE
    near = room.sign("emma", pay, sequence=3)
    signature = near.signed.signatures[0].__class__(0, bytes(64))
    forged = replace(near, signed=near.signed.__class__(near.body, (signature,)))
    assert refuse(room, forged) is Code.BAD_SIGNATURE
    unknown = room.community.sign("farid", pay, sequence=3)  # his policy is not known yet
    assert refuse(room, unknown) is Code.FUTURE_SEQUENCE


def test_what_comes_too_early_is_not_replaced_for_ever() -> None:
    room = Waitingroom()
    room.extend((room.sign("emma", Pay(get_account_id("farid"), PAI, "")),))
    for number in range(5):
        pay = Pay(get_account_id("farid"), PAI, f"version {number}")
        sealed = room.sign("emma", pay, sequence=3)
        if not number:
            room.pool.admit(sealed, room.slot)
            continue
        assert refuse(room, sealed) is Code.WRONG_SEQUENCE
    assert len(room.pool) == 1


def test_what_has_left_is_not_remembered_until_it_would_have_expired(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("node.mempool.EXPIRIES_SPARE", 8)
    room = Waitingroom()
    for number in range(40):
        sealed = room.sign("emma", Pay(get_account_id("farid"), PAI, str(number)), valid_for=250)
        room.pool.admit(sealed, room.slot)
        room.extend((sealed,))
    assert len(room.pool._expiries) <= 10


def test_a_gap_that_does_not_close_is_given_up_after_some_heads() -> None:
    room = Waitingroom()
    room.extend((room.sign("emma", Pay(get_account_id("farid"), PAI, "")),))
    sealed = room.sign("emma", Pay(get_account_id("farid"), PAI, ""), sequence=3, valid_for=250)
    room.pool.admit(sealed, room.slot)
    for _ in range(REFUSALS_MAX):
        room.extend(())
        room.settle()
        assert room.pool.get(sealed.id) is not None
    room.extend(())
    room.settle()
    assert room.pool.get(sealed.id) is None
    assert [dropped.id for dropped in room.pool.take_dropped()] == [sealed.id]


def test_an_account_may_have_so_many_waiting_and_no_more() -> None:
    room = Waitingroom(Limits(account_max=5))
    for _ in range(5):
        room.pay("emma", "farid")
    more = room.sign("emma", Pay(get_account_id("farid"), PAI, ""))
    assert refuse(room, more) is Code.MEMPOOL_ACCOUNT_FULL
    room.pay("farid", "emma")


def test_what_expires_leaves_and_says_so() -> None:
    room = Waitingroom()
    sealed = room.sign("emma", Pay(get_account_id("farid"), PAI, ""), valid_for=10)
    room.pool.admit(sealed, room.slot)
    room.pool.revalidate(10, 10)
    assert len(room.pool) == 1
    room.pool.revalidate(11, 10)
    assert not len(room.pool)
    assert room.pool.take_dropped() == [(sealed.id, Code.EXPIRED)]


def test_what_is_in_a_block_leaves_and_what_another_took_the_place_of_too() -> None:
    room = Waitingroom()
    mine = room.pay("emma", "farid")
    later = room.pay("emma", "farid")
    other = room.community.sign("emma", Pay(get_account_id("galina"), PAI, ""), sequence=0)
    room.extend((other,))
    room.settle()
    assert room.pool.get(mine.id) is None
    assert room.select() == (later,)
    room.extend((later,))
    assert not len(room.pool)
    assert not room.pool.size_bytes


def test_what_abandoned_blocks_had_waits_again_before_all_else() -> None:
    room = Waitingroom()
    ledger = room.community.ledger
    first, second = room.pay("emma", "farid", 450 * PAI), room.pay("farid", "galina", 900 * PAI)
    block = room.community.extend(room.select())
    room.pool.follow(ledger, get_ids(block.transactions))
    assert not len(room.pool)
    third = room.pay("galina", "hamit", 1_300 * PAI)
    ledger.undo()
    room.pool.follow(ledger, (), block.transactions)
    room.settle()
    assert room.pool.get_all() == [first, second, third]
    assert room.select() == (first, second, third)


def test_what_returns_may_exceed_its_accounts_limit() -> None:
    room = Waitingroom(Limits(account_max=2))
    wide = Waitingroom()
    sent = tuple(wide.pay("emma", "farid") for _ in range(5))
    room.pool.follow(room.community.ledger, (), sent)
    room.settle()
    assert room.select() == sent


def test_a_transaction_that_cannot_be_applied_for_the_moment_is_tried_again() -> None:
    room = Waitingroom()
    ledger = room.community.ledger
    income = room.pay("emma", "farid", 450 * PAI)
    block = room.community.extend((income,))
    room.pool.follow(ledger, get_ids(block.transactions))
    outlay = room.pay("farid", "galina", 900 * PAI)
    ledger.undo()
    room.pool.follow(ledger)  # the income is not even waiting here
    room.settle()
    assert room.pool.get(outlay.id) is not None
    assert room.select() == ()
    room.pool.admit(income, room.slot)
    assert room.select() == (income,)
    room.extend((income,))
    room.settle()
    assert room.select() == (outlay,)


def test_a_new_transaction_takes_the_place_of_one_that_cannot_be_applied() -> None:
    room = Waitingroom()
    ledger = room.community.ledger
    block = room.community.extend((room.pay("emma", "farid", 450 * PAI),))
    room.pool.follow(ledger, get_ids(block.transactions))
    stuck = room.pay("farid", "galina", 900 * PAI)
    ledger.undo()
    room.pool.follow(ledger)
    room.settle()
    smaller = room.sign("farid", Pay(get_account_id("galina"), PAI, ""), sequence=0)
    room.pool.admit(smaller, room.slot)
    assert room.pool.get(stuck.id) is None
    assert room.select() == (smaller,)


def test_revalidation_does_a_bounded_amount_of_work_at_a_time() -> None:
    room = Waitingroom()
    for _ in range(10):
        for name in MEMBERS:
            room.pay(name, "ann")
    room.extend(())
    asked: list[int] = []
    counter = _Counting(room.known)
    room.pool._checks = counter
    more = True
    while more:
        before = counter.asked
        more = room.pool.revalidate(room.slot, 8)
        asked.append(counter.asked - before)
    assert sum(asked) == 40
    assert max(asked) <= 8 + 10  # one account's queue is brought in as a whole


class _Counting:
    """Signature checks that count."""

    def __init__(self, known: KnownSignatures) -> None:
        self.asked = 0
        self._known = known

    def holds(self, claim: Signed) -> bool:
        """As before."""
        self.asked += 1
        return self._known.holds(claim)

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """As before."""
        return self._known.open_vrf(claim)


def test_a_signature_is_verified_once_from_mempool_to_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified: list[bytes] = []

    def note(claim: Signed) -> bool:
        verified.append(claim.signature)
        return is_signed(claim)

    monkeypatch.setattr("node.signatures.is_signed", note)
    room = Waitingroom()
    sent = [room.pay("emma", "farid") for _ in range(4)]
    room.extend(())
    room.settle()
    chosen = room.select()
    ledger = room.community.ledger
    context = ledger.get_context(room.slot)
    ledger.draft(context, NOBODY, chosen, room.known)
    assert chosen == tuple(sent)
    assert sorted(verified) == sorted(item.signed.signatures[0].signature for item in sent)


# Room and fairness.


def fill(room: Waitingroom, names: tuple[str, ...], each: int) -> list[SealedTransaction]:
    """As much as gets in, a fat transaction of each name in turn."""
    admitted, refusals = [], set()
    memo = "x" * 140
    for _ in range(each):
        for name in names:
            pays = [Pay(get_account_id("ann"), 1, memo) for _ in range(20)]
            sealed = room.sign(name, *pays)
            try:
                room.pool.admit(sealed, room.slot)
            except Invalid as error:
                refusals.add(error.code)
            else:
                admitted.append(sealed)
    assert refusals <= {Code.MEMPOOL_FULL}
    return admitted


def small_room(units: int = 40) -> Waitingroom:
    """Room for about so many fat transactions; nothing costs fees, so that nobody runs out."""
    fat = 20 * 190 + 300 + OVERHEAD_BYTES
    genesis = with_parameters(build_genesis(strangers=STRANGERS), unit_fee=0)
    return Waitingroom(Limits(bytes_max=units * fat), Community(genesis))


def count_waiting(room: Waitingroom, names: tuple[str, ...]) -> int:
    return sum(len(room.pool.get_waiting(get_account_id(name))) for name in names)


def test_strangers_fill_a_quarter_and_no_more() -> None:
    room = small_room()
    fill(room, STRANGERS, 20)
    assert 8 <= count_waiting(room, STRANGERS) <= 10


def test_strangers_give_way_to_members_and_never_the_other_way_round() -> None:
    room = small_room()
    fill(room, STRANGERS, 20)
    fill(room, MEMBERS, 30)
    assert count_waiting(room, STRANGERS) == 0
    members = count_waiting(room, MEMBERS)
    assert members >= 40
    fill(room, STRANGERS, 20)
    assert count_waiting(room, MEMBERS) == members
    assert {dropped.code for dropped in room.pool.take_dropped()} == {Code.MEMPOOL_FULL}


def test_whoever_holds_most_gives_way_to_whoever_holds_less() -> None:
    for names in (MEMBERS, STRANGERS):
        room = small_room()
        fill(room, names[:1], 60)
        greedy = count_waiting(room, names[:1])
        fill(room, names[1:3], 2)
        assert count_waiting(room, names[1:3]) == 4
        assert count_waiting(room, names[:1]) < greedy
        fill(room, names[:3], 60)
        shares = [count_waiting(room, (name,)) for name in names[:3]]
        assert max(shares) - min(shares) <= 2


def test_after_giving_way_an_account_goes_on_where_it_was_cut() -> None:
    room = small_room()
    fill(room, STRANGERS[:1], 20)
    fill(room, MEMBERS, 30)
    assert count_waiting(room, STRANGERS[:1]) == 0
    room.extend(room.select())
    sealed = room.sign(STRANGERS[0], Pay(get_account_id("ann"), 1, ""))
    assert sealed.body.sequence == 0
    room.pool.admit(sealed, room.slot)
    assert sealed in room.select()


def test_a_block_gives_guests_a_quarter_of_the_turns() -> None:
    room = small_room(400)
    for number in range(24):
        for name in (MEMBERS[number % 4], STRANGERS[number % 6]):
            room.pay(name, "ann", 1)
    order = ["guest" if _is_guest(sealed) else "member" for sealed in room.select()]
    assert order[:8] == ["member", "member", "member", "guest"] * 2
    assert order.count("guest") == order.count("member") == 24


def _is_guest(sealed: SealedTransaction) -> bool:
    return sealed.body.account in {get_account_id(name) for name in STRANGERS}


def test_a_block_is_filled_up_to_its_units_and_bytes() -> None:
    for changes in ({"block_units": 1_000}, {"block_bytes": 128 * 1_024}):
        genesis = with_parameters(build_genesis(), unit_fee=0, **changes)
        room = Waitingroom(community=Community(genesis))
        memo = "x" * 140
        for _ in range(20):
            for name in MEMBERS:
                pays = [Pay(get_account_id("ann"), 1, memo) for _ in range(20)]
                room.pool.admit(room.sign(name, *pays), room.slot)
        chosen = room.select()
        size_bytes = sum(len(sealed.whole_bytes) for sealed in chosen)
        assert 0 < len(chosen) < 80
        if "block_bytes" in changes:
            assert 128 * 1_024 - 5_000 < size_bytes <= 128 * 1_024
        room.extend(chosen)


# The law itself.


def act(room: Waitingroom, dice: random.Random, name: str) -> SealedTransaction:
    """Something that somebody may want."""
    to = get_account_id(dice.choice([*MEMBERS, *STRANGERS, "newcomer", name]))
    amount = dice.choice((1, PAI, 100 * PAI, 450 * PAI))
    action: Action = dice.choice(
        (
            Pay(to, amount, ""),
            Pay(to, amount, "memo"),
            Save(amount, dice.choice((1, 3, 400))),
            ChangePolicy(get_policy(name)),
        )
    )
    sequence = room.pool.get_next_sequence(get_account_id(name)) + dice.choice((0, 0, 0, 1, 2, -1))
    account = room.community.ledger.state.accounts.get(get_account_id(name))
    floor = 0 if account is None else account.sequence
    return room.sign(
        name, action, sequence=max(sequence, floor), valid_for=dice.choice((1, 10, 250))
    )


@given(seed=st.integers(0, 2**32))
def test_no_block_refuses_what_was_selected_and_sequences_keep_their_order(seed: int) -> None:
    dice = random.Random(seed)
    parameters = {"block_units": 1_000, "unit_fee": dice.choice((0, 10_000))}
    genesis = with_parameters(build_genesis(strangers=STRANGERS), **parameters)
    room = Waitingroom(Limits(bytes_max=60_000, account_max=8), Community(genesis))
    undone: list[tuple[SealedTransaction, ...]] = []
    for _ in range(12):
        for _ in range(dice.randint(0, 12)):
            name = dice.choice([*MEMBERS, *STRANGERS])
            try:
                room.pool.admit(act(room, dice, name), room.slot)
            except Invalid:
                continue
        choice = dice.random()
        if choice < 0.6:
            after = dice.choice((0, 0, 5, 30))
            slot = room.community.build_block(after=after)[0].header.slot
            chosen = room.select(slot)
            check_order(room, chosen)
            room.extend(chosen, after=after)  # raises Invalid if the rules refuse one of them
        elif choice < 0.75 and room.community.ledger.head.height:
            block = room.community.ledger.undo()
            undone.append(block.transactions)
            room.pool.follow(room.community.ledger, (), block.transactions)
        if dice.random() < 0.7:
            room.settle()
        check_books(room)


def check_order(room: Waitingroom, chosen: tuple[SealedTransaction, ...]) -> None:
    sequences: dict[bytes, int] = {}
    for sealed in chosen:
        account = room.community.ledger.state.accounts.require(sealed.body.account)
        expected = sequences.get(sealed.body.account, account.sequence)
        assert sealed.body.sequence == expected
        sequences[sealed.body.account] = expected + 1


def check_books(room: Waitingroom) -> None:
    """What the pool says of itself is so."""
    everything = room.pool.get_all()
    assert len(room.pool) == len(everything)
    assert room.pool.size_bytes == sum(len(sealed.whole_bytes) for sealed in everything)
    charge = sum(len(sealed.whole_bytes) + OVERHEAD_BYTES for sealed in everything)
    assert charge <= 60_000
    for sealed in everything:
        assert sealed.id in room.pool.get_waiting(sealed.body.account)
        assert room.pool.get_by_leaf(compute_leaf_hash(sealed.whole_bytes)) == sealed
    names = {sealed.body.account for sealed in everything}
    assert set(room.pool._queues) == names


def test_what_waits_survives_a_restart_through_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mempool"
    room = Waitingroom()
    sent = [room.pay("emma", "farid"), room.pay("farid", "galina"), room.pay("emma", "hamit")]
    MempoolFiles(path).write(room.pool.get_all())
    again = Waitingroom()
    for sealed in read_mempool(path):
        again.pool.admit(sealed, again.slot)
    assert again.pool.get_all() == sent


def test_what_is_handed_in_while_the_file_is_written_stays_in_the_log(tmp_path: Path) -> None:
    room, files = Waitingroom(), MempoolFiles(tmp_path / "mempool")
    first, second, third = (room.pay("emma", name) for name in ("farid", "galina", "hamit"))
    files.append(first)
    mark = files.measure()
    files.append(second)
    files.write([first])
    files.forget(mark)
    assert list(MempoolFiles(tmp_path / "mempool").read()) == [first, second]
    files.append(third)
    assert list(MempoolFiles(tmp_path / "mempool").read()) == [first, second, third]
    files.write([first, second, third])
    files.forget(files.measure())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mempool"]
    assert list(files.read()) == [first, second, third]


@pytest.mark.parametrize("tail", [b"\x00", b"\x00\x00\x00\x09torn", b"\xff" * 40, bytes(8)])
def test_a_torn_log_is_read_as_far_as_it_is_whole(tmp_path: Path, tail: bytes) -> None:
    room, files = Waitingroom(), MempoolFiles(tmp_path / "mempool")
    sent = [room.pay("emma", "farid"), room.pay("farid", "galina")]
    for sealed in sent:
        files.append(sealed)
    files.close()
    with (tmp_path / "mempool.log").open("ab") as log:
        log.write(tail)
    assert list(files.read()) == sent


@pytest.mark.parametrize("data", [b"", b"\x93\x01", b"\x92\x01\x91\xc4\x01x", bytes(100)])
def test_a_damaged_file_keeps_no_node_from_starting(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "mempool"
    assert read_mempool(path) == []
    path.write_bytes(data)
    assert read_mempool(path) == []
