"""What people try with invoices, set-off and trade."""

from typing import Final

from chain.actions import (
    AcceptChain,
    AcceptInvoice,
    Action,
    CancelOrder,
    ChangeListing,
    ConfirmDelivery,
    ConsentReassign,
    DeclineChain,
    DeclineInvoice,
    Leg,
    LendLiquidity,
    MarkClearable,
    Offer,
    OfferInvoice,
    PayInvoice,
    ProposeChain,
    Reassign,
    SetOrder,
    Want,
    WithdrawListing,
    WriteDown,
)
from chain.errors import Invalid
from chain.rules.barter import Deal, compute_chain_digest, compute_deltas, find_deals, find_parties
from chain.rules.shelves import OFFERED, OPEN
from chain.tables import CHAINS, DELIVERIES, LISTINGS, PAGES, Obligation
from tests.community import PAI, get_account_id
from tests.dozen.deeds import PERIOD, Deed, Said, pick_fitting, pick_id, pick_name
from tests.dozen.town import MEMBERS, Dice, Town

GOODS: Final = ("food/milk", "food/bread", "work/repair")
SMALL: Final = (1, PAI, 2 * PAI, 5 * PAI)


# Invoices


def find_obligations(town: Town, state: int) -> list[Obligation]:
    return [item for _, page in town.read(PAGES) for item in page.entries if item.state == state]


def offer_invoice(town: Town, dice: Dice) -> Said:
    amount = dice.pick(SMALL)
    action = OfferInvoice(pick_id(dice), amount, dice.number(0, 99), "eggs", None, dice.often())
    return pick_name(dice), action


def accept_invoice(town: Town, dice: Dice) -> Said | None:
    offers = find_obligations(town, OFFERED)
    if not offers:
        return None
    item = dice.pick(offers)
    amount = item.amount if dice.often(8) else item.amount + 1
    action = AcceptInvoice(item.number, item.creditor, amount, dice.often())
    return pick_fitting(dice, item.debtor), action


def decline_invoice(town: Town, dice: Dice) -> Said | None:
    offers = find_obligations(town, OFFERED)
    if not offers:
        return None
    item = dice.pick(offers)
    return pick_fitting(dice, dice.pick((item.debtor, item.creditor))), DeclineInvoice(item.number)


def pick_open(town: Town, dice: Dice) -> Obligation | None:
    items = find_obligations(town, OPEN)
    return dice.pick(items) if items else None


def pay_invoice(town: Town, dice: Dice) -> Said | None:
    item = pick_open(town, dice)
    if item is None:
        return None
    amount = dice.pick((1, item.remaining, item.remaining, item.remaining + 1))
    return pick_fitting(dice, item.debtor), PayInvoice(item.number, item.creditor, amount)


def write_down(town: Town, dice: Dice) -> Said | None:
    item = pick_open(town, dice)
    if item is None:
        return None
    amount = dice.pick((1, item.remaining, item.remaining + 1))
    return pick_fitting(dice, item.creditor), WriteDown(item.number, item.debtor, amount)


def reassign(town: Town, dice: Dice) -> Said | None:
    item = pick_open(town, dice)
    if item is None:
        return None
    heir = pick_id(dice) if dice.often(6) else None
    return pick_fitting(dice, item.creditor), Reassign(item.number, heir)


def consent_reassign(town: Town, dice: Dice) -> Said | None:
    named = [item for item in find_obligations(town, OPEN) if item.heir]
    if not named:
        return None
    item = dice.pick(named)
    heir = item.heir if dice.often(8) and item.heir else pick_id(dice)
    return pick_fitting(dice, item.debtor), ConsentReassign(item.number, heir)


def mark_clearable(town: Town, dice: Dice) -> Said | None:
    items = [*find_obligations(town, OFFERED), *find_obligations(town, OPEN)]
    if not items:
        return None
    item = dice.pick(items)
    side = dice.pick((item.creditor, item.debtor))
    return pick_fitting(dice, side), MarkClearable(item.number, dice.often())


def lend_liquidity(_town: Town, dice: Dice) -> Said:
    return pick_name(dice), LendLiquidity(dice.pick((0, PAI, 20 * PAI, 400 * PAI)))


# Trade


def pick_end(town: Town, dice: Dice) -> int:
    return town.slot + dice.pick((10, 30, 100)) * PERIOD


