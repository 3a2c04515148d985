"""The story of the vectors' community, block by block, and what its ledger must refuse."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from tests.vectors.hashing import build_proof, compute_state_root, h
from tests.vectors.packing import pack
from tests.vectors.producing import build_transaction, collect, say
from tests.vectors.replica import Replica
from tests.vectors.replica_identity import get_guardians_hash, get_recovery_message
from tests.vectors.small_genesis import (
    PAI,
    build_seat_keys,
    get_account,
    get_policy,
    get_public,
    sign,
)
from tests.vectors.story import PEOPLE, Said, Story, show_story
from tests.vectors.vote_vectors import JOINT, WELL, file_late, refuse_votes, tell_of_votes

GUARDIANS: list[Any] = get_policy(2, "zifa", "timur", "uldan")
SALT = h("vector-salt", b"egor")


@cache
def tell_story() -> Story:
    """Births, savings, seats, keys, a stranger who leaves and comes back, and pauses between."""
    story = Story()
    replica = story.replica
    arman, dinara, egor = get_account("arman"), get_account("dinara"), get_account("egor")
    newcomer = get_account("gulnara")
    story.tell(1)
    story.tell(3, say(replica, "dinara", [2, egor, 12_345_678, "за мёд 🍯"]))
    story.tell(
        4,
        say(replica, "egor", [2, newcomer, PAI, ""], [2, newcomer, 1, "dust"], via=arman),
        say(replica, "dinara", [3, 100 * PAI, 3], [4, 1, 5]),
    )
    story.tell(21, say(replica, "farkhad", [2, newcomer, 50 * PAI, ""]))
    story.tell(22, say(replica, "gulnara", [2, dinara, 30 * PAI, "first spend"]))
    story.tell(23, say(replica, "egor", [20, build_seat_keys("egor", replica.chain)]))
    story.tell(30, say(replica, "egor", [3, 200 * PAI, 10], [21, 0, 150 * PAI]))
    finality, late_acks, roll_call = _tell_what_seats_say(story)
    story.tell(
        37,
        say(replica, "dinara", [5, 0, 15 * PAI], [6, JOINT]),
        parts=(finality, None, None, None, None),
    )
    both = ["dinara", "egor"]
    story.tell(
        38,
        build_transaction(replica, JOINT, both, dinara, [[2, arman, 7 * PAI, "two keys"]]),
        parts=(None, late_acks, roll_call, None, None),
    )
    story.tell(57, say(replica, "egor", [22, 1]))
    rest = replica.rows[b"a" + get_account("farkhad")][2]
    story.tell(
        58,
        say(replica, "farkhad", [2, egor, rest - 3 * 10_000, "all of it"]),
        say(replica, "arman", [2, newcomer, 9, "an account melts to nothing"]),
    )
    for slot in (59, 61, 75, 80, 96, 100, 140, 141, 160):
        story.tell(slot)
    tell_of_votes(story)
    story.tell(700)  # a long pause: epochs without blocks, deposits long due, an account forgotten
    for slot in range(701, 716):
        story.tell(slot)
    story.tell(716, say(replica, "egor", [2, get_account("farkhad"), 2 * PAI, "born again"]))
    story.tell(717, say(replica, "farkhad", [2, egor, PAI, "from the first number on"]))
    story.tell(718, say(replica, "egor", [3, 50 * PAI, 90]))
    story.tell(719, say(replica, "arman", [22, 0]))
    _tell_of_identity(story)
    story.tell(
        840,
        say(replica, "arman", [2, egor, PAI, "looked at"]),
        say(replica, "bella", [50, WELL]),
    )
    held = replica.rows[b"a" + arman][2]
    story.tell(841, say(replica, "arman", [2, egor, held + 20 * PAI, "on credit"]))
    story.tell(860, say(replica, "farkhad", [2, arman, 5 * PAI, "a debt does not melt"]))
    return story


def attest(name: str, tag_of: str, until: int, kind: str = "person") -> list[Any]:
    """An authority's statement: that a name's account is the person of a tag."""
    commitment, tag = h("vector-person", name.encode()), h("vector-tag", tag_of.encode())
    return [30, get_account(name), kind, "RU", commitment, tag, until]


def start_recovery(replica: Replica, name: str, new: str, salt: bytes | None = None) -> list[Any]:
    """What two of three guardians agree to: the key of another name for a name's account."""
    account, policy, salt = get_account(name), get_policy(1, new), salt or SALT
    started: int = replica.rows.get(b"y" + account, [0] * 4)[3]
    message = get_recovery_message(replica.chain, account, started, policy)
    signatures = sorted(
        [GUARDIANS[1].index(get_public(guardian)), sign(guardian, message)]
        for guardian in ("zifa", "timur")
    )
    return [8, account, GUARDIANS, salt, policy, signatures]


