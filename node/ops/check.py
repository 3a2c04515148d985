"""Looks at a stopped node's home and says everything that is wrong with it. It changes nothing.

Each check answers with sentences; none is believed that another could refute: the root is computed
anew from the rows, the chain is walked from its first block to its head.
"""

import stat
from collections.abc import Callable, Iterator
from typing import Final

from chain.block import SealedBlock, decode_block
from chain.errors import Invalid
from chain.genesis import GENESIS_CODEC, Genesis, compute_chain_id
from chain.header import Header
from chain.kept import (
    Head,
    read_canonical_block,
    read_first,
    read_genesis_bytes,
    read_head,
    read_rows,
)
from chain.merkle import Tree
from chain.rules.birth import find_genesis_faults
from chain.store import Store, StoreError
from node.config import ConfigError, load_settings
from node.home import Home, HomeError, read_genesis
from node.journal import JOURNAL_NAME, read_journal
from node.keys import KEYS_NAME, has_seat, open_seat
from node.stores import FolderStores

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

Advance = Callable[[int], None]  # told of blocks walked


def check_home(home: Home, advance: Advance) -> Iterator[str]:
    """Everything that is wrong with a home whose lock is held; each finding is a sentence."""
    yield from find_file_faults(home)
    yield from find_seat_faults(home)
    try:
        genesis = read_genesis(home)
    except HomeError as error:
        yield str(error)
        return
    yield from find_genesis_faults(genesis)
    if not home.chain.is_dir():
        return  # a home before its first start
    try:
        store = FolderStores(home.chain).open()
    except StoreError as error:
        yield str(error)
        return
    try:
        yield from find_store_faults(store, genesis, advance)
    finally:
        store.close()


def find_file_faults(home: Home) -> Iterator[str]:
    """Secrets that others can read, and a configuration that cannot be."""
    secret = (home.folder, home.network_key, home.folder / KEYS_NAME, home.folder / JOURNAL_NAME)
    for path in secret:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            yield f"{path} can be read by others: 'chmod go-rwx' it"
    if home.report.exists():
        yield f"the node halted because the ledger broke a promise of its own: read {home.report}"
    try:
        load_settings(home.config, {})
    except ConfigError as error:
        yield f"{error.source}: {error.key}: {error.problem}"


def find_seat_faults(home: Home) -> Iterator[str]:
    """Keys and journal that do not belong together, or of which one is missing."""
    if not has_seat(home.folder):
        return
    try:
        open_seat(home.folder)
        read_journal(home.folder / JOURNAL_NAME)  # without it the seat begins anew, and is told so
    except HomeError as error:
        yield str(error)


def find_store_faults(store: Store, genesis: Genesis, advance: Advance) -> Iterator[str]:
    """A store of another community, rows without their root, blocks that do not follow."""
    stored = read_genesis_bytes(store)
    if stored is None:
        return  # founded at the first start
    try:
        if GENESIS_CODEC.decode(stored) != genesis:
            yield "the store holds another community than the home's genesis"
            return
        head = read_head(store)
    except Invalid as error:
        yield f"the store's own records are damaged: {error}"
        return
    if head is None:
        yield "the store has lost its head: restore it or sync anew"
        return
    tree = Tree()
    tree.apply_update(tree.compute_update(read_rows(store)))
    yield from find_chain_faults(store, genesis, head, tree.root, advance)


def find_chain_faults(
    store: Store, genesis: Genesis, head: Head, root: bytes, advance: Advance
) -> Iterator[str]:
    """Blocks that are missing, damaged or out of order, and a head with another root."""
    first = read_first(store)
    parent = compute_chain_id(genesis)
    header: Header | None = None
    for height in range(1 if first is None else first.height, head.height + 1):
        data = read_canonical_block(store, height)
        if data is None:
            yield f"block {height} is missing: restore the store or sync anew"
            return
        try:
            block = decode_block(data)
        except Invalid as error:
            yield f"block {height} is damaged: {error}"
            return
        if first is not None and height == first.height:
            parent = block.header.parent_hash  # whatever that was: nothing before it is kept
        fault = _find_order_fault(block, height, parent)
        if fault is not None:
            yield fault
            return
        parent, header = block.hash, block.header
        advance(1)
    if parent != head.hash:
        yield "the head is not the last block of the chain"
    elif header is not None and header.state_root != root:
        yield (
            f"the rows give the root {root.hex()}, the head's header has "
            f"{header.state_root.hex()}: restore the store or sync anew"
        )


def _find_order_fault(block: SealedBlock, height: int, parent: bytes) -> str | None:
    if block.header.height != height:
        return f"block {height} says that its height is {block.header.height}"
    if block.header.parent_hash != parent:
        return f"block {height} does not follow the one before it"
    return None
