"""Refusals of the assembly: who may vote, on what, and what may be put to the vote."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from chain.actions import (
    Action,
    AdmitAuthority,
    CastVote,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    Measure,
    Propose,
    Resolve,
    RetireAuthority,
    SetCommittee,
    SpendFund,
    WriteOff,
)
from chain.errors import Code
from chain.parameters import RewardShares, Sinks
from chain.rules.measures import compute_digest
from chain.tables import AUTHORITIES_MAX
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from tests.identity_world import build_authority, wait, with_authorities
from tests.unit.test_votes import FEE, WORDS, propose, with_funds
from tests.unit.test_votes_credit import LOAN, open_with_debt, open_with_loan
from tests.vectors.invalid.scenes import Vector, look_at, refuse, sign_as

EMMA, HAMIT = get_account_id("emma"), get_account_id("hamit")
REGISTRY = get_account_id("registry")

Attempt = tuple[str, Action]
Made = tuple[Community, Attempt, Attempt | None]
CASES: dict[str, tuple[Code, Callable[[], Made]]] = {}


def refused(code: Code, name: str = "") -> Callable[[Callable[[], Made]], None]:
    """Register a case: the community, what is refused there, and what like it passes."""

    def note(make: Callable[[], Made]) -> None:
        CASES[f"{code.name} {name}".strip()] = code, make

    return note


def build_decisions() -> Iterator[Vector]:
    """All cases of this chapter."""
    for name, (code, make) in CASES.items():
        community, bad, good = make()
        scene = look_at(community)
        accepted = None if good is None else sign_as(scene, *good)
        yield refuse(name, code, scene, sign_as(scene, *bad), accepted)


def open_vote(*strangers: str) -> Community:
    """A question is open, which Emma has filed."""
    community = Community(build_genesis(strangers=strangers))
    propose(community, WORDS)
    return community


def cast(number: int, words: Resolve = WORDS) -> CastVote:
    return CastVote(number, compute_digest(words), yes=True)


@refused(Code.NOT_AN_ELECTOR, "votes")
def _() -> Made:
    return open_vote("stranger"), ("stranger", cast(0)), ("farid", cast(0))


@refused(Code.NOT_AN_ELECTOR, "files")
def _() -> Made:
    return open_vote("stranger"), ("stranger", Propose(WORDS)), ("farid", Propose(WORDS))


@refused(Code.NOT_AN_ELECTOR, "on who identified him")
def _() -> Made:
    community = Community()
    propose(community, RetireAuthority(REGISTRY))
    digest = compute_digest(RetireAuthority(REGISTRY))
    return community, ("farid", CastVote(0, digest, yes=False)), None


@refused(Code.UNKNOWN_PROPOSAL)
def _() -> Made:
    return open_vote(), ("farid", cast(1)), ("farid", cast(0))


@refused(Code.VOTE_CLOSED)
def _() -> Made:
    community = Community()
    grave = ChangeSinks(Sinks(3_000, 2_000, 2_500, 2_500, 0, 0))
    propose(community, grave)
    vote = CastVote(0, compute_digest(grave), yes=True)
    names = ("ann", "boris", "clara", "daniil", "emma", "farid")
    community.extend([community.sign(name, vote) for name in names])
    wait(community, 3)
    return community, ("galina", vote), ("galina", Propose(WORDS))


@refused(Code.OTHER_MEASURE)
def _() -> Made:
    other = Resolve("The well stays as it is.")
    return open_vote(), ("farid", cast(0, other)), ("farid", cast(0))


@refused(Code.TOO_MANY_PROPOSALS)
def _() -> Made:
    community = Community()
    for number in range(3):
        propose(community, Resolve(f"{number}"))
    return community, ("emma", Propose(WORDS)), ("farid", Propose(WORDS))


MEASURES = (
    (Code.UNKNOWN_FIGURE, "not one number", ChangeFigure("sinks", 1), FEE),
    (Code.UNKNOWN_FIGURE, "a constant", ChangeFigure("slot_seconds", 1), FEE),
    (
        Code.FIGURE_OUT_OF_BOUNDS, "a parameter",
        ChangeFigure("free_units", 1_001), ChangeFigure("free_units", 400),
    ),
    (
        Code.FIGURE_OUT_OF_BOUNDS, "too little for the reserve",
        ChangeSinks(Sinks(1_999, 8_001, 0, 0, 0, 0)), ChangeSinks(Sinks(2_000, 8_000, 0, 0, 0, 0)),
    ),
    (
        Code.FIGURE_OUT_OF_BOUNDS, "more than the whole",
        ChangeSinks(Sinks(2_000, 8_001, 0, 0, 0, 0)), ChangeSinks(Sinks(2_000, 8_000, 0, 0, 0, 0)),
    ),
    (
        Code.FIGURE_OUT_OF_BOUNDS, "rewards that are not the whole",
        ChangeRewards(RewardShares(9_999, 0, 0, 0)), ChangeRewards(RewardShares(10_000, 0, 0, 0)),
    ),
    (Code.FIGURE_OUT_OF_BOUNDS, "melting too fast", ChangeDemurrage(2**63), FEE),
    (
        Code.STEP_TOO_LARGE, "more than double",
        ChangeFigure("free_units", 401), ChangeFigure("free_units", 400),
    ),
    (
        Code.STEP_TOO_LARGE, "less than half",
        ChangeFigure("free_units", 99), ChangeFigure("free_units", 100),
    ),
    (Code.STEP_TOO_LARGE, "no demurrage at once", ChangeDemurrage(None), FEE),
    (
        Code.UNKNOWN_FUND, "",
        SpendFund("operators", HAMIT, PAI, ""), SpendFund("social", HAMIT, PAI, ""),
    ),
    (
        Code.FUND_RATE_EXCEEDED, "in one go",
        SpendFund("social", HAMIT, 201 * PAI, ""), SpendFund("social", HAMIT, 200 * PAI, ""),
    ),
    (
        Code.UNKNOWN_AUTHORITY, "",
        RetireAuthority(EMMA), RetireAuthority(REGISTRY),
    ),
    (
        Code.AUTHORITY_EXISTS, "",
        AdmitAuthority(REGISTRY, "R", "RU", 0), AdmitAuthority(HAMIT, "R", "RU", 0),
    ),
    (Code.UNKNOWN_COMMITTEE, "", SetCommittee(bytes(32)), SetCommittee(HAMIT)),
)  # fmt: skip
for _code, _name, _bad, _good in MEASURES:

    @refused(_code, _name)
    def _(bad: Measure = _bad, good: Measure = _good) -> Made:
        constants = replace(CONSTANTS, fund_rate_bp=2_000)
        community = Community(replace(with_funds(social=1_000 * PAI), constants=constants))
        return community, ("emma", Propose(bad)), ("emma", Propose(good))


@refused(Code.STEP_TOO_LARGE, "in small steps")
def _() -> Made:
    community = Community()
    state = community.ledger.state
    measure = ChangeFigure("free_units", 400)
    propose(community, measure)
    vote = CastVote(0, compute_digest(measure), yes=True)
    names = ("ann", "boris", "clara", "daniil", "emma", "farid")
    community.extend([community.sign(name, vote) for name in names])
    wait(community, 5)
    assert state.rules.require(b"current").parameters.free_units == 400
    bad, good = ChangeFigure("free_units", 450), ChangeFigure("free_units", 300)
    return community, ("emma", Propose(bad)), ("emma", Propose(good))


@refused(Code.TOO_MANY_AUTHORITIES)
def _() -> Made:
    others = [build_authority(f"office{number}") for number in range(AUTHORITIES_MAX - 1)]
    community = Community(with_authorities(build_genesis(), *others))
    bad, good = AdmitAuthority(HAMIT, "R", "RU", 0), AdmitAuthority(HAMIT, "R", "RU", 1)
    return community, ("emma", Propose(bad)), ("emma", Propose(good))


@refused(Code.UNKNOWN_LOAN, "of another amount")
def _() -> Made:
    other = replace(LOAN, amount=LOAN.amount + 1)
    return open_with_loan(), ("farid", Propose(other)), ("farid", Propose(LOAN))


@refused(Code.GUARANTEE_MISSING, "of a loan by vote")
def _() -> Made:
    return open_with_loan(guarantor="hamit"), ("farid", Propose(LOAN)), None


@refused(Code.WRITE_OFF_TOO_MUCH)
def _() -> Made:
    community, owed = open_with_debt()
    bad, good = WriteOff(EMMA, owed + 1), WriteOff(EMMA, owed)
    return community, ("farid", Propose(bad)), ("farid", Propose(good))
