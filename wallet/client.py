"""The HTTP API of a node (docs/api.md) as its clients see it: typed answers, bounded waiting.

Answers may hold more than we know and are read tolerantly; amounts arrive as decimal strings and
are micropai from here on. Three kinds of failure are kept apart, because they mean different
things for money: nothing was sent, nobody knows, and refused.
"""

from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
import trio

from chain.errors import Code, Invalid
from chain.refusals import MEANINGS
from chain.units import parse_pai
from wallet.terminal import Exit, Failure
from wallet.words import mark

DEFAULT_NODE_URL: Final = "http://127.0.0.1:4511"
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 15
TOTAL_SECONDS: Final = 45  # a node that trickles its answer does not hold the wallet longer
ANSWER_BYTES_MAX: Final = 16 * 1_024 * 1_024  # the longest page of history is far below
MESSAGEPACK: Final = "application/msgpack"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

T = TypeVar("T")

_UNREACHABLE: Final = mark("No node answers at {url}: start one, or name another with --node URL.")
_TOO_SLOW: Final = mark(
    "The node at {url} did not answer in time: try again, or name another with --node URL."
)
_BROKEN: Final = mark(
    "The connection to {url} broke: try again, or name another node with --node URL."
)
_NO_REASON: Final = mark(
    "{url} answered with HTTP status {status} and no reason: is it a node? Look at --node URL."
)
_BUSY: Final = mark("The node at {url} cannot answer now: {message}")
_UNINTELLIGIBLE: Final = mark(
    "{url} answered in a way this program does not understand: is it a node, of this version?"
)
_OTHER_REASON: Final = mark("The node refused: {message} {detail} [{name}]")
_REASONS: Final = {
    "BAD_REQUEST": mark("The node cannot do anything with this: {detail} [{name}]"),
    "NOT_FOUND": mark("The node knows of no such thing: {detail} [{name}]"),
}


class Micropai(int):
    """An amount in micropai that travels as a decimal string of pai."""


class Octets(bytes):
    """Bytes that travel as hexadecimal digits."""


class Answer(msgspec.Struct, frozen=True):
    """Base of answers: unknown fields are let pass, as a newer node may say more."""


class CommunityAnswer(Answer, frozen=True):
    """Which community a node serves, and its measures of time."""

    id: Octets
    name: str
    prefix: str
    genesis_time: int
    slot_seconds: int
    slots_per_step: int
    slots_per_period: int
    slots_per_epoch: int
    transaction_life_slots: int


class HeadAnswer(Answer, frozen=True):
    """The newest block of the chain that a node follows."""

    height: int
    slot: int


class ClockAnswer(Answer, frozen=True):
    """The present, by the node's clock."""

    slot: int
    step: int
    period: int


class Status(Answer, frozen=True):
    """``GET /v1/status``."""

    community: CommunityAnswer
    head: HeadAnswer
    clock: ClockAnswer
    syncing: bool = False
    seat: str | None = None
    version: str = ""


class AtAnswer(Answer, frozen=True):
    """The block an answer builds on, and the slot and step it is projected to."""

    height: int
    slot: int
    step: int


class PolicyAnswer(Answer, frozen=True):
    """An account's key policy."""

    threshold: int
    keys: tuple[Octets, ...]


class DepositAnswer(Answer, frozen=True):
    """One deposit, as of now."""

    id: int
    amount: Micropai
    since_step: int
    until_step: int
    until_time: int
    return_now: Micropai
    renew_periods: int = 0
    bond: str = "free"
    release_step: int = 0


class Account(Answer, frozen=True):
    """``GET /v1/accounts/{address}``: everything projected to now by the node."""

    address: str
    exists: bool
    at: AtAnswer
    settlement: Micropai
    after_next_period: Micropai
    savings: Micropai
    spendable: Micropai
    sequence: int
    next_sequence: int
    ref: str
    unit_fee: Micropai
    policy: PolicyAnswer | None = None
    identified: bool = False
    identified_until_slot: int = 0
    free_units: int = 0
    defensive_units: int = 0
    filing_units: int = 0
    limit: Micropai = Micropai(0)
    alias: str | None = None
    recovery_ends_slot: int | None = None
    booked: Micropai = Micropai(0)  # settlement as the newest block has it
    running: Micropai = Micropai(0)  # demurrage that no block has collected yet
    deposits: tuple[DepositAnswer, ...] = ()
    waiting: tuple[str, ...] = ()


class SinksTold(Answer, frozen=True):
    """Where demurrage goes, in ten-thousandths."""

    reserve: int
    social: int
    operators: int
    active: int
    municipality: int
    burn: int


class Entry(Answer, frozen=True):
    """One line of an account's history."""

    height: int
    time: int
    kind: str
    amount: Micropai
    slot: int = 0
    transaction: str | None = None
    counterparty: str | None = None
    memo: str = ""
    sinks: SinksTold | None = None  # of demurrage: where it went


class History(Answer, frozen=True):
    """A page of history, newest first; ``next`` is where the following page begins."""

    entries: tuple[Entry, ...]
    next: int | str | None = None
    since_slot: int = 0  # up to which the node does not know what happened


class Outcome(Answer, frozen=True):
    """``GET /v1/transactions/{id}``: what has become of a transaction."""

    status: str  # waiting, in_block, final or unknown
    height: int | None = None
    slot: int | None = None
    confirmations: int | None = None
    level: int | None = None  # of the votes that made it final
    since_slot: int = 0  # up to which the node began with a snapshot, and holds no blocks


