"""Refusals of obligations, set-off and the market."""

from collections.abc import Iterator

from msgspec.structs import replace

from chain.actions import (
    AcceptInvoice,
    Action,
    ConsentReassign,
    DeclineInvoice,
    LendLiquidity,
    OfferInvoice,
    PayInvoice,
    Reassign,
    WriteDown,
)
from chain.block import NO_PARTS
from chain.errors import Code
from chain.records import ClearingCertificate
from chain.rules.clearing import get_entered
from chain.rules.clearing_window import LENDERS_MAX, NO_WINDOW
from chain.rules.obligations import OBLIGATION_MAX
from chain.setoff import CAPACITY_SUM_MAX
from chain.tables import CURRENT, Lender, Page
from tests.community import PAI, PARAMETERS, build_genesis, get_account_id
from tests.exchange_world import PERIOD, ExchangeWorld
from tests.market_world import build_market as build_market_world
from tests.unit import test_market_refusals
from tests.vectors.invalid.scenes import (
    Scene,
    Vector,
    look_at,
    look_into,
    put_body,
    refuse,
    refuse_block,
    sign_as,
)

EMMA, FARID, GALINA = (get_account_id(name) for name in ("emma", "farid", "galina"))
Deed = tuple[str, *tuple[Action, ...]]
Case = tuple[str, Code, Deed, Deed | None]


def build_market() -> Iterator[Vector]:
    """What those who trade are refused."""
    for name, (code, make) in test_market_refusals.REFUSALS.items():
        world = build_market_world(offers_max=20)
        bad, good = make(world)
        scene = look_into(world)
        yield refuse(name, code, scene, sign_as(scene, *bad), sign_as(scene, *good))


def build_exchange() -> Iterator[Vector]:
    """What debtors and creditors are refused, and who makes a block of a set-off."""
    world = ExchangeWorld(build_genesis(strangers=("stranger",)))
    offered, opened = world.offer("emma", "farid"), world.owe("farid", "emma")
    scene = look_at(world)
    for case in (*_offer(), *_answer(offered), *_settle(opened), *_hand_over(opened), *_lend()):
        yield _refuse(scene, *case)
    yield _let_lapse()
    yield _crowd_lenders()
    yield _touch_what_entered()
    yield from _set_off()


def _refuse(scene: Scene, name: str, code: Code, bad: Deed, good: Deed | None) -> Vector:
    accepted = None if good is None else sign_as(scene, *good)
    return refuse(name, code, scene, sign_as(scene, *bad), accepted)


def _offer() -> Iterator[Case]:
    good = OfferInvoice(FARID, 10 * PAI, 9, "eggs", None, clearable=True)
    most = replace(good, amount=OBLIGATION_MAX)
    yield "owed to oneself", Code.OBLIGATION_TO_SELF, ("farid", good), ("emma", good)
    large = replace(good, amount=OBLIGATION_MAX + 1)
    yield "2^40 and one", Code.OBLIGATION_TOO_LARGE, ("emma", large), ("emma", most)
    most_of_stranger = PARAMETERS.obligations_unidentified_max
    yield (
        "one too many", Code.TOO_MANY_OBLIGATIONS,
        ("stranger", *[good] * (most_of_stranger + 1)), ("stranger", *[good] * most_of_stranger),
    )  # fmt: skip


def _answer(offered: int) -> Iterator[Case]:
    good = AcceptInvoice(offered, EMMA, 10 * PAI, clearable=True)
    accept: Deed = ("farid", good)
    unknown = replace(good, obligation=99)
    yield "there is none", Code.UNKNOWN_OBLIGATION, ("farid", unknown), accept
    yield "by another", Code.NOT_YOUR_OBLIGATION, ("galina", good), accept
    dearer, other = replace(good, amount=10 * PAI + 1), replace(good, creditor=GALINA)
    yield "another amount", Code.OTHER_OBLIGATION, ("farid", dearer), accept
    yield "another creditor", Code.OTHER_OBLIGATION, ("farid", other), accept
    pay = PayInvoice(offered, EMMA, PAI)
    yield "paid before accepted", Code.WRONG_OBLIGATION_STATE, ("farid", pay), (*accept, pay)


def _settle(opened: int) -> Iterator[Case]:
    pay, less = PayInvoice(opened, EMMA, 10 * PAI), WriteDown(opened, FARID, 10 * PAI)
    yield (
        "declined when it is owed", Code.WRONG_OBLIGATION_STATE,
        ("farid", DeclineInvoice(opened)), ("farid", pay),
    )  # fmt: skip
    more = replace(pay, amount=10 * PAI + 1)
    yield "more than remains", Code.OBLIGATION_TOO_LITTLE, ("galina", more), ("galina", pay)
    yield "paid to oneself", Code.PAYMENT_TO_SELF, ("emma", pay), ("galina", pay)
    wrong = replace(pay, creditor=GALINA)
    yield "paid to another", Code.OTHER_OBLIGATION, ("farid", wrong), ("farid", pay)
    yield "the debtor lets himself off", Code.NOT_YOUR_OBLIGATION, ("farid", less), ("emma", less)
    more_down = replace(less, amount=10 * PAI + 1)
    yield "let off more", Code.OBLIGATION_TOO_LITTLE, ("emma", more_down), ("emma", less)


