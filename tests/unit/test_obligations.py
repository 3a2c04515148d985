"""Obligations: nobody owes what he has not accepted, and the table says who may do what."""

from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.actions import (
    AcceptInvoice,
    Action,
    ConsentReassign,
    DeclineInvoice,
    MarkClearable,
    OfferInvoice,
    Pay,
    PayInvoice,
    Reassign,
    WriteDown,
)
from chain.errors import Code
from chain.facts import OfferSilenced
from chain.rules.clearing_window import list_entered
from chain.rules.debts import owes
from chain.rules.obligation_moves import ANYBODY, CREDITOR, DEBTOR, MOVES, STATE_NAMES
from chain.rules.obligations import OBLIGATION_MAX
from chain.rules.shelves import OFFERED, OPEN, get_book, get_party
from chain.tables import Party
from tests.community import PAI, build_genesis, get_account_id, with_parameters
from tests.exchange_world import PERIOD, ExchangeWorld

EMMA, FARID, GALINA = map(get_account_id, ("emma", "farid", "galina"))
ROOT = Path(__file__).parents[2]
REFUSED = {
    Code.UNKNOWN_OBLIGATION,
    Code.OBLIGATION_TO_SELF,
    Code.OBLIGATION_TOO_LARGE,
    Code.TOO_MANY_OBLIGATIONS,
    Code.WRONG_OBLIGATION_STATE,
    Code.NOT_YOUR_OBLIGATION,
    Code.OTHER_OBLIGATION,
    Code.OBLIGATION_TOO_LITTLE,
    Code.OFFER_LAPSED,
    Code.OTHER_HEIR,
}


def build_world() -> ExchangeWorld:
    return ExchangeWorld(build_genesis(strangers=("stranger",)))


def get_parties(world: ExchangeWorld) -> list[Party]:
    return [get_party(world.ledger.state, account) for account in (EMMA, FARID, GALINA)]


# A life


def test_an_offer_binds_nobody_and_an_accepted_one_both() -> None:
    world = build_world()
    number = world.offer("emma", "farid")
    assert world.get(number).state == OFFERED
    assert not owes(world.ledger.state, FARID)
    world.do("farid", AcceptInvoice(number, EMMA, 10 * PAI, clearable=True))
    assert world.get(number).state == OPEN
    assert owes(world.ledger.state, FARID)
    assert get_parties(world)[:2] == [Party(1, 1, 0, lends=False), Party(0, 0, 1, lends=False)]


def test_it_is_paid_in_parts_by_anybody_and_then_gone() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    before = world.get_balance("galina"), world.get_balance("emma")
    world.extend_with(("galina", PayInvoice(number, EMMA, 4 * PAI)))
    assert world.get(number).remaining == 6 * PAI
    world.extend_with(("farid", PayInvoice(number, EMMA, 6 * PAI)))
    assert world.find(number) is None
    assert before[0] - world.get_balance("galina") >= 4 * PAI
    assert world.get_balance("emma") > before[1] + 9 * PAI
    assert get_parties(world) == [Party(0, 0, 0, lends=False)] * 3
    assert world.ledger.state.pages.get(bytes(8)) is None
    assert world.ledger.state.shelves.get(bytes(8)) is None


def test_the_creditor_may_write_down() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    balances = world.get_balances(["emma", "farid"])
    world.do("emma", WriteDown(number, FARID, 4 * PAI))
    assert world.get(number).remaining == 6 * PAI
    world.do("emma", WriteDown(number, FARID, 6 * PAI))
    assert world.find(number) is None
    assert all(
        0 <= before - after < PAI
        for before, after in zip(balances, world.get_balances(["emma", "farid"]), strict=True)
    )


def test_it_is_handed_over_when_the_debtor_consents() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    world.do("emma", Reassign(number, GALINA))
    assert world.get(number).creditor == EMMA
    world.do("farid", ConsentReassign(number, GALINA))
    handed = world.get(number)
    assert (handed.creditor, handed.heir, handed.ready_slot) == (GALINA, None, -1)
    assert get_parties(world) == [
        Party(0, 0, 0, lends=False),
        Party(0, 0, 1, lends=False),
        Party(0, 1, 0, lends=False),
    ]
    world.do("galina", MarkClearable(number, clearable=True))
    assert world.get(number).ready_slot == world.ledger.head.slot
    world.do("farid", PayInvoice(number, GALINA, 10 * PAI))
    assert get_parties(world) == [Party(0, 0, 0, lends=False)] * 3


def test_a_name_can_be_taken_back_before_the_consent() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    world.do("emma", Reassign(number, GALINA))
    world.do("emma", Reassign(number, None))
    assert world.refuse("farid", ConsentReassign(number, GALINA)) is Code.OTHER_HEIR


