"""What the ledger at the end of the story of exchange refuses, one case a code at least."""

from collections.abc import Iterator
from typing import Any

from tests.vectors.exchange_vectors import (
    ARMAN,
    BELLA,
    CHEAP,
    CHULPAN,
    DINARA,
    EGOR,
    ENTERED,
    HONEY,
    LATE,
    NEW,
    ONE_JAR,
    PAINTING,
    TEA,
    UNANSWERED,
    WAITING,
    consent,
    offer,
    seek,
    tell_story,
)
from tests.vectors.hashing import h, u64
from tests.vectors.packing import pack
from tests.vectors.producing import say
from tests.vectors.replica import CURRENT, Replica
from tests.vectors.replica_exchange import LENDERS, get_window
from tests.vectors.small_genesis import PAI
from tests.vectors.story import Said

LENDERS_MAX, LISTINGS_MAX = 512, 100
PERIODS_28, PERIODS_360 = 28 * 20, 360 * 20
Case = tuple[int, str, list[Said]]


def build_refused_exchange() -> list[dict[str, Any]]:
    """Transactions that are refused in the next slot; ``rows`` are put in place first."""
    story = tell_story()
    replica = story.replica
    cases: list[dict[str, Any]] = [
        {"code": code, "transaction": pack(say(replica, name, *actions, fee_max=50 * PAI)).hex()}
        for code, name, actions in (
            *_refuse_obligations(replica),
            *_refuse_listings(replica),
            *_refuse_chains(replica),
        )
    ]
    lenders = (h("vector-lender", u64(number)) for number in range(LENDERS_MAX))
    many = [[account, PAI, 0, 0, 0, 0] for account in sorted(lenders)]
    crowded = {b"z" + CURRENT: [*get_window(replica)[:LENDERS], many]}
    busy = {b"@" + CHULPAN: [None, LISTINGS_MAX, *[0] * 9]}
    for code, action, rows in ((726, [68, PAI], crowded), (731, seek("art", "one", 1, 1), busy)):
        cases.append(
            {
                "code": code,
                "transaction": pack(say(replica, "chulpan", action)).hex(),
                "rows": {key.hex(): pack(row).hex() for key, row in rows.items()},
            }
        )
    return cases


def build_refused_blocks() -> list[dict[str, Any]]:
    """Blocks that are refused for their set-off, after so many blocks of the story."""
    return tell_story().refused


def _refuse_obligations(replica: Replica) -> Iterator[Case]:
    new = 2 * PAI
    yield 700, "arman", [[63, 999, EGOR, 1]]
    yield 701, "egor", [offer(EGOR, PAI)]
    yield 702, "egor", [offer(ARMAN, 2**40 + 1)]
    yield 703, "farkhad", [offer(ARMAN, PAI)] * 21
    yield 704, "arman", [[63, UNANSWERED, CHULPAN, 1]]
    yield 705, "dinara", [[61, UNANSWERED, CHULPAN, new, True]]
    yield 705, "dinara", [[64, NEW, DINARA, 1]]
    yield 705, "chulpan", [[65, NEW, BELLA]]
    yield 706, "arman", [[61, UNANSWERED, CHULPAN, new + 1, True]]
    yield 706, "dinara", [[63, NEW, ARMAN, 1]]
    yield 707, "dinara", [[63, NEW, EGOR, new + 1]]
    yield 707, "egor", [[64, NEW, DINARA, new + 1]]
    yield 708, "arman", [[61, UNANSWERED, CHULPAN, new, True]]
    yield 709, "dinara", [[66, NEW, CHULPAN]]
    yield 723, "arman", [[64, ENTERED, EGOR, 1]]
    yield 723, "chulpan", [[63, ENTERED, ARMAN, 1]]
    yield 727, "arman", [[68, PAI - 1]]
    yield 727, "arman", [[68, 10**12]]


def _refuse_listings(replica: Replica) -> Iterator[Case]:
    later = replica.slot + 1
    dear = [74, "art", "one", 2**38, 5, "", LATE, ""]
    yield 730, "egor", [dear]
    yield 730, "egor", [[*seek("art", "one", 1, 1)[:6], later + PERIODS_360 + 1, ""]]
    yield 730, "egor", [[*seek("art", "one", 1, 1)[:6], replica.slot, ""]]
    yield 732, "dinara", [[77, 999]]
    yield 733, "egor", [[77, HONEY]]
    yield 734, "arman", [[78, 2**62, 0, 1, LATE]]
    yield 734, "arman", [[78, 1, 1, 1, later + PERIODS_360 + 1]]
    yield 735, "arman", [[79]]
    yield 736, "egor", [[78, 1, 1, 1, LATE]]


def _refuse_chains(replica: Replica) -> Iterator[Case]:
    legs, later = [[HONEY, ONE_JAR, 1]], replica.slot + 1
    agreed = consent(replica, WAITING)

    def propose(*other: Said) -> list[Said]:
        return [[80, list(other), later + 9, None]]

    yield 732, "farkhad", propose([ONE_JAR, HONEY, 1])
    yield 737, "farkhad", propose(*legs, *legs)
    yield 738, "farkhad", propose([HONEY, 17, 1])
    yield 739, "farkhad", propose([HONEY, TEA, 1])
    yield 740, "farkhad", propose([HONEY, CHEAP, 1])
    yield 741, "farkhad", propose([HONEY, ONE_JAR, 2])
    yield 742, "farkhad", propose(*legs) * 64
    yield 743, "farkhad", [[80, legs, later + PERIODS_28 + 1, None]]
    yield 744, "arman", [[81, 999, agreed[2]]]
    yield 745, "arman", [[81, WAITING, bytes(32)]]
    yield 745, "arman", [[80, legs, later, bytes(32)]]
    yield 746, "chulpan", [agreed]
    yield 746, "chulpan", [[82, WAITING]]
    yield 747, "dinara", [agreed, agreed]
    yield 748, "bella", [[83, 999, 1]]
    yield 749, "dinara", [[83, PAINTING, 1]]
    yield 750, "bella", [[83, PAINTING, 2]]
