"""The story of invoices, set-offs and chains of trades, in the community of the first story.

Twenty slots are a period. The first block of every thirty opens a window of five, if anything can
be set off.
"""

from functools import cache
from typing import Any

from tests.vectors.hashing import h, u64
from tests.vectors.producing import say
from tests.vectors.replica import CURRENT, NO_PARTS, Parts, Replica
from tests.vectors.replica_exchange import Puzzle, get_owed
from tests.vectors.replica_market import get_digest
from tests.vectors.setoff import pack_flows, solve
from tests.vectors.small_genesis import PAI, get_account
from tests.vectors.story import PEOPLE, Said, Story, show_story

LATE = 2_000  # a slot after the end
GOODS = h("vector-goods", b"a jar, a jar, a comb")
ARMAN, BELLA, CHULPAN = (get_account(name) for name in ("arman", "bella", "chulpan"))
DINARA, EGOR, FARKHAD = (get_account(name) for name in ("dinara", "egor", "farkhad"))
MILK_FOR_WORK: Said = [[0, 3, 20], [2, 5, 1], [4, 1, 4]]
BREAD_FOR_HONEY: Said = [[14, 17, 9], [16, 15, 2]]
HONEY, TEA, CHEAP, ONE_JAR = 16, 28, 29, 30  # a listing of the end, and wants
WAITING, PAINTING = 31, 27  # a chain and a delivery of the end
UNANSWERED, ENTERED, NEW = 14, 7, 15  # obligations of the end


def offer(debtor: bytes, amount: int, reference: str = "", *, clears: bool = True) -> Said:
    """An invoice that is due in period 5."""
    return [60, debtor, amount, 5, reference, None, clears]


def accept(replica: Replica, number: int, *, clears: bool = True) -> Said:
    """What accepts an invoice."""
    item = get_owed(replica)[number]
    return [61, number, item[2], item[3], clears]


def sell(good: str, unit: str, price: int, quantity: int, place: str = "") -> Said:
    """An offer, the price in pai."""
    return [74, good, unit, price * PAI, quantity, place, LATE, ""]


def seek(good: str, unit: str, price: int, quantity: int) -> Said:
    """A want, the price in pai."""
    return [75, good, unit, price * PAI, quantity, "", LATE, "спешу"]


def consent(replica: Replica, number: int) -> Said:
    """What consents to a chain that waits."""
    return [81, number, replica.rows[b"&" + u64(number)][3]]


def build_certificate(replica: Replica) -> Said:
    """The best set-off of the open window."""
    puzzle = Puzzle(replica)
    return [puzzle.interval, *pack_flows(puzzle.arcs, *solve(puzzle.arcs, puzzle.nodes))]


def with_clearing(certificate: Said) -> Parts:
    """Parts of a block: a set-off alone."""
    return (*NO_PARTS[:4], certificate)


@cache
def tell_story() -> Story:
    """Debts that run in circles, and goods that go round; in the end a window is open."""
    story = Story()
    _tell_of_invoices(story)
    _tell_of_chains(story)
    _tell_of_the_first_window(story)
    _tell_of_failures(story)
    _tell_of_credit(story)
    _tell_of_the_end(story)
    return story


