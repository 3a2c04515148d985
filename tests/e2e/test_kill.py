"""A slice of the run behind ``make kill``: a few deaths, a late joiner, a pause, all stopped.

Invariant: whatever dies and whenever, no seat makes two blocks in a slot, no block that every
server had is lost, and all servers reach one root, which an auditor confirms.
"""

from pathlib import Path

import pytest

from chain.actions import Pay
from chain.store import MemoryStore
from node.audit.checks_chain import find_double_blocks
from tests.community import PAI, Community, get_account_id
from tests.e2e.kill_run import run_all

SEED = 20_100_401
KILLS = 4
PAUSE_EPOCHS = 0.3


@pytest.mark.slow
def test_servers_that_die_come_back_and_nothing_is_lost(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    verdict, kills = run_all(KILLS, PAUSE_EPOCHS, SEED, print, tmp_path)
    assert verdict.problems == []
    assert len(kills) == KILLS
    assert verdict.acknowledged > 20
    assert verdict.headers >= verdict.height > 20


def test_the_check_for_second_blocks_finds_one() -> None:
    """The canary: a seat that lost its journal and signed the same slot again."""
    community = Community(store=MemoryStore())
    first = community.extend()
    community.ledger.undo()
    second = community.extend([community.sign("ann", Pay(get_account_id("boris"), PAI, "instead"))])
    assert (first.header.seat, first.header.slot) == (second.header.seat, second.header.slot)
    headers = [(block.hash, block.header) for block in (first, second)]
    assert len(list(find_double_blocks(headers))) == 1
