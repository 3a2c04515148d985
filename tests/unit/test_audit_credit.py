"""The figures of credit that a community must see, on worlds where each is known by hand."""

from chain.actions import Guarantee
from chain.codec import Record
from chain.rules.loans import write_off
from node.audit.credit import CreditFigures, compute_credit_figures, compute_solvency
from tests.community import PAI
from tests.credit_world import NAMES, REGISTRY, TENTH, World, build_rich, build_world, get_id


def get_figures(world: World) -> CreditFigures:
    rows: dict[bytes, Record] = {
        prefix + key: row
        for prefix, table in world.state._tables.items()
        for key, row in table._rows.items()
        if row is not None
    }
    return compute_credit_figures(rows, world.get_context())


def test_nobody_owes_at_first() -> None:
    figures = get_figures(build_world())
    assert (figures.debt, figures.debtors, figures.at_limit, figures.braked) == (0, 0, 0, False)
    assert figures.settlement == 13 * 5_000 * PAI
    assert figures.settlement + figures.savings + figures.bonds + figures.funds == figures.issued
    assert figures.persons == len(NAMES) + 1


def test_debts_limits_and_who_is_stuck() -> None:
    world = build_world()
    for name in NAMES[:4]:
        world.spend(name)
    world.pay("ann", "emma", 2 * PAI)  # 93 % of a tenth: not at the limit any more
    figures = get_figures(world)
    assert figures.debt == 4 * TENTH - 2 * PAI
    assert (figures.debtors, figures.at_limit, figures.stuck) == (4, 3, 0)
    assert figures.largest_debtors == 10_000
    assert figures.settlement - figures.debt + figures.bonds == figures.issued
    world.skip(91)
    assert get_figures(world).stuck == 3


def test_loans_guarantees_losses_and_the_brake() -> None:
    world = build_rich()
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=40 * PAI)
    world.do("farid", Guarantee(loan_id, 0))
    world.grant(loan_id)
    figures = get_figures(world)
    assert (figures.granted, figures.pledged, figures.coverage) == (100 * PAI, 40 * PAI, 4_000)
    assert figures.savings == 2_000 * PAI
    world.spend("emma")
    assert get_figures(world).drain == 2_000 * 10_000 // 130
    world.wait(13)
    figures = get_figures(world)
    assert (figures.overdue, figures.overdue_whole, figures.braked) == (60 * PAI, 60 * PAI, True)
    world.fill_reserve(90 * PAI)
    world.call(write_off, get_id("emma"), 20 * PAI)
    figures = get_figures(world)
    assert (figures.lost, figures.overdue, figures.inflow) == (20 * PAI, 40 * PAI, 90 * PAI)
    assert (figures.reserve, figures.braked) == (70 * PAI, False)


def test_the_young_stand_by_their_authority() -> None:
    world = build_world(young_periods=30)
    assert get_figures(world).young_base == ()
    world.pay("ann", "newcomer", PAI)
    world.attest("newcomer")
    assert get_figures(world).young_base == ((REGISTRY, TENTH),)
    world.pay("emma", "newcomer", 20 * PAI)
    assert get_figures(world).young_base == ((REGISTRY, TENTH + 20 * PAI),)
    world.skip(31)
    assert get_figures(world).young_base == ()


def test_how_much_hangs_on_one_partner() -> None:
    world = build_world()
    world.pay("farid", "emma", 60 * PAI)
    world.pay("galina", "emma", 20 * PAI)
    world.pay("galina", "hamit", 20 * PAI)
    assert get_figures(world).one_partner == 80 * 10_000 // 100


def test_solvency_is_what_was_lent_less_what_is_held() -> None:
    world = build_world()
    world.spend("emma")
    figures = get_figures(world)
    solvency = compute_solvency(figures, withdrawn=0)
    assert solvency.room == -figures.issued  # issued money stands behind nothing that is owed
    assert compute_solvency(figures, withdrawn=5, interest=2).room == solvency.room - 7
