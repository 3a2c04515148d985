"""What a node pays for histories: rows that no rule asks for, written with each block."""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from chain.block import SealedBlock, decode_block
from chain.kept import INDEX
from chain.ledger import Execution, Ledger
from chain.leveldb import LevelStore
from chain.store import Store
from node.chainkeeper import ChainKeeper
from tests.bench.measures import Figures, Sizes
from tests.bench.town import TrustingChecks, build_busy_blocks, build_town


def measure_histories(sizes: Sizes) -> Figures:
    """Microseconds a transfer to commit a block, without histories and with them; their bytes."""
    genesis = build_town(sizes.members)
    data = build_busy_blocks(genesis, sizes.members, sizes.blocks, sizes.transfers)
    blocks = [decode_block(item) for item in data]
    transactions = sum(len(block.transactions) for block in blocks)
    without, with_them = list[float](), list[float]()
    index_bytes = 0
    for _ in range(sizes.runs):
        with TemporaryDirectory(prefix="pai-bench-") as folder:
            plain, kept = (LevelStore(Path(folder) / name) for name in ("plain", "kept"))
            ledger = Ledger(plain, genesis)
            without.append(_time_commits(ledger, None, blocks))
            keeper = ChainKeeper(kept, genesis, TrustingChecks())
            with_them.append(_time_commits(keeper.ledger, keeper, blocks))
            index_bytes = _count_bytes(kept)
            plain.close()
            kept.close()
    return {
        "commit.us_per_transaction": median(without) / transactions * 1e6,
        "commit.us_with_histories": median(with_them) / transactions * 1e6,
        "commit.history_bytes_per_transaction": index_bytes / transactions,
    }


def _time_commits(ledger: Ledger, keeper: ChainKeeper | None, blocks: list[SealedBlock]) -> float:
    """Seconds to commit all of them; to execute them is not counted."""
    seconds = 0.0
    for block in blocks:
        execution: Execution = ledger.execute(block, TrustingChecks())
        began = perf_counter()
        if keeper is None:
            ledger.commit(execution, block, durable=False)
        else:
            keeper.commit(execution, block, durable=False)
        seconds += perf_counter() - began
    return seconds


def _count_bytes(store: Store) -> int:
    return sum(len(key) + len(value) for key, value in store.items(INDEX))
