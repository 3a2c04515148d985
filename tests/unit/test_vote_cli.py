"""Votes by hand, in English and in Russian: from filing to what came of it."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.actions import Propose, Resolve
from chain.address import encode_address
from chain.codec import encode
from chain.errors import Code
from chain.genesis import GenesisFunds
from chain.rules.credit_days import get_credit
from chain.rules.measures import Class, is_passed
from chain.tables import CURRENT
from node.api.answers_votes import compute_yes_needed
from node.cli import vote as vote_commands
from tests.community import PAI
from tests.wallet_desk import ACCOUNTS, ADDRESSES, ENTROPIES, Desk, open_desk
from tests.wallet_node import build_member_genesis
from wallet.client import NodeClient, Octets
from wallet.terminal import Exit
from wallet.votes import ProposalTold, get_proposal

ELECTORS = 12  # eight of the test community, and the four wallets


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    genesis = build_member_genesis(*ENTROPIES.values())
    funds = GenesisFunds(reserve=1_000 * PAI, social=1_000 * PAI, operators=0)
    return open_desk(replace(genesis, funds=funds), tmp_path / "wallets", capsys, monkeypatch)


def vote(desk: Desk, number: int = 0, voice: str = "yes") -> None:
    for name in ADDRESSES:
        desk.run("vote", "cast", name, str(number), voice, "--yes")


def propose(desk: Desk, *words: str) -> str:
    """File as anna; returns what was shown before the question."""
    desk.run("vote", "propose", words[0], "anna", *words[1:], "--yes")
    return desk.shown


def test_from_filing_to_enactment(desk: Desk) -> None:
    figures = desk.run("vote", "figures")
    assert re.search(r"unit_fee +│ +0\.01 pai │ +0\.00 pai │\n.* │ +│ +0\.05 pai │", figures)
    assert propose(desk, "figure", "unit_fee", "0.008").count("0.008 pai (unit_fee)") == 1
    told = desk.ask("vote", "show", "boris", "0")
    assert (told["state"], told["grade"], told["electors"]) == ("open", "grave", ELECTORS)
    assert (told["majority"]["of_cast"], told["majority"]["of_electors"]) == ("2/3", "1/3")
    assert (told["majority"]["yes_needed"], told["may_vote"], told["voice"]) == (4, True, None)

    desk.run("vote", "cast", "boris", "0", "no", "--yes")
    told = desk.ask("vote", "show", "boris", "0")
    assert (told["no"], told["voice"], told["majority"]["yes_needed"]) == (1, "no", 4)
    vote(desk)  # boris too: the last counts
    assert re.search("Your vote will be +yes", desk.shown)
    told = desk.ask("vote", "show", "anna", "0")
    assert (told["yes"], told["no"], told["carried"]) == (4, 0, True)

    desk.pass_periods(2)
    told = desk.ask("vote", "list", "anna")["proposals"][0]
    assert (told["state"], told["yes"]) == ("waiting", 4)
    assert told["due_time"] > told["ends_time"]
    late = desk.run("vote", "cast", "boris", "0", "no", "--yes", code=Exit.USAGE)
    assert "is over" in late
    desk.pass_periods(2)
    told = desk.ask("vote", "show", "anna", "0")
    assert (told["state"], told["refused"]) == ("enacted", None)
    assert told["enacted_time"] >= told["ends_time"]
    assert desk.node.ledger.state.rules.require(CURRENT).parameters.unit_fee == 8_000


def test_the_same_in_russian(desk: Desk) -> None:
    shown = desk.run(
        "vote", "propose", "spend", "anna", "social", "boris", "50", "--purpose", "насос",
        "--yes", "--lang", "ru",
    ) + desk.shown  # fmt: skip
    assert "выплатить 50,00 пая из социального фонда, кому: boris" in shown
    assert ": насос" in shown
    vote(desk)
    shown = desk.run("vote", "show", "vera", "0", "--lang", "ru")
    assert "обычное" in shown
    assert "за 4, против 0; нужно за: 3" in shown
    assert "если «за» больше 1/2 поданных голосов и 1/4 всех голосующих (12)" in shown
    before = int(desk.node.ledger.state.accounts.require(ACCOUNTS["boris"]).settlement)
    desk.pass_periods(4)
    shown = desk.run("vote", "list", "vera", "--lang", "ru")
    assert "в силе" in shown
    assert "выплачено из фонда по решению" in desk.run("wallet", "history", "boris", "--lang", "ru")
    after = desk.node.ledger.state.accounts.require(ACCOUNTS["boris"]).settlement
    assert after > before


def test_a_vote_without_electors_says_how_to_get_some(desk: Desk) -> None:
    """All are persons by the registry's word; so nobody has a vote on it."""
    (registry,) = desk.node.community.genesis.authorities
    propose(desk, "retire", encode_address("pai", registry.id))
    shown = desk.run("vote", "show", "boris", "0")
    assert re.search("Nobody votes +all members are persons by this authority's word", shown)
    desk.run("vote", "cast", "boris", "0", "yes", "--yes", code=Exit.REFUSED)


def test_a_voice_may_be_russian(desk: Desk) -> None:
    propose(desk, "resolve", "Колодец чистим в субботу.")
    assert desk.ask("vote", "cast", "boris", "0", "да", "--yes")["voice"] == "yes"
    assert desk.ask("vote", "cast", "boris", "0", "нет", "--yes")["voice"] == "no"
    told = desk.ask("vote", "show", "boris", "0")
    assert (told["yes"], told["no"]) == (0, 1)
    desk.run("vote", "cast", "boris", "0", "ага", "--yes", "--lang", "ru", code=Exit.USAGE)


