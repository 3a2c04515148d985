"""The core of finality for an SMT solver: any weights, any number of seats, any rounds and levels.

A few certificates of one set stand on each other in whatever way the rules allow; two of them make
blocks final of which neither stands on the other. A seat matters only by what it has signed, so
for each choice of signatures there is one number, the weight of all seats that chose so. The claim:
the seats whose signatures prove an offence weigh at least what the two levels promise. The solver
looks for weights, rounds, levels and links that make it false.

``Rules`` can be left out one by one: then it must find such a case, or the model says nothing.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

import z3

from chain.votes import LEVEL_MAX

CERTIFICATES: Final = 4  # besides the base; the two final ones and what leads to them
_FORK, _LEFT, _RIGHT = 0, 1, 2  # a block both branches stand on, and blocks of either branch
SHARES: Final = ((2, 3), (3, 5), (11, 20))  # by level; just above it decides


class Rules(NamedTuple):
    """What may be left out."""

    one_prevote: bool = True  # S1: two prevotes of a round are an offence
    no_link_over_ack: bool = True  # S4: ack at r, prevote with source_round < r < round
    justified_source: bool = True  # a link begins at a certificate, or at the base
    ancestor: bool = True  # ... and its target stands on that
    level_inherited: bool = True  # the level is never below the source's
    acks_of_the_level: bool = True  # acks decide at the level of the justification
    more_than_the_share: bool = True  # a quorum is one more than the share, rounded down
    final_hand_off: bool = True  # a set votes only when the hand-off that calls it is final


@dataclass
class _Model:
    """One set, its certificates, and two finalities; ``weights`` by what is signed."""

    solver: z3.Solver
    rounds: list[z3.ArithRef]
    source_rounds: list[z3.ArithRef]
    sides: list[z3.ArithRef]
    levels: list[z3.ArithRef]
    sources: list[z3.ArithRef]
    weights: dict[frozenset[str], z3.ArithRef]
    total: z3.ArithRef
    quorums: list[z3.ArithRef]


class Finding(NamedTuple):
    """Rounds, levels and sides of the certificates that break the claim."""

    rounds: list[int]
    levels: list[int]
    sides: list[int]
    offending: int
    total: int


def find_conflict(rules: Rules) -> Finding | None:
    """A conflict with too few offenders; None: there is none.

    What is final on the left may also be the next set's, above a hand-off there. Its seats sign
    only when the hand-off is final: so there is a finality of this set on the left all the same.
    """
    model = _build(rules)
    left, right = (_choose_final(model, rules, side) for side in (_LEFT, _RIGHT))
    promised = left.quorum + right.quorum - model.total
    offending = _weigh_offenders(model, rules, (left, right))
    model.solver.add(offending < promised)
    if rules.final_hand_off:
        model.solver.add(left.exists)
    model.solver.add(right.exists)
    if model.solver.check() == z3.unsat:
        return None
    found = model.solver.model()

    def read(terms: list[z3.ArithRef]) -> list[int]:
        return [found.eval(term, model_completion=True).as_long() for term in terms]

    return Finding(
        read(model.rounds),
        read(model.levels),
        read(model.sides),
        *read([offending, model.total]),
    )


def _build(rules: Rules) -> _Model:
    solver = z3.Solver()
    places = range(CERTIFICATES + 1)
    rounds, sides, levels, sources, source_rounds = (
        [z3.Int(f"{name}{place}") for place in places]
        for name in ("round", "side", "level", "source", "source_round")
    )
    signed = [str(place) for place in places[1:]] + ["ack-left", "ack-right"]
    weights = {
        frozenset(choice): z3.Int("weight " + " ".join(choice))
        for count in range(len(signed) + 1)
        for choice in combinations(signed, count)
    }
    total = z3.Int("total")
    quorums = [z3.Int(f"quorum{level}") for level in range(LEVEL_MAX + 1)]
    solver.add(total == z3.Sum(list(weights.values())), total > 0)
    solver.add([weight >= 0 for weight in weights.values()])
    for quorum, (numerator, denominator) in zip(quorums, SHARES, strict=True):
        solver.add(denominator * (quorum - 1) <= numerator * total)
        solver.add(numerator * total < denominator * quorum)
    solver.add(rounds[0] == 0, sides[0] == _FORK, levels[0] == 0)
    model = _Model(solver, rounds, source_rounds, sides, levels, sources, weights, total, quorums)
    for place in places[1:]:
        _add_certificate(model, rules, place)
    return model


def _add_certificate(model: _Model, rules: Rules, place: int) -> None:
    solver, rounds, sides = model.solver, model.rounds, model.sides
    solver.add(rounds[place] >= rounds[place - 1], rounds[place] > 0)
    solver.add(sides[place] >= _FORK, sides[place] <= _RIGHT)
    solver.add(model.levels[place] >= 0, model.levels[place] <= LEVEL_MAX)
    solver.add(model.source_rounds[place] >= 0, model.source_rounds[place] < rounds[place])
    if rules.justified_source:
        solver.add(model.sources[place] >= 0, model.sources[place] < place)
    for source in range(place):
        is_source = model.sources[place] == source
        solver.add(z3.Implies(is_source, model.source_rounds[place] == rounds[source]))
        if rules.ancestor:
            stands = z3.Or(sides[source] == _FORK, sides[source] == sides[place])
            solver.add(z3.Implies(is_source, stands))
        if rules.level_inherited:
            rises = model.levels[place] >= model.levels[source]
            solver.add(z3.Implies(is_source, rises))
    missing = 0 if rules.more_than_the_share else 1
    weight = _weigh(model, str(place)) + missing
    solver.add(weight >= _get_quorum(model, model.levels[place]))


class _Final(NamedTuple):
    """A finality: whether there is one, of which round, what it takes, and who acked."""

    exists: z3.BoolRef
    round: z3.ArithRef
    quorum: z3.ArithRef
    name: str


def _choose_final(model: _Model, rules: Rules, side: int) -> _Final:
    """Some certificate of this side, made final by acks."""
    name = "left" if side == _LEFT else "right"
    exists, round_, level, asked = (
        z3.Bool(f"{name} is final"),
        z3.Int(f"round {name}"),
        z3.Int(f"level {name}"),
        z3.Int(f"asked {name}"),
    )
    model.solver.add(level >= 0, level <= LEVEL_MAX, asked >= 0, asked <= LEVEL_MAX)
    if rules.acks_of_the_level:
        model.solver.add(asked == level)
    cases = [
        z3.And(
            model.rounds[place] == round_,
            model.levels[place] == level,
            model.sides[place] == side,
        )
        for place in range(1, CERTIFICATES + 1)
    ]
    model.solver.add(z3.Implies(exists, z3.Or(cases)))
    acked = _weigh(model, f"ack-{name}")
    model.solver.add(z3.Implies(exists, acked >= _get_quorum(model, asked)))
    return _Final(exists, round_, _get_quorum(model, level), f"ack-{name}")


def _weigh_offenders(model: _Model, rules: Rules, finals: tuple[_Final, _Final]) -> z3.ArithRef:
    """The weight of all whose signatures contradict each other."""
    terms = []
    for choice, weight in model.weights.items():
        signed = [place for place in range(1, CERTIFICATES + 1) if str(place) in choice]
        offences = []
        if rules.one_prevote:
            offences += [_are_two(model, *pair) for pair in combinations(signed, 2)]
        if rules.no_link_over_ack:
            offences += [
                z3.And(model.source_rounds[place] < final.round, final.round < model.rounds[place])
                for final in finals
                if final.name in choice
                for place in signed
            ]
        terms.append(z3.If(z3.Or(offences), weight, 0) if offences else z3.IntVal(0))
    return z3.Sum(terms)


def _are_two(model: _Model, one: int, other: int) -> z3.BoolRef:
    """Whether two certificates are of one round, and surely of different bodies."""
    return z3.And(
        model.rounds[one] == model.rounds[other],
        z3.Or(
            model.sides[one] != model.sides[other],
            model.levels[one] != model.levels[other],
            model.source_rounds[one] != model.source_rounds[other],
        ),
    )


def _weigh(model: _Model, name: str) -> z3.ArithRef:
    return z3.Sum([weight for choice, weight in model.weights.items() if name in choice])


def _get_quorum(model: _Model, level: z3.ArithRef) -> z3.ArithRef:
    first, *rest = model.quorums
    term = first
    for number, quorum in enumerate(rest, start=1):
        term = z3.If(level == number, quorum, term)
    return term
