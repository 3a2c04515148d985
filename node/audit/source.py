"""Where an audited chain comes from: a node's home, an export file, or a running node's URL.

All three give the same: genesis and blocks as raw bytes, one after the other and never believed.
LevelDB admits one process, so a home is read directly only while no node runs on it; else through
the address that its node leaves there.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NamedTuple, Self, TypeVar

import httpx
import msgspec
from msgspec import Meta

from chain.errors import Invalid
from chain.genesis import GENESIS_BYTES_MAX, GENESIS_CODEC, Genesis
from chain.kept import (
    read_blocks,
    read_canonical_block,
    read_first,
    read_genesis_bytes,
    read_head,
    read_rows,
)
from chain.proof import PROOF_BYTES_MAX
from chain.store import Store, StoreError
from node.audit.findings import AuditStopped, Check, Finding, Sentence
from node.home import Home, HomeError, find_address, lock_home, read_genesis
from node.ops.export import CHUNK_BYTES, ExportError, ExportParser, decode_export_header
from node.stores import FolderStores

TIMEOUT_SECONDS: Final = 30.0  # a node answers or sends the next bytes of a stream within this
ANSWER_BYTES_MAX: Final = 4 * 1_024 * 1_024  # of one JSON answer; an account's is a few kB

BUSY_ATTEMPTS: Final = 60  # a node that limits requests lets more through every second
BUSY_PAUSE_SECONDS: Final = 1.0
_BUSY: Final = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

AnswerT = TypeVar("AnswerT")
Height = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class SourceError(Exception):
    """The source cannot be read at all. The message says what to do."""


class SourceUnreachable(SourceError):
    """Nobody answers at the URL."""


class Claim(NamedTuple):
    """Where the source says that its chain ends."""

    height: int
    hash: bytes
    state_root: bytes | None
    slot: int | None = None
    score: int | None = None


class Source(NamedTuple):
    """An opened source. ``blocks`` is read once; reading it may raise AuditStopped."""

    name: str
    genesis: Genesis
    blocks: Iterator[bytes]
    claim: Claim | None  # an export file claims nothing
    store: Store | None  # of a stopped node's home
    node: "NodeReader | None"  # of a running node
    size_bytes: int | None = None  # of an export file
    beside: Genesis | None = None  # the genesis that lies in a home beside its chain

    def read_rows(self) -> Iterator[tuple[bytes, bytes]]:
        """The rows that a home holds, by state key."""
        assert self.store is not None, "only a home holds rows"
        return read_rows(self.store)

    def read_every_block(self) -> Iterator[bytes]:
        """All blocks a home has kept, those of abandoned branches included."""
        return iter(()) if self.store is None else read_blocks(self.store)


@contextmanager
def open_source(name: str) -> Iterator[Source]:
    """The source of this name: a URL, a folder or a file. Raises SourceError."""
    if name.startswith(("http://", "https://")):
        with open_node(name, name) as source:
            yield source
        return
    path = Path(name)
    if path.is_dir():
        with _open_home(name, Home(path)) as source:
            yield source
    elif path.is_file():
        with path.open("rb") as file:
            chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
            objects = split_stream(chunks)
            genesis = _read_stream_genesis(name, objects)
            yield Source(name, genesis, objects, None, None, None, path.stat().st_size)
    else:
        raise SourceError(
            f"there is no {name}: give a node's home, an export file, or a URL like "
            "http://127.0.0.1:4511"
        )


@contextmanager
def _open_home(name: str, home: Home) -> Iterator[Source]:
    try:
        beside = read_genesis(home)
        address = find_address(home)
        if address is not None:
            with open_node(name, address.url) as source:
                yield source
            return
        if not any(home.chain.parent.glob(f"{home.chain.name}*")):
            raise SourceError(f"{name} holds no chain yet: start its node first")
        with lock_home(home):
            store = FolderStores(home.chain).open()
            try:
                yield _read_home(name, store)._replace(beside=beside)
            finally:
                store.close()
    except (HomeError, StoreError) as error:
        raise SourceError(str(error)) from error


def _read_home(name: str, store: Store) -> Source:
    stored = read_genesis_bytes(store)
    try:
        head = read_head(store)
        if head is None or stored is None:
            raise SourceError(f"{name} holds no chain yet: start its node first")
        genesis = GENESIS_CODEC.decode(stored)
    except Invalid as error:
        raise SourceError(f"what {name} stores cannot be read: {error}") from error
    if (first := read_first(store)) is not None:
        raise SourceError(f"{name} began with a snapshot and has no blocks before {first.height}")
    claim = Claim(head.height, head.hash, None, head.slot, head.score)
    return Source(name, genesis, _read_chain(store, head.height), claim, store, None)


def _read_chain(store: Store, height_last: int) -> Iterator[bytes]:
    for height in range(1, height_last + 1):
        data = read_canonical_block(store, height)
        if data is None:
            detail = Sentence(
                f"the home says that its chain has {height_last} blocks, but {height} is not kept"
            )
            raise AuditStopped(Finding(check=Check.ORDER, detail=detail, height=height))
        yield data


@contextmanager
def open_node(
    name: str, url: str, transport: httpx.BaseTransport | None = None
) -> Iterator[Source]:
    """A running node at a URL. Raises SourceError."""
    with NodeReader(url, transport) as node:
        status = node.get_status()
        head = status.head
        claim = Claim(head.height, _from_hex(head.hash), _from_hex(head.state_root), head.slot)
        with node.stream_export() as objects:
            genesis = _read_stream_genesis(name, objects)
            yield Source(name, genesis, _take(objects, head.height), claim, None, node)


def _take(objects: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The first objects; a node that runs adds more while it is read."""
    for _ in range(count):
        taken = next(objects, None)
        if taken is None:
            return
        yield taken


