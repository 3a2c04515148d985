"""A community with credit for tests: rules applied to rows at once, no blocks between.

Periods pass by ``wait``. Payments go through the same rules as in blocks; signatures, units and
fees are left out. Every step keeps the promises of the ledger.
"""

from collections.abc import Callable
from typing import cast

from msgspec.structs import replace

from chain.actions import Action, AskLoan, Attest, Guarantee, Instalment, Pay, Revoke, Save
from chain.changes import Changes
from chain.codec import Record
from chain.credit_invariants import check_floors
from chain.crypto import u64
from chain.errors import Invalid
from chain.facts import Fact
from chain.genesis import Genesis, compute_chain_id
from chain.header import SECONDARY
from chain.invariants import check_invariants
from chain.parameters import KeepSegment
from chain.policy import AccountId
from chain.rules.attestations import apply_attest, apply_revoke
from chain.rules.birth import apply_genesis
from chain.rules.context import Author, Context
from chain.rules.credit_days import get_credit, get_day, process_credit_days
from chain.rules.debts import get_debts
from chain.rules.loan_terms import process_loans
from chain.rules.loans import grant_loan, set_committee
from chain.rules.market_ends import process_market_ends
from chain.rules.payments import get_spending_floor
from chain.rules.settlement import touch
from chain.rules.transactions import _PLAIN
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    CREDIT_DAYS,
    CURRENT,
    DEALINGS,
    DEBTS,
    DELIVERIES,
    LISTINGS,
    LOANS,
    SAVINGS,
    STANDINGS,
    TRADERS,
    Account,
    Credit,
    CreditDay,
    Debts,
    Deposit,
    Loan,
)
from chain.tables.table import RowT
from chain.transition import get_context, process_closing
from tests.community import CONSTANTS, PAI, PARAMETERS, build_genesis, get_account_id

BASE = 300 * PAI
TENTH = BASE // 10
PAIR_CAP = BASE // 5
NAMES = ("emma", "farid", "galina", "hamit", "ivan", "julia", "karim", "lida", "marat", "nina")
_PREFIXES: dict[type[Record], bytes] = {
    table.row_type: table.prefix
    for table in (
        *(ACCOUNTS, SAVINGS, STANDINGS, DEALINGS, LOANS, DEBTS, CREDIT_DAYS),
        *(LISTINGS, TRADERS, DELIVERIES),
    )
}
REGISTRY = get_account_id("registry")
SLOTS = CONSTANTS.slots_per_period


def build_world(
    *, names: tuple[str, ...] = NAMES, balance: int = 5_000 * PAI, **changes: object
) -> "World":
    """So many identified members, and one seat, whose money does not melt."""
    genesis = build_genesis(
        seats=("ann",),
        members=names,
        strangers=("stranger", "farm"),
        balance=balance,
        parameters=replace(PARAMETERS, **changes),
        keep_schedule=(KeepSegment(from_step=0, keep=None),),
    )
    return World(genesis)


