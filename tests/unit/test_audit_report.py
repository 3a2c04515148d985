"""The report's figures against villages small enough to reckon by hand, and its look."""

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.actions import LendLiquidity, Pay, PayInvoice, Save
from chain.genesis import Genesis
from chain.parameters import KeepSegment, Sinks
from chain.store import MemoryStore
from node.audit.clearing import find_circles
from node.audit.findings import Check
from node.audit.report import build_report
from node.audit.report_types import PeriodRow, Report, SetOffRow
from node.audit.run import Audit, Trust
from node.audit.source import Source
from node.audit.tables import write_rows
from node.cli.charts import draw_bar, draw_sparkline
from node.cli.main import main
from node.ops.export import build_header
from tests.community import PAI, Community, build_genesis, get_account_id
from tests.exchange_world import ExchangeWorld
from tests.identity_world import get_tag

LONG_AGO = 1_600_000_000  # the auditor's clock has nothing to say about it
NO_DEMURRAGE = (KeepSegment(0, None),)


def report(community: Community) -> Report:
    raw = (block.whole_bytes for block in community.ledger.get_blocks())
    source = Source("test", community.genesis, raw, None, None, None)
    run = Audit(source, Trust(), clock=2e9)
    for _ in run.run(MemoryStore()):
        pass
    assert run.evidence is not None
    assert run.walk is not None
    return build_report(run.evidence, run.walk, run.findings)


def write_export(folder: Path, community: Community) -> Path:
    """The chain as an export file."""
    path = folder / "village.export"
    blocks = b"".join(block.whole_bytes for block in community.ledger.get_blocks())
    path.write_bytes(build_header(community.genesis) + blocks)
    return path


def pay(community: Community, payer: str, to: str, amount: int) -> None:
    community.extend([community.sign(payer, Pay(get_account_id(to), amount * PAI, ""))])


@pytest.fixture(scope="module")
def quiet() -> Report:
    """No demurrage: the mean settlement is all the money of eight people but what is saved."""
    community = Community(genesis=build_genesis(keep_schedule=NO_DEMURRAGE))
    pay(community, "emma", "farid", 10)
    pay(community, "farid", "emma", 4)
    pay(community, "galina", "hamit", 30)
    community.extend(after=25)
    pay(community, "hamit", "galina", 50)
    return report(community)


def test_turnover_and_velocity_are_as_defined(quiet: Report) -> None:
    first, second = quiet.periods
    assert (first.payments, first.turnover, first.active_members) == (3, "44", 4)
    assert (second.payments, second.turnover, second.active_members) == (1, "50", 2)
    assert first.mean_settlement == second.mean_settlement == "4000"
    assert (first.velocity, first.velocity_persons) == ("0.011000", "0.011000")
    assert first.velocity_net == "0.009000"  # emma and farid exchanged 4 of their 14
    assert second.velocity == "0.012500"
    assert first.complete
    assert not second.complete


def test_velocity_over_all_time_counts_the_time_that_has_passed(quiet: Report) -> None:
    slots = Decimal(quiet.community.slot + 1)
    expected = 94 / (slots / 20) / 4_000
    assert abs(Decimal(quiet.velocity.a_period) - expected) < Decimal("0.000001")
    assert quiet.velocity.turnovers == "0.023500"
    assert abs(Decimal(quiet.velocity.in_28_periods) - 28 * expected) < Decimal("0.000001")


def test_slots_without_a_block_are_missed(quiet: Report) -> None:
    assert quiet.servers.slots == quiet.community.slot
    assert quiet.servers.missed_slots == quiet.community.slot - 5
    assert sum(row.blocks for row in quiet.servers.seats) == 5
    assert sum(row.missed_slots for row in quiet.periods) == quiet.servers.missed_slots
    assert {row.expected_share for row in quiet.servers.seats} == {"0.250000"}


def test_only_payments_between_two_persons_are_sure_to_be_trade() -> None:
    genesis = build_genesis(strangers=("zoe",), keep_schedule=NO_DEMURRAGE)
    community = Community(genesis=genesis)
    pay(community, "emma", "farid", 9)
    pay(community, "emma", "zoe", 18)  # zoe may be emma herself
    drawn = report(community)
    assert drawn.findings == []
    assert drawn.periods[0].turnover == "27"
    assert drawn.periods[0].velocity == "0.006000"
    assert drawn.periods[0].velocity_persons == "0.002000"


def test_who_bears_demurrage_is_told_by_kind() -> None:
    community = Community(genesis=build_genesis(strangers=("zoe",)))
    for _ in range(5):
        community.extend(after=9)
    drawn = report(community)
    bearers = {item.kind: item for item in drawn.demurrage.borne_by}
    assert {kind: item.accounts for kind, item in bearers.items()} == {
        "seat_owner": 4,
        "member": 4,
        "unidentified": 1,
    }
    amounts = {Decimal(item.amount) / item.accounts for item in bearers.values()}
    assert len(amounts) == 1  # everybody began with the same and nobody paid
    assert sum(Decimal(item.amount) for item in bearers.values()) == Decimal(
        drawn.demurrage.charged
    )
    shares = sum((Decimal(item.share) for item in bearers.values()), Decimal(0))
    assert abs(shares - 1) < Decimal("0.00001")
    assert len(drawn.demurrage.top_payers) == 9
    exact, charged = Decimal(drawn.demurrage.exact), Decimal(drawn.demurrage.charged)
    assert abs(exact - charged - Decimal(drawn.demurrage.waiting)) < Decimal("0.0001")


