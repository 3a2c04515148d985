"""Sets of seats and what they certify, for tests of proofs: real keys, headers of any shape.

Everything follows from the arguments.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from chain.block import NO_PARTS, BlockParts, SealedBlock
from chain.certificates import Finality, Justification, compute_set_root, pack_bits
from chain.codec import encode
from chain.crypto import KeyPair, compute_hash, sign, u32
from chain.header import HEADER_VERSION, SECONDARY, Header, compute_block_hash
from chain.ledger import Ledger
from chain.proof import Checkpoint, FinalityProof, HandOff, Target, build_start
from chain.records import FinalityRecord
from chain.rules.sets import find_set, get_recorded
from chain.tables import CURRENT, SetEntry
from chain.transaction import SealedTransaction
from chain.votes import Ack, Prevote, get_vote_message
from node.chainkeeper import ChainKeeper
from tests.community import Community, get_key

CHAIN = compute_hash(b"test-chain")


class Seats(NamedTuple):
    """A set's list by seat id, and the vote keys in that order."""

    entries: tuple[SetEntry, ...]
    keys: tuple[KeyPair, ...]


def build_seats(names: Sequence[str], weight: int = 10) -> Seats:
    """A set of made-up seats."""
    pairs = []
    for name in names:
        key = get_key(f"{name}/vote")
        others = [compute_hash(b"test-key", f"{name}/{role}".encode()) for role in "sv"]
        seat = compute_hash(b"test-seat", name.encode())
        pairs.append((SetEntry(seat, key.public, others[0], others[1], weight), key))
    pairs.sort(key=lambda pair: pair[0].seat)
    return Seats(tuple(entry for entry, _ in pairs), tuple(key for _, key in pairs))


def get_seats(ledger: Ledger, names: dict[bytes, str]) -> Seats:
    """The set of a test community's ledger."""
    entries = ledger.state.sets.require(CURRENT).entries
    return Seats(entries, tuple(get_key(f"{names[entry.seat]}/vote") for entry in entries))


def build_header(chain: bytes, height: int, base: bytes, next_set: Seats | None = None) -> Header:
    """A header of no block, in the slot of twice its height."""
    return Header(
        version=HEADER_VERSION,
        chain=chain,
        height=height,
        slot=2 * height,
        parent_hash=compute_hash(b"test-parent", u32(height)),
        seat=bytes(32),
        kind=SECONDARY,
        rank=0,
        vrf_proof=bytes(80),
        base=base,
        next_set_root=None if next_set is None else compute_set_root(next_set.entries),
        lock_round=0,
        lock_hash=base,
        state_root=compute_hash(b"test-root", u32(height)),
        body_root=compute_hash(b"test-body", u32(height)),
    )


def build_prevote(header: Header, *, level: int = 0) -> Prevote:
    """What honest seats of the header's set prevote of its block, in the round after its slot."""
    target = compute_block_hash(encode(header))
    return Prevote(
        header.chain,
        header.base,
        header.slot + 1,
        level,
        header.base,
        0,
        target,
        header.height,
    )


def build_ack(header: Header, *, level: int = 0) -> Ack:
    """What they ack in that round."""
    prevote = build_prevote(header, level=level)
    return Ack(
        prevote.chain,
        prevote.set,
        prevote.round,
        level,
        prevote.target_hash,
        prevote.target_height,
    )


def justify(seats: Seats, body: Prevote, signers: Sequence[int] | None = None) -> Justification:
    """A justification by these seats, by number; by all unless told."""
    places = range(len(seats.keys)) if signers is None else signers
    message = get_vote_message(body)
    return Justification(
        body,
        pack_bits([place in places for place in range(len(seats.keys))]),
        tuple(sign(seats.keys[place], message) for place in places),
    )


def finalise(seats: Seats, body: Ack, signers: Sequence[int] | None = None) -> Finality:
    """The same of acks."""
    places = range(len(seats.keys)) if signers is None else signers
    message = get_vote_message(body)
    return Finality(
        body,
        pack_bits([place in places for place in range(len(seats.keys))]),
        tuple(sign(seats.keys[place], message) for place in places),
    )


