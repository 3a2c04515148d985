"""The paths of the HTTP API as a table, from which the application and its description are made."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from chain.transaction import TRANSACTION_BYTES_MAX
from node.api.answers_votes import PROPOSALS_PAGE_MAX
from node.api.errors import JSON
from node.api.handlers import (
    BLOCKS_PAGE_MAX,
    EVENTS,
    HISTORY_PAGE_MAX,
    MESSAGEPACK,
    PROMETHEUS,
    Sources,
    get_account,
    get_alias,
    get_authorities,
    get_block,
    get_blocks,
    get_events,
    get_export,
    get_finality,
    get_funds,
    get_genesis,
    get_history,
    get_identity,
    get_liveness,
    get_metrics,
    get_parameters,
    get_peers,
    get_proof,
    get_readiness,
    get_recovery,
    get_seats,
    get_status,
    get_transaction,
    post_transaction,
)
from node.api.handlers_exchange import (
    get_clearing,
    get_obligation,
    get_obligations,
)
from node.api.handlers_market import (
    get_chains,
    get_listings,
    get_prices,
    get_rooms,
    get_trader,
)
from node.api.handlers_rules import (
    NUMBER_PATTERN,
    get_credit,
    get_loan,
    get_loans,
    get_proposal,
    get_proposals,
)
from node.api.paging import PAGE_MAX
from node.api.schema import (
    AccountAnswer,
    Answer,
    FundsAnswer,
    ParametersAnswer,
    ProofAnswer,
    StatusAnswer,
)
from node.api.schema_chain import (
    BlockAnswer,
    BlocksAnswer,
    HealthAnswer,
    HistoryAnswer,
    PeersAnswer,
    SeatsAnswer,
    SubmittedAnswer,
    TransactionAnswer,
)
from node.api.schema_credit import CreditAnswer, LoanAnswer, LoansAnswer
from node.api.schema_exchange import ClearingAnswer, ObligationAnswer, ObligationsAnswer
from node.api.schema_identity import (
    AliasAnswer,
    AuthoritiesAnswer,
    IdentityAnswer,
    RecoveryAnswer,
)
from node.api.schema_market import (
    ChainsAnswer,
    ListingsAnswer,
    PricesAnswer,
    RoomsAnswer,
    TraderAnswer,
)
from node.api.schema_votes import ProposalAnswer, ProposalsAnswer

Handler = Callable[[Request, Sources], Awaitable[Answer | Response | ASGIApp]]


class Parameter(NamedTuple):
    """What a path or query takes."""

    name: str
    about: str
    pattern: str | None = None  # None: a natural number
    most: int | None = None


class Route(NamedTuple):
    """One path: who answers, with what, and how it is described."""

    method: str
    path: str
    about: str
    handler: Handler
    answer: type[Answer] | None  # None: of the media type below, and not JSON
    media: str = JSON
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    body_bytes: int | None = None


_ADDRESS: Final = Parameter("address", "an account's address", r"^[0-9A-Za-z]{60,90}$")
_NUMBER: Final = Parameter("number", "from 0 on, in the order of filing", NUMBER_PATTERN)
_VOTER: Final = Parameter("account", "whose vote to tell, by address", _ADDRESS.pattern)
_FROM: Final = Parameter("from", "the height of the first block; by default the newest page")
_LIMIT: Final = Parameter("limit", "how many at most", most=BLOCKS_PAGE_MAX)
_PAGE: Final = (
    Parameter("from", "the first number; what 'next' of the page before said"),
    Parameter("limit", "how many at most", most=PAGE_MAX),
)

ROUTES: Final = (
    Route("GET", "/v1/status", "The node at a glance.", get_status, StatusAnswer),
    Route(
        "GET",
        "/v1/genesis",
        "The community's genesis: canonical MessagePack.",
        get_genesis,
        None,
        MESSAGEPACK,
    ),
    Route(
        "GET",
        "/v1/parameters",
        "Constants, parameters in force, schedule of demurrage.",
        get_parameters,
        ParametersAnswer,
    ),
    Route("GET", "/v1/funds", "All money, and whose it is.", get_funds, FundsAnswer),
    Route(
        "GET",
        "/v1/accounts/{address}",
        "An account, projected to the present slot.",
        get_account,
        AccountAnswer,
        parameters=(_ADDRESS,),
    ),
    Route(
        "GET",
        "/v1/accounts/{address}/history",
        "What happened to an account, newest first.",
        get_history,
        HistoryAnswer,
        parameters=(
            _ADDRESS,
            Parameter("before", "what 'next' said: older entries follow", r"^.{1,128}$"),
            Parameter("limit", "how many at most", most=HISTORY_PAGE_MAX),
        ),
    ),
    Route(
        "GET",
        "/v1/accounts/{address}/proof",
        "An account's row and its Merkle proof under the present state root.",
        get_proof,
        ProofAnswer,
        parameters=(_ADDRESS,),
    ),
    Route(
        "GET",
        "/v1/accounts/{address}/identity",
        "Who vouches for an account, and its name.",
        get_identity,
        IdentityAnswer,
        parameters=(_ADDRESS,),
    ),
    Route(
        "GET",
        "/v1/accounts/{address}/credit",
        "How far an account may go below zero, and its loans.",
        get_credit,
        CreditAnswer,
        parameters=(_ADDRESS,),
    ),
    Route(
        "GET",
        "/v1/accounts/{address}/recovery",
        "An account's guardians, as a salted hash, and the recovery that runs.",
        get_recovery,
        RecoveryAnswer,
        parameters=(_ADDRESS,),
    ),
    Route(
        "GET",
        "/v1/accounts/{address}/obligations",
        "What an account owes, is owed, and is asked to owe.",
        get_obligations,
        ObligationsAnswer,
        parameters=(_ADDRESS, *_PAGE),
    ),
    Route(
        "GET",
        "/v1/obligations/{number}",
        "One obligation; 404 when it is closed or never was.",
        get_obligation,
        ObligationAnswer,
        parameters=(Parameter("number", "the obligation's number", r"^[0-9]{1,18}$"),),
    ),
    Route(
        "GET",
        "/v1/clearing",
        "How set-off stands: the newest window, who lends, the next interval.",
        get_clearing,
        ClearingAnswer,
    ),
    Route(
        "GET",
        "/v1/accounts/{address}/market",
        "What an account has open in the market, and the facts by which it is known.",
        get_trader,
        TraderAnswer,
        parameters=(_ADDRESS, *_PAGE),
    ),
    Route(
        "GET",
        "/v1/market/listings",
        "Open offers and wants, by number.",
        get_listings,
        ListingsAnswer,
        parameters=(
            Parameter("good", "a category: whatever lies under it", r"^.{1,96}$"),
            Parameter("place", "a place: whatever can be had there", r"^.{1,96}$"),
            Parameter("side", "only these", r"^(offers|wants)$"),
            *_PAGE,
        ),
    ),
    Route(
        "GET",
        "/v1/market/chains",
        "Chains of trades that wait for consent.",
        get_chains,
        ChainsAnswer,
        parameters=(Parameter("account", "only those it is part of", _ADDRESS.pattern), *_PAGE),
    ),
    Route(
        "GET",
        "/v1/market/rooms",
        "The standing orders that count, for whoever looks for chains.",
        get_rooms,
        RoomsAnswer,
        parameters=(
            Parameter("from", "the first account; what 'next' said", _ADDRESS.pattern),
            _PAGE[1],
        ),
    ),
    Route(
        "GET",
        "/v1/market/prices",
        "Median prices at which goods were receipted in the last 90 periods.",
        get_prices,
        PricesAnswer,
    ),
    Route(
        "GET",
        "/v1/aliases/{alias}",
        "Whose a name is.",
        get_alias,
        AliasAnswer,
        parameters=(Parameter("alias", "a name, exactly as its owner writes it", r"^[^/]{1,64}$"),),
    ),
    Route(
        "GET",
        "/v1/authorities",
        "Who may attest, and at what pace.",
        get_authorities,
        AuthoritiesAnswer,
    ),
    Route(
        "GET",
        "/v1/loans",
        "Loans that are asked for, run or are unpaid, and what may be lent.",
        get_loans,
        LoansAnswer,
        parameters=_PAGE,
    ),
    Route(
        "GET",
        "/v1/loans/{number}",
        "One loan.",
        get_loan,
        LoanAnswer,
        parameters=(_NUMBER,),
    ),
    Route(
        "GET",
        "/v1/proposals",
        "What members vote on, have decided and wait for, newest first.",
        get_proposals,
        ProposalsAnswer,
        parameters=(
            _VOTER,
            Parameter("before", "what 'next' said: older ones follow"),
            Parameter("limit", "how many at most", most=PROPOSALS_PAGE_MAX),
        ),
    ),
    Route(
        "GET",
        "/v1/proposals/{number}",
        "One proposal, and how its vote stands.",
        get_proposal,
        ProposalAnswer,
        parameters=(_NUMBER, _VOTER),
    ),
    Route(
        "GET",
        "/v1/finality",
        "A proof of the newest final block, or of what is final; canonical MessagePack.",
        get_finality,
        None,
        MESSAGEPACK,
        parameters=(
            Parameter("account", "prove this account's row, or its absence", _ADDRESS.pattern),
            Parameter("transaction", "prove this transaction, by its id", r"^[0-9a-f]{64}$"),
            Parameter("from", "the set that is trusted; by default the first", r"^[0-9a-f]{64}$"),
        ),
    ),
    Route(
        "POST",
        "/v1/transactions",
        "Let a signed transaction wait for a block, and pass it on.",
        post_transaction,
        SubmittedAnswer,
        status=202,
        body_bytes=TRANSACTION_BYTES_MAX,
    ),
    Route(
        "GET",
        "/v1/transactions/{id}",
        "Where a transaction is.",
        get_transaction,
        TransactionAnswer,
        parameters=(Parameter("id", "the transaction's id", r"^[0-9a-f]{64}$"),),
    ),
    Route(
        "GET",
        "/v1/blocks",
        "Blocks of the chain that is followed, upwards.",
        get_blocks,
        BlocksAnswer,
        parameters=(_FROM, _LIMIT),
    ),
    Route(
        "GET",
        "/v1/blocks/{name}",
        "One block in full.",
        get_block,
        BlockAnswer,
        parameters=(Parameter("name", "height or hash", r"^([0-9]{1,18}|[0-9a-f]{64})$"),),
    ),
    Route(
        "GET",
        "/v1/export",
        "The export stream: a header, then blocks; MessagePack, object by object.",
        get_export,
        None,
        MESSAGEPACK,
        parameters=(Parameter("from", "the height of the first block; by default 1"),),
    ),
    Route(
        "GET", "/v1/seats", "The seats that make blocks, and the others.", get_seats, SeatsAnswer
    ),
    Route("GET", "/v1/peers", "The nodes this one is connected to.", get_peers, PeersAnswer),
    Route(
        "GET",
        "/v1/events",
        "Server-sent events: block, undone, transaction.",
        get_events,
        None,
        EVENTS,
    ),
    Route("GET", "/livez", "Whether the process answers.", get_liveness, HealthAnswer),
    Route("GET", "/readyz", "Whether the node is synced; 503 if not.", get_readiness, HealthAnswer),
    Route("GET", "/metrics", "Metrics for Prometheus.", get_metrics, None, PROMETHEUS),
)
