"""Addresses, the address book, rates: what strangers tell stays small and harmless."""

import random
import stat
from pathlib import Path

import pytest

from p2p.addresses import Address, accept_claim, get_host, parse_address
from p2p.book import BAN_MEMORY_SECONDS, FAILURES_MAX, HEARD_MAX, HOST_MAX, MET_MAX, Book
from p2p.files import write_private
from p2p.keeper import parse_configured
from p2p.rates import build_bucket
from p2p.transport import PeerId

PEER = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
NOW_MS = 1_800_000_000_000


def parse(text: str) -> Address:
    address = parse_address(text)
    assert address is not None
    return address


def build_address(number: int) -> Address:
    """Any number of addresses, each on a host of its own."""
    high, low = divmod(number, 250)
    return parse(f"/ip4/8.8.{high}.{low + 1}/tcp/4001/p2p/peer{number}")


def build_book(path: Path | None = None) -> Book:
    return Book(path, random.Random(1))


@pytest.mark.parametrize(
    ("text", "host"),
    [
        (f"/ip4/192.0.2.7/tcp/4001/p2p/{PEER}", "192.0.2.7"),
        (f"/ip6/2001:db8::1/tcp/1/p2p/{PEER}", "2001:db8::1"),
        (f"/dns4/node.example.org/tcp/65535/p2p/{PEER}", "node.example.org"),
        ("/memory/ann", "ann"),
    ],
)
def test_addresses_are_read(text: str, host: str) -> None:
    assert parse(text).host == host == get_host(text)
    assert parse_configured([text])[0].text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/memory/",
        "/memory/a/b",
        "/ip4/192.0.2.7/tcp/4001",
        f"/ip4/192.0.2.7/tcp/0/p2p/{PEER}",
        f"/ip4/192.0.2.7/tcp/65536/p2p/{PEER}",
        f"/ip4/192.0.2.7/tcp/99999999999999999999/p2p/{PEER}",
        f"/ip4/192.0.2.7/udp/4001/p2p/{PEER}",
        f"/ip4/192.0.2.07/tcp/4001/p2p/{PEER}",
        f"/ip4/2001:db8::1/tcp/4001/p2p/{PEER}",
        f"/ip6/2001:DB8::1/tcp/4001/p2p/{PEER}",
        f"/dns4/a b/tcp/4001/p2p/{PEER}",
        "/ip4/192.0.2.7/tcp/4001/p2p/no!name",
        "/ip4/192.0.2.7/tcp/4001/p2p/" + "x" * 65,
        f"/ip4/192.0.2.7/tcp/4001/p2p/{PEER}\n",
        "/memory/жанна",
        "/memory/" + "x" * 300,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert parse_address(text) is None
    with pytest.raises(ValueError, match="write for example"):
        parse_configured([text])


@pytest.mark.parametrize(
    ("claim", "seen_at", "believed"),
    [
        ("/ip4/8.8.4.4/tcp/1/p2p/a", "/ip4/8.8.8.8/tcp/9", "/ip4/8.8.4.4/tcp/1/p2p/a"),
        ("/ip4/0.0.0.0/tcp/1/p2p/a", "/ip4/8.8.8.8/tcp/9", "/ip4/8.8.8.8/tcp/1/p2p/a"),
        ("/ip4/0.0.0.0/tcp/1/p2p/a", "/ip6/2001:4860::8/tcp/9", "/ip6/2001:4860::8/tcp/1/p2p/a"),
        ("/ip4/0.0.0.0/tcp/1/p2p/b", "/ip4/8.8.8.8/tcp/9", None),
        ("/ip4/127.0.0.1/tcp/1/p2p/a", "/ip4/8.8.8.8/tcp/9", None),
        ("/ip4/127.0.0.1/tcp/1/p2p/a", "/ip4/10.0.0.9/tcp/9", None),
        ("/ip4/127.0.0.1/tcp/1/p2p/b", "/ip4/127.0.0.1/tcp/9", "/ip4/127.0.0.1/tcp/1/p2p/b"),
        ("/ip4/10.0.0.1/tcp/1/p2p/b", "/ip4/8.8.8.8/tcp/9", None),
        ("/ip4/10.0.0.1/tcp/1/p2p/b", "/ip4/10.0.0.9/tcp/9", "/ip4/10.0.0.1/tcp/1/p2p/b"),
        ("/ip4/224.0.0.1/tcp/1/p2p/a", "/ip4/10.0.0.9/tcp/9", None),
        ("/ip4/169.254.1.1/tcp/1/p2p/a", "/ip4/10.0.0.9/tcp/9", None),
        ("/dns4/intranet/tcp/1/p2p/a", "/ip4/10.0.0.9/tcp/9", None),
        ("/memory/b", "/memory/a", "/memory/b"),
        ("nonsense", "/memory/a", None),
    ],
)
def test_nobody_sends_us_into_places_where_he_is_not(
    claim: str, seen_at: str, believed: str | None
) -> None:
    teller = PeerId("a")
    address = accept_claim(claim, told_by=teller, seen_at=seen_at, own_only=False)
    assert (address and address.text) == believed
    own = accept_claim(claim, told_by=teller, seen_at=seen_at, own_only=True)
    assert own is None or own.peer == teller


