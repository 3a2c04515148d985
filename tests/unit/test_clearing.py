"""Set-off in the chain: a snapshot, a window, what is lent, and one certificate that is applied."""

from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace

from chain import vrf
from chain.actions import (
    AcceptInvoice,
    Action,
    ConsentReassign,
    LendLiquidity,
    MarkClearable,
    Pay,
    PayInvoice,
    Reassign,
    WriteDown,
)
from chain.block import NO_PARTS, check_parts_bytes, decode_block, seal_block
from chain.drafting import Offer, open_draft
from chain.errors import Code, Invalid, InvariantBroken
from chain.facts import FundPaid, LiquidityFreed, LiquidityGot, LiquidityHeld, SetOff
from chain.genesis import Genesis
from chain.header import PRIMARY
from chain.parameters import KeepSegment
from chain.records import CLEARING_BYTES_MAX, ClearingCertificate
from chain.rules import clearing, clearing_window
from chain.rules.clearing_window import get_window
from chain.rules.context import Author
from chain.rules.debts import owes
from chain.rules.settlement import compute_decayed
from chain.rules.shelves import get_book, get_party, replace_obligation
from chain.setoff import pack_certificate
from chain.tables import CURRENT
from tests.community import KEEP, PAI, build_genesis, get_account_id, with_parameters
from tests.exchange_world import INTERVAL, WINDOW, ExchangeWorld

EMMA, FARID, GALINA, HAMIT = map(get_account_id, ("emma", "farid", "galina", "hamit"))
NOBODY_HERE = Author(get_account_id("ann"), PRIMARY, bytes(64))
NAMES = ("emma", "farid", "galina", "hamit")
REFUSED = {
    Code.CLEARING,
    Code.NO_CLEARING_WINDOW,
    Code.WRONG_CLEARING_INTERVAL,
    Code.TOO_MANY_LENDERS,
    Code.LIQUIDITY_NOT_COVERED,
    Code.SETOFF_MALFORMED,
    Code.SETOFF_NOT_BALANCED,
}


def build_circle(genesis: Genesis | None = None) -> ExchangeWorld:
    """Emma owes Farid 10, he Galina 8, she Emma 5: five of each runs in a circle."""
    world = ExchangeWorld(genesis or build_genesis())
    world.owe("emma", "farid", 10 * PAI)
    world.owe("farid", "galina", 8 * PAI)
    world.owe("galina", "emma", 5 * PAI)
    return world


