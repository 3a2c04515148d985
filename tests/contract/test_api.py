"""The HTTP API keeps its description: every answer of a living node, and every refusal.

A real core makes blocks meanwhile. Whatever is refused leaves the node as it was.
"""

import re
from collections.abc import AsyncIterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio

from chain.actions import (
    AcceptInvoice,
    AskLoan,
    ChangePolicy,
    Instalment,
    Leg,
    LendLiquidity,
    Offer,
    OfferInvoice,
    Pay,
    Prolong,
    Propose,
    ProposeChain,
    RegisterAlias,
    Resolve,
    Save,
    SetCommittee,
    SetGuardians,
    SetOrder,
    Want,
    Withdraw,
)
from chain.codec import Codec, encode
from chain.errors import Code
from chain.genesis import GENESIS_CODEC
from chain.merkle import Proof, verify_proof
from chain.rules.settlement import get_touched
from chain.transaction import TRANSACTION_BYTES_MAX, SignedTransaction, seal
from chain.units import parse_pai
from node.api.application import OPENAPI_PATH
from node.api.handlers import BLOCKS_PAGE_MAX, HISTORY_PAGE_MAX
from node.api.routes import ROUTES
from node.api.streams import EVENT_STREAMS_MAX, EXPORTS_MAX, HEARTBEAT_SECONDS
from node.config import ApiSettings
from node.ops.export import build_export, read_export
from p2p.memory import MemoryNetwork
from p2p.view import SyncProgress
from tests.community import PAI, get_account_id, get_policy
from tests.contract.api_schema import find_mismatches
from tests.contract.api_world import (
    CHAIN,
    GENESIS,
    MEDIA,
    ApiWorld,
    build_core,
    build_holder,
    build_network,
    get_address,
    open_node,
    open_stream,
    open_world,
    post_pieces,
    read_event,
)
from wallet.client import Micropai, NodeClient

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api.md"
EMMA, FARID, IVAN = (get_address(name) for name in ("emma", "farid", "ivan"))
NOBODY = get_address("nobody")


@pytest.fixture
async def world() -> AsyncIterator[ApiWorld]:
    """The clock is taken by each test itself: so the test runner wants it."""
    async with open_world() as opened:
        yield opened


def get_money(answer: dict[str, Any], *names: str) -> int:
    return sum(parse_pai(answer[name]) for name in names)


# The description.


def test_every_path_is_described_and_documented() -> None:
    written = DOCUMENT.read_text()
    for route in ROUTES:
        path = re.sub(r"^/(livez|readyz|metrics)$", r"/\1", route.path)
        assert path.replace("{name}", "{height or hash}") in written, path
    assert OPENAPI_PATH in written


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"code": "301"}, "no integer"),
        ({"code": True}, "no integer"),
        ({"code": -1}, "below 0"),
        ({"detail": None}, "no string"),
        ({"surplus": 1}, "not described"),
    ],
)
async def test_the_checker_finds_planted_mismatches(
    autojump_clock: object, world: ApiWorld, change: dict[str, Any], found: str
) -> None:
    document = await world.get("/openapi.json")
    form = document["components"]["schemas"]["ErrorAnswer"]
    good = await world.get("/nowhere", 404)
    assert list(find_mismatches(good, form, document)) == []
    (mismatch,) = find_mismatches({**good, **change}, form, document)
    assert found in mismatch
    del good["name"]
    assert list(find_mismatches(good, form, document)) == ["$.name is missing"]


async def test_the_description_is_openapi(autojump_clock: object, world: ApiWorld) -> None:
    document = await world.get("/openapi.json")
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {route.path for route in ROUTES}
    names = [operation["operationId"] for _, _, operation in iterate_operations(document)]
    assert len(names) == len(set(names)) == len(ROUTES)
    text = msgspec.json.encode(document).decode()
    for reference in re.findall(r'"\$ref":"#/components/schemas/(\w+)"', text):
        assert reference in document["components"]["schemas"]
    for path, _, operation in iterate_operations(document):
        described = {
            item["name"] for item in operation.get("parameters", []) if item["in"] == "path"
        }
        assert described == set(re.findall(r"\{(\w+)\}", path))


