"""Who may do what: for every action the one condition without which the rules must refuse it.

Written from the rights that people have, and asked of the rows as they stand when the transaction
comes; whoever passes may still be refused for other reasons. ``anybody`` is a right, too.
"""

from collections.abc import Callable
from typing import Any, Final

from chain.actions import (
    AcceptChain,
    AcceptInvoice,
    Action,
    AskLoan,
    Attest,
    Bond,
    CancelOrder,
    CancelRecovery,
    CastVote,
    ChangeListing,
    ChangePolicy,
    CompleteRecovery,
    ConfirmDelivery,
    ConsentReassign,
    DeclineChain,
    DeclineInvoice,
    DropLoan,
    GiveUpAlias,
    GrantLoan,
    Guarantee,
    LendLiquidity,
    MarkClearable,
    Offer,
    OfferInvoice,
    Pay,
    PayClaim,
    PayInvoice,
    Prolong,
    Propose,
    ProposeChain,
    Reassign,
    RegisterAlias,
    RegisterSeat,
    ReleaseNotice,
    Renew,
    ReplaceSeatKeys,
    ReturnLoan,
    Reveal,
    Revoke,
    Save,
    SetGuardians,
    SetOrder,
    StartRecovery,
    Takeover,
    Unbond,
    Want,
    Withdraw,
    WithdrawListing,
    WriteDown,
)
from chain.crypto import u64
from chain.guardians import compute_guardians_hash
from chain.policy import AccountId, compute_account_id
from chain.rules.context import Context
from chain.rules.electorate import find_number, has_bit
from chain.rules.identity import is_identified
from chain.state import State
from chain.tables import CURRENT, OBLIGATIONS_PER_PAGE, Obligation

Right = Callable[[State, Context, AccountId, Any], bool]


def anybody(_state: State, _context: Context, _who: AccountId, _action: Action) -> bool:
    return True


def a_person(state: State, context: Context, who: AccountId, _action: Action) -> bool:
    return is_identified(state, context, who)


def an_elector(state: State, _context: Context, who: AccountId, action: CastVote) -> bool:
    row = state.proposals.get(u64(action.proposal))
    number = find_number(state, who)
    return row is not None and number is not None and has_bit(row.electors, number)


def the_first_policy(_state: State, _context: Context, who: AccountId, action: Reveal) -> bool:
    return compute_account_id(action.policy) == who


# Credit


def the_named_guarantor(state: State, _: Context, who: AccountId, action: Guarantee) -> bool:
    row = state.loans.get(u64(action.loan))
    return row is not None and row.guarantor == who


def the_committee(state: State, _: Context, who: AccountId, _action: GrantLoan) -> bool:
    return state.credit.require(CURRENT).committee == who


def a_side_of_the_loan(state: State, _: Context, who: AccountId, action: DropLoan) -> bool:
    row = state.loans.get(u64(action.loan))
    committee = state.credit.require(CURRENT).committee
    return row is not None and who in (row.debtor, row.guarantor, committee)


def the_debtor(state: State, _: Context, who: AccountId, action: ReturnLoan) -> bool:
    row = state.loans.get(u64(action.loan))
    return row is not None and row.debtor == who


def who_owes_the_claim(state: State, _: Context, who: AccountId, action: PayClaim) -> bool:
    row = state.debts.get(who)
    return row is not None and any(item.creditor == action.creditor for item in row.claims)


# Savings, seats, identity, keys


def the_owner_of_the_deposit(
    state: State, _: Context, who: AccountId, action: Prolong | Withdraw | Bond | Unbond
) -> bool:
    row = state.savings.get(who)
    return row is not None and any(item.id == action.deposit for item in row.deposits)


def the_owner_of_a_seat(state: State, _: Context, who: AccountId, _action: Action) -> bool:
    return state.seats.get(who) is not None


def a_working_authority(state: State, _: Context, who: AccountId, _action: Action) -> bool:
    row = state.authorities.get(who)
    return row is not None and row.retired_slot < 0


def the_attesting_authority(
    state: State, context: Context, who: AccountId, action: Renew | Revoke
) -> bool:
    attested = state.attestations.get(action.subject + who)
    return attested is not None and a_working_authority(state, context, who, action)


def whose_guardians_agree(state: State, _: Context, _who: AccountId, action: StartRecovery) -> bool:
    row = state.recoveries.get(action.account)
    named = compute_guardians_hash(action.guardians, action.salt)
    return row is not None and named in {
        guard.guardians for guard in (row.guard, row.following) if guard
    }


def whose_recovery_runs(state: State, _: Context, who: AccountId, _action: Action) -> bool:
    row = state.recoveries.get(who)
    return row is not None and row.pending is not None


