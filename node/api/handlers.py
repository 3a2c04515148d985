"""Who answers: one short function a path. Each reads the request within its bounds, asks, answers.

Nothing that a request can do changes the node; a signed transaction may wait, as it may through
any other node.
"""

import re
from collections.abc import Callable
from contextlib import aclosing
from typing import Final, NamedTuple

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from chain.codec import encode
from chain.header import BlockHash
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.store import StoreError
from chain.tables import ACCOUNTS
from chain.transaction import TRANSACTION_BYTES_MAX, decode_transaction
from node.api.answers import (
    build_account_answer,
    build_history_answer,
    build_parameters_answer,
    build_proof_answer,
    read_address,
)
from node.api.answers_chain import (
    Neighbours,
    build_block_answer,
    build_peers_answer,
    build_place_answer,
    build_seats_answer,
    build_status_answer,
    build_summary_answer,
)
from node.api.answers_identity import (
    build_alias_answer,
    build_authorities_answer,
    build_identity_answer,
    build_recovery_answer,
)
from node.api.desk import Desk
from node.api.errors import JSON, build_bad_request, build_not_found, build_too_large
from node.api.schema import (
    AccountAnswer,
    FundsAnswer,
    ParametersAnswer,
    ProofAnswer,
    StatusAnswer,
)
from node.api.schema_chain import (
    BlocksAnswer,
    HealthAnswer,
    HistoryAnswer,
    PeersAnswer,
    SeatsAnswer,
    SubmittedAnswer,
    TransactionAnswer,
)
from node.api.schema_identity import (
    AliasAnswer,
    AuthoritiesAnswer,
    IdentityAnswer,
    RecoveryAnswer,
)
from node.api.streams import EVENT_STREAMS_MAX, EXPORTS_MAX, EventStream, ExportStream, Places
from node.api.totals import Counter
from node.core import Core
from node.owner import RunInThread
from node.proving import (
    build_finality_proof,
    build_row_proof,
    build_transaction_proof,
    get_first_set,
)

MESSAGEPACK: Final = "application/msgpack"
EVENTS: Final = "text/event-stream"
PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
BLOCKS_PAGE_MAX: Final = 200
HISTORY_PAGE_MAX: Final = 200
PAGE_DEFAULT: Final = 50
# A node that reaches nobody and whose chain moves all the same is one of those who move it.
READY_AGE_SLOTS_MAX: Final = 15
BEFORE_CHARACTERS_MAX: Final = 128
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_HEIGHT: Final = re.compile(r"[0-9]{1,18}")


