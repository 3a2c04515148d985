"""How often an address may ask: bursts, then a steady rate, and nobody at another's cost."""

import httpx
import pytest
import trio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from node.api.front import BUCKETS_MAX, Buckets, Front, get_limit_key
from node.config import ApiSettings


async def get_hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


APP = Router([Route("/", get_hello), Route("/v1/export", get_hello)])


def ask_from(host: str, front: Front) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=front, client=(host, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://node")


def test_a_bucket_fills_at_its_rate_and_no_higher_than_its_brim() -> None:
    buckets = Buckets(rate=2, burst=3)
    assert [buckets.take("a", 1, 0.0) for _ in range(4)] == [True, True, True, False]
    assert not buckets.take("a", 1, 0.4)
    assert buckets.take("a", 1, 0.5)
    assert [buckets.take("a", 1, 1_000.0) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b", 1, 1_000.0)


def test_a_weight_above_the_brim_takes_a_whole_bucket() -> None:
    buckets = Buckets(rate=1, burst=3)
    assert buckets.take("a", 20, 0.0)
    assert not buckets.take("a", 1, 10.0)
    assert buckets.take("a", 1, 18.0)


def test_the_table_of_addresses_has_an_end() -> None:
    buckets = Buckets(rate=1, burst=1)
    for index in range(2 * BUCKETS_MAX):
        assert buckets.take(str(index), 1, 0.0)
    assert len(buckets) == BUCKETS_MAX


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", None),
        ("::ffff:127.0.0.1", None),
        ("::1", None),
        ("not an address", "not an address"),
    ],
)
def test_under_which_name_an_address_is_limited(host: str, key: str | None) -> None:
    assert get_limit_key(host, limit_loopback=False) == key


def test_a_household_has_one_bucket() -> None:
    one, two, other = (
        get_limit_key(host, limit_loopback=False)
        for host in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9%eth0", "2001:db8:1:3::1")
    )
    assert one == two != other


def test_this_machine_can_be_limited_too() -> None:
    assert get_limit_key("127.0.0.1", limit_loopback=True) == "127.0.0.1"
    assert get_limit_key("::1", limit_loopback=True) == "::1"


async def test_too_many_requests_are_refused_until_time_has_passed(autojump_clock: object) -> None:
    front = Front(APP, ApiSettings(requests_per_second=1, requests_burst=5))
    async with ask_from("192.0.2.1", front) as client, ask_from("192.0.2.2", front) as other:
        answers = [await client.get("/") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        refusal = answers[-1].json()
        assert (refusal["code"], refusal["name"]) == (0, "TOO_MANY_REQUESTS")
        assert refusal["temporary"]
        assert answers[-1].headers["retry-after"] == "1"
        assert (await other.get("/")).status_code == 200
        await trio.sleep(1)
        assert (await client.get("/")).status_code == 200


async def test_an_export_weighs_more() -> None:
    front = Front(APP, ApiSettings(requests_per_second=1, requests_burst=25))
    async with ask_from("192.0.2.1", front) as client:
        assert (await client.get("/v1/export")).status_code == 200
        assert (await client.get("/v1/export")).status_code == 429
        assert (await client.get("/")).status_code == 200


async def test_this_machine_is_not_limited_unless_said() -> None:
    async with ask_from("127.0.0.1", Front(APP, ApiSettings(requests_burst=1))) as client:
        assert {(await client.get("/")).status_code for _ in range(5)} == {200}
    limited = Front(APP, ApiSettings(requests_burst=1, limit_loopback=True))
    async with ask_from("127.0.0.1", limited) as client:
        assert [(await client.get("/")).status_code for _ in range(2)] == [200, 429]


async def test_pages_of_any_origin_may_read_but_not_write() -> None:
    front = Front(APP, ApiSettings())
    async with ask_from("127.0.0.1", front) as client:
        got = await client.get("/", headers={"origin": "https://example.org"})
        assert got.headers["access-control-allow-origin"] == "*"
        posted = await client.post("/", headers={"origin": "https://example.org"})
        assert "access-control-allow-origin" not in posted.headers
        preflight = await client.options("/")
        assert preflight.status_code == 204
        assert "POST" not in preflight.headers["access-control-allow-methods"]