def iterate_operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def open_market(world: ApiWorld) -> None:
    """Emma has sold to Farid, who ordered that beforehand, and a chain to Hamit waits."""
    until_slot = world.core.ledger.head.slot + 2_000
    terms = ("food/milk", "l", PAI, 9, "", until_slot, "")
    await world.pay("emma", Offer(*terms), SetOrder(PAI, PAI, 9, until_slot))
    await world.pay("farid", Want(*terms), SetOrder(PAI, PAI, 9, until_slot))
    await world.pay("hamit", Want(*terms))
    expires_slot = world.core.ledger.head.slot + 200
    await world.pay("farid", ProposeChain((Leg(0, 1, 1),), expires_slot, None))
    await world.pay("farid", ProposeChain((Leg(0, 2, 1),), expires_slot, None))


async def test_the_market_is_searched(autojump_clock: object, world: ApiWorld) -> None:
    await open_market(world)
    found = await world.get("/v1/market/listings?good=food&side=wants&limit=1")
    (listing,) = found["listings"]
    assert (listing["number"], listing["is_want"], listing["left"]) == (1, True, 8)
    found = await world.get(f"/v1/market/listings?side=wants&from={found['next']}")
    assert [item["number"] for item in found["listings"]] == [2]
    assert found["next"] is None
    assert (await world.get("/v1/market/listings?good=foo"))["listings"] == []
    (chain,) = (await world.get(f"/v1/market/chains?account={EMMA}"))["chains"]
    assert [item["quantity"] for item in chain["trades"]] == [1]
    assert (await world.get(f"/v1/market/chains?account={NOBODY}"))["chains"] == []
    rooms = (await world.get("/v1/market/rooms"))["rooms"]
    assert {item["account"]: item["give"] for item in rooms} == {EMMA: "2", FARID: "0"}
    trader = await world.get(f"/v1/accounts/{FARID}/market")
    assert [item["seller"] for item in trader["deliveries"]] == [EMMA]
    assert trader["order"]["moved"] == "-1"
    await world.get("/v1/market/listings?limit=201", 400)


async def test_every_answer_is_as_described(autojump_clock: object, world: ApiWorld) -> None:
    await world.pay("emma", Pay(get_account_id("farid"), 3 * PAI, "bread"), Save(20 * PAI, 5))
    await world.pay("emma", SetGuardians(bytes(32), 3, 3), RegisterAlias("emma", 0))
    await world.pay("emma", AskLoan(PAI, 5, (Instalment(2, 1),), "", get_account_id("farid"), 1))
    await world.pay("emma", Propose(SetCommittee(None)))
    await open_market(world)
    sealed = await world.pay("farid", Pay(get_account_id("newborn"), 2 * PAI, ""))
    offer = OfferInvoice(get_account_id("emma"), 7 * PAI, 9, "eggs", bytes(32), clearable=True)
    await world.pay("farid", offer)
    waiting = await world.sign("emma", Prolong(0, 4), ChangePolicy(get_policy("emma")))
    await world.post(waiting)
    document = await world.get("/openapi.json")
    asked = {
        "/v1/accounts/{address}": [EMMA, FARID, IVAN, NOBODY, EMMA.upper()],
        "/v1/accounts/{address}/history": [EMMA, NOBODY],
        "/v1/accounts/{address}/proof": [EMMA, NOBODY],
        "/v1/accounts/{address}/identity": [EMMA, NOBODY],
        "/v1/accounts/{address}/recovery": [EMMA, NOBODY],
        "/v1/accounts/{address}/credit": [EMMA, NOBODY],
        "/v1/accounts/{address}/obligations": [EMMA, FARID, NOBODY],
        "/v1/obligations/{number}": ["0"],
        "/v1/aliases/{alias}": ["emma"],
        "/v1/accounts/{address}/market": [EMMA, FARID, NOBODY],
        "/v1/loans/{number}": ["0"],
        "/v1/proposals": ["", f"?account={EMMA}&limit=1"],
        "/v1/proposals/{number}": ["0", f"0?account={EMMA}"],
        "/v1/transactions/{id}": [sealed.id.hex(), waiting.id.hex(), "ab" * 32],
        "/v1/blocks/{name}": ["1", world.core.ledger.head.hash.hex()],
    }
    for path, method, operation in iterate_operations(document):
        if method == "post" or path == "/v1/events":
            continue
        for value in asked.get(path, [""]):
            target = re.sub(r"\{\w+\}", value, path) if "{" in path else path + value
            response = await world.client.get(target)
            assert response.status_code == 200, response.text
            content = operation["responses"]["200"]["content"]
            assert list(content) == [response.headers["content-type"].partition(";")[0]]
            if "application/json" in content:
                schema = content["application/json"]["schema"]
                assert list(find_mismatches(response.json(), schema, document)) == [], path


