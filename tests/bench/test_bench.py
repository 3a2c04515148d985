"""The bench runs, on little of everything, and names its figures as it promises. No times here."""

from typing import get_args

import pytest

from chain.actions import (
    Action,
    CompleteRecovery,
    GrantLoan,
    Pay,
    PayClaim,
    ReleaseNotice,
    ReplaceSeatKeys,
    ReturnLoan,
    Takeover,
)
from chain.block import decode_block
from tests.bench.__main__ import measure_all
from tests.bench.measures import Sizes
from tests.bench.mixed import build_mixed_blocks, build_mixed_town
from tests.bench.proofs import SEATS

SMALL = Sizes(
    members=60,
    blocks=3,
    transfers=40,
    quiet_blocks=6,
    runs=1,
    verifications=20,
    admissions=40,
    rows=400,
    crowd=300,
    warp_blocks=200,
    debts_few=200,
    debts_many=400,
    firms=300,
)

KEYS = {
    "machine.python",
    "machine.processor",
    "machine.cores",
    "replay.transactions_per_second",
    "replay.ceiling_one_thread_per_second",
    "replay.ceiling_two_threads_per_second",
    "replay.ratio_one_thread",
    "replay.ratio_two_threads",
    "replay.empty_blocks_per_second",
    "replay_mixed.transactions_per_second",
    "replay_mixed.ratio_one_thread",
    "commit.us_per_transaction",
    "commit.us_with_histories",
    "commit.history_bytes_per_transaction",
    "merkle.microseconds_per_row",
    "mempool.admissions_per_second",
    *(f"certificate.{figure}_{seats}" for figure in ("bytes", "check_ms") for seats in SEATS),
    *(
        f"proof.{figure}_{seats}"
        for figure in ("hand_off_bytes", "account_bytes", "check_ms")
        for seats in SEATS
    ),
    "warp.blocks",
    "warp.seconds",
    "warp.blocks_replayed",
    *(
        f"clearing.{figure}_per_obligation"
        for figure in ("verify_us", "enter_us", "apply_us", "root_us", "certificate_bytes")
    ),
    *(
        f"clearing.{figure}_{size}"
        for figure in ("obligations", "solve_seconds", "potentials_seconds", "apply_seconds")
        for size in ("few", "many")
    ),
    *(
        f"liquidity.{figure}"
        for figure in ("net_debt_percent", "cleared_percent_alone", "cleared_percent_quarter_lent")
    ),
    "genesis.mib_per_100000_accounts",
    "ledger.mib_per_100000_accounts",
}


def test_the_bench_measures_what_it_promises(capsys: pytest.CaptureFixture[str]) -> None:
    facts = measure_all(SMALL)
    assert set(facts) == KEYS
    assert all(value > 0 for value in facts.values() if isinstance(value, float))
    printed = capsys.readouterr().out
    assert all(key in printed for key in KEYS)


def test_the_mixed_load_is_of_all_kinds_and_mostly_of_payments() -> None:
    members = 400
    blocks = build_mixed_blocks(build_mixed_town(members), members, blocks=6, transfers=100)
    transactions = [item.body for data in blocks for item in decode_block(data).transactions]
    kinds = [type(action) for body in transactions for action in body.actions]
    assert kinds.count(Pay) * 10 >= len(transactions) * 6
    # What needs a vote first, a delay of days, or a seat that serves stays out.
    waiting = {CompleteRecovery, GrantLoan, ReturnLoan, PayClaim, Takeover, ReplaceSeatKeys}
    assert set(get_args(Action)) - set(kinds) == waiting | {ReleaseNotice}
