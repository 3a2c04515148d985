"""The small checks: silent on an honest chain however odd, and loud at the very row that lies."""

import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from msgspec.structs import replace

from chain.actions import Action, Bond, Pay, Prolong, RegisterSeat, Save, Unbond, Withdraw
from chain.block import SealedBlock
from chain.codec import Record
from chain.errors import Invalid
from chain.genesis import GenesisDeposit
from chain.header import PRIMARY, SECONDARY
from chain.parameters import KeepSegment
from chain.rules.settlement import compute_decayed
from chain.store import MemoryStore
from chain.tables import (
    CURRENT,
    MONEY,
    SAVINGS,
    Account,
    Attestation,
    Money,
    Person,
    Savings,
    Seat,
    SetEntry,
)
from chain.transaction import SealedTransaction
from node.audit.books import Books
from node.audit.checks import find_all
from node.audit.checks_chain import find_double_blocks, find_wrong_author
from node.audit.evidence import Evidence, select
from node.audit.findings import Check
from node.audit.melting import decay, get_power, sum_over_slots
from node.audit.replay import Step, Walk
from node.audit.run import Audit, Trust
from node.audit.source import Source
from tests.community import (
    CONSTANTS,
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    with_parameters,
)

NAMES = ("ann", "boris", "emma", "farid", "galina", "hamit", "zoe")
EMMA = get_account_id("emma")


def choose_action(community: Community, rng: random.Random, name: str) -> Action | None:
    """Something this account can do now, of every kind that moves money."""
    state = community.ledger.state
    account = state.accounts.require(get_account_id(name))
    savings = state.savings.get(get_account_id(name))
    free = [item for item in savings.deposits if item.seat_bond == 0] if savings else []
    match rng.randrange(8):
        case 0 | 1 | 2 | 3:
            to = rng.choice([other for other in (*NAMES, "yuri") if other != name])
            return Pay(get_account_id(to), PAI + rng.randrange(3 * PAI), "")
        case 4 if account.settlement > 50 * PAI:
            return Save(PAI + rng.randrange(20 * PAI), rng.choice((3, 4, 9)))
        case 5 if free:
            return Prolong(rng.choice(free).id, rng.choice((0, 3, 5)))
        case 6 if free:
            item = rng.choice(free)
            return Withdraw(item.id, rng.randrange(1, item.amount + 1))
        case 7 if free and state.seats.get(get_account_id(name)):
            item = rng.choice(free)
            return Bond(item.id, rng.randrange(1, item.amount + 1))
        case _:
            return None


def live(community: Community, seed: int, blocks: int) -> None:
    """A village's life with pauses. Whatever the ledger refuses is left out of the chain."""
    rng = random.Random(seed)
    farid = get_account_id("farid")
    first = community.ledger.state.accounts.require(farid).deposits_made
    seat = RegisterSeat(build_seat_keys("farid", chain=community.chain))
    community.extend([community.sign("farid", seat, Save(30 * PAI, 3), Bond(first, 10 * PAI))])
    for number in range(blocks):
        transactions: list[SealedTransaction] = []
        for name in rng.sample(NAMES, 3):
            action = choose_action(community, rng, name)
            if action is not None:
                transactions.append(community.sign(name, action, fee_max=PAI, valid_for=290))
        if number == blocks // 2:
            unbond = Unbond(first + 1)
            transactions = [community.sign("farid", unbond, fee_max=PAI, valid_for=290)]
        pause = rng.choice((1, 1, 1, 2, 5, 33, 150 if number % 9 == 0 else 1))
        extend_or_leave(community, transactions, pause)


def extend_or_leave(
    community: Community, transactions: list[SealedTransaction], pause: int
) -> None:
    try:
        community.extend(transactions, after=pause)
    except Invalid:
        community.extend(after=pause)


def audit(community: Community) -> Audit:
    raw = (block.whole_bytes for block in community.ledger.get_blocks())
    source = Source("test", community.genesis, raw, None, None, None)
    result = Audit(source, Trust(), clock=2e9)
    for _ in result.run(MemoryStore()):
        pass
    return result


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_life_is_clean(seed: int) -> None:
    genesis = build_genesis(
        strangers=("zoe",),
        deposits=(GenesisDeposit(7 * PAI, 5), GenesisDeposit(3 * PAI, 3)),
        keep_schedule=(
            KeepSegment(0, 18353810417327686785),
            KeepSegment(61, None),
            KeepSegment(100, 18384736164350630391),
        ),
    )
    community = Community(genesis=genesis)
    live(community, seed, 120)
    result = audit(community)
    assert result.findings == []
    assert result.history is not None
    assert any(purse.roundings > 40 for purse in result.history.books.purses.values())
    figures = result.history.periods
    assert sum(item.payments for item in figures) > 50
    assert all(
        sum(getattr(item, name) for item in figures) > 0
        for name in ("saved", "withdrawn", "matured", "early_returns", "demurrage", "fees")
    )
    assert result.evidence is not None
    deposits = [item for _, row in select(result.evidence.rows, SAVINGS) for item in row.deposits]
    assert any(item.renew_steps or item.since_step for item in deposits)