def get_remaining(world: ExchangeWorld) -> list[int]:
    made = get_book(world.ledger.state).made
    found = [world.find(number) for number in range(made)]
    return [item.remaining // PAI if item else 0 for item in found]


# What it does


def test_a_circle_needs_no_money() -> None:
    world = build_circle()
    window = world.open_window()
    assert (window.open, window.last) == (True, 2)
    assert window.slot == world.ledger.head.slot
    before = world.get_balances(NAMES)
    world.clear()
    assert world.get_balances(NAMES) == before
    assert get_remaining(world) == [5, 3, 0]
    assert not world.window.open
    done = next(fact for fact in world.facts if isinstance(fact, SetOff))
    assert (done.interval, done.entered, done.entered_amount) == (1, 3, 23 * PAI)
    assert [(item.obligation, item.amount, item.remaining) for item in done.cleared] == [
        (0, 5 * PAI, 5 * PAI),
        (1, 5 * PAI, 3 * PAI),
        (2, 5 * PAI, 0),
    ]
    assert (get_party(world.ledger.state, GALINA).owing, get_book(world.ledger.state).ready) == (
        0,
        2,
    )


def test_the_same_set_off_is_not_applied_twice() -> None:
    world = build_circle()
    world.open_window()
    certificate = world.build_certificate()
    world.clear(certificate)
    assert world.refuse_clearing(certificate) is Code.NO_CLEARING_WINDOW


def test_with_what_is_lent_more_is_set_off() -> None:
    world = build_circle()
    world.do("emma", LendLiquidity(6 * PAI))
    world.open_window()
    world.clear()
    assert get_remaining(world) == [0, 0, 0]
    got = {fact.account: fact.amount for fact in world.facts if isinstance(fact, LiquidityGot)}
    assert got == {FARID: 2 * PAI, GALINA: 3 * PAI}


def test_whose_debts_are_paid_pays_for_them() -> None:
    """A chain of debts is cleared by what its first debtor lends; the last creditor gets it."""
    world = ExchangeWorld()
    world.owe("emma", "farid", 10 * PAI)
    world.owe("farid", "galina", 10 * PAI)
    world.do("emma", LendLiquidity(30 * PAI))
    world.open_window()
    (lender,) = world.window.lenders
    assert (lender.escrow, lender.melting) == (30 * PAI, 30 * PAI)
    assert LiquidityHeld(EMMA, 30 * PAI) in world.facts
    balances = world.get_balances(NAMES)
    world.extend_with(("hamit", Pay(EMMA, PAI, "")))
    world.clear()
    freed = next(fact for fact in world.facts if isinstance(fact, LiquidityFreed))
    left = compute_decayed(30 * PAI, KEEP, lender.step, world.ledger.head.slot // 5)
    assert freed == LiquidityFreed(EMMA, left - 10 * PAI, 30 * PAI - left, 10 * PAI)
    assert LiquidityGot(GALINA, 10 * PAI) in world.facts
    assert get_remaining(world) == [0, 0]
    got = world.get_balance("galina") - balances[2]
    assert 9 * PAI < got <= 10 * PAI  # it has borne demurrage since
    assert world.window.lenders == (replace(lender, escrow=0, melting=0, counted=0, step=0),)


def test_one_may_lend_what_one_borrows() -> None:
    """The part that is borrowed bears no demurrage, as no debt does."""
    world = ExchangeWorld()
    world.owe("emma", "farid", 10 * PAI)
    rest = world.get_balance("emma") - 20 * PAI
    world.do("emma", Pay(HAMIT, rest, ""))
    world.do("emma", LendLiquidity(25 * PAI))
    world.open_window()
    (lender,) = world.window.lenders
    assert lender.escrow == 25 * PAI
    assert 19 * PAI < lender.melting < 20 * PAI
    assert world.get_balance("emma") == lender.melting - lender.escrow < 0
    melted = lender.melting
    world.wait(WINDOW + 1)
    (freed,) = (fact for fact in world.facts if isinstance(fact, LiquidityFreed))
    step = world.ledger.head.slot // 5
    assert freed.charge == melted - compute_decayed(melted, KEEP, lender.step, step)
    assert freed.amount + freed.charge == 25 * PAI
    assert 0 < world.get_balance("emma") < 20 * PAI


def test_a_window_that_brings_nothing_leaves_everything_as_it_was() -> None:
    """What was put aside comes back as if it had lain on the account, to the micropai."""
    world = ExchangeWorld(build_genesis(strangers=("firm",)))
    number = world.offer("farid", "firm")
    accept = AcceptInvoice(number, FARID, 10 * PAI, clearable=True)
    fee = world.sign("firm", accept, LendLiquidity(50 * PAI), fee_max=PAI)
    world.extend([fee])
    world.open_window()
    (lender,) = world.window.lenders
    aside, step = world.get_balance("firm"), world.ledger.head.slot // 5
    assert lender.escrow == 50 * PAI
    world.wait(WINDOW + 1)
    assert not world.window.open
    assert get_remaining(world) == [10]
    now = world.ledger.head.slot // 5
    assert now > step
    expected = compute_decayed(aside, KEEP, step, now) + compute_decayed(50 * PAI, KEEP, step, now)
    assert world.get_balance("firm") == expected
    assert 0 <= compute_decayed(aside + 50 * PAI, KEEP, step, now) - expected <= 1
    assert world.refuse_clearing(ClearingCertificate(1, b"", b"", b"")) is Code.NO_CLEARING_WINDOW
    world.do("emma", PayInvoice(0, FARID, PAI))


def test_what_is_left_out() -> None:
    """Not what one side does not consent to, not what is only offered, not what comes after."""
    world = ExchangeWorld()
    world.owe("emma", "farid", clearable=False)
    world.offer("farid", "emma")
    entered = world.owe("farid", "emma")
    world.open_window()
    late = world.owe("emma", "farid")
    obligations, _ = clearing.get_entered(world.ledger.state)
    assert [item.number for item in obligations] == [entered]
    assert world.refuse("emma", WriteDown(entered, FARID, PAI)) is Code.CLEARING
    world.do("farid", WriteDown(late, EMMA, PAI))


def test_the_oldest_enter_when_not_all_can() -> None:
    world = ExchangeWorld(with_parameters(build_genesis(), clearing_max=2))
    numbers = [
        world.owe("emma", "farid"),
        world.owe("farid", "galina"),
        world.owe("galina", "emma"),
    ]
    world.do("emma", WriteDown(numbers[2], GALINA, PAI))
    assert world.open_window().last == numbers[1]
    obligations, _ = clearing.get_entered(world.ledger.state)
    assert [item.number for item in obligations] == numbers[:2]
    world.do("galina", PayInvoice(numbers[2], EMMA, PAI))


def test_without_a_clearable_obligation_there_is_no_window() -> None:
    world = ExchangeWorld()
    world.owe("emma", "farid", clearable=False)
    world.open_window()
    assert world.ledger.state.windows.get(CURRENT) is None


def test_who_clears_is_rewarded_within_the_pool() -> None:
    for most in (PAI, 100 * PAI):
        world = build_circle(with_parameters(build_genesis(), clearing_reward=most))
        world.wait(10 * INTERVAL)
        world.open_window()
        pool = world.ledger.state.money.require(CURRENT).operators
        block = world.clear()
        reward = min(most, pool // 100)
        assert PAI < pool // 100 < 100 * PAI, "once the one binds, once the other"
        assert FundPaid("operators", block.header.seat, reward, "clearing") in world.facts


# The window


CHANGES: list[tuple[str, Callable[[int], Action]]] = [
    ("emma", lambda number: PayInvoice(number, FARID, PAI)),
    ("farid", lambda number: WriteDown(number, EMMA, PAI)),
    ("farid", lambda number: Reassign(number, GALINA)),
    ("emma", lambda number: ConsentReassign(number, GALINA)),
    ("emma", lambda number: MarkClearable(number, clearable=False)),
]


@pytest.mark.parametrize(("name", "build"), CHANGES)
def test_in_the_window_nothing_else_changes_it(name: str, build: Callable[[int], Action]) -> None:
    world = build_circle()
    world.open_window()
    assert world.refuse(name, build(0)) is Code.CLEARING


def test_what_is_put_aside_stays_so_till_the_end() -> None:
    world = build_circle()
    world.do("emma", LendLiquidity(5 * PAI))
    world.open_window()
    assert world.refuse("emma", LendLiquidity(0)) is Code.CLEARING
    world.do("farid", LendLiquidity(5 * PAI))
    assert owes(world.ledger.state, FARID)
    world.clear()
    world.do("emma", LendLiquidity(0))
    assert [item.account for item in world.window.lenders] == [FARID]


def test_a_late_block_ends_one_window_and_opens_another() -> None:
    world = build_circle()
    world.do("emma", LendLiquidity(5 * PAI))
    world.wait(2 * INTERVAL - 1 - world.ledger.head.slot % INTERVAL)
    first = world.window
    assert first.open
    while world.ledger.head.slot // INTERVAL == first.interval:
        world.wait(1)
    assert world.window.interval == first.interval + 1
    assert world.window.open
    assert sum(item.escrow for item in world.window.lenders) == 5 * PAI


def test_a_window_is_open_in_its_last_slot_and_not_in_the_next() -> None:
    world = build_circle()
    window = world.open_window()
    for slot, is_open in ((window.slot + WINDOW, True), (window.slot + WINDOW + 1, False)):
        state = world.ledger.open_view()
        clearing_window.process_window(state, world.ledger.get_context(slot))
        assert get_window(state).open == is_open


def test_what_becomes_ready_in_the_slot_after_the_snapshot_does_not_enter_it() -> None:
    world = build_circle()
    late = world.owe("farid", "emma", clearable=False)
    world.owe("galina", "emma")
    window = world.open_window()
    assert late < window.last
    item = world.get(late)
    for slot, enters in ((window.slot, True), (window.slot + 1, False)):
        state = world.ledger.open_view()
        ready = replace(item, creditor_clears=True, debtor_clears=True, ready_slot=slot)
        replace_obligation(state, item, ready)
        entered = clearing_window.list_entered(state, window)
        assert (ready in entered) == clearing_window.is_in(window, ready) == enters


def test_a_clearing_after_the_window_is_refused() -> None:
    world = build_circle()
    world.open_window()
    certificate = world.build_certificate()
    world.wait(WINDOW + 1)
    assert world.refuse_clearing(certificate) is Code.NO_CLEARING_WINDOW


# Lending


def test_only_what_one_has_can_be_lent() -> None:
    world = ExchangeWorld()
    assert world.refuse("emma", LendLiquidity(2_000 * PAI)) is Code.LIQUIDITY_NOT_COVERED
    assert world.refuse("emma", LendLiquidity(PAI - 1)) is Code.LIQUIDITY_NOT_COVERED


def test_only_so_many_lend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing_window, "LENDERS_MAX", 1)
    world = ExchangeWorld()
    world.do("emma", LendLiquidity(PAI))
    assert world.refuse("farid", LendLiquidity(PAI)) is Code.TOO_MANY_LENDERS
    world.do("emma", LendLiquidity(2 * PAI))
    world.do("emma", LendLiquidity(0))
    assert world.ledger.state.windows.get(CURRENT) is None
    assert not owes(world.ledger.state, EMMA)


def test_who_has_spent_it_lends_no_more() -> None:
    world = build_circle()
    world.do("emma", LendLiquidity(400 * PAI))
    world.do("emma", Pay(HAMIT, world.get_balance("emma") + 29 * PAI, ""))
    world.open_window()
    (lender,) = world.window.lenders
    assert PAI <= lender.escrow <= PAI + 10
    twin = build_circle()
    twin.do("emma", LendLiquidity(400 * PAI))
    twin.do("emma", Pay(HAMIT, twin.get_balance("emma") + 30 * PAI, ""))
    twin.open_window()
    assert twin.window.lenders == ()


def test_a_raised_rate_does_not_melt_what_was_counted() -> None:
    world = build_circle()
    world.do("emma", LendLiquidity(100 * PAI))
    world.open_window()
    (lender,) = world.window.lenders
    view = world.ledger.open_view()
    context = world.ledger.get_context(world.ledger.head.slot + 5)
    harsher = (KeepSegment(from_step=0, keep=2**63),)
    clearing_window.close_window(
        view, context._replace(keep_schedule=harsher), {EMMA: lender.counted}
    )
    freed = next(fact for fact in view.facts if isinstance(fact, LiquidityFreed))
    assert (freed.amount, freed.lent) == (0, lender.counted)
    assert freed.charge == lender.escrow - lender.counted


# Certificates


def test_a_certificate_of_another_interval_is_refused() -> None:
    world = build_circle()
    world.open_window()
    certificate = replace(world.build_certificate(), interval=2)
    assert world.refuse_clearing(certificate) is Code.WRONG_CLEARING_INTERVAL


def test_a_clearing_of_another_state_is_refused() -> None:
    world, other = build_circle(), build_circle()
    other.do("emma", PayInvoice(0, FARID, 6 * PAI))
    world.open_window()
    other.open_window()
    assert world.refuse_clearing(other.build_certificate()) in {
        Code.SETOFF_NOT_BALANCED,
        Code.SETOFF_MALFORMED,
    }


def test_a_clearing_that_clears_less_is_refused() -> None:
    world = build_circle()
    world.open_window()
    _, entered = clearing.get_entered(world.ledger.state)
    graph = entered.graph
    nothing = np.zeros(len(graph.capacities), dtype=np.int64)
    zero = np.zeros(graph.nodes, dtype=np.int64)
    certificate = pack_certificate(1, graph, nothing, zero)
    assert world.refuse_clearing(certificate) is Code.SETOFF_NOT_BALANCED


def test_a_malformed_certificate_is_refused() -> None:
    world = build_circle()
    world.open_window()
    certificate = world.build_certificate()
    longer = replace(certificate, partials=certificate.partials + b"\x00")
    assert world.refuse_clearing(longer) is Code.SETOFF_MALFORMED


def test_the_tie_seed_is_the_vrf_output_of_the_snapshot_block() -> None:
    world = build_circle()
    block, execution = world.build_block(after=INTERVAL - world.ledger.head.slot % INTERVAL)
    world.ledger.commit(execution, block, durable=False)
    assert world.window.seed == vrf.compute_output(block.header.vrf_proof)


# What a producer offers


def test_a_producer_takes_up_what_may_stand_and_nothing_else() -> None:
    world = build_circle()
    world.do("emma", LendLiquidity(5 * PAI))
    world.open_window()
    good = world.build_certificate()
    bad = replace(good, potentials=good.potentials[1:])
    ledger = world.ledger
    context = ledger.get_context(ledger.head.slot + 1)
    for offered, chosen in ((good, good), (bad, None), (None, None)):
        view = ledger.open_view()
        offer = Offer(clearing=offered)
        parts = open_draft(view, context, ledger.queue, NOBODY_HERE, offer, world.checks)
        assert parts.clearing == chosen
        assert get_window(view).open, "transactions come first"
        assert ledger.draft(context, NOBODY_HERE, (), world.checks, parts)


def test_a_block_with_a_set_off_travels_and_its_root_is_over_it() -> None:
    world = build_circle()
    world.open_window()
    block = world.clear()
    assert decode_block(block.whole_bytes).parts == block.parts
    header = block.header
    without = seal_block(header, block.block.signature, ())
    with pytest.raises(Invalid, match="WRONG_BODY_ROOT"):
        decode_block(without.whole_bytes)


def test_a_clearing_has_a_cap_of_its_own() -> None:
    half = bytes(CLEARING_BYTES_MAX // 2)
    check_parts_bytes(replace(NO_PARTS, clearing=ClearingCertificate(1, half, b"", b"")))
    large = ClearingCertificate(1, half, half, b"")
    with pytest.raises(Invalid, match="TOO_LARGE"):
        check_parts_bytes(replace(NO_PARTS, clearing=large))


# Promises


def test_a_rule_that_would_touch_what_entered_halts_the_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = build_circle()
    world.open_window()
    monkeypatch.setattr("chain.rules.obligations.is_entered", lambda _state, _item: False)
    with pytest.raises(InvariantBroken, match="L43"):
        world.do("emma", PayInvoice(0, FARID, PAI))


def test_after_a_pause_one_block_ends_a_window_pays_what_it_held_and_opens_the_next() -> None:
    world = build_circle()
    before = world.open_window()
    world.extend_with(("emma", PayInvoice(0, FARID, PAI)), after=INTERVAL)
    assert world.window.open
    assert world.window.interval > before.interval
    assert world.get(0).remaining == 9 * PAI


def test_a_rule_that_kept_what_was_lent_halts_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    world = build_circle()
    world.do("emma", LendLiquidity(5 * PAI))
    world.open_window()
    monkeypatch.setattr(clearing_window, "credit", lambda *_arguments: None)
    with pytest.raises(InvariantBroken, match="L1"):
        world.wait(WINDOW + 1)
