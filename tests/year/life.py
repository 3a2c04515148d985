"""What everybody does on an ordinary day: shops, wages, neighbours, supplies, savings.

Nobody decides anything here that rules would have to know of: people spend what they may, and the
dice say when. Amounts are those of a village whose wages are partly paid in pai.
"""

from chain.actions import Save
from tests.community import PAI
from tests.year.village import FARM, Village

MORNING, EVENING = 0, 1
PAYDAY_EVERY = 14  # days
WAGE = 90 * PAI
STOCK_SHARE = 58  # percent of what a shop holds that it spends on supplies
SAVE_ABOVE = 260 * PAI
CAREFUL = 90 * PAI  # who may spend no more than this thinks twice
SAVE_DAYS = (90, 120, 180)


def live(village: Village, day: int, half: int) -> None:
    """Let half a day of ordinary life be planned for the block to come."""
    if half == MORNING:
        _shop(village, day)
        _trade_with_neighbours(village)
    else:
        if day % PAYDAY_EVERY == PAYDAY_EVERY - 1:
            _pay_wages(village)
        if day % 7 == 5:
            _restock(village)
        if day % 3 == 0:
            _put_away(village)


def _shop(village: Village, day: int) -> None:
    """Everybody goes to a shop twice a week, more often before a holiday."""
    people = village.people
    chance = 0.5 if day % 365 > 355 else 0.3
    for name in village.pick(people.members, chance):
        if village.get_left(name) < CAREFUL and village.dice.random() < 0.7:
            continue
        shop = village.dice.choice(people.shops)
        village.pay(name, shop, village.dice.randint(20, 150) * PAI // 10, "")


def _trade_with_neighbours(village: Village) -> None:
    """Masters mend and build; others sell eggs, honey, a lift to town."""
    people = village.people
    for name in village.pick(people.members, 0.12):
        village.pay(
            name, village.dice.choice(people.masters), village.dice.randint(3, 25) * PAI, ""
        )
    for name in village.pick(people.members, 0.07):
        other = village.dice.choice(people.members)
        village.pay(name, other, village.dice.randint(2, 12) * PAI, "")


def _pay_wages(village: Village) -> None:
    """A fifth of wages in pai, as far as the farm's account carries it."""
    workers = village.people.workers
    each = min(WAGE, village.get_left(FARM) * 8 // 10 // len(workers))
    # A transaction holds so many payments; the others are paid the next time, so the order turns.
    turned = list(workers)
    village.dice.shuffle(turned)
    for name in turned:
        village.pay(FARM, name, each, "wages")


def _restock(village: Village) -> None:
    """Shops buy from the farm, from growers and from masters; half of the rest is their living."""
    people = village.people
    growers = [name for name in people.growers if name not in village.ruined]
    for shop in people.shops:
        held = village.get_balance(shop)
        budget = max(0, held) * STOCK_SHARE // 100
        village.pay(shop, FARM, budget * 7 // 10, "flour, milk, meat")
        for grower in village.dice.sample(growers, 3):
            village.pay(shop, grower, budget // 15, "vegetables")
        for master in village.dice.sample(people.masters, 2):
            village.pay(shop, master, budget // 20, "repairs")


def _put_away(village: Village) -> None:
    """Who has plenty puts a part of it away, where it does not melt."""
    for name in village.pick(village.people.members, 0.2):
        balance = village.get_balance(name)
        if balance > SAVE_ABOVE and name not in village.people.shops:
            amount = min(balance // 3, village.get_left(name))
            if amount >= PAI:
                village.act(name, Save(amount, village.dice.choice(SAVE_DAYS)))
                village.save_left(name, amount)
