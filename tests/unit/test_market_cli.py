"""``pai market``: members without money trade in a chain by hand, and read what happens to them."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chain.genesis import GenesisAccount
from node.cli.main import main
from tests.community import Community
from tests.unit.test_cosigning import read_screen
from tests.wallet_node import WalletNode, build_member_genesis
from wallet import keystore, session
from wallet.client import Micropai, NodeClient
from wallet.keystore import Cost, build_secrets, save_secrets
from wallet.market import TradeAnswer, order_trades, tell_chain
from wallet.terminal import Exit
from wallet.words import Language, Words

PASSWORD = "correct horse"
NAMES = ("anna", "boris", "vera")
ENTROPIES = {name: bytes([number]) * 32 for number, name in enumerate(NAMES, 1)}
ACCOUNTS = {name: build_secrets(entropy).account for name, entropy in ENTROPIES.items()}


class Desk:
    """Whoever sits at the command line, and the node he asks."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        genesis = build_member_genesis(*ENTROPIES.values())
        poor = tuple(
            GenesisAccount(item.id, 0, ()) if item.id in ACCOUNTS.values() else item
            for item in genesis.accounts
        )
        self.node = WalletNode(Community(replace(genesis, accounts=poor)))

    def run(self, *arguments: str, code: Exit = Exit.DONE, room: str = "market") -> str:
        """What a command says when it ends as expected."""
        ended = main([room, *arguments])
        captured = self.capsys.readouterr()
        assert ended == code, captured.err + captured.out
        return captured.out if code is Exit.DONE else captured.err + captured.out

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json"))

    def get_settlement(self, name: str) -> int:
        return self.node.ledger.state.accounts.require(ACCOUNTS[name]).settlement


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    folder = tmp_path / "wallets"
    folder.mkdir(mode=0o700)
    desk = Desk(capsys)
    monkeypatch.setattr(session, "NodeClient", partial(NodeClient, transport=desk.node.transport))
    monkeypatch.setattr(keystore, "COST", Cost(1, 8_192))
    monkeypatch.setenv("PAI_WALLETS", str(folder))
    monkeypatch.setenv("PAI_PASSWORD", PASSWORD)
    monkeypatch.setenv("LC_ALL", "C")
    for name, entropy in ENTROPIES.items():
        save_secrets(folder, name, PASSWORD, build_secrets(entropy), replace=False)
    return desk


def open_triangle(desk: Desk) -> None:
    """Anna has milk and needs feed, Boris repairs and needs milk, Vera has feed and a tractor."""
    desk.run("offer", "anna", "food/milk", "20", "l", "--price", "7", "--yes")
    desk.run("offer", "boris", "work/repair", "1", "hour", "--price", "141", "--yes")
    desk.run("offer", "vera", "farm/feed", "4", "bag", "--price", "35", "--place", "arsk", "--yes")
    desk.run("want", "boris", "food", "20", "l", "--price", "8", "--yes")
    desk.run("want", "vera", "work/repair", "1", "hour", "--price", "150", "--yes")
    desk.run("want", "anna", "farm/feed", "4", "bag", "--price", "35", "--yes")


def test_three_trade_in_a_chain_without_money(desk: Desk) -> None:
    open_triangle(desk)
    assert len(desk.ask("browse", "--good", "food")["listings"]) == 2
    assert "farm/feed" in desk.run("browse", "--place", "arsk")
    desk.run("order", "anna", "--give", "10", "--take", "10", "--yes")
    found = desk.ask("match", "vera", "--yes")
    assert found["found"] == 1
    assert desk.ask("match", "vera", "--dry")["found"] == 0, "what waits is not proposed twice"
    assert desk.ask("chains", "anna")["chains"][0]["consented"] is False

    (chain,) = desk.ask("chains", "boris")["chains"]
    told = desk.run("chains", "boris")
    assert chain["told"][0].startswith("you give 1 hour work/repair to vera")
    assert chain["told"][-1] == "you get 1.00 pai"
    assert "anna gives 20 l food/milk to you" in " ".join(told.split())
    number = str(chain["chain"])
    desk.run("accept", "boris", number, "--yes")
    assert desk.get_settlement("boris") == 0
    vera = desk.ask("accept", "vera", number, "--yes")
    assert vera["told"][-1] == "you pay 1.00 pai"
    assert [desk.get_settlement(name) for name in NAMES] == [0, 1_000_000, -1_000_000]

    mine = desk.ask("mine", "boris")
    (delivery,) = [item for item in mine["deliveries"] if item["good"] == "food/milk"]
    desk.run("confirm", "boris", str(delivery["number"]), "20", "--yes")
    assert desk.ask("mine", "anna")["delivered"] == "1"
    assert "delivered 1, late 0" in desk.run("mine", "anna")


