"""What a block did to whom, in the words of a history: read off the block and what it changed.

Amounts are what really moved: of savings returned early, what came to the balance.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, NamedTuple

from chain import actions as act
from chain.block import SealedBlock
from chain.changes import Changes
from chain.facts import (
    Charged,
    Fact,
    FeePaid,
    FundPaid,
    LiquidityFreed,
    Matured,
    NoticePaid,
    RecoveryBond,
    Reported,
    Slashed,
)
from chain.ledger import Execution
from chain.policy import AccountId
from chain.rules.clearing import REWARD as CLEARING
from chain.rules.context import Context
from chain.rules.rewards import REWARD
from chain.rules.settlement import compute_decayed, get_touched
from chain.tables import ACCOUNTS, SAVINGS, Account, Deposit
from chain.transaction import SealedTransaction
from node.happenings_credit import tell_credit
from node.happenings_exchange import tell_obligations, tell_set_off
from node.happenings_market import tell_market
from node.history import Happening

# What demurrage is called that a balance bore, and that savings bore when they returned early.
CHARGES: Final = ("demurrage", "early_return")


def find_happenings(block: SealedBlock, execution: Execution, context: Context) -> list[Happening]:
    """Everything that happened to accounts, in the order in which the block did it."""
    found = [
        *_tell_charges(execution),
        *_tell_facts(execution, _TOLD_BEFORE),
        *tell_credit(execution),
        *tell_obligations(execution),
    ]
    deposits = _Deposits(execution, context)
    for sealed in block.transactions:
        for action in sealed.body.actions:
            found.extend(_describe(sealed, action, deposits))
    found += [*tell_set_off(execution), *tell_market(execution)]
    return [*found, *_tell_facts(execution, _TOLD_AFTER)]


def _tell_charges(execution: Execution) -> list[Happening]:
    """Demurrage that the block collected: of each account once, and apart what savings bore."""
    charged: dict[tuple[AccountId, str], int] = {}
    for fact in execution.facts:
        if isinstance(fact, Charged):
            key = (fact.account, CHARGES[fact.early_return])
            charged[key] = charged.get(key, 0) + fact.amount
        elif isinstance(fact, LiquidityFreed) and fact.charge:
            key = (fact.account, CHARGES[0])
            charged[key] = charged.get(key, 0) + fact.charge
    return [
        Happening(account, None, kind, amount, None, "")
        for (account, kind), amount in charged.items()
    ]


# Facts that are news to somebody, before and after what transactions did.
_TOLD_BEFORE: Final[dict[type[Fact], str]] = {
    Slashed: "slashed",
    Reported: "reported",
    FundPaid: "rewarded",
    Matured: "matured",
}
_TOLD_AFTER: Final[dict[type[Fact], str]] = {
    NoticePaid: "notice",
    FeePaid: "fee",
    RecoveryBond: "bond_{outcome}",
}
# What the news is called of a payment from a fund, by the rule that made it.
_FUND_NEWS: Final = {REWARD: "rewarded", CLEARING: "rewarded", "vote": "funded", "active": "shared"}


def _tell_facts(execution: Execution, told: dict[type[Fact], str]) -> list[Happening]:
    found = []
    for fact in execution.facts:
        kind = told.get(type(fact))
        match fact:
            case FundPaid() if kind:
                kind = _FUND_NEWS[fact.why]
            case RecoveryBond() if kind:
                kind = f"bond_{fact.outcome}"
            case FeePaid() | Matured() | Slashed() | Reported() | NoticePaid():
                pass
            case _:
                continue
        if kind:
            found.append(Happening(fact.account, None, kind, fact.amount, None, ""))
    return found


class _Deposits:
    """Deposits as they stood in the block: those from before it, brought up to its step."""

    def __init__(self, execution: Execution, context: Context) -> None:
        self._context = context
        self._changes = execution.changes

    @cached_property  # few blocks hold an action that asks
    def _accounts(self) -> dict[bytes, Account | None]:
        return {change.key: change.before for change in Changes(self._changes).of(ACCOUNTS)}

    @cached_property
    def _before(self) -> dict[bytes, tuple[Deposit, ...]]:
        rows = {change.key: change.before for change in Changes(self._changes).of(SAVINGS)}
        return {key: row.deposits for key, row in rows.items() if row is not None}

    @cached_property
    def _after(self) -> dict[bytes, tuple[Deposit, ...]]:
        rows = {change.key: change.after for change in Changes(self._changes).of(SAVINGS)}
        return {key: row.deposits for key, row in rows.items() if row is not None}

    def get_amount(self, owner: AccountId, deposit_id: int) -> int:
        """What the deposit holds after the block, or held before; 0 when it came and went."""
        for deposits in (self._after, self._before):
            for deposit in deposits.get(owner, ()):
                if deposit.id == deposit_id:
                    return deposit.amount
        return 0

    def get_returned(self, owner: AccountId, action: act.Withdraw) -> int:
        """What of an early return comes to the balance; a deposit of this very step loses none."""
        account, deposits = self._accounts.get(owner), self._before.get(owner, ())
        if account is None:
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


class _Told(NamedTuple):
    """An action in a history: its kind, and how another account that it names is told."""

    kind: str
    amount: Callable[[_Deposits, AccountId, Any], int] | None = None  # else the action's own
    counterparty: str = ""  # the action's field that names the other account
    mirrored: str = ""  # the kind of the entry that the other account gets


def _get_amount(deposits: _Deposits, owner: AccountId, action: Any) -> int:
    return deposits.get_amount(owner, action.deposit)


# Every action, and None for what is no news to whom it belongs.
_TOLD: Final[dict[type[act.Action], _Told | None]] = {
    # money
    act.Pay: _Told("paid", counterparty="to", mirrored="received"),
    act.Save: _Told("saved"),
    act.Prolong: _Told("prolonged", _get_amount),
    act.Withdraw: _Told("withdrawn", _Deposits.get_returned),
    # credit
    act.AskLoan: _Told("loan"),
    act.Guarantee: _Told("loan"),
    act.GrantLoan: _Told("loan"),
    act.DropLoan: _Told("loan"),
    act.ReturnLoan: _Told("loan"),
    act.PayClaim: _Told("paid", counterparty="creditor", mirrored="received"),
    # keys
    act.Reveal: None,
    act.ChangePolicy: _Told("keys"),
    act.SetGuardians: _Told("guardians"),
    act.StartRecovery: _Told("recovery", counterparty="account", mirrored="recovery_of_this"),
    act.CancelRecovery: _Told("recovery_cancelled"),
    act.CompleteRecovery: _Told("recovered", counterparty="account", mirrored="recovered_this"),
    # aliases
    act.RegisterAlias: _Told("alias"),
    act.GiveUpAlias: _Told("alias_given_up"),
    # seats
    act.RegisterSeat: _Told("seat"),
    act.Bond: _Told("bonded"),
    act.Unbond: _Told("unbonded", _get_amount),
    act.Takeover: _Told("takeover", counterparty="seat", mirrored="taken_over"),
    act.ReplaceSeatKeys: _Told("seat_keys"),
    act.ReleaseNotice: None,  # told by what it cost
    # identity
    act.Attest: _Told("attested", counterparty="subject", mirrored="identified"),
    act.Renew: _Told("renewed", counterparty="subject", mirrored="identity_renewed"),
    act.Revoke: _Told("revoked", counterparty="subject", mirrored="identity_revoked"),
    # votes
    act.Propose: _Told("proposed"),
    act.CastVote: _Told("voted"),
    # obligations
    act.OfferInvoice: _Told("invoiced", counterparty="debtor", mirrored="invoice"),
    act.AcceptInvoice: _Told("owes", counterparty="creditor", mirrored="owed"),
    act.DeclineInvoice: _Told("invoice_declined"),
    act.PayInvoice: _Told("paid", counterparty="creditor", mirrored="received"),
    act.WriteDown: _Told("written_down", counterparty="debtor", mirrored="let_off"),
    act.Reassign: _Told("reassigning"),
    act.ConsentReassign: _Told("reassigned", counterparty="to", mirrored="owed"),
    act.MarkClearable: None,
    act.LendLiquidity: _Told("lends"),
    # market; what chains did is told by their facts
    act.Offer: _Told("offered"),
    act.Want: _Told("wanted"),
    act.ChangeListing: _Told("listing"),
    act.WithdrawListing: _Told("listing"),
    act.SetOrder: _Told("order"),
    act.CancelOrder: _Told("order"),
    act.ProposeChain: None,
    act.AcceptChain: None,
    act.DeclineChain: None,
    act.ConfirmDelivery: _Told("receipt"),
}


def _describe(
    sealed: SealedTransaction, action: act.Action, deposits: _Deposits
) -> list[Happening]:
    owner, told = sealed.body.account, _TOLD[type(action)]
    if told is None:
        return []
    amount = getattr(action, "amount", 0)
    if told.amount is not None:
        amount = told.amount(deposits, owner, action)
    memo = getattr(action, "memo", getattr(action, "reference", ""))
    other: Any = getattr(action, told.counterparty) if told.counterparty else None
    found = [Happening(owner, sealed.id, told.kind, amount, other, memo)]
    if told.mirrored:
        found.append(Happening(other, sealed.id, told.mirrored, amount, owner, memo))
    return found
