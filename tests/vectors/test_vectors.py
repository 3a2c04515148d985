"""The golden vectors hold for the ledger, and writing them again gives the same files."""

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chain import vrf
from chain.actions import Reveal
from chain.address import decode_address, encode_address
from chain.block import decode_block
from chain.checks import DirectChecks
from chain.codec import Codec, encode
from chain.crypto import build_key_pair, is_signed
from chain.errors import Code, Invalid
from chain.facts import Enacted
from chain.genesis import GENESIS_CODEC, compute_chain_id
from chain.header import PRIMARY
from chain.kept import read_rows
from chain.ledger import Ledger
from chain.merkle import Proof, Tree, verify_proof
from chain.parameters import KeepSegment
from chain.policy import Policy, compute_account_id
from chain.rules.lottery import get_alpha
from chain.rules.payments import build_account
from chain.rules.randomness import compute_randomness
from chain.rules.settlement import compute_decayed, get_due_step, get_touched
from chain.rules.transactions import get_claims, process_transaction
from chain.store import MemoryStore
from chain.tables import CURRENT, Deposit
from chain.transaction import compute_transaction_id, decode_transaction
from tests.vectors.generate import build_files

FOLDER = Path(__file__).parent
NAMES = (
    "addresses", "chain", "credit", "demurrage", "early_returns", "exchange", "exchange_refused",
    "exchange_refused_blocks", "refused", "setoff", "settlement", "tree",
)  # fmt: skip


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def get_schedule(segments: list[list[Any]]) -> tuple[KeepSegment, ...]:
    return tuple(
        KeepSegment(start, None if keep is None else int(keep)) for start, keep in segments
    )


def test_writing_again_gives_the_same_files() -> None:
    files = build_files()
    assert set(files) == {f"{name}.json" for name in NAMES}
    for name, text in files.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, name


def test_the_generator_asks_none_of_the_ledgers_code() -> None:
    for path in FOLDER.glob("*.py"):
        if not path.name.startswith("test_") and path.name != "refusals.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"^(from|import) chain\b", text, re.MULTILINE), path.name


@pytest.mark.parametrize("case", load("demurrage"), ids=lambda case: case["name"])
def test_demurrage(case: dict[str, Any]) -> None:
    schedule = (KeepSegment(0, int(case["keep"])),)
    assert len(case["remains"]) > 80
    for remains in case["remains"]:
        got = compute_decayed(int(remains["balance"]), schedule, 0, remains["steps"])
        assert got == int(remains["after"]), remains


@pytest.mark.parametrize(
    ("keep", "rate", "steps"),
    [
        (18_428_297_329_635_842_064, "0.001", "1"),
        (18_445_975_090_838_185_197, "0.001", "24"),
        (18_434_504_220_938_354_301, "0.02", "30.4375"),
        (18_446_233_917_627_153_837, "0.02", "730.5"),
        (18_443_079_296_116_538_654, "0.07", "365.25"),
        (18_446_591_360_105_090_937, "0.07", "8766"),
        (18_446_189_507_385_766_336, "0.02", "672"),
        (18_433_439_082_391_778_870, "0.02", "28"),
    ],
)
def test_a_kept_fraction_is_the_nearest_to_its_rate(keep: int, rate: str, steps: str) -> None:
    # K = 2^64 (1 - rate)^(1 / steps) to the nearest whole, in whole numbers alone.
    assert str(keep) in {case["keep"] for case in load("demurrage")}
    times, roots = Fraction(steps).as_integer_ratio()
    exact = (1 - Fraction(rate)) ** roots * 2 ** (65 * times)
    assert (2 * keep - 1) ** times < exact < (2 * keep + 1) ** times


@pytest.mark.parametrize("case", load("settlement"), ids=lambda case: case["name"])
def test_settlement(case: dict[str, Any]) -> None:
    deposits = tuple(Deposit(*map(int, item)) for item in case["deposits"])
    account = replace(
        build_account(case["touched_step"]),
        settlement=int(case["settlement"]),
        due_step=get_due_step(deposits),
    )
    touched = get_touched(account, deposits, get_schedule(case["schedule"]), case["step"])
    assert touched.account.settlement == int(case["settlement_after"])
    assert touched.charge == int(case["charge"])
    after = tuple(Deposit(*map(int, item)) for item in case["deposits_after"])
    assert touched.deposits == after
    assert touched.account.due_step == get_due_step(after)


def test_the_village_keeps_868_and_not_860() -> None:
    case = next(case for case in load("settlement") if case["name"].startswith("868.13"))
    assert round(int(case["settlement_after"]) / 1_000_000, 2) == 868.13


@pytest.mark.parametrize("case", load("early_returns"), ids=lambda case: case["name"])
def test_early_returns(case: dict[str, Any]) -> None:
    schedule = get_schedule(case["schedule"])
    got = compute_decayed(int(case["amount"]), schedule, case["since"], case["step"])
    assert got == int(case["returned"])


def test_addresses() -> None:
    for case in load("addresses"):
        account = bytes.fromhex(case["account"])
        assert encode_address(case["prefix"], account) == case["address"]
        assert decode_address(case["prefix"], case["address"]) == account


@pytest.mark.parametrize("case", load("tree"), ids=lambda case: len(case["rows"]))
def test_tree(case: dict[str, Any]) -> None:
    rows = {bytes.fromhex(key): bytes.fromhex(value) for key, value in case["rows"].items()}
    root = bytes.fromhex(case["root"])
    assert Tree().compute_update(rows.items()).root == root
    proofs = Codec(Proof, 2**20)
    for item in case["proofs"]:
        key, proof = bytes.fromhex(item["key"]), proofs.decode(bytes.fromhex(item["proof"]))
        value = None if item["value"] is None else bytes.fromhex(item["value"])
        assert rows.get(key) == value
        assert verify_proof(root, key, value, proof)
        assert not verify_proof(root, key, b"another value", proof)
        assert not verify_proof(root, key, None if value else b"", proof)
        assert not verify_proof(bytes(32), key, value, proof)


