"""A node for wallet tests: the HTTP API of docs/api.md over a real ledger, without a network.

Requests are answered in the same process. ``faults`` lets the line break in the ways that matter
for money: before a transaction arrives, after it arrived, or while it is lost on the way.
"""

import json
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import httpx
import msgspec
from msgspec.structs import replace

from chain.address import decode_address, encode_address
from chain.checks import DirectChecks
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.genesis import Genesis, GenesisAccount
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.refusals import MEANINGS
from chain.rules.transactions import process_transaction
from chain.transaction import SealedTransaction, decode_transaction
from node.api.answers import build_account_answer, build_history_answer, build_parameters_answer
from node.api.answers_credit import build_credit_answer, build_loan_answer, build_loans_answer
from node.api.answers_exchange import build_obligation_answer, build_obligations_answer
from node.api.answers_identity import (
    build_alias_answer,
    build_authorities_answer,
    build_identity_answer,
    build_recovery_answer,
)
from node.api.answers_market import (
    Search,
    build_chains_answer,
    build_listings_answer,
    build_prices_answer,
    build_rooms_answer,
    build_trader_answer,
)
from node.api.answers_votes import build_proposal_answer, build_proposals_answer
from node.api.errors import RequestError
from node.api.paging import PAGE_MAX
from node.api.schema import Answer
from node.chainkeeper import ChainKeeper
from node.history import HistoryPage, read_history
from node.stores import MemoryStores
from tests.community import PAI, Community, build_genesis, get_account_id
from wallet.keystore import build_secrets

SPREAD_SLOTS = 16  # within which somebody is elected, in practice


class Fault(StrEnum):
    """What happens to one POST."""

    REFUSED_CONNECTION = "connection"  # nothing is sent
    LOST_REQUEST = "request"  # it never arrives, and no answer comes
    LOST_ANSWER = "answer"  # it arrives, and no answer comes
    BAD_GATEWAY = "gateway"  # it arrives, and somebody in between answers nonsense
    BUSY = "busy"  # it does not arrive: the node has enough to do
    FULL = "full"  # it arrives, and is refused for want of room


