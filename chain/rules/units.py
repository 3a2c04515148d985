"""What a transaction weighs, what of it is free, and what the rest costs.

Units: one a signature, one an action, one per 256 bytes begun, eight a new account, four any other
new row. An identified person has free units each period; every account has a few for actions that
defend it and move no money out. Beyond that a fee is taken first and goes to the operators' pool.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from chain import actions as act
from chain.errors import Code, Invalid
from chain.facts import FeePaid
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.electorate import PERSONS_PER_UNIT
from chain.rules.identity import get_home_person_key, get_until
from chain.rules.payments import debit
from chain.rules.sharing import claim_share, note_active
from chain.rules.tally import note_service
from chain.state import State
from chain.tables import CURRENT, Account, Person
from chain.transaction import SealedTransaction
from chain.units import format_pai

BYTES_PER_UNIT: Final = 256
UNITS_NEW_ACCOUNT: Final = 8
UNITS_NEW_ROW: Final = 4
ROWS_OF_A_SEAT: Final = 4  # the seat and its three used keys
DEFENSIVE_PER_SIGNATURE: Final = 2
ROWS_OF_A_LEG: Final = 2  # the delivery, and that its seller trades
ROWS_OF_A_LOAN: Final = 3  # the loan, its debtor's debts and the day it falls due
# Rows that an action may add, at the most, beside an account that it pays.
_NEW_ROWS: Final[dict[type[act.Action], int]] = {
    # money
    act.Save: 1,
    # credit
    act.AskLoan: ROWS_OF_A_LOAN,
    act.Guarantee: 1,
    act.GrantLoan: 1,
    # aliases
    act.RegisterAlias: 2,  # under the name and under the account
    # identity
    act.Attest: 4,  # the statement, the person, and an account, which weighs as two
    # votes
    act.Propose: 1,
    # obligations
    act.OfferInvoice: 1,
    act.LendLiquidity: 1,
    # market
    act.Offer: 2,  # the offer, and that its owner trades
    act.Want: 2,
    act.SetOrder: 1,
    act.ProposeChain: 2,  # the chain, and that its proposer trades; each leg weighs as much again
    # seats
    act.RegisterSeat: ROWS_OF_A_SEAT,
    act.Bond: 1,
    act.Takeover: 3,  # two used keys and the change
    act.ReplaceSeatKeys: ROWS_OF_A_SEAT,
    act.ReleaseNotice: 1,
}
# Actions that defend an account and pay nobody.
_DEFENSIVE: Final = (
    # keys; the row of guardians is one an account for ever, and weighs nothing
    act.Reveal,
    act.ChangePolicy,
    act.SetGuardians,
    act.StartRecovery,
    act.CancelRecovery,
    act.CompleteRecovery,
    # votes
    act.CastVote,
    # market
    act.WithdrawListing,
    act.CancelOrder,
    act.DeclineChain,
    # seats
    act.Takeover,
    act.ReplaceSeatKeys,
    act.ReleaseNotice,
)


def compute_units(state: State, transaction: SealedTransaction) -> int:
    """The transaction's weight, against the state in which it begins."""
    signed = transaction.signed
    actions = signed.body.actions
    units = (
        len(signed.signatures)
        + len(actions)
        + (len(transaction.whole_bytes) + BYTES_PER_UNIT - 1) // BYTES_PER_UNIT
    )
    born: set[AccountId] = set()
    for action in actions:
        if isinstance(action, act.Pay):
            if action.to not in born and state.accounts.get(action.to) is None:
                born.add(action.to)
                units += UNITS_NEW_ACCOUNT
        else:
            if isinstance(action, act.Propose):
                units += state.assembly.require(CURRENT).persons // PERSONS_PER_UNIT
            units += UNITS_NEW_ROW * _count_new_rows(action)
    return units


def count_new_rows(actions: Sequence[act.Action]) -> int:
    """Rows that these actions may add, at the most, beside accounts that they pay."""
    return sum(_count_new_rows(action) for action in actions)