# Accounts and money.


async def test_what_is_shown_is_what_is_owned(autojump_clock: object, world: ApiWorld) -> None:
    await world.pay("emma", Pay(get_account_id("farid"), 100 * PAI, ""), Save(50 * PAI, 3))
    await world.wait_for_blocks(2 * GENESIS.constants.slots_per_step)
    shown = await world.get(f"/v1/accounts/{EMMA}")
    stored = world.core.ledger.state.accounts.require(get_account_id("emma"))
    deposits = world.core.ledger.state.savings.require(get_account_id("emma")).deposits
    steps = GENESIS.constants.slots_per_period // GENESIS.constants.slots_per_step
    step = shown["at"]["step"]
    for name, at in (("settlement", step), ("after_next_period", step + steps)):
        touched = get_touched(stored, deposits, GENESIS.keep_schedule, at)
        assert parse_pai(shown[name]) == touched.account.settlement
    assert 0 < parse_pai(shown["after_next_period"]) < parse_pai(shown["settlement"]) < 350 * PAI
    limit = GENESIS.parameters.base // 10  # the first step of somebody who has sold nothing yet
    assert parse_pai(shown["limit"]) == limit
    assert parse_pai(shown["spendable"]) == parse_pai(shown["settlement"]) + limit
    assert parse_pai(shown["savings"]) == 50 * PAI
    (deposit,) = shown["deposits"]
    assert (deposit["bond"], deposit["release_step"], deposit["renew_periods"]) == ("free", 0, 0)
    assert parse_pai(deposit["return_now"]) <= 50 * PAI


async def test_a_deposit_matures_in_the_answer_when_its_term_is_over(
    autojump_clock: object, world: ApiWorld
) -> None:
    await world.pay("emma", Save(50 * PAI, 3))
    before = await world.get(f"/v1/accounts/{EMMA}")
    (deposit,) = before["deposits"]
    while True:
        now = await world.get(f"/v1/accounts/{EMMA}")
        if now["at"]["step"] >= deposit["until_step"]:
            break
        assert now["deposits"], "not before its term"
        await world.wait_for_blocks()
    assert now["deposits"] == []
    assert parse_pai(now["savings"]) == 0
    assert get_money(now, "settlement") > get_money(before, "settlement")


async def test_an_early_return_gives_what_was_shown(
    autojump_clock: object, world: ApiWorld
) -> None:
    await world.pay("emma", Save(50 * PAI, 10))
    for _ in range(6):
        await world.wait_for_blocks()
    sealed = await world.sign("emma", Withdraw(0, 50 * PAI))
    (deposit,) = (await world.get(f"/v1/accounts/{EMMA}"))["deposits"]
    await world.post(sealed)
    await world.wait_for_blocks(2)
    history = await world.get(f"/v1/accounts/{EMMA}/history")
    withdrawn = next(item for item in history["entries"] if item["kind"] == "withdrawn")
    # A step may begin between the question and the block; it costs half a percent.
    shown = parse_pai(deposit["return_now"])
    assert 0.99 * shown <= parse_pai(withdrawn["amount"]) <= shown


async def test_an_account_that_is_not_yet_born_is_shown_as_such(
    autojump_clock: object, world: ApiWorld
) -> None:
    shown = await world.get(f"/v1/accounts/{NOBODY}")
    assert not shown["exists"]
    assert (shown["settlement"], shown["next_sequence"], shown["policy"]) == ("0", 0, None)
    stranger = await world.get(f"/v1/accounts/{IVAN}")
    assert (stranger["exists"], stranger["identified"], stranger["free_units"]) == (True, False, 0)
    assert stranger["defensive_units"] == 6
    member = await world.get(f"/v1/accounts/{EMMA}")
    assert (member["identified"], member["free_units"], member["unit_fee"]) == (True, 200, "0.01")


