"""The dozen and their ledger: blocks of one transaction or none, by the real rules, in memory.

Blocks have no headers, and what stands between the opening and the transactions of a block can be
looked at: there it is asked who may do what, and whether somebody's money is his to spend.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from chain.actions import Action, Reveal
from chain.block import NO_PARTS
from chain.changes import Changes, encode_row
from chain.checks import DirectChecks
from chain.crypto import compute_hash, u64
from chain.errors import Code, Invalid
from chain.facts import Fact
from chain.genesis import Genesis, GenesisDeposit
from chain.header import PRIMARY
from chain.invariants import check_invariants
from chain.kept import STATE, Head, read_rows
from chain.parameters import KeepSegment
from chain.policy import AccountId
from chain.records import ClearingCertificate
from chain.rules.clearing import get_entered, process_clearing
from chain.rules.clearing_window import get_window
from chain.rules.context import Author, Context
from chain.rules.loans import set_committee
from chain.rules.transactions import process_transaction
from chain.setoff import pack_certificate
from chain.state import State
from chain.tables import Account
from chain.tables.table import RowT, Table
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction
from chain.transition import process_closing, process_opening, process_records
from node.exchange.setoff_solver import solve
from tests.community import (
    PAI,
    PARAMETERS,
    Community,
    build_genesis,
    get_account_id,
    get_policy,
    get_signers,
)
from tests.identity_world import build_authority, with_authorities

SEATS: Final = ("ann", "boris")
MEMBERS: Final = ("emma", "farid", "galina", "hamit", "ivan")
AUTHORITIES: Final = ("registry", "office")
OTHERS: Final = ("stranger", "farm")  # money, and nobody's attestation
UNBORN: Final = "newborn"  # has an account when somebody gives it one
NAMES: Final = (*SEATS, *MEMBERS, *AUTHORITIES, *OTHERS, UNBORN)
FEE_MAX: Final = 5 * PAI
SLOWLY: Final = 2**64 - 2**64 // 20_000  # 0.02 % a period: long lives must not end in poverty
T = TypeVar("T")
AUTHOR: Final = Author(get_account_id("ann"), PRIMARY, bytes(range(64)))


def build_dozen() -> Genesis:
    """Two seats, five members, two authorities, two strangers: short times and tight caps."""
    parameters = replace(
        PARAMETERS, committee_28_bp=1_000, obligations_max=30, offers_max=20, free_units=400
    )
    genesis = build_genesis(
        seats=SEATS,
        members=MEMBERS,
        strangers=(*AUTHORITIES, *OTHERS),
        balance=300 * PAI,
        deposits=(GenesisDeposit(150 * PAI, 30), GenesisDeposit(20 * PAI, 3)),
        parameters=parameters,
        keep_schedule=(KeepSegment(from_step=0, keep=SLOWLY),),
    )
    return with_authorities(genesis, build_authority("office"))


class Opened:
    """A block in the making, before its transaction: the state as time has left it."""

    def __init__(self, town: "Town", context: Context) -> None:
        self.town, self.context = town, context
        self.state = town.state

    def would_pass(self, sealed: SealedTransaction) -> Code | None:
        """With which code a transaction would be refused now; nothing of it stays."""
        mark = self.state.savepoint()
        try:
            process_transaction(self.state, self.context, sealed, DirectChecks())
        except Invalid as error:
            return error.code
        finally:
            self.state.roll_back(mark)
        return None


class Closed:
    """What a block did: by whose hand, if anybody's, and what else."""

    def __init__(
        self,
        context: Context,
        sealed: SealedTransaction | None,
        refused: Code | None,
        changes: Changes,
        facts: list[Fact],
    ) -> None:
        self.context, self.refused = context, refused
        self.sealed = None if refused else sealed
        self.changes, self.facts = changes, facts

    @property
    def signer(self) -> AccountId | None:
        """Whose transaction is in the block."""
        return None if self.sealed is None else self.sealed.body.account

    @property
    def actions(self) -> tuple[Action, ...]:
        """What he did."""
        return () if self.sealed is None else self.sealed.body.actions