def test_what_is_not_carried_or_cannot_be_done_is_told(desk: Desk) -> None:
    propose(desk, "resolve", "The well is cleaned on Saturday.")
    assert propose(desk, "spend", "social", "boris", "700")
    assert propose(desk, "spend", "social", "boris", "699")
    vote(desk, 0, "no")
    for number in (1, 2):
        vote(desk, number)
    desk.pass_periods(4)
    told = {item["proposal"]: item for item in desk.ask("vote", "list", "anna")["proposals"]}
    assert (told[0]["state"], told[0]["no"]) == ("rejected", 4)
    assert (told[1]["state"], told[2]["state"]) == ("enacted", "dropped")
    assert told[2]["refused"] == Code.FUND_RATE_EXCEEDED
    assert "FUND_RATE_EXCEEDED" in desk.run("vote", "show", "anna", "2")
    assert [
        item["proposal"] for item in desk.ask("vote", "list", "--limit", "2", "anna")["proposals"]
    ] == [2, 1]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("figure", "fund_share", "1"), "no figure of this name"),
        (("figure", "young_base_bp", "5"), "is no percentage"),
        (("figure", "young_base_bp", "5.123%"), "too fine"),
        (("figure", "vote_periods", "1.5"), "whole number"),
        (
            ("figure", "free_units", "1001"),
            "The rules admit free_units from 50 to 1\N{NO-BREAK SPACE}000.",
        ),
        (("figure", "unit_fee", "0.1"), "The rules admit unit_fee from 0.00 pai to 0.05 pai."),
        (("figure", "free_units", "401"), "at most doubles or halves"),
        (("sinks", "reserve=60%", "social=50%"), "do not make up 100%"),
        (("sinks", "roads=100%"), "no roads among these"),
        (("demurrage", "0.5"), "is no percentage"),
        (("demurrage", "100%"), "below 100%"),
        (("spend", "social", "nobody", "5"), "neither an address nor a name"),
        (("spend", "social", "boris", "5", "--purpose", "x" * 141), "cannot be sent"),
        (("retire", "boris"), "authority"),
        (("loan", "3"), "NOT_FOUND"),
        (("write-off", "boris", "5"), "Nothing is written off"),
    ],
)
def test_what_cannot_be_proposed_is_said(desk: Desk, words: tuple[str, ...], shown: str) -> None:
    ended = desk.run(
        "vote", "propose", words[0], "anna", *words[1:], "--yes",
        code=Exit.REFUSED if _is_refused(shown) else Exit.USAGE,
    )  # fmt: skip
    assert shown in ended
    assert desk.ask("vote", "list", "anna")["proposals"] == []


def _is_refused(shown: str) -> bool:
    return shown in {
        "no figure of this name", "outside what the rules admit", "at most doubles or halves",
        "authority", "NOT_FOUND", "Nothing is written off",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "english", "russian"),
    [
        (
            ("figure", "young_base_bp", "62.5%"),
            "most of all base credit that young identities share: 62.50\u00a0% (young_base_bp)",
            "62,50\u00a0% (young_base_bp)",
        ),
        (("figure", "enact_periods", "2"), "2 periods (enact_periods)", "2 периода"),
        (
            ("sinks", "reserve=25%", "social=50%", "active=25%"),
            "the social fund 50\u00a0%",
            "направлять демередж",
        ),
        (
            ("rewards", "votes=60%", "blocks=20%", "service=15%", "archive=5%"),
            "votes for finality 60\u00a0%",
            "вознаграждать серверы",
        ),
        (
            ("admit", "boris", "Elders", "RU"),
            "let boris",
            "дать право удостоверять личность: boris",
        ),
        (("committee", "till"), "make till", "сделать кредитным комитетом: till"),
        (("committee", "none"), "have no credit committee", "обойтись без кредитного комитета"),
        (("resolve", "Yes."), "«Yes.»", "«Yes.»"),
    ],
)
def test_measures_are_shown_in_words(
    desk: Desk, words: tuple[str, ...], english: str, russian: str
) -> None:
    filed = ("vote", "propose", words[0], "anna", *words[1:], "--yes")
    desk.run(*filed)
    assert english in desk.shown
    desk.run(*filed, "--lang", "ru")
    assert russian in desk.shown


def test_a_rate_of_demurrage_is_what_was_asked_for(desk: Desk) -> None:
    shown = propose(desk, "demurrage", "1.5%")
    assert "take demurrage of 1.5000\u00a0% a period" in shown


def test_a_committee_by_vote(desk: Desk) -> None:
    propose(desk, "committee", "till")
    vote(desk)
    desk.pass_periods(4)
    assert get_credit(desk.node.ledger.state).committee == ACCOUNTS["till"]


def test_a_vote_is_bound_to_what_was_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that shows another measure gets a vote that counts for nothing."""
    propose(desk, "resolve", "Give the mill to the smith.")
    other = Octets(encode(Propose(Resolve("Plant a tree."))))

    async def lie(client: NodeClient, number: int, address: str | None) -> ProposalTold:
        return replace(await get_proposal(client, number, address), encoded=other)

    monkeypatch.setattr(vote_commands, "get_proposal", lie)
    shown = desk.run("vote", "cast", "boris", "0", "yes", "--yes", code=Exit.REFUSED)
    assert "«Plant a tree.»" in shown
    assert "OTHER_MEASURE" in shown


@pytest.mark.parametrize("kind", list(Class))
def test_votes_needed_are_the_fewest_that_carry(kind: Class) -> None:
    for electors in range(1, 14):
        for no in range(electors):
            needed = compute_yes_needed(kind, electors, no)
            assert is_passed(kind, electors, needed, no)
            assert not is_passed(kind, electors, needed - 1, no)