def _hand_over(opened: int) -> Iterator[Case]:
    name, agree = Reassign(opened, GALINA), ConsentReassign(opened, GALINA)
    yield (
        "to the debtor",
        Code.OBLIGATION_TO_SELF,
        ("emma", Reassign(opened, FARID)),
        ("emma", name),
    )
    yield "nobody was named", Code.OTHER_HEIR, ("farid", agree), None


def _lend() -> Iterator[Case]:
    good: Deed = ("emma", LendLiquidity(PAI))
    yield "below 1 pai", Code.LIQUIDITY_NOT_COVERED, ("emma", LendLiquidity(PAI - 1)), good
    huge = LendLiquidity(2**40)
    yield "more than there is", Code.LIQUIDITY_NOT_COVERED, ("emma", huge), good


def _let_lapse() -> Vector:
    """The block of the very slot would remove it first; in a mempool it is asked about before."""
    world = ExchangeWorld()
    number = world.offer("emma", "farid")
    since = world.get(number).since_slot
    periods = world.genesis.parameters.obligation_silence_periods
    world.wait(since + periods * PERIOD - world.ledger.head.slot - 1)
    scene = look_at(world)._replace(slot=since + periods * PERIOD)
    late = AcceptInvoice(number, EMMA, 10 * PAI, clearable=True)
    decline = DeclineInvoice(number)
    return _refuse(scene, "silent too long", Code.OFFER_LAPSED, ("farid", late), ("farid", decline))


def _crowd_lenders() -> Vector:
    world = ExchangeWorld()
    lenders = tuple(
        Lender(number.to_bytes(32, "big"), PAI, 0, 0, 0, 0) for number in range(LENDERS_MAX)
    )
    world.ledger.state.windows.put(CURRENT, replace(NO_WINDOW, lenders=lenders))
    bad: Deed = ("emma", LendLiquidity(PAI))
    return _refuse(look_at(world), "512 lend", Code.TOO_MANY_LENDERS, bad, None)


def _open_window() -> ExchangeWorld:
    world = ExchangeWorld()
    for debtor, creditor, amount in (
        ("emma", "farid", 9),
        ("farid", "galina", 7),
        ("galina", "emma", 8),
    ):
        world.owe(debtor, creditor, amount * PAI)
    world.open_window()
    return world


def _touch_what_entered() -> Vector:
    world = _open_window()
    other: Deed = ("emma", OfferInvoice(FARID, PAI, 9, "", None, clearable=True))
    bad: Deed = ("galina", PayInvoice(0, FARID, PAI))
    return _refuse(look_at(world), "it is being set off", Code.CLEARING, bad, other)


def _set_off() -> Iterator[Vector]:
    world = _open_window()
    good = world.build_certificate()
    nodes = get_entered(world.ledger.state)[1].graph.nodes
    flat = ClearingCertificate(good.interval, bytes(nodes), b"", b"")
    for name, code, bad in (
        ("a byte follows", Code.SETOFF_MALFORMED, replace(good, codes=good.codes + b"\0")),
        ("no potential is 0", Code.SETOFF_MALFORMED, replace(flat, potentials=b"\1" * nodes)),
        ("every debt in full", Code.SETOFF_NOT_BALANCED, flat),
        ("of another interval", Code.WRONG_CLEARING_INTERVAL, replace(good, interval=0)),
    ):
        yield _refuse_set_off(world, name, code, bad, good)
    early = ExchangeWorld()
    early.wait(1)
    yield _refuse_set_off(early, "no window is open", Code.NO_CLEARING_WINDOW, flat, None)
    yield _owe_too_much()


def _owe_too_much() -> Vector:
    """A debt that nobody could enter, planted."""
    world = _open_window()
    good = world.build_certificate()
    page = world.ledger.state.pages.require(bytes(8))
    huge = replace(page.entries[0], remaining=CAPACITY_SUM_MAX, amount=CAPACITY_SUM_MAX)
    block, _ = world.build_block()
    world.ledger.state.pages.put(bytes(8), Page((huge, *page.entries[1:])))
    scene = look_at(world)
    world.ledger.state.discard()
    bad = put_body(block, (), replace(NO_PARTS, clearing=good))
    return refuse_block("capacities of 2^61", Code.SETOFF_TOO_LARGE, scene, bad, None)


def _refuse_set_off(
    world: ExchangeWorld,
    name: str,
    code: Code,
    bad: ClearingCertificate,
    good: ClearingCertificate | None,
) -> Vector:
    scene = look_at(world)
    block, _ = world.build_block(parts=replace(NO_PARTS, clearing=good))
    worse = put_body(block, (), replace(NO_PARTS, clearing=bad))
    return refuse_block(name, code, scene, worse, None if good is None else block)
