"""A running node is asked like any client asks it; what it says must follow from its own blocks."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from chain.actions import Pay, Save
from chain.address import decode_address, encode_address
from chain.codec import encode
from chain.kept import read_rows
from chain.rules.settlement import get_touched
from chain.store import MemoryStore
from chain.tables import ACCOUNTS, CURRENT
from chain.units import format_pai
from node.api.totals import compute_totals
from node.audit.compare import FUNDS
from node.audit.findings import Check, Finding
from node.audit.proof import ProvenAccount, prove_account
from node.audit.run import Audit, Trust
from node.audit.source import NodeReader, SourceError, SourceUnreachable, open_node
from node.ops.export import build_header
from tests.community import PAI, Community, build_genesis, get_account_id

URL = "http://node.test"
Lie = Callable[[str, dict[str, Any]], dict[str, Any]]


class FakeNode:
    """Answers as docs/api.md says, from a ledger in memory; ``lie`` may change any answer."""

    def __init__(self, community: Community, lie: Lie = lambda _path, answer: answer) -> None:
        self.community = community
        self.lie = lie
        self.busy = 0
        self.asked: list[str] = []
        self.grows = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if self.busy:
            self.busy -= 1
            return httpx.Response(429, headers={"retry-after": "1"})
        if path == "/v1/export":
            return httpx.Response(200, content=self.pour(int(request.url.params["from"])))
        if path.startswith("/v1/accounts/") and self.grows:
            self.community.extend()
        answer = self.build(path)
        if answer is None:
            return httpx.Response(404, json={"code": 0})
        return httpx.Response(200, content=msgspec.json.encode(self.lie(path, answer)))

    def pour(self, from_height: int) -> Iterator[bytes]:
        yield build_header(self.community.genesis)
        for block in self.community.ledger.get_blocks(from_height):
            yield block.whole_bytes

    def build(self, path: str) -> dict[str, Any] | None:
        ledger = self.community.ledger
        head = ledger.head
        at = {"height": head.height, "slot": head.slot + 7, "step": (head.slot + 7) // 5}
        if path == "/v1/status":
            place = {"height": head.height, "slot": head.slot, "hash": head.hash.hex()}
            return {"head": {**place, "state_root": ledger.root.hex()}, "more": "is let pass"}
        if path == "/v1/funds":
            money = ledger.state.money.require(CURRENT)
            figures = {name: getattr(money, name) for name in money.__struct_fields__}
            names = ("accounts", "seats_bonded")
            shown = {k: v if k in names else format_pai(v) for k, v in figures.items()}
            totals = compute_totals(
                read_rows(ledger.store),
                ledger.state.rules.require(CURRENT).keep_schedule,
                at["step"],
            )
            sums = ("settlement", "savings", "bonds", "uncollected")
            return {"at": at, **shown, **{k: format_pai(getattr(totals, k)) for k in sums}}
        if path.endswith("/proof"):
            return self.build_proof(path.split("/")[3])
        if path.startswith("/v1/accounts/"):
            return self.build_account(path.split("/")[3], at)
        return None

    def build_proof(self, address: str) -> dict[str, Any]:
        ledger = self.community.ledger
        key = ACCOUNTS.prefix + decode_address("pai", address)
        row, proof = ledger.prove(key)
        return {
            "state_root": ledger.root.hex(),
            "height": ledger.head.height,
            "key": key.hex(),
            "row": None if row is None else row.hex(),
            "proof": encode(proof).hex(),
        }

    def build_account(self, address: str, at: dict[str, int]) -> dict[str, Any]:
        state = self.community.ledger.state
        account_id = decode_address("pai", address)
        savings = state.savings.get(account_id)
        schedule = state.rules.require(CURRENT).keep_schedule
        account = state.accounts.require(account_id)
        now = get_touched(account, savings.deposits if savings else (), schedule, at["step"])
        return {
            "address": address,
            "exists": True,
            "at": at,
            "settlement": format_pai(now.account.settlement),
            "savings": format_pai(sum(item.amount for item in now.deposits)),
            "sequence": account.sequence,
        }


@pytest.fixture
def community() -> Community:
    community = Community()
    for number in range(5):
        payment = community.sign("emma", Pay(get_account_id("farid"), PAI, ""))
        saving = [community.sign("hamit", Save(40 * PAI, 3))] if number == 1 else []
        community.extend([payment, *saving], after=3)
    return community


def audit(node: FakeNode) -> list[Finding]:
    with open_node(URL, URL, httpx.MockTransport(node)) as source:
        run = Audit(source, Trust(), clock=2e9)
        for _ in run.run(MemoryStore()):
            pass
        return run.findings


def test_an_honest_node_is_clean_and_everybody_was_asked(community: Community) -> None:
    node = FakeNode(community)
    assert audit(node) == []
    assert sum(path.startswith("/v1/accounts/") for path in node.asked) == 8


def test_a_node_that_grows_while_it_is_asked_is_followed(community: Community) -> None:
    node = FakeNode(community)
    node.grows = True
    assert audit(node) == []
    assert node.community.ledger.head.height == 5 + 8


def test_a_busy_node_is_asked_again(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("node.audit.source.time.sleep", waited.append)
    node = FakeNode(community)
    node.busy = 3
    assert audit(node) == []
    assert len(waited) == 3


def lie_about(address: str, field: str, value: object) -> Lie:
    def lie(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, field: value} if path.endswith(address) else answer

    return lie


EMMA = encode_address("pai", get_account_id("emma"))


@pytest.mark.parametrize(
    ("field", "value"), [("settlement", "1000000"), ("savings", "5"), ("sequence", 77)]
)
def test_a_lie_about_an_account_is_named(community: Community, field: str, value: object) -> None:
    (found,) = audit(FakeNode(community, lie_about(EMMA, field, value)))
    assert (found.check, found.key) == (Check.ANSWER, get_account_id("emma").hex())
    assert found.detail == f"the node shows another {field}"
    assert found.found == str(value)
    assert found.expected != found.found


SUMS = ("settlement", "savings", "bonds", "uncollected")


@pytest.mark.parametrize("fund", [*FUNDS, *SUMS])
def test_a_lie_about_the_funds_is_named(community: Community, fund: str) -> None:
    (found,) = audit(FakeNode(community, lie_about("/v1/funds", fund, "123456")))
    assert (found.check, found.found) == (Check.ANSWER, "123456")
    assert found.detail == f"the node shows another {fund}"


def test_a_lie_about_the_root_is_named(community: Community) -> None:
    def lie(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/status":
            answer["head"]["state_root"] = bytes(32).hex()
        return answer

    (found,) = audit(FakeNode(community, lie))
    assert (found.check, found.found) == (Check.HEAD, bytes(32).hex())
    assert found.expected == community.ledger.root.hex()


def test_a_node_that_claims_more_than_it_hands_out_is_named(community: Community) -> None:
    def lie(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        if path == "/v1/status":
            answer["head"]["height"] += 3
        return answer

    found = audit(FakeNode(community, lie))
    assert [(item.check, item.expected, item.found) for item in found] == [(Check.HEAD, "5", "8")]


def test_a_stream_that_breaks_off_is_named(community: Community) -> None:
    class Breaking(FakeNode):
        def pour(self, from_height: int) -> Iterator[bytes]:
            whole = list(super().pour(from_height))
            yield from whole[:-2]
            raise httpx.ReadError("reset by peer")

    (found,) = audit(Breaking(community))
    assert (found.check, found.height) == (Check.STREAM, 4)
    assert "reset by peer" in found.detail


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, content=b"<html>hello"),
        httpx.Response(200, content=b'{"head": 5}'),
        httpx.Response(500),
        httpx.Response(404, content=b"nothing here"),
    ],
)
def test_what_is_no_node_is_refused(response: httpx.Response) -> None:
    transport = httpx.MockTransport(lambda _request: response)
    with pytest.raises(SourceError), open_node(URL, URL, transport):
        pass


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    def pour() -> Iterator[bytes]:
        while True:
            yield b" " * 65_536

    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=pour()))
    with NodeReader(URL, transport) as node, pytest.raises(SourceError, match="more than"):
        node.get_status()


def test_nobody_there_is_told_apart() -> None:
    with pytest.raises(SourceUnreachable), open_node("x", "http://127.0.0.1:1"):
        pass


# Proofs.


def prove(node: FakeNode, name: str) -> ProvenAccount:
    with NodeReader(URL, httpx.MockTransport(node)) as reader:
        return prove_account(reader, node.community.genesis, get_account_id(name))


def test_a_row_and_its_absence_are_proved(community: Community) -> None:
    node = FakeNode(community)
    emma, nobody = prove(node, "emma"), prove(node, "nobody")
    assert emma.holds
    assert emma.account is not None
    assert emma.account.settlement == community.get_balance("emma")
    assert nobody.holds
    assert nobody.account is None


def swap_row(path: str, answer: dict[str, Any]) -> dict[str, Any]:
    if path.endswith("/proof"):
        row = ACCOUNTS.codec.decode(bytes.fromhex(answer["row"]))
        answer["row"] = encode(replace(row, settlement=row.settlement + 1)).hex()
    return answer


def hide_row(path: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "row": None} if path.endswith("/proof") else answer


def swap_key(path: str, answer: dict[str, Any]) -> dict[str, Any]:
    if path.endswith("/proof"):
        answer["key"] = (ACCOUNTS.prefix + get_account_id("farid")).hex()
    return answer


@pytest.mark.parametrize("lie", [swap_row, hide_row, swap_key])
def test_a_wrong_proof_is_named(community: Community, lie: Lie) -> None:
    proven = prove(FakeNode(community, lie), "emma")
    assert [item.check for item in proven.findings] == [Check.MERKLE_ROOT]


def test_a_proof_under_a_root_that_nobody_signed_is_named(community: Community) -> None:
    class Detached(FakeNode):
        def build_proof(self, address: str) -> dict[str, Any]:
            return {**super().build_proof(address), "height": 2}

    proven = prove(Detached(community), "emma")
    assert [item.detail for item in proven.findings] == [
        "the proof is not for the state root of the block"
    ]


def test_a_proof_from_before_the_first_block_is_held_to_the_genesis(community: Community) -> None:
    """Nobody signs that state, so a liar could else prove whatever he likes."""
    young = Community(community.genesis)
    assert prove(FakeNode(young), "emma").holds

    class Founder(FakeNode):
        def build_proof(self, address: str) -> dict[str, Any]:
            return {**super().build_proof(address), "height": 0}

    proven = prove(Founder(community), "emma")
    assert [item.check for item in proven.findings] == [Check.STATE_ROOT]


def test_a_proof_by_a_block_of_another_height_is_named(community: Community) -> None:
    class Shifted(FakeNode):
        def pour(self, from_height: int) -> Iterator[bytes]:
            return super().pour(from_height - 1)

        def build_proof(self, address: str) -> dict[str, Any]:
            told = super().build_proof(address)
            return {**told, "height": told["height"] + 1}

    proven = prove(Shifted(community), "emma")
    assert [item.detail for item in proven.findings] == [
        "the block is of another height than the proof"
    ]


def test_a_proof_of_another_community_is_named(community: Community) -> None:
    transport = httpx.MockTransport(FakeNode(community))
    other = build_genesis(seats=("ann", "boris", "clara", "emma"), balance=1)
    with NodeReader(URL, transport) as reader:
        proven = prove_account(reader, other, get_account_id("emma"))
    assert "the block belongs to another community" in {item.detail for item in proven.findings}


@pytest.mark.parametrize("proof", ["zz", "c1", "9390"])
def test_a_proof_that_is_none_is_refused(community: Community, proof: str) -> None:
    def lie(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "proof": proof} if path.endswith("/proof") else answer

    with pytest.raises(SourceError, match="the node's proof"):
        prove(FakeNode(community, lie), "emma")