def _tell_of_invoices(story: Story) -> None:
    """Offered, accepted, declined, paid in parts, written down, handed over."""
    replica = story.replica
    story.tell(1)
    story.tell(
        2,
        say(replica, "dinara", [60, EGOR, 30 * PAI, 5, "за мёд 🍯", GOODS, True]),
        say(replica, "egor", offer(ARMAN, 40 * PAI)),
        say(replica, "arman", offer(DINARA, 25 * PAI)),
        say(replica, "bella", offer(DINARA, 20 * PAI, "a fence", clears=False), offer(EGOR, PAI)),
        say(replica, "farkhad", offer(BELLA, PAI, "for nothing")),
        say(replica, "chulpan", offer(ARMAN, 3 * PAI, "never answered")),
    )
    story.tell(
        3,
        say(replica, "egor", accept(replica, 0)),
        say(replica, "arman", accept(replica, 1)),
        say(replica, "dinara", accept(replica, 2), accept(replica, 3, clears=False)),
        say(replica, "bella", [62, 5], [67, 4, False], [67, 4, True], [62, 4]),
    )
    story.tell(
        4,
        say(replica, "farkhad", [63, 3, BELLA, 5 * PAI]),
        say(replica, "bella", [64, 3, DINARA, PAI], [65, 3, EGOR], [65, 3, None]),
    )
    story.tell(5, say(replica, "bella", [65, 3, CHULPAN]))
    story.tell(6, say(replica, "dinara", [66, 3, CHULPAN], [67, 3, True]))
    story.tell(
        7,
        say(replica, "chulpan", [67, 3, True]),
        say(replica, "dinara", [68, 10 * PAI]),
        say(replica, "farkhad", [68, 2 * PAI]),
        say(replica, "egor", [68, 9 * PAI], [68, 0]),
    )


def _tell_of_chains(story: Story) -> None:
    """Milk for work for feed: by consent, by orders; refused, changed, forgotten."""
    replica = story.replica
    story.tell(
        8,
        say(replica, "dinara", sell("food/milk", "l", 7, 40), seek("farm/feed", "bag", 35, 8)),
        say(replica, "egor", sell("work/repair", "hour", 141, 2), seek("food", "l", 8, 40)),
        say(
            replica,
            "arman",
            sell("farm/feed", "bag", 35, 8, "арск"),
            seek("work", "hour", 150, 2),
        ),
    )
    story.tell(9, say(replica, "farkhad", [80, MILK_FOR_WORK, 200, None]))
    story.tell(10, *(say(replica, name, consent(replica, 6)) for name in ("egor", "arman")))
    story.tell(11, say(replica, "dinara", consent(replica, 6)))  # it happens: 7, 8 and 9 are due
    story.tell(
        12,
        say(replica, "egor", [83, 7, 5], [83, 7, 15]),
        say(replica, "arman", [78, 10 * PAI, 10 * PAI, 2, LATE]),
        say(replica, "dinara", [78, 10 * PAI, 10 * PAI, 1, LATE]),
    )
    digest = get_digest(replica, MILK_FOR_WORK, 300)
    story.tell(13, say(replica, "egor", [80, MILK_FOR_WORK, 300, digest]))  # at once: 11, 12, 13
    story.tell(
        14,
        say(replica, "bella", sell("food/bread", "loaf", 2, 50), seek("food/honey", "jar", 9, 3)),
        say(replica, "dinara", sell("food/honey", "jar", 9, 3), seek("food/bread", "loaf", 2, 9)),
        say(replica, "arman", [79]),
    )
    story.tell(15, say(replica, "farkhad", [80, BREAD_FOR_HONEY, 40, None]))
    story.tell(16, say(replica, "farkhad", [80, BREAD_FOR_HONEY, 60, None]))
    story.tell(17, say(replica, "bella", consent(replica, 18), [82, 19]))
    story.tell(
        18,
        say(replica, "bella", [76, 14, 3 * PAI, 40, 33], [77, 15]),  # so chain 18 is void
        say(replica, "egor", sell("work/repair", "hour", 10, 3)),
        say(replica, "chulpan", seek("work/repair", "hour", 12, 3)),
    )
    digest = get_digest(replica, [[20, 21, 3]], 90)
    story.tell(19, say(replica, "egor", [80, [[20, 21, 3]], 90, digest]))
    story.tell(
        20,
        say(replica, "chulpan", consent(replica, 22)),  # 23 is due
        say(replica, "egor", [78, 5 * PAI, 5 * PAI, 3, LATE]),
    )