def _tell_of_identity(story: Story) -> None:
    """Newcomers are attested, one moves, names change, and lost keys come back."""
    replica = story.replica
    ivan, egor = get_account("ivan"), get_account("egor")
    guardians = [7, get_guardians_hash(GUARDIANS, SALT), 3, 2]

    def by_registry(*actions: list[Any]) -> Said:
        return say(replica, "registry", *actions)

    firm = attest("farkhad", "firm", 900, "firm")
    later = say(replica, "egor", [2, get_account("farkhad"), 20 * PAI, "for later"])
    story.tell(720, later, by_registry(attest("ivan", "ivan", 2_000), firm))
    story.tell(
        722,
        say(replica, "ivan", [15, "иван-да-марья", 0], guardians),
        say(replica, "egor", guardians),
    )
    story.tell(725, say(replica, "farkhad", [15, "farkhad", PAI]))
    story.tell(741, by_registry([31, ivan, h("vector-person", b"ivan, renewed"), 3_000]))
    story.tell(745, by_registry([32, ivan], attest("jamila", "ivan", 2_500)))
    story.tell(747, say(replica, "egor", [15, "egor", 0]), say(replica, "farkhad", [16]))
    story.tell(760, say(replica, "farkhad", start_recovery(replica, "egor", "egor/new")))
    story.tell(763, say(replica, "egor", [9]))
    story.tell(765, say(replica, "farkhad", start_recovery(replica, "egor", "egor/newer")))
    story.tell(770, say(replica, "egor", [7, None, 0, 0]))
    file_late(story, 781)
    story.tell(826, say(replica, "arman", [10, egor]))
    newer = get_policy(1, "egor/newer")
    again = [15, "egor-2", PAI]
    story.tell(827, build_transaction(replica, newer, ["egor/newer"], egor, [again]))
    story.tell(829, build_transaction(replica, newer, ["egor/newer"], egor, [guardians]))
    story.tell(830, say(replica, "farkhad", start_recovery(replica, "egor", "egor")))
    story.tell(831, build_transaction(replica, newer, ["egor/newer"], egor, [[9]]))
    story.tell(833, say(replica, "farkhad", start_recovery(replica, "egor", "egor/found")))


def _tell_what_seats_say(story: Story) -> tuple[list[Any], list[Any], list[Any]]:
    """Of the head, after seven blocks: the heaviest two ack it at once, the third later.

    At the roll-call of slot 35 the third stands on the genesis, the others on the block of slot 23.
    """
    chain, entries = story.replica.chain, story.replica.rows[b"v" + b"current"][2]
    order = sorted(entries, key=lambda entry: entry[4])
    last, first = order[0][0], [entry[0] for entry in order[1:]]
    ack = ["ack", chain, chain, 36, 0, story.head, 7]
    seats = [entry[0] for entry in entries]
    finality = [ack, *collect(seats, first, story.names, b"pai/vote/1", lambda _: ack)]
    late_acks = [36, *collect(seats, [last], story.names, b"pai/vote/1", lambda _: ack)]
    bonded = story.replica.rows[b"B" + b"current"][0]
    story.names[get_account("egor")] = "egor"  # bonded, though not yet in the set
    heads = []
    others = [seat for seat in bonded if seat != last]
    for head, standing in sorted(((chain, [last]), (story.hashes[6], others))):
        said = collect(
            bonded, standing, story.names, b"pai/here/1", partial(_stand_on, chain, head)
        )
        heads.append([head, *said])
    return [None, finality], late_acks, [35, heads]


def _stand_on(chain: bytes, head: bytes, seat: bytes) -> list[Any]:
    return [chain, seat, 35, head]


def build_chain() -> dict[str, Any]:
    """Genesis, transactions, blocks and roots of the story."""
    return show_story(tell_story(), (*PEOPLE, "gulnara", "ivan", "jamila"))


def build_tree() -> list[dict[str, Any]]:
    """Sets of rows with their roots, and proofs that a row is or is not among them."""
    cases = []
    for count in (0, 1, 2, 3, 16, 100):
        rows = {b"key %d" % number: b"value %d" % number * 3 for number in range(count)}
        asked = [b"key 0", b"key %d" % (count - 1), b"nobody", b"key 7"]
        proofs = []
        for key in dict.fromkeys(asked):
            value = rows.get(key)
            proof = build_proof(rows, key)
            proofs.append(
                {
                    "key": key.hex(),
                    "value": None if value is None else value.hex(),
                    "proof": pack(proof).hex(),
                }
            )
        cases.append(
            {
                "rows": {key.hex(): value.hex() for key, value in rows.items()},
                "root": compute_state_root(rows.items()).hex(),
                "proofs": proofs,
            }
        )
    return cases


