"""An export tells one chain, whatever becomes of the chain while it is told."""

from dataclasses import dataclass
from typing import cast

import pytest

from chain.ledger import Ledger
from node.api import streams
from node.api.errors import RequestError
from node.api.streams import ChainHashes, Places, get_place_key
from node.core import Core
from tests.community import Community

BLOCKS = 8
PINNED = 3


@dataclass
class Holder:
    """As much of a core as hashes are asked of."""

    ledger: Ledger


@pytest.fixture
def community(monkeypatch: pytest.MonkeyPatch) -> Community:
    monkeypatch.setattr(streams, "PINNED_BLOCKS", PINNED)
    made = Community()
    for _ in range(BLOCKS):
        made.extend()
    return made


def list_hashes(community: Community) -> list[bytes]:
    return [block.hash for block in community.ledger.get_blocks()]


def open_hashes(community: Community, from_height: int = 1) -> ChainHashes:
    return ChainHashes(cast("Core", Holder(community.ledger)), from_height)


def reorganise(community: Community, depth: int) -> None:
    """Take blocks back and build others instead."""
    for _ in range(depth):
        community.ledger.undo()
    for _ in range(depth + 1):
        community.extend(after=7)


@pytest.mark.parametrize("from_height", [1, 3, BLOCKS - PINNED, BLOCKS, BLOCKS + 1, 100])
def test_hashes_run_from_a_height_to_the_head(community: Community, from_height: int) -> None:
    expected = list_hashes(community)[from_height - 1 :]
    assert list(open_hashes(community, from_height)) == expected


def test_blocks_that_come_later_are_not_told(community: Community) -> None:
    before = list_hashes(community)
    hashes = open_hashes(community)
    community.extend()
    assert list(hashes) == before


@pytest.mark.parametrize("read", [0, 4, BLOCKS - 1])
def test_a_reorganisation_near_the_head_does_not_show(community: Community, read: int) -> None:
    before = list_hashes(community)
    hashes = iter(open_hashes(community))
    seen = [next(hashes) for _ in range(read)]
    reorganise(community, PINNED)
    assert seen + list(hashes) == before
    assert list_hashes(community) != before


@pytest.mark.parametrize("read", [0, 2, 4])
def test_a_deeper_one_breaks_the_export_off(community: Community, read: int) -> None:
    hashes = iter(open_hashes(community))
    for _ in range(read):
        next(hashes)
    reorganise(community, PINNED + 2)
    with pytest.raises(LookupError, match="reorganised"):
        list(hashes)


def test_one_address_has_a_part_of_the_places() -> None:
    places = Places(4)
    with places.take("203.0.113.7"), places.take("203.0.113.7"):
        with pytest.raises(RequestError), places.take("203.0.113.7"):
            pass
        with places.take("203.0.113.8"), places.take(None):
            assert places.taken == 4
    assert places.taken == 0
    assert get_place_key({"client": ("::ffff:203.0.113.7", 1)}) == "203.0.113.7"
    assert get_place_key({"client": ("127.0.0.1", 1)}) is None


def test_places_are_given_back() -> None:
    places = Places(2)
    with places.take(), places.take():
        with pytest.raises(RequestError), places.take():
            pass
        assert places.taken == 2
    assert places.taken == 0