def test_a_consent_is_to_the_creditor_that_is_named_then() -> None:
    world = ExchangeWorld()
    number = world.owe("farid", "emma")
    world.do("emma", Reassign(number, GALINA))
    other = get_account_id("hamit")
    assert world.refuse("farid", ConsentReassign(number, other)) is Code.OTHER_HEIR
    world.do("emma", Reassign(number, other))
    assert world.refuse("farid", ConsentReassign(number, GALINA)) is Code.OTHER_HEIR
    world.do("farid", ConsentReassign(number, other))
    assert world.get(number).creditor == other


def test_both_sides_decide_whether_it_is_set_off() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    since = world.get(number).ready_slot
    assert since == world.ledger.head.slot
    world.do("emma", MarkClearable(number, clearable=False))
    assert (world.get(number).ready_slot, get_book(world.ledger.state).ready) == (-1, 0)
    world.do("farid", MarkClearable(number, clearable=True))
    assert world.get(number).ready_slot == -1
    world.do("emma", MarkClearable(number, clearable=True))
    assert (world.get(number).ready_slot > since, get_book(world.ledger.state).ready) == (True, 1)


def test_it_is_not_set_off_when_one_side_has_not_consented() -> None:
    world = build_world()
    number = world.offer("emma", "farid", clearable=False)
    world.do("farid", AcceptInvoice(number, EMMA, 10 * PAI, clearable=True))
    assert world.get(number).ready_slot == -1


def test_silence_declines() -> None:
    world = build_world()
    number = world.offer("emma", "farid")
    opened = world.owe("farid", "emma")
    late = world.offer("emma", "galina")
    world.wait(3 * PERIOD - (world.ledger.head.slot - world.get(number).since_slot))
    assert OfferSilenced(number, EMMA, FARID, 10 * PAI) in world.facts
    assert world.find(number) is None
    assert (world.get(opened).state, world.get(late).state) == (OPEN, OFFERED)
    world.wait(PERIOD)
    assert world.find(late) is None
    assert get_book(world.ledger.state).heard_below == 3


def test_an_offer_lapses_by_the_clock_and_not_by_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chain.rules.obligations.PAGES_AT_ONCE", 0)
    world = build_world()
    number = world.offer("emma", "farid")
    world.wait(3 * PERIOD)
    accept = AcceptInvoice(number, EMMA, 10 * PAI, clearable=True)
    assert world.refuse("farid", accept) is Code.OFFER_LAPSED


def test_pages_and_shelves_hold_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("shelves", "obligations", "clearing"):
        monkeypatch.setattr(f"chain.rules.{module}.OBLIGATIONS_PER_PAGE", 2)
    monkeypatch.setattr("chain.rules.shelves.PAGES_PER_SHELF", 2)
    monkeypatch.setattr("chain.invariants_exchange.OBLIGATIONS_PER_PAGE", 2)
    world = build_world()
    offers = [OfferInvoice(FARID, (1 + n) * PAI, 0, "", None, clearable=True) for n in range(9)]
    world.do("emma", *offers)
    world.do("farid", *(AcceptInvoice(n, EMMA, (1 + n) * PAI, clearable=True) for n in range(9)))
    world.do("emma", *(WriteDown(n, FARID, (1 + n) * PAI) for n in (2, 3, 8, 4)))
    world.open_window()
    assert world.window.last == 8
    numbers = [item.number for item in list_entered(world.ledger.state, world.window)]
    assert numbers == [0, 1, 5, 6, 7]


# What is refused


def test_what_can_be_no_obligation() -> None:
    world = build_world()
    to_self = OfferInvoice(EMMA, PAI, 0, "", None, clearable=True)
    assert world.refuse("emma", to_self) is Code.OBLIGATION_TO_SELF
    huge = OfferInvoice(FARID, OBLIGATION_MAX + 1, 0, "", None, clearable=True)
    assert world.refuse("emma", huge) is Code.OBLIGATION_TOO_LARGE
    nobody = OfferInvoice(get_account_id("nobody"), PAI, 0, "", None, clearable=True)
    assert world.refuse("emma", nobody) is Code.UNKNOWN_ACCOUNT
    assert world.refuse("emma", DeclineInvoice(7)) is Code.UNKNOWN_OBLIGATION


def test_nobody_is_bound_to_other_terms_than_he_names() -> None:
    world = build_world()
    number = world.offer("emma", "farid")
    for creditor, amount in ((GALINA, 10 * PAI), (EMMA, 9 * PAI)):
        accept = AcceptInvoice(number, creditor, amount, clearable=True)
        assert world.refuse("farid", accept) is Code.OTHER_OBLIGATION
    world.do("farid", AcceptInvoice(number, EMMA, 10 * PAI, clearable=True))
    pay = PayInvoice(number, GALINA, PAI)
    assert world.refuse("farid", pay) is Code.OTHER_OBLIGATION
    down = WriteDown(number, GALINA, PAI)
    assert world.refuse("emma", down) is Code.OTHER_OBLIGATION
    own = PayInvoice(number, EMMA, PAI)
    assert world.refuse("emma", own) is Code.PAYMENT_TO_SELF