async def test_all_money_is_accounted_for(autojump_clock: object, world: ApiWorld) -> None:
    await world.pay("emma", Pay(get_account_id("farid"), 100 * PAI, ""), Save(50 * PAI, 3))
    for _ in range(4):
        await world.wait_for_blocks(7)
        funds = await world.get("/v1/funds")
        parts = get_money(
            funds,
            *("settlement", "savings", "bonds", "reserve", "social", "operators", "active"),
            *("municipality", "pot", "uncollected"),
        )
        assert parts == get_money(funds, "issued") - get_money(funds, "burned")
    assert get_money(funds, "social") > 0
    assert get_money(funds, "reserve") == 0  # nobody owes anything
    assert get_money(funds, "bonds") == 100 * PAI
    names = ("ann", "emma", "farid", "galina", "hamit", "ivan")
    owned = [await world.get(f"/v1/accounts/{get_address(name)}") for name in names]
    assert {item["at"]["step"] for item in owned} == {funds["at"]["step"]}
    assert sum(get_money(item, "settlement") for item in owned) == get_money(funds, "settlement")


async def test_proofs_hold_under_the_root(autojump_clock: object, world: ApiWorld) -> None:
    proofs = Codec(Proof, 2**20)
    for address, name in ((EMMA, "emma"), (NOBODY, "nobody")):
        shown = await world.get(f"/v1/accounts/{address}/proof")
        row = None if shown["row"] is None else bytes.fromhex(shown["row"])
        assert (row is None) == (name == "nobody")
        proof = proofs.decode(bytes.fromhex(shown["proof"]))
        root, key = bytes.fromhex(shown["state_root"]), bytes.fromhex(shown["key"])
        assert key == b"a" + get_account_id(name)
        assert verify_proof(root, key, row, proof)
        assert not verify_proof(root, key, b"another row", proof)


# Transactions, history, blocks.


async def test_a_payment_from_waiting_to_history(autojump_clock: object, world: ApiWorld) -> None:
    sealed = await world.sign("emma", Pay(get_account_id("farid"), 3 * PAI, "хлеб"))
    assert await world.post(sealed) == {"id": sealed.id.hex(), "status": "waiting"}
    payer = await world.get(f"/v1/accounts/{EMMA}")
    assert payer["waiting"] == [sealed.id.hex()]
    assert (payer["sequence"], payer["next_sequence"]) == (0, 1)
    path = f"/v1/transactions/{sealed.id.hex()}"
    place = await world.get(path)
    assert (place["status"], place["height"], place["confirmations"]) == ("waiting", None, None)
    await world.wait_for_blocks(2)
    place = await world.get(path)
    assert place["status"] == "final"  # one seat alone decides at once
    assert place["level"] == 0
    assert place["confirmations"] == world.core.ledger.head.height - place["height"] + 1
    block = await world.get(f"/v1/blocks/{place['height']}")
    assert block["hash"] == place["hash"]
    assert block["followed"]
    (found,) = block["transactions"]
    assert found["id"] == sealed.id.hex()
    assert [action["kind"] for action in found["actions"]] == ["reveal", "pay"]
    assert found["actions"][1] == {"kind": "pay", "to": FARID, "amount": "3", "memo": "хлеб"}
    for address, kind, other in ((EMMA, "paid", FARID), (FARID, "received", EMMA)):
        history = await world.get(f"/v1/accounts/{address}/history")
        (entry,) = history["entries"]
        assert (entry["kind"], entry["counterparty"]) == (kind, other)
        assert (entry["amount"], entry["memo"]) == ("3", "хлеб")
        assert entry["transaction"] == sealed.id.hex()
        assert history["next"] is None


async def test_history_is_paged_newest_first(autojump_clock: object, world: ApiWorld) -> None:
    for index in range(5):
        await world.pay("emma", Pay(get_account_id("farid"), PAI, str(index)))
    seen, before = [], ""
    while True:
        page = await world.get(f"/v1/accounts/{FARID}/history?limit=2{before}")
        assert len(page["entries"]) <= 2
        seen += [entry["memo"] for entry in page["entries"] if entry["kind"] == "received"]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == ["4", "3", "2", "1", "0"]


