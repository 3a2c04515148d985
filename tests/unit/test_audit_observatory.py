"""The observatory's figures on villages small enough to reckon by hand, and the files it writes."""

import csv
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from arro3.io import read_parquet
from msgspec.structs import replace

from chain.actions import Attest, Pay, Save, WriteOff
from chain.genesis import Genesis
from chain.parameters import KeepSegment
from chain.units import format_pai
from node.audit.observatory import compute_gini
from node.audit.report_types import PeriodRow, Report
from node.audit.tables import build_parquet, write_rows
from node.cli.audit_charts import WEEKS_AFTER, build_charts
from node.cli.chart_files import Bars, Chart, Line, Panel, write_charts
from node.cli.main import main
from node.ops.export import build_header
from tests.community import PAI, PARAMETERS, Community, build_genesis, get_account_id
from tests.identity_world import attest, build_authority, get_tag, with_authorities
from tests.unit.test_audit_report import pay, report
from tests.unit.test_votes import decide
from tests.unit.test_votes_credit import open_with_debt
from wallet.words import Language, Words

NO_DEMURRAGE = (KeepSegment(0, None),)
FOREIGN = 1  # a tag group


def build_village(*strangers: str, balance: int = 500 * PAI) -> Community:
    genesis = build_genesis(
        strangers=("registry", *strangers), balance=balance, keep_schedule=NO_DEMURRAGE
    )
    return Community(genesis)


def with_abroad(genesis: Genesis) -> Genesis:
    abroad = replace(build_authority("abroad", FOREIGN), jurisdiction="KZ")
    return with_authorities(genesis, abroad)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([], "0"),
        ([0, 0], "0"),
        ([7], "0"),
        ([3, 3, 3], "0"),
        ([0, 1], "0.5"),
        ([0, 0, 0, 9], "0.75"),
        ([4, 1], "0.3"),  # mean difference 3 of two, over twice the mean of 2.5, halved
        ([Decimal("0.4"), Decimal("0.1")], "0.3"),
    ],
)
def test_gini(amounts: list[int], expected: str) -> None:
    assert compute_gini(amounts) == Decimal(expected)


def test_transfers_of_one_identity_are_no_turnover_of_two() -> None:
    community = build_village("stall")
    stall = replace(attest("stall", "emma"), kind="firm")
    community.extend([community.sign("registry", stall, fee_max=PAI)])
    pay(community, "emma", "stall", 30)
    pay(community, "emma", "farid", 10)
    drawn = report(community)
    (row,) = drawn.periods
    assert drawn.findings == []
    assert (row.turnover, row.turnover_internal) == ("40", "30")
    assert Decimal(row.velocity_external) * 4 == Decimal(row.velocity)
    assert (drawn.dealings.internal, drawn.dealings.share_internal) == ("30", "0.750000")
    assert drawn.dealings.unidentified == "0"  # the stall is said to be Emma's
    slots = Decimal(drawn.community.slot + 1) / 20
    mean = Decimal(drawn.velocity.mean_settlement)
    assert abs(Decimal(drawn.velocity.external_a_period) - 10 / slots / mean) < Decimal("1e-6")


def test_dealings_with_strangers_and_with_foreigners() -> None:
    genesis = build_genesis(
        strangers=("registry", "abroad", "zoe", "askar"), keep_schedule=NO_DEMURRAGE
    )
    community = Community(with_abroad(genesis))
    known = replace(attest("askar"), jurisdiction="KZ")
    community.extend([community.sign("abroad", known, fee_max=PAI)])
    pay(community, "emma", "askar", 5)
    pay(community, "emma", "zoe", 3)
    pay(community, "emma", "farid", 12)
    community.extend([community.sign("askar", Pay(get_account_id("zoe"), PAI, ""), fee_max=PAI)])
    drawn = report(community)
    assert drawn.findings == []
    dealings = drawn.dealings
    assert (dealings.turnover, dealings.foreign, dealings.unidentified) == ("21", "6", "4")
    assert (dealings.share_foreign, dealings.share_unidentified) == ("0.285714", "0.190476")
    assert drawn.periods[0].turnover_foreign == "6"


