"""Where chains of hand-offs part is found however long ago, and what shows who did it is shown."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from msgspec.structs import replace

from chain.certificates import Finality, Justification, compute_set_root
from chain.codec import encode
from chain.crypto import u64
from chain.header import compute_block_hash
from chain.kept import CANON, INDEX
from chain.proof import HandOff
from chain.records import FinalityRecord
from chain.store import MemoryStore
from chain.votes import Ack, Prevote
from consensus.conflicts import is_named, take_up_conflict
from consensus.effects import KeepCertificate, TellConflict
from consensus.events import CertificateSeen
from consensus.sets import build_voters
from node.certified import build_hand_off_rows, read_sets
from node.clock import GenesisClock
from node.decided import (
    WITNESSES_READ_MAX,
    find_witnesses,
    forget_witnesses,
    keep_conflict,
    keep_witnesses,
    read_conflict,
)
from node.effects import compare_with_end, handle, perform
from node.parting import PATIENCE_SLOTS
from node.votes import hear_progress, take_finality, take_shown
from p2p.view import Misbehaviour, WayShown, WitnessesShown
from p2p.wire import Progress
from p2p.wire_votes import (
    WITNESSES_MAX,
    FinalityAnswer,
    WitnessesAnswer,
    WitnessesRequest,
)
from p2p.wire_warp import HandOffsAnswer, HandOffsRequest
from tests.community import CONSTANTS, Community, get_account_id
from tests.unit.test_judges import PEER
from tests.unit.test_node_votes import SEATS, Box
from tests.unit.test_reorganisation import LateClock

ONE_SIDE, OTHER_SIDE = SEATS[1:], SEATS[:3]
GUILTY = tuple(sorted(map(get_account_id, SEATS[1:3])))
Answer = Callable[[HandOffsRequest], HandOffsAnswer | None]


def run(test: Callable[[Box], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(await Box().open())

    trio.run(main)


def build_step(
    box: Box, base: bytes, height: int, salt: bytes = b"", names: tuple[str, ...] = SEATS
) -> HandOff:
    """A hand-off of this set to the same seats, by these."""
    entries = box.core.ledger.seat_set.entries
    header = replace(
        box.bench.blocks[0].header,
        height=height,
        slot=height,
        base=base,
        parent_hash=bytes(32 - len(salt)) + salt,
        next_set_root=compute_set_root(entries),
    )
    block_hash, chain = compute_block_hash(encode(header)), box.core.ledger.chain
    prevote = Prevote(chain, base, height + 1, 0, base, height - 1, block_hash, height)
    ack = Ack(chain, base, height + 1, 0, block_hash, height)
    justification, finality = box.certify(prevote, names), box.certify(ack, names)
    assert isinstance(justification, Justification)
    assert isinstance(finality, Finality)
    return HandOff(header, justification, finality, entries)


def get_next(step: HandOff) -> bytes:
    return compute_block_hash(encode(step.header))


def build_way(box: Box, count: int, parts_at: int | None = None) -> list[HandOff]:
    """So many hand-offs from the genesis; from one of them on they are others."""
    steps: list[HandOff] = []
    base = box.core.ledger.chain
    for number in range(count):
        is_other = parts_at is not None and number >= parts_at
        names = OTHER_SIDE if is_other else ONE_SIDE
        steps.append(build_step(box, base, 10 * number + 10, b"x" * is_other, names))
        base = get_next(steps[-1])
    return steps


def settle(box: Box, steps: list[HandOff]) -> None:
    """Let the node have come this way, long ago."""
    genesis_time = box.core.ledger.genesis.genesis_time
    box.owner.clock = GenesisClock(LateClock(genesis_time), genesis_time, 1)
    rows = [row for step in steps for row in build_hand_off_rows(step)]
    box.core.ledger.store.write(rows, durable=False)
    last = steps[-1]
    voters = build_voters(get_next(last), last.header.slot, last.header.height, last.entries)
    box.owner.consensus.gadget.voters = voters
    box.owner.consensus.gadget.sets[voters.base] = voters


def answer_by(box: Box, steps: list[HandOff]) -> Answer:
    """What a peer answers that has come this way."""

    def answer(question: HandOffsRequest) -> HandOffsAnswer:
        sets = [box.core.ledger.chain, *map(get_next, steps)]
        if question.set not in sets:
            return HandOffsAnswer(None, ())
        following = steps[sets.index(question.set) :][:32]
        return HandOffsAnswer(steps[0].entries, tuple(following))

    return answer


async def search(box: Box, claimed: bytes, answer: Answer, base_slot: int = 0) -> int:
    """Let a peer tell its status again and again; returns how much it was asked."""
    for count in range(64):
        box.bench.outside.asked.clear()
        await hear_progress(box.owner, PEER, Progress(claimed, base_slot, 5, 5, False))
        asked = [it for _, it in box.bench.outside.asked if isinstance(it, HandOffsRequest)]
        if not asked:
            return count
        await take_shown(box.owner, WayShown(PEER, answer(asked[0])))
    raise AssertionError("it is asked for ever")


@pytest.mark.parametrize("parts_at", [0, 1, 7, 38, 39, 70, 98, 99])
def test_where_hand_offs_part_is_found_with_few_questions(parts_at: int) -> None:
    async def check(box: Box) -> None:
        ours, theirs = build_way(box, 100), build_way(box, 120, parts_at)
        settle(box, ours)
        asked = await search(box, get_next(theirs[-1]), answer_by(box, theirs))
        gadget = box.owner.consensus.gadget
        assert gadget.conflict == (ours[parts_at].finality, theirs[parts_at].finality)
        assert asked <= 14
        assert gadget.guilty == GUILTY, "both pairs came along"
        assert box.bench.outside.blamed == []

    run(check)


def test_who_goes_our_way_or_knows_nothing_is_left_alone() -> None:
    async def check(box: Box) -> None:
        ours, gadget = build_way(box, 20), box.owner.consensus.gadget
        settle(box, ours)
        further, stranger = build_way(box, 25), build_way(box, 25, 3)
        assert await search(box, get_next(ours[4]), answer_by(box, ours[:5])) == 0, "it is behind"
        assert await search(box, get_next(ours[-1]), answer_by(box, ours)) == 0
        assert await search(box, get_next(further[-1]), answer_by(box, further)) == 1
        assert await search(box, bytes(32), lambda _: HandOffsAnswer(None, ())) <= 6
        assert await search(box, bytes(31) + b"y", lambda _: None) == 1, "it does not answer"
        new_slot = box.owner.clock.get_slot() - PATIENCE_SLOTS + 1
        answer = answer_by(box, stranger)
        assert await search(box, get_next(stranger[-1]), answer, new_slot) == 0, "it may come yet"
        assert gadget.conflict is None
        assert box.bench.outside.blamed == []
        forged = [replace(step, finality=ours[0].finality) for step in stranger]
        await search(box, get_next(stranger[-1]), answer_by(box, forged))
        assert gadget.conflict is None
        assert box.bench.outside.blamed == [(PEER, Misbehaviour.INVALID)]

    run(check)


def test_a_finality_of_a_set_that_is_over_is_compared_with_our_chain() -> None:
    async def check(box: Box) -> None:
        ours, chain = build_way(box, 6), box.core.ledger.chain
        settle(box, ours)
        own, gadget = box.bench.blocks[1], box.owner.consensus.gadget

        async def show(block_hash: bytes, height: int) -> bool:
            """A block says so on record, with a justification as if that were a hand-off."""
            prevote = Prevote(chain, chain, 30, 0, chain, 0, block_hash, height)
            ack = Ack(chain, chain, 30, 0, block_hash, height)
            justification, finality = box.certify(prevote), box.certify(ack)
            assert isinstance(justification, Justification)
            assert isinstance(finality, Finality)
            record = FinalityRecord(justification, finality)
            await compare_with_end(box.owner, record, hands_over=False)
            return gadget.conflict is not None

        assert not await show(own.hash, own.header.height)
        assert not await show(get_next(ours[0]), ours[0].header.height)
        assert not await show(bytes(32), 5), "of this height nothing is known here"
        assert not await show(bytes(32), own.header.height), "we have no blocks up to the hand-off"
        end = CANON + u64(ours[0].header.height), get_next(ours[0])
        box.core.ledger.store.write([end], durable=False)
        assert await show(bytes(32), own.header.height)
        gadget.conflict = None
        assert await show(bytes(32), ours[0].header.height + 5), "above the end of the set"

    run(check)


def test_hand_offs_that_others_show_never_take_the_place_of_ours() -> None:
    async def check(box: Box) -> None:
        ours, theirs = build_way(box, 6), build_way(box, 9, 2)
        settle(box, ours)
        before = dict(box.core.ledger.store.items(INDEX))
        await take_finality(box.owner, PEER, FinalityAnswer(tuple(theirs), None, None))
        further = build_way(box, 8)
        assert dict(box.core.ledger.store.items(INDEX)) == before
        await take_finality(box.owner, PEER, FinalityAnswer(tuple(further), None, None))
        sets = read_sets(box.core.ledger.store, box.core.ledger.chain)
        assert sets == [box.core.ledger.chain, *map(get_next, further)]

    run(check)


def build_witness(box: Box, round_: int, source: int, salt: int = 0) -> Justification:
    body = box.build_prevote(round=round_, source_round=source, target_hash=bytes([salt]) * 32)
    justification = box.certify(body, OTHER_SIDE)
    assert isinstance(justification, Justification)
    return justification


def test_justifications_are_kept_for_as_long_as_bonds_are_and_found_by_what_they_skip() -> None:
    async def check(box: Box) -> None:
        store, chain = MemoryStore(), box.core.ledger.chain
        before, of_round, over, above = (
            build_witness(box, 4, 3),
            build_witness(box, 5, 4, 1),
            build_witness(box, 9, 3, 2),
            build_witness(box, 12, 9),
        )
        keep_witnesses(store, (before, of_round, over, above))
        assert find_witnesses(store, chain, 5) == [of_round, over]
        assert find_witnesses(store, bytes(32), 5) == []
        many = [build_witness(box, 20 + number, 1) for number in range(WITNESSES_MAX + 3)]
        keep_witnesses(store, many)
        assert find_witnesses(store, chain, 15) == many[:WITNESSES_MAX]
        far = [
            build_witness(box, 100 + number, 99 + number) for number in range(WITNESSES_READ_MAX)
        ]
        keep_witnesses(store, [*far, build_witness(box, 900, 1)])
        assert find_witnesses(store, chain, 100) == far[:1], "no more is read for a stranger"
        await perform(box.owner, [KeepCertificate(over)])
        assert box.core.get_witnesses(WitnessesRequest(chain, 5)) == WitnessesAnswer((over,))

    run(check)
    c = Community()
    kept_slots = CONSTANTS.unbonding_periods * CONSTANTS.slots_per_period
    c.extend(after=kept_slots + 100)
    body = Prevote(c.chain, c.chain, 50, 0, c.chain, 0, bytes(32), 1)
    old = Justification(body, b"", ())
    young = replace(old, body=replace(body, round=c.ledger.head.slot - kept_slots))
    keep_witnesses(c.ledger.store, (old, young))
    forget_witnesses(c.ledger)
    assert find_witnesses(c.ledger.store, c.chain, 1) == [young]


def test_what_peers_show_is_checked_named_by_and_shown_on() -> None:
    async def check(box: Box) -> None:
        chain, gadget = box.core.ledger.chain, box.owner.consensus.gadget
        first = box.certify(box.build_ack(round=5), ONE_SIDE)
        second = box.certify(box.build_ack(round=9, target_hash=bytes(32)), OTHER_SIDE)
        good, question = build_witness(box, 8, 3), WitnessesRequest(chain, 5)
        await take_shown(box.owner, WitnessesShown(PEER, question, WitnessesAnswer((good,))))
        assert not gadget.guilty, "nothing contradicts itself"
        take_up_conflict(gadget, first, second, ())
        for bad in (
            build_witness(box, 8, 7),
            replace(good, signatures=(bytes(64), *good.signatures[1:])),
            replace(good, bits=b"\x01", signatures=good.signatures[:1]),
        ):
            await take_shown(box.owner, WitnessesShown(PEER, question, WitnessesAnswer((bad,))))
        assert isinstance(first, Finality)
        unasked = WitnessesAnswer((), (first,))
        await take_shown(box.owner, WitnessesShown(PEER, question, unasked))
        assert box.bench.outside.blamed == [(PEER, Misbehaviour.INVALID)] * 4
        assert gadget.guilty == ()
        await take_shown(box.owner, WitnessesShown(PEER, question, WitnessesAnswer((good,))))
        assert gadget.guilty == GUILTY
        assert is_named(gadget)
        assert box.core.get_witnesses(WitnessesRequest(chain, 5)).justifications == (good,)

    run(check)


def test_a_start_looks_on_the_disk_for_who_did_it() -> None:
    async def check(box: Box) -> None:
        first = box.certify(box.build_ack(round=5), ONE_SIDE)
        second = box.certify(box.build_ack(round=9, target_hash=bytes(32)), OTHER_SIDE)
        witness = build_witness(box, 8, 3)
        keep_witnesses(box.core.ledger.store, (witness,))
        keep_conflict(box.core.ledger.store, TellConflict(first, second, ()))
        await box.core._task._take_up_decided()
        gadget = box.owner.consensus.gadget
        assert not is_named(gadget)
        while box.owner.pending:
            await handle(box.owner, box.owner.pending.popleft())
        assert (gadget.guilty, is_named(gadget)) == (GUILTY, True)
        assert read_conflict(box.core.ledger.store) == TellConflict(first, second, GUILTY)

    run(check)


def test_who_says_that_decisions_part_is_asked_for_them_and_compared_with() -> None:
    async def check(box: Box) -> None:
        chain, gadget = box.core.ledger.chain, box.owner.consensus.gadget
        own = box.bench.blocks[1]
        ours = box.certify(box.build_ack(round=3), ONE_SIDE)
        theirs = box.certify(box.build_ack(round=3, target_hash=bytes(32)), OTHER_SIDE)
        assert isinstance(ours, Finality)
        assert isinstance(theirs, Finality)
        await handle(box.owner, CertificateSeen(box.owner.clock.get_ms(), ours))
        assert gadget.final.hash == own.hash
        parted = Progress(chain, 0, 3, 3, contradicted=True)
        await hear_progress(box.owner, PEER, replace(parted, contradicted=False))
        question = WitnessesRequest(None, 0)
        assert (PEER, question) not in box.bench.outside.asked
        await hear_progress(box.owner, PEER, parted)
        assert (PEER, question) in box.bench.outside.asked
        forged = replace(theirs, signatures=(bytes(64), *theirs.signatures[1:]))
        strange = replace(theirs, body=replace(theirs.body, set=bytes(32)))
        for bad in (forged, strange):  # nobody can say of a strange set's that it does not hold
            shown = WitnessesShown(PEER, question, WitnessesAnswer((), (bad,)))
            await take_shown(box.owner, shown)
            assert gadget.conflict is None
        assert box.bench.outside.blamed == [(PEER, Misbehaviour.INVALID)]
        shown = WitnessesShown(PEER, question, WitnessesAnswer((), (theirs,)))
        await take_shown(box.owner, shown)
        assert gadget.conflict == (ours, theirs)
        assert gadget.guilty == GUILTY, "two acks of a round"
        assert box.core.get_witnesses(question) == WitnessesAnswer((), (ours, theirs))
        box.bench.outside.asked.clear()
        await hear_progress(box.owner, PEER, parted)
        assert box.bench.outside.asked == [], "it is known"

    run(check)
