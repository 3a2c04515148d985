"""Every check of the mathematics of set-off is needed: take one out, and a forgery passes.

The module is read, changed in one place and run; the trials below must tell each changed one from
the true one. A change that none of them notices would be a check that no test holds.
"""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chain import setoff
from chain.errors import Invalid
from chain.records import ClearingCertificate

SOURCE = Path(setoff.__file__).read_text()
SEED = bytes(64)
MUTATIONS = {
    "flows need not balance": ("if balance.any():", "if False:"),
    "only incoming flows are looked at": (
        "balance -= _sum_by_node(graph.sources, flows, graph.nodes)",
        "balance -= balance",
    ),
    "what must be full may be empty": (
        "flows = np.where(reduced < 0, graph.capacities, 0)",
        "flows = np.zeros_like(graph.capacities)",
    ),
    "what is free may also be forced": (
        "free = np.flatnonzero(reduced == 0)",
        "free = np.flatnonzero(reduced <= 0)",
    ),
    "what must be empty may be free": (
        "free = np.flatnonzero(reduced == 0)",
        "free = np.flatnonzero(reduced >= 0)",
    ),
    "potentials may be large": ("POTENTIAL_BITS: Final = 62", "POTENTIAL_BITS: Final = 63"),
    "the least potential may be anything": ("int(potentials.min()) != 0", "False"),
    "a part may be more than the whole": (
        "((amounts <= 0) | (amounts >= capacities[partly])).any()",
        "(amounts <= 0).any()",
    ),
    "a part may be nothing": (
        "((amounts <= 0) | (amounts >= capacities[partly])).any()",
        "(amounts >= capacities[partly]).any()",
    ),
    "spare bits may be set": ("if flat[count:].any():", "if False:"),
    "numbers may be long": ("((octets[ends] == 0) & (lengths > 1)).any()", "False"),
    "bytes may follow": ("if len(ends) != count or", "if len(ends) < count or"),
    "codes may follow": (
        "if len(data) != -(-count // _CODES_PER_BYTE):",
        "if len(data) < -(-count // _CODES_PER_BYTE):",
    ),
    "capacities may sum to anything": (
        "if (high << 31) + low > CAPACITY_SUM_MAX:",
        "if False:",
    ),
    "capacities may be below zero": ("if len(capacities) and int(capacities.min()) < 0:", "if 0:"),
    "the lot does not count": (
        "-(VALUE_OF_DEBT + compute_ties",
        "-(VALUE_OF_DEBT + 0 * compute_ties",
    ),
    "money is dearer than debt": (
        "COST_OF_LIQUIDITY: Final = 2**39",
        "COST_OF_LIQUIDITY: Final = 2**41",
    ),
}


def load(source: str) -> ModuleType:
    module = ModuleType("chain.setoff")
    exec(compile(source, "setoff", "exec"), module.__dict__)
    return module


def build(module: Any, debts: list[tuple[int, int, int]], lent: tuple[int, ...] = (0, 0, 0)) -> Any:
    columns = np.array(debts, dtype=np.int64).reshape(-1, 3)
    liquidity = np.array(lent, dtype=np.int64)
    return module.build_graph(3, columns[:, 0], columns[:, 1], columns[:, 2], liquidity, SEED)


def try_out(module: Any) -> list[str]:
    """What the module answers to each trial: flows, or the code of its refusal."""
    answers = []
    for trial in TRIALS:
        try:
            answers.append(repr(np.asarray(trial(module)).tolist()))
        except Invalid as error:
            answers.append(error.code.name)
        except (IndexError, ValueError, OverflowError) as error:
            answers.append(type(error).__name__)
    return answers


CIRCLE = [(0, 1, 5), (1, 2, 5), (2, 0, 5)]
WIDER = [(0, 1, 5), (1, 2, 7), (2, 0, 5)]


def read(
    debts: list[tuple[int, int, int]], potentials: bytes, codes: bytes = b"", partials: bytes = b""
) -> Callable[[Any], Any]:
    certificate = ClearingCertificate(1, potentials, codes, partials)
    return lambda module: module.read_certificate(build(module, debts), certificate)


def number(value: int) -> bytes:
    packed = bytearray()
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*packed, value])


COST = 2**40 + int(setoff.compute_ties(SEED, 3)[1])


def read_free(codes: bytes, partials: bytes, middle: int = 7) -> Callable[[Any], Any]:
    """The middle debt is free: by potentials its reduced cost is 0, and the others stay below."""
    debts = [(0, 1, 5), (1, 2, middle), (2, 0, 5)]
    return read(debts, number(COST) + number(COST) + b"\x00", codes, partials)


TRIALS: list[Callable[[Any], Any]] = []
TRIALS += [
    read(CIRCLE, b"\x00\x00\x00"),
    read(WIDER, b"\x00\x00\x00"),
    read([(0, 1, 5), (1, 2, 5)], b"\x00\x00\x00"),
    read([(0, 1, 5)], b"\x00" + number(2**61) + b"\x00"),
    read(CIRCLE, b"\x01\x01\x01"),
    read(CIRCLE, b"\x00\x00\x00\x00"),
    read(CIRCLE, b"\x00\x80\x00\x00"),
    read(CIRCLE, b"\x00\x00\x00", b"\x00"),
    read(CIRCLE, b"\x00" + number(2**62) + b"\x00"),
    read([(0, 1, 1)], number(2**62) + b"\x00\x00"),
    read(CIRCLE, number(2**42) + b"\x00\x00", b"\x01"),
    read_free(b"\x02", b"\x05"),
    read_free(b"\x02", b"\x00"),
    read_free(b"\x02", b"\x09"),
    read_free(b"\x02", b"\x07"),
    read_free(b"\x01", b"", middle=5),
    read_free(b"\xf2", b"\x05"),
    read_free(b"\x02\x00", b"\x05"),
    read_free(b"\x00", b""),
    lambda module: build(module, [(0, 1, 2**61), (1, 0, 2**61)]).capacities,
    lambda module: build(module, [(0, 1, -1)]).capacities,
    lambda module: build(module, CIRCLE, (7, 0, 0)).costs,
]


def test_the_trials_tell_good_from_bad() -> None:
    answers = try_out(load(SOURCE))
    assert answers == try_out(setoff)
    assert answers[0] == "[5, 5, 5]"
    assert answers[11] == "[5, 5, 5]"
    assert {"SETOFF_MALFORMED", "SETOFF_NOT_BALANCED", "SETOFF_TOO_LARGE"} <= set(answers)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_check_taken_out_is_noticed(name: str) -> None:
    before, after = MUTATIONS[name]
    assert SOURCE.count(before) == 1, "the text to be changed stands once"
    assert try_out(load(SOURCE.replace(before, after))) != try_out(setoff)
