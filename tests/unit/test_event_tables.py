"""What consensus hears is answered by somebody, and what it wants done is done by somebody.

Invariant: every event and effect is in its union, and has one entry in the table that it is for.
"""

import inspect
from types import ModuleType
from typing import get_args

from consensus import effects, engine, events
from consensus.effects import AskWitnesses, Concern, Effect, Follow, OfFinality
from consensus.events import Event
from node.effects import _PERFORMERS
from node.finality import perform_finality


def list_classes(module: ModuleType) -> set[type]:
    return {
        item
        for _, item in inspect.getmembers(module, inspect.isclass)
        if item.__module__ == module.__name__
    }


def test_every_event_is_answered() -> None:
    assert list_classes(events) == set(get_args(Event)) == set(engine._HANDLERS)


def test_every_effect_is_performed() -> None:
    assert list_classes(effects) - {Concern} == set(get_args(Effect))
    assert set(get_args(Effect)) == {*_PERFORMERS, Follow}  # which may want more done, and waits


def test_what_is_of_finality_is_performed_in_one_place() -> None:
    assert AskWitnesses in get_args(OfFinality)
    done = {kind for kind, perform in _PERFORMERS.items() if perform is perform_finality}
    assert done == set(get_args(OfFinality))
