"""Short words for tests of the market, on the world of credit's tests."""

from msgspec.structs import replace

from chain.actions import (
    AcceptChain,
    Leg,
    Offer,
    PayInvoice,
    ProposeChain,
    SetOrder,
    Want,
    WriteDown,
)
from chain.crypto import u64
from chain.rules.barter import compute_chain_digest, find_deals
from chain.rules.recovery import NEVER_RECOVERED, NOTHING_FOLLOWS
from chain.rules.shelves import get_book, list_pages
from chain.tables import CURRENT, Delivery, Listing, Obligation, Order, Recovery, Trader
from tests.community import PAI
from tests.credit_world import NAMES, SLOTS, World, build_world, get_id


def build_market(balance: int = 5_000 * PAI, **changes: object) -> World:
    """Ten identified members with money that does not melt, and nothing offered yet."""
    return build_world(names=NAMES, balance=balance, **changes)


def get_number(world: World) -> int:
    """The number that was given out last."""
    return world.state.market.require(CURRENT).made - 1


def offer(
    world: World,
    name: str,
    good: str = "food/milk",
    price: int = 70 * PAI,
    quantity: int = 10,
    **changes: object,
) -> int:
    """An offer; returns its number."""
    action = Offer(good, "l", price, quantity, "", world.slot + 100 * SLOTS, "")
    world.do(name, replace(action, **changes))
    return get_number(world)


def want(
    world: World,
    name: str,
    good: str = "food/milk",
    price: int = 70 * PAI,
    quantity: int = 10,
    **changes: object,
) -> int:
    """A want; returns its number."""
    action = Want(good, "l", price, quantity, "", world.slot + 100 * SLOTS, "")
    world.do(name, replace(action, **changes))
    return get_number(world)


def order(world: World, name: str, amount: int = 250 * PAI, chains: int = 10) -> None:
    """A standing order of as much each way."""
    world.do(name, SetOrder(amount, amount, chains, world.slot + 300 * SLOTS))


def build_chain(
    world: World, *legs: tuple[int, int, int], by: str | None = None, periods: int = 5
) -> ProposeChain:
    """A proposal; ``by`` names who consents by proposing."""
    expires = world.slot + periods * SLOTS
    items = tuple(Leg(*leg) for leg in legs)
    if by is None:
        return ProposeChain(items, expires, None)
    deals = find_deals(world.state, world.get_context(), items)
    return ProposeChain(items, expires, compute_chain_digest(world.chain, deals, expires))


def propose(world: World, name: str, *legs: tuple[int, int, int], consent: bool = False) -> int:
    """Propose a chain; returns its number."""
    world.do(name, build_chain(world, *legs, by=name if consent else None))
    return max(
        number
        for number in range(world.state.market.require(CURRENT).made)
        if world.state.deliveries.get(u64(number)) is None
    )


def build_consent(world: World, chain: int) -> AcceptChain:
    """What consents to a chain that waits."""
    return AcceptChain(chain, world.state.chains.require(u64(chain)).digest)


def accept(world: World, name: str, chain: int) -> None:
    """Consent to a chain."""
    world.do(name, build_consent(world, chain))


def find_listing(world: World, number: int) -> Listing | None:
    """An offer or want."""
    return world.state.listings.get(u64(number))


def get_listing(world: World, number: int) -> Listing:
    """An offer or want that is there."""
    return world.state.listings.require(u64(number))


def find_delivery(world: World, number: int) -> Delivery | None:
    """A delivery."""
    return world.state.deliveries.get(u64(number))


def get_delivery(world: World, number: int) -> Delivery:
    """A delivery that is open."""
    return world.state.deliveries.require(u64(number))


def list_owed(world: World) -> list[Obligation]:
    """All obligations, by number."""
    state = world.state
    return [item for _, some in list_pages(state, get_book(state).made) for item in some]


def find_owed(world: World, delivery: int) -> Obligation | None:
    """What is owed for a delivery that did not come."""
    for item in list_owed(world):
        if item.shortfall is not None and item.shortfall.delivery == delivery:
            return item
    return None


def get_owed(world: World, delivery: int) -> Obligation:
    """What is owed for a delivery, which there is."""
    found = find_owed(world, delivery)
    assert found is not None
    return found


def pay_owed(world: World, delivery: int, amount: int) -> PayInvoice:
    """What pays so much of that."""
    owed = get_owed(world, delivery)
    return PayInvoice(owed.number, owed.creditor, amount)


def write_down_owed(world: World, delivery: int, amount: int) -> WriteDown:
    """What lets the seller off so much of that."""
    owed = get_owed(world, delivery)
    return WriteDown(owed.number, owed.debtor, amount)


def find_trader(world: World, name: str) -> Trader | None:
    """What an account has open."""
    return world.state.traders.get(get_id(name))


def get_trader(world: World, name: str) -> Trader:
    """What an account that trades has open."""
    return world.state.traders.require(get_id(name))


def get_order(world: World, name: str) -> Order:
    """An account's standing order."""
    found = get_trader(world, name).order
    assert found is not None
    return found


def sell(world: World, seller: str = "emma", buyer: str = "farid", quantity: int = 3) -> int:
    """A trade of two who consent; returns the delivery's number."""
    legs = (offer(world, seller), want(world, buyer), quantity)
    chain = propose(world, seller, legs, consent=True)
    accept(world, buyer, chain)
    return get_number(world)


def recover(world: World, name: str, slot: int | None = None) -> None:
    """What a completed recovery leaves behind; of this slot, if it was another than the next."""
    row = Recovery(None, None, NOTHING_FOLLOWS, 1, (), None, NEVER_RECOVERED)
    world.call(
        lambda state, context: state.recoveries.put(
            get_id(name), replace(row, recovered_slot=context.slot if slot is None else slot)
        )
    )