def test_an_attestation_that_was_revoked_or_is_over_vouches_for_nobody() -> None:
    community = build_village("zoe", "yuri")
    short: Attest = attest("yuri", until=8)
    community.extend([community.sign("registry", short, fee_max=PAI)])
    pay(community, "emma", "yuri", 1)
    assert report(community).dealings.unidentified == "0"
    community.extend(after=10)
    pay(community, "emma", "yuri", 2)
    assert report(community).dealings.unidentified == "2"


def test_concentration_of_money_and_of_sales() -> None:
    genesis = build_genesis(seats=("ann",), members=("emma",), keep_schedule=NO_DEMURRAGE)
    community = Community(genesis)
    pay(community, "emma", "ann", 300)  # 800 and 200
    drawn = report(community)
    assert drawn.dealings.gini_settlement == "0.300000"
    assert drawn.dealings.gini_turnover == "0.500000"  # one sold all, one nothing
    pay(community, "ann", "emma", 300)
    drawn = report(community)
    assert (drawn.dealings.gini_settlement, drawn.dealings.gini_turnover) == (
        "0.000000",
        "0.000000",
    )
    assert drawn.periods[-1].gini_settlement == "0.000000"


# A whole village of nine accounts with 100 pai each, reckoned with pencil and paper. Emma has a
# stall, Askar is from abroad, Yuri is nobody's; the two authorities hold 100 each as well.
#
# Period 0. emma -> farid 10, farid -> emma 4, emma -> stall 30. Of 44 pai 30 stay with Emma. Net of
# what goes to and fro: 6 + 30. Left: emma 64, farid 106, stall 130, six others 100: all 900.
#   Gini of balances: 2 (64 + 27 x 100 + 8 x 106 + 9 x 130) / (9 x 900) - 10/9
#   of receipts 4, 10, 30: 2 (4 + 20 + 90) / (3 x 44) - 4/3
# Period 1. emma -> askar 5, galina -> yuri 20. Left: 59, 80, 100, 100, 100, 105, 106, 120, 130.
#   Gini: 2 x 4921 / 8100 - 10/9; of receipts 0, 0, 5, 20: 2 x 95 / 100 - 5/4
# Period 2. In its first slot farid -> galina 116, who saves 50: he owes 10, and 860 are in
#   settlement: 59, 100, 100, 100, 105, 120, 130, 146. Drain: 50 saved for 10 owed.
#   Gini: 2 x 4282 / (8 x 860) - 9/8; of receipts 0, 116: 1/2
BY_HAND = """\
period,payments,turnover,mean_settlement,turnover_internal,turnover_unidentified,turnover_foreign,\
velocity,velocity_external,velocity_persons,velocity_net,saved,savings,debt,debtors,at_limit,\
overdue,drain,gini_settlement,gini_turnover
0,3,44,900,30,0,0,0.048889,0.015556,0.015556,0.040000,0,0,0,0,0,0,0.000000,0.069630,0.393939
1,2,25,900,0,20,5,0.027778,0.027778,0.000000,0.027778,0,0,0,0,0,0,0.000000,0.103951,0.650000
2,1,116,860,0,0,0,0.134884,0.134884,0.134884,0.134884,50,50,10,1,0,0,5.000000,0.119767,0.500000
"""