def test_the_book_survives_on_disk_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    book = build_book(path)
    book.hear(build_address(1))
    book.note_reached(build_address(2).text, NOW_MS)
    book.ban(PeerId("villain"), 600, 86_400, NOW_MS)
    book.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = build_book(path)
    assert {a.peer for a in again.get_candidates((), 10)} == {"peer1", "peer2"}
    assert again.get_recommended(10, NOW_MS) == [build_address(2).text]
    assert again.is_banned(PeerId("villain"), NOW_MS + 599_000)
    assert not again.is_banned(PeerId("villain"), NOW_MS + 600_000)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b'{"version": 2, "entries": [], "bans": {}}',
        b'{"version": 1, "entries": [{"address": "nonsense", "reached_ms": 1}], "bans": {}}',
        b" " * (1_024 * 1_024 + 1),
    ],
)
def test_a_damaged_book_is_an_empty_one(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    path.write_bytes(data)
    book = build_book(path)
    assert list(book.get_candidates((), 10)) == []
    book.hear(build_address(1))
    book.save()
    assert [a.peer for a in build_book(path).get_candidates((), 10)] == ["peer1"]


def test_no_teller_and_no_host_fills_the_book() -> None:
    book = build_book()
    for number in range(2 * HEARD_MAX):
        book.hear(build_address(number))
    assert len(book.get_candidates((), 10_000)) == HEARD_MAX
    for number in range(100):
        book.hear(parse(f"/ip4/9.9.9.9/tcp/{number + 1}/p2p/evil{number}"))
    evil = [a for a in book.get_candidates((), 10_000) if a.host == "9.9.9.9"]
    assert len(evil) == HOST_MAX
    for number in range(2 * MET_MAX):
        book.note_reached(build_address(10_000 + number).text, NOW_MS + number)
    met = book.get_recommended(10_000, 0)
    assert set(met) == {build_address(10_000 + n).text for n in range(MET_MAX, 2 * MET_MAX)}


def test_candidates_are_half_met_and_half_heard_of() -> None:
    book = build_book()
    for number in range(20):
        book.hear(build_address(number))
        book.note_reached(build_address(100 + number).text, NOW_MS)
    drawn = [int(address.peer[4:]) for address in book.get_candidates((), 10)]
    assert len(set(drawn)) == 10
    assert sum(number >= 100 for number in drawn) == 5
    excluded = [PeerId(f"peer{number}") for number in range(20)]
    assert all(int(a.peer[4:]) >= 100 for a in book.get_candidates(excluded, 10))
    assert len(book.get_candidates(excluded, 10)) == 10


def test_hearsay_that_never_comes_true_is_forgotten() -> None:
    book = build_book()
    book.hear(build_address(1))
    book.note_reached(build_address(2).text, NOW_MS)
    for _ in range(FAILURES_MAX):
        book.note_failure(build_address(1).text)
        book.note_failure(build_address(2).text)
    assert [address.peer for address in book.get_candidates((), 10)] == ["peer2"]


def test_each_ban_lasts_twice_as_long_until_it_is_forgotten() -> None:
    book, villain = build_book(), PeerId("villain")
    now_ms, lengths = NOW_MS, []
    for _ in range(10):
        lengths.append(book.ban(villain, 600, 86_400, now_ms))
        now_ms += int(lengths[-1] * 1_000) + 1
    assert lengths == [600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 76_800, 86_400, 86_400]
    now_ms += BAN_MEMORY_SECONDS * 1_000
    assert book.ban(villain, 600, 86_400, now_ms) == 600


def test_private_files_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "key"
    leftover = tmp_path / "key.new"
    leftover.write_bytes(b"half of")
    leftover.chmod(0o666)
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not leftover.exists()


def test_buckets_fill_evenly() -> None:
    bucket = build_bucket(2.0, 10.0, 100.0)
    assert bucket.take(10, 100.0)
    assert not bucket.take(1, 100.4)
    assert bucket.take(1, 100.5)
    assert bucket.borrow(4, 101.5) == 1.0
    assert not bucket.take(1, 102.5)
    assert bucket.take(1, 103.0)
    assert bucket.take(10, 1_000.0)