def split_stream(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The raw objects of an export stream. Raises AuditStopped where it is damaged or cut."""
    parser = ExportParser()
    number = 0
    try:
        for chunk in chunks:
            parser.feed(chunk)
            while (taken := parser.take()) is not None:
                number += 1
                yield taken
        parser.finish()
    except ExportError as error:
        raise AuditStopped(
            Finding(check=Check.STREAM, detail=Sentence(str(error)), height=number or None)
        ) from error


def _read_stream_genesis(name: str, objects: Iterator[bytes]) -> Genesis:
    try:
        first = next(objects, None)
        if first is None:
            raise SourceError(f"{name} is empty")
        return decode_export_header(first)
    except (ExportError, AuditStopped) as error:
        raise SourceError(f"{name} is not an export of a chain: {error}") from error


class HeadAnswer(msgspec.Struct, frozen=True):
    """The part of a node's status that says where its chain ends."""

    height: Height
    slot: Height
    hash: str
    state_root: str


class StatusAnswer(msgspec.Struct, frozen=True):
    """The part of a node's status that an audit needs."""

    head: HeadAnswer


class AtAnswer(msgspec.Struct, frozen=True):
    """When an answer about an account was true."""

    height: Height
    slot: Height
    step: Height


class AccountAnswer(msgspec.Struct, frozen=True):
    """What a node says of an account; amounts are decimal strings of pai."""

    address: str
    exists: bool
    at: AtAnswer
    settlement: str
    savings: str
    sequence: int


class FundsAnswer(msgspec.Struct, frozen=True):
    """What a node says of the common funds."""

    at: AtAnswer
    issued: str
    burned: str
    settlement: str
    savings: str
    bonds: str
    uncollected: str
    reserve: str
    social: str
    operators: str
    active: str
    municipality: str
    claims: str
    pot: str
    accounts: int


class ProofAnswer(msgspec.Struct, frozen=True):
    """What a node says a row is, and its proof; hexadecimal canonical MessagePack."""

    state_root: str
    height: Height
    key: str
    row: str | None
    proof: str


class NodeReader:
    """Asks a running node, and believes nothing it says beyond its form."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            parts = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise SourceError(f"{url} is no URL: {error}") from error
        self._client = httpx.Client(
            base_url=self.url,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            trust_env=parts.host not in LOOPBACK,  # no proxy stands before this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get_status(self) -> StatusAnswer:
        """Where the node's chain ends."""
        return self._ask("/v1/status", StatusAnswer)

    def get_genesis(self) -> Genesis:
        """The community's genesis."""
        data = self._fetch("/v1/genesis", GENESIS_BYTES_MAX)
        try:
            return GENESIS_CODEC.decode(data)
        except Invalid as error:
            raise SourceError(f"{self.url} is not a node of Pai: {error}") from error

    def get_funds(self) -> FundsAnswer:
        """The common funds."""
        return self._ask("/v1/funds", FundsAnswer)

    def get_account(self, address: str) -> AccountAnswer:
        """An account, as people see it."""
        return self._ask(f"/v1/accounts/{address}", AccountAnswer)

    def get_proof(self, address: str) -> ProofAnswer:
        """An account's row and its proof."""
        return self._ask(f"/v1/accounts/{address}/proof", ProofAnswer)

    def get_finality(self, query: dict[str, str]) -> bytes | None:
        """A proof of what is final; None: no final block covers it."""
        return self._find(str(httpx.URL("/v1/finality", params=query)), PROOF_BYTES_MAX)

    @contextmanager
    def stream_export(self, from_height: int = 1) -> Iterator[Iterator[bytes]]:
        """The raw objects of the node's export from a height on, its header first."""
        query = {"from": str(from_height)}
        with (
            self._reaching(),
            self._client.stream("GET", "/v1/export", params=query) as response,
        ):
            if response.status_code == httpx.codes.NOT_FOUND:
                raise SourceError(
                    f"{self.url} does not have all blocks before its snapshot: 'pai node status' "
                    "says how many are to come. Wait for them, or ask another node"
                )
            if response.status_code != httpx.codes.OK:
                raise SourceError(f"{self.url} answers {response.status_code} to /v1/export")
            yield split_stream(self._reread(response))

    def _reread(self, response: httpx.Response) -> Iterator[bytes]:
        """The bytes of a stream; a connection that breaks is told as a broken stream."""
        try:
            yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise ExportError(f"the node stopped sending: {_tell(error)}") from None

    def _ask(self, path: str, kind: type[AnswerT]) -> AnswerT:
        data = self._fetch(path, ANSWER_BYTES_MAX)
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.url} is not a node of Pai: {error}") from error

    def _fetch(self, path: str, limit_bytes: int) -> bytes:
        data = self._find(path, limit_bytes)
        if data is None:
            raise SourceError(f"{self.url} answers {httpx.codes.NOT_FOUND.value} to {path}")
        return data

    def _find(self, path: str, limit_bytes: int) -> bytes | None:
        for _ in range(BUSY_ATTEMPTS):
            with self._reaching(), self._client.stream("GET", path) as response:
                data = b"".join(_limit(response.iter_bytes(), limit_bytes))
            if response.status_code not in _BUSY:
                break
            time.sleep(BUSY_PAUSE_SECONDS)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise SourceError(f"{self.url} answers {response.status_code} to {path}")
        return data

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise SourceUnreachable(f"no node answers at {self.url}") from error
        except httpx.HTTPError as error:
            raise SourceUnreachable(f"no node answers at {self.url}: {_tell(error)}") from error


def _tell(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _limit(chunks: Iterator[bytes], limit_bytes: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit_bytes:
            raise SourceError(f"an answer of more than {limit_bytes} bytes")
        yield chunk


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise SourceError(f"{text[:80]!r} is not hexadecimal") from None