async def test_blocks_are_listed_upwards_by_default_the_newest(
    autojump_clock: object, world: ApiWorld
) -> None:
    await world.wait_for_blocks(8)
    head = world.core.ledger.head.height
    newest = (await world.get("/v1/blocks?limit=3"))["blocks"]
    assert [block["height"] for block in newest] == [head - 2, head - 1, head]
    first = (await world.get("/v1/blocks?from=1&limit=3"))["blocks"]
    assert [block["height"] for block in first] == [1, 2, 3]
    beyond = await world.get(f"/v1/blocks?from={head + 1_000}")
    assert beyond == {"blocks": []}
    whole = await world.get(f"/v1/blocks/{first[0]['hash']}")
    assert (whole["height"], whole["parent_hash"]) == (1, CHAIN.hex())


async def test_the_genesis_is_the_community(autojump_clock: object, world: ApiWorld) -> None:
    response = await world.client.get("/v1/genesis")
    assert GENESIS_CODEC.decode(response.content) == GENESIS
    status = await world.get("/v1/status")
    assert status["community"]["id"] == CHAIN.hex()
    assert status["final"] == {
        "height": 0,
        "hash": CHAIN.hex(),
        "slot": 0,
        "level": 0,
        "gap_slots": 0,
    }


async def test_the_export_is_the_store_and_may_begin_later(
    autojump_clock: object, world: ApiWorld
) -> None:
    await world.pay("emma", Pay(get_account_id("farid"), PAI, ""))
    response = await world.client.get("/v1/export")
    assert response.content == b"".join(build_export(world.core.ledger.store))
    later = read_export([(await world.client.get("/v1/export?from=2")).content])
    heights = [block.header.height for block in later.blocks]
    assert heights == list(range(2, world.core.ledger.head.height + 1))


async def test_a_follower_is_a_peer(autojump_clock: object, world: ApiWorld) -> None:
    await world.wait_for_blocks(3)
    peers = await world.get("/v1/peers")
    assert peers["id"] == "node"
    (peer,) = peers["peers"]
    assert (peer["id"], peer["inbound"]) == ("follower", True)
    seats = await world.get("/v1/seats")
    (seat,) = seats["seats"]
    assert (seat["seat"], seat["weight"]) == (get_address("ann"), seats["total_weight"])
    assert seat["blocks"] == world.core.ledger.head.height


async def test_a_wallet_understands(autojump_clock: object, world: ApiWorld) -> None:
    await world.pay("emma", Save(20 * PAI, 5))
    transport = httpx.ASGITransport(app=world.app)
    async with NodeClient("http://node", transport=transport) as client:
        assert (await client.get_status()).community.id == CHAIN
        account = await client.get_account(EMMA)
        assert account.savings == Micropai(20 * PAI)
        assert account.deposits[0].return_now <= account.savings
        sealed = await world.sign("emma", Pay(get_account_id("farid"), PAI, ""))
        assert (await client.submit(sealed.whole_bytes)).status == "waiting"
        assert (await client.get_outcome(sealed.id)).status == "waiting"
        await world.wait_for_blocks(2)
        assert (await client.get_outcome(sealed.id)).confirmations
        assert [item.kind for item in (await client.get_history(EMMA)).entries] == ["paid", "saved"]


# Health.


async def test_readiness_follows_the_sync(
    autojump_clock: object, world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await world.get("/readyz") == {"ok": True, "reason": ""}
    behind = SyncProgress(syncing=True, height=3, target_height=90)
    monkeypatch.setattr(world.network, "get_sync_progress", lambda: behind)
    assert await world.get("/readyz", 503) == {"ok": False, "reason": "block 3 of 90 so far"}
    assert (await world.get("/livez"))["ok"]
    assert (await world.get("/v1/status"))["target_height"] == 90


async def test_a_node_that_reaches_none_of_its_peers_is_not_ready(autojump_clock: object) -> None:
    lines = MemoryNetwork(1)
    core, away = build_core(GENESIS, None), build_core(GENESIS, build_holder("ann"))
    network = build_network(lines, "node", core, "/memory/away")
    async with open_node(core, network, ApiSettings()) as world:
        await trio.sleep(100)
        health = await world.get("/readyz", 503)
        assert "no peer has been reached, and the newest block is" in health["reason"]
        async with open_node(away, build_network(lines, "away", away), ApiSettings()) as found:
            assert (await found.get("/readyz"))["ok"], "a server that is alone by design is ready"
            await world.wait_for_blocks(10)
            await trio.sleep(2)
            assert (await world.get("/readyz"))["ok"]
        await trio.sleep(100)
        assert not (await world.get("/readyz", 503))["ok"]


async def test_metrics_carry_the_names_operators_know(
    autojump_clock: object, world: ApiWorld
) -> None:
    await world.wait_for_blocks(2)
    text = (await world.client.get("/metrics")).text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["pai_consensus_height"]) == world.core.ledger.head.height
    assert float(values["pai_chain_blocks_missing"]) == 0
    assert float(values["pai_consensus_validators"]) == 1
    assert float(values["pai_p2p_peers"]) == 1
    assert float(values["pai_mempool_size"]) == 0
    assert float(values["pai_consensus_blocks_produced_total"]) >= 2
    documented = (DOCUMENT.parent / "operations.md").read_text()
    families = {
        re.sub("_(total|created)$", "", name)
        for name in re.findall(r"^# TYPE (pai_\w+) ", text, re.MULTILINE)
    }
    written = set(re.findall(r"pai_\w+", documented))
    assert families - written == set()
    # Below five peers there is no common opinion about the clock.
    known = {re.sub("_total$", "", name) for name in written}
    assert known - families == {"pai_p2p_clock_offset_seconds"}
    assert not re.search(rf"{EMMA}|{get_account_id('emma').hex()}", text)


