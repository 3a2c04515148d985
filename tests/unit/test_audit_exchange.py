"""What an auditor says of chains and of trade without money, by villages small enough to reckon."""

import csv
import io
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.actions import Leg, Pay, ProposeChain
from chain.facts import ChainSettled, Cleared, Fact, LiquidityFreed, LiquidityGot, SetOff, Traded
from chain.store import MemoryStore
from node.audit import market as market_module
from node.audit.findings import Check
from node.audit.market import CIRCLES, SETTLED, find_contradictions
from node.audit.report import build_report
from node.audit.report_types import ChainRow, PeriodRow, Report
from node.audit.run import Audit, Trust
from node.audit.source import Source
from node.audit.tables import write_rows
from node.cli.audit_charts import build_charts
from node.cli.main import main
from node.ops.export import build_header
from tests.community import PAI, Community, get_account_id
from tests.identity_world import act
from tests.unit.test_history import Record
from tests.unit.test_market_blocks import trade
from tests.unit.test_matching import open_ring
from wallet.words import Language, Words

RING = (Leg(0, 3, 5), Leg(2, 5, 5), Leg(4, 1, 5))
EMMA, FARID = get_account_id("emma"), get_account_id("farid")


def audit(community: Community) -> Report:
    raw = (block.whole_bytes for block in community.ledger.get_blocks())
    run = Audit(Source("test", community.genesis, raw, None, None, None), Trust(), clock=2e9)
    for _ in run.run(MemoryStore()):
        pass
    assert run.evidence is not None
    assert run.walk is not None
    return build_report(run.evidence, run.walk, run.findings)


@pytest.fixture(scope="module")
def community() -> Community:
    """A ring of three without money, a sale of which a part was not delivered, and a payment."""
    record = Record()
    open_ring(record.community, orders=("emma", "farid", "galina"))
    act(
        record.community,
        "hamit",
        ProposeChain((Leg(0, 3, 5), Leg(2, 5, 5), Leg(4, 1, 5)), 99, None),
    )
    act(record.community, "hamit", Pay(EMMA, 2 * PAI, ""))
    return record.community


@pytest.fixture(scope="module")
def drawn(community: Community) -> Report:
    return audit(community)


def test_a_ring_needs_no_money(drawn: Report) -> None:
    exchange = drawn.exchange
    assert drawn.findings == []
    assert (exchange.proposed, exchange.happened, exchange.waiting, exchange.given_up) == (
        1,
        1,
        0,
        0,
    )
    assert exchange.people == {"3": 1}
    assert (exchange.amount, exchange.moved, exchange.saved) == ("15", "0", "15")
    assert (exchange.delivered, exchange.on_the_way) == ("0", "15")
    assert (exchange.trade, exchange.without_money) == ("17", "15")
    assert exchange.share_without_money == "0.882353"
    (row,) = drawn.chains
    assert (row.people, row.trades, row.amount, row.saved) == (3, 3, "15", "15")
    period = next(item for item in drawn.periods if item.chains)
    assert (period.chains_proposed, period.chains_traded, period.chains_moved) == (1, "15", "0")
    assert sum(item.chains for item in drawn.periods) == 1


def test_goods_that_did_not_come_are_told_and_what_was_made_good() -> None:
    record = Record()
    trade(record)
    exchange = audit(record.community).exchange
    assert (exchange.people, exchange.amount, exchange.moved) == ({"2": 1}, "3", "3")
    assert (exchange.delivered, exchange.undelivered, exchange.made_good) == ("1", "2", "2")
    assert (exchange.failed, exchange.delivered_whole, exchange.on_the_way) == (1, 0, "0")
    assert exchange.without_money == "0"


def test_a_chain_that_nobody_wanted_came_to_nothing() -> None:
    community = Community()
    open_ring(community)
    expires = community.ledger.head.slot + 40
    act(community, "hamit", ProposeChain(RING, expires, None))
    assert audit(community).exchange.waiting == 1
    community.extend(after=60)
    exchange = audit(community).exchange
    assert (exchange.proposed, exchange.waiting, exchange.given_up) == (1, 0, 1)


def test_tables_and_charts_hold_it(drawn: Report, tmp_path: Path) -> None:
    out = io.StringIO()
    write_rows(ChainRow, drawn.chains, out)
    (line,) = csv.DictReader(io.StringIO(out.getvalue()))
    assert (line["people"], line["saved"]) == ("3", "15")
    out = io.StringIO()
    write_rows(PeriodRow, drawn.periods, out)
    assert "without_money" in out.getvalue().splitlines()[0]
    charts = {chart.file for chart in build_charts(Words(Language.RUSSIAN), drawn)}
    assert "exchange" in charts
    quiet = audit(Community())
    assert "exchange" not in {chart.file for chart in build_charts(Words(Language.ENGLISH), quiet)}


def test_the_command_tells_it(
    community: Community, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, table = tmp_path / "chain.export", tmp_path / "chains.csv"
    blocks = b"".join(block.whole_bytes for block in community.ledger.get_blocks())
    file.write_bytes(build_header(community.genesis) + blocks)
    for language, told in (("en", "of it without money"), ("ru", "из неё без денег")):
        main(["--lang", language, "audit", "report", str(file), "--chains-csv", str(table)])
        assert told in capsys.readouterr().out
    assert len(table.read_text().splitlines()) == 2


# What does not add up

SOLD = Traded(3, 2, EMMA, FARID, "milk", 3, 3 * PAI)
MOVED = [ChainSettled(2, EMMA, 3 * PAI), ChainSettled(2, FARID, -3 * PAI)]
CLEARED = (Cleared(0, EMMA, FARID, 5, 0), Cleared(1, FARID, EMMA, 5, 0))
SET_OFF = SetOff(1, 2, 10, 0, CLEARED)


def test_what_adds_up_is_no_finding() -> None:
    assert list(find_contradictions([*MOVED, SOLD, SET_OFF])) == []
    lent: list[Fact] = [
        replace(SET_OFF, cleared=CLEARED[:1]),
        LiquidityFreed(EMMA, 0, 0, 5),
        LiquidityGot(FARID, 5),
    ]
    assert list(find_contradictions(lent)) == []


def test_whoever_gets_what_nobody_gave_is_found() -> None:
    assert list(find_contradictions([MOVED[0], SOLD])) == [SETTLED]
    assert list(find_contradictions([*MOVED, replace(SOLD, amount=PAI)])) == [SETTLED]
    assert list(find_contradictions([replace(SET_OFF, cleared=CLEARED[:1])])) == [CIRCLES]


def test_a_finding_names_the_block(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market_module, "find_contradictions", lambda _facts: [SETTLED])
    found = [item for item in audit(community).findings if item.check is Check.EXCHANGE]
    assert [item.height for item in found] == list(range(1, community.ledger.head.height + 1))
