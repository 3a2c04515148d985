"""What is refused about loans: each code beside a neighbour that is good."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import (
    Action,
    AskLoan,
    Bond,
    DropLoan,
    GrantLoan,
    Guarantee,
    Instalment,
    Pay,
    PayClaim,
    ReturnLoan,
    Withdraw,
)
from chain.errors import Code, Invalid
from chain.rules import loan_terms
from chain.rules.loans import set_committee, write_off
from tests.community import PAI
from tests.credit_world import (
    TENTH,
    World,
    build_rich,
    fail_to_pay,
    get_id,
)

EMMA, FARID, GALINA = get_id("emma"), get_id("farid"), get_id("galina")
GRACE = 3


# Refusals: what is refused, and beside it what is not


Case = tuple[str, Action]
REFUSALS: dict[str, tuple[Code, Callable[[World], tuple[Case, Case | None]]]] = {}


def refused(
    code: Code, name: str = ""
) -> Callable[[Callable[[World], tuple[Case, Case | None]]], None]:
    """Register an action that is refused, and one, if any, that is not; by whom."""

    def register(make: Callable[[World], tuple[Case, Case | None]]) -> None:
        REFUSALS[f"{code.name} {name}".strip()] = (code, make)

    return register


def ask(**changes: object) -> AskLoan:
    return replace(AskLoan(100 * PAI, 10, (), "seed", None, 0), **changes)


@refused(Code.UNKNOWN_LOAN)
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", 100 * PAI)
    return ("emma", DropLoan(loan_id + 1)), ("emma", DropLoan(loan_id))


@refused(Code.LOAN_NOT_ASKED)
def _(world: World) -> tuple[Case, Case | None]:
    granted, asked = world.lend("emma", 100 * PAI), world.ask("emma", 100 * PAI)
    return ("emma", DropLoan(granted)), ("emma", DropLoan(asked))


@refused(Code.LOAN_NOT_GRANTED)
def _(world: World) -> tuple[Case, Case | None]:
    granted, asked = world.lend("emma", 100 * PAI), world.ask("emma", 100 * PAI)
    return ("emma", ReturnLoan(asked)), ("emma", ReturnLoan(granted))


BAD_TERMS: list[tuple[str, dict[str, object], dict[str, object]]] = [
    ("less than a pai", {"amount": PAI - 1}, {"amount": PAI}),
    ("no term", {"term_periods": 0}, {"term_periods": 1}),
    ("too long", {"term_periods": 3_651}, {"term_periods": 3_650}),
    ("a plan after the term", {"plan": (Instalment(10, 1),)}, {"plan": (Instalment(9, 1),)}),
    (
        "a plan that rises",
        {"plan": (Instalment(3, 100 * PAI),)},
        {"plan": (Instalment(3, 100 * PAI - 1),)},
    ),
    ("a plan to nothing", {"plan": (Instalment(3, 0),)}, {"plan": (Instalment(3, 1),)}),
    (
        "steps out of order",
        {"plan": (Instalment(3, 9), Instalment(3, 8))},
        {"plan": (Instalment(3, 9), Instalment(4, 8))},
    ),
    ("a pledge of nobody", {"pledge": 1}, {"pledge": 0}),
    ("a guarantor of nothing", {"guarantor": FARID}, {"guarantor": FARID, "pledge": 1}),
    (
        "a pledge beyond the loan",
        {"guarantor": FARID, "pledge": 100 * PAI + 1},
        {"guarantor": FARID, "pledge": 100 * PAI},
    ),
]
for label, changes, good in BAD_TERMS:

    @refused(Code.BAD_LOAN_TERMS, label)
    def _(
        _world: World,
        changes: dict[str, object] = changes,
        good: dict[str, object] = good,
    ) -> tuple[Case, Case | None]:
        return ("emma", ask(**changes)), ("emma", ask(**good))


@refused(Code.TOO_MANY_LOANS)
def _(world: World) -> tuple[Case, Case | None]:
    for _ in range(8):
        world.ask("emma", 100 * PAI)
    return ("emma", ask()), ("galina", ask())


@refused(Code.GUARANTOR_IS_DEBTOR)
def _(_world: World) -> tuple[Case, Case | None]:
    good = ask(guarantor=FARID, pledge=1)
    return ("farid", good), ("emma", good)


@refused(Code.UNKNOWN_ACCOUNT, "the guarantor's")
def _(_world: World) -> tuple[Case, Case | None]:
    return ("emma", ask(guarantor=get_id("nobody"), pledge=1)), None


@refused(Code.NOT_GUARANTOR)
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=PAI)
    return ("galina", Guarantee(loan_id, None)), ("farid", Guarantee(loan_id, None))


@refused(Code.ALREADY_PLEDGED)
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=PAI)
    world.do("farid", Guarantee(loan_id, 0))
    return ("farid", Guarantee(loan_id, None)), None


@refused(Code.PLEDGE_NOT_COVERED, "the limit is smaller")
def _(world: World) -> tuple[Case, Case | None]:
    large = world.ask("emma", 100 * PAI, guarantor="farid", pledge=TENTH + 1)
    right = world.ask("emma", 100 * PAI, guarantor="farid", pledge=TENTH)
    return ("farid", Guarantee(large, None)), ("farid", Guarantee(right, None))


@refused(Code.PLEDGE_NOT_COVERED, "the limit is used")
def _(world: World) -> tuple[Case, Case | None]:
    world.pay("galina", "stranger", 5_000 * PAI + 1)
    large = world.ask("emma", 100 * PAI, guarantor="galina", pledge=TENTH)
    right = world.ask("emma", 100 * PAI, guarantor="galina", pledge=TENTH - 1)
    return ("galina", Guarantee(large, None)), ("galina", Guarantee(right, None))


@refused(Code.PLEDGE_NOT_COVERED, "a granted limit secures nothing")
def _(world: World) -> tuple[Case, Case | None]:
    world.lend("galina", 500 * PAI)
    large = world.ask("emma", 100 * PAI, guarantor="galina", pledge=TENTH + 1)
    return ("galina", Guarantee(large, None)), None


@refused(Code.PLEDGE_NOT_COVERED, "a firm has no limit of its own")
def _(world: World) -> tuple[Case, Case | None]:
    world.lend("farm", 500 * PAI)
    loan_id = world.ask("emma", 100 * PAI, guarantor="farm", pledge=1)
    return ("farm", Guarantee(loan_id, None)), None


@refused(Code.PLEDGE_NOT_COVERED, "the deposit is smaller")
def _(world: World) -> tuple[Case, Case | None]:
    small = world.save("galina", 10 * PAI)
    large = world.ask("emma", 100 * PAI, guarantor="galina", pledge=10 * PAI + 1)
    right = world.ask("emma", 100 * PAI, guarantor="galina", pledge=10 * PAI)
    return ("galina", Guarantee(large, small)), ("galina", Guarantee(right, small))


@refused(Code.UNKNOWN_DEPOSIT, "pledged")
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=PAI)
    return ("farid", Guarantee(loan_id, 1)), ("farid", Guarantee(loan_id, 0))


@refused(Code.DEPOSIT_BONDED, "pledged")
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", 100 * PAI, guarantor="ann", pledge=PAI)
    return ("ann", Guarantee(loan_id, 0)), ("ann", Guarantee(loan_id, None))


@refused(Code.DEPOSIT_PLEDGED)
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=PAI)
    world.do("farid", Guarantee(loan_id, 0))
    return ("farid", Withdraw(1, 1)), ("farid", Withdraw(0, 1))


@refused(Code.DEPOSIT_PLEDGED, "to a seat")
def _(world: World) -> tuple[Case, Case | None]:
    world.save("ann", 100 * PAI)
    loan_id = world.ask("emma", 100 * PAI, guarantor="ann", pledge=PAI)
    world.do("ann", Guarantee(loan_id, 1))
    return ("ann", Bond(2, 1)), ("ann", Bond(1, 1))


@refused(Code.NOT_COMMITTEE)
def _(world: World) -> tuple[Case, Case | None]:
    world.appoint("hamit")
    world.spend("galina")
    loan_id = world.ask("emma", PAI)
    return ("emma", GrantLoan(loan_id)), ("hamit", GrantLoan(loan_id))


@refused(Code.NOT_COMMITTEE, "where there is none")
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", PAI)
    return ("hamit", GrantLoan(loan_id)), None


@refused(Code.GUARANTEE_MISSING)
def _(world: World) -> tuple[Case, Case | None]:
    world.appoint("hamit")
    world.spend("galina")
    loan_id = world.ask("emma", PAI, guarantor="farid", pledge=PAI)
    return ("hamit", GrantLoan(loan_id)), None


@refused(Code.GRANTS_EXHAUSTED)
def _(world: World) -> tuple[Case, Case | None]:
    """2,000 pai saved: 1,600 can be lent."""
    world.vote(committee_28_bp=1_000)
    world.appoint("hamit")
    world.lend("emma", 1_599 * PAI)
    world.spend("emma")
    large, right = world.ask("galina", PAI + 1), world.ask("galina", PAI)
    return ("hamit", GrantLoan(large)), ("hamit", GrantLoan(right))


@refused(Code.COMMITTEE_SPENT)
def _(world: World) -> tuple[Case, Case | None]:
    """30 pai are owed in all: 5 % of them in 28 periods."""
    world.appoint("hamit")
    world.spend("galina")
    world.do("hamit", GrantLoan(world.ask("emma", PAI)))
    with pytest.raises(Invalid):
        world.do("hamit", GrantLoan(world.ask("emma", PAI)))
    loan_id = world.ask("emma", PAI)
    world.wait(28)  # forgotten meanwhile, and asked again
    good = world.ask("emma", PAI)
    assert world.get_loan(loan_id) is None
    return ("hamit", GrantLoan(world.ask("emma", 2 * PAI))), ("hamit", GrantLoan(good))


@refused(Code.MEMBER_SPENT)
def _(world: World) -> tuple[Case, Case | None]:
    world.vote(committee_member_bases=1, committee_28_bp=1_000)
    world.appoint("hamit")
    world.lend("farm", 1_200 * PAI, term=20)  # by vote: it does not count
    world.do("farm", Pay(GALINA, 5_000 * PAI + 1_200 * PAI, ""))
    world.vote(base=100 * PAI)
    world.do("hamit", GrantLoan(world.ask("emma", 99 * PAI)))
    large, right = world.ask("emma", PAI + 1), world.ask("emma", PAI)
    return ("hamit", GrantLoan(large)), ("hamit", GrantLoan(right))


@refused(Code.NOT_YOUR_LOAN)
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.ask("emma", 100 * PAI, guarantor="farid", pledge=PAI)
    return ("galina", DropLoan(loan_id)), ("farid", DropLoan(loan_id))


@refused(Code.NOT_YOUR_LOAN, "to return")
def _(world: World) -> tuple[Case, Case | None]:
    loan_id = world.lend("emma", 100 * PAI)
    return ("galina", ReturnLoan(loan_id)), ("emma", ReturnLoan(loan_id))


@refused(Code.LOAN_IN_USE)
def _(world: World) -> tuple[Case, Case | None]:
    first, second = world.lend("emma", 100 * PAI), world.lend("emma", 50 * PAI)
    world.pay("emma", "stranger", 130 * PAI)
    return ("emma", ReturnLoan(first)), ("emma", ReturnLoan(second))


@refused(Code.UNKNOWN_CLAIM)
def _(world: World) -> tuple[Case, Case | None]:
    fail_to_pay(world, pledge=40 * PAI, deposit=0)
    world.wait(GRACE)
    world.pay("galina", "emma", 200 * PAI)
    return ("emma", PayClaim(GALINA, 1)), ("emma", PayClaim(FARID, 1))


@refused(Code.CLAIM_TOO_LITTLE)
def _(world: World) -> tuple[Case, Case | None]:
    fail_to_pay(world, pledge=40 * PAI, deposit=0)
    world.wait(GRACE)
    world.pay("galina", "emma", 200 * PAI)
    return ("emma", PayClaim(FARID, 40 * PAI + 1)), ("emma", PayClaim(FARID, 40 * PAI))


@pytest.mark.parametrize("label", REFUSALS)
def test_refused_and_its_neighbour(label: str) -> None:
    code, make = REFUSALS[label]
    world = build_rich()
    (owner, bad), good = make(world)
    before = read_rows(world)
    with pytest.raises(Invalid) as caught:
        world.do(owner, bad)
    assert caught.value.code is code
    assert read_rows(world) == before
    if good is not None:
        world.do(*good)


def read_rows(world: World) -> dict[tuple[bytes, bytes], object]:
    """All rows but the tip, which every block moves."""
    return {
        (prefix, key): row
        for prefix, rows in world.state._tables.items()
        if prefix != b"h"
        for key, row in rows._rows.items()
        if row is not None
    }


def test_too_many_loans_on_one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loan_terms, "DUE_MAX", 2)
    world = build_rich()
    world.lend("emma", PAI, term=10)
    world.lend("emma", PAI, term=10)
    with pytest.raises(Invalid) as caught:
        world.ask("galina", PAI)  # two that were asked for today wait to be forgotten
    assert caught.value.code is Code.LOAN_DAY_FULL
    world.wait()
    third, fourth = world.ask("galina", PAI, term=9), world.ask("galina", PAI, term=10)
    with pytest.raises(Invalid) as caught:
        world.grant(third)
    assert caught.value.code is Code.LOAN_DAY_FULL
    world.grant(fourth)


def test_brake_and_votes_are_refused_with_their_codes() -> None:
    world = build_rich()
    cases: list[tuple[Code, Callable[..., object], tuple[object, ...]]] = [
        (Code.WRITE_OFF_TOO_MUCH, write_off, (EMMA, 1)),
        (Code.WRITE_OFF_TOO_MUCH, write_off, (GALINA, 0)),
        (Code.UNKNOWN_ACCOUNT, write_off, (get_id("nobody"), 1)),
        (Code.UNKNOWN_COMMITTEE, lambda s, _c, a: set_committee(s, a), (get_id("nobody"),)),
    ]
    for code, rule, arguments in cases:
        with pytest.raises(Invalid) as caught:
            world.call(rule, *arguments)
        assert caught.value.code is code
    world.spend("emma")
    world.fill_reserve(10 * PAI)
    with pytest.raises(Invalid):
        world.call(write_off, EMMA, 10 * PAI + 1)  # more than the reserve holds
    world.fill_reserve(90 * PAI)
    with pytest.raises(Invalid):
        world.call(write_off, EMMA, TENTH + 1)  # more than is owed
    world.call(write_off, EMMA, TENTH)


REFUSED = {
    *(code for code, _ in REFUSALS.values() if 310 <= code < 350),
    Code.LOAN_DAY_FULL,
    Code.CREDIT_BRAKED,
    Code.WRITE_OFF_TOO_MUCH,
    Code.UNKNOWN_COMMITTEE,
}


def test_every_code_of_credit_is_refused_here() -> None:
    assert {code for code in Code if 310 <= code < 350} == REFUSED