CHAIN = load("chain")


def build_ledger() -> Ledger:
    return Ledger(MemoryStore(), GENESIS_CODEC.decode(bytes.fromhex(CHAIN["genesis"])))


def get_rows(ledger: Ledger) -> dict[str, str]:
    return {key.hex(): row.hex() for key, row in read_rows(ledger.store)}


def follow(ledger: Ledger) -> None:
    for item in CHAIN["blocks"]:
        block = decode_block(bytes.fromhex(item["block"]))
        execution = ledger.execute(block, DirectChecks())
        ledger.commit(execution, block, durable=False)


def test_the_rows_and_the_root_of_genesis() -> None:
    ledger = build_ledger()
    assert encode(ledger.genesis).hex() == CHAIN["genesis"]
    assert compute_chain_id(ledger.genesis).hex() == CHAIN["chain"]
    assert get_rows(ledger) == CHAIN["rows"]
    assert ledger.root.hex() == CHAIN["state_root"]


def test_transactions() -> None:
    chain = bytes.fromhex(CHAIN["chain"])
    by_one_key = 0
    for item in CHAIN["transactions"]:
        sealed = decode_transaction(bytes.fromhex(item["transaction"]))
        assert sealed.body_bytes.hex() == item["body"]
        assert sealed.id.hex() == item["id"]
        assert compute_transaction_id(bytes.fromhex(item["body"])).hex() == item["id"]
        first = sealed.body.actions[0]
        if isinstance(first, Reveal):
            by_one_key += 1
            assert compute_account_id(first.policy).hex() == item["account"]
            (claim,) = get_claims(chain, first.policy, sealed)
            assert claim.message.hex() == item["signing_message"]
            assert is_signed(claim)
    assert by_one_key > 4
    assert {action for item in CHAIN["transactions"] for action in item["actions"]} == {
        *range(1, 11), 15, 16, 20, 21, 22, 30, 31, 32, 50, 51,
    }  # fmt: skip


def test_blocks_and_roots() -> None:
    ledger = build_ledger()
    ledger_chain = ledger.chain
    for item in CHAIN["blocks"]:
        block = decode_block(bytes.fromhex(item["block"]))
        header = block.header
        seeds = compute_randomness(
            ledger.state.randomness.require(CURRENT),
            header.slot // ledger.constants.slots_per_epoch,
        )
        assert seeds.seed.hex() == item["seed"]
        entry = next(
            entry
            for entry in ledger.state.sets.require(CURRENT).entries
            if entry.seat == header.seat
        )
        alpha = get_alpha(ledger_chain, seeds.seed, header.slot)
        assert vrf.verify(entry.vrf_key, alpha, header.vrf_proof).hex() == item["vrf_output"]
        execution = ledger.execute(block, DirectChecks())
        ledger.commit(execution, block, durable=False)
        assert ledger.root.hex() == header.state_root.hex() == item["state_root"]
        assert (block.hash.hex(), header.body_root.hex()) == (item["hash"], item["body_root"])
        assert (header.slot, header.kind, header.rank) == (item["slot"], item["kind"], item["rank"])
    assert get_rows(ledger) == CHAIN["last_rows"]


def test_the_story_shows_what_it_should() -> None:
    kinds = {(item["kind"] == PRIMARY, item["rank"]) for item in CHAIN["blocks"]}
    assert kinds >= {(True, 0), (False, 0), (False, 1), (False, 2)}
    farkhad = bytes.fromhex(CHAIN["accounts"]["farkhad"])
    ledger = build_ledger()
    seen = set()
    decided: dict[int, int | None] = {}
    for item in CHAIN["blocks"]:
        block = decode_block(bytes.fromhex(item["block"]))
        execution = ledger.execute(block, DirectChecks())
        ledger.commit(execution, block, durable=False)
        decided |= {
            item.proposal: item.refused for item in execution.facts if isinstance(item, Enacted)
        }
        seen.add(ledger.state.accounts.get(farkhad) is None)
    assert seen == {True, False}  # the stranger was forgotten, and born again
    arman = ledger.state.accounts.require(bytes.fromhex(CHAIN["accounts"]["arman"]))
    assert arman.settlement == -15 * 1_000_000  # on credit, and a debt does not melt
    free, first, second = (decided[number] for number in (0, 1, 2))
    assert (free, first, second) == (None, None, Code.FUND_RATE_EXCEEDED)
    assert ledger.state.rules.require(CURRENT).parameters.free_units == 60
    weights = [entry.weight for entry in ledger.state.sets.require(CURRENT).entries]
    assert len(set(weights)) > 1


@pytest.mark.parametrize("item", load("refused"), ids=lambda item: Code(item["code"]).name)
def test_refused(item: dict[str, Any]) -> None:
    ledger = build_ledger()
    follow(ledger)
    context = ledger.get_context(ledger.head.slot + 1)
    sealed = decode_transaction(bytes.fromhex(item["transaction"]))
    with pytest.raises(Invalid) as caught:
        process_transaction(ledger.state, context, sealed, DirectChecks())
    assert int(caught.value.code) == item["code"]
    assert ledger.state.take_changes() == ([], [])


def test_keys_and_accounts_follow_from_the_seeds_that_are_shown() -> None:
    for name, seed in CHAIN["seeds"].items():
        policy = Policy(1, (build_key_pair(bytes.fromhex(seed)).public,))
        assert compute_account_id(policy).hex() == CHAIN["accounts"][name]
