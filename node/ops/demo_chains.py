"""Members of a demonstration at the market of chains: they list, consent and receive."""

from collections.abc import Mapping
from random import Random
from typing import Final, NamedTuple

from chain.actions import AcceptChain, Action, ConfirmDelivery, Offer, SetOrder, Want
from chain.units import parse_pai
from node.ops.barter import (
    Deed,
    Offering,
    Ordering,
    Receiving,
    Stall,
    Unit,
    Wanting,
    Ware,
    is_asked,
    plan,
)
from node.ops.market import Villager
from node.ops.watch import ChainTrade
from wallet.client import NodeClient
from wallet.community import Community
from wallet.market import TraderAnswer, compute_digest, read_chains, read_trader

LIFE_PERIODS: Final = 50  # of what is listed, and of a standing order
ORDER_CHAINS: Final = 100  # a period
ACCEPTED_AT_ONCE: Final = 3


class Names(NamedTuple):
    """What wares and units are called in the person's language."""

    wares: Mapping[Ware, str]
    units: Mapping[Unit, str]


class Visit(NamedTuple):
    """What somebody saw at the market, and what he does about it."""

    trades: list[ChainTrade]
    actions: list[Action]


async def visit_market(
    client: NodeClient,
    community: Community,
    address: str,
    villager: Villager,
    village: list[Villager],
    names: Names,
    rng: Random,
) -> Visit:
    """Look at what one has open, and decide. Raises Failure when the node does not answer."""
    trader = await read_trader(client, address)
    until_slot = community.get_present_slot() + LIFE_PERIODS * community.slots_per_period
    deeds = plan(villager, village, build_stall(trader), rng, names.wares)
    actions = [build_action(deed, names, max(0, until_slot)) for deed in deeds]
    if is_asked(villager):
        waiting = [
            item
            for item in await read_chains(client, address)
            if item.trades and address in item.waited_for
        ]
        actions += [
            AcceptChain(item.number, compute_digest(community, item))
            for item in waiting[:ACCEPTED_AT_ONCE]
        ]
    return Visit(_list_trades(trader), actions)


def build_stall(trader: TraderAnswer) -> Stall:
    """What a node says that somebody has open."""
    order = trader.order
    return Stall(
        offers=sum(not item.is_want for item in trader.listings),
        wants=frozenset(item.good for item in trader.listings if item.is_want),
        arrivals=tuple(
            (item.number, item.left) for item in trader.deliveries if item.buyer == trader.address
        ),
        moved=None if order is None or not order.counts else parse_pai(order.moved),
    )


def build_action(deed: Deed, names: Names, until_slot: int) -> Action:
    """What a deed means to the ledger."""
    match deed:
        case Offering() | Wanting():
            kind = Offer if isinstance(deed, Offering) else Want
            ware, unit, price = deed.supply
            good = names.wares[ware]
            return kind(good, names.units[unit], price, deed.quantity, "", until_slot, "")
        case Ordering():
            return SetOrder(deed.tolerance, deed.tolerance, ORDER_CHAINS, until_slot)
        case Receiving():
            return ConfirmDelivery(deed.delivery, deed.quantity)


def _list_trades(trader: TraderAnswer) -> list[ChainTrade]:
    return [
        ChainTrade(item.number, item.chain, item.seller, item.buyer, item.price * item.left)
        for item in trader.deliveries
    ]
