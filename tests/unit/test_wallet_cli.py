"""The wallet's commands as people and scripts meet them, against a node over a real ledger."""

import csv
import io
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from chain.actions import Pay
from chain.address import encode_address
from chain.policy import Policy, compute_account_id
from chain.units import format_pai, parse_pai
from node.cli.main import main
from tests.community import PAI, Community, get_account_id
from tests.wallet_node import Fault, WalletNode, build_member_genesis
from wallet import keystore, session
from wallet.client import NodeClient
from wallet.folder import lock
from wallet.keystore import Cost, build_secrets, open_secrets, save_secrets
from wallet.phrase import derive_key, encode_phrase
from wallet.terminal import Exit
from wallet.words import Language

PASSWORD = "correct horse"
ENTROPIES = {"anna": bytes([1]) * 32, "boris": bytes([2]) * 32, "vera": bytes([3]) * 32}
ADDRESSES = {
    name: encode_address("pai", build_secrets(entropy).account)
    for name, entropy in ENTROPIES.items()
}
EMMA = encode_address("pai", get_account_id("emma"))
NEWCOMER = encode_address("pai", get_account_id("newcomer"))


class Answer(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A person at a terminal, or a script."""

    def __init__(
        self, folder: Path, node: WalletNode, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.node = node
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def run(self, *arguments: str) -> Answer:
        code = main(["wallet", *arguments])
        captured = self.capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    def ask(self, *arguments: str) -> Any:
        """The answer to a command that must succeed, as a document."""
        answer = self.run(*arguments, "--output", "json")
        assert answer.code == Exit.DONE, answer.err
        return answer.json

    def type(self, *lines: str) -> None:
        """Sit down at a terminal and type these lines."""

        class Keyboard(io.StringIO):
            def isatty(self) -> bool:
                return True

        self.monkeypatch.setattr(sys, "stdin", Keyboard("".join(f"{line}\n" for line in lines)))

    def pipe(self, text: str) -> None:
        """Let a script feed the command."""
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    node = WalletNode(Community(build_member_genesis(*ENTROPIES.values())))
    folder = tmp_path / "wallets"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(session, "NodeClient", partial(NodeClient, transport=node.transport))
    monkeypatch.setattr(keystore, "COST", Cost(1, 8_192))
    monkeypatch.setenv("PAI_WALLETS", str(folder))
    monkeypatch.setenv("PAI_PASSWORD", PASSWORD)
    monkeypatch.setenv("LC_ALL", "C")
    for name, entropy in ENTROPIES.items():
        save_secrets(folder, name, PASSWORD, build_secrets(entropy), replace=False)
    made = Desk(folder, node, capsys, monkeypatch)
    made.pipe("")
    return made


def get_settlement(desk: Desk, name: str) -> int:
    return parse_pai(desk.ask("show", name)["settlement"])


# Looking.


def test_show_is_projected_to_now_and_says_what_the_next_period_costs(desk: Desk) -> None:
    shown = desk.ask("show", "anna")
    assert shown["wallet"] == "anna"
    assert shown["address"] == ADDRESSES["anna"]
    assert shown["community"] == {"id": desk.node.community.chain.hex(), "name": "Test"}
    assert shown["exists"] is True
    assert shown["identified"] is True
    cost = parse_pai(shown["settlement"]) - parse_pai(shown["after_next_period"])
    assert parse_pai(shown["next_period_cost"]) == cost > 9 * PAI
    before = parse_pai(shown["settlement"])
    stored = desk.node.community.ledger.state.accounts.require(
        build_secrets(ENTROPIES["anna"]).account
    )
    desk.node.ahead_slots = 20
    assert (
        parse_pai(desk.ask("show", "anna")["settlement"])
        == parse_pai(shown["after_next_period"])
        < before
    )
    assert stored.settlement == before  # nobody has touched it


def test_show_for_people_in_both_languages(desk: Desk) -> None:
    english = desk.run("show", "anna").out
    for part in (ADDRESSES["anna"], "500.00 pai", "After the next period", "demurrage", "Test"):
        assert part in english
    russian = desk.run("show", "anna", "--lang", "ru").out
    for part in (ADDRESSES["anna"], "500,00", "Расчётный счёт", "демередж", "Накопления"):
        assert part in russian
    for text in (english, russian):
        assert "{" not in text


def test_show_needs_no_name_when_there_is_one_wallet(desk: Desk) -> None:
    several = desk.run("show")
    assert several.code == Exit.USAGE
    assert "anna, boris, vera" in several.err
    for name in ("boris", "vera"):
        (desk.folder / f"{name}.wallet").unlink()
    assert desk.ask("show")["wallet"] == "anna"
    (desk.folder / "anna.wallet").unlink()
    assert "pai wallet new" in desk.run("show").err


def test_an_account_that_is_not_born_yet(desk: Desk) -> None:
    desk.ask("new", "child")
    shown = desk.ask("show", "child")
    assert (shown["exists"], shown["settlement"]) == (False, "0")
    assert "born" in desk.run("show", "child").out
    refused = desk.run("pay", "child", EMMA, "1", "--yes")
    assert refused.code == Exit.REFUSED
    assert "202" in refused.err


def test_list_needs_neither_password_nor_node(desk: Desk) -> None:
    desk.monkeypatch.delenv("PAI_PASSWORD")
    assert [item["address"] for item in desk.ask("list")["wallets"]] == [None] * 3
    desk.run("show", "anna")
    listed = desk.ask("list")["wallets"]
    assert [item["wallet"] for item in listed] == ["anna", "boris", "vera"]
    assert [item["address"] for item in listed] == list(ADDRESSES.values())


def test_the_first_contact_is_told_once(desk: Desk) -> None:
    assert desk.node.community.chain.hex()[:16] in desk.run("show", "anna").err
    assert desk.run("show", "anna").err == ""


def test_a_node_of_another_community_is_refused(desk: Desk) -> None:
    desk.run("show", "anna")
    desk.node.community = Community()
    refused = desk.run("show", "anna", "--node", "http://elsewhere:1")
    assert refused.code == Exit.USAGE
    for part in ("http://elsewhere:1", "--wallets", str(desk.folder)):
        assert part in refused.err


def test_no_node_is_exit_3(desk: Desk) -> None:
    def refuse(request: httpx.Request) -> None:
        raise httpx.ConnectError("refused", request=request)

    desk.node.before_answer = refuse
    for arguments in (["show", "anna"], ["pay", "anna", EMMA, "1", "--yes"], ["history", "anna"]):
        answer = desk.run(*arguments)
        assert answer.code == Exit.UNREACHABLE
        assert "http://127.0.0.1:4511" in answer.err
        assert answer.err.count("\n") == 1
    assert "узел" in desk.run("show", "anna", "--lang", "ru").err.lower()


# Paying.


def test_pay(desk: Desk) -> None:
    answer = desk.ask("pay", "anna", ADDRESSES["boris"], "12,50", "--memo", "молоко", "--yes")
    assert answer["status"] == "in_block"
    assert answer["height"] == 1
    assert answer["amount"] == "12.5"
    assert answer["to"] == ADDRESSES["boris"]
    assert answer["fee_max"] == "0"
    assert answer["first_payment"] is True
    assert get_settlement(desk, "anna") == 487_500_000
    assert get_settlement(desk, "boris") == 512_500_000
    again = desk.ask("pay", "anna", "boris", "1", "--yes")
    assert again["first_payment"] is False
    assert again["name"] == "boris"


def test_the_person_sees_everything_before_agreeing(desk: Desk) -> None:
    desk.run("show", "anna")
    desk.type("y")
    paid = desk.run("pay", "anna", EMMA, "12.5", "--memo", "milk")
    assert paid.code == Exit.DONE
    for part in (
        EMMA,
        EMMA[-8:],
        "12.50 pai",
        "milk",
        "not paid this account yet",
        "none",
        "487.50",
    ):
        assert part in paid.err
    assert "Done: in block 1" in paid.out


def test_declined_is_exit_4_and_nothing_is_sent(desk: Desk) -> None:
    for lines in (["n"], [""], ["maybe"], []):
        desk.type(*lines)
        assert desk.run("pay", "anna", EMMA, "1").code == Exit.DECLINED
    assert desk.node.posted == []


def test_a_script_has_to_say_yes(desk: Desk) -> None:
    answer = desk.run("pay", "anna", EMMA, "1")
    assert answer.code == Exit.USAGE
    assert "--yes" in answer.err
    assert desk.node.posted == []


def test_russian_confirmation(desk: Desk) -> None:
    desk.type("да")
    paid = desk.run("pay", "anna", EMMA, "1", "--lang", "ru")
    assert paid.code == Exit.DONE
    for part in ("Кому", "Сумма", "Плата", "Готово"):
        assert part in paid.err + paid.out


def test_wrong_password_is_exit_5(desk: Desk) -> None:
    desk.monkeypatch.setenv("PAI_PASSWORD", "wrong horse")
    for arguments in (
        ["pay", "anna", EMMA, "1", "--yes"],
        ["backup", "anna"],
        ["keys", "show", "anna"],
    ):
        assert desk.run(*arguments).code == Exit.WRONG_KEY
    assert desk.node.posted == []


def test_a_password_file(desk: Desk, tmp_path: Path) -> None:
    desk.monkeypatch.delenv("PAI_PASSWORD")
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    assert desk.run("pay", "anna", EMMA, "1", "--yes").code == Exit.USAGE
    paid = desk.run("pay", "anna", EMMA, "1", "--yes", "--password-file", str(file))
    assert paid.code == Exit.DONE


@pytest.mark.parametrize(
    ("arguments", "code", "number"),
    [
        (["anna", EMMA, "5000"], Exit.REFUSED, "301"),
        (["anna", NEWCOMER, "0.5"], Exit.REFUSED, "302"),
        (["anna", ADDRESSES["anna"], "1"], Exit.REFUSED, "303"),
        (["anna", "anna", "1"], Exit.REFUSED, "303"),
        (["anna", EMMA, "0"], Exit.USAGE, ""),
        (["anna", EMMA, "much"], Exit.USAGE, ""),
        (["anna", EMMA], Exit.USAGE, ""),
        (["anna"], Exit.USAGE, ""),
        (["anna", EMMA[:-1] + "q", "1"], Exit.USAGE, ""),
        (["anna", "nobody", "1"], Exit.USAGE, ""),
        (["anna", encode_address("tok", get_account_id("emma")), "1"], Exit.USAGE, ""),
        (["anna", EMMA, "1", "--memo", "x" * 141], Exit.USAGE, ""),
        (["nobody", EMMA, "1"], Exit.USAGE, ""),
        (["../anna", EMMA, "1"], Exit.USAGE, ""),
    ],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_cannot_be_paid_is_told_in_one_sentence(
    desk: Desk, arguments: list[str], code: Exit, number: str, language: str
) -> None:
    desk.run("show", "anna")
    answer = desk.run("pay", *arguments, "--yes", "--output", "json", "--lang", language)
    assert answer.code == code
    assert answer.out == ""
    last = answer.err.splitlines()[-1]
    assert number in last
    assert "Traceback" not in answer.err
    assert "{" not in last
    if language == "ru":
        assert any("а" <= letter <= "я" for letter in last.lower())
    assert get_settlement(desk, "anna") == 500 * PAI


def test_a_first_payment_to_a_new_account_says_so(desk: Desk) -> None:
    paid = desk.run("pay", "anna", NEWCOMER, "1", "--yes")
    assert paid.code == Exit.DONE
    assert "has never received anything" in paid.err


def test_the_fee_is_shown_before(desk: Desk) -> None:
    desk.ask("new", "child")
    child = desk.ask("list")["wallets"][2]
    assert child["wallet"] == "child"
    desk.run("show", "anna")
    address = desk.ask("show", "child")["address"]
    desk.ask("pay", "anna", address, "10", "--yes")
    paid = desk.run("pay", "child", EMMA, "1", "--yes", "--output", "json")
    fee = parse_pai(paid.json["fee_max"])
    assert fee == paid.json["units"] * 10_000 > 0
    assert f"{format_pai(fee)} pai at most" in paid.err
    assert parse_pai(paid.json["settlement"]) == 9 * PAI - fee
    short = desk.run("pay", "child", EMMA, format_pai(9 * PAI - fee), "--yes")
    assert short.code == Exit.REFUSED
    assert "301" in short.err


def test_payroll_is_all_or_none(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "wages.csv"
    file.write_text(f"адрес;сумма;назначение\nboris;10,5;сентябрь\n{EMMA};20;\n{NEWCOMER};1;\n")
    paid = desk.ask("pay", "anna", "--file", str(file), "--yes")
    assert paid["amount"] == "31.5"
    assert [item["amount"] for item in paid["payments"]] == ["10.5", "20", "1"]
    assert len(desk.node.posted) == 1
    assert get_settlement(desk, "anna") == 468_500_000
    file.write_text("boris,1\nvera,100000\n")
    assert desk.run("pay", "anna", "--file", str(file), "--yes").code == Exit.REFUSED
    file.write_text("boris,1\nanna,1\n")
    assert desk.run("pay", "anna", "--file", str(file), "--yes").code == Exit.REFUSED
    file.write_text("boris,1\nstranger,1\n")
    assert desk.run("pay", "anna", "--file", str(file), "--yes").code == Exit.USAGE
    assert get_settlement(desk, "anna") == 468_500_000
    assert desk.run("pay", "anna", EMMA, "1", "--file", str(file), "--yes").code == Exit.USAGE


def test_a_request_is_paid(desk: Desk) -> None:
    asked = desk.ask("request", "boris", "7.25", "--memo", "яйца")
    paid = desk.ask("pay", "anna", asked["request"], "--yes")
    assert (paid["amount"], paid["memo"], paid["to"]) == ("7.25", "яйца", ADDRESSES["boris"])
    other = desk.run("pay", "anna", asked["request"], "8", "--yes")
    assert other.code == Exit.USAGE
    assert "7.25" in other.err
    assert desk.ask("pay", "anna", asked["request"], "7,25", "--yes")["amount"] == "7.25"
    open_one = desk.ask("request", "boris")
    assert open_one["amount"] is None
    assert desk.run("pay", "anna", open_one["request"], "--yes").code == Exit.USAGE
    assert desk.ask("pay", "anna", open_one["request"], "2", "--yes")["amount"] == "2"


def test_a_request_is_drawn_for_people(desk: Desk) -> None:
    drawn = desk.run("request", "boris", "5").out
    assert "█" in drawn
    assert f"pai:{ADDRESSES['boris']}?amount=5" in drawn
    plain = desk.run("request", "boris", "5", "--no-qr").out
    assert "█" not in plain


def test_contacts(desk: Desk) -> None:
    assert desk.ask("contacts", "add", "Эмма", EMMA) == {"name": "Эмма", "address": EMMA}
    assert desk.ask("contacts", "list")["contacts"] == [{"name": "Эмма", "address": EMMA}]
    assert "Эмма" in desk.run("contacts", "list").out
    paid = desk.run("pay", "anna", "Эмма", "3", "--yes")
    assert paid.code == Exit.DONE
    assert "Эмма" in paid.err
    desk.ask("contacts", "add", "boris", EMMA)  # also the name of a wallet here
    twofold = desk.run("pay", "anna", "boris", "3", "--yes")
    assert twofold.code == Exit.USAGE
    assert "address" in twofold.err
    desk.ask("contacts", "remove", "boris")
    assert desk.run("contacts", "remove", "boris").code == Exit.USAGE
    assert desk.run("contacts", "add", "X", EMMA + "q").code == Exit.USAGE


# Outcomes.


def test_an_unknown_outcome_is_exit_6_and_found_out_by_the_next_command(desk: Desk) -> None:
    desk.run("show", "anna")
    desk.node.faults.append(Fault.LOST_ANSWER)
    paid = desk.run("pay", "anna", EMMA, "5", "--yes", "--output", "json")
    assert paid.code == Exit.UNKNOWN_OUTCOME
    assert paid.json["status"] == "unknown"
    assert desk.ask("list")["wallets"][0]["pending"] == 1
    shown = desk.run("show", "anna", "--output", "json")
    assert "is in block 1" in shown.err
    assert shown.json["pending"][0]["transaction"] == paid.json["transaction"]
    assert shown.json["settlement"] == "495"
    assert desk.run("show", "anna").err == ""
    assert desk.ask("show", "anna")["pending"] == []


def test_no_waiting_is_exit_6_too(desk: Desk) -> None:
    desk.node.mining = False
    paid = desk.run("pay", "anna", EMMA, "5", "--yes", "--wait", "0", "--output", "json")
    assert paid.code == Exit.UNKNOWN_OUTCOME
    assert paid.json["status"] == "waiting"
    second = desk.run("pay", "anna", EMMA, "6", "--yes", "--wait", "0")
    assert second.code == Exit.UNKNOWN_OUTCOME
    assert "Do not enter it again" in second.out
    shown = desk.ask("show", "anna")
    assert [item["status"] for item in shown["pending"]] == ["waiting", "waiting"]
    table = desk.run("show", "anna").out
    assert table.count("waiting for a block") == 2
    desk.node.mine()
    assert get_settlement(desk, "anna") == 489 * PAI


def test_what_expired_is_told_and_may_be_entered_again(desk: Desk) -> None:
    desk.node.faults.append(Fault.LOST_REQUEST)
    lost = desk.run("pay", "anna", EMMA, "5", "--yes")
    assert lost.code == Exit.UNKNOWN_OUTCOME
    desk.node.mine(after=200)
    looked = desk.run("history", "anna")
    assert "safe to enter it again" in looked.err
    assert desk.ask("pay", "anna", EMMA, "5", "--yes")["status"] == "in_block"
    assert sum(len(block.transactions) for block in desk.node.community.ledger.get_blocks()) == 1


def test_ctrl_c_after_sending_says_what_happens(desk: Desk) -> None:
    desk.node.mining = False

    def interrupt(request: httpx.Request) -> None:
        if request.url.path.startswith("/v1/transactions/"):
            raise KeyboardInterrupt

    desk.node.before_answer = interrupt
    paid = desk.run("pay", "anna", EMMA, "5", "--yes")
    assert paid.code == Exit.INTERRUPTED
    assert "Do not enter it again" in paid.err
    desk.node.before_answer = lambda _request: None
    desk.node.mine()
    assert "is in block 1" in desk.run("show", "anna").err


def test_ctrl_c_at_the_question_does_nothing(desk: Desk) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    desk.type()
    desk.monkeypatch.setattr(sys.stdin, "readline", interrupt)
    assert desk.run("pay", "anna", EMMA, "5").code == Exit.INTERRUPTED
    assert desk.node.posted == []
    assert not (desk.folder / "anna.pending").exists()


# Savings.


def test_save_prolong_and_withdraw(desk: Desk) -> None:
    saved = desk.ask("save", "anna", "100", "--periods", "5", "--yes")
    assert (saved["settlement"], saved["savings"]) == ("400", "100")
    deposit = desk.ask("show", "anna")["deposits"][0]
    assert deposit["id"] == 0
    assert deposit["until_time"] == saved["until_time"]
    prolonged = desk.ask("prolong", "anna", "0", "--periods", "4", "--yes")
    assert prolonged["until_time"] == deposit["until_time"] + 4 * 20
    assert desk.ask("show", "anna")["deposits"][0]["renew_periods"] == 4
    desk.node.mine(after=30)
    before = get_settlement(desk, "anna")
    part = desk.ask("withdraw", "anna", "0", "40", "--yes")
    returned, clawback = parse_pai(part["returned"]), parse_pai(part["clawback"])
    assert returned + clawback == 40 * PAI
    assert clawback > 0
    assert before + returned <= parse_pai(part["settlement"]) <= before + returned + 1
    rest = desk.ask("withdraw", "anna", "0", "--yes")
    assert rest["amount"] == "60"
    assert rest["savings"] == "0"


def test_the_early_return_shows_its_price_first(desk: Desk) -> None:
    desk.ask("save", "anna", "100", "--periods", "5", "--yes")
    desk.node.mine(after=30)
    desk.type("n")
    shown = desk.run("withdraw", "anna", "0", "40")
    assert shown.code == Exit.DECLINED
    assert "Demurrage since it was saved" in shown.err
    desk.type("н")
    assert "Демередж со дня вклада" in desk.run("withdraw", "anna", "0", "--lang", "ru").err


@pytest.mark.parametrize(
    ("arguments", "code", "number"),
    [
        (["save", "anna", "0.5", "--periods", "5"], Exit.REFUSED, "403"),
        (["save", "anna", "5", "--periods", "1"], Exit.REFUSED, "401"),
        (["save", "anna", "501", "--periods", "5"], Exit.REFUSED, "301"),
        (["save", "anna", "5"], Exit.USAGE, ""),
        (["prolong", "anna", "7", "--periods", "5"], Exit.REFUSED, "404"),
        (["withdraw", "anna", "7"], Exit.REFUSED, "404"),
        (["withdraw", "anna", "0", "101"], Exit.REFUSED, "405"),
        (["withdraw", "anna", "x"], Exit.USAGE, ""),
    ],
)
def test_refused_savings(desk: Desk, arguments: list[str], code: Exit, number: str) -> None:
    desk.ask("save", "anna", "100", "--periods", "5", "--yes")
    answer = desk.run(*arguments, "--yes")
    assert answer.code == code
    assert number in answer.err.splitlines()[-1]


def test_what_matures_within_the_next_period_is_not_taken_for_demurrage(desk: Desk) -> None:
    desk.ask("save", "anna", "100", "--periods", "3", "--yes")
    desk.node.mine(after=50)
    shown = desk.ask("show", "anna")
    assert parse_pai(shown["after_next_period"]) > parse_pai(shown["settlement"])
    assert 0 < parse_pai(shown["next_period_cost"]) < 12 * PAI


# History.


def test_history_as_table_json_and_csv(desk: Desk) -> None:
    desk.ask("pay", "anna", "boris", "2", "--memo", "=1+1", "--yes")
    desk.ask("save", "anna", "10", "--periods", "5", "--yes")
    desk.ask("pay", "boris", "anna", "3", "--yes")
    entries = desk.ask("history", "anna")["entries"]
    assert [(item["kind"], item["change"]) for item in entries] == [
        ("received", "3"), ("saved", "-10"), ("paid", "-2"),
    ]  # fmt: skip
    assert [item["name"] for item in entries] == ["boris", None, "boris"]
    table = desk.run("history", "anna").out
    for part in ("boris", "-10.00", "+3.00", "=1+1"):
        assert part in table
    rows = list(csv.DictReader(io.StringIO(desk.run("history", "anna", "--csv").out)))
    assert [row["change"] for row in rows] == ["3", "-10", "-2"]
    assert rows[2]["memo"] == "'=1+1"
    assert len(desk.ask("history", "anna", "--limit", "2")["entries"]) == 2


def test_long_histories_come_page_by_page(desk: Desk) -> None:
    community = desk.node.community
    for start in range(0, 240, 60):
        community.extend(
            [
                community.sign(
                    "emma",
                    *[_pay_anna(number) for number in range(start, start + 60)],
                    fee_max=2 * PAI,
                )
            ]
        )
    entries = desk.ask("history", "anna", "--limit", "230")["entries"]
    assert [item["memo"] for item in entries] == [str(number) for number in range(239, 9, -1)]


def _pay_anna(number: int) -> Pay:
    return Pay(build_secrets(ENTROPIES["anna"]).account, PAI // 10, str(number))


def test_a_strangers_memo_cannot_steer_the_terminal(desk: Desk) -> None:
    community = desk.node.community
    account = build_secrets(ENTROPIES["anna"]).account
    community.extend([community.sign("emma", Pay(account, PAI, "a\u202egnp.exe"))])
    assert "\u202e" not in desk.run("history", "anna").out


# Wallets.


def test_new_shows_words_that_restore(desk: Desk) -> None:
    made = desk.ask("new", "gleb")
    assert len(made["words"]) == 24
    assert desk.run("new", "gleb").code == Exit.USAGE
    desk.pipe(" ".join(made["words"]))
    restored = desk.ask("restore", "gleb-2")
    assert restored["account"] == made["account"]
    assert desk.ask("backup", "gleb-2")["words"] == made["words"]
    russian = desk.ask("backup", "gleb", "--words", "ru")["words"]
    assert russian != made["words"]
    desk.pipe("\n".join(russian))
    assert desk.ask("restore", "gleb-3", "--file", "-")["account"] == made["account"]


def test_restore_from_a_file_and_from_the_keyboard(desk: Desk, tmp_path: Path) -> None:
    words = " ".join(encode_phrase(ENTROPIES["anna"], Language.ENGLISH))
    file = tmp_path / "words"
    file.write_text(words)
    account = build_secrets(ENTROPIES["anna"]).account.hex()
    assert desk.ask("restore", "a1", "--file", str(file))["account"] == account
    desk.type(words)
    assert desk.ask("restore", "a2")["account"] == account
    assert desk.run("restore", "a3", "--file", str(tmp_path / "absent")).code == Exit.USAGE


@pytest.mark.parametrize("language", ["en", "ru"])
def test_bad_words_are_told(desk: Desk, language: str) -> None:
    words = list(encode_phrase(ENTROPIES["anna"], Language.ENGLISH))
    words[6] = "advise"
    desk.pipe(" ".join(words))
    answer = desk.run("restore", "a1", "--lang", language)
    assert answer.code == Exit.USAGE
    assert "7" in answer.err
    assert "'advise'" in answer.err or "«advise»" in answer.err
    assert "advice" in answer.err
    assert not (desk.folder / "a1.wallet").exists()


def test_new_for_people_asks_whether_it_was_written_down(desk: Desk) -> None:
    desk.type("wrong")
    made = desk.run("new", "gleb", "--lang", "ru")
    assert made.code == Exit.DONE
    assert "backup" in made.err
    assert "Запишите" in made.out


def test_a_short_password_makes_no_wallet(desk: Desk) -> None:
    desk.monkeypatch.setenv("PAI_PASSWORD", "short")
    assert desk.run("new", "gleb").code == Exit.USAGE
    assert not (desk.folder / "gleb.wallet").exists()


def test_words_of_a_new_wallet_never_repeat(desk: Desk) -> None:
    assert desk.ask("new", "one")["words"] != desk.ask("new", "two")["words"]


# Keys.


def test_changed_keys_pay_and_the_old_ones_do_not(desk: Desk) -> None:
    desk.ask("pay", "anna", EMMA, "1", "--yes")
    changed = desk.ask("keys", "change", "anna", "--yes")
    assert changed["status"] == "in_block"
    assert changed["fee_max"] == "0"
    shown = desk.ask("keys", "show", "anna")
    assert [item["ours"] for item in shown["keys"]] == [True]
    assert shown["keys"][0]["key"] == changed["keys"][0]
    desk.ask("pay", "anna", EMMA, "1", "--yes")
    assert desk.ask("backup", "anna")["words"] == changed["words"]
    desk.pipe(" ".join(changed["words"]))
    restored = desk.ask("restore", "anna-2", "--address", ADDRESSES["anna"])
    assert restored["address"] == ADDRESSES["anna"]
    desk.ask("pay", "anna-2", EMMA, "1", "--yes")
    save_secrets(desk.folder, "old", PASSWORD, build_secrets(ENTROPIES["anna"]), replace=False)
    refused = desk.run("pay", "old", EMMA, "1", "--yes")
    assert refused.code == Exit.WRONG_KEY
    assert "newer words" in refused.err


def test_a_declined_change_leaves_the_keystore_alone(desk: Desk) -> None:
    before = (desk.folder / "anna.wallet").read_bytes()
    desk.type("n")
    assert desk.run("keys", "change", "anna").code == Exit.DECLINED
    assert (desk.folder / "anna.wallet").read_bytes() == before


def test_a_change_whose_outcome_is_unknown_loses_no_key(desk: Desk) -> None:
    desk.run("show", "anna")
    for fault in (Fault.LOST_REQUEST, Fault.LOST_ANSWER):
        desk.node.faults.append(fault)
        assert desk.run("keys", "change", "anna", "--yes").code == Exit.UNKNOWN_OUTCOME
        assert desk.run("show", "anna").code == Exit.DONE
        assert desk.ask("pay", "anna", EMMA, "1", "--yes")["status"] == "in_block"
    kept = open_secrets(desk.folder, "anna", PASSWORD)
    assert len(kept.entropies) == 3


def test_paying_while_a_change_of_keys_waits_uses_the_new_key(desk: Desk) -> None:
    desk.node.mining = False
    desk.run("keys", "change", "anna", "--yes", "--wait", "0")
    paid = desk.run("pay", "anna", EMMA, "1", "--yes", "--wait", "0")
    assert paid.code == Exit.UNKNOWN_OUTCOME, paid.err
    desk.node.mine()
    assert get_settlement(desk, "anna") == 499 * PAI


def test_backup_without_a_node_shows_every_phrase(desk: Desk) -> None:
    changed = desk.ask("keys", "change", "anna", "--yes")

    def refuse(request: httpx.Request) -> None:
        raise httpx.ConnectError("refused", request=request)

    desk.node.before_answer = refuse
    backup = desk.ask("backup", "anna")
    assert backup["words"] == changed["words"]
    assert backup["phrases"] == [
        list(encode_phrase(ENTROPIES["anna"], Language.ENGLISH)), changed["words"],
    ]  # fmt: skip
    assert "write down all of these" in desk.run("backup", "anna").out


def test_two_of_three_sign_a_file_one_after_the_other(desk: Desk, tmp_path: Path) -> None:
    anna = ADDRESSES["anna"]
    desk.run("show", "anna")
    keys = [desk.ask("new", name, "--address", anna)["key"] for name in ("second", "third")]
    shared = desk.ask(
        "keys", "change", "anna", "--keep", "--threshold", "2",
        "--key", keys[0], "--key", keys[1], "--yes",
    )  # fmt: skip
    assert (shared["threshold"], len(shared["keys"])) == (2, 3)
    alone = desk.run("pay", "anna", EMMA, "5", "--yes")
    assert alone.code == Exit.WRONG_KEY
    assert "--out" in alone.err
    file = str(tmp_path / "payment.json")
    written = desk.ask("pay", "anna", EMMA, "5", "--yes", "--out", file)
    assert written["missing_signatures"] == 1
    early = desk.run("send", "anna", file, "--yes")
    assert early.code == Exit.USAGE
    assert "1" in early.err
    signed = desk.run("sign", "third", file, "--yes")
    assert signed.code == Exit.DONE
    assert EMMA in signed.err
    assert "5.00 pai" in signed.err
    sent = desk.ask("send", "second", file, "--yes")
    assert sent["status"] == "in_block"
    assert get_settlement(desk, "anna") == 495 * PAI
    again = desk.run("send", "third", file, "--yes")
    assert again.code == Exit.REFUSED
    assert desk.run("sign", "boris", file, "--yes").code == Exit.WRONG_KEY


@pytest.mark.parametrize(
    "arguments",
    [
        ["--threshold", "2"],
        ["--key", "00"],
        ["--key", "zz" * 32],
        ["--key", "00" * 32],
        ["--threshold", "17"],
    ],
)
def test_keys_that_cannot_be(desk: Desk, arguments: list[str]) -> None:
    before = (desk.folder / "anna.wallet").read_bytes()
    assert desk.run("keys", "change", "anna", "--yes", *arguments).code == Exit.USAGE
    assert (desk.folder / "anna.wallet").read_bytes() == before


def test_a_key_to_somebody_elses_account_is_named_as_such(desk: Desk) -> None:
    desk.run("show", "anna")
    own = desk.ask("new", "second", "--address", ADDRESSES["anna"])
    assert (
        own["account"]
        == compute_account_id(Policy(1, (derive_key(ENTROPIES["anna"]).public,))).hex()
    )
    assert desk.run("keys", "show", "second").code == Exit.WRONG_KEY
    desk.ask("pay", "anna", EMMA, "1", "--yes")
    shown = desk.run("keys", "show", "second")
    assert own["key"] in shown.out
    assert desk.run("pay", "second", EMMA, "1", "--yes").code == Exit.WRONG_KEY


# Everything in both languages.


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(
    "command",
    [
        "new", "list", "show", "pay", "request", "history", "save", "prolong", "withdraw",
        "backup", "restore", "contacts", "keys", "sign", "send",
    ],
)  # fmt: skip
def test_help(desk: Desk, command: str, language: str) -> None:
    shown = desk.run(command, "--help", "--lang", language)
    assert shown.code == Exit.DONE
    assert ("Как вызвать" in shown.out) == (language == "ru")


def test_a_busy_wallet_can_be_looked_at_but_not_used(desk: Desk) -> None:
    desk.run("show", "anna")
    with lock(session.lock_path(desk.folder, "anna")):
        assert desk.run("show", "anna").code == Exit.DONE
        paid = desk.run("pay", "anna", EMMA, "1", "--yes")
    assert paid.code == Exit.USAGE
    assert "Another command" in paid.err
    assert desk.node.posted == []