class World:
    """Rows in a dictionary, and the period in which things happen."""

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        self.chain = compute_chain_id(genesis)
        self.rows: dict[bytes, bytes] = {}
        self.state = State(self.rows.get)
        apply_genesis(self.state, genesis, self.chain)
        self.slot = 0
        self._keep(None)

    # Time

    def wait(self, periods: int = 1) -> list[Fact]:
        """Let periods pass, one block at the beginning of each."""
        facts = []
        for _ in range(periods):
            self.slot += SLOTS - self.slot % SLOTS
            facts += self.block()
        return facts

    def skip(self, periods: int, blocks: int = 1) -> None:
        """Let periods pass without a block, and then make some."""
        self.slot += periods * SLOTS - self.slot % SLOTS
        for _ in range(blocks):
            self.block()

    def block(self) -> list[Fact]:
        """A block without transactions."""
        context = self.open()
        return self.close(context)

    def open(self) -> Context:
        """Begin a block in the next slot."""
        self.slot += 1
        context = self.get_context()
        process_credit_days(self.state, context)
        process_loans(self.state, context)
        process_market_ends(self.state, context)
        return context

    def close(self, context: Context) -> list[Fact]:
        """End the block."""
        process_closing(self.state, context, Author(bytes(32), SECONDARY, bytes(64)))
        return self._keep(context)

    def get_context(self) -> Context:
        """The context of a block in the present slot."""
        return get_context(self.state, self.chain, self.genesis.constants, self.slot, bytes(32))

    def _keep(self, context: Context | None) -> list[Fact]:
        changes, facts = self.state.take_changes()
        check_invariants(changes)
        if context is not None:
            check_floors(Changes(changes), self.state, context)
        self.state.keep(changes)
        return facts

    # Deeds

    def do(self, name: str, *actions: Action) -> list[Fact]:
        """A block with these actions of one account. Raises Invalid, and nothing has changed."""
        context = self.open()
        mark = self.state.savepoint()
        try:
            for action in actions:
                owner = get_account_id(name)
                touch(self.state, context, owner, self.state.accounts.require(owner))
                _PLAIN[type(action)](self.state, context, owner, action)
        except Invalid:
            self.state.roll_back(mark)
            self.close(context)
            raise
        return self.close(context)

    def pay(self, payer: str, receiver: str, amount: int) -> None:
        """A payment in a block of its own."""
        self.do(payer, Pay(get_account_id(receiver), amount, ""))

    def spend(self, name: str) -> int:
        """Pay the stranger all that can be paid; returns how much that was."""
        amount = self.get(name).settlement - self.get_floor(name)
        if amount:
            self.pay(name, "stranger", amount)
        return amount

    # What stands

    def get(self, name: str) -> Account:
        """The row of an account."""
        return self.state.accounts.require(get_account_id(name))

    def get_floor(self, name: str) -> int:
        """How low an account may go in the next block."""
        self.slot += 1
        context = self.get_context()
        self.slot -= 1
        account_id = get_account_id(name)
        return get_spending_floor(self.state, context, account_id, self.get(name))

    def get_limit(self, name: str) -> int:
        """How much an account may owe in the next block."""
        return -self.get_floor(name)

    @property
    def credit(self) -> Credit:
        """The community's credit."""
        return get_credit(self.state)

    def read(self, kind: type[RowT]) -> list[RowT]:
        """All rows of a kind."""
        return [row for _, row in self.read_table(kind)]

    def read_days(self) -> dict[int, CreditDay]:
        """What is remembered of every period."""
        return {int.from_bytes(key, "big"): row for key, row in self.read_table(CreditDay)}

    def read_table(self, kind: type[RowT]) -> list[tuple[bytes, RowT]]:
        """All rows of a kind by their keys."""
        rows = self.state.get_table(_PREFIXES[kind])
        # The dictionary below the state is empty: what it knows is all there is.
        known = {**rows._older, **rows._rows}
        return [(key, cast("RowT", row)) for key, row in known.items() if row is not None]

    # What others do to people

    def attest(self, name: str, tag: bytes | None = None) -> None:
        """Identify an account's owner: somebody new, or the person of a tag who moves here."""
        action = Attest(
            subject=get_account_id(name),
            kind="person",
            jurisdiction="RU",
            commitment=bytes(32),
            tag=tag or name.encode().ljust(32, b"."),
            until_slot=2**40,
        )
        self.call(apply_attest, REGISTRY, action)

    def revoke(self, name: str) -> None:
        """Let somebody's identity end now."""
        self.call(apply_revoke, REGISTRY, Revoke(get_account_id(name)))

    def vote(self, **changes: object) -> None:
        """Let parameters be others from now on."""
        context = self.open()
        rules = self.state.rules.require(CURRENT)
        parameters = replace(rules.parameters, **changes)
        self.state.rules.put(CURRENT, replace(rules, parameters=parameters))
        self.close(context)

    def fill_reserve(self, amount: int) -> None:
        """Let the seat's owner have given the reserve an amount before, as inflow of this period.

        Rows by hand, as they might stand when debts were larger: a block would bound it.
        """
        state, ann = self.state, get_account_id("ann")
        money, account = state.money.require(CURRENT), state.accounts.require(ann)
        state.money.keep(CURRENT, replace(money, reserve=money.reserve + amount))
        state.accounts.keep(ann, replace(account, settlement=account.settlement - amount))
        period = self.slot // SLOTS
        day = get_day(state, period)
        state.credit_days.keep(u64(period), replace(day, inflow=day.inflow + amount))

    # Loans

    def save(self, name: str, amount: int, periods: int = 1_000) -> int:
        """Put savings away; returns the deposit's number."""
        self.do(name, Save(amount, periods))
        return self.get(name).deposits_made - 1

    def ask(
        self,
        debtor: str,
        amount: int,
        *,
        term: int = 10,
        plan: tuple[Instalment, ...] = (),
        guarantor: str | None = None,
        pledge: int = 0,
    ) -> int:
        """Ask for a loan; returns its number."""
        surety = None if guarantor is None else get_account_id(guarantor)
        self.do(debtor, AskLoan(amount, term, plan, "seed", surety, pledge))
        return self.credit.loans_made - 1

    def grant(self, loan_id: int) -> None:
        """Grant a loan by vote. Raises Invalid, and nothing has changed."""
        self.call(grant_loan, loan_id)

    def call(self, rule: Callable[..., object], *arguments: object) -> list[Fact]:
        """What a vote that has passed does. Raises Invalid, and nothing has changed."""
        context = self.open()
        mark = self.state.savepoint()
        try:
            rule(self.state, context, *arguments)
        except Invalid:
            self.state.roll_back(mark)
            self.close(context)
            raise
        return self.close(context)

    def lend(self, debtor: str, amount: int, *, term: int = 10) -> int:
        """Grant a loan without a guarantor by vote, on savings made for it."""
        loan_id = self.ask(debtor, amount, term=term)
        self.grant(loan_id)
        return loan_id

    def appoint(self, name: str) -> None:
        """Make an account the credit committee."""
        self.call(lambda state, _context: set_committee(state, get_account_id(name)))

    def get_loan(self, loan_id: int) -> Loan | None:
        """A loan's row."""
        return self.state.loans.get(u64(loan_id))

    def get_debts(self, name: str) -> Debts:
        """What an account was granted, pledged and owes by name."""
        return get_debts(self.state, get_account_id(name))


def get_id(name: str) -> AccountId:
    """The account of a name."""
    return get_account_id(name)


def build_rich() -> World:
    """Emma has nothing, Farid 2,000 pai in savings, Galina money; 80 % of 2,000 can be lent."""
    world = build_world()
    world.pay("emma", "stranger", 5_000 * PAI)
    world.save("farid", 2_000 * PAI)
    return world


def get_deposits(world: World, name: str) -> tuple[Deposit, ...]:
    savings = world.state.savings.get(get_id(name))
    return savings.deposits if savings else ()


def fail_to_pay(world: World, *, pledge: int, deposit: int | None, amount: int = 100 * PAI) -> int:
    """A loan that Farid answers for, spent to the last by Emma; its term is over now."""
    loan_id = world.ask("emma", amount, guarantor="farid", pledge=pledge)
    world.do("farid", Guarantee(loan_id, deposit))
    world.grant(loan_id)
    world.spend("emma")
    world.wait(10)
    return loan_id