# Refusals.

BAD_REQUESTS = [
    ("GET", "/", 404, "NOT_FOUND"),
    ("GET", "/v1", 404, "NOT_FOUND"),
    ("GET", "/v1/status/", 404, "NOT_FOUND"),
    ("GET", "/v1/accounts/", 404, "NOT_FOUND"),
    ("GET", "/v1/../etc/passwd", 404, "NOT_FOUND"),
    ("POST", "/v1/status", 405, "METHOD_NOT_ALLOWED"),
    ("DELETE", f"/v1/accounts/{EMMA}", 405, "METHOD_NOT_ALLOWED"),
    ("GET", "/v1/transactions", 405, "METHOD_NOT_ALLOWED"),
    ("GET", "/v1/accounts/x", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA[:-1]}q", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA[:10].upper()}{EMMA[10:]}", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{'q' * 5_000}", 400, "BAD_REQUEST"),
    ("GET", "/v1/accounts/%00", 400, "BAD_REQUEST"),
    ("GET", "/v1/accounts/%D1%85", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA}/history?limit=0", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA}/history?limit={HISTORY_PAGE_MAX + 1}", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA}/history?limit=%D9%A3", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA}/history?before=zz", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA}/history?before=", 400, "BAD_REQUEST"),
    ("GET", f"/v1/accounts/{EMMA}/history?before={'a' * 1_000}", 400, "BAD_REQUEST"),
    ("GET", "/v1/transactions/xyz", 400, "BAD_REQUEST"),
    ("GET", f"/v1/transactions/{'AB' * 32}", 400, "BAD_REQUEST"),
    ("GET", "/v1/blocks?from=-1", 400, "BAD_REQUEST"),
    ("GET", "/v1/blocks?from=1e9", 400, "BAD_REQUEST"),
    ("GET", f"/v1/blocks?from={'9' * 30}", 400, "BAD_REQUEST"),
    ("GET", f"/v1/blocks?limit={BLOCKS_PAGE_MAX + 1}", 400, "BAD_REQUEST"),
    ("GET", "/v1/blocks/latest", 400, "BAD_REQUEST"),
    ("GET", f"/v1/blocks/{'9' * 18}", 404, "NOT_FOUND"),
    ("GET", f"/v1/blocks/{'ab' * 32}", 404, "NOT_FOUND"),
    ("GET", f"/v1/blocks/{'9' * 10_000}", 400, "BAD_REQUEST"),
    ("GET", "/v1/export?from=0", 400, "BAD_REQUEST"),
]


async def test_bad_requests_are_refused_in_one_form(
    autojump_clock: object, world: ApiWorld
) -> None:
    document = await world.get("/openapi.json")
    form = document["components"]["schemas"]["ErrorAnswer"]
    for method, path, status, name in BAD_REQUESTS:
        response = await world.client.request(method, path)
        assert (response.status_code, path) == (status, path)
        answer = response.json()
        assert list(find_mismatches(answer, form, document)) == []
        assert (answer["code"], answer["name"]) == (0, name), path