def test_burning_sinks_are_followed() -> None:
    genesis = build_genesis()
    sinks = replace(genesis.parameters.sinks, active=0, burn=2_500)
    community = Community(genesis=with_parameters(genesis, sinks=sinks))
    live(community, 1, 30)
    result = audit(community)
    assert result.findings == []
    assert result.evidence is not None
    assert result.evidence.money.burned > 0


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    community = Community(genesis=build_genesis(strangers=("zoe",)))
    live(community, 7, 40)
    found = audit(community).evidence
    assert found is not None
    assert find_all(found) == []
    return found


def alter(evidence: Evidence, key: bytes, change: Callable[[Record], Record | None]) -> Evidence:
    rows = dict(evidence.rows)
    altered = change(rows[key])
    if altered is None:
        del rows[key]
    else:
        rows[key] = altered
    return evidence._replace(rows=rows)


def get_checks(evidence: Evidence) -> set[Check]:
    return {finding.check for finding in find_all(evidence)}


def change_account(**changes: object) -> Callable[[Record], Record]:
    def change(row: Record) -> Record:
        assert isinstance(row, Account)
        return replace(row, **changes)

    return change


def add_micropai(row: Record) -> Record:
    assert isinstance(row, Account)
    return replace(row, settlement=row.settlement + 1)


def take_much(row: Record) -> Record:
    assert isinstance(row, Account)
    return replace(row, settlement=row.settlement - 1_000)


def change_money(**changes: int) -> Callable[[Record], Record]:
    def change(row: Record) -> Record:
        assert isinstance(row, Money)
        return replace(row, **{name: getattr(row, name) + by for name, by in changes.items()})

    return change


def lengthen(row: Record) -> Record:
    assert isinstance(row, Savings)
    first = row.deposits[0]
    return Savings((replace(first, until_step=first.until_step + 1_000), *row.deposits[1:]))


def raise_bond(row: Record) -> Record:
    assert isinstance(row, Seat)
    return replace(row, bond=row.bond + 1)


def outlive(row: Record) -> Record:
    assert isinstance(row, Attestation)
    return replace(row, until_slot=row.until_slot + 1)


def adopt(row: Record) -> Record:
    assert isinstance(row, Person)
    return replace(row, account=get_account_id("zoe"))


def revoke(row: Record) -> Record:
    assert isinstance(row, Attestation)
    return replace(row, revoked_slot=1)


def find_key(evidence: Evidence, prefix: bytes, part: bytes = b"") -> bytes:
    return next(key for key in sorted(evidence.rows) if key[:1] == prefix and part in key)


PLANTED = [
    ("a", EMMA, add_micropai, {Check.CONSERVATION}),  # a rounding might have done it
    ("a", EMMA, take_much, {Check.CONSERVATION, Check.DEMURRAGE}),
    (
        "a", EMMA, change_account(settlement=-1),
        {Check.CONSERVATION, Check.DEMURRAGE, Check.BALANCES},
    ),
    ("a", EMMA, change_account(sequence=99), {Check.SEQUENCES}),
    ("a", EMMA, change_account(person=None), {Check.IDENTITY}),
    (
        "a", EMMA, lambda _row: None,
        {Check.CONSERVATION, Check.DEMURRAGE, Check.SUPPLY, Check.IDENTITY},
    ),
    ("m", CURRENT, change_money(reserve=1), {Check.CONSERVATION, Check.FUNDS}),
    ("m", CURRENT, change_money(reserve=1, social=-1), {Check.FUNDS}),
    ("m", CURRENT, change_money(issued=5, reserve=5), {Check.SUPPLY, Check.FUNDS}),
    ("m", CURRENT, change_money(burned=5, social=-5), {Check.SUPPLY, Check.FUNDS}),
    ("m", CURRENT, change_money(accounts=1), {Check.SUPPLY}),
    ("m", CURRENT, change_money(pot=-10**12, social=10**12), {Check.FUNDS, Check.BALANCES}),
    ("d", get_account_id("ann"), lengthen, {Check.SAVINGS}),
    (
        "d", get_account_id("ann"), lambda _row: None,
        {Check.SAVINGS, Check.CONSERVATION, Check.BONDS},
    ),
    ("s", get_account_id("ann"), raise_bond, {Check.BONDS}),
    ("t", EMMA, outlive, {Check.IDENTITY}),
    ("p", b"", adopt, {Check.IDENTITY}),
    ("t", EMMA, revoke, {Check.IDENTITY}),
    ("u", b"", lambda _row: None, {Check.IDENTITY}),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(PLANTED)))
def test_a_planted_row_is_found(evidence: Evidence, number: int) -> None:
    prefix, part, change, expected = PLANTED[number]
    key = find_key(evidence, prefix.encode(), part)
    planted = alter(evidence, key, change)
    # Whatever is changed, the rows no longer hash to the root that the head names.
    assert get_checks(planted) == expected | {Check.MERKLE_ROOT}


