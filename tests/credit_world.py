"""A community with credit for tests: rules applied to rows at once, no blocks between.

Periods pass by ``wait``. Payments go through the same rules as in blocks; signatures, units and
fees are left out. Every step keeps the promises of the ledger.
"""

from typing import cast

from msgspec.structs import replace

from chain.actions import Action, Pay
from chain.credit_invariants import check_floors
from chain.errors import Invalid
from chain.genesis import Genesis, compute_chain_id
from chain.invariants import check_invariants
from chain.parameters import KeepSegment
from chain.policy import AccountId
from chain.rules.birth import apply_genesis
from chain.rules.context import Context
from chain.rules.credit_days import get_credit, process_credit_days
from chain.rules.identity import get_home_person_key
from chain.rules.loan_terms import process_loans
from chain.rules.payments import get_spending_floor
from chain.rules.settlement import touch
from chain.rules.standing import open_standing
from chain.rules.transactions import _PLAIN
from chain.state import Fact, State
from chain.tables import CURRENT, Account, Credit, Person
from chain.transition import get_context, process_closing
from tests.community import CONSTANTS, PAI, PARAMETERS, build_genesis, get_account_id

BASE = 300 * PAI
TENTH = BASE // 10
PAIR_CAP = BASE // 5
NAMES = ("emma", "farid", "galina", "hamit", "ivan", "julia", "karim", "lida", "marat", "nina")
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
        return context

    def close(self, context: Context) -> list[Fact]:
        """End the block."""
        process_closing(self.state, context)
        return self._keep(context)

    def get_context(self) -> Context:
        """The context of a block in the present slot."""
        return get_context(self.state, self.chain, self.genesis.constants, self.slot)

    def _keep(self, context: Context | None) -> list[Fact]:
        changes, facts = self.state.take_changes()
        check_invariants(changes)
        if context is not None:
            check_floors(changes, self.state, context)
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

    # What others do to people

    def attest(self, name: str) -> None:
        """Identify the owner of an account that exists, for the first time."""
        account_id = get_account_id(name)
        tag = name.encode().ljust(32, b".")
        context = self.open()
        person = Person(account_id, 2**40, 0, 0)
        self.state.persons.put(get_home_person_key(tag), person)
        account = self.state.accounts.require(account_id)
        self.state.accounts.put(account_id, replace(account, person=tag))
        open_standing(self.state, context, tag)
        self.close(context)

    def revoke(self, name: str) -> None:
        """Let somebody's identity end now."""
        key = get_home_person_key(cast("bytes", self.get(name).person))
        context = self.open()
        person = self.state.persons.require(key)
        self.state.persons.put(key, replace(person, identified_until_slot=0))
        self.close(context)

    def vote(self, **changes: object) -> None:
        """Let parameters be others from now on."""
        context = self.open()
        rules = self.state.rules.require(CURRENT)
        parameters = replace(rules.parameters, **changes)
        self.state.rules.put(CURRENT, replace(rules, parameters=parameters))
        self.close(context)

    def fill_reserve(self, amount: int) -> None:
        """Issue money into the reserve, and let it count as inflow of this period."""
        context = self.open()
        money = self.state.money.require(CURRENT)
        self.state.money.put(CURRENT, replace(money, reserve=money.reserve + amount))
        ann = get_account_id("ann")
        account = self.state.accounts.require(ann)
        self.state.accounts.put(ann, replace(account, settlement=account.settlement - amount))
        self.close(context)


def get_id(name: str) -> AccountId:
    """The account of a name."""
    return get_account_id(name)
