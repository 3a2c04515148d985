"""Snapshots that a running node has ready for those who begin: the newest, and the one before.

One is laid out whenever the final block has moved far enough, in small pieces while the node does
its work. It lies in a store of its own beside the chain, so the chain may go on, be replaced or
end; half of one is cleared away at the next start.
"""

from collections.abc import Generator
from typing import Final, NamedTuple

from chain.codec import encode
from chain.header import BlockHash, compute_block_hash
from chain.kept import read_rows_at
from chain.ledger import Ledger
from chain.proof import HandOff, SetList, Target
from chain.snapshot import SNAPSHOT_VERSION, Outline, Part, list_places
from chain.store import Store, StoreError
from node.certified import read_hand_offs, read_list, read_target
from node.shelf import finish_shelf, lay_out, name_shelf, read_outline, read_part
from node.stores import Stores

SHELF_EVERY_BLOCKS: Final = 2_048  # what a newcomer replays at most: some two seconds
SHELVES_KEPT: Final = 2  # whoever is reading the older one can finish


class _Kept(NamedTuple):
    """A whole snapshot: of which block, and where its parts are."""

    outline: Outline
    store: Store
    block_hash: BlockHash
    prefixes: frozenset[str]


def _build_kept(outline: Outline, store: Store) -> _Kept:
    header = outline.target.header
    places = list_places(header.state_root, outline.splits)
    prefixes = frozenset(place.prefix for place in places)
    return _Kept(outline, store, compute_block_hash(encode(header)), prefixes)


class Shelves:
    """Keeps them, and implements p2p's ``Shelf``."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._kept: dict[str, _Kept] = {}
        for name in stores.list_shelves():
            store = stores.open_shelf(name)
            outline = read_outline(store)
            if outline is None:
                store.close()
                stores.drop_shelf(name)
            else:
                self._kept[name] = _build_kept(outline, store)
        self._drop_old()

    def find_due(self, ledger: Ledger) -> Target | None:
        """The final block of which a snapshot should be laid out now."""
        target = find_target(ledger)
        if target is None or target.header.height < self._get_newest() + SHELF_EVERY_BLOCKS:
            return None
        return target

    def lay_out(self, ledger: Ledger, target: Target) -> Generator[None, None, None]:
        """Lay a snapshot out, in pieces of some milliseconds.

        The rows are those of the moment of the first piece. Raises StoreError.
        """
        header = target.header
        block_hash = compute_block_hash(encode(header))
        name = name_shelf(header.height, block_hash)
        rows = read_rows_at(ledger.store, header.height)
        store = self._stores.open_shelf(name)
        is_whole = False
        try:
            splits = yield from lay_out(store, rows)
            outline = Outline(SNAPSHOT_VERSION, target, splits)
            finish_shelf(store, outline)
            is_whole = True
        finally:
            if not is_whole:
                store.close()
                self._stores.drop_shelf(name)
        self._kept[name] = _build_kept(outline, store)
        self._drop_old()

    def close(self) -> None:
        """Give the stores back."""
        for kept in self._kept.values():
            kept.store.close()
        self._kept.clear()

    def get_outline(self) -> Outline | None:
        """The newest snapshot's."""
        return self._kept[max(self._kept)].outline if self._kept else None

    def get_part(self, block_hash: BlockHash, prefix: str) -> Part | None:
        """A part of the snapshot of a block, if that is here and has it.

        Only places of parts are looked at: another prefix might have all the rows below it.
        """
        for kept in self._kept.values():
            if kept.block_hash == block_hash and prefix in kept.prefixes:
                try:
                    return read_part(kept.store, prefix)
                except StoreError:
                    return None
        return None

    def _get_newest(self) -> int:
        outline = self.get_outline()
        return 0 if outline is None else outline.target.header.height

    def _drop_old(self) -> None:
        for name in sorted(self._kept)[:-SHELVES_KEPT]:
            self._kept.pop(name).store.close()
            self._stores.drop_shelf(name)


def find_target(ledger: Ledger) -> Target | None:
    """The newest final block, if the state after it can still be read."""
    target = read_target(ledger.store)
    if target is None or not ledger.can_return_to(target.header.height):
        return None
    return target


def read_way(store: Store, set_hash: BlockHash, limit: int) -> tuple[SetList, list[HandOff]] | None:
    """A set's list and the hand-offs that lead on from it, as peers ask for them."""
    entries = read_list(store, set_hash)
    return None if entries is None else (entries, list(read_hand_offs(store, set_hash, limit)))
