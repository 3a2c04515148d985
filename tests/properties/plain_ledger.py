"""The rules alone, over rows in a dictionary: no headers, tree, sweep or disk.

What the real ledger does by its queue is an argument here, so that a test can look at everybody in
every block, or at nobody. Signatures are taken for good; the envelope is checked all the same.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from chain.actions import Action, Reveal
from chain.changes import Change
from chain.codec import encode
from chain.crypto import Signed
from chain.facts import Fact
from chain.genesis import Genesis, compute_chain_id
from chain.header import SECONDARY
from chain.invariants import check_invariants
from chain.policy import AccountId
from chain.records import ClearingCertificate
from chain.rules.birth import apply_genesis
from chain.rules.clearing import process_clearing
from chain.rules.clearing_window import process_window
from chain.rules.context import Author, Context
from chain.rules.credit_days import process_credit_days
from chain.rules.loan_terms import process_loans
from chain.rules.market_ends import process_market_ends
from chain.rules.obligations import process_obligations
from chain.rules.randomness import process_randomness
from chain.rules.settlement import touch
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    MONEY,
    RECOVERIES,
    SAVINGS,
    WINDOWS,
    Account,
    Money,
    Recovery,
    Savings,
    Table,
    Window,
)
from chain.transaction import (
    TRANSACTION_VERSION,
    KeySignature,
    SealedTransaction,
    SignedTransaction,
    Transaction,
    seal,
)
from chain.transition import get_context, process_closing, process_transactions
from tests.community import get_account_id, get_policy


class Trusting:
    """Says yes to every signature; no proof is opened here."""

    def holds(self, claim: Signed) -> bool:
        """Whether the signature verifies: always."""
        return bool(claim.signature)

    def open_vrf(self, claim: object) -> bytes | None:
        """No header is checked by these tests."""
        raise AssertionError(f"nobody asks for {claim}")


class PlainLedger:
    """Rows, and blocks of which only slot and transactions matter."""

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        self.chain = compute_chain_id(genesis)
        self.rows: dict[bytes, bytes] = {}
        self.slot = 0
        self.told: list[Fact] = []  # by the last block, also if its transactions were refused
        self.state = State(self.rows.get)
        apply_genesis(self.state, genesis, self.chain)
        self._keep()

    def apply(
        self,
        slot: int,
        transactions: tuple[SealedTransaction, ...] = (),
        looked_at: Iterable[AccountId] = (),
        opening: Sequence[Callable[[State, Context], None]] = (),
        clearing: ClearingCertificate | None = None,
    ) -> list[Fact]:
        """A block: do this, look at these accounts, apply the transactions and the set-off.

        Raises Invalid; then of the block's own parts nothing has happened.
        """
        state = self.state
        context = get_context(state, self.chain, self.genesis.constants, slot, bytes(32))
        process_randomness(state, context, bytes(64))
        for act in opening:
            act(state, context)
        process_credit_days(state, context)
        process_loans(state, context)
        process_market_ends(state, context)
        process_obligations(state, context)
        process_window(state, context)
        for account_id in looked_at:
            touch(state, context, account_id, state.accounts.require(account_id))
        author = Author(bytes(32), SECONDARY, bytes(64))
        mark = state.savepoint()
        try:
            process_transactions(state, context, transactions, Trusting())
            if clearing is not None:
                process_clearing(state, context, author, clearing)
        except Exception:
            state.roll_back(mark)
            raise
        finally:
            process_closing(state, context, author)
            self.slot = slot
            self.told = self._keep()
        return self.told

    def _keep(self) -> list[Fact]:
        changes, facts = self.state.take_changes()
        check_invariants(changes)
        for change in changes:
            self._write(change)
        self.state.keep(changes)
        return facts

    def _write(self, change: Change) -> None:
        if change.after is None:
            self.rows.pop(change.state_key, None)
        else:
            self.rows[change.state_key] = encode(change.after)

    def sign(self, name: str, *actions: Action, fee_max: int) -> SealedTransaction:
        """A transaction of a name's account, with signatures that only ``Trusting`` believes."""
        account = self.state.accounts.require(get_account_id(name))
        policy = account.policy or get_policy(name)
        reveal = () if account.policy else (Reveal(policy),)
        body = Transaction(
            version=TRANSACTION_VERSION,
            account=get_account_id(name),
            sequence=account.sequence,
            valid_until_slot=self.slot + self.genesis.constants.transaction_life_slots,
            ref=self.chain[:16],
            via=None,
            fee_max=fee_max,
            actions=(*reveal, *actions),
        )
        signatures = tuple(KeySignature(index, b"s" * 64) for index in range(policy.threshold))
        return seal(SignedTransaction(body, signatures))

    def get_rows(self, table: Table[Account]) -> dict[bytes, Account]:
        """All rows of the accounts, decoded from what was written."""
        return {
            key[1:]: table.codec.decode(row)
            for key, row in self.rows.items()
            if key[:1] == table.prefix
        }


MONEYED: Final = {table.prefix: table for table in (ACCOUNTS, MONEY, RECOVERIES, SAVINGS, WINDOWS)}


def count_money(rows: Iterable[tuple[bytes, bytes]]) -> int:
    """Everything that belongs to anybody, row by row, less what was issued and not burned."""
    total = 0
    for key, data in rows:
        if key[:1] not in MONEYED:
            continue
        row = MONEYED[key[:1]].codec.decode(data)
        match row:
            case Account():
                total += row.settlement
            case Savings():
                total += sum(deposit.amount for deposit in row.deposits)
            case Window():
                total += sum(lender.escrow for lender in row.lenders)
            case Recovery():
                total += row.pending.bond if row.pending else 0
            case Window():
                total += sum(lender.escrow for lender in row.lenders)
            case Money():
                total += row.pot + row.reserve + row.social + row.operators
                total += row.active + row.municipality + row.claims - row.issued + row.burned
            case _:
                pass
    return total
