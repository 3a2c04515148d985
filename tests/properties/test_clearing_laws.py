"""Whatever is owed and lent, and whatever a producer puts into a block: nobody is charged more.

Invariants, for arbitrary orders of what people do and arbitrary certificates, malicious ones too:
nobody owes or is owed more by a set-off, nobody's net position changes but by what he lends or
gets, nobody pays more than he lent, money is conserved, and what clears is the most that can be.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.actions import AcceptInvoice, LendLiquidity, OfferInvoice, PayInvoice, WriteDown
from chain.errors import Invalid
from chain.facts import LiquidityFreed, LiquidityGot, LiquidityHeld
from chain.records import ClearingCertificate
from chain.rules.clearing import get_entered
from chain.rules.clearing_window import list_entered
from chain.rules.shelves import get_book, list_pages
from chain.setoff import pack_certificate
from chain.tables import CURRENT, Obligation
from node.exchange.setoff_solver import solve
from tests.community import PAI, get_account_id
from tests.exchange_world import WINDOW, ExchangeWorld

NAMES = ("emma", "farid", "galina", "hamit", "ann")
ID = {name: get_account_id(name) for name in NAMES}
NAME_OF = {account: name for name, account in ID.items()}

AMOUNTS = st.integers(1, 60 * PAI)
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(
    lambda pair: pair[0] != pair[1]
)
DEBTS = st.lists(st.tuples(PAIRS, AMOUNTS, st.booleans()), min_size=1, max_size=14)
LOANS = st.dictionaries(st.sampled_from(NAMES), st.integers(PAI, 200 * PAI), max_size=4)
# Where a malicious producer changes his certificate: the part, the place, the bit.
FORGERIES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 7)), max_size=3
)


def build_world(
    debts: list[tuple[tuple[str, str], int, bool]], loans: dict[str, int]
) -> ExchangeWorld:
    """Everybody's offers in one block, what is accepted in the next; then what is lent."""
    world = ExchangeWorld()
    offers: dict[str, list[OfferInvoice]] = {}
    for (debtor, creditor), amount, clears in debts:
        offer = OfferInvoice(ID[debtor], amount, 9, "", None, clears)
        offers.setdefault(creditor, []).append(offer)
    world.extend(world.sign(name, *some, fee_max=PAI) for name, some in offers.items())
    accepts: dict[str, list[AcceptInvoice]] = {}
    for item in list_all(world):
        accept = AcceptInvoice(item.number, item.creditor, item.amount, clearable=True)
        accepts.setdefault(NAME_OF[item.debtor], []).append(accept)
    world.extend(world.sign(name, *some, fee_max=PAI) for name, some in accepts.items())
    world.extend(world.sign(name, LendLiquidity(amount)) for name, amount in loans.items())
    world.open_window()
    return world


def list_all(world: ExchangeWorld) -> list[Obligation]:
    state = world.ledger.state
    return [item for _, some in list_pages(state, get_book(state).made) for item in some]


def sum_net(items: list[Obligation]) -> dict[bytes, int]:
    """What each account is owed, net."""
    net = dict.fromkeys(ID.values(), 0)
    for item in items:
        net[item.creditor] += item.remaining
        net[item.debtor] -= item.remaining
    return net


def count_money(world: ExchangeWorld) -> int:
    """All settlement, what is put aside included; and all that lies in common funds."""
    state = world.ledger.state
    money = state.money.require(CURRENT)
    names = [*NAMES, "boris", "clara", "daniil"]
    funds: int = sum(
        getattr(money, name)
        for name in ("pot", "reserve", "social", "operators", "active", "municipality", "claims")
    )
    aside = sum(item.escrow for item in world.window.lenders)
    held: int = sum(world.get_balances(names)) + funds + aside
    return held + money.burned