def test_a_row_of_money_says_by_how_much(evidence: Evidence) -> None:
    planted = alter(evidence, MONEY.prefix + CURRENT, change_money(operators=2_500_000))
    (found,) = (item for item in find_all(planted) if item.check is Check.FUNDS)
    assert found.expected is not None
    assert found.found is not None
    assert Decimal(found.found) - Decimal(found.expected) == Decimal("2.5")


def test_a_chain_that_runs_ahead_of_the_clock_is_found(evidence: Evidence) -> None:
    assert get_checks(evidence._replace(clock_slot=evidence.slot)) == set()
    assert get_checks(evidence._replace(clock_slot=evidence.slot - 2)) == {Check.TIME}
    assert get_checks(evidence._replace(clock_slot=None)) == set()


def walk_blocks(community: Community) -> list[Step]:
    walk = Walk(community.genesis)
    return [walk.follow(block.whole_bytes) for block in community.ledger.get_blocks()]


def set_header(step: Step, **changes: object) -> Step:
    header = replace(step.block.header, **changes)
    block = SealedBlock(
        replace(step.block.block, header=header),
        step.block.whole_bytes,
        step.block.header_bytes,
        step.block.hash,
        step.block.transactions,
    )
    return step._replace(block=block)


def test_authors_are_drawn_again() -> None:
    community = Community()
    for number in range(40):
        community.extend(after=1 if number % 5 else 9)
    steps = walk_blocks(community)
    assert {step.block.header.kind for step in steps} == {PRIMARY, SECONDARY}
    assert [finding for step in steps for finding in find_wrong_author(step)] == []
    losers = 0
    for step in steps:
        if step.block.header.kind == SECONDARY:
            claimed = set_header(step, rank=step.block.header.rank + 1)
            assert len(list(find_wrong_author(claimed))) == 1
            losers += len(list(find_wrong_author(set_header(step, kind=PRIMARY, rank=0))))
        stranger = set_header(step, seat=get_account_id("zoe"))
        assert [item.check for item in find_wrong_author(stranger)] == [Check.AUTHORS]
    assert losers > 0  # whoever was secondary had not won the draw


def test_a_seat_without_weight_never_wins() -> None:
    community = Community()
    for _ in range(10):
        community.extend()
    for step in walk_blocks(community):
        if step.block.header.kind == PRIMARY:
            weights = tuple(
                SetEntry(item.seat, item.vote_key, item.standby_key, item.vrf_key,
                         0 if item.seat == step.block.header.seat else item.weight)
                for item in step.entries
            )  # fmt: skip
            assert len(list(find_wrong_author(step._replace(entries=weights)))) == 1


def test_double_blocks_are_paired() -> None:
    community = Community()
    first = community.extend()
    second = community.extend()
    headers = [(item.hash, item.header) for item in (first, second)]
    assert list(find_double_blocks([*headers, *headers])) == []
    twin = (bytes(32), first.header)
    (found,) = find_double_blocks([*headers, twin])
    assert (found.seat, found.height) == (first.header.seat.hex(), 1)


# The second bookkeeping by itself.


def test_powers_are_exact_to_fifty_digits() -> None:
    keep = 18353810417327686785
    for steps in (0, 1, 2, 4, 365, 100_000):
        exact = Fraction(keep, 2**64) ** min(steps, 400)
        got = Fraction(get_power(keep, min(steps, 400)))
        assert abs(got / exact - 1) < Fraction(1, 10**48)
    assert get_power(None, 10**9) == 1


@pytest.mark.parametrize(
    ("start", "stop", "steps"), [(0, 1, 5), (3, 4, 5), (3, 5, 5), (3, 17, 5), (0, 1_000, 7)]
)
def test_the_series_is_the_sum_slot_by_slot(start: int, stop: int, steps: int) -> None:
    factor = Decimal("0.99")
    expected = sum(factor ** (slot // steps - start // steps) for slot in range(start, stop))
    assert abs(sum_over_slots(start, stop, steps, factor) - expected) < Decimal("1e-20")
    assert sum_over_slots(start, stop, steps, Decimal(1)) == stop - start


def test_the_ledger_holds_less_than_the_books_by_its_floors_alone() -> None:
    schedule = build_genesis().keep_schedule
    rng = random.Random(3)
    for _ in range(200):
        balance, steps = rng.randrange(2**63), rng.randrange(1, 5_000)
        exact = decay(Decimal(balance), schedule, 0, steps)
        assert 0 <= exact - compute_decayed(balance, schedule, 0, steps) < 2


def test_quiet_periods_are_passed_in_one_stride() -> None:
    genesis = build_genesis()
    books, again = Books(genesis), Books(genesis)
    books.close(10_000 * CONSTANTS.slots_per_period + 3)
    for slot in range(0, 10_000 * CONSTANTS.slots_per_period + 3, 1_997):
        again.follow(slot, genesis.keep_schedule, (), [], [])
    again.close(10_000 * CONSTANTS.slots_per_period + 3)
    assert len(books.settlement_slots) < 5
    difference = books.settlement_slots_whole - again.settlement_slots_whole
    assert abs(difference) < Decimal("1e-20")
    assert books.total < Decimal(1)  # two hundred years of days at two in a hundred each