class WalletNode:
    """One node; ``mining`` makes a block at once of whatever arrives."""

    def __init__(self, community: Community | None = None, *, mining: bool = True) -> None:
        self.community = community or Community()
        self.keeper = build_keeper(self.community)
        self.mining = mining
        self.final_height = 0  # up to here blocks are final
        self.ahead_slots = 1  # how far the clock is ahead of the head
        self.waiting: list[SealedTransaction] = []
        self.faults: deque[Fault | None] = deque()  # of the next POSTs, one each
        self.posted: list[bytes] = []  # every transaction that arrived, again and again
        self.page_max = PAGE_MAX  # how many rows an answer holds
        self.seat = "ann"  # whose server this claims to be
        self.before_answer: Callable[[httpx.Request], None] = lambda _request: None

    @property
    def transport(self) -> httpx.MockTransport:
        """For httpx.AsyncClient."""
        return httpx.MockTransport(self.answer)

    def mine(self, *, after: int = 0) -> None:
        """Make a block of what waits and is still good."""
        ledger = self.community.ledger
        slot = ledger.head.slot + max(after, 1) + SPREAD_SLOTS
        good = [item for item in self.waiting if item.body.valid_until_slot >= slot]
        self.waiting.clear()
        self.community.extend(good, after=after)

    def forget(self) -> None:
        """Lose what waits, as a node does whose disk was swapped."""
        self.waiting.clear()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer."""
        self.before_answer(request)
        if request.method == "POST":
            return self._take(request)
        parts = request.url.path.strip("/").split("/")
        match parts:
            case ["v1", "status"]:
                return _reply(self._get_status())
            case ["v1", "transactions", transaction_id]:
                return _reply(self._get_outcome(bytes.fromhex(transaction_id)))
            case ["v1", "accounts", _, "identity" | "recovery"] | [
                "v1",
                "authorities" | "aliases",
                *_,
            ]:
                return self._answer_of_identity(parts)
            case ["v1", "proposals" | "loans" | "obligations", *_] | [
                "v1",
                "accounts",
                _,
                "credit" | "obligations",
            ]:
                return self._answer_of_rules(parts, request.url.params)
            case _:
                return self._answer_of_money(parts, request.url.params)

    def _answer_of_money(self, parts: list[str], query: httpx.QueryParams) -> httpx.Response:
        match parts:
            case ["v1", "accounts", address]:
                return self._tell(build_account_answer, self._read_address(address))
            case ["v1", "accounts", address, "history"]:
                limit = int(query["limit"])
                return self._tell(
                    build_history_answer, self._read_address(address), query.get("before"), limit
                )
            case ["v1", *_, "market"] | ["v1", "market", _]:
                return self._answer_of_market(parts, query)
            case ["v1", "parameters"]:
                return self._tell(lambda core: build_parameters_answer(core.ledger))
            case _:
                return _refuse(0, "NOT_FOUND", 404)

    def _answer_of_rules(self, parts: list[str], query: httpx.QueryParams) -> httpx.Response:
        voter = self._read_address(query["account"]) if "account" in query else None
        match parts:
            case ["v1", "proposals"]:
                before = int(query["before"]) if "before" in query else None
                limit = int(query.get("limit", "50"))
                return self._tell(build_proposals_answer, voter, before, limit)
            case ["v1", "proposals", number]:
                return self._tell(build_proposal_answer, int(number), voter)
            case ["v1", "accounts", address, "credit"]:
                return self._tell(build_credit_answer, self._read_address(address))
            case ["v1", "loans"]:
                first, limit = int(query.get("from", "0")), int(query.get("limit", "50"))
                return self._tell(build_loans_answer, first, limit)
            case ["v1", "loans", number]:
                return self._tell(build_loan_answer, int(number))
            case _:
                return self._answer_of_exchange(parts)

    def _answer_of_market(self, parts: list[str], query: httpx.QueryParams) -> httpx.Response:
        ledger, slot = self.ledger, self.get_clock_slot()
        context, first = ledger.get_context(slot), query.get("from", "0")
        limit = int(query.get("limit", str(self.page_max)))
        match parts:
            case ["v1", "accounts", address, "market"]:
                account = self._read_address(address)
                page = (account, int(first), limit)
                return self._tell(lambda _: build_trader_answer(ledger, context, *page))
            case ["v1", "market", "listings"]:
                sides = {"offers": False, "wants": True}
                search = Search(
                    query.get("good", ""),
                    query.get("place", ""),
                    sides.get(query.get("side", "")),
                    int(first),
                    limit,
                )
                return self._tell(lambda _: build_listings_answer(ledger, slot, search))
            case ["v1", "market", "prices"]:
                return self._tell(lambda _: build_prices_answer(ledger, slot))
            case ["v1", "market", "rooms"]:
                begin = self._read_address(first) if "from" in query else b""
                return self._tell(lambda _: build_rooms_answer(ledger, context, begin, limit))
        member = self._read_address(query["account"]) if "account" in query else None
        return self._tell(lambda _: build_chains_answer(ledger, context, member, int(first), limit))

    def _answer_of_identity(self, parts: list[str]) -> httpx.Response:
        match parts:
            case ["v1", "accounts", address, "identity"]:
                return self._tell(build_identity_answer, self._read_address(address))
            case ["v1", "accounts", address, "recovery"]:
                return self._tell(build_recovery_answer, self._read_address(address))
            case ["v1", "authorities"]:
                return self._tell(build_authorities_answer)
            case ["v1", "aliases", name]:
                return self._tell(lambda core: build_alias_answer(core.ledger, name))
            case _:
                return _refuse(0, "NOT_FOUND", 404)

    def _answer_of_exchange(self, parts: list[str]) -> httpx.Response:
        match parts:
            case ["v1", "accounts", address, "obligations"]:
                account = self._read_address(address)
                return self._tell(lambda core: build_obligations_answer(core, account, 0, 200))
            case ["v1", "obligations", number]:
                return self._tell(lambda core: build_obligation_answer(core, int(number)))
            case _:
                return _refuse(0, "NOT_FOUND", 404)

    def _tell(self, build: Callable[..., Answer], *values: Any) -> httpx.Response:
        """What the real node would say, of a core that is nothing but a ledger and a clock."""
        try:
            return httpx.Response(200, content=msgspec.json.encode(build(self, *values)))
        except RequestError as error:
            return _refuse(0, error.answer.name, error.status)

    @property
    def ledger(self) -> Ledger:
        """What answers are drawn from: the community's chain, as a node keeps it."""
        ledger = self.community.ledger
        if self.keeper.ledger.chain != ledger.chain:
            self.keeper = build_keeper(self.community)
        kept = self.keeper.ledger
        while ledger.get_hash(kept.head.height) != kept.head.hash:
            self.keeper.undo()
        for block in ledger.get_blocks(kept.head.height + 1):
            self.keeper.extend(block, durable=False)
        return kept

    @property
    def mempool(self) -> "WalletNode":
        """What waits, as answers ask for it."""
        return self

    def get_next_sequence(self, account_id: AccountId) -> int:
        """The next transaction's number, after those that wait."""
        account = self.ledger.state.accounts.get(account_id)
        return (account.sequence if account else 0) + len(self.get_waiting(account_id))

    def get_waiting(self, account_id: AccountId) -> list[bytes]:
        """Ids of what waits of an account."""
        return [item.id for item in self.waiting if item.body.account == account_id]

    def get_history(self, account_id: AccountId, before: str | None, limit: int) -> HistoryPage:
        """A page of what happened to an account."""
        return read_history(self.ledger.store, account_id, before, limit)

    def get_clock_slot(self) -> int:
        """The present."""
        return self.community.ledger.head.slot + self.ahead_slots

    def admit(self, data: bytes) -> SealedTransaction:
        """Let a transaction wait, after the rules agreed. Raises Invalid."""
        sealed = decode_transaction(data)
        if any(item.id == sealed.id for item in self.waiting):
            raise Invalid(Code.ALREADY_KNOWN)
        ledger = self.community.ledger
        state, checks = ledger.open_view(), DirectChecks()
        context = ledger.get_context(ledger.head.slot + max(1, self.ahead_slots))
        for item in (*self.waiting, sealed):
            process_transaction(state, context, item, checks)
        self.waiting.append(sealed)
        return sealed

    def _take(self, request: httpx.Request) -> httpx.Response:
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.REFUSED_CONNECTION:
            raise httpx.ConnectError("refused", request=request)
        if fault is Fault.FULL:
            return _refuse(Code.MEMPOOL_FULL, "MEMPOOL_FULL", 503)
        if fault is Fault.BUSY:
            return _refuse(0, "BUSY", 503)
        if fault is Fault.LOST_REQUEST:
            raise httpx.ReadTimeout("lost", request=request)
        data = request.read()
        self.posted.append(data)
        try:
            sealed = self.admit(data)
        except Invalid as error:
            if fault is Fault.LOST_ANSWER:
                raise httpx.ReadTimeout("lost", request=request) from None
            return _refuse(int(error.code), error.code.name, 422, error.detail)
        if self.mining:
            self.mine()
        if fault is Fault.LOST_ANSWER:
            raise httpx.RemoteProtocolError("lost", request=request)
        if fault is Fault.BAD_GATEWAY:
            return httpx.Response(502, text="<html>Bad gateway</html>")
        return _reply({"id": sealed.id.hex(), "status": "waiting"}, 202)

    def _read_address(self, text: str) -> AccountId:
        return decode_address(self.community.genesis.prefix, text)

    def _write_address(self, account: AccountId) -> str:
        return encode_address(self.community.genesis.prefix, account)

    def _get_status(self) -> dict[str, object]:
        ledger, constants = self.community.ledger, self.community.genesis.constants
        slot = ledger.head.slot + self.ahead_slots
        measures = (
            "slot_seconds", "slots_per_step", "slots_per_period", "slots_per_epoch",
            "transaction_life_slots",
        )  # fmt: skip
        return {
            "community": {
                "id": self.community.chain.hex(),
                "name": self.community.genesis.name,
                "prefix": self.community.genesis.prefix,
                "genesis_time": self.community.genesis.genesis_time,
                **{name: getattr(constants, name) for name in measures},
            },
            "version": "0.1.0",
            "head": {
                "height": ledger.head.height,
                "slot": ledger.head.slot,
                "hash": ledger.head.hash.hex(),
            },
            "clock": {
                "slot": slot,
                "step": slot // constants.slots_per_step,
                "period": slot // constants.slots_per_period,
                "epoch": slot // constants.slots_per_epoch,
            },
            "syncing": False,
            "seat": self._write_address(get_account_id(self.seat)),
        }

    def _get_outcome(self, transaction_id: bytes) -> dict[str, object]:
        nothing: dict[str, object] = {"id": transaction_id.hex(), "height": None, "slot": None}
        if any(item.id == transaction_id for item in self.waiting):
            return {**nothing, "status": "waiting", "confirmations": None}
        head = self.community.ledger.head
        for block in self.community.ledger.get_blocks():
            if any(item.id == transaction_id for item in block.transactions):
                return {
                    "id": transaction_id.hex(),
                    "status": "final" if block.header.height <= self.final_height else "in_block",
                    "height": block.header.height,
                    "slot": block.header.slot,
                    "hash": block.hash.hex(),
                    "confirmations": head.height - block.header.height + 1,
                }
        return {**nothing, "status": "unknown", "confirmations": None}


