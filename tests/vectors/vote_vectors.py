"""What the vectors' community decides: measures of every class, and filings that are refused."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tests.vectors.assembly import get_digest
from tests.vectors.hashing import u64
from tests.vectors.money import find_keep
from tests.vectors.producing import build_transaction, say
from tests.vectors.replica import CURRENT, Replica
from tests.vectors.small_genesis import get_account, get_policy

Said = list[Any]
JOINT: list[Any] = get_policy(2, "dinara", "dinara/phone", "egor")
LONG: Said = ["rewards", [4_000, 4_000, 1_000, 1_000]]
WELL: Said = ["resolve", "Колодец чистим в субботу."]


class Story(Protocol):
    """What is asked of a story."""

    replica: Replica

    def tell(self, slot: int, *transactions: Said) -> None:
        """One block."""
        ...


def cast(replica: Replica, name: str, votes: dict[int, bool]) -> Said:
    """A name's votes on proposals by number; dinara's account has two keys by now."""
    actions = [
        [51, number, get_digest(replica.rows[b"b" + u64(number)][0]), is_yes]
        for number, is_yes in votes.items()
    ]
    if name == "dinara":
        return build_transaction(replica, JOINT, ["dinara", "egor"], get_account(name), actions)
    return say(replica, name, *actions)


def tell_of_votes(story: Story) -> None:
    """Three file, five vote; two spendings are carried, of which the fund can pay the first."""
    replica = story.replica
    most = replica.rows[b"m" + CURRENT][6]
    gulnara, chulpan = get_account("gulnara"), get_account("chulpan")
    story.tell(
        161,
        say(
            replica,
            "bella",
            [50, ["figure", "free_units", 60]],
            [50, ["spend", "social", gulnara, most, "a pump"]],
        ),
        say(
            replica,
            "chulpan",
            [50, ["spend", "social", chulpan, most, "another pump"]],
            [50, ["sinks", [2_500, 3_000, 2_000, 2_000, 400, 100]]],
            [50, ["figure", "seats_max", 20]],
        ),
        say(
            replica,
            "arman",
            [50, ["admit", gulnara, "Village council", "RU", 0]],
            [50, WELL],
        ),
    )
    everything = dict.fromkeys(range(7), True)
    story.tell(162, cast(replica, "bella", everything), cast(replica, "egor", {0: False, 6: False}))
    story.tell(
        181,
        cast(replica, "egor", everything | {6: False}),
        cast(replica, "dinara", everything | {3: False}),
        cast(replica, "arman", dict.fromkeys((0, 1, 2, 4), True) | {6: False}),
        cast(replica, "chulpan", {3: True, 4: False, 5: True}),
    )
    for slot in (201, 221, 222, 245, 261, 262):  # counted, in force, and in the end the deep one
        story.tell(slot)


def file_late(story: Story, slot: int) -> None:
    """A grave change is decided before the story's end, and waits; so does another vote."""
    replica = story.replica
    number = replica.rows[b"w" + CURRENT][1]
    story.tell(slot, say(replica, "bella", [50, LONG]))
    voters = ("arman", "bella", "chulpan", "dinara")
    story.tell(slot + 1, *(cast(replica, name, {number: True}) for name in voters))


def refuse_votes(replica: Replica, by_egor: Callable[..., Said]) -> Iterator[tuple[int, Said]]:
    """What those who decide are refused."""
    farkhad, egor = get_account("farkhad"), get_account("egor")
    under_vote = replica.rows[b"w" + CURRENT][2][0]
    closed = replica.rows[b"w" + CURRENT][3][0][0]
    digest = get_digest(WELL)
    yield 660, say(replica, "farkhad", [50, WELL])
    yield 660, say(replica, "farkhad", [51, under_vote, digest, True])
    cases: list[tuple[int, list[Said]]] = [
        (612, [[50, ["admit", get_account("registry"), "Registry", "RU", 0]]]),
        (614, [[50, ["retire", farkhad]]]),
        (661, [[51, 99, digest, True]]),
        (662, [[51, closed, get_digest(LONG), True]]),
        (663, [[51, under_vote, get_digest(LONG), True]]),
        (664, [[50, ["resolve", f"question {number}"]] for number in range(4)]),
        (665, [[50, ["figure", "sinks", 1]]]),
        (666, [[50, ["figure", "free_units", 1_001]]]),
        (667, [[50, ["figure", "free_units", 101]]]),  # it was 50, 60 now
        (667, [[50, ["demurrage", find_keep("0.04", "4")]]]),  # there was none for a while
        (668, [[50, ["spend", "operators", egor, 1, ""]]]),
        (669, [[50, ["spend", "reserve", egor, 10**12, ""]]]),
    ]
    for code, actions in cases:
        yield code, by_egor(*actions)
