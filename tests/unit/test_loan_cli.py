"""Loans by hand, in English and in Russian: asked, guaranteed, granted, returned or not."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.genesis import GenesisFunds
from chain.units import parse_pai
from tests.community import PAI, with_parameters
from tests.wallet_desk import ADDRESSES, ENTROPIES, Desk, open_desk
from tests.wallet_node import build_member_genesis
from wallet.terminal import Exit

TENTH = 300 * PAI  # of the base: what each of them is good for


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """A community with something to lend from, and somebody who owes: a tenth may be lent."""
    genesis = with_parameters(
        build_member_genesis(*ENTROPIES.values()),
        base=3_000 * PAI,
        committee_28_bp=1_000,
        loan_grace_periods=2,
    )
    funds = GenesisFunds(reserve=1_000 * PAI, social=0, operators=0)
    desk = open_desk(replace(genesis, funds=funds), tmp_path / "wallets", capsys, monkeypatch)
    desk.run("wallet", "pay", "vera", "till", "790", "--yes")
    desk.run("vote", "propose", "committee", "anna", "till", "--yes")
    for name in ADDRESSES:
        desk.run("vote", "cast", name, "0", "yes", "--yes")
    desk.pass_periods(4)
    return desk


def show(desk: Desk, name: str) -> dict[str, int]:
    """Figures of a wallet's credit, and its balance, in micropai."""
    told = desk.ask("wallet", "show", name)
    figures = {key: parse_pai(told["credit"][key]) for key in ("own", "pledged", "lent", "floor")}
    return {**figures, "settlement": parse_pai(told["settlement"])}


def lend(desk: Desk, amount: str = "20", *, periods: str = "10") -> None:
    """Boris answers with a deposit for what anna asks, and the committee grants it."""
    desk.run("wallet", "save", "boris", "50", "--periods", "5", "--yes")
    desk.run(
        "wallet", "loan", "ask", "anna", amount, "--periods", periods, "--purpose", "seed",
        "--guarantor", "boris", "--yes",
    )  # fmt: skip
    desk.run("wallet", "loan", "guarantee", "boris", "0", "--deposit", "0", "--yes")
    desk.run("wallet", "loan", "grant", "till", "0", "--yes")


def spend_all(desk: Desk, name: str) -> None:
    """Go down as far as the ledger lets."""
    spendable = desk.ask("wallet", "show", name)["spendable"]
    desk.run("wallet", "pay", name, "till", spendable, "--yes")


def test_from_asking_to_return(desk: Desk) -> None:
    desk.run("wallet", "save", "boris", "50", "--periods", "5", "--yes")
    answer = desk.ask(
        "wallet", "loan", "ask", "anna", "20", "--periods", "10", "--purpose", "seed",
        "--guarantor", "boris", "--left", "5=8", "--yes",
    )  # fmt: skip
    assert (answer["pledge"], answer["floor_once_granted"]) == ("20", "-320")
    assert re.search(r"Guarantor +boris \(.*\), 20.00 pai", desk.shown)
    assert re.search(r"May fall to, once granted +-320.00 pai", desk.shown)
    assert re.search(r"May fall to  +-300.00 pai", desk.shown)
    assert show(desk, "anna")["floor"] == -TENTH

    (told,) = desk.ask("wallet", "loan", "list", "boris")["loans"]
    assert (told["loan"], told["state"], told["consent"]) == (0, "asked", False)
    assert "has not consented" in desk.run("wallet", "loan", "list", "till")
    early = desk.run("wallet", "loan", "grant", "till", "0", "--yes", code=Exit.REFUSED)
    assert "GUARANTEE_MISSING" in early

    desk.run("wallet", "loan", "guarantee", "boris", "0", "--deposit", "0", "--yes")
    assert re.search(r"You answer for +20.00 pai", desk.shown)
    assert {item["bond"] for item in desk.ask("wallet", "show", "boris")["deposits"]} == {
        "free", "pledged",
    }  # fmt: skip
    desk.run("wallet", "loan", "grant", "till", "0", "--yes")
    assert re.search(r"The debtor may fall to +-320.00 pai", desk.shown)
    assert show(desk, "anna")["floor"] == -TENTH - 20 * PAI

    spend_all(desk, "anna")
    shown = desk.run("wallet", "show", "anna")
    assert "own limit 300.00, loans 20.00" in shown
    assert "seed" in shown
    needed = desk.run("wallet", "loan", "return", "anna", "0", "--yes", code=Exit.REFUSED)
    assert "LOAN_IN_USE" in needed
    desk.run("wallet", "pay", "boris", "anna", "60", "--yes")
    before = show(desk, "anna")  # what boris paid her has raised her own limit
    desk.run("wallet", "loan", "return", "anna", "0", "--yes")
    assert f"{(before['floor'] + 20 * PAI) // PAI}.00 pai" in desk.shown
    after = show(desk, "anna")
    assert (after["floor"], after["lent"]) == (before["floor"] + 20 * PAI, 0)
    assert desk.ask("wallet", "loan", "list", "anna", "--all")["loans"] == []