class Sources(NamedTuple):
    """What answers are made from."""

    core: Core
    neighbours: Neighbours
    version: str
    get_metrics: Callable[[], bytes]
    is_stopping: Callable[[], bool]
    counter: Counter
    desk: Desk
    event_places: Places
    export_places: Places
    matchmaker: AccountId | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger of this moment."""
        return self.core.ledger


def build_sources(
    core: Core,
    neighbours: Neighbours,
    version: str,
    *,
    get_metrics: Callable[[], bytes],
    is_stopping: Callable[[], bool],
    run_in_thread: RunInThread = trio.to_thread.run_sync,
    matchmaker: AccountId | None = None,
) -> Sources:
    """The sources of one running API."""
    desk = Desk(run_in_thread)
    return Sources(
        core,
        neighbours,
        version,
        get_metrics,
        is_stopping,
        Counter(desk),
        desk,
        Places(EVENT_STREAMS_MAX),
        Places(EXPORTS_MAX),
        matchmaker,
    )


async def get_status(_request: Request, sources: Sources) -> StatusAnswer:
    """Answer /v1/status."""
    return build_status_answer(
        sources.core, sources.neighbours, sources.version, sources.matchmaker
    )


async def get_genesis(_request: Request, sources: Sources) -> Response:
    """Answer /v1/genesis."""
    return Response(encode(sources.core.genesis), media_type=MESSAGEPACK)


async def get_parameters(_request: Request, sources: Sources) -> ParametersAnswer:
    """Answer /v1/parameters."""
    return build_parameters_answer(sources.ledger)


async def get_funds(_request: Request, sources: Sources) -> FundsAnswer:
    """Answer /v1/funds."""
    return await sources.counter.get(sources.core)


async def get_account(request: Request, sources: Sources) -> AccountAnswer:
    """Answer /v1/accounts/{address}."""
    account = read_address(sources.ledger, request.path_params["address"])
    return build_account_answer(sources.core, account)


async def get_identity(request: Request, sources: Sources) -> IdentityAnswer:
    """Answer /v1/accounts/{address}/identity."""
    account = read_address(sources.ledger, request.path_params["address"])
    return build_identity_answer(sources.core, account)


async def get_recovery(request: Request, sources: Sources) -> RecoveryAnswer:
    """Answer /v1/accounts/{address}/recovery."""
    account = read_address(sources.ledger, request.path_params["address"])
    return build_recovery_answer(sources.core, account)


async def get_alias(request: Request, sources: Sources) -> AliasAnswer:
    """Answer /v1/aliases/{alias}."""
    return build_alias_answer(sources.ledger, request.path_params["alias"])


async def get_authorities(_request: Request, sources: Sources) -> AuthoritiesAnswer:
    """Answer /v1/authorities."""
    return build_authorities_answer(sources.core)


async def get_history(request: Request, sources: Sources) -> HistoryAnswer:
    """Answer /v1/accounts/{address}/history."""
    account = read_address(sources.ledger, request.path_params["address"])
    before = request.query_params.get("before")
    if before is not None and len(before) > BEFORE_CHARACTERS_MAX:
        raise build_bad_request("before: pass what 'next' said")
    limit = read_number(request, "limit", PAGE_DEFAULT, most=HISTORY_PAGE_MAX)
    return build_history_answer(sources.core, account, before, limit)


async def get_proof(request: Request, sources: Sources) -> ProofAnswer:
    """Answer /v1/accounts/{address}/proof."""
    account = read_address(sources.ledger, request.path_params["address"])
    return build_proof_answer(sources.ledger, account)


async def get_finality(request: Request, sources: Sources) -> Response:
    """Answer /v1/finality."""
    ledger, query = sources.ledger, request.query_params
    first = read_hash(query["from"]) if "from" in query else get_first_set(ledger)
    try:
        if "account" in query:
            key = ACCOUNTS.prefix + read_address(ledger, query["account"])
            proof = build_row_proof(ledger, first, key)
        elif "transaction" in query:
            proof = build_transaction_proof(ledger, first, read_hash(query["transaction"]))
        else:
            proof = build_finality_proof(ledger, first)
    except StoreError as error:
        raise build_not_found(str(error)) from None
    if proof is None:
        raise build_not_found("no final block that is known here covers it")
    return Response(encode(proof), media_type=MESSAGEPACK)


async def post_transaction(request: Request, sources: Sources) -> SubmittedAnswer:
    """Answer POST /v1/transactions."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != MESSAGEPACK:
        raise build_bad_request(f"the body must be {MESSAGEPACK}, and Content-Type must say so")
    sealed = decode_transaction(await read_body(request, TRANSACTION_BYTES_MAX))
    sources.core.submit(sealed)
    return SubmittedAnswer(id=sealed.id.hex(), status="waiting")


async def get_transaction(request: Request, sources: Sources) -> TransactionAnswer:
    """Answer /v1/transactions/{id}."""
    return build_place_answer(sources.core, read_hash(request.path_params["id"]))


async def get_blocks(request: Request, sources: Sources) -> BlocksAnswer:
    """Answer /v1/blocks."""
    limit = read_number(request, "limit", PAGE_DEFAULT, most=BLOCKS_PAGE_MAX)
    newest = max(1, sources.ledger.head.height - limit + 1)
    from_height = read_number(request, "from", newest)
    summaries = sources.core.get_summaries(from_height, limit)
    return BlocksAnswer(blocks=[build_summary_answer(sources.ledger, item) for item in summaries])