class Submitted(Answer, frozen=True):
    """The answer to a transaction that was taken in."""

    id: str
    status: str


class _Refusal(Answer, frozen=True):
    code: int
    name: str = ""
    message: str = ""
    detail: str = ""
    temporary: bool = False


class Refused(Failure):
    """Refused for a reason that is not among the ledger's codes: nothing has changed."""


class Unreachable(Failure):
    """Nothing has reached the node."""


class Unanswered(Failure):
    """The request may or may not have reached the node."""


class NodeClient:
    """A connection to one node; an async context manager.

    Methods raise Invalid or Refused (no, and nothing changed), Unreachable (nothing was sent) or
    Unanswered (nobody knows).
    """

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            headers={"accept-encoding": "identity"},  # what arrives is what we count
            transport=transport,
            verify=not self.url.startswith("http://"),  # to load certificates takes 25 ms
            trust_env=_get_host(url) not in _LOOPBACK,  # no proxy stands before this machine
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def get_status(self) -> Status:
        """Community, head and clock."""
        return await self._get("/v1/status", Status)

    async def get_account(self, address: str) -> Account:
        """An account, projected to the present slot; ``exists`` is false for one not yet born."""
        return await self._get(f"/v1/accounts/{address}", Account)

    async def get_history(
        self, address: str, *, before: int | str | None = None, limit: int = 100
    ) -> History:
        """A page of an account's history, newest first."""
        query = {"limit": limit} if before is None else {"limit": limit, "before": before}
        return await self._get(f"/v1/accounts/{address}/history", History, **query)

    async def get_outcome(self, transaction_id: bytes) -> Outcome:
        """What has become of a transaction."""
        return await self._get(f"/v1/transactions/{transaction_id.hex()}", Outcome)

    async def submit(self, whole_bytes: bytes) -> Submitted:
        """Hand in a signed transaction.

        Raises Invalid or Refused: this node does not have it; Unreachable: it never left;
        Unanswered: nobody knows whether it arrived.
        """
        status, body = await self._ask(
            "POST", "/v1/transactions", content=whole_bytes, headers={"content-type": MESSAGEPACK}
        )
        if status != httpx.codes.ACCEPTED:
            raise self._read_refusal(status, body)
        return self._decode(body, Submitted)

    async def get(self, path: str, kind: type[T], **query: str | int) -> T:
        """An answer of the API of this type."""
        return await self._get(path, kind, **query)

    async def get_json(self, path: str) -> Any:
        """Any other answer of the API, undecided as to its shape."""
        body = await self._fetch(path)
        try:
            return msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._build_unintelligible() from None

    async def _get(self, path: str, kind: type[T], **query: str | int) -> T:
        return self._decode(await self._fetch(path, **query), kind)

    async def _fetch(self, path: str, **query: str | int) -> bytes:
        status, body = await self._ask("GET", path, params=query)
        if status != httpx.codes.OK:
            raise self._read_refusal(status, body)
        return body

    async def _ask(self, method: str, path: str, **parts: Any) -> tuple[int, bytes]:
        """Status and body of an answer of bounded length, within bounded time."""
        body = bytearray()
        try:
            with trio.fail_after(TOTAL_SECONDS):
                async with self._http.stream(method, path, **parts) as response:
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > ANSWER_BYTES_MAX:
                            raise self._build_unintelligible()
                    return response.status_code, bytes(body)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,
            httpx.UnsupportedProtocol,
            httpx.InvalidURL,
        ):
            raise Unreachable(Exit.UNREACHABLE, _UNREACHABLE, url=self.url) from None
        except (httpx.TimeoutException, trio.TooSlowError):
            raise Unanswered(Exit.UNREACHABLE, _TOO_SLOW, url=self.url) from None
        except httpx.HTTPError:
            raise Unanswered(Exit.UNREACHABLE, _BROKEN, url=self.url) from None

    def _read_refusal(self, status: int, body: bytes) -> Failure | Invalid:
        """The refusal in an answer; an answer without one leaves everything open."""
        try:
            refusal = msgspec.json.decode(body, type=_Refusal)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Unanswered(Exit.UNREACHABLE, _NO_REASON, url=self.url, status=status)
        if refusal.code in MEANINGS:
            return Invalid(Code(refusal.code), refusal.detail)
        if not 400 <= status < 500:
            return Unanswered(Exit.UNREACHABLE, _BUSY, url=self.url, message=refusal.message)
        return Refused(
            Exit.REFUSED,
            _REASONS.get(refusal.name, _OTHER_REASON),
            message=refusal.message,
            detail=refusal.detail,
            name=refusal.name,
        )

    def _decode(self, body: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=kind, dec_hook=_build_value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._build_unintelligible() from None

    def _build_unintelligible(self) -> Unanswered:
        return Unanswered(Exit.UNREACHABLE, _UNINTELLIGIBLE, url=self.url)


def _get_host(url: str) -> str:
    """The host in a node's address. Raises Failure when it is no such address."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.hostname
    except ValueError:
        pass  # brackets or a port that cannot be: said below
    raise Failure(
        Exit.USAGE,
        "{url} is not the address of a node: it looks like {example}",
        url=url,
        example=DEFAULT_NODE_URL,
    )


def _build_value(kind: type[Any], value: object) -> object:
    """Amounts and bytes out of the strings in which they travel."""
    if not isinstance(value, str):
        raise TypeError("expected a string")
    if kind is Micropai:
        return Micropai(parse_pai(value))
    if kind is Octets:
        return Octets(bytes.fromhex(value))
    raise NotImplementedError(kind)