def change(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


async def test_bad_transactions_change_nothing(autojump_clock: object, world: ApiWorld) -> None:
    good = await world.sign("emma", Pay(get_account_id("farid"), PAI, ""))
    body, signatures = good.signed.body, good.signed.signatures
    stale = seal(SignedTransaction(msgspec.structs.replace(body, valid_until_slot=0), signatures))
    poor = await world.sign("emma", Pay(get_account_id("farid"), 10**6 * PAI, ""))
    stranger = await world.sign("nobody", Pay(get_account_id("farid"), PAI, ""))
    later = await world.sign("ivan", Pay(get_account_id("farid"), PAI, ""))
    cases = [
        (b"", 400, Code.MALFORMED),
        (b"\xc1", 400, Code.MALFORMED),
        (b"{}", 400, Code.MALFORMED),
        (b"\x92" * 5_000, 400, Code.MALFORMED),
        (good.whole_bytes[:-1], 400, Code.MALFORMED),
        (good.whole_bytes + b"\x00", 400, Code.MALFORMED),
        (encode([None, None]), 400, Code.MALFORMED),
        (b"\xdc\x00\x02" + good.whole_bytes[1:], 400, Code.NOT_CANONICAL),
        (change(good.whole_bytes, len(good.whole_bytes) - 9), 422, Code.BAD_SIGNATURE),
        (stale.whole_bytes, 422, Code.EXPIRED),
        (poor.whole_bytes, 422, Code.INSUFFICIENT_BALANCE),
        (stranger.whole_bytes, 422, Code.UNKNOWN_ACCOUNT),
        (later.whole_bytes, 422, Code.FEE_ABOVE_MAXIMUM),
    ]
    for data, status, code in cases:
        before = await world.get("/v1/status")
        response = await world.client.post(
            "/v1/transactions", content=data, headers={"content-type": MEDIA}
        )
        answer = response.json()
        assert (response.status_code, answer["code"], answer["name"]) == (status, code, code.name)
        after = await world.get("/v1/status")
        assert after["mempool"] == before["mempool"] == {"transactions": 0, "bytes": 0}
        assert after["head"] == before["head"]
    await world.post(good)
    assert (await world.post(good, 409))["name"] == "ALREADY_KNOWN"


async def test_the_body_has_a_cap_and_a_kind(autojump_clock: object, world: ApiWorld) -> None:
    path = "/v1/transactions"
    form = await world.client.post(path, data={"a": "b"})
    assert (form.status_code, form.json()["name"]) == (400, "BAD_REQUEST")
    whole = bytes(TRANSACTION_BYTES_MAX)
    status, _ = await post_pieces(world, path, repeat(whole, 1))
    assert status == 400, "as long as a transaction may be, but none"
    for pieces in (repeat(whole + b"0", 1), repeat(bytes(4_096))):
        status, taken = await post_pieces(world, path, pieces)
        assert status == 413
        assert taken <= TRANSACTION_BYTES_MAX + 4_096


async def test_nothing_but_transactions_can_be_sent(
    autojump_clock: object, world: ApiWorld
) -> None:
    document = await world.get("/openapi.json")
    changing = [
        (method, path)
        for path, method, _ in iterate_operations(document)
        if method not in ("get", "head")
    ]
    assert changing == [("post", "/v1/transactions")]


async def test_a_fault_of_ours_leaks_nothing(
    autojump_clock: object, world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(world.core, "get_core_status", fail)
    transport = httpx.ASGITransport(app=world.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        response = await client.get("/v1/status")
    assert response.status_code == 500
    assert response.json()["name"] == "INTERNAL"
    assert "secret" not in response.text


async def test_strangers_are_limited_and_told_when_to_come_back(autojump_clock: object) -> None:
    settings = ApiSettings(requests_per_second=1, requests_burst=3)
    async with open_world(settings) as world:
        transport = httpx.ASGITransport(app=world.app, client=("198.51.100.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as stranger:
            codes = [(await stranger.get("/livez")).status_code for _ in range(4)]
            assert codes == [200, 200, 200, 429]
            await trio.sleep(1)
            assert (await stranger.get("/livez")).status_code == 200
        assert (await world.client.get("/livez")).status_code == 200


# Streams.


async def test_events_tell_of_transactions_and_blocks(
    autojump_clock: object, world: ApiWorld
) -> None:
    async with open_stream(world, "/v1/events") as messages:
        start = await messages.receive()
        assert (b"content-type", b"text/event-stream") in start["headers"]
        assert (await messages.receive())["body"] == b"retry: 3000\n\n"
        sealed = await world.sign("emma", Pay(get_account_id("farid"), PAI, ""))
        await world.post(sealed)
        name, data = read_event(await messages.receive())
        assert (name, data["id"], data["status"]) == ("transaction", sealed.id.hex(), "waiting")
        while sealed.id.hex() not in data.get("transactions", []):
            name, data = read_event(await messages.receive())
        assert name == "block"
        assert (await world.get(f"/v1/blocks/{data['height']}"))["hash"] == data["hash"]
    assert world.sources.event_places.taken == 0


async def test_events_tell_of_proposals(autojump_clock: object, world: ApiWorld) -> None:
    async with open_stream(world, "/v1/events") as messages:
        for _ in range(2):
            await messages.receive()
        await world.pay("emma", Propose(Resolve("The well is cleaned.")))
        told: list[dict[str, Any]] = []
        while len(told) < 2:
            name, data = read_event(await messages.receive())
            told += [data] * (name == "proposal")
    assert [(item["number"], item["state"]) for item in told] == [(0, "open"), (0, "rejected")]
    assert told[0]["height"] < told[1]["height"]


async def test_a_quiet_stream_shows_that_it_lives(
    autojump_clock: object, world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.core._owner.board, "publish", lambda _event: None)
    began = trio.current_time()
    async with open_stream(world, "/v1/events") as messages:
        for _ in range(2):
            await messages.receive()
        assert (await messages.receive())["body"] == b": still here\n\n"
        assert trio.current_time() - began == pytest.approx(HEARTBEAT_SECONDS, abs=1)


async def test_event_streams_have_a_number(autojump_clock: object, world: ApiWorld) -> None:
    with ExitStack() as held:
        for _ in range(EVENT_STREAMS_MAX):
            held.enter_context(world.sources.event_places.take())
        refused = await world.get("/v1/events", 503)
        assert (refused["name"], refused["temporary"]) == ("BUSY", True)
        for _ in range(EXPORTS_MAX):
            held.enter_context(world.sources.export_places.take())
        assert (await world.get("/v1/export", 503))["name"] == "BUSY"


async def test_an_export_ends_with_its_client_and_gives_its_place_back(
    autojump_clock: object, world: ApiWorld
) -> None:
    await world.wait_for_blocks(3)
    async with open_stream(world, "/v1/export") as messages:
        start = await messages.receive()
        assert start["status"] == 200
    assert world.sources.export_places.taken == 0


@pytest.mark.parametrize("path", ["/v1/events", "/v1/export", "/v1/status"])
async def test_head_is_answered_at_once(autojump_clock: object, world: ApiWorld, path: str) -> None:
    response = await world.client.head(path)
    assert (response.status_code, response.content) == (200, b"")


# Obligations.


async def test_obligations_come_in_pages_and_are_told_to_both_sides(
    autojump_clock: object, world: ApiWorld
) -> None:
    emma, farid = get_account_id("emma"), get_account_id("farid")
    offers = [OfferInvoice(emma, (1 + n) * PAI, 9, f"no. {n}", None, True) for n in range(3)]
    await world.pay("farid", *offers)
    await world.pay("emma", AcceptInvoice(1, farid, 2 * PAI, True), LendLiquidity(5 * PAI))
    page = await world.get(f"/v1/accounts/{EMMA}/obligations?limit=2")
    assert [item["number"] for item in page["obligations"]] == [0, 1]
    assert (page["next"], page["lends"]) == (2, "5")
    rest = await world.get(f"/v1/accounts/{FARID}/obligations?from=2")
    (last,) = rest["obligations"]
    assert (last["reference"], last["state"], last["late"]) == ("no. 2", "offered", False)
    assert last["lapses_time"] is not None
    assert rest["next"] is None
    accepted = await world.get("/v1/obligations/1")
    assert (accepted["state"], accepted["remaining"]) == ("open", "2")
    assert accepted["debtor"] == EMMA
    told = await world.get("/v1/clearing")
    assert (told["made"], told["ready"], told["lenders"]) == (3, 1, 1)
    assert await world.get("/v1/obligations/7", 404)
    assert await world.get("/v1/obligations/x", 400)
