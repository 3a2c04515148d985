"""What a block did to whom, in the words of a history: read off the block and what it changed.

Amounts are what really moved: of savings returned early, what came to the balance.
"""

from typing import assert_never

from chain.actions import (
    Action,
    AskLoan,
    Bond,
    ChangePolicy,
    DropLoan,
    GrantLoan,
    Guarantee,
    Pay,
    PayClaim,
    Prolong,
    RegisterSeat,
    ReturnLoan,
    Reveal,
    Save,
    Unbond,
    Withdraw,
)
from chain.block import SealedBlock
from chain.ledger import Execution
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.settlement import compute_decayed, get_touched
from chain.state import FeePaid, GuarantorPaid, Matured, WrittenOff
from chain.tables import ACCOUNTS, Account, Deposit, Savings
from chain.transaction import SealedTransaction
from node.history import Happening


def find_happenings(block: SealedBlock, execution: Execution, context: Context) -> list[Happening]:
    """Everything that happened to accounts, in the order in which the block did it."""
    found = [
        Happening(fact.account, None, "matured", fact.amount, None, "")
        for fact in execution.facts
        if isinstance(fact, Matured)
    ]
    for fact in execution.facts:
        if isinstance(fact, GuarantorPaid):
            payer, debtor = fact.guarantor, fact.debtor
            found.append(Happening(payer, None, "paid", fact.amount, debtor, ""))
            found.append(Happening(debtor, None, "received", fact.amount, payer, ""))
        elif isinstance(fact, WrittenOff):
            found.append(Happening(fact.account, None, "received", fact.amount, None, ""))
    deposits = _Deposits(execution, context)
    for sealed in block.transactions:
        for action in sealed.body.actions:
            found.extend(_describe(sealed, action, deposits))
    found.extend(
        Happening(fact.account, None, "fee", fact.amount, None, "")
        for fact in execution.facts
        if isinstance(fact, FeePaid)
    )
    return found


class _Deposits:
    """Deposits as they stood in the block: those from before it, brought up to its step."""

    def __init__(self, execution: Execution, context: Context) -> None:
        self._context = context
        self._accounts = {
            change.key: change.before
            for change in execution.changes
            if change.table.prefix == ACCOUNTS.prefix
        }
        self._before, self._after = (
            {
                change.key: row.deposits
                for change in execution.changes
                if isinstance(row := getattr(change, side), Savings)
            }
            for side in ("before", "after")
        )

    def get_amount(self, owner: AccountId, deposit_id: int) -> int:
        """What the deposit holds after the block, or held before; 0 when it came and went."""
        for deposits in (self._after, self._before):
            for deposit in deposits.get(owner, ()):
                if deposit.id == deposit_id:
                    return deposit.amount
        return 0

    def get_returned(self, owner: AccountId, action: Withdraw) -> int:
        """What of an early return comes to the balance; a deposit of this very step loses none."""
        account, deposits = self._accounts.get(owner), self._before.get(owner, ())
        if not isinstance(account, Account):
            return action.amount
        context = self._context
        touched: tuple[Deposit, ...] = get_touched(
            account, deposits, context.keep_schedule, context.step
        ).deposits
        for deposit in touched:
            if deposit.id == action.deposit:
                return compute_decayed(
                    action.amount, context.keep_schedule, deposit.since_step, context.step
                )
        return action.amount


def _describe(  # noqa: C901, PLR0912 - one a kind
    sealed: SealedTransaction, action: Action, deposits: _Deposits
) -> list[Happening]:
    owner, transaction = sealed.body.account, sealed.id
    if isinstance(action, Pay):
        return [
            Happening(owner, transaction, "paid", action.amount, action.to, action.memo),
            Happening(action.to, transaction, "received", action.amount, owner, action.memo),
        ]
    if isinstance(action, PayClaim):
        return [
            Happening(owner, transaction, "paid", action.amount, action.creditor, ""),
            Happening(action.creditor, transaction, "received", action.amount, owner, ""),
        ]
    kind, amount = "", 0
    match action:
        case Save():
            kind, amount = "saved", action.amount
        case Prolong():
            kind, amount = "prolonged", deposits.get_amount(owner, action.deposit)
        case Withdraw():
            kind, amount = "withdrawn", deposits.get_returned(owner, action)
        case Bond():
            kind, amount = "bonded", action.amount
        case Unbond():
            kind, amount = "unbonded", deposits.get_amount(owner, action.deposit)
        case RegisterSeat():
            kind = "seat"
        case AskLoan():
            kind, amount = "loan", action.amount
        case Guarantee() | GrantLoan() | DropLoan() | ReturnLoan():
            kind = "loan"
        case ChangePolicy():
            kind = "keys"
        case Reveal():
            return []  # no news to whom it belongs
        case _:
            assert_never(action)
    return [Happening(owner, transaction, kind, amount, None, "")]
