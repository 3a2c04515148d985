"""What every request passes first: who may ask how often and how long, and how a failure looks.

A stranger's request costs a bounded amount of everything. Whatever goes wrong behind this point
leaves as JSON of one form; nothing leaks but its name.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

import trio
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.api.errors import RequestError, build_response
from node.config import ApiSettings

BUCKETS_MAX: Final = 16_384  # addresses remembered; the longest unseen is forgotten, to its profit
IPV6_NETWORK_BITS: Final = 64  # what one household gets: an attacker has all of it
STREAMS: Final = frozenset({"/v1/events", "/v1/export"})  # bounded by number, not by time
# What a request costs, counted in plain ones; by the beginning of its path.
_WEIGHTS: Final[tuple[tuple[str, int], ...]] = (
    ("/v1/export", 20),
    ("/v1/funds", 5),
    ("/v1/events", 5),
    ("/v1/blocks/", 5),
)
_CORS: Final = [(b"access-control-allow-origin", b"*")]
_PREFLIGHT: Final = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD",
    "access-control-max-age": "86400",
}


class Buckets:
    """A token bucket for each address: ``burst`` requests at once, ``rate`` a second for ever."""

    __slots__ = ("_buckets", "_burst", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, weight: float, now: float) -> bool:
        """Whether a request of this weight may pass at this moment, in seconds of any clock."""
        tokens, since = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        passes = tokens >= min(weight, self._burst)
        self._buckets[key] = (tokens - weight if passes else tokens, now)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return passes


def get_limit_key(host: str, *, limit_loopback: bool) -> str | None:
    """Under which name an address is limited; None: not at all."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif not address.is_loopback:
            return str(int(address) >> (128 - IPV6_NETWORK_BITS))
    return str(address) if limit_loopback or not address.is_loopback else None


def get_weight(path: str) -> int:
    """What a request costs, counted in plain ones."""
    return next((weight for prefix, weight in _WEIGHTS if path.startswith(prefix)), 1)


class Front:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._settings = settings
        self._buckets = Buckets(settings.requests_per_second, settings.requests_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
            return
        if not self._may_pass(scope):
            error = RequestError(
                429, "TOO_MANY_REQUESTS", "Too many requests from this address.", temporary=True
            )
            await build_response(error)(scope, receive, send)
            return
        await self._pass_on(scope, receive, _Sender(send, cors=scope["method"] in ("GET", "HEAD")))

    def _may_pass(self, scope: Scope) -> bool:
        client = scope.get("client")
        if client is None:
            return True
        key = get_limit_key(client[0], limit_loopback=self._settings.limit_loopback)
        if key is None:
            return True
        return self._buckets.take(key, get_weight(scope["path"]), trio.current_time())

    async def _pass_on(self, scope: Scope, receive: Receive, sender: "_Sender") -> None:
        if scope["path"] in STREAMS:
            await self._app(scope, receive, sender)
            return
        with trio.move_on_after(self._settings.request_seconds) as deadline:
            await self._app(scope, receive, sender)
        if deadline.cancelled_caught and not sender.started:
            error = RequestError(
                503, "TOO_SLOW", "The request took too long and was given up.", temporary=True
            )
            await build_response(error)(scope, receive, sender)


class _Sender:
    """Notes whether the answer has begun, and lets web pages of any origin read what is read."""

    __slots__ = ("_cors", "_send", "started")

    def __init__(self, send: Send, *, cors: bool) -> None:
        self._send = send
        self._cors = cors
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            if self._cors:
                message = {**message, "headers": [*message.get("headers", ()), *_CORS]}
        await self._send(message)