def forge(
    certificate: ClearingCertificate, forgeries: list[tuple[int, int, int]]
) -> ClearingCertificate:
    parts = [
        bytearray(data)
        for data in (certificate.potentials, certificate.codes, certificate.partials)
    ]
    for part, place, bit in forgeries:
        if parts[part]:
            parts[part][place % len(parts[part])] ^= 1 << bit
    potentials, codes, partials = map(bytes, parts)
    return ClearingCertificate(certificate.interval, potentials, codes, partials)


@settings(max_examples=40, deadline=None)
@given(debts=DEBTS, loans=LOANS, forgeries=FORGERIES)
def test_nobody_is_charged_beyond_what_he_has_signed(
    debts: list[tuple[tuple[str, str], int, bool]],
    loans: dict[str, int],
    forgeries: list[tuple[int, int, int]],
) -> None:
    world = build_world(debts, loans)
    if not world.window.open:
        assert not any(clears for _, _, clears in debts)
        return
    money, before = count_money(world), list_all(world)
    escrows = {item.account: item.escrow for item in world.window.lenders}
    assert all(escrows[ID[name]] <= amount for name, amount in loans.items() if ID[name] in escrows)
    _, entered = get_entered(world.ledger.state)
    flows, potentials = solve(entered.graph)
    best = pack_certificate(world.window.interval, entered.graph, flows, potentials)
    chosen = forge(best, forgeries)
    root = world.ledger.root
    try:
        world.clear(chosen)
    except Invalid:
        assert world.ledger.root == root
        assert chosen != best
        world.clear(best)
    after = {item.number: item for item in list_all(world)}
    for item in before:
        left = after.get(item.number)
        remaining = left.remaining if left else 0
        assert 0 <= remaining <= item.remaining
        assert item.ready_slot >= 0 or remaining == item.remaining
        assert left is None or left == replace(item, remaining=remaining)
    lent = {fact.account: fact.lent for fact in world.facts if isinstance(fact, LiquidityFreed)}
    got = {fact.account: fact.amount for fact in world.facts if isinstance(fact, LiquidityGot)}
    assert sum(lent.values()) == sum(got.values())
    assert all(amount <= escrows[account] for account, amount in lent.items())
    net, net_after = sum_net(before), sum_net(list(after.values()))
    for account in ID.values():
        moved = net_after[account] - net[account]
        assert moved == lent.get(account, 0) - got.get(account, 0)
    assert count_money(world) == money
    cleared = sum(item.remaining for item in before) - sum(i.remaining for i in after.values())
    assert cleared == sum(flows[: entered.graph.debts].tolist())


def act(world: ExchangeWorld, move: int | None) -> None:
    """A block in which something is tried with one obligation, or nothing."""
    items = list_all(world)
    if move is None or not items:
        world.wait(1)
        return
    item = items[move % len(items)]
    if move % 2:
        world.do(NAME_OF[item.creditor], WriteDown(item.number, item.debtor, 1))
    else:
        world.do(NAME_OF[item.debtor], PayInvoice(item.number, item.creditor, 1))


@settings(max_examples=15, deadline=None)
@given(debts=DEBTS, loans=LOANS, moves=st.lists(st.integers(0, 30), max_size=6))
def test_a_window_without_a_set_off_changes_nothing(
    debts: list[tuple[tuple[str, str], int, bool]], loans: dict[str, int], moves: list[int]
) -> None:
    """Whatever is tried inside it: what entered stays, and what was put aside comes back."""
    world = build_world(debts, loans)
    held = sum(item.escrow for item in world.window.lenders)
    entered = list_entered(world.ledger.state, world.window) if world.window.open else []
    money = count_money(world)
    freed = 0
    for move in (*moves, *[None] * (WINDOW + 1)):
        try:
            act(world, move)
        except Invalid:
            continue
        assert not any(isinstance(fact, LiquidityHeld) for fact in world.facts)
        freed += sum(
            fact.amount + fact.charge for fact in world.facts if isinstance(fact, LiquidityFreed)
        )
        if world.window.open:
            assert list_entered(world.ledger.state, world.window) == entered
    assert freed == held
    assert not world.window.open
    assert count_money(world) == money
    assert sum(item.escrow for item in world.window.lenders) == 0