def test_goods_are_handed_over_against_a_signature(desk: Desk) -> None:
    open_triangle(desk)
    for name in NAMES:
        desk.run("order", name, "--give", "10", "--take", "10", "--yes")
    desk.run("match", "vera", "--yes")
    (milk,) = [
        item for item in desk.ask("mine", "anna")["deliveries"] if item["good"] == "food/milk"
    ]
    number = str(milk["number"])
    shown = desk.run("hand-over", "anna", number, "5")
    assert "5 l food/milk for boris" in shown
    request = desk.ask("hand-over", "anna", number, "5")["request"]
    assert read_screen(shown) == request, "what the buyer's telephone reads"
    assert desk.ask("confirm", "boris", request, "--yes")["left"] == 15
    assert "leave the quantity out" in " ".join(
        desk.run("confirm", "boris", request, "6", "--yes", code=Exit.USAGE).split()
    )
    assert desk.ask("confirm", "boris", number, "--yes")["quantity"] == 15
    assert desk.ask("mine", "anna")["delivered"] == "1"
    for wrong in ("pai-goods:9", "pai-goods:x?quantity=1", "milk", "99"):
        desk.run("confirm", "boris", wrong, "--yes", code=Exit.USAGE)
    other = request.replace("community=", "community=0")
    desk.run("confirm", "boris", other, "--yes", code=Exit.USAGE)
    (feed,) = [
        item for item in desk.ask("mine", "anna")["deliveries"] if item["good"] == "farm/feed"
    ]
    desk.run("hand-over", "anna", str(feed["number"]), code=Exit.USAGE)  # she is its buyer
    desk.run("confirm", "anna", str(feed["number"]), "5", "--yes", code=Exit.USAGE)  # 4 are left


def test_who_is_still_waited_for_is_told_and_standing_orders_count(desk: Desk) -> None:
    open_triangle(desk)
    desk.run("order", "anna", "--give", "10", "--take", "10", "--yes")
    desk.run("match", "vera", "--yes")
    told = " ".join(desk.run("chains", "boris").split())
    assert "Consented 1 of 3 (by standing order: 1)" in told
    assert "Waits for you, vera" in told
    (chain,) = desk.ask("chains", "anna")["chains"]
    assert (chain["consented"], chain["by_order"], chain["people"]) == (False, True, 3)
    assert len(chain["waits_for"]) == 2
    desk.run("accept", "boris", str(chain["chain"]), "--yes")
    told = " ".join(desk.run("chains", "vera").split())
    assert "Consented 2 of 3 (by standing order: 1)" in told
    assert "Waits for you " in told


def test_long_answers_come_page_by_page(desk: Desk) -> None:
    desk.node.page_max = 1
    open_triangle(desk)
    for name in NAMES:
        desk.run("order", name, "--give", "10", "--take", "10", "--yes")
    assert [item["number"] for item in desk.ask("browse")["listings"]] == list(range(6))
    assert len(desk.ask("browse", "--side", "wants")["listings"]) == 3
    assert len(desk.ask("mine", "anna")["listings"]) == 2
    assert desk.ask("match", "vera", "--yes")["found"] == 1
    assert len(desk.ask("mine", "boris")["deliveries"]) == 2
    assert desk.ask("chains", "boris")["chains"] == []


