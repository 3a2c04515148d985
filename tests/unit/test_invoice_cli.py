"""Invoices by hand: owed, paid and set off through the command line."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chain.address import encode_address
from chain.block import NO_PARTS
from chain.rules.clearing import get_entered
from chain.rules.clearing_window import get_window
from chain.setoff import pack_certificate
from chain.units import parse_pai
from node.cli.main import main
from node.exchange.setoff_solver import solve
from tests.community import CONSTANTS, PAI, Community
from tests.exchange_world import INTERVAL
from tests.wallet_node import WalletNode, build_member_genesis
from wallet import keystore, session
from wallet.client import NodeClient
from wallet.keystore import Cost, build_secrets, save_secrets
from wallet.terminal import Exit

MEMBERS = ("anna", "boris", "vera")
ENTROPIES = {name: bytes([number]) * 32 for number, name in enumerate(MEMBERS, 1)}
ADDRESSES = {
    name: encode_address("pai", build_secrets(entropy).account)
    for name, entropy in ENTROPIES.items()
}


class Desk:
    """Whoever sits at the command line, and the node he asks."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.node = WalletNode(Community(build_member_genesis(*ENTROPIES.values())))

    def run(self, *arguments: str, code: Exit = Exit.DONE) -> str:
        ended = main([*arguments])
        captured = self.capsys.readouterr()
        assert ended == code, captured.err + captured.out
        return captured.out + (captured.err if code is not Exit.DONE else "")

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json"))

    def do(self, *arguments: str) -> Any:
        return self.ask("invoice", *arguments, "--yes")

    def list(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("invoice", "list", name)["obligations"]
        return found

    def clear(self) -> None:
        """Go to the next interval, and set off what waits."""
        community = self.node.community
        community.extend(after=INTERVAL - community.ledger.head.slot % INTERVAL)
        state = community.ledger.state
        _, entered = get_entered(state)
        flows, potentials = solve(entered.graph)
        interval = get_window(state).interval
        certificate = pack_certificate(interval, entered.graph, flows, potentials)
        community.extend(parts=replace(NO_PARTS, clearing=certificate))


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    folder = tmp_path / "wallets"
    folder.mkdir(mode=0o700)
    desk = Desk(capsys)
    client = partial(NodeClient, transport=desk.node.transport)
    monkeypatch.setattr(session, "NodeClient", client)
    monkeypatch.setattr(keystore, "COST", Cost(1, 8_192))
    monkeypatch.setenv("PAI_WALLETS", str(folder))
    monkeypatch.setenv("PAI_PASSWORD", "correct horse")
    monkeypatch.setenv("LC_ALL", "C")
    for name, entropy in ENTROPIES.items():
        save_secrets(folder, name, "correct horse", build_secrets(entropy), replace=False)
    return desk


def test_from_an_offer_to_the_last_payment(desk: Desk, tmp_path: Path) -> None:
    goods = tmp_path / "list.txt"
    goods.write_text("20 l of milk")
    desk.do("offer", "anna", "boris", "12.5", "--reference", "milk", "--goods", str(goods))
    (offered,) = desk.list("boris")
    assert (offered["state"], offered["amount"], offered["reference"]) == (
        "offered",
        "12.5",
        "milk",
    )
    assert len(offered["goods"]) == 64
    assert offered["lapses_time"] is not None
    desk.do("accept", "boris", "0")
    desk.do("pay", "boris", "0", "2.5")
    (owed,) = desk.list("anna")
    assert (owed["state"], owed["remaining"]) == ("open", "10")
    assert owed["creditor_clears"]
    assert owed["debtor_clears"]
    desk.do("pay", "vera", "0")
    assert desk.list("anna") == []
    assert "closed" in desk.run("invoice", "pay", "vera", "0", "--yes", code=Exit.USAGE)


def test_a_circle_is_set_off_and_no_money_moves(desk: Desk) -> None:
    for number, (creditor, debtor) in enumerate(
        (("anna", "boris"), ("boris", "vera"), ("vera", "anna"))
    ):
        desk.do("offer", creditor, debtor, str(10 + number))
        desk.do("accept", debtor, str(number))
    before = desk.ask("wallet", "show", "anna")["settlement"]
    desk.clear()
    assert [item["remaining"] for item in desk.list("anna")] == ["2"]
    assert [item["remaining"] for item in desk.list("boris")] == ["1"]
    assert float(desk.ask("wallet", "show", "anna")["settlement"]) == pytest.approx(
        float(before), rel=0.05
    )


def test_declined_written_down_and_kept_out_of_set_off(desk: Desk) -> None:
    desk.do("offer", "anna", "boris", "5")
    desk.do("decline", "boris", "0")
    assert desk.list("boris") == []
    desk.do("offer", "anna", "boris", "5", "--no-setoff")
    desk.do("accept", "boris", "1", "--no-setoff")
    desk.do("setoff", "anna", "1", "on")
    (item,) = desk.list("anna")
    assert (item["creditor_clears"], item["debtor_clears"]) == (True, False)
    desk.do("write-down", "anna", "1", "2")
    assert [item["remaining"] for item in desk.list("boris")] == ["3"]
    desk.do("write-down", "anna", "1")
    assert desk.list("boris") == []


def test_handed_over_with_the_debtors_consent(desk: Desk) -> None:
    desk.do("offer", "anna", "boris", "5")
    desk.do("accept", "boris", "0")
    assert "No other creditor" in desk.run(
        "invoice", "consent", "boris", "0", "--yes", code=Exit.USAGE
    )
    desk.do("reassign", "anna", "0", "vera")
    assert desk.list("vera")[0]["heir"] == ADDRESSES["vera"]
    desk.do("consent", "boris", "0")
    assert desk.list("vera")[0]["creditor"] == ADDRESSES["vera"]
    assert desk.list("anna") == []


def test_lending_to_set_off(desk: Desk) -> None:
    desk.do("lend", "anna", "20")
    assert desk.ask("invoice", "list", "anna")["lends"] == "20"
    desk.do("lend", "anna", "0")
    assert desk.ask("invoice", "list", "anna")["lends"] == "0"


def test_what_was_put_aside_and_came_back_stands_in_the_history(desk: Desk) -> None:
    """The demurrage of it is told for itself, so that the lines make up the balance."""
    desk.do("offer", "anna", "boris", "5")
    desk.do("accept", "boris", "0")
    desk.do("lend", "boris", "100")
    community = desk.node.community
    community.extend(after=INTERVAL - community.ledger.head.slot % INTERVAL)
    community.extend(after=CONSTANTS.window_slots + 1)
    entries = desk.ask("wallet", "history", "boris")["entries"]
    kinds = [(item["kind"], item["change"]) for item in entries[:3]]
    assert kinds[0] == ("freed", "100")
    assert kinds[1][0] == "demurrage"
    assert ("put_aside", "-100") in [(item["kind"], item["change"]) for item in entries]
    settlement = desk.ask("wallet", "show", "boris")["settlement"]
    assert parse_pai(settlement) <= 500 * PAI + sum(
        parse_pai(item["change"].lstrip("-")) * (-1 if item["change"].startswith("-") else 1)
        for item in entries
    )


def test_people_read_it_in_both_languages(desk: Desk) -> None:
    desk.do("offer", "anna", "boris", "12.5", "--reference", "milk", "--due", "3")
    english = desk.run("invoice", "list", "boris")
    for word in ("you owe", "12.50", "offered", "milk", "anna"):
        assert word in english
    russian = desk.run("--lang", "ru", "invoice", "list", "boris")
    for word in ("вы должны", "12,50", "выставлен", "milk"):
        assert word in russian
    asked = desk.run("--lang", "ru", "invoice", "accept", "boris", "0", "--yes")
    assert "Готово" in asked
    assert "being set off" not in desk.run("invoice", "list", "anna")


def test_what_cannot_be_is_told_in_a_sentence(desk: Desk) -> None:
    told = desk.run("invoice", "offer", "anna", "anna", "5", "--yes", code=Exit.REFUSED)
    assert "[701 OBLIGATION_TO_SELF]" in told
    desk.do("offer", "anna", "boris", "5")
    told = desk.run("--lang", "ru", "invoice", "accept", "vera", "0", "--yes", code=Exit.REFUSED)
    assert "Это может только другая сторона долга." in told
