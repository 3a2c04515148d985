"""Refusals of credit: loans, guarantees, claims, and what a vote may not do with them."""

from collections.abc import Iterator

from msgspec.structs import replace

from chain.actions import GrantLoan
from chain.crypto import u64
from chain.errors import Code
from chain.rules.credit_days import get_day
from chain.rules.loan_terms import DUE_MAX
from tests.community import PAI
from tests.credit_world import SLOTS, build_rich
from tests.unit import test_loan_refusals
from tests.vectors.invalid.scenes import Vector, look_into, refuse, sign_as


def build_loans() -> Iterator[Vector]:
    """What debtors, guarantors and the committee are refused."""
    for name, (code, make) in test_loan_refusals.REFUSALS.items():
        world = build_rich()
        bad, good = make(world)
        scene = look_into(world)
        accepted = None if good is None else sign_as(scene, *good)
        yield refuse(name, code, scene, sign_as(scene, *bad), accepted)
    yield _fill_a_day()
    yield _brake()


def _fill_a_day() -> Vector:
    world = build_rich()
    loan_id = world.ask("galina", PAI, term=9)
    world.appoint("hamit")
    world.spend("galina")
    due = world.slot // SLOTS + 9
    full = replace(get_day(world.state, due), due=tuple(range(1_000, 1_000 + DUE_MAX)))
    world.state.credit_days.keep(u64(due), full)
    scene = look_into(world)
    bad = sign_as(scene, "hamit", GrantLoan(loan_id))
    return refuse("a day on which enough loans fall due", Code.LOAN_DAY_FULL, scene, bad, None)


def _brake() -> Vector:
    world = build_rich()
    world.appoint("hamit")
    world.lend("emma", 100 * PAI)
    world.spend("emma")
    world.wait(10)
    loan_id = world.ask("galina", PAI)
    scene = look_into(world)
    bad = sign_as(scene, "hamit", GrantLoan(loan_id))
    return refuse("what is overdue exceeds the inflow", Code.CREDIT_BRAKED, scene, bad, None)