def build_target(seats: Seats, header: Header, *, level: int = 0) -> Target:
    """A header and the acks of its set."""
    return Target(header, finalise(seats, build_ack(header, level=level)))


def build_hand_off(old: Seats, new: Seats, header: Header, *, level: int = 0) -> HandOff:
    """A hand-off block with both certificates of the old set, and the new one's list."""
    header = replace(header, next_set_root=compute_set_root(new.entries))
    return HandOff(
        header,
        justify(old, build_prevote(header, level=level)),
        finalise(old, build_ack(header, level=level)),
        new.entries,
    )


class Way(NamedTuple):
    """A start, and a proof that leads on from it over hand-offs to a last block."""

    trusted: Checkpoint
    proof: FinalityProof
    seats: tuple[Seats, ...]


def build_way(sets: Sequence[Seats], *, levels: Sequence[int] = ()) -> Way:
    """A proof through these sets from a made-up genesis; the last one certifies its end."""
    trusted = build_start(CHAIN, compute_hash(b"test-root", u32(0)), sets[0].entries)
    levels = levels or [0] * len(sets)
    base, steps = CHAIN, []
    for number, (old, new) in enumerate(pairwise(sets), start=1):
        step = build_hand_off(
            old, new, build_header(CHAIN, 10 * number, base), level=levels[number - 1]
        )
        steps.append(step)
        base = compute_block_hash(encode(step.header))
    target = build_target(sets[-1], build_header(CHAIN, 10 * len(sets), base), level=levels[-1])
    proof = FinalityProof(1, sets[0].entries, tuple(steps), target, (), None)
    return Way(trusted, proof, tuple(sets))


class FinalChain:
    """A community whose blocks are final as soon as they may be recorded, by all of its seats.

    Its sets hand over whenever that is due.
    """

    def __init__(self, community: Community, keeper: ChainKeeper | None = None) -> None:
        """With a keeper of the community's own ledger: it keeps the blocks."""
        self.community = community
        self._keeper = keeper
        self.blocks: list[SealedBlock] = []
        self.hand_offs = 0

    def extend(self, transactions: Iterable[SealedTransaction] = ()) -> SealedBlock:
        """The next block; it records the newest block that may be recorded, if any may be."""
        community = self.community
        height = community.ledger.head.height + 1
        parts = self.build_parts() if height % 8 == 0 else NO_PARTS
        block, execution = community.build_block(transactions, parts=parts)
        if self._keeper is None:
            community.ledger.commit(execution, block, durable=False)
        else:
            self._keeper.commit(execution, block, durable=False)
        self.note(block)
        return block

    def note(self, block: SealedBlock) -> None:
        """Take note of a block that the community has made."""
        self.blocks.append(block)
        self.hand_offs += block.header.next_set_root is not None

    def build_parts(self) -> BlockParts:
        """What the next block may record if its height or slot lets it: the head, or a hand-off."""
        ledger = self.community.ledger
        if not self.blocks:
            return NO_PARTS
        current = ledger.seat_set
        target = self.blocks[-1]
        recorded = get_recorded(ledger.state)
        if recorded.target_slot < current.base_slot:  # the hand-off to the present set comes first
            target = next(block for block in self.blocks if block.hash == current.base)
        elif current.base == target.hash:
            return NO_PARTS  # a hand-off is recorded by blocks of the new set that follow it
        seats = self._get_seats(target.header.base)
        ack = build_ack(target.header)
        prevote = None
        if target.header.next_set_root is not None:
            prevote = justify(seats, build_prevote(target.header))
        return BlockParts(finality=FinalityRecord(prevote, finalise(seats, ack)))

    def _get_seats(self, base: bytes) -> Seats:
        row = find_set(self.community.ledger.state, base)
        entries = self.community.ledger.seat_set.entries if row is None else row.entries
        names = self.community.seat_names
        return Seats(entries, tuple(get_key(f"{names[entry.seat]}/vote") for entry in entries))
