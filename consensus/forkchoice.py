"""Which chain to follow: of the branches above what is justified, the one with most score.

The tree knows facts of headers only; bodies and execution are elsewhere. The same blocks and the
same root in any order give the same choice. What can no longer matter is pruned, so memory stays
bounded.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Natural, Record
from chain.header import PRIMARY, RANK_MAX, SECONDARY, BlockHash
from chain.policy import AccountId

SCORE_PRIMARY: Final = 2
SCORE_SECONDARY: Final = 1
REFUSED_REMEMBERED_MAX: Final = 4_096  # each cost a seat a signature; forgotten, it is tried again


class Recorded(Record, frozen=True):
    """The newest finality that a chain has on record: whose set, and of which round."""

    set: BlockHash
    round: Natural


NOTHING_RECORDED: Final = Recorded(bytes(32), 0)


class BlockFacts(Record, frozen=True):
    """What consensus needs of a block. ``draw`` is the VRF output, which breaks ties.

    ``base``: the newest hand-off strictly above it. ``hands_off``: its children have another set.
    ``lock_round`` and ``lock_hash``: the highest justification its author knew. ``recorded``: the
    finality that its own body puts on record.
    """

    hash: BlockHash
    parent: BlockHash
    slot: Natural
    height: Natural
    seat: AccountId
    kind: Annotated[int, Meta(ge=PRIMARY, le=SECONDARY)]
    rank: Annotated[int, Meta(ge=0, le=RANK_MAX)]
    draw: bytes
    base: BlockHash = bytes(32)
    hands_off: bool = False
    lock_round: Natural = 0
    lock_hash: BlockHash = bytes(32)
    recorded: Recorded | None = None


# Smaller is better: a total order, since the hash comes last.
Preference = tuple[int, int, int, bytes, BlockHash]


def get_gain(facts: BlockFacts) -> int:
    """What a block adds to the score of its chain."""
    return SCORE_PRIMARY if facts.kind == PRIMARY else SCORE_SECONDARY


def get_preference(facts: BlockFacts, score: int) -> Preference:
    """Most score; then the lower slot, primaries first, the lower draw or rank, the lower hash."""
    draw = facts.draw if facts.kind == PRIMARY else bytes((facts.rank,))
    return (-score, facts.slot, facts.kind, draw, facts.hash)


class Tree:
    """Blocks we hold, each above its parent, from one root or several anchors on our own chain.

    A block that was refused is remembered and takes its descendants with it.
    """

    __slots__ = (
        "_authored",
        "_best",
        "_children",
        "_executed",
        "_facts",
        "_recorded",
        "_refused",
        "_root",
        "_rooted",
        "_scores",
        "_size_bytes",
        "_sizes",
        "_standing",
        "_standing_on",
    )

    def __init__(self, root: BlockFacts, score: int, recorded: Recorded = NOTHING_RECORDED) -> None:
        self._facts: dict[BlockHash, BlockFacts] = {}
        self._scores: dict[BlockHash, int] = {}
        self._children: dict[BlockHash, dict[BlockHash, None]] = {}  # as ordered sets
        self._authored: dict[tuple[AccountId, int], int] = {}
        self._refused: dict[BlockHash, None] = {}
        self._sizes: dict[BlockHash, int] = {}  # of blocks that came, not of anchors
        self._size_bytes = 0
        self._recorded: dict[BlockHash, Recorded] = {}  # on the chain up to a block, itself too
        self._executed: set[BlockHash] = set()
        self._root: tuple[BlockHash, int] | None = None  # what is followed descends from it
        self._rooted: set[BlockHash] = set()  # the root and what descends from it
        # What was last found to stand on a block: asked after every event, and while finality
        # stands still it is a long way down.
        self._standing_on: tuple[BlockHash, int] | None = None
        self._standing: set[BlockHash] = set()
        self._best = root.hash
        self.add_anchor(root, score, recorded)

    def restart(self, root: BlockFacts, score: int, recorded: Recorded = NOTHING_RECORDED) -> None:
        """Begin anew on another root; what was refused stays refused."""
        for kept in (
            self._facts,
            self._scores,
            self._children,
            self._authored,
            self._sizes,
            self._recorded,
            self._executed,
            self._rooted,
            self._standing,
        ):
            kept.clear()
        self._size_bytes = 0
        self._best = root.hash
        self.add_anchor(root, score, recorded)

    def __contains__(self, block_hash: BlockHash) -> bool:
        return block_hash in self._facts

    def __len__(self) -> int:
        return len(self._facts)

    def is_larger(self, limit: int, limit_bytes: int) -> bool:
        """Whether there are more blocks than that, or more bytes of bodies that came for them."""
        return len(self) > limit or self._size_bytes > limit_bytes

    def get(self, block_hash: BlockHash) -> BlockFacts | None:
        """The facts of a block in the tree."""
        return self._facts.get(block_hash)

    def get_score(self, block_hash: BlockHash) -> int:
        """The score of the chain that ends in a block of the tree."""
        return self._scores[block_hash]

    def get_size(self, block_hash: BlockHash) -> int:
        """The bytes of a block's body; 0 of an anchor."""
        return self._sizes.get(block_hash, 0)

    def count_authored(self, seat: AccountId, slot: int) -> int:
        """How many blocks of one slot the tree has of a seat; an honest seat makes one."""
        return self._authored.get((seat, slot), 0)

    def is_refused(self, block_hash: BlockHash) -> bool:
        """Whether the block, or one it stands on, was refused."""
        return block_hash in self._refused

    def add_anchor(
        self, facts: BlockFacts, score: int, recorded: Recorded = NOTHING_RECORDED
    ) -> None:
        """Put in a block of our own chain below the tree, for a branch that forks off there."""
        if facts.hash not in self._facts:
            self._standing_on = None  # where the tree ended it goes on
            self._put(facts, score, facts.recorded or recorded)
            self._executed.add(facts.hash)

    def add(self, facts: BlockFacts, size_bytes: int = 0) -> bool:
        """Put a block above its parent, which is in the tree. False: it can never be followed."""
        parent = self._facts.get(facts.parent)
        if self.is_refused(facts.hash) or self.is_refused(facts.parent):
            self._remember_refused(facts.hash)
            return False
        assert parent is not None, "a block enters the tree above its parent"
        if facts.hash in self._facts:
            return True
        if facts.height != parent.height + 1 or facts.slot <= parent.slot:
            self._remember_refused(facts.hash)
            return False
        recorded = facts.recorded or self._recorded[facts.parent]
        self._put(facts, self._scores[facts.parent] + get_gain(facts), recorded)
        self._sizes[facts.hash] = size_bytes
        self._size_bytes += size_bytes
        return True

    def find_best(self) -> BlockFacts:
        """The block to follow: the best of those that descend from the root."""
        return self._facts[self._best]

    def set_root(self, block_hash: BlockHash, height: int) -> None:
        """Follow nothing from now on that does not descend from this block.

        A block below the tree's own lowest binds nothing in it: our chain has it. While the block
        is not held and might come, the root stays what it was.
        """
        if self._root == (block_hash, height):
            return
        if block_hash in self._facts:
            bottoms = [block_hash]
        else:
            *_, bottom = self.climb_down(self._best)
            if bottom.height <= height:
                return
            bottoms = [item.hash for item in self._get_bottoms() if item.height > height]
        self._root = (block_hash, height)
        self._rooted = set(bottoms)
        for item in bottoms:
            self._rooted.update(facts.hash for facts in self.get_above(item))
        self._find_best_again()

    def get_root(self) -> BlockHash | None:
        """What is followed descends from it; None: nothing was justified yet."""
        return self._root[0] if self._root else None

    def descends(self, block_hash: BlockHash, ancestor: BlockHash, height: int) -> bool:
        """Whether a block is the other, of that height, or stands above it.

        Where the tree ends above the ancestor our own chain goes on, which has it.
        """
        if self._standing_on != (ancestor, height):
            self._standing_on, self._standing = (ancestor, height), set()
        way: list[BlockHash] = []
        facts = self._facts.get(block_hash)
        while facts is not None and facts.hash not in self._standing:
            if facts.height <= height:
                if facts.hash != ancestor:
                    return False
                break
            way.append(facts.hash)
            facts = self._facts.get(facts.parent)
        self._standing.update(way)
        return bool(way) or facts is not None

    def mark_executed(self, block_hash: BlockHash) -> None:
        """The rules have let this block and all below it pass."""
        for item in self.climb_down(block_hash):
            if item.hash in self._executed:
                return
            self._executed.add(item.hash)

    def is_executed(self, block_hash: BlockHash) -> bool:
        """Whether the block once stood on the chain that is followed."""
        return block_hash in self._executed

    def get_recorded(self, block_hash: BlockHash) -> Recorded:
        """The newest finality on record on the chain that ends in a block of the tree."""
        return self._recorded[block_hash]

    def climb_down(self, block_hash: BlockHash) -> Iterator[BlockFacts]:
        """A block and those below it, down to where the tree ends."""
        facts = self._facts.get(block_hash)
        while facts is not None:
            yield facts
            facts = self._facts.get(facts.parent)

    def get_above(self, block_hash: BlockHash) -> list[BlockFacts]:
        """The blocks that stand above one of the tree, each after its parent."""
        found: list[BlockFacts] = []
        waiting = list(self._children.get(block_hash, ()))
        while waiting:
            current = waiting.pop(0)
            found.append(self._facts[current])
            waiting.extend(self._children.get(current, ()))
        return found

    def find_after(self, slot: int) -> list[BlockFacts]:
        """The blocks that are dated after a slot, each after its parent."""
        later = [item for item in self._facts.values() if item.slot > slot]
        return sorted(later, key=attrgetter("height"))

    def take_out(self, blocks: list[BlockFacts]) -> None:
        """Take out blocks that stand under none but each other; they may come again."""
        self._remove(blocks)

    def refuse(self, block_hash: BlockHash) -> list[BlockFacts]:
        """Take out a block that the rules refused, and all above it; returns what was in."""
        removed = []
        waiting = [block_hash]
        while waiting:
            current = waiting.pop()
            self._remember_refused(current)
            if current in self._facts:
                removed.append(self._facts[current])
                waiting.extend(self._children.get(current, ()))
        self._remove(removed)
        return removed

    def forget_refused(self) -> None:
        """Let blocks that were refused come again."""
        self._refused.clear()

    def prune(
        self,
        head: BlockHash,
        horizon_slot: int,
        chain_slot: int,
        limit: int,
        limit_bytes: int,
        final: tuple[BlockHash, int] | None = None,
    ) -> list[BlockFacts]:
        """Forget what can no longer matter; returns the blocks of side branches that went.

        Side branches go when their tip is older than the horizon, and the worst of them when there
        are more than ``limit`` blocks, or ``limit_bytes`` of bodies, and those that do not stand on
        the final block. Of the chain below ``head`` what is older than ``chain_slot`` goes, up to
        where something parts from it: the ledger has it.
        """
        safe = {item.hash for item in self.climb_down(head)}
        safe.update(item.hash for item in self.climb_down(self._best))
        removed: list[BlockFacts] = []
        tips = [item for item in self._facts.values() if not self._children.get(item.hash)]
        for tip in sorted(tips, key=self._get_preference, reverse=True):
            is_dead = final is not None and final[0] in self and not self.descends(tip.hash, *final)
            if not (is_dead or tip.slot < horizon_slot or self.is_larger(limit, limit_bytes)):
                continue
            removed.extend(self._remove_branch(tip.hash, safe))
        self._drop_bare_root(head, chain_slot)
        return removed

    def _remove_branch(self, tip: BlockHash, safe: set[BlockHash]) -> list[BlockFacts]:
        removed = []
        for item in list(self.climb_down(tip)):
            if item.hash in safe or self._children.get(item.hash):
                break
            self._remove([item])
            removed.append(item)
        return removed

    def _drop_bare_root(self, head: BlockHash, chain_slot: int) -> None:
        """Shorten the chain below the head; a branch that parts from it keeps what it stands on."""
        for current in list(self.climb_down(head))[:0:-1]:
            if current.slot >= chain_slot or len(self._children[current.hash]) != 1:
                return
            self._remove([current])

    def _get_bottoms(self) -> list[BlockFacts]:
        """The blocks whose parents are not in the tree."""
        return [item for item in self._facts.values() if item.parent not in self._facts]

    def _put(self, facts: BlockFacts, score: int, recorded: Recorded) -> None:
        self._facts[facts.hash] = facts
        self._scores[facts.hash] = score
        self._recorded[facts.hash] = recorded
        author = facts.seat, facts.slot
        self._authored[author] = self._authored.get(author, 0) + 1
        self._children.setdefault(facts.parent, {})[facts.hash] = None
        if self._root is not None:
            if facts.parent not in self._rooted and not self._is_new_root(facts):
                return
            self._rooted.add(facts.hash)
            if self._best not in self._rooted:
                self._best = facts.hash
        if self._get_preference(facts) < self._get_preference(self._facts[self._best]):
            self._best = facts.hash

    def _is_new_root(self, facts: BlockFacts) -> bool:
        """Whether it is the root, or an anchor on our own chain above it."""
        assert self._root is not None
        block_hash, height = self._root
        is_anchor = facts.parent not in self._facts and facts.height > height
        return facts.hash == block_hash or is_anchor

    def _remove(self, blocks: list[BlockFacts]) -> None:
        for facts in blocks:
            del self._facts[facts.hash]
            del self._scores[facts.hash]
            del self._recorded[facts.hash]
            self._executed.discard(facts.hash)
            self._rooted.discard(facts.hash)
            self._standing.discard(facts.hash)
            self._size_bytes -= self._sizes.pop(facts.hash, 0)
            self._authored[facts.seat, facts.slot] -= 1
            if not self._authored[facts.seat, facts.slot]:
                del self._authored[facts.seat, facts.slot]
            siblings = self._children[facts.parent]
            del siblings[facts.hash]
            if not siblings:
                del self._children[facts.parent]
        if self._best not in self._facts:
            self._find_best_again()

    def _find_best_again(self) -> None:
        """Of what descends from the root; of all, while nothing does."""
        candidates = [self._facts[item] for item in self._rooted] or list(self._facts.values())
        best = min(candidates, key=self._get_preference, default=None)
        assert best is not None, "the chain we follow is never refused as a whole"
        self._best = best.hash

    def _get_preference(self, facts: BlockFacts) -> Preference:
        return get_preference(facts, self._scores[facts.hash])

    def _remember_refused(self, block_hash: BlockHash) -> None:
        self._refused[block_hash] = None
        if len(self._refused) > REFUSED_REMEMBERED_MAX:
            del self._refused[next(iter(self._refused))]