class Town:
    """The ledger, and short ways to ask it."""

    def __init__(self, genesis: Genesis | None = None) -> None:
        self.community = Community(genesis or build_dozen())
        self.ledger = self.community.ledger
        self.keys_made = 0
        set_committee(self.state, get_account_id("galina"))
        changes, _ = self.state.take_changes()
        self._write([(change.state_key, encode_row(change.after)) for change in changes])
        self.state.keep(changes)
        rows = list(self.read_all())
        self.ledger.tree.apply_update(self.ledger.tree.compute_update(rows))

    # What stands

    @property
    def state(self) -> State:
        """The rows."""
        return self.ledger.state

    @property
    def slot(self) -> int:
        """The head's slot."""
        return self.ledger.head.slot

    def find(self, name: str) -> Account | None:
        """A name's account."""
        return self.state.accounts.get(get_account_id(name))

    def read_all(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows as they are kept."""
        return read_rows(self.ledger.store)

    def read(self, table: Table[RowT]) -> list[tuple[bytes, RowT]]:
        """All rows of a table by their keys."""
        rows = read_rows(self.ledger.store, table.prefix)
        return [(key[len(table.prefix) :], table.codec.decode(row)) for key, row in rows]

    def read_numbered(self, table: Table[RowT]) -> list[tuple[int, RowT]]:
        """The same, of a table whose keys are numbers."""
        return [(int.from_bytes(key, "big"), row) for key, row in self.read(table)]

    # What happens

    def sign(self, name: str, *actions: Action, gap: int = 1) -> SealedTransaction:
        """A transaction by the account's present keys, its first policy revealed if need be."""
        account_id, account = get_account_id(name), self.find(name)
        hidden = account is not None and account.policy is None
        if hidden and not isinstance(actions[0], Reveal):
            actions = (Reveal(get_policy(name)), *actions)
        body = Transaction(
            version=TRANSACTION_VERSION,
            account=account_id,
            sequence=account.sequence if account else 0,
            valid_until_slot=self.slot + gap + 300,
            ref=self.community.chain[:16],
            via=get_account_id("boris") if self.slot % 3 else None,
            fee_max=FEE_MAX,
            actions=actions,
        )
        policy = (account and account.policy) or get_policy(name)
        return sign_transaction(self.community.chain, body, get_signers(policy))

    def play(
        self,
        sealed: SealedTransaction | None,
        gap: int,
        look: Callable[[Opened], None],
        *,
        clear: bool = False,
    ) -> Closed:
        """A block so many slots on: time acts, somebody looks, the transaction is tried."""
        state, ledger = self.state, self.ledger
        context = ledger.get_context(self.slot + gap)
        next_set = process_opening(state, context, ledger.queue, AUTHOR, None)
        process_records(state, context, AUTHOR, NO_PARTS, DirectChecks())
        look(Opened(self, context))
        refused = None
        if sealed is not None:
            try:
                process_transaction(state, context, sealed, DirectChecks())
            except Invalid as error:
                refused = error.code
        if clear and get_window(state).open:
            process_clearing(state, context, AUTHOR, self._solve())
        process_closing(state, context, AUTHOR)
        changed, facts = state.take_changes()
        check_invariants(changed, state, context)
        closed = Closed(context, sealed, refused, Changes(changed), facts)
        rows = [(change.state_key, encode_row(change.after)) for change in changed]
        update = ledger.tree.compute_update(rows)
        self._write(rows)
        ledger._follow(changed, update)
        block_hash = compute_hash(b"test-block", u64(context.height))
        ledger.head = Head(block_hash, context.height, context.slot, 2 * context.height)
        assert next_set is None, "nothing is final here, so no set hands over"
        return closed

    def _solve(self) -> ClearingCertificate:
        _, entered = get_entered(self.state)
        flows, potentials = solve(entered.graph)
        return pack_certificate(get_window(self.state).interval, entered.graph, flows, potentials)

    def _write(self, rows: list[tuple[bytes, bytes | None]]) -> None:
        self.ledger.store.write([(STATE + key, row) for key, row in rows], durable=False)


class Dice:
    """Chance out of one number, so that a life can be lived again."""

    def __init__(self, seed: int) -> None:
        self._drawn = random.Random(seed)

    def pick(self, items: Sequence[T]) -> T:
        """One of these."""
        return items[self._drawn.randrange(len(items))]

    def number(self, low: int, high: int) -> int:
        """A number from low to high."""
        return self._drawn.randint(low, high)

    def often(self, times: int = 4) -> bool:
        """True but once in so many times."""
        return self._drawn.randrange(times) > 0
