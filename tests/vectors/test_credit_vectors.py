"""The golden limits hold for the ledger: credit reckoned by fractions, apart from its code."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.community import CONSTANTS, PARAMETERS
from tests.credit_world import SLOTS, World, build_world

STORIES = json.loads((Path(__file__).parent / "credit.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["name"])
def test_limits(story: dict[str, Any]) -> None:
    assert int(story["credit_keep"]) == CONSTANTS.credit_keep
    for name in ("base", "earned_cap_bp", "pair_cap_bp"):
        assert story[name] == getattr(PARAMETERS, name)
    world = build_world(names=("emma", "farid", "galina", "hamit"))
    people = sorted(("emma", "farid", "galina", "hamit"), key=lambda name: get_tag(world, name))
    for told in story["payments"]:
        world.slot = max(world.slot, told["period"] * SLOTS)
        world.pay(people[told["payer"]], people[told["receiver"]], told["amount"])
        assert world.get_context().period == told["period"]
        assert [world.get_limit(name) for name in people] == told["limits"]
        at = world.slot
        world.slot = (told["period"] + 1) * SLOTS
        later = [world.get_limit(name) for name in people]
        world.slot = at
        assert later == told["limits_a_period_later"]


def get_tag(world: World, name: str) -> bytes:
    tag = world.get(name).person
    assert tag is not None
    return tag