def offer(town: Town, dice: Dice) -> Said:
    good, price = dice.pick(GOODS), dice.pick((PAI, 2 * PAI, 3 * PAI))
    action = Offer(good, "l", price, dice.number(1, 6), "", pick_end(town, dice), "")
    return (dice.pick(MEMBERS) if dice.often() else pick_name(dice)), action


def want(town: Town, dice: Dice) -> Said:
    good, price = dice.pick((*GOODS, "food")), dice.pick((2 * PAI, 3 * PAI))
    action = Want(good, "l", price, dice.number(1, 6), "", pick_end(town, dice), "")
    return (dice.pick(MEMBERS) if dice.often() else pick_name(dice)), action


def change_listing(town: Town, dice: Dice) -> Said | None:
    listings = town.read_numbered(LISTINGS)
    if not listings:
        return None
    number, row = dice.pick(listings)
    action = ChangeListing(number, dice.pick(SMALL), dice.number(1, 6), pick_end(town, dice))
    return pick_fitting(dice, row.account), action


def withdraw_listing(town: Town, dice: Dice) -> Said | None:
    listings = town.read_numbered(LISTINGS)
    if not listings:
        return None
    number, row = dice.pick(listings)
    return pick_fitting(dice, row.account), WithdrawListing(number)


def set_order(town: Town, dice: Dice) -> Said:
    give, take = dice.pick((0, 3 * PAI, 20 * PAI)), dice.pick((0, 3 * PAI, 20 * PAI))
    return pick_name(dice), SetOrder(give, take, dice.number(1, 3), pick_end(town, dice))


def cancel_order(_town: Town, dice: Dice) -> Said:
    return pick_name(dice), CancelOrder()


def find_fitting(town: Town, dice: Dice) -> tuple[Leg, list[Deal]] | None:
    """A leg that is possible now, of some that are tried."""
    listings = town.read_numbered(LISTINGS)
    offers = [number for number, row in listings if not row.is_want]
    wants = [number for number, row in listings if row.is_want]
    context = town.ledger.get_context(town.slot + 1)
    for _ in range(12 if offers and wants else 0):
        leg = Leg(dice.pick(offers), dice.pick(wants), dice.number(1, 2))
        try:
            return leg, find_deals(town.state, context, (leg,))
        except Invalid:
            continue
    return None


def propose_chain(town: Town, dice: Dice) -> Said | None:
    found = find_fitting(town, dice)
    if found is None:
        return None
    leg, deals = found
    expires = town.slot + dice.pick((2, 5)) * PERIOD
    name = pick_fitting(dice, dice.pick(tuple(compute_deltas(deals))))
    digest = None
    if dice.often() and get_account_id(name) in compute_deltas(deals):
        digest = compute_chain_digest(town.community.chain, deals, expires)
    return name, ProposeChain((leg,), expires, digest)


def accept_chain(town: Town, dice: Dice) -> Said | None:
    waiting = town.read_numbered(CHAINS)
    if not waiting:
        return None
    number, row = dice.pick(waiting)
    parties = sorted(find_parties(town.state, row.legs))
    name = pick_fitting(dice, dice.pick(parties)) if parties else pick_name(dice)
    return name, AcceptChain(number, row.digest if dice.often(8) else bytes(32))


def decline_chain(town: Town, dice: Dice) -> Said | None:
    waiting = town.read_numbered(CHAINS)
    if not waiting or dice.often(2):
        return None
    number, row = dice.pick(waiting)
    return pick_fitting(dice, row.proposer), DeclineChain(number)


def confirm_delivery(town: Town, dice: Dice) -> Said | None:
    deliveries = town.read_numbered(DELIVERIES)
    if not deliveries or dice.often(2):  # some goods never come
        return None
    number, row = dice.pick(deliveries)
    return pick_fitting(dice, row.buyer), ConfirmDelivery(number, dice.number(1, row.left))


TRADE: Final[dict[type[Action], Deed]] = {
    OfferInvoice: offer_invoice,
    AcceptInvoice: accept_invoice,
    DeclineInvoice: decline_invoice,
    PayInvoice: pay_invoice,
    WriteDown: write_down,
    Reassign: reassign,
    ConsentReassign: consent_reassign,
    MarkClearable: mark_clearable,
    LendLiquidity: lend_liquidity,
    Offer: offer,
    Want: want,
    ChangeListing: change_listing,
    WithdrawListing: withdraw_listing,
    SetOrder: set_order,
    CancelOrder: cancel_order,
    ProposeChain: propose_chain,
    AcceptChain: accept_chain,
    DeclineChain: decline_chain,
    ConfirmDelivery: confirm_delivery,
}