def build_shaimuratovo() -> Genesis:
    """Money lies as it did there: 73 % with the farm, 19 % with workers, 8 % in shops."""
    firms = {"barn": "farm", "stall": "shop", "kiosk": "shop"}
    money = {"barn": 730, "emma": 100, "farid": 90, "stall": 50, "kiosk": 30}
    genesis = build_genesis(members=("emma", "farid"), strangers=tuple(firms))
    person = genesis.attestations[0]
    said = [
        replace(person, subject=get_account_id(name), kind=kind, tag=get_tag(name))
        for name, kind in firms.items()
    ]
    balances = {get_account_id(name): amount * PAI for name, amount in money.items()}
    return replace(
        genesis,
        genesis_time=LONG_AGO,
        # Nobody gets any of it back.
        parameters=replace(genesis.parameters, sinks=Sinks(10_000, 0, 0, 0, 0, 0)),
        accounts=tuple(
            replace(item, balance=balances.get(item.id, 0)) for item in genesis.accounts
        ),
        attestations=tuple(
            sorted((*genesis.attestations, *said), key=lambda item: (item.subject, item.authority))
        ),
    )


def test_who_bears_demurrage_is_told_by_what_authorities_call_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    community = Community(genesis=build_shaimuratovo())
    for _ in range(4):
        community.extend(after=9)
    # Everybody is looked at in one block: 8 steps of demurrage, of a thousand pai in all.
    ring = ("barn", "emma", "farid", "stall", "kiosk")
    community.extend(
        [
            community.sign(name, Pay(get_account_id(ring[place - 1]), 1, ""), fee_max=PAI)
            for place, name in enumerate(ring)
        ]
    )
    drawn = report(community)
    assert [
        (item.kind, item.attested_as, item.accounts, item.share[:6])
        for item in drawn.demurrage.borne_by
        if Decimal(item.amount)
    ] == [
        ("member", None, 2, "0.1900"),
        ("organisation", "farm", 1, "0.7300"),
        ("organisation", "shop", 2, "0.0800"),
    ]
    export = write_export(tmp_path, community)
    assert main(["audit", "report", str(export), "--lang", "ru"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"организации: farm .* 73,0", shown)
    assert re.search(r"организации: shop .* 8,0", shown)


def test_demurrage_funds_what_the_sinks_say() -> None:
    community = Community()
    for _ in range(6):
        community.extend(after=7)
    drawn = report(community)
    funded = {name: Decimal(amount) for name, amount in drawn.demurrage.funded.items()}
    left = Decimal(drawn.demurrage.left_in_pot)
    assert sum(funded.values()) + left == Decimal(drawn.demurrage.charged)
    shares = [funded[name] for name in ("social", "operators", "active", "reserve", "burned")]
    assert shares == sorted(shares, reverse=True)
    assert shares[-2] > 0
    assert shares[-1] == 0
    assert drawn.supply.difference == "0"
    assert drawn.supply.sum == drawn.supply.issued
    # Nobody owes anything, so the reserve passes its part on.
    assert drawn.supply.reserve == "0"
    assert Decimal(drawn.supply.social) > funded["social"] + funded["reserve"]


def test_savings_and_identity_are_told() -> None:
    community = Community(genesis=build_genesis(strangers=("zoe",), keep_schedule=NO_DEMURRAGE))
    community.extend([community.sign("emma", Save(100 * PAI, 3))])
    drawn = report(community)
    assert drawn.periods[0].saved == "100"
    assert drawn.periods[0].savings == "100"  # the bonds of four seats are none
    assert (drawn.supply.savings, drawn.supply.bonds) == ("100", "400")
    identity = drawn.identity
    assert (identity.accounts, identity.identified) == (9, 8)
    assert identity.share_of_accounts == "0.888889"
    assert (identity.money, identity.identified_money) == ("4900", "4400")
    assert [(item.name, item.accounts, item.home) for item in identity.authorities] == [
        ("Registry", 8, True)
    ]


def test_the_table_of_periods_is_csv(quiet: Report) -> None:
    file = io.StringIO()
    write_rows(PeriodRow, quiet.periods, file)
    file.seek(0)
    rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == PeriodRow.__struct_fields__
    assert [row["turnover"] for row in rows] == ["44", "50"]


# The command.


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    community = Community(genesis=replace(build_genesis(), genesis_time=LONG_AGO))
    for _ in range(3):
        pay(community, "emma", "farid", 10)
    return write_export(tmp_path_factory.mktemp("audit"), community)


def test_a_clean_replay_ends_with_0(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "replay", str(export), "--output", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {
        "source", "community", "name", "complete", "blocks", "transactions", "slot", "hash",
        "state_root", "seconds", "blocks_per_second", "findings",
    }  # fmt: skip
    assert (document["blocks"], document["transactions"], document["findings"]) == (3, 3, [])
    assert main(["audit", "replay", str(export), "--community", document["community"]]) == 0


def test_a_lie_ends_with_7(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(export.read_bytes()[:-3])
    assert main(["--lang", "en", "audit", "replay", str(damaged)]) == 7
    assert "the stream breaks off within object 3" in capsys.readouterr().out
    assert main(["audit", "report", str(damaged), "--output", "json"]) == 7
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [item["check"] for item in findings] == [Check.STREAM]
    assert main(["audit", "replay", str(export), "--community", "ab" * 32]) == 7


def test_what_cannot_be_audited_ends_with_2_or_3(
    export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "replay", str(export.parent / "nothing")]) == 2
    assert main(["audit", "replay", str(export), "--community", "short"]) == 2
    assert main(["audit", "replay", "http://127.0.0.1:1"]) == 3
    assert capsys.readouterr().out == ""


def test_the_report_is_for_people_in_both_languages(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "periods.csv"
    assert main(["--lang", "ru", "audit", "report", str(export), "--csv", str(table)]) == 0
    russian = capsys.readouterr().out
    assert "Ничего не найдено" in russian
    assert "расчётные счета" in russian
    assert table.read_text().startswith("period,complete,blocks")
    assert main(["--lang", "en", "audit", "report", str(export)]) == 0
    english = capsys.readouterr().out
    assert "Nothing was found" in english
    assert "settlement accounts" in english


def test_bars_and_sparklines_show_proportions() -> None:
    assert draw_bar(1, 1, 4) == "████"
    assert draw_bar(1, 2, 4) == "██"
    assert draw_bar(9, 1, 4) == "████"
    assert draw_bar(1, 64, 4) == ""
    assert draw_bar(1, 32, 4) == "▏"
    assert draw_bar(0, 0, 4) == ""
    assert draw_sparkline([0, 1, 2], 10) == "▁▅█"
    assert draw_sparkline([0, 0], 10) == "▁▁"
    assert draw_sparkline([100, 7, 7], 2) == "██"  # the newest ones alone
    assert draw_sparkline([], 5) == ""


# Set-offs


def test_set_offs_are_told_with_what_they_saved(tmp_path: Path) -> None:
    """Emma owes Farid 10, he Galina 8, she Emma 5; Emma lends: all of it is cleared."""
    world = ExchangeWorld()
    world.owe("emma", "farid", 10 * PAI)
    world.owe("farid", "galina", 8 * PAI)
    world.owe("galina", "emma", 5 * PAI)
    world.do("emma", LendLiquidity(6 * PAI))
    world.open_window()
    height = world.clear().header.height
    world.wait(20)
    drawn = report(world)
    assert drawn.findings == []
    assert drawn.supply.difference == "0"
    (row,) = drawn.set_offs
    assert (row.height, row.entered, row.closed) == (height, 3, 3)
    assert (row.debt, row.cleared, row.cleared_share) == ("23", "23", "1.000000")
    assert (row.net_debt, row.money_used, row.net_debt_paid) == ("5", "5", "1.000000")
    assert row.money_saved == "18"
    assert (row.circles, row.shortest, row.longest) == (3, 2, 3)
    file = tmp_path / "set_offs.csv"
    with file.open("w", newline="") as out:
        write_rows(SetOffRow, drawn.set_offs, out)
    (line,) = csv.DictReader(io.StringIO(file.read_text()))
    assert line["money_saved"] == "18"


def test_money_put_aside_at_the_end_of_a_chain_is_counted() -> None:
    world = ExchangeWorld()
    world.owe("emma", "farid", 10 * PAI)
    world.do("emma", LendLiquidity(6 * PAI))
    world.open_window()
    assert sum(item.escrow for item in world.window.lenders) == 6 * PAI
    drawn = report(world)
    assert drawn.findings == []
    assert drawn.supply.difference == "0"
    assert drawn.set_offs == []


def test_a_window_without_a_set_off_is_no_finding() -> None:
    """The second bookkeeping lets what was put aside melt by itself."""
    world = ExchangeWorld()
    world.owe("emma", "farid", 10 * PAI)
    world.do("emma", LendLiquidity(300 * PAI))
    for _ in range(3):
        world.open_window()
        world.wait(11)
    world.do("emma", PayInvoice(0, get_account_id("farid"), 10 * PAI))
    assert report(world).findings == []


def test_flows_are_taken_apart_into_circles() -> None:
    a, b, c, d = b"a", b"b", b"c", b"d"
    assert find_circles([(a, b, 3), (b, a, 3)]) == [2]
    assert sorted(find_circles([(a, b, 3), (b, c, 2), (c, a, 2), (b, a, 1)])) == [2, 3]
    assert find_circles([(b"", a, 1), (a, b, 1), (b, c, 1), (c, d, 1), (d, b"", 1)]) == [4]
    assert find_circles([]) == []
