"""The vectors of exchange hold for the ledger; what is refused has changed nothing."""

from typing import Any

import numpy as np
import pytest

from chain.block import decode_block
from chain.checks import DirectChecks
from chain.errors import Code, Invalid
from chain.facts import ChainSettled, Delivered, OfferSilenced, SetOff, Undelivered
from chain.genesis import GENESIS_CODEC
from chain.kept import read_rows
from chain.ledger import Ledger
from chain.records import ClearingCertificate
from chain.refusals.exchange import EXCHANGE
from chain.refusals.market import MARKET
from chain.rules.transactions import process_transaction
from chain.setoff import build_graph, read_certificate
from chain.store import MemoryStore
from chain.tables import TRADERS, WINDOWS
from chain.transaction import decode_transaction
from tests.vectors.test_vectors import load

STORY, REFUSED = load("exchange"), load("exchange_refused")
BLOCKS, SET_OFFS = load("exchange_refused_blocks"), load("setoff")
KINDS = {*range(60, 69), *range(74, 84)}


def follow(blocks: int | None = None) -> tuple[Ledger, list[Any]]:
    """The ledger after so many blocks, which agree with the vectors, and all it told."""
    ledger = Ledger(MemoryStore(), GENESIS_CODEC.decode(bytes.fromhex(STORY["genesis"])))
    facts: list[Any] = []
    for item in STORY["blocks"][:blocks]:
        block = decode_block(bytes.fromhex(item["block"]))
        execution = ledger.execute(block, DirectChecks())
        ledger.commit(execution, block, durable=False)
        assert ledger.root.hex() == item["state_root"]
        facts += execution.facts
    return ledger, facts


def test_rows_and_roots_are_those_of_the_second_ledger() -> None:
    ledger, _ = follow()
    assert {key.hex(): row.hex() for key, row in read_rows(ledger.store)} == STORY["last_rows"]


def test_the_story_holds_every_action_and_all_that_follows() -> None:
    done = {action for item in STORY["transactions"] for action in item["actions"]}
    assert done >= KINDS
    _, facts = follow()
    assert {type(fact) for fact in facts} >= {Delivered, OfferSilenced, Undelivered}
    assert any(isinstance(fact, ChainSettled) and fact.amount for fact in facts)
    first, second = (fact.cleared for fact in facts if isinstance(fact, SetOff))
    assert first
    assert any(not item.remaining for item in second)


@pytest.mark.parametrize("item", REFUSED, ids=lambda item: Code(item["code"]).name)
def test_refused(item: dict[str, Any]) -> None:
    ledger, _ = follow()
    for key, row in item.get("rows", {}).items():
        prefix, rest, data = bytes.fromhex(key)[:1], bytes.fromhex(key)[1:], bytes.fromhex(row)
        if prefix == WINDOWS.prefix:
            ledger.state.windows.put(rest, WINDOWS.codec.decode(data))
        else:
            assert prefix == TRADERS.prefix
            ledger.state.traders.put(rest, TRADERS.codec.decode(data))
    changes, _ = ledger.state.take_changes()
    ledger.state.keep(changes)
    context = ledger.get_context(ledger.head.slot + 1)
    sealed = decode_transaction(bytes.fromhex(item["transaction"]))
    with pytest.raises(Invalid) as caught:
        process_transaction(ledger.state, context, sealed, DirectChecks())
    assert int(caught.value.code) == item["code"], caught.value
    assert ledger.state.take_changes() == ([], [])


@pytest.mark.parametrize("item", BLOCKS, ids=lambda item: Code(item["code"]).name)
def test_refused_blocks(item: dict[str, Any]) -> None:
    ledger, _ = follow(item["after"])
    root, rows = ledger.root, list(read_rows(ledger.store))
    with pytest.raises(Invalid) as caught:
        ledger.execute(decode_block(bytes.fromhex(item["block"])), DirectChecks())
    assert int(caught.value.code) == item["code"], caught.value
    assert ledger.state.take_changes() == ([], [])
    assert (ledger.root, list(read_rows(ledger.store))) == (root, rows)


@pytest.mark.parametrize("item", SET_OFFS, ids=lambda item: item["name"])
def test_set_offs(item: dict[str, Any]) -> None:
    debts = np.array([list(map(int, debt)) for debt in item["debts"]], dtype=np.int64)
    columns = debts.reshape(-1, 3)
    liquidity = np.zeros(item["accounts"], dtype=np.int64)
    for account, amount in item["lent"]:
        liquidity[account] = int(amount)
    parts = (bytes.fromhex(part) for part in item["certificate"])
    certificate = ClearingCertificate(1, *parts)
    flows, code = None, None
    try:
        graph = build_graph(
            item["accounts"],
            columns[:, 0],
            columns[:, 1],
            columns[:, 2],
            liquidity,
            bytes.fromhex(item["seed"]),
        )
        flows = [str(flow) for flow in read_certificate(graph, certificate).tolist()]
    except Invalid as error:
        code = int(error.code)
    assert (flows, code) == (item.get("flows"), item.get("code"))


def test_every_code_of_the_two_rooms_has_a_vector() -> None:
    shown = {item["code"] for item in (*REFUSED, *BLOCKS)}
    shown |= {item["code"] for item in SET_OFFS if "code" in item}
    assert {int(code) for code in (*EXCHANGE, *MARKET)} <= shown
