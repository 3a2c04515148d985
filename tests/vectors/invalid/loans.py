"""Refusals of credit: loans, guarantees, claims, and what a vote may not do with them."""

from collections.abc import Iterator

from tests.credit_world import build_rich
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
