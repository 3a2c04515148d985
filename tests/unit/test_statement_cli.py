"""A wallet's statement: every line of it, and sums that agree with the balance to the micropai."""

import csv
from pathlib import Path
from typing import Any

import pytest

from chain.actions import CastVote
from chain.rules.measures import compute_digest
from chain.units import parse_pai
from tests.community import PAI
from tests.wallet_desk import ACCOUNTS, ADDRESSES, ENTROPIES, Desk, open_desk
from tests.wallet_node import build_member_genesis
from wallet.client import Entry, Micropai, SinksTold
from wallet.statement import Line, compute_funded

BEGUN = 500 * PAI


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    genesis = build_member_genesis(*ENTROPIES.values(), balance=BEGUN)
    return open_desk(genesis, tmp_path / "wallets", capsys, monkeypatch)


def live(desk: Desk) -> None:
    """Some periods of a member's life."""
    desk.run("wallet", "pay", "anna", "boris", "40", "--memo", "bread", "--yes")
    desk.run("wallet", "save", "anna", "100", "--periods", "3", "--yes")
    desk.run("wallet", "save", "anna", "60", "--periods", "3", "--yes")
    desk.pass_periods(1)
    desk.run("wallet", "pay", "boris", "anna", "15.123457", "--memo", "=1+1", "--yes")
    desk.run("wallet", "withdraw", "anna", "1", "30", "--yes")
    desk.pass_periods(3)
    desk.run("wallet", "pay", "anna", "boris", "1", "--yes")


def sum_of(told: dict[str, Any], name: str) -> int:
    return sum(parse_pai(item[name]) for item in told["periods"])


def test_every_line_agrees_with_the_balance(desk: Desk) -> None:
    live(desk)
    told = desk.ask("wallet", "statement", "anna")
    row = desk.node.ledger.state.accounts
    assert parse_pai(told["booked"]) == row.require(ACCOUNTS["anna"]).settlement
    assert parse_pai(told["periods"][0]["opening"]) == BEGUN
    balance = BEGUN
    for item in told["periods"]:
        assert parse_pai(item["opening"]) == balance
        for line in item["lines"]:
            balance += parse_pai(line["change"])
            assert parse_pai(line["balance"]) == balance
        came = parse_pai(item["received"]) - parse_pai(item["paid"]) - parse_pai(item["demurrage"])
        assert parse_pai(item["closing"]) == balance == parse_pai(item["opening"]) + came
    assert balance == parse_pai(told["booked"])
    later = parse_pai(told["matured"]) - parse_pai(told["running"])
    assert balance + later == parse_pai(told["settlement"])


def test_what_demurrage_funded_makes_up_what_was_charged(desk: Desk) -> None:
    live(desk)
    told = desk.ask("wallet", "statement", "anna")
    charged = sum_of(told, "demurrage") + sum_of(told, "early_return")
    assert charged > sum_of(told, "demurrage") > 0
    assert sum(parse_pai(amount) for amount in told["funded"].values()) == charged
    assert set(told["funded"]) <= {"reserve", "social", "operators", "active", "pot"}
    assert sum_of(told, "shares") > 0


def test_demurrage_is_told_by_the_sinks_of_its_time(desk: Desk) -> None:
    desk.pass_periods(1)
    desk.run("vote", "propose", "sinks", "anna", "reserve=20%", "municipality=80%", "--yes")
    for name in ADDRESSES:
        desk.run("vote", "cast", name, "0", "yes", "--yes")
    _let_everybody_vote(desk)
    desk.pass_periods(8)
    desk.run("wallet", "pay", "anna", "boris", "1", "--yes")
    assert desk.ask("vote", "show", "anna", "0")["state"] == "enacted"
    told = desk.ask("wallet", "statement", "anna")
    first, last = told["periods"][0]["funded"], told["periods"][-1]["funded"]
    assert "social" in first
    assert "municipality" not in first
    assert "municipality" in last
    assert "social" not in last


def test_fewer_periods_and_a_file(desk: Desk, tmp_path: Path) -> None:
    live(desk)
    path = tmp_path / "statement.csv"
    whole = desk.ask("wallet", "statement", "anna", "--csv", str(path))
    part = desk.ask("wallet", "statement", "anna", "--periods", "1")
    assert part["periods"] == whole["periods"][-len(part["periods"]) :]
    assert len(part["periods"]) == 1
    rows = list(csv.DictReader(path.read_text().splitlines()))
    lines = [line for item in whole["periods"] for line in item["lines"]]
    assert [row["change"] for row in rows] == [line["change"] for line in lines]
    assert [row["balance"] for row in rows] == [line["balance"] for line in lines]
    assert "'=1+1" in {row["memo"] for row in rows}  # no formula in a spreadsheet


def test_for_people_in_both_languages(desk: Desk) -> None:
    live(desk)
    shown = desk.run("wallet", "statement", "anna")
    for part in ("Statement of anna", "bread", "demurrage of savings returned early",
                 "what your demurrage funded", "share of an active member"):  # fmt: skip
        assert part in shown
    shown = desk.run("wallet", "statement", "anna", "--lang", "ru")
    for part in ("Выписка anna", "демередж вкладов", "на что пошёл ваш демередж", "Стало"):
        assert part in shown
    nothing = desk.run("wallet", "statement", "vera", "--periods", "1")
    assert "Settlement now" in nothing


def test_what_does_not_divide_stays_in_the_pot() -> None:
    sinks = SinksTold(3_333, 3_333, 3_334, 0, 0, 0)
    entry = Entry(1, 0, "demurrage", Micropai(10), sinks=sinks)
    assert compute_funded([Line(entry, -10, 0)]) == {
        "reserve": 3, "social": 3, "operators": 3, "pot": 1,
    }  # fmt: skip


def _let_everybody_vote(desk: Desk) -> None:
    """The test community's own members, who have no wallets here, agree as well."""
    community = desk.node.community
    proposal = community.ledger.state.proposals.require(bytes(8))
    action = CastVote(0, compute_digest(proposal.measure), yes=True)
    community.extend([community.sign(name, action) for name in ("emma", "farid", "galina")])


def test_a_history_says_where_the_nodes_knowledge_begins(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run("wallet", "pay", "anna", "boris", "2", "--yes")
    for words in (("history", "anna"), ("statement", "anna")):
        assert desk.ask("wallet", *words)["since_slot"] == 0
        assert "snapshot" not in desk.run("wallet", *words)
    ledger = desk.node.ledger
    monkeypatch.setattr(ledger, "base", ledger.head)
    for words in (("history", "anna"), ("statement", "anna")):
        assert desk.ask("wallet", *words)["since_slot"] == ledger.head.slot
        assert "began with a snapshot" in desk.run("wallet", *words)
