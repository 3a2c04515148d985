"""What is refused in the market: each code beside a neighbour that is good."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import (
    AcceptChain,
    Action,
    CancelOrder,
    ChangeListing,
    ConfirmDelivery,
    DeclineChain,
    Offer,
    SetOrder,
    WithdrawListing,
)
from chain.errors import Code, Invalid
from chain.rules import barter
from chain.rules.obligations import OBLIGATION_MAX
from chain.units import SUPPLY_MAX
from tests.community import PAI
from tests.credit_world import SLOTS, World
from tests.market_world import (
    accept,
    build_chain,
    build_consent,
    build_market,
    offer,
    order,
    propose,
    sell,
    want,
)

Case = tuple[str, Action]
REFUSALS: dict[str, tuple[Code, Callable[[World], tuple[Case, Case]]]] = {}


def refused(code: Code, name: str = "") -> Callable[[Callable[[World], tuple[Case, Case]]], None]:
    """Register an action that is refused, and one that is not; by whom."""

    def register(make: Callable[[World], tuple[Case, Case]]) -> None:
        REFUSALS[f"{code.name} {name}".strip()] = (code, make)

    return register


def build_offer(world: World, **changes: object) -> Offer:
    until_slot = world.slot + 1 + 360 * SLOTS
    return replace(Offer("food/milk", "l", PAI, 1, "", until_slot, ""), **changes)


@refused(Code.LISTING_OUT_OF_BOUNDS, "too long")
def _(world: World) -> tuple[Case, Case]:
    good = build_offer(world)
    return ("emma", replace(good, until_slot=good.until_slot + 1)), ("emma", good)


@refused(Code.LISTING_OUT_OF_BOUNDS, "over already")
def _(world: World) -> tuple[Case, Case]:
    bad = build_offer(world, until_slot=world.slot)
    return ("emma", bad), ("emma", build_offer(world, until_slot=world.slot + 2))


@refused(Code.LISTING_OUT_OF_BOUNDS, "worth too much")
def _(world: World) -> tuple[Case, Case]:
    price = OBLIGATION_MAX // 3
    bad, good = ChangeListing(0, price, 4, 99), ChangeListing(0, price, 3, 99)
    offer(world, "emma")
    return ("emma", bad), ("emma", good)


@refused(Code.TOO_MANY_LISTINGS)
def _(world: World) -> tuple[Case, Case]:
    for _ in range(20):
        offer(world, "emma")
    return ("emma", build_offer(world)), ("farid", build_offer(world))


@refused(Code.UNKNOWN_LISTING)
def _(world: World) -> tuple[Case, Case]:
    number = offer(world, "emma")
    return ("emma", WithdrawListing(number + 1)), ("emma", WithdrawListing(number))


@refused(Code.UNKNOWN_LISTING, "over")
def _(world: World) -> tuple[Case, Case]:
    short = offer(world, "emma", until_slot=world.slot + 3)
    legs = (short, want(world, "farid"), 1)
    chain = build_chain(world, legs)
    world.slot += 5
    return ("ivan", chain), ("ivan", build_chain(world, (offer(world, "emma"), legs[1], 1)))


@refused(Code.UNKNOWN_LISTING, "other side")
def _(world: World) -> tuple[Case, Case]:
    made, wanted = offer(world, "emma"), want(world, "farid")
    return ("ivan", build_chain(world, (wanted, made, 1))), (
        "ivan",
        build_chain(world, (made, wanted, 1)),
    )


@refused(Code.NOT_YOUR_LISTING)
def _(world: World) -> tuple[Case, Case]:
    number = offer(world, "emma")
    return ("farid", WithdrawListing(number)), ("emma", WithdrawListing(number))


@refused(Code.ORDER_OUT_OF_BOUNDS, "too long")
def _(world: World) -> tuple[Case, Case]:
    until = world.slot + 1 + 360 * SLOTS
    return ("emma", SetOrder(1, 1, 1, until + 1)), ("emma", SetOrder(1, 1, 1, until))


@refused(Code.ORDER_OUT_OF_BOUNDS, "too much")
def _(world: World) -> tuple[Case, Case]:
    bad, good = SetOrder(SUPPLY_MAX + 1, 1, 1, 99), SetOrder(SUPPLY_MAX, 1, 1, 99)
    return ("emma", bad), ("emma", good)


@refused(Code.NO_ORDER)
def _(world: World) -> tuple[Case, Case]:
    order(world, "emma")
    return ("farid", CancelOrder()), ("emma", CancelOrder())


@refused(Code.TOO_MANY_OVERDUE)
def _(world: World) -> tuple[Case, Case]:
    for _ in range(3):
        sell(world)
    sell(world, "galina", "hamit")
    sell(world, "galina", "hamit")
    world.wait(8)
    action = SetOrder(1, 1, 1, world.slot + 99)
    return ("emma", action), ("galina", action)


@refused(Code.LEGS_OUT_OF_ORDER)
def _(world: World) -> tuple[Case, Case]:
    legs = (
        (offer(world, "emma"), want(world, "farid"), 1),
        (
            offer(world, "emma"),
            want(world, "farid"),
            1,
        ),
    )
    return ("ivan", build_chain(world, legs[1], legs[0])), ("ivan", build_chain(world, *legs))


@refused(Code.LEGS_OUT_OF_ORDER, "twice")
def _(world: World) -> tuple[Case, Case]:
    leg = (offer(world, "emma"), want(world, "farid"), 1)
    return ("ivan", build_chain(world, leg, leg)), ("ivan", build_chain(world, leg))


@refused(Code.TRADE_WITH_SELF)
def _(world: World) -> tuple[Case, Case]:
    made = offer(world, "emma")
    return ("emma", build_chain(world, (made, want(world, "emma"), 1))), (
        "emma",
        build_chain(world, (made, want(world, "farid"), 1)),
    )


MISMATCHES: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("unit", {"unit": "kg"}, {"unit": "l"}),
    ("good", {"good": "food/milk/goat"}, {"good": "food"}),
    ("half a word", {"good": "food/mil"}, {"good": "food/milk"}),
    ("place", {"place": "arsk/east"}, {"place": "arsk/west/5"}),
    ("other place", {"place": "ars"}, {"place": "arsk"}),
]
for label, bad, good in MISMATCHES:

    @refused(Code.GOODS_DO_NOT_MATCH, label)
    def _(
        world: World, bad: dict[str, str] = bad, good: dict[str, str] = good
    ) -> tuple[Case, Case]:
        made = offer(world, "emma", place="arsk/west")
        wrong, right = (
            want(world, "farid", price=70 * PAI, quantity=10, **terms) for terms in (bad, good)
        )
        return ("ivan", build_chain(world, (made, wrong, 1))), (
            "ivan",
            build_chain(world, (made, right, 1)),
        )


@refused(Code.PRICE_ABOVE_MAXIMUM)
def _(world: World) -> tuple[Case, Case]:
    made, dear = offer(world, "emma"), offer(world, "emma", price=70 * PAI + 1)
    wanted = want(world, "farid")
    return ("ivan", build_chain(world, (dear, wanted, 1))), (
        "ivan",
        build_chain(world, (made, wanted, 1)),
    )


@refused(Code.NOT_ENOUGH_LEFT, "of the offer")
def _(world: World) -> tuple[Case, Case]:
    made = offer(world, "emma", quantity=3)
    legs = (made, want(world, "farid"), 2), (made, want(world, "galina"), 2)
    return ("ivan", build_chain(world, *legs)), (
        "ivan",
        build_chain(world, legs[0], (*legs[1][:2], 1)),
    )


@refused(Code.NOT_ENOUGH_LEFT, "of the want")
def _(world: World) -> tuple[Case, Case]:
    made, wanted = offer(world, "emma"), want(world, "farid", quantity=3)
    return ("ivan", build_chain(world, (made, wanted, 4))), (
        "ivan",
        build_chain(world, (made, wanted, 3)),
    )


@refused(Code.TOO_MANY_CHAINS)
def _(world: World) -> tuple[Case, Case]:
    leg = (offer(world, "emma"), want(world, "farid"), 1)
    for _ in range(barter.CHAINS_WAITING_MAX):
        propose(world, "ivan", leg)
    return ("ivan", build_chain(world, leg)), ("julia", build_chain(world, leg))


@refused(Code.CHAIN_EXPIRY_OUT_OF_BOUNDS)
def _(world: World) -> tuple[Case, Case]:
    chain = build_chain(world, (offer(world, "emma"), want(world, "farid"), 1))
    until = world.slot + 1 + 28 * SLOTS
    return ("ivan", replace(chain, expires_slot=until + 1)), (
        "ivan",
        replace(chain, expires_slot=until),
    )


@refused(Code.UNKNOWN_CHAIN)
def _(world: World) -> tuple[Case, Case]:
    chain = propose(world, "ivan", (offer(world, "emma"), want(world, "farid"), 1))
    return ("ivan", DeclineChain(chain + 1)), ("ivan", DeclineChain(chain))


@refused(Code.UNKNOWN_CHAIN, "expired")
def _(world: World) -> tuple[Case, Case]:
    leg = (offer(world, "emma"), want(world, "farid"), 1)
    world.do("ivan", replace(build_chain(world, leg), expires_slot=world.slot + 2))
    early = DeclineChain(2)
    late = propose(world, "ivan", leg)
    return ("emma", early), ("emma", DeclineChain(late))


@refused(Code.OTHER_CHAIN)
def _(world: World) -> tuple[Case, Case]:
    chain = propose(world, "ivan", (offer(world, "emma"), want(world, "farid"), 1))
    return ("emma", AcceptChain(chain, bytes(32))), ("emma", build_consent(world, chain))


@refused(Code.OTHER_CHAIN, "a price has changed")
def _(world: World) -> tuple[Case, Case]:
    made, other = offer(world, "emma", price=9), offer(world, "emma", price=9)
    wanted = want(world, "farid")
    first, second = propose(world, "ivan", (made, wanted, 1)), None
    second = propose(world, "ivan", (other, wanted, 1))
    accept(world, "farid", first)
    accept(world, "farid", second)
    world.do("emma", ChangeListing(made, 10, 10, 99))
    return ("emma", build_consent(world, first)), ("emma", build_consent(world, second))


@refused(Code.OTHER_CHAIN, "one's own proposal")
def _(world: World) -> tuple[Case, Case]:
    chain = build_chain(world, (offer(world, "emma"), want(world, "farid"), 1), by="emma")
    return ("emma", replace(chain, digest=bytes(32))), ("emma", chain)


@refused(Code.NOT_IN_CHAIN)
def _(world: World) -> tuple[Case, Case]:
    chain = propose(world, "ivan", (offer(world, "emma"), want(world, "farid"), 1))
    return ("galina", build_consent(world, chain)), ("farid", build_consent(world, chain))


@refused(Code.NOT_IN_CHAIN, "to refuse it")
def _(world: World) -> tuple[Case, Case]:
    chain = propose(world, "ivan", (offer(world, "emma"), want(world, "farid"), 1))
    return ("galina", DeclineChain(chain)), ("farid", DeclineChain(chain))


@refused(Code.NOT_IN_CHAIN, "to propose with consent")
def _(world: World) -> tuple[Case, Case]:
    chain = build_chain(world, (offer(world, "emma"), want(world, "farid"), 1), by="emma")
    return ("galina", chain), ("emma", chain)


@refused(Code.CONSENTED_ALREADY)
def _(world: World) -> tuple[Case, Case]:
    chain = propose(world, "ivan", (offer(world, "emma"), want(world, "farid"), 1))
    accept(world, "emma", chain)
    return ("emma", build_consent(world, chain)), ("farid", build_consent(world, chain))


@refused(Code.UNKNOWN_DELIVERY)
def _(world: World) -> tuple[Case, Case]:
    number = sell(world)
    return ("farid", ConfirmDelivery(number + 1, 1)), ("farid", ConfirmDelivery(number, 1))


@refused(Code.NOT_THE_BUYER)
def _(world: World) -> tuple[Case, Case]:
    number = sell(world)
    return ("emma", ConfirmDelivery(number, 1)), ("farid", ConfirmDelivery(number, 1))


@refused(Code.RECEIPT_TOO_LARGE)
def _(world: World) -> tuple[Case, Case]:
    number = sell(world, quantity=3)
    return ("farid", ConfirmDelivery(number, 4)), ("farid", ConfirmDelivery(number, 3))


@refused(Code.INSUFFICIENT_BALANCE)
def _(world: World) -> tuple[Case, Case]:
    poor, rich = (want(world, name, price=PAI * 9_000) for name in ("farid", "galina"))
    made = offer(world, "emma", price=5_031 * PAI), offer(world, "emma", price=5_030 * PAI)
    first, second = (
        propose(world, "ivan", (made[0], poor, 1)),
        propose(world, "ivan", (made[1], rich, 1)),
    )
    accept(world, "emma", first)
    accept(world, "emma", second)
    return ("farid", build_consent(world, first)), ("galina", build_consent(world, second))


REFUSED = {code for code, _ in REFUSALS.values()}


def test_every_code_of_the_market_is_refused_here() -> None:
    assert {code for code in Code if 730 <= code < 770} <= REFUSED


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name: str) -> None:
    code, make = REFUSALS[name]
    world = build_market(offers_max=20)
    (who, bad), (other, good) = make(world)
    before = world.state.take_changes()
    assert before == ([], [])
    with pytest.raises(Invalid) as error:
        world.do(who, bad)
    assert error.value.code is code, error.value
    world.do(other, good)