def test_not_more_than_remains() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    pay = PayInvoice(number, EMMA, 10 * PAI + 1)
    assert world.refuse("farid", pay) is Code.OBLIGATION_TOO_LITTLE
    down = WriteDown(number, FARID, 10 * PAI + 1)
    assert world.refuse("emma", down) is Code.OBLIGATION_TOO_LITTLE


def test_a_new_creditor_is_neither_the_debtor_nor_nobody() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    assert world.refuse("emma", Reassign(number, FARID)) is Code.OBLIGATION_TO_SELF
    nobody = Reassign(number, get_account_id("nobody"))
    assert world.refuse("emma", nobody) is Code.UNKNOWN_ACCOUNT
    assert world.refuse("farid", ConsentReassign(number, GALINA)) is Code.OTHER_HEIR


@pytest.mark.parametrize(
    ("cap", "name"), [("obligations_max", "emma"), ("obligations_unidentified_max", "stranger")]
)
def test_only_so_many_at_once(cap: str, name: str) -> None:
    genesis = with_parameters(build_genesis(strangers=("stranger",)), **{cap: 20})
    world = ExchangeWorld(genesis)
    world.extend_with(("galina", Pay(get_account_id(name), PAI, "")))
    offer = OfferInvoice(FARID, PAI, 0, "", None, clearable=True)
    for _ in range(2):
        transaction = world.sign(name, *([offer] * 10), fee_max=100 * PAI)
        world.extend([transaction])
    assert get_party(world.ledger.state, get_account_id(name)).offered == 20
    with pytest.raises(Exception, match="TOO_MANY_OBLIGATIONS"):
        world.extend([world.sign(name, offer, fee_max=PAI)])


def test_only_so_many_accepted_at_once() -> None:
    world = ExchangeWorld(with_parameters(build_genesis(), obligations_max=20))
    offer = OfferInvoice(FARID, PAI, 0, "", None, clearable=True)
    world.extend([world.sign("emma", *([offer] * 20))])
    world.extend([world.sign("galina", offer)])
    accepts = [AcceptInvoice(n, EMMA, PAI, clearable=True) for n in range(20)]
    world.extend([world.sign("farid", *accepts)])
    one_more = AcceptInvoice(20, GALINA, PAI, clearable=True)
    assert world.refuse("farid", one_more) is Code.TOO_MANY_OBLIGATIONS


# The table


def build_actions(number: int) -> dict[type[Action], Action]:
    return {
        AcceptInvoice: AcceptInvoice(number, EMMA, 10 * PAI, clearable=True),
        DeclineInvoice: DeclineInvoice(number),
        PayInvoice: PayInvoice(number, EMMA, PAI),
        WriteDown: WriteDown(number, FARID, PAI),
        Reassign: Reassign(number, GALINA),
        ConsentReassign: ConsentReassign(number, GALINA),
        MarkClearable: MarkClearable(number, clearable=False),
    }


def test_the_table_is_the_whole_truth() -> None:
    """Every action, from every state, by every side: accepted exactly where the table has it."""
    world = build_world()
    numbers = {OFFERED: world.offer("emma", "farid"), OPEN: world.owe("farid", "emma")}
    world.do("emma", Reassign(numbers[OPEN], GALINA))
    sides = {"emma": CREDITOR, "farid": DEBTOR, "galina": ANYBODY}
    allowed = {(move.action, move.state): move.by for move in MOVES if move.action}
    kinds = list(build_actions(0))
    assert {action for action, _ in allowed} == set(kinds)
    for (state, number), kind, (name, side) in product(numbers.items(), kinds, sides.items()):
        action = build_actions(number)[kind]
        by = allowed.get((kind, state))
        if by is None:
            assert world.refuse(name, action) is Code.WRONG_OBLIGATION_STATE
        elif side in by or (ANYBODY in by and side != CREDITOR):
            world.build_block([world.sign(name, action)])
        elif ANYBODY in by:
            assert world.refuse(name, action) is Code.PAYMENT_TO_SELF
        else:
            assert world.refuse(name, action) is Code.NOT_YOUR_OBLIGATION


def test_what_an_obligation_says_is_not_changed_by_its_life() -> None:
    world = build_world()
    number = world.owe("farid", "emma")
    before = world.get(number)
    world.do("farid", PayInvoice(number, EMMA, PAI))
    assert world.get(number) == replace(before, remaining=9 * PAI)


def test_the_protocol_prints_the_table() -> None:
    lines = [
        f"| {move.name} | {STATE_NAMES[move.state]} | {', '.join(move.by)} | "
        f"{', '.join(STATE_NAMES[state] for state in move.leads_to)} |"
        for move in MOVES
    ]
    assert "\n".join(lines) in (ROOT / "docs/protocol.md").read_text()
