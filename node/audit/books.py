"""A second bookkeeping, independent of the ledger's rules, for an auditor to compare with.

It reads signed transactions and nothing else (fees excepted, which it takes from the ledger) and
reckons in decimal fractions of fifty digits: balances melt by (K / 2^64)^n and are never rounded.
The ledger floors, so it may hold a little less than these books, and never more.
"""

import heapq
from collections import defaultdict
from decimal import Decimal
from typing import Final, NamedTuple

from chain.actions import (
    Action,
    AskLoan,
    Attest,
    Bond,
    CompleteRecovery,
    Guarantee,
    Pay,
    PayClaim,
    PayInvoice,
    Prolong,
    Save,
    StartRecovery,
    Unbond,
    Withdraw,
)
from chain.changes import Change
from chain.facts import (
    ChainSettled,
    Fact,
    FeePaid,
    FundPaid,
    GuarantorPaid,
    LiquidityFreed,
    LiquidityGot,
    LiquidityHeld,
    Matured,
    NoticePaid,
    PledgeFreed,
    Reported,
    Slashed,
    WrittenOff,
)
from chain.genesis import Genesis
from chain.parameters import Constants, KeepSchedule
from chain.policy import AccountId
from chain.tables import ACCOUNTS, Account
from chain.transaction import SealedTransaction
from node.audit.melting import decay, exact, find_segment, get_power, sum_over_slots
from node.audit.purses import Purse, Saved

MICROPAI_PER_ROUNDING: Final = 2  # a product of two floors: the power's and the balance's
# What fifty digits may be wrong by, in micropai; a difference below this is nobody's.
ARITHMETIC_DUST: Final = Decimal(1).scaleb(-6)

_ZERO: Final = Decimal(0)


class _Aside(NamedTuple):
    """What is put aside for a set-off: what does not melt, and what does, since a step."""

    steady: Decimal
    melting: Decimal
    step: int


