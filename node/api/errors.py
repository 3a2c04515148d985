"""How a request is refused: one form for everything, from a wrong path to a rule of the ledger."""

from typing import Final

import msgspec
from starlette.responses import Response

from chain.errors import Code, Invalid
from chain.refusals import MEANINGS
from node.api.schema import ErrorAnswer

JSON: Final = "application/json"
_REQUEST: Final = 0  # the code of whatever is wrong with the request and not with the ledger


class RequestError(Exception):
    """A request that cannot be answered, with its HTTP status and a name for programs."""

    def __init__(
        self, status: int, name: str, message: str, detail: str = "", *, temporary: bool = False
    ) -> None:
        super().__init__(status, name, detail)
        self.status = status
        self.answer = ErrorAnswer(
            code=_REQUEST, name=name, message=message, detail=detail, temporary=temporary
        )


def build_bad_request(detail: str) -> RequestError:
    """A request of another shape than the path asks for."""
    return RequestError(400, "BAD_REQUEST", "The request is not what this path asks for.", detail)


def build_not_found(detail: str) -> RequestError:
    """Nothing lies there."""
    return RequestError(404, "NOT_FOUND", "There is no such thing here.", detail)


def build_too_large(limit_bytes: int) -> RequestError:
    """A body above its cap."""
    detail = f"at most {limit_bytes} bytes"
    return RequestError(413, "TOO_LARGE", "The request is too large.", detail)


def build_busy(detail: str) -> RequestError:
    """The node has enough to do."""
    message = "The node is busy: try again in a few seconds."
    return RequestError(503, "BUSY", message, detail, temporary=True)


def build_refusal(error: Invalid) -> RequestError:
    """A rule refused; its code says why, and whether trying again can help."""
    meaning = MEANINGS[error.code]
    refused = RequestError(_get_status(error.code), error.code.name, meaning.text)
    refused.answer = ErrorAnswer(
        code=error.code,
        name=error.code.name,
        message=meaning.text,
        detail=error.detail,
        temporary=meaning.temporary,
    )
    return refused


def _get_status(code: Code) -> int:
    match code:
        case Code.MALFORMED | Code.NOT_CANONICAL:
            return 400
        case Code.TOO_LARGE:
            return 413
        case Code.ALREADY_KNOWN:
            return 409
        case Code.MEMPOOL_FULL:
            return 503
        case Code.MEMPOOL_ACCOUNT_FULL:
            return 429
        case _:
            return 422


def build_response(error: RequestError) -> Response:
    """The refusal as it goes out."""
    headers = {"retry-after": "1"} if error.status in (429, 503) else None
    return Response(msgspec.json.encode(error.answer), error.status, headers, JSON)
