"""The demonstration's parts: the village, the board, places, and the last judgement."""

import os
import select
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Self

import pytest
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.peer.id import ID
from msgspec.structs import replace

from chain.actions import Pay
from chain.codec import encode
from chain.crypto import build_key_pair
from chain.goods import check_path, check_unit
from chain.leveldb import LevelStore
from node.cli.demo_view import GOODS, NAMES, TRADES, UNITS, WARES, build_names
from node.home import create_home
from node.ops.barter import (
    SUPPLIES,
    TOLERANCE,
    WANTS_OPEN,
    Offering,
    Ordering,
    Receiving,
    Stall,
    Unit,
    Wanting,
    Ware,
    plan,
)
from node.ops.market import (
    COMMON,
    EMPLOYERS,
    POOR,
    RICH,
    WORK,
    Decision,
    Good,
    Means,
    Payroll,
    Purchase,
    Return,
    Saving,
    Trade,
    Villager,
    decide,
    settle_village,
)
from node.ops.outcome import Chain, SeatEnd, build_document, find_common_height, judge, read_chain
from node.ops.servers import Place, build_peer_name, find_places
from node.ops.watch import Board, MemberView, ServerView
from tests.community import PAI, Community, build_genesis, get_account_id
from wallet.words import Language, Words

# The village.


def live_through(size: int, rounds: int) -> tuple[list[int], Counter[type[Decision]], int]:
    """Balances after a simple life without demurrage, kinds of decisions, and turnover."""
    village = settle_village(size)
    balances = [500 * PAI] * size
    deposits: list[list[tuple[int, int]]] = [[] for _ in village]
    kinds: Counter[type[Decision]] = Counter()
    rng, turnover = Random(1), 0
    for number in range(rounds * size):
        villager = village[number % size]
        means = Means(balances[villager.number], tuple(deposits[villager.number]))
        decision = decide(villager, village, means, rng)
        if decision is None:
            continue
        kinds[type(decision)] += 1
        payments: tuple[tuple[int, int], ...] = ()
        match decision:
            case Purchase():
                payments = ((decision.seller, decision.amount),)
            case Payroll():
                payments = decision.wages
            case Saving():
                balances[villager.number] -= decision.amount
                deposits[villager.number].append((number, decision.amount))
            case Return():
                deposits[villager.number].remove((decision.deposit, decision.amount))
                balances[villager.number] += decision.amount
        for to, amount in payments:
            assert to != villager.number
            assert amount > 0
            balances[villager.number] -= amount
            balances[to] += amount
            turnover += amount
        assert balances[villager.number] >= 0
    saved = sum(amount for items in deposits for _, amount in items)
    assert sum(balances) + saved == size * 500 * PAI
    return balances, kinds, turnover


@pytest.mark.parametrize("size", [2, 3, 12, 40])
def test_nobody_spends_what_he_does_not_have(size: int) -> None:
    _, kinds, turnover = live_through(size, 200)
    assert kinds[Purchase] > 0
    assert turnover > 0


def test_the_village_goes_on_for_a_long_time() -> None:
    balances, kinds, _ = live_through(12, 1_000)
    assert kinds[Purchase] > 8_000
    assert all(kinds[kind] > 20 for kind in (Payroll, Saving, Return))
    assert all(balance > POOR for balance in balances)  # no trade eats up all the others


def test_somebody_poor_breaks_his_savings() -> None:
    villager = Villager(0, Trade.POTTER)
    village = settle_village(12)
    means = Means(POOR - 1, ((4, 30 * PAI),))
    assert decide(villager, village, means, Random(1)) == Return(4, 30 * PAI)


def test_nobody_else_means_nothing_to_buy() -> None:
    (alone,) = settle_village(1)
    assert decide(alone, [alone], Means(RICH, ()), Random(2)) is None


def test_every_trade_and_good_has_a_place_and_a_name() -> None:
    sold = {need.good for needs in (COMMON, *WORK.values()) for need in needs}
    assert sold | {Good.WAGES} == set(Good)
    assert {need.seller for needs in (COMMON, *WORK.values()) for need in needs} == set(Trade)
    assert set(TRADES) == set(Trade)
    assert set(GOODS) == set(Good)
    assert len(set(NAMES)) == len(NAMES) == len(Trade)
    assert set(EMPLOYERS) < set(Trade)


# The village's chains.