class Books:
    """Everybody's money by decimal arithmetic, moved forward block by block.

    ``settlement_slots`` integrates all positive balances over slots, for mean balances: of each
    period in which something was booked, and ``settlement_slots_whole`` of all time.
    """

    def __init__(self, genesis: Genesis) -> None:
        self.constants: Constants = genesis.constants
        self.schedule: KeepSchedule = genesis.keep_schedule
        self.purses: dict[AccountId, Purse] = {}
        self.slot = 0
        self.total = _ZERO  # of all positive balances, in this slot
        self.melted = _ZERO  # demurrage of all time; what early returns cost is not in it
        self.settlement_slots: defaultdict[int, Decimal] = defaultdict(Decimal)
        self.settlement_slots_whole = _ZERO
        self._pledges: list[int] = []  # of loans, by number
        self._due: list[tuple[int, AccountId, int]] = []
        self._booked_period = 0
        self._aside: dict[AccountId, _Aside] = {}  # for a set-off
        self._lenders: dict[AccountId, AccountId] = {}  # of bonds, by the account to be recovered
        with exact():
            self._open(genesis)

    @property
    def step(self) -> int:
        """The step of demurrage that the books stand at."""
        return self.slot // self.constants.slots_per_step

    def _open(self, genesis: Genesis) -> None:
        steps = self.constants.slots_per_period // self.constants.slots_per_step
        for account in genesis.accounts:
            purse = self.purses[account.id] = Purse(Decimal(account.balance), 0)
            for deposit in account.deposits:
                self._deposit(account.id, purse, deposit.amount, deposit.term_periods * steps)
            self.total += purse.balance
        for seat in genesis.seats:
            purse = self.purses[seat.account]
            number = purse.deposits_made
            self._deposit(seat.account, purse, seat.bond, seat.bond_term_periods * steps)
            purse.deposits[number] = purse.deposits[number]._replace(bonded=True)

    def follow(
        self,
        slot: int,
        schedule: KeepSchedule,
        transactions: tuple[SealedTransaction, ...],
        changes: list[Change],
        facts: list[Fact],
    ) -> None:
        """Book one block that the ledger has accepted."""
        with exact():
            self.schedule = schedule
            self._pass_to(slot)
            self._booked_period = slot // self.constants.slots_per_period
            # What a transaction of this very block frees was pledged in it: that comes after.
            later = [
                fact for fact in facts if isinstance(fact, LiquidityHeld) or not self._note(fact)
            ]
            for sealed in transactions:
                self._book(sealed)
            for fact in later:
                self._note(fact)
            for change in changes:
                if change.table.prefix == ACCOUNTS.prefix:
                    self._note_rounding(change)

    def close(self, slot: int) -> None:
        """Let time pass to a slot, and count that slot too; nothing follows."""
        with exact():
            self._pass_to(slot)
            self._integrate(slot + 1, self.total)

    def get_balance(self, account: AccountId, step: int) -> Decimal:
        """The exact settlement balance at a step that is not before the books'."""
        purse = self.purses.get(account)
        if purse is None:
            return _ZERO
        with exact():
            return decay(purse.balance, self.schedule, purse.step, step)

    def _note(self, fact: Fact) -> bool:  # noqa: C901, PLR0912 - one a kind
        """Book what the ledger says it did; whether that was possible already."""
        match fact:
            case FeePaid() | NoticePaid():
                self._add(fact.account, -Decimal(fact.amount))
            case FundPaid() | Reported() | WrittenOff() | ChainSettled():
                self._add(fact.account, Decimal(fact.amount))
            case LiquidityGot():
                self._add(fact.account, Decimal(fact.amount))
            case LiquidityHeld():
                self._hold(fact)
            case LiquidityFreed():
                self._free(fact)
            case Matured():
                self.purses[fact.account].roundings += 1
            case Slashed():
                deposits = self.purses[fact.account].deposits
                deposit = deposits[fact.deposit]
                left = deposit._replace(amount=deposit.amount - fact.amount)
                if left.amount:
                    deposits[fact.deposit] = left
                else:
                    del deposits[fact.deposit]
            case GuarantorPaid(guarantor, debtor, amount, number):
                purse = self.purses[guarantor]
                if number in purse.deposits:
                    rest = purse.deposits[number].amount - amount
                    purse.deposits[number] = purse.deposits[number]._replace(amount=rest)
                    if not rest:
                        del purse.deposits[number]
                else:
                    self._add(guarantor, -Decimal(amount))
                self._add(debtor, Decimal(amount))
            case PledgeFreed(account, number, until_step):
                pledged = self.purses[account].deposits.get(number)
                if pledged is None or not pledged.bonded:
                    return False
                freed = pledged._replace(bonded=False, until_step=until_step)
                self._put(account, self.purses[account], number, freed)
            case _:
                pass  # reckoned here anew, or nobody's balance
        return True

    def _book(self, sealed: SealedTransaction) -> None:
        owner = sealed.body.account
        self.purses[owner].transactions += 1
        for action in sealed.body.actions:
            self._act(owner, action)

    def _act(  # noqa: C901, PLR0912 - one a kind
        self, owner: AccountId, action: Action
    ) -> None:
        purse = self.purses[owner]
        steps = self.constants.slots_per_period // self.constants.slots_per_step
        match action:
            case Pay():
                self._add(owner, -Decimal(action.amount))
                self._add(action.to, Decimal(action.amount))
            case PayClaim():
                self._add(owner, -Decimal(action.amount))
                self._add(action.creditor, Decimal(action.amount))
            case PayInvoice():
                self._add(owner, -Decimal(action.amount))
                self._add(action.creditor, Decimal(action.amount))
            case Save():
                self._add(owner, -Decimal(action.amount))
                until_step = self.step + action.term_periods * steps
                self._deposit(owner, purse, action.amount, until_step)
            case Prolong():
                deposit = purse.deposits[action.deposit]
                renewed = deposit._replace(renew_steps=action.term_periods * steps)
                purse.deposits[action.deposit] = renewed
            case Withdraw():
                self._withdraw(owner, purse, action)
            case Bond():
                self._bind(purse, action.deposit, action.amount)
            case AskLoan():
                self._pledges.append(action.pledge)
            case Guarantee(loan, int() as number):
                self._bind(purse, number, self._pledges[loan], renew_steps=0)
            case Unbond():
                release = self.step + self.constants.unbonding_periods * steps
                deposit = purse.deposits[action.deposit]
                released = deposit._replace(bonded=False, release_step=release)
                self._put(owner, purse, action.deposit, released)
            case Attest():
                self._add(action.subject, _ZERO)  # it may bring the account to life
            case StartRecovery():
                self._add(owner, -Decimal(self.constants.recovery_bond))
                self._lenders[action.account] = owner
            case CompleteRecovery():
                lender = self._lenders.pop(action.account)
                self._add(lender, Decimal(self.constants.recovery_bond))
            case _:
                pass  # keys, names, identity and seats move no money

    def _hold(self, fact: LiquidityHeld) -> None:
        """Put money aside; what of it was not borrowed melts on."""
        self._add(fact.account, _ZERO)
        melting = min(Decimal(fact.amount), max(_ZERO, self.purses[fact.account].balance))
        self._add(fact.account, -Decimal(fact.amount))
        self._aside[fact.account] = _Aside(fact.amount - melting, melting, self.step)

    def _free(self, fact: LiquidityFreed) -> None:
        """Give back what was put aside and has neither melted nor been lent.

        A rate raised meanwhile may not take what a set-off counted on; so at most the ledger's own
        charge is taken.
        """
        aside = self._aside.pop(fact.account)
        left = decay(aside.melting, self.schedule, aside.step, self.step)
        left = max(left, aside.melting - fact.charge)
        self._add(fact.account, aside.steady + left - fact.lent)
        self.purses[fact.account].roundings += 2

    def _withdraw(self, owner: AccountId, purse: Purse, action: Withdraw) -> None:
        deposit = purse.deposits[action.deposit]
        amount = Decimal(action.amount)
        self._add(owner, decay(amount, self.schedule, deposit.since_step, self.step))
        purse.roundings += 1
        rest = deposit._replace(amount=deposit.amount - action.amount)
        if rest.amount:
            purse.deposits[action.deposit] = rest
        else:
            del purse.deposits[action.deposit]

    def _bind(
        self, purse: Purse, number: int, amount: int, *, renew_steps: int | None = None
    ) -> None:
        """Lend a deposit, or a part of it as another deposit, to a seat or a loan."""
        deposit = purse.deposits[number]
        renews = deposit.renew_steps if renew_steps is None else renew_steps
        bound = deposit._replace(amount=amount, bonded=True, renew_steps=renews)
        if amount == deposit.amount:
            purse.deposits[number] = bound
            return
        purse.deposits[number] = deposit._replace(amount=deposit.amount - amount)
        purse.deposits[purse.deposits_made] = bound
        purse.deposits_made += 1

    def _deposit(self, owner: AccountId, purse: Purse, amount: int, until_step: int) -> None:
        number = purse.deposits_made
        purse.deposits_made += 1
        self._put(owner, purse, number, Saved(amount, self.step, until_step))

    def _put(self, owner: AccountId, purse: Purse, number: int, deposit: Saved) -> None:
        purse.deposits[number] = deposit
        if deposit.event_step is not None:
            heapq.heappush(self._due, (deposit.event_step, owner, number))

    def _add(self, owner: AccountId, amount: Decimal) -> None:
        purse = self.purses.get(owner)
        if purse is None:
            purse = self.purses[owner] = Purse(_ZERO, self.step)
        now = decay(purse.balance, self.schedule, purse.step, self.step)
        purse.balance, purse.step = now + amount, self.step
        self.total += max(purse.balance, _ZERO) - max(now, _ZERO)

    def _note_rounding(self, change: Change) -> None:
        before, after = change.before, change.after
        if after is None:
            self.purses.pop(change.key, None)
        elif isinstance(before, Account) and isinstance(after, Account):
            self.purses[change.key].roundings += after.touched_step != before.touched_step

    def _pass_to(self, slot: int) -> None:
        """Let time pass: balances melt, and deposits fall due in order."""
        slots_per_step = self.constants.slots_per_step
        while self._due and self._due[0][0] * slots_per_step <= slot:
            event_step, owner, number = heapq.heappop(self._due)
            self._stand_until(max(self.slot, event_step * slots_per_step))
            self._fall_due(owner, number, event_step)
        self._stand_until(slot)

    def _fall_due(self, owner: AccountId, number: int, event_step: int) -> None:
        purse = self.purses.get(owner)
        deposit = purse.deposits.get(number) if purse else None
        if purse is None or deposit is None or deposit.event_step != event_step:
            return  # withdrawn, bonded or moved since this was noted
        if deposit.release_step is not None:
            until_step = max(deposit.until_step, event_step)
            freed = deposit._replace(release_step=None, until_step=until_step)
            self._put(owner, purse, number, freed)
        elif deposit.renew_steps:
            following = Saved(deposit.amount, event_step, event_step + deposit.renew_steps)
            self._put(owner, purse, number, following)
        else:
            del purse.deposits[number]
            self._add(owner, Decimal(deposit.amount))

    def _stand_until(self, slot: int) -> None:
        """Integrate the total over the slots up to this one, exclusive; nothing is booked."""
        slots_per_step = self.constants.slots_per_step
        while self.slot < slot:
            index = find_segment(self.schedule, self.step)
            stop = min(slot, self._find_break(slot))
            if index + 1 < len(self.schedule):
                stop = min(stop, self.schedule[index + 1].from_step * slots_per_step)
            factor = get_power(self.schedule[index].keep, 1)
            weight = sum_over_slots(self.slot, stop, slots_per_step, factor)
            self._integrate(stop, self.total * weight)
            passed = stop // slots_per_step - self.step
            remaining = self.total * get_power(self.schedule[index].keep, passed)
            self.melted += self.total - remaining
            self.total = remaining
            self.slot = stop

    def _find_break(self, slot: int) -> int:
        """Where the present period ends; the quiet ones after it are passed in one stride."""
        slots = self.constants.slots_per_period
        period = self.slot // slots
        if period in (self._booked_period, slot // slots):
            return (period + 1) * slots
        return slot // slots * slots

    def _integrate(self, stop: int, amount: Decimal) -> None:
        slots = self.constants.slots_per_period
        if stop - self.slot <= slots:
            self.settlement_slots[self.slot // slots] += amount
        self.settlement_slots_whole += amount
