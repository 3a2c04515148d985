"""Opens the ledger in a folder and says what that added to the process, in KiB.

Two numbers on one line: the genesis, and the ledger opened on it. A process of its own, so that
nothing else is counted.
"""

import sys
from pathlib import Path

from chain.genesis import GENESIS_CODEC
from chain.kept import read_genesis_bytes
from chain.ledger import Ledger
from chain.leveldb import LevelStore


def get_rss_kib() -> int:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("Linux tells VmRSS")


def main(folder: Path) -> None:
    """Measure and print."""
    store = LevelStore(folder)
    start = get_rss_kib()
    data = read_genesis_bytes(store)
    assert data is not None, "the ledger was founded"
    genesis = GENESIS_CODEC.decode(data)
    del data
    with_genesis = get_rss_kib()
    ledger = Ledger(store, genesis)
    print(with_genesis - start, get_rss_kib() - with_genesis)
    assert ledger.genesis is genesis
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