def test_what_is_open_can_be_changed_refused_and_taken_back(desk: Desk) -> None:
    open_triangle(desk)
    desk.run("match", "vera", "--yes")
    (chain,) = desk.ask("chains", "anna")["chains"]
    number = str(chain["chain"])
    desk.run("change", "anna", "0", "--price", "8", "--quantity", "20", "--yes")
    lied = desk.run("accept", "boris", number, "--yes", code=Exit.REFUSED)
    assert "a price has changed" in " ".join(lied.split())
    desk.run("decline", "anna", number, "--yes")
    assert desk.ask("chains", "boris")["chains"] == []
    desk.run("accept", "boris", number, "--yes", code=Exit.USAGE)
    desk.run("withdraw", "anna", "0", "--yes")
    desk.run("withdraw", "anna", "1", "--yes", code=Exit.REFUSED)
    desk.run("order", "anna", "--yes")
    assert desk.ask("mine", "anna")["order"]["give_max"] == "250"
    desk.run("order", "anna", "--cancel", "--yes")
    assert desk.ask("mine", "anna")["order"] is None
    found = desk.ask("match", "anna", "--dry")
    assert found["found"] == 1, "without milk, Vera could still pay Boris"
    assert desk.ask("chains", "vera")["chains"] == []
    desk.run("offer", "anna", "Food//Milk", "1", "l", "--price", "1", "--yes", code=Exit.USAGE)


def test_goods_that_do_not_come_are_owed_until_paid_or_forgiven(desk: Desk) -> None:
    open_triangle(desk)
    for name in NAMES:
        desk.run("order", name, "--give", "10", "--take", "10", "--yes")
    desk.run("match", "vera", "--yes")
    for _ in range(12):
        desk.node.mine(after=20)
    (owed,) = [item for item in desk.ask("mine", "boris")["obligations"] if item["amount"] == "140"]
    assert owed["reference"] == "food/milk"
    assert owed["late"]
    assert owed["disputed_until_time"] is not None
    told = " ".join(desk.run("mine", "boris").split())
    assert f"You are owed, invoice {owed['number']} 140.00 pai, food/milk (disputed until" in told
    number = str(owed["number"])
    desk.run("pay", "anna", number, "2", "--yes", room="invoice")
    desk.run("write-down", "boris", number, "137", "--yes", room="invoice")
    desk.run("write-down", "anna", number, "1", "--yes", code=Exit.REFUSED, room="invoice")
    listed = " ".join(desk.run("list", "boris", room="invoice").split())
    assert "not delivered, disputed until" in listed
    (left,) = [
        item
        for item in desk.ask("mine", "boris")["obligations"]
        if item["number"] == owed["number"]
    ]
    assert (left["remaining"], left["delivery"]) == ("1", owed["delivery"])


# In words


def build_trade(seller: str, buyer: str, good: str, quantity: int, price: int) -> TradeAnswer:
    return TradeAnswer(0, 0, seller, buyer, good, "l", quantity, Micropai(price * 1_000_000))


TRADES = (
    build_trade("c", "a", "feed", 4, 35),
    build_trade("a", "b", "milk", 20, 7),
    build_trade("b", "c", "repair", 1, 143),
)


def test_a_chain_is_told_from_ones_own_giving_on() -> None:
    assert [item.good for item in order_trades(TRADES, "a")] == ["milk", "repair", "feed"]
    assert [item.good for item in order_trades(TRADES, "c")] == ["feed", "milk", "repair"]
    names = {"a": "Anna", "b": "Boris", "c": "Vera"}
    assert tell_chain(Words(Language.ENGLISH), TRADES, "c", names) == [
        "you give 4 l feed to Anna",
        "Anna gives 20 l milk to Boris",
        "Boris gives 1 l repair to you",
        "you pay 3.00 pai",
    ]
    assert tell_chain(Words(Language.RUSSIAN), TRADES, "b", names) == [
        "вы отдаёте 1 l repair, получает Vera",
        "Vera отдаёт 4 l feed, получает Anna",
        "Anna отдаёт вам 20 l milk",
        "вы получаете 3,00 пая",
    ]
    assert tell_chain(Words(Language.ENGLISH), TRADES, "a", names)[-1] == (
        "you neither pay nor get money"
    )
