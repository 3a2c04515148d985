"""What is measured, one function a subject; each answers with figures under stable keys.

A rate that depends on the machine stands beside that of libsodium on the same machine, taken just
before and just after: the ratio says what our own code costs.
"""

import subprocess
import sys
import threading
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from nacl import bindings

from chain.block import decode_block
from chain.checks import DirectChecks
from chain.crypto import compute_hash, u64
from chain.genesis import Genesis
from chain.ledger import Ledger
from chain.leveldb import LevelStore
from chain.merkle import Tree
from chain.replay import replay
from node.mempool import Mempool
from tests.bench.town import (
    build_busy_blocks,
    build_crowd,
    build_quiet_blocks,
    build_town,
    build_transfers,
)
from tests.community import get_key

Figures = dict[str, float]


class Sizes(NamedTuple):
    """How much of everything is measured."""

    members: int = 20_000
    blocks: int = 100  # three seconds: long enough that to begin and to end is little of it
    transfers: int = 500
    quiet_blocks: int = 2_000
    runs: int = 5
    verifications: int = 4_000
    admissions: int = 5_000
    rows: int = 60_000
    crowd: int = 100_000
    warp_blocks: int = 20_000
    debts_few: int = 10_000
    debts_many: int = 500_000
    firms: int = 30_000


def measure_ceiling(threads: int, verifications: int) -> float:
    """Signatures a second that libsodium verifies through PyNaCl, with nothing beside."""
    key = get_key("bench")
    signed = bindings.crypto_sign(bytes(150), key.secret)

    def verify() -> None:
        for _ in range(verifications):
            bindings.crypto_sign_open(signed, key.public)

    workers = [threading.Thread(target=verify) for _ in range(threads)]
    began = perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return threads * verifications / (perf_counter() - began)


def measure_replay(sizes: Sizes) -> Figures:
    """Transfers a second from raw blocks to LevelDB, every check and root included."""
    genesis = build_town(sizes.members)
    blocks = build_busy_blocks(genesis, sizes.members, sizes.blocks, sizes.transfers)
    transactions = sum(len(decode_block(data).transactions) for data in blocks)
    rates, ones, twos = [], [], []
    for _ in range(sizes.runs):
        before = [measure_ceiling(threads, sizes.verifications) for threads in (1, 2)]
        rates.append(transactions / time_replay(genesis, blocks))
        after = [measure_ceiling(threads, sizes.verifications) for threads in (1, 2)]
        one, two = ((first + second) / 2 for first, second in zip(before, after, strict=True))
        ones.append(one)
        twos.append(two)
    return {
        "replay.transactions_per_second": median(rates),
        "replay.ceiling_one_thread_per_second": median(ones),
        "replay.ceiling_two_threads_per_second": median(twos),
        "replay.ratio_one_thread": median(_divide(rates, ones)),
        "replay.ratio_two_threads": median(_divide(rates, twos)),
    }


def measure_quiet_replay(sizes: Sizes) -> Figures:
    """Blocks a second when nobody pays: a header, a VRF proof, and the wheels that turn."""
    genesis = build_town(1)
    blocks = build_quiet_blocks(genesis, sizes.quiet_blocks)
    rates = [len(blocks) / time_replay(genesis, blocks) for _ in range(sizes.runs)]
    return {"replay.empty_blocks_per_second": median(rates)}


def time_replay(genesis: Genesis, blocks: list[bytes]) -> float:
    """Seconds from the first block to the last one safe on disk, in a new store."""
    with TemporaryDirectory(prefix="pai-bench-") as folder:
        store = LevelStore(Path(folder) / "ledger")
        ledger = Ledger(store, genesis)
        began = perf_counter()
        for _ in replay(ledger, blocks):
            pass
        ledger.sync()
        seconds = perf_counter() - began
        assert ledger.head.height == len(blocks)
        store.close()
    return seconds


def measure_admissions(sizes: Sizes) -> Figures:
    """Transactions a second that a node lets wait, signature verified on the spot."""
    ledger, transfers = build_transfers(build_town(sizes.members), sizes.members, sizes.admissions)
    mempool = Mempool(ledger, DirectChecks())
    slot = ledger.head.slot + 1
    began = perf_counter()
    for sealed in transfers:
        mempool.admit(sealed, slot)
    seconds = perf_counter() - began
    return {"mempool.admissions_per_second": len(transfers) / seconds}


def measure_tree(sizes: Sizes) -> Figures:
    """Microseconds a row, when a busy block's rows change in a town's tree."""
    tree = Tree()
    keys = [b"a" + compute_hash(b"bench-row", u64(index)) for index in range(sizes.rows)]
    tree.apply_update(tree.compute_update([(key, bytes(110)) for key in keys]))
    changed = min(1_500, len(keys))
    seconds = []
    for turn in range(max(sizes.runs, 2) * 4):
        first = turn * changed % (len(keys) - changed + 1)
        rows = [(key, u64(turn) * 14) for key in keys[first : first + changed]]
        began = perf_counter()
        tree.apply_update(tree.compute_update(rows))
        seconds.append(perf_counter() - began)
    return {"merkle.microseconds_per_row": median(seconds) / changed * 1e6}


def measure_memory(sizes: Sizes) -> Figures:
    """What an opened ledger of many members holds in memory, in a process of its own."""
    with TemporaryDirectory(prefix="pai-bench-") as folder:
        store = LevelStore(Path(folder) / "ledger")
        Ledger(store, build_crowd(sizes.crowd))
        store.close()
        child = subprocess.run(
            [sys.executable, "-m", "tests.bench.memory", str(Path(folder) / "ledger")],
            check=True,
            capture_output=True,
            text=True,
        )
    genesis_kib, ledger_kib = (int(word) for word in child.stdout.split())
    scale = 100_000 / sizes.crowd / 1_024
    return {
        "genesis.mib_per_100000_accounts": genesis_kib * scale,
        "ledger.mib_per_100000_accounts": ledger_kib * scale,
    }


def _divide(tops: list[float], bottoms: list[float]) -> list[float]:
    return [top / bottom for top, bottom in zip(tops, bottoms, strict=True)]