def _count_new_rows(action: act.Action) -> int:
    rows = _NEW_ROWS.get(type(action), 0)
    return rows + ROWS_OF_A_LEG * len(action.legs) if isinstance(action, act.ProposeChain) else rows


def is_defensive(actions: Sequence[act.Action]) -> bool:
    """Whether these actions defend an account and do nothing else."""
    # The last is asked first: nearly always it answers, and a reveal says nothing of what follows.
    return isinstance(actions[-1], _DEFENSIVE) and all(
        isinstance(item, _DEFENSIVE) for item in actions
    )


def charge_units(
    state: State, context: Context, account_id: AccountId, transaction: SealedTransaction
) -> int:
    """Use up free units and take the fee for the rest. Returns the units. Raises Invalid.

    Called before any action, on a touched account whose policy is known.
    """
    units = rest = compute_units(state, transaction)
    account = state.accounts.require(account_id)
    if is_defensive(transaction.body.actions):
        rest = _use_defensive(state, context, account_id, account, rest)
    if rest and account.person is not None:
        rest = _use_free(state, context, account.person, rest, transaction.body.via)
    fee = rest * context.parameters.unit_fee
    if fee > transaction.body.fee_max:
        raise Invalid(
            Code.FEE_ABOVE_MAXIMUM,
            f"fee {format_pai(fee)}, at most {format_pai(transaction.body.fee_max)} was allowed",
        )
    if fee:
        debit(state, context, account_id, fee)
        state.fees += fee
        state.facts.append(FeePaid(account_id, fee))
    return units


def get_free_units(state: State, context: Context, tag: bytes) -> int:
    """Free units a person has left this period; none when not identified."""
    return _count_free(state, context, tag, state.persons.require(get_home_person_key(tag)))


def _count_free(state: State, context: Context, tag: bytes, person: Person) -> int:
    if context.slot >= get_until(state, context, tag, person):
        return 0
    return max(0, context.parameters.free_units - _count_used(context, person))


def _count_used(context: Context, person: Person) -> int:
    return person.used_units if person.used_period == context.period else 0


def _use_free(state: State, context: Context, tag: bytes, units: int, via: AccountId | None) -> int:
    """Take units from the person's free ones; returns what is left to pay.

    The server by which he does so first in a period has served him in it.
    """
    key = get_home_person_key(tag)
    person = state.persons.require(key)
    taken = min(units, _count_free(state, context, tag, person))
    if taken:
        if not _count_used(context, person):
            claim_share(state, context, person.account, person)
            note_active(state, context, person.number)
            note_service(state, via)
        used = _count_used(context, person) + taken
        state.persons.put(key, replace(person, used_period=context.period, used_units=used))
    return units - taken


def get_defensive_units(context: Context, account: Account) -> int:
    """Units an account has left this period for actions that defend it."""
    assert account.policy is not None
    allowed = (
        context.parameters.defensive_units + DEFENSIVE_PER_SIGNATURE * account.policy.threshold
    )
    used = account.defended_units if account.defended_period == context.period else 0
    return max(0, allowed - used)


def _use_defensive(
    state: State, context: Context, account_id: AccountId, account: Account, units: int
) -> int:
    taken = min(units, get_defensive_units(context, account))
    if taken:
        used = account.defended_units if account.defended_period == context.period else 0
        state.accounts.put(
            account_id,
            replace(account, defended_period=context.period, defended_units=used + taken),
        )
    return units - taken


def check_block_bytes(context: Context, size_bytes: int) -> None:
    """Refuse a block whose transactions are more bytes than the community admits."""
    if size_bytes > context.parameters.block_bytes:
        raise Invalid(Code.BLOCK_BYTES_EXCEEDED, f"{size_bytes} bytes")


def check_block_units(context: Context, units: int) -> None:
    """Refuse a block whose transactions weigh more than the community admits."""
    if units > context.parameters.block_units:
        raise Invalid(Code.BLOCK_UNITS_EXCEEDED, f"{units} units")