def _tell_of_the_first_window(story: Story) -> None:
    """It is used; the second passes by, and an offer lapses."""
    replica = story.replica
    story.refuse(724, 29, with_clearing([0, b"", b"", b""]))
    story.tell(30)
    good = build_certificate(replica)
    puzzle = Puzzle(replica)
    flat = bytes(puzzle.nodes)  # every debt in full, and nothing lent
    story.refuse(720, 31, with_clearing([good[0], good[1] + b"\0", *good[2:]]))
    story.refuse(722, 31, with_clearing([good[0], flat, *_leave_free(puzzle)]))
    story.refuse(725, 31, with_clearing([good[0] + 1, *good[1:]]))
    story.tell(31, say(replica, "chulpan", [2, DINARA, PAI, "within a window"]))
    story.tell(33, parts=with_clearing(good))
    for slot in (41, 60, 64, 67):
        story.tell(slot)


def _leave_free(puzzle: Puzzle) -> list[bytes]:
    """With potentials of zero arcs back to the pool alone are free: nothing flows there."""
    free = sum(arc.cost == 0 for arc in puzzle.arcs)
    return [bytes(-(-free // 4)), b""]


def _tell_of_failures(story: Story) -> None:
    """Receipts come late or never; what is owed for that is paid, let be, and set off."""
    replica = story.replica
    story.tell(165, say(replica, "dinara", [83, 9, 4]))
    story.tell(185, say(replica, "egor", [83, 11, 10]))
    story.tell(200)
    owed = {item[15][0]: number for number, item in get_owed(replica).items() if item[15]}
    story.tell(
        201,
        say(replica, "dinara", [64, owed[13], ARMAN, 30 * PAI]),
        say(replica, "arman", [63, owed[13], DINARA, 40 * PAI]),
        say(replica, "egor", [67, owed[8], False], [67, owed[8], True]),
    )
    story.tell(202, say(replica, "arman", [63, owed[13], DINARA, 70 * PAI]))
    story.tell(220)
    story.tell(221, say(replica, "dinara", offer(ARMAN, 75 * PAI)))
    made = max(get_owed(replica))
    story.tell(222, say(replica, "arman", accept(replica, made)))


def _tell_of_credit(story: Story) -> None:
    """Who buys in a chain may owe for it, and may lend what he has borrowed."""
    replica = story.replica
    story.tell(240, say(replica, "bella", [2, ARMAN, PAI, "looked at"]))
    price = replica.rows[b"a" + BELLA][2] + 10 * PAI
    story.tell(
        241,
        say(replica, "dinara", [74, "art/painting", "one", price, 1, "", LATE, ""]),
        say(replica, "bella", [75, "art", "one", price, 1, "", LATE, ""]),
    )
    made = replica.rows[b"4" + CURRENT][0]
    legs = [[made - 2, made - 1, 1]]
    digest = get_digest(replica, legs, 260)
    story.tell(242, say(replica, "dinara", [80, legs, 260, digest]))
    story.tell(
        243,
        say(replica, "bella", consent(replica, made)),
        say(replica, "egor", offer(BELLA, 5 * PAI)),
        say(replica, "chulpan", offer(ARMAN, 2 * PAI)),
    )
    number = max(get_owed(replica)) - 1
    story.tell(244, say(replica, "bella", accept(replica, number), [68, 5 * PAI]))


def _tell_of_the_end(story: Story) -> None:
    """A last set-off, and a window that is open; somebody waits for everything."""
    replica = story.replica
    story.tell(270)
    story.tell(272, parts=with_clearing(build_certificate(replica)))
    story.tell(
        290,
        say(replica, "egor", seek("food/tea", "jar", 9, 1)),
        say(replica, "arman", seek("food/honey", "jar", 8, 1), seek("food/honey", "jar", 9, 1)),
    )
    story.tell(291, say(replica, "farkhad", [80, [[HONEY, ONE_JAR, 1]], 400, None]))
    story.tell(300)
    story.tell(301, say(replica, "egor", offer(DINARA, 2 * PAI)))
    story.tell(302, say(replica, "dinara", accept(replica, max(get_owed(replica)))))


def build_exchange() -> dict[str, Any]:
    """Genesis, transactions, blocks and roots of the story."""
    return show_story(tell_story(), PEOPLE)
