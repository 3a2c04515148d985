"""Every action that rules know is known wherever actions are told: to programs and to people."""

from typing import get_args

import pytest

from chain.actions import Action, Pay
from chain.kept import INDEX
from chain.rules import transactions, units
from node import certified, decided, decisions, happenings, history, prices
from node.api.schema_actions import ACTION_ANSWERS, build_action_answer
from tests.community import get_account_id
from wallet import show_actions

ACTIONS = set(get_args(Action))


@pytest.mark.parametrize(
    "table",
    [
        transactions._PLAIN | transactions._CHECKED,
        ACTION_ANSWERS,
        happenings._TOLD,
        show_actions._SENTENCES,
    ],
    ids=("rules", "answers", "histories", "sentences"),
)
def test_a_table_of_actions_has_them_all(table: dict[type[Action], object]) -> None:
    assert set(table) == ACTIONS


def test_numbers_of_actions_are_not_used_twice() -> None:
    numbers = [kind.__struct_config__.tag for kind in ACTIONS]
    assert len(set(numbers)) == len(numbers)


def test_units_name_only_actions() -> None:
    assert set(units._NEW_ROWS) | set(units._DEFENSIVE) <= ACTIONS


def test_an_answer_writes_what_the_action_says() -> None:
    answer = build_action_answer("pai", Pay(get_account_id("emma"), 1_500_000, "milk"))
    assert (answer.amount, answer.memo) == ("1.5", "milk")  # type: ignore[union-attr]  # of a Pay
    assert answer.to.startswith("pai1")  # type: ignore[union-attr]  # of a Pay


def test_kinds_of_kept_rows_do_not_share_a_letter() -> None:
    letters = [
        value
        for room in (certified, decided, decisions, history, prices)
        for name, value in vars(room).items()
        if name.startswith("_") and isinstance(value, bytes) and value.startswith(INDEX)
    ]
    assert len(letters) > 15
    assert len(set(letters)) == len(letters)