@pytest.fixture(scope="module")
def reckoned() -> Report:
    """The village above, as its chain tells it."""
    names = ("registry", "abroad", "stall", "yuri", "askar")
    genesis = build_genesis(
        seats=("ann",), members=("emma", "farid", "galina"), strangers=names, balance=100 * PAI,
        keep_schedule=NO_DEMURRAGE, parameters=replace(PARAMETERS, unit_fee=0),
    )  # fmt: skip
    community = Community(with_abroad(genesis))
    stall = attest("stall", "emma", kind="firm")
    askar = replace(attest("askar"), jurisdiction="KZ")
    community.extend([community.sign("registry", stall), community.sign("abroad", askar)])
    pay(community, "emma", "farid", 10)
    pay(community, "farid", "emma", 4)
    pay(community, "emma", "stall", 30)
    community.extend(after=20 - community.ledger.head.slot)
    pay(community, "emma", "askar", 5)
    pay(community, "galina", "yuri", 20)
    owe = community.sign("farid", Pay(get_account_id("galina"), 116 * PAI, ""))
    save = community.sign("galina", Save(50 * PAI, 3))
    community.extend([owe, save], after=40 - community.ledger.head.slot)
    assert community.ledger.head.slot == 40
    community.extend(after=20)
    return report(community)


def test_a_village_reckoned_by_hand(reckoned: Report) -> None:
    assert reckoned.findings == []
    file = StringIO()
    write_rows(PeriodRow, reckoned.periods, file)
    file.seek(0)
    told = [row for row in csv.DictReader(file) if row["complete"] == "True"]
    expected = list(csv.DictReader(StringIO(BY_HAND)))
    names = list(expected[0])
    assert [{name: row[name] for name in names} for row in told] == expected
    table = read_parquet(BytesIO(build_parquet(reckoned))).read_all()
    for name in names:
        column = table.column(name).to_pylist()[: len(expected)]
        assert [Decimal(value) for value in column] == [Decimal(row[name]) for row in expected]


def test_the_same_in_charts(reckoned: Report) -> None:
    charts = {chart.file: chart for chart in build_charts(Words(Language.ENGLISH), reckoned)}
    velocity, credit = charts["velocity"], charts["credit"]
    assert isinstance(velocity, Chart)
    assert isinstance(credit, Chart)
    drawn = {
        str(value) for panel in velocity.panels for line in panel.lines for value in line.values
    }
    assert {"0.048889", "0.015556", "0.134884"} <= drawn
    assert credit.panels[0].lines[0].values == [0, 0, 10]


@pytest.fixture(scope="module")
def indebted() -> Report:
    """Everybody begins with nothing and may owe 30; Emma owes 30, Farid 10; Galina saves 20."""
    community = build_village(balance=0)
    pay(community, "emma", "galina", 30)
    pay(community, "farid", "hamit", 10)
    community.extend(after=25)
    community.extend([community.sign("galina", Save(20 * PAI, 3))])
    return report(community)


def test_credit_by_period_is_as_it_stood_at_its_end(indebted: Report) -> None:
    assert indebted.findings == []
    first, second = indebted.periods
    assert (first.debt, first.debtors, first.at_limit) == ("40", 2, 1)
    assert first.share_at_limit == "0.125000"  # one of eight persons
    assert (first.drain, second.drain) == ("0.000000", "0.500000")
    assert (second.debt, second.savings) == ("40", "20")
    assert (second.overdue, second.lost_360, second.granted) == ("0", "0", "0")
    assert not second.braked


def test_credit_at_the_end_and_solvency(indebted: Report) -> None:
    credit = indebted.credit
    assert (credit.debt, credit.debtors, credit.persons, credit.at_limit) == ("40", 2, 8, 1)
    assert credit.share_of_ten_debtors == "1.000000"
    assert credit.drain == "0.500000"
    assert credit.reserve == "0"
    assert not credit.braked
    solvency = indebted.solvency
    # What is owed, 40, and the bonds of four seats, 400, which nobody owes.
    assert (solvency.loans, solvency.money, solvency.room) == ("40", "440", "-400")


