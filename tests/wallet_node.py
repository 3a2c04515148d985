"""A node for wallet tests: the HTTP API of docs/api.md over a real ledger, without a network.

Requests are answered in the same process. ``faults`` lets the line break in the ways that matter
for money: before a transaction arrives, after it arrived, or while it is lost on the way.
"""

import json
from collections import deque
from collections.abc import Callable
from enum import StrEnum

import httpx
import msgspec
from msgspec.structs import replace

from chain.actions import ChangePolicy, Pay, Prolong, Save, Withdraw
from chain.address import decode_address, encode_address
from chain.checks import DirectChecks
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.genesis import Genesis, GenesisAccount
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.refusals import MEANINGS
from chain.rules.aliases import find_alias
from chain.rules.finality_record import get_lasting_ref
from chain.rules.identity import get_identified_until, is_identified
from chain.rules.payments import build_account, get_spending_floor
from chain.rules.settlement import compute_decayed, get_touched
from chain.rules.transactions import process_transaction
from chain.rules.units import DEFENSIVE_PER_SIGNATURE, get_defensive_units, get_free_units
from chain.transaction import SealedTransaction, decode_transaction
from chain.units import format_pai
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
from node.api.errors import RequestError
from node.api.schema import Answer
from tests.community import PAI, Community, build_genesis, get_account_id
from wallet.keystore import build_secrets