def _refuse_identity(replica: Replica, by_egor: Callable[..., Said]) -> Iterator[tuple[int, Said]]:
    """What authorities, guardians and seekers of names are refused."""
    many = [attest(f"sybil {number}", f"sybil {number}", 9_000) for number in range(50)]
    hadija, later = get_account("hadija"), replica.slot + 100
    for code, actions in (
        (602, [attest("egor", "egor", later)]),
        (603, [[31, hadija, bytes(32), later]]),
        (603, [[32, hadija]]),
        (604, [[32, get_account("dinara")], [32, get_account("dinara")]]),
        (605, [attest("hadija", "hadija", replica.slot)]),
        (606, [*many, attest("hadija", "hadija", later)]),
        (608, [attest("hadija", "arman", later)]),
        (609, [attest("hadija", "bella", later)]),
        (615, [attest("hadija", "firm", later, "firm")]),
        (620, [start_recovery(replica, "arman", "arman/new")]),
        (621, [start_recovery(replica, "ivan", "ivan/new", bytes(32))]),
        (624, [start_recovery(replica, "egor", "egor/new")]),
        (644, [[15, "registrar", PAI - 1]]),
    ):  # fmt: skip
        yield code, say(replica, "registry", *actions, fee_max=50 * PAI)
    yield 600, by_egor(attest("hadija", "hadija", later))
    yield 623, by_egor([7, bytes(32), 2, 0])
    yield 625, say(replica, "arman", [9])
    yield 626, by_egor([10, get_account("egor")])
    yield 627, by_egor([9])
    yield 640, by_egor([15, "Egor", PAI])
    yield 641, by_egor([15, "админ", PAI])
    yield 642, by_egor([15, "egor-2", PAI])
    yield 643, say(replica, "arman", [16])


def build_refused() -> list[dict[str, Any]]:
    """Transactions that the ledger at the end of the story refuses in the next slot, and why."""
    replica = tell_story().replica
    egor, farkhad = get_account("egor"), get_account("farkhad")
    newcomer, jamila = get_account("hadija"), get_account("jamila")
    pay: list[Any] = [2, farkhad, 1, ""]
    keys = build_seat_keys("gulnara", replica.chain)

    newer = get_policy(1, "egor/newer")

    def by_egor(*actions: list[Any], **changes: Any) -> Said:
        return build_transaction(replica, newer, ["egor/newer"], egor, list(actions), **changes)

    def sign_wrongly(transaction: Said, signatures: list[list[Any]]) -> Said:
        return [transaction[0], signatures]

    good = by_egor(pay)
    sequence = good[0][2]
    one_key = get_policy(1, "egor")
    cases: list[tuple[int, Said]] = [
        (201, by_egor(pay, version=2)),
        (202, say(replica, "hadija", pay)),
        (203, by_egor(pay, sequence=sequence - 1)),
        (204, by_egor(pay, sequence=sequence + 1)),
        (205, by_egor(pay, valid_until_slot=replica.slot)),
        (206, by_egor(pay, valid_until_slot=replica.slot + 302)),
        (207, by_egor(pay, ref=bytes(16))),
        (208, by_egor(pay, via=farkhad)),
        (209, sign_wrongly(good, [[1, good[1][0][1]]])),
        (209, sign_wrongly(good, [*good[1], [1, good[1][0][1]]])),
        (210, by_egor(pay, chain=bytes(32))),
        (210, build_transaction(replica, [1, [get_public("dinara")]], ["dinara"], egor, [pay])),
        (211, say(replica, "jamila", pay, reveal=False)),
        (212, build_transaction(replica, one_key, ["egor"], jamila, [[1, one_key], pay])),
        (213, by_egor([1, one_key], pay)),
        (214, say(replica, "farkhad", pay, fee_max=29_999)),
        (301, by_egor([2, farkhad, 10**12, ""])),
        (302, by_egor([2, newcomer, PAI - 1, ""])),
        (303, by_egor([2, egor, 1, ""])),
        (310, by_egor([43, 0])),
        (313, by_egor([40, PAI, 10, [[10, 1]], "", None, 0])),
        (316, by_egor([40, PAI, 10, [], "", egor, 1])),
        (320, by_egor([42, 0])),
        (328, by_egor([45, farkhad, 1])),
        (401, by_egor([3, PAI, 2])),
        (402, by_egor(*[[3, PAI, 3]] * 32, fee_max=5 * PAI)),
        (403, by_egor([3, PAI - 1, 3])),
        (404, by_egor([5, 77, 1])),
        (405, by_egor([5, 2, 50 * PAI + 1])),
        (406, say(replica, "arman", [5, 0, 1])),
        (501, say(replica, "gulnara", [20, keys])),
        (502, by_egor([20, build_seat_keys("egor", replica.chain)])),
        (503, say(replica, "farkhad", [22, 0])),
        (508, by_egor([22, 2])),
        *_refuse_identity(replica, by_egor),
        *refuse_votes(replica, by_egor),
    ]  # fmt: skip
    return [{"code": code, "transaction": pack(said).hex()} for code, said in cases]