async def get_block(request: Request, sources: Sources) -> Response:
    """Answer /v1/blocks/{name}."""
    name = request.path_params["name"]
    by_height = _HEIGHT.fullmatch(name) is not None
    block_hash = sources.ledger.get_hash(int(name)) if by_height else read_hash(name)
    answer = None
    if block_hash is not None:
        answer = await sources.desk.work(read_block_answer, sources.ledger, block_hash)
    if answer is None:
        refuse_below_first(sources, int(name) if by_height else None)
        raise build_not_found("no such block is kept here; the genesis has a path of its own")
    return Response(answer, media_type=JSON)


def refuse_below_first(sources: Sources, height: int | None) -> None:
    """Say so when this node began with a snapshot and does not have a block. Raises."""
    first = sources.ledger.first.height
    if height is not None and height < first:
        raise build_not_found(f"this node began with a snapshot: it has no blocks before {first}")


def read_block_answer(ledger: Ledger, block_hash: BlockHash) -> bytes | None:
    """A block as JSON; of a full one a quarter of a second's work."""
    block = ledger.get_block(block_hash)
    return None if block is None else msgspec.json.encode(build_block_answer(ledger, block))


async def get_export(request: Request, sources: Sources) -> Response | ASGIApp:
    """Answer /v1/export."""
    from_height = read_number(request, "from", 1)
    refuse_below_first(sources, from_height)
    if request.method == "HEAD":
        return Response(media_type=MESSAGEPACK)
    return ExportStream(sources.core, sources.export_places, from_height)


async def get_seats(_request: Request, sources: Sources) -> SeatsAnswer:
    """Answer /v1/seats."""
    return build_seats_answer(sources.core)


async def get_peers(_request: Request, sources: Sources) -> PeersAnswer:
    """Answer /v1/peers."""
    return build_peers_answer(sources.neighbours)


async def get_events(request: Request, sources: Sources) -> Response | ASGIApp:
    """Answer /v1/events."""
    if request.method == "HEAD":
        return Response(media_type=EVENTS)
    return EventStream(sources.core, sources.event_places)


async def get_liveness(_request: Request, _sources: Sources) -> HealthAnswer:
    """Answer /livez."""
    return HealthAnswer(ok=True, reason="")


async def get_readiness(_request: Request, sources: Sources) -> Response:
    """Answer /readyz: 503 while the answers of this node would be old."""
    progress = sources.neighbours.get_sync_progress()
    reason = ""
    if sources.is_stopping():
        reason = "the node is stopping"
    elif progress.syncing:
        reason = f"block {progress.height} of {progress.target_height} so far"
    elif sources.neighbours.is_cut_off():
        status = sources.core.get_core_status()
        age_slots = status.clock_slot - status.head.slot
        if age_slots > READY_AGE_SLOTS_MAX:
            reason = f"no peer has been reached, and the newest block is {age_slots} slots old"
    answer = HealthAnswer(ok=not reason, reason=reason)
    return Response(msgspec.json.encode(answer), 503 if reason else 200, media_type=JSON)


async def get_metrics(_request: Request, sources: Sources) -> Response:
    """Answer /metrics."""
    return Response(sources.get_metrics(), headers={"content-type": PROMETHEUS})


def read_number(request: Request, name: str, default: int, *, most: int | None = None) -> int:
    """A number from 1 on out of the query. Raises RequestError."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _HEIGHT.fullmatch(text) or int(text) < 1 or (most is not None and int(text) > most):
        bound = "" if most is None else f" to {most}"
        raise build_bad_request(f"{name}: a number from 1{bound}")
    return int(text)


def read_hash(text: str) -> bytes:
    """A hash out of a path. Raises RequestError."""
    if not _HASH.fullmatch(text):
        raise build_bad_request("a hash is 64 small hexadecimal digits")
    return bytes.fromhex(text)


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The body, read no further than its cap. Raises RequestError."""
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limit_bytes:
                raise build_too_large(limit_bytes)
    return bytes(body)