def build_keeper(community: Community) -> ChainKeeper:
    """What a node of this community keeps, from the genesis on."""
    return ChainKeeper(MemoryStores().open(), community.genesis, DirectChecks())


def _reply(document: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(document).encode())


def _refuse(code: int, name: str, status: int, detail: str = "") -> httpx.Response:
    text = MEANINGS[Code(code)].text if code else "The request is not what this path asks for."
    document = {"code": code, "name": name, "message": text, "detail": detail, "temporary": False}
    return _reply(document, status)


def build_member_genesis(*entropies: bytes, balance: int = 500 * PAI) -> Genesis:
    """The test community's genesis with wallets of these entropies among its identified members."""
    genesis = build_genesis()
    authority = genesis.attestations[0].authority
    accounts = list(genesis.accounts)
    attestations = list(genesis.attestations)
    for entropy in entropies:
        account = build_secrets(entropy).account
        accounts.append(GenesisAccount(account, balance, ()))
        attestations.append(
            replace(
                genesis.attestations[0],
                authority=authority,
                subject=account,
                commitment=compute_hash(b"test-commit", entropy),
                tag=compute_hash(b"test-tag", entropy),
            )
        )
    return replace(
        genesis,
        accounts=tuple(sorted(accounts, key=lambda item: item.id)),
        attestations=tuple(sorted(attestations, key=lambda item: item.subject)),
    )
