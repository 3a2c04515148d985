"""A whole community on real blocks: what must hold after every one, forwards and backwards.

A dozen accounts do all that accounts can do, in blocks with random gaps and schedules. After every
block money is conserved, the root is that of the rows, and refused transactions have left nothing
in it; taking blocks back restores every row byte for byte, and a store that is opened again goes on
as if nothing had been.
"""

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chain.actions import (
    Action,
    Bond,
    ChangePolicy,
    Pay,
    Prolong,
    RegisterSeat,
    Save,
    Unbond,
    Withdraw,
)
from chain.block import NO_PARTS, SealedBlock, decode_block
from chain.checks import DirectChecks
from chain.errors import Invalid
from chain.genesis import GenesisDeposit
from chain.kept import Head, read_rows
from chain.ledger import Ledger
from chain.merkle import Tree
from chain.parameters import KeepSchedule
from chain.rules.transactions import process_transaction
from chain.tables import Account
from chain.transaction import SealedTransaction
from chain.transition import process_closing, process_opening, process_records
from tests.community import (
    NOBODY,
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)
from tests.properties.plain_ledger import count_money
from tests.properties.test_touch import SCHEDULES

STRANGERS = ("stranger", "vagrant", "2:emma+farid+galina")
NAMES = ("ann", "boris", "clara", "daniil", "emma", "farid", "galina", "hamit", *STRANGERS)
NEWCOMERS = ("newcomer0", "newcomer1")
UNITS = 10_000  # the fee of a unit

names = st.sampled_from(NAMES)
everybody = st.sampled_from((*NAMES, *NEWCOMERS))
numbers = st.integers(0, 3)
amounts = st.sampled_from([1, PAI - 1, PAI, 7 * PAI, 100 * PAI, 499 * PAI, 501 * PAI])
terms = st.sampled_from([2, 3, 3, 10, 400])
gaps = st.sampled_from([1, 1, 1, 2, 3, 5, 8, 21, 90, 700])