def after_the_delay(
    state: State, context: Context, _who: AccountId, action: CompleteRecovery
) -> bool:
    row = state.recoveries.get(action.account)
    return row is not None and row.pending is not None and context.slot >= row.pending.ends_slot


def who_has_a_name(state: State, _: Context, who: AccountId, _action: GiveUpAlias) -> bool:
    return state.aliases.get(b"\x01" + who) is not None


# Invoices


def find(state: State, number: int) -> Obligation | None:
    """An obligation, straight from its page."""
    page = state.pages.get(u64(number // OBLIGATIONS_PER_PAGE))
    return next((item for item in page.entries if item.number == number), None) if page else None


def the_one_who_owes(
    state: State, _: Context, who: AccountId, action: AcceptInvoice | ConsentReassign
) -> bool:
    row = find(state, action.obligation)
    return row is not None and row.debtor == who


def the_creditor(state: State, _: Context, who: AccountId, action: WriteDown | Reassign) -> bool:
    row = find(state, action.obligation)
    return row is not None and row.creditor == who


def either_side(
    state: State, _: Context, who: AccountId, action: DeclineInvoice | MarkClearable
) -> bool:
    row = find(state, action.obligation)
    return row is not None and who in (row.creditor, row.debtor)


# Trade


def whose_listing_it_is(
    state: State, _: Context, who: AccountId, action: ChangeListing | WithdrawListing
) -> bool:
    row = state.listings.get(u64(action.listing))
    return row is not None and row.account == who


def who_has_an_order(state: State, _: Context, who: AccountId, _action: CancelOrder) -> bool:
    row = state.traders.get(who)
    return row is not None and row.order is not None


def find_parties(state: State, number: int) -> set[AccountId]:
    """Whose offers and wants are in a chain that waits."""
    row = state.chains.get(u64(number))
    numbers = [place for leg in row.legs for place in (leg.offer, leg.want)] if row else []
    listings = [state.listings.get(u64(place)) for place in numbers]
    return {item.account for item in listings if item is not None}


def who_is_in_the_chain(state: State, _: Context, who: AccountId, action: AcceptChain) -> bool:
    return who in find_parties(state, action.chain)


def who_is_in_it_or_proposed_it(
    state: State, _: Context, who: AccountId, action: DeclineChain
) -> bool:
    row = state.chains.get(u64(action.chain))
    return row is not None and who in {row.proposer, *find_parties(state, action.chain)}


def the_buyer(state: State, _: Context, who: AccountId, action: ConfirmDelivery) -> bool:
    row = state.deliveries.get(u64(action.delivery))
    return row is not None and row.buyer == who


RIGHTS: Final[dict[type[Action], Right]] = {
    Pay: anybody,
    Save: anybody,
    Prolong: the_owner_of_the_deposit,
    Withdraw: the_owner_of_the_deposit,
    AskLoan: anybody,
    Guarantee: the_named_guarantor,
    GrantLoan: the_committee,
    DropLoan: a_side_of_the_loan,
    ReturnLoan: the_debtor,
    PayClaim: who_owes_the_claim,
    Reveal: the_first_policy,
    ChangePolicy: anybody,
    SetGuardians: anybody,
    StartRecovery: whose_guardians_agree,
    CancelRecovery: whose_recovery_runs,
    CompleteRecovery: after_the_delay,
    RegisterAlias: anybody,
    GiveUpAlias: who_has_a_name,
    RegisterSeat: a_person,
    Bond: the_owner_of_the_deposit,
    Unbond: the_owner_of_the_deposit,
    Takeover: anybody,  # the standby key has signed it
    ReplaceSeatKeys: the_owner_of_a_seat,
    ReleaseNotice: the_owner_of_a_seat,
    Attest: a_working_authority,
    Renew: the_attesting_authority,
    Revoke: the_attesting_authority,
    Propose: a_person,
    CastVote: an_elector,
    OfferInvoice: anybody,
    AcceptInvoice: the_one_who_owes,
    DeclineInvoice: either_side,
    PayInvoice: anybody,
    WriteDown: the_creditor,
    Reassign: the_creditor,
    ConsentReassign: the_one_who_owes,
    MarkClearable: either_side,
    LendLiquidity: anybody,
    Offer: anybody,
    Want: anybody,
    ChangeListing: whose_listing_it_is,
    WithdrawListing: whose_listing_it_is,
    SetOrder: anybody,
    CancelOrder: who_has_an_order,
    ProposeChain: anybody,
    AcceptChain: who_is_in_the_chain,
    DeclineChain: who_is_in_it_or_proposed_it,
    ConfirmDelivery: the_buyer,
}


def is_entitled(state: State, context: Context, who: AccountId, action: Action) -> bool:
    """Whether somebody may do this at all, as things stand."""
    return RIGHTS[type(action)](state, context, who, action)