SPREAD_SLOTS = 16  # within which somebody is elected, in practice
BONDS = ("free", "bonded", "unbonding", "leaving")


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
        self.mining = mining
        self.ahead_slots = 1  # how far the clock is ahead of the head
        self.waiting: list[SealedTransaction] = []
        self.faults: deque[Fault | None] = deque()  # of the next POSTs, one each
        self.posted: list[bytes] = []  # every transaction that arrived, again and again
        self.tells_limits = False  # whether members learn that they may owe something
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
            case ["v1", "accounts", address]:
                return _reply(self._get_account(self._read_address(address)))
            case ["v1", "accounts", address, "history"]:
                query = request.url.params
                return _reply(
                    self._get_history(
                        self._read_address(address), query.get("before"), int(query["limit"])
                    )
                )
            case ["v1", "transactions", transaction_id]:
                return _reply(self._get_outcome(bytes.fromhex(transaction_id)))
            case _:
                return self._answer_of_identity(parts, dict(request.url.params))

    def _answer_of_market(self, parts: list[str], query: dict[str, str]) -> httpx.Response:
        slot = self.get_clock_slot()
        match parts:
            case ["v1", "accounts", address, "market"]:
                account = self._read_address(address)
                return self._tell(lambda _: build_trader_answer(self.ledger, slot, account))
            case ["v1", "market", "listings"]:
                search = Search(query.get("good", ""), query.get("place", ""))
                return self._tell(lambda _: build_listings_answer(self.ledger, slot, search))
            case ["v1", "market", "prices"]:
                return self._tell(lambda _: build_prices_answer(self.ledger, slot))
            case ["v1", "market", "rooms"]:
                return self._tell(lambda _: build_rooms_answer(self.ledger, slot))
        member = self._read_address(query["account"])
        return self._tell(lambda _: build_chains_answer(self.ledger, slot, member))

    def _answer_of_identity(self, parts: list[str], query: dict[str, str]) -> httpx.Response:
        match parts:
            case ["v1", *_, "market"] | ["v1", "market", _]:
                return self._answer_of_market(parts, query)
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

    def _tell(self, build: Callable[..., Answer], *values: AccountId) -> httpx.Response:
        """What the real node would say, of a core that is nothing but a ledger and a clock."""
        try:
            return httpx.Response(200, content=msgspec.json.encode(build(self, *values)))
        except RequestError as error:
            return _refuse(0, error.answer.name, error.status)

    @property
    def ledger(self) -> Ledger:
        """What answers are drawn from."""
        return self.community.ledger

    def get_clock_slot(self) -> int:
        """The present."""
        return self.ledger.head.slot + self.ahead_slots

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

    def _get_account(self, account_id: AccountId) -> dict[str, object]:
        ledger = self.community.ledger
        state = ledger.open_view()
        context = ledger.get_context(ledger.head.slot + max(1, self.ahead_slots))
        row = state.accounts.get(account_id)
        account = row or build_account(context.step)
        savings = state.savings.get(account_id)
        deposits = savings.deposits if savings else ()
        schedule = context.keep_schedule
        now = get_touched(account, deposits, schedule, context.step)
        later = get_touched(account, deposits, schedule, context.step + context.steps_per_period)
        identified = is_identified(state, context, account_id)
        policy = account.policy
        waiting = [item for item in self.waiting if item.body.account == account_id]
        limit = 0
        if self.tells_limits:
            limit = -get_spending_floor(state, context, account_id, now.account)
        return {
            "address": self._write_address(account_id),
            "exists": row is not None,
            "at": {
                "height": ledger.head.height,
                "slot": context.slot,
                "step": context.step,
            },
            "settlement": format_pai(now.account.settlement),
            "after_next_period": format_pai(later.account.settlement),
            "savings": format_pai(sum(item.amount for item in now.deposits)),
            "spendable": format_pai(now.account.settlement + limit),
            "limit": format_pai(limit),
            "sequence": account.sequence,
            "next_sequence": account.sequence + len(waiting),
            "ref": get_lasting_ref(state).hex(),
            "policy": None
            if policy is None
            else {"threshold": policy.threshold, "keys": [key.hex() for key in policy.keys]},
            "identified": identified,
            "identified_until_slot": get_identified_until(state, context, account.person)
            if account.person
            else 0,
            "free_units": get_free_units(state, context, account.person) if account.person else 0,
            "defensive_units": context.parameters.defensive_units + DEFENSIVE_PER_SIGNATURE
            if policy is None
            else get_defensive_units(context, account),
            "unit_fee": format_pai(context.parameters.unit_fee),
            "deposits": [
                {
                    "id": item.id,
                    "amount": format_pai(item.amount),
                    "since_step": item.since_step,
                    "until_step": item.until_step,
                    "until_time": self.community.genesis.genesis_time
                    + item.until_step
                    * context.constants.slots_per_step
                    * context.constants.slot_seconds,
                    "renew_periods": item.renew_steps // context.steps_per_period,
                    "bond": BONDS[item.seat_bond],
                    "release_step": item.release_step,
                    "return_now": format_pai(
                        compute_decayed(item.amount, schedule, item.since_step, context.step)
                    ),
                }
                for item in now.deposits
            ],
            "alias": find_alias(state, account_id),
            "waiting": [item.id.hex() for item in waiting],
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
                    "status": "in_block",
                    "height": block.header.height,
                    "slot": block.header.slot,
                    "hash": block.hash.hex(),
                    "confirmations": head.height - block.header.height + 1,
                }
        return {**nothing, "status": "unknown", "confirmations": None}

    def _get_history(
        self, account_id: AccountId, before: str | None, limit: int
    ) -> dict[str, object]:
        entries: list[dict[str, object]] = []
        for block in self.community.ledger.get_blocks():
            for sealed in block.transactions:
                for kind, amount, other, memo in _find_entries(sealed, account_id):
                    entries.append(
                        {
                            "height": block.header.height,
                            "slot": block.header.slot,
                            "time": self.community.genesis.genesis_time + block.header.slot,
                            "transaction": sealed.id.hex(),
                            "kind": kind,
                            "amount": format_pai(amount),
                            "counterparty": None if other is None else self._write_address(other),
                            "memo": memo,
                        }
                    )
        end = len(entries) if before is None else int(before)
        start = max(0, end - limit)
        return {"entries": entries[start:end][::-1], "next": str(start) if start else None}


def _find_entries(
    sealed: SealedTransaction, account_id: AccountId
) -> list[tuple[str, int, AccountId | None, str]]:
    payer = sealed.body.account
    found: list[tuple[str, int, AccountId | None, str]] = []
    for action in sealed.body.actions:
        match action:
            case Pay() if payer == account_id:
                found.append(("paid", action.amount, action.to, action.memo))
            case Pay() if action.to == account_id:
                found.append(("received", action.amount, payer, action.memo))
            case Save() if payer == account_id:
                found.append(("saved", action.amount, None, ""))
            case Withdraw() if payer == account_id:
                found.append(("withdrawn", action.amount, None, ""))
            case Prolong() if payer == account_id:
                found.append(("prolonged", 0, None, ""))
            case ChangePolicy() if payer == account_id:
                found.append(("keys", 0, None, ""))
            case _:
                pass
    return found


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