class Chain(RuleBasedStateMachine):
    """Transactions wait; a block takes those that are good."""

    @initialize(schedule=st.sampled_from(SCHEDULES))
    def found(self, schedule: KeepSchedule) -> None:
        self.community = Community(
            build_genesis(
                strangers=STRANGERS,
                deposits=(GenesisDeposit(150 * PAI, 30), GenesisDeposit(20 * PAI, 3)),
                keep_schedule=schedule,
            )
        )
        self.waiting: list[SealedTransaction] = []
        self.past: list[tuple[Head, bytes, dict[bytes, bytes]]] = []

    # What people do

    @rule(payer=everybody, receiver=everybody, amount=amounts)
    def pay(self, payer: str, receiver: str, amount: int) -> None:
        self._say(payer, Pay(get_account_id(receiver), amount, "за дело"))

    @rule(payer=st.sampled_from(STRANGERS), units=st.integers(3, 6))
    def spend_everything(self, payer: str, units: int) -> None:
        account = self._find(payer)
        if account is not None:
            amount = max(1, account.settlement - units * UNITS)
            self._say(payer, Pay(get_account_id("emma"), amount, ""))

    @rule(payer=names, amount=amounts)
    def pay_in_parts(self, payer: str, amount: int) -> None:
        self._say(
            payer, *[Pay(get_account_id(name), amount, "") for name in NAMES if name != payer]
        )

    @rule(owner=everybody, amount=amounts, term=terms)
    def save(self, owner: str, amount: int, term: int) -> None:
        self._say(owner, Save(amount, term))

    @rule(owner=names, number=numbers, term=terms)
    def prolong(self, owner: str, number: int, term: int) -> None:
        self._say(owner, Prolong(number, term))

    @rule(owner=names, number=numbers, amount=amounts)
    def withdraw(self, owner: str, number: int, amount: int) -> None:
        self._say(owner, Withdraw(number, amount))

    @rule(owner=names)
    def register(self, owner: str) -> None:
        self._say(owner, RegisterSeat(build_seat_keys(owner, chain=self.community.chain)))

    @rule(owner=names, number=numbers, amount=amounts)
    def bond(self, owner: str, number: int, amount: int) -> None:
        self._say(owner, Bond(number, amount))

    @rule(owner=names, number=numbers)
    def unbond(self, owner: str, number: int) -> None:
        self._say(owner, Unbond(number))

    @rule(owner=everybody, policy=st.sampled_from(["safe", "2:safe+safer", "1:a+b+c"]))
    def change_policy(self, owner: str, policy: str) -> None:
        self._say(owner, ChangePolicy(get_policy(policy)))

    def _say(self, name: str, *actions: Action) -> None:
        account_id = get_account_id(name)
        account = self._find(name)
        ahead = sum(sealed.body.account == account_id for sealed in self.waiting)
        sequence = (account.sequence if account else 0) + ahead
        self.waiting.append(
            self.community.sign(name, *actions, sequence=sequence, fee_max=5 * PAI, valid_for=300)
        )

    def _find(self, name: str) -> Account | None:
        return self.community.ledger.state.accounts.get(get_account_id(name))

    # What becomes of it

    @rule(gap=gaps)
    def produce(self, gap: int) -> None:
        ledger = self.community.ledger
        self.past.append((ledger.head, ledger.root, dict(read_rows(ledger.store))))
        accepted = self._choose(ledger.head.slot + gap)
        event(f"{len(accepted)} of {len(self.waiting)}")
        self.waiting.clear()
        block = self.community.extend(accepted, after=gap)
        assert decode_block(block.whole_bytes) == block
        self._check()

    def _choose(self, slot: int) -> list[SealedTransaction]:
        """The waiting transactions that are good, as a producer finds them one by one."""
        ledger = self.community.ledger
        context = ledger.get_context(slot)
        accepted = []
        process_opening(ledger.state, context, ledger.queue, NOBODY, None)
        process_records(ledger.state, context, NOBODY, NO_PARTS, DirectChecks())
        for sealed in self.waiting:
            try:
                process_transaction(ledger.state, context, sealed, DirectChecks())
            except Invalid:
                continue
            accepted.append(sealed)
        process_closing(ledger.state, context, NOBODY)
        with_refused, _ = ledger.state.take_changes()
        without = ledger.draft(context, NOBODY, tuple(accepted), DirectChecks()).changes
        assert {item.state_key: item for item in with_refused} == {
            item.state_key: item for item in without
        }
        return accepted

    def _check(self) -> None:
        ledger = self.community.ledger
        rows = list(read_rows(ledger.store))
        assert count_money(rows) == 0
        assert Tree().compute_update(rows).root == ledger.root

    @precondition(lambda self: self.past)
    @rule(count=st.integers(1, 4), again=st.booleans())
    def take_back(self, count: int, again: bool) -> None:
        taken: list[SealedBlock] = []
        while self.past and len(taken) < count:
            taken.append(self.community.ledger.undo())
            head, root, rows = self.past.pop()
            ledger = self.community.ledger
            assert (ledger.head, ledger.root) == (head, root)
            assert dict(read_rows(ledger.store)) == rows
        self._open_again()
        if again:
            for block in reversed(taken):
                ledger = self.community.ledger
                self.past.append((ledger.head, ledger.root, dict(read_rows(ledger.store))))
                execution = ledger.execute(block, DirectChecks())
                ledger.commit(execution, block, durable=False)
                assert ledger.root == block.header.state_root

    @rule()
    def open_again(self) -> None:
        self._open_again()

    def _open_again(self) -> None:
        """A ledger opened over the same store is the same ledger."""
        old = self.community.ledger
        new = Ledger(old.store, self.community.genesis)
        assert (new.head, new.root) == (old.head, old.root)
        for gap in (1, 200):
            drafts = [
                ledger.draft(ledger.get_context(old.head.slot + gap), NOBODY, (), DirectChecks())
                for ledger in (old, new)
            ]
            assert drafts[0].state_root == drafts[1].state_root
        self.community.ledger = new


TestChain = Chain.TestCase
TestChain.settings = settings(settings.default)