def test_a_villager_keeps_his_stall() -> None:
    village = settle_village(12)
    empty = Stall(0, frozenset(), ((7, 3),), None)
    deeds = plan(village[0], village, empty, Random(1), {ware: ware.value for ware in Ware})
    assert deeds[0] == Receiving(7, 3)
    assert deeds[1] == Ordering(TOLERANCE)
    (offering,) = (deed for deed in deeds if isinstance(deed, Offering))
    assert offering.supply == SUPPLIES[Trade.FARMER]
    wanted = [deed.supply for deed in deeds if isinstance(deed, Wanting)]
    assert len(set(wanted)) == WANTS_OPEN
    assert offering.supply not in wanted
    full = Stall(1, frozenset(supply.ware.value for supply in wanted), (), TOLERANCE // 2)
    names = {ware: ware.value for ware in Ware}
    assert plan(village[0], village, full, Random(1), names) == []
    used = full._replace(moved=TOLERANCE)
    assert plan(village[0], village, used, Random(1), names) == [Ordering(TOLERANCE)]
    asked = plan(village[3], village, full._replace(moved=None), Random(1), names)
    assert asked == [], "who reads each chain has no standing order"


def test_every_trade_has_its_ware_and_every_ware_its_name() -> None:
    assert set(SUPPLIES) == set(Trade)
    assert {supply.ware for supply in SUPPLIES.values()} == set(Ware) == set(WARES)
    assert set(UNITS) == set(Unit)
    for language in Language:
        names = build_names(Words(language))
        assert len(set(names.wares.values())) == len(Ware)
        for ware in names.wares.values():
            check_path(ware)
        for unit in names.units.values():
            check_unit(unit)


# The board.


def build_block(height: int, parent: str, *payments: int, seat: str = "ann") -> dict[str, Any]:
    return {
        "height": height,
        "slot": height,
        "hash": f"{parent}{height}",
        "parent_hash": parent,
        "seat": seat,
        "transactions": [
            {
                "account": "A",
                "actions": [
                    {"kind": "reveal"},
                    {"kind": "pay", "to": "B", "amount": f"{amount}", "memo": "bread"},
                ],
            }
            for amount in payments
        ],
    }


def build_empty_board() -> Board:
    servers = [ServerView("ann", "Anna"), ServerView("boris", "Boris")]
    return Board(20, servers, [MemberView("Anna", "farmer", True)])


def test_a_branch_that_is_left_is_counted_back() -> None:
    board = build_empty_board()
    names = {"A": "Anna", "B": "Boris"}
    assert board.follow_block(build_block(1, "g", 5, 7), names)
    assert board.follow_block(build_block(2, "g1", 100, seat="boris"), names)
    assert (board.payments, board.turnover, board.height) == (3, 112 * PAI, 2)
    assert [server.blocks for server in board.servers] == [1, 1]
    other = build_block(3, "x2", 1)
    assert not board.follow_block(other, names)
    assert (board.payments, board.turnover, board.height) == (2, 12 * PAI, 1)
    assert [server.blocks for server in board.servers] == [1, 0]
    assert board.follow_block(build_block(2, "g1", 1), names)
    assert board.trades[0].payer == "Anna"
    assert board.trades[0].amount == PAI


def test_velocity_is_turnover_of_a_period_over_settlement() -> None:
    board = build_empty_board()
    assert board.velocity == 0
    for height in range(1, 41):
        board.follow_block(build_block(height, f"{height - 1}", 10), {})
        board._branch[-1] = board._branch[-1].__class__(  # the chain of hashes is not meant here
            height, height, f"{height}", "ann", board._branch[-1].trades
        )
    board.follow_funds({"at": {}, "settlement": "400", "pot": "1", "reserve": "2", "accounts": 3})
    assert board.velocity == Decimal(200) / Decimal(400)
    assert board.demurrage == 3 * PAI


def test_servers_agree_when_equal_heights_have_equal_hashes() -> None:
    board = build_empty_board()
    first, second = board.servers
    first.height, first.hash, second.height, second.hash = 5, "a", 4, "b"
    assert board.agreed
    second.height = 5
    assert not board.agreed


# Places.


def test_a_peer_is_named_as_libp2p_names_it() -> None:
    for number in range(20):
        seed = bytes([number]) * 32
        expected = ID.from_pubkey(create_new_key_pair(seed).public_key).to_string()
        assert build_peer_name(build_key_pair(seed).public) == expected


def test_places_are_apart(tmp_path: Path) -> None:
    places = find_places([tmp_path / str(number) for number in range(5)])
    ports = [port for place in places for port in (place.peer_port, place.api_port)]
    assert len(set(ports)) == 10
    assert len({place.peer_name for place in places}) == 5
    again = find_places([tmp_path / "0"])[0]
    assert again.peer_name == places[0].peer_name  # a key is made once
    assert oct(again.home.network_key.stat().st_mode)[-3:] == "600"


def test_ports_of_places_beside_are_not_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = find_places([tmp_path / "0"])
    offered = iter([first.api_port, 50_001, first.peer_port, 50_002])

    class Offer:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def bind(self, _place: object) -> None:
            self.port = next(offered)

        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", self.port

    monkeypatch.setattr("node.ops.servers.socket.socket", Offer)
    (second,) = find_places([tmp_path / "1"], [first])
    assert (second.peer_port, second.api_port) == (50_001, 50_002)


def test_the_leash_ends_with_its_holder() -> None:
    holder = (
        "import subprocess, sys, os\n"
        "command = [sys.executable, '-m', 'node.ops.leash', str(os.getpid()), sys.executable,"
        " '-c', 'import sys; print(1, flush=True); sys.stdin.read()']\n"
        "held = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "held.stdout.readline()\n"
        "print(held.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdout is not None
        held = int(process.stdout.readline())
        waiting = os.pidfd_open(held)
        process.kill()
    try:
        assert select.select([waiting], [], [], 10)[0], "the program outlived its holder"
    finally:
        os.close(waiting)


# The last judgement.


# Long ago, so that the auditor's clock has nothing to say about blocks made here.
GENESIS = replace(build_genesis(), genesis_time=1_600_000_000)


def build_home(folder: Path, blocks: int, *, differ: bool = False) -> Place:
    genesis = GENESIS
    home = create_home(folder, encode(genesis), "")
    store = LevelStore(home.chain)
    community = Community(genesis=genesis, store=store)
    for number in range(blocks):
        last = differ and number == blocks - 1
        payment = Pay(get_account_id("farid"), 2 * PAI if last else PAI, "")
        community.extend([community.sign("emma", payment)])
    store.close()
    return Place(home, 1, 2, "name")


def test_servers_are_compared_at_the_highest_block_that_all_hold(tmp_path: Path) -> None:
    places = [build_home(tmp_path / str(blocks), blocks) for blocks in (5, 6, 7)]
    outcome = judge(places, GENESIS)
    assert (outcome.height, outcome.agreed, outcome.findings) == (5, True, [])
    document = build_document(outcome, "id", [SeatEnd("s", 0, 99.44)] * 3, 4)
    assert [item["height"] for item in document["servers"]] == [5, 6, 7]
    assert len({item["state_root"] for item in document["servers"]}) == 1
    assert document["payments"] == 7  # of the longest chain
    assert document["refused"] == 4
    assert document["audit"] == {"blocks": 7, "transactions": 7, "findings": []}
    assert document["servers"][0]["rss_mib"] == 99.4


def test_another_branch_at_the_end_is_no_disagreement_but_a_long_one_is(tmp_path: Path) -> None:
    same = build_home(tmp_path / "a", 5)
    forked = build_home(tmp_path / "b", 5, differ=True)
    outcome = judge([same, forked], GENESIS)
    assert (outcome.height, outcome.agreed) == (4, True)
    assert find_common_height([Chain([b"1", b"2"], []), Chain([b"1", b"3"], [])]) == 1
    assert find_common_height([Chain([], []), Chain([b"1"], [])]) == 0
    behind = build_home(tmp_path / "c", 1)
    assert not judge([same, behind], GENESIS).agreed


def test_what_an_auditor_finds_says_at_which_server(tmp_path: Path) -> None:
    places = [build_home(tmp_path / "a", 3), build_home(tmp_path / "b", 3)]
    store = LevelStore(places[1].home.chain)
    store.write([(b"sa" + get_account_id("emma"), None)], durable=True)
    store.close()
    outcome = judge(places, GENESIS)
    assert [(server, item.check) for server, item in outcome.findings] == [(1, "stored_row")]
    document = build_document(outcome, "id", [SeatEnd("s", 0, 0)] * 2, 0)
    assert document["audit"]["findings"][0]["server"] == 1
    assert read_chain(places[0].home.folder).hashes == outcome.chains[1].hashes


def test_a_home_without_a_chain_is_a_finding(tmp_path: Path) -> None:
    whole = build_home(tmp_path / "a", 2)
    empty = Place(create_home(tmp_path / "b", encode(GENESIS), ""), 1, 2, "name")
    outcome = judge([whole, empty], GENESIS)
    assert not outcome.agreed
    assert [server for server, _ in outcome.findings] == [1]