def test_the_same_in_russian(desk: Desk) -> None:
    ask = (
        "wallet", "loan", "ask", "anna", "20", "--periods", "10", "--purpose", "семена",
        "--guarantor", "boris", "--pledge", "10", "--yes", "--lang", "ru",
    )  # fmt: skip
    desk.run(*ask)
    assert re.search(r"На срок +10 периодов", desk.shown)
    assert re.search(r"Сможет опуститься до, когда выдадут +-320,00 пая", desk.shown)
    desk.run("wallet", "loan", "guarantee", "boris", "0", "--yes", "--lang", "ru")
    assert re.search(r"Чем +собственным лимитом", desk.shown)
    assert re.search(r"Может опуститься до +-290,00 пая", desk.shown)
    assert show(desk, "boris")["floor"] == -TENTH + 10 * PAI
    desk.run("wallet", "loan", "grant", "till", "0", "--yes", "--lang", "ru")
    shown = desk.run("wallet", "show", "anna", "--lang", "ru")
    assert "собственный лимит 300,00, ссуды 20,00" in shown
    assert "выдана" in desk.run("wallet", "loan", "list", "boris", "--lang", "ru")
    desk.run("wallet", "loan", "return", "anna", "0", "--yes", "--lang", "ru")
    assert show(desk, "boris")["floor"] == -TENTH


def test_what_the_debtor_does_not_pay_his_guarantor_does(desk: Desk) -> None:
    lend(desk)
    spend_all(desk, "anna")
    desk.pass_periods(11)
    (told,) = desk.ask("wallet", "loan", "list", "anna")["loans"]
    assert (told["state"], told["unpaid"]) == ("grace", "20")
    assert "20.00 pai missing" in desk.run("wallet", "loan", "list", "anna")
    desk.pass_periods(3)
    assert desk.ask("wallet", "loan", "list", "anna")["loans"] == []
    told = desk.ask("wallet", "show", "anna")
    assert told["credit"]["claims"] == [{"creditor": ADDRESSES["boris"], "amount": "20"}]
    assert "Owed to a guarantor" in desk.run("wallet", "show", "anna")

    desk.run("wallet", "pay", "till", "anna", "40", "--yes")
    wrong = desk.run("wallet", "loan", "pay-claim", "anna", "vera", "--yes", code=Exit.REFUSED)
    assert "UNKNOWN_CLAIM" in wrong
    answer = desk.ask("wallet", "loan", "pay-claim", "anna", "boris", "15", "--yes")
    assert (answer["owed"], answer["amount"]) == ("20", "15")
    desk.run("wallet", "loan", "pay-claim", "anna", "boris", "--yes")
    assert desk.ask("wallet", "show", "anna")["credit"]["claims"] == []


def test_members_grant_what_the_committee_cannot(desk: Desk) -> None:
    desk.run("wallet", "loan", "ask", "anna", "90", "--periods", "10", "--yes")
    spent = desk.run("wallet", "loan", "grant", "till", "0", "--yes", code=Exit.REFUSED)
    assert "COMMITTEE_SPENT" in spent
    desk.run("vote", "propose", "loan", "boris", "0", "--yes")
    assert "grant loan 0: 90.00 pai to anna" in desk.shown
    for name in ADDRESSES:
        desk.run("vote", "cast", name, "1", "yes", "--yes")
    desk.pass_periods(4)
    assert show(desk, "anna")["lent"] == 90 * PAI


@pytest.mark.parametrize(
    ("who", "deed", "allowed"),
    [
        (who, deed, who in allowed)
        for deed, allowed in {
            "guarantee": {"boris"},
            "grant": {"till"},
            "drop": {"anna", "boris", "till"},
            "return": {"anna"},
        }.items()
        for who in ADDRESSES
    ],
)
def test_who_may_do_what_with_a_loan(desk: Desk, who: str, deed: str, allowed: bool) -> None:
    desk.run(
        "wallet", "loan", "ask", "anna", "20", "--periods", "10", "--guarantor", "boris", "--yes"
    )
    if deed in ("grant", "return"):
        desk.run("wallet", "loan", "guarantee", "boris", "0", "--yes")
    if deed == "return":
        desk.run("wallet", "loan", "grant", "till", "0", "--yes")
    root = desk.node.ledger.root
    desk.run("wallet", "loan", deed, who, "0", "--yes", code=Exit.DONE if allowed else Exit.REFUSED)
    assert (desk.node.ledger.root == root) is not allowed


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ("ask", "anna", "20", "--periods", "10", "--pledge", "5"),
            Exit.USAGE,
            "needs a guarantor",
        ),
        (("ask", "anna", "20", "--periods", "10", "--left", "5"), Exit.USAGE, "no step of a plan"),
        (("ask", "anna", "20", "--periods", "5", "--left", "5=1"), Exit.REFUSED, "BAD_LOAN_TERMS"),
        (("ask", "anna", "0.5", "--periods", "5"), Exit.REFUSED, "BAD_LOAN_TERMS"),
        (
            ("ask", "anna", "5", "--periods", "5", "--purpose", "x" * 141),
            Exit.USAGE,
            "cannot be sent",
        ),
        (("return", "anna", "7"), Exit.REFUSED, "NOT_FOUND"),
        (("pay-claim", "anna", "boris"), Exit.REFUSED, "UNKNOWN_CLAIM"),
    ],
)
def test_what_cannot_be_is_said(desk: Desk, words: tuple[str, ...], code: Exit, said: str) -> None:
    assert said in desk.run("wallet", "loan", *words, "--yes", code=code)
