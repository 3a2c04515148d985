"""A community whose members owe each other: invoices, windows and set-offs, block by block."""

from collections.abc import Sequence
from dataclasses import dataclass

import trio
from msgspec.structs import replace

from chain.actions import AcceptInvoice, Action, OfferInvoice
from chain.block import NO_PARTS, BlockParts, SealedBlock
from chain.errors import Code, Invalid
from chain.facts import Fact
from chain.records import ClearingCertificate
from chain.rules.clearing import get_entered
from chain.rules.clearing_window import get_window
from chain.rules.shelves import find_obligation, get_book
from chain.setoff import Graph, Integers, pack_certificate
from chain.tables import Obligation, Window
from node.exchange.setoff_solver import solve
from tests.community import CONSTANTS, PAI, Community, get_account_id

INTERVAL = CONSTANTS.clearing_interval_slots
WINDOW = CONSTANTS.window_slots
PERIOD = CONSTANTS.slots_per_period


async def solve_here(graph: Graph, _seconds_max: float) -> tuple[Integers, Integers]:
    """What a process of its own would find, at once: processes know nothing of a mock clock."""
    await trio.lowlevel.checkpoint()
    return solve(graph)


@dataclass
class ExchangeWorld(Community):
    """A community, with short ways to do what these tests are about."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.facts: list[Fact] = []

    def extend_with(
        self, *names_actions: tuple[str, Action], after: int = 0, parts: BlockParts = NO_PARTS
    ) -> SealedBlock:
        """A block of one transaction for each name and action; each name at most once."""
        transactions = [self.sign(name, action) for name, action in names_actions]
        block, execution = self.build_block(transactions, after=after, parts=parts)
        self.facts = execution.facts
        self.ledger.commit(execution, block, durable=False)
        return block

    def do(self, name: str, *actions: Action) -> list[Fact]:
        """A block in which one member does this."""
        block, execution = self.build_block([self.sign(name, *actions)])
        self.facts = execution.facts
        self.ledger.commit(execution, block, durable=False)
        return execution.facts

    def refuse(self, name: str, action: Action) -> Code:
        """The code by which an action is refused; the root is as before."""
        root = self.ledger.root
        try:
            self.build_block([self.sign(name, action)])
        except Invalid as error:
            assert self.ledger.root == root
            return error.code
        raise AssertionError("it was accepted")

    def offer(
        self, creditor: str, debtor: str, amount: int = 10 * PAI, *, clearable: bool = True
    ) -> int:
        """An invoice; answers its number."""
        number = get_book(self.ledger.state).made
        action = OfferInvoice(get_account_id(debtor), amount, 9, "eggs", None, clearable)
        self.do(creditor, action)
        return number

    def owe(
        self, debtor: str, creditor: str, amount: int = 10 * PAI, *, clearable: bool = True
    ) -> int:
        """An open obligation; answers its number."""
        number = self.offer(creditor, debtor, amount, clearable=clearable)
        self.do(debtor, AcceptInvoice(number, get_account_id(creditor), amount, clearable))
        return number

    def find(self, number: int) -> Obligation | None:
        """An obligation, or None."""
        return find_obligation(self.ledger.state, number)

    def get(self, number: int) -> Obligation:
        """An obligation that there is."""
        found = self.find(number)
        assert found is not None
        return found

    @property
    def window(self) -> Window:
        """The newest window."""
        return get_window(self.ledger.state)

    def wait(self, slots: int) -> None:
        """An empty block, so many slots later or a few more."""
        self.extend_with(after=slots)

    def open_window(self) -> Window:
        """Go on to the first block of the next interval: its snapshot is taken."""
        self.wait(INTERVAL - self.ledger.head.slot % INTERVAL)
        return self.window

    def build_certificate(self) -> ClearingCertificate:
        """The best set-off of the open window."""
        _, entered = get_entered(self.ledger.state)
        flows, potentials = solve(entered.graph)
        return pack_certificate(self.window.interval, entered.graph, flows, potentials)

    def clear(self, certificate: ClearingCertificate | None = None) -> SealedBlock:
        """A block with a set-off: the best, unless another is given."""
        chosen = certificate or self.build_certificate()
        return self.extend_with(parts=replace(NO_PARTS, clearing=chosen))

    def refuse_clearing(self, certificate: ClearingCertificate) -> Code:
        """The code by which a set-off is refused; the root is as before."""
        root = self.ledger.root
        try:
            self.build_block(parts=replace(NO_PARTS, clearing=certificate))
        except Invalid as error:
            assert self.ledger.root == root
            return error.code
        raise AssertionError("it was accepted")

    def get_balances(self, names: Sequence[str]) -> list[int]:
        """Stored balances of names."""
        return [self.get_balance(name) for name in names]