def test_the_young_are_told_by_authority() -> None:
    genesis = build_genesis(strangers=("registry",), keep_schedule=NO_DEMURRAGE)
    young = replace(genesis.parameters, young_periods=30)
    community = Community(replace(genesis, parameters=young))
    newcomer = replace(attest("emma"), subject=get_account_id("nina"), tag=get_tag("nina"))
    community.extend([community.sign("registry", newcomer, fee_max=PAI)])
    drawn = report(community)
    assert [(item.name, item.amount) for item in drawn.credit.young_base] == [("Registry", "30")]


def test_parquet_holds_the_same_table_exactly(indebted: Report) -> None:
    table = read_parquet(BytesIO(build_parquet(indebted))).read_all()
    assert tuple(table.column_names) == PeriodRow.__struct_fields__
    assert table.column("debt").to_pylist() == [Decimal(40), Decimal(40)]
    assert table.column("payments").to_pylist() == [2, 0]
    assert table.column("complete").to_pylist() == [True, False]


@pytest.mark.parametrize("language", list(Language))
def test_charts_are_drawn_of_periods_that_are_over(indebted: Report, language: Language) -> None:
    charts = build_charts(Words(language), indebted)
    assert [chart.file for chart in charts] == [
        "velocity", "credit", "limits", "concentration", "dealings", "demurrage-borne",
        "demurrage-funded",
    ]  # fmt: skip
    credit = charts[1]
    assert isinstance(credit, Chart)
    assert credit.places == [0]
    assert credit.panels[0].lines[0].values == [40]


def test_charts_of_a_long_history_are_means_of_28_periods(indebted: Report) -> None:
    row = indebted.periods[0]
    rows = [replace(row, period=number, debt=str(number)) for number in range(WEEKS_AFTER + 1)]
    charts = build_charts(Words(Language.ENGLISH), replace(indebted, periods=rows))
    credit = charts[1]
    assert isinstance(credit, Chart)
    assert credit.places == [27, 55, 83, 111]
    assert credit.panels[0].lines[0].values == [Decimal("13.5") + 28 * turn for turn in range(4)]


def test_charts_are_written_twice_and_the_same_again(tmp_path: Path) -> None:
    lines = (Line("one", [1, 20, None]), Line("two", [3, 2, 1]))
    charts: list[Chart | Bars] = [
        Chart("lines", "Lines", "What they show.", "day", [1, 2, 3], [Panel("pai", lines)]),
        Bars("bars", "Bars", "What they show.", [("first", 2, "2"), ("second", 1, "1")]),
    ]
    first = write_charts(tmp_path / "first", charts, str)
    second = write_charts(tmp_path / "second", charts, str)
    assert [path.name for path in first] == ["lines.svg", "lines.png", "bars.svg", "bars.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert first[1].read_bytes().startswith(b"\x89PNG")


def test_the_command_writes_all_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    genesis = replace(build_genesis(), genesis_time=1_600_000_000)
    community = Community(genesis=genesis)
    pay(community, "emma", "farid", 10)
    blocks = b"".join(block.whole_bytes for block in community.ledger.get_blocks())
    export = tmp_path / "village.export"
    export.write_bytes(build_header(genesis) + blocks)
    arguments = ["audit", "report", str(export), "--parquet", str(tmp_path / "periods.parquet")]
    arguments += ["--charts", str(tmp_path / "charts"), "--withdrawn", "12.5"]
    assert main(["--lang", "ru", *arguments]) == 0
    told = capsys.readouterr().out
    assert "Платёжеспособность" in told
    assert "12,500000" in told
    assert (tmp_path / "periods.parquet").stat().st_size > 0
    assert len(list((tmp_path / "charts").iterdir())) == 14
    assert main([*arguments, "--interest", "-1"]) == 2


def test_what_the_reserve_takes_over_is_no_fault_of_its_fund() -> None:
    community, owed = open_with_debt()
    decide(community, WriteOff(get_account_id("emma"), owed))
    drawn = report(community)
    assert drawn.findings == []
    assert drawn.credit.lost_360 == format_pai(owed)
    assert drawn.periods[-1].lost_360 == format_pai(owed)
