"""Imports blocks into a store and says each height when it is committed, until somebody kills it.

``python -m tests.contract.ledger_import FOLDER CHAIN``: CHAIN is a file of a genesis and blocks.
"""

import sys
from pathlib import Path

import msgspec

from chain.genesis import GENESIS_CODEC
from chain.ledger import Ledger
from chain.leveldb import LevelStore
from chain.replay import replay

Chain = tuple[bytes, list[bytes]]


def write_chain(path: Path, chain: Chain) -> None:
    """Keep a genesis and blocks in a file."""
    path.write_bytes(msgspec.msgpack.encode(chain))


def read_chain(path: Path) -> Chain:
    """What ``write_chain`` kept."""
    chain: Chain = msgspec.msgpack.decode(path.read_bytes(), type=Chain)
    return chain


def main(folder: Path, path: Path) -> None:
    """Import what the store does not have yet."""
    genesis, blocks = read_chain(path)
    ledger = Ledger(LevelStore(folder), GENESIS_CODEC.decode(genesis))
    for replayed in replay(ledger, blocks[ledger.head.height :]):
        print(replayed.block.header.height, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
