"""One transaction: its envelope, its signatures, its price, its actions. All of it, or nothing.

``process_transaction`` is the one function by which mempool, producer, import and replay decide.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from chain import actions as act
from chain.checks import SignatureChecks
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.policy import AccountId, Policy, compute_account_id
from chain.rules.aliases import apply_give_up_alias, apply_register_alias
from chain.rules.assembly import apply_cast, apply_propose
from chain.rules.attestations import apply_attest, apply_renew, apply_revoke
from chain.rules.barter import apply_accept_chain, apply_decline_chain, apply_propose_chain
from chain.rules.clearing_window import apply_lend_liquidity
from chain.rules.context import Context
from chain.rules.deliveries import apply_confirm_delivery
from chain.rules.listings import (
    apply_cancel_order,
    apply_change_listing,
    apply_offer,
    apply_set_order,
    apply_want,
    apply_withdraw_listing,
)
from chain.rules.loans import (
    apply_ask,
    apply_drop,
    apply_grant,
    apply_guarantee,
    apply_pay_claim,
    apply_return,
)
from chain.rules.obligations import (
    apply_accept_invoice,
    apply_consent_reassign,
    apply_decline_invoice,
    apply_mark_clearable,
    apply_offer_invoice,
    apply_pay_invoice,
    apply_reassign,
    apply_write_down,
)
from chain.rules.payments import apply_payment
from chain.rules.recovery import (
    apply_cancel_recovery,
    apply_complete_recovery,
    apply_set_guardians,
    apply_start_recovery,
)
from chain.rules.savings import apply_prolong, apply_save, apply_withdraw
from chain.rules.seats import apply_bond, apply_register, apply_unbond
from chain.rules.settlement import bring
from chain.rules.takeover import apply_release_notice, apply_replace_keys, apply_takeover
from chain.rules.units import charge_units
from chain.state import State
from chain.tables import Account
from chain.transaction import (
    TRANSACTION_VERSION,
    SealedTransaction,
    Transaction,
    get_signing_message,
)


def process_transaction(
    state: State, context: Context, sealed: SealedTransaction, checks: SignatureChecks
) -> int:
    """Apply a transaction; returns its units. Raises Invalid, and then nothing has changed."""
    mark = state.savepoint()
    try:
        return _apply_transaction(state, context, sealed, checks)
    except Invalid:
        state.roll_back(mark)
        raise


def _apply_transaction(
    state: State, context: Context, sealed: SealedTransaction, checks: SignatureChecks
) -> int:
    body = sealed.signed.body
    account = state.accounts.get(body.account)
    if account is None:
        raise Invalid(Code.UNKNOWN_ACCOUNT)
    _check_envelope(state, context, body, account)
    policy = _get_policy(body, account)
    for claim in get_claims(context.chain, policy, sealed):
        if not checks.holds(claim):
            raise Invalid(Code.BAD_SIGNATURE)
    account = bring(state, context, body.account, account)
    state.accounts.put(body.account, replace(account, policy=policy, sequence=account.sequence + 1))
    units = charge_units(state, context, body.account, sealed)
    for action in body.actions:
        _apply_action(state, context, body.account, action, checks)
    return units


def _check_envelope(state: State, context: Context, body: Transaction, account: Account) -> None:
    if body.version != TRANSACTION_VERSION:
        raise Invalid(Code.WRONG_VERSION, f"version {body.version}")
    if body.sequence != account.sequence:
        code = Code.WRONG_SEQUENCE if body.sequence < account.sequence else Code.FUTURE_SEQUENCE
        raise Invalid(code, f"{body.sequence}, the account is at {account.sequence}")
    if body.valid_until_slot < context.slot:
        raise Invalid(Code.EXPIRED, f"at slot {body.valid_until_slot}, now {context.slot}")
    if body.valid_until_slot > context.slot + context.constants.transaction_life_slots:
        raise Invalid(
            Code.EXPIRY_TOO_FAR, f"at most {context.constants.transaction_life_slots} slots ahead"
        )
    if state.anchors.get(body.ref) is None:
        raise Invalid(Code.UNKNOWN_REF, body.ref.hex())
    if body.via is not None and state.seats.get(body.via) is None:
        raise Invalid(Code.UNKNOWN_VIA)


def _get_policy(body: Transaction, account: Account) -> Policy:
    """The account's policy, which its first spend reveals."""
    first = body.actions[0]
    if len(body.actions) > 1 and any(isinstance(action, act.Reveal) for action in body.actions[1:]):
        raise Invalid(Code.POLICY_ALREADY_KNOWN, "a policy is revealed once, by the first action")
    if account.policy is not None:
        if isinstance(first, act.Reveal):
            raise Invalid(Code.POLICY_ALREADY_KNOWN)
        return account.policy
    if not isinstance(first, act.Reveal):
        raise Invalid(Code.POLICY_MISSING)
    if compute_account_id(first.policy) != body.account:
        raise Invalid(Code.POLICY_MISMATCH)
    return first.policy


def get_claims(chain: bytes, policy: Policy, sealed: SealedTransaction) -> list[Signed]:
    """What the transaction's signatures claim, under a policy. Raises Invalid on another number."""
    signatures = sealed.signed.signatures
    keys = policy.keys
    message = get_signing_message(chain, sealed.body_bytes)
    claims = []
    last = -1
    for item in signatures:
        index = item.key_index
        if not last < index < len(keys):
            break
        claims.append(Signed(keys[index], message, item.signature))
        last = index
    if not len(claims) == len(signatures) == policy.threshold:
        raise Invalid(Code.WRONG_SIGNATURES, f"{policy.threshold} of {len(keys)} keys")
    return claims


def _apply_action(
    state: State, context: Context, owner: AccountId, action: act.Action, checks: SignatureChecks
) -> None:
    kind = type(action)
    plain = _PLAIN.get(kind)
    if plain is not None:
        plain(state, context, owner, action)
    else:
        _CHECKED[kind](state, context, owner, action, checks)


def apply_reveal(_state: State, _context: Context, _owner: AccountId, _action: act.Reveal) -> None:
    """Its work is done by the envelope: no signature could be checked before."""


def apply_change_policy(
    state: State, _context: Context, owner: AccountId, action: act.ChangePolicy
) -> None:
    """Give the account other keys; they count from its next transaction on."""
    account = state.accounts.require(owner)
    state.accounts.put(owner, replace(account, policy=action.policy))


_PlainRule = Callable[[State, Context, AccountId, Any], None]
_CheckedRule = Callable[[State, Context, AccountId, Any, SignatureChecks], None]

# Which rule applies which action; those that check signatures of their own stand apart.
_PLAIN: Final[dict[type[act.Action], _PlainRule]] = {
    # money
    act.Pay: apply_payment,
    act.Save: apply_save,
    act.Prolong: apply_prolong,
    act.Withdraw: apply_withdraw,
    # credit
    act.AskLoan: apply_ask,
    act.Guarantee: apply_guarantee,
    act.GrantLoan: apply_grant,
    act.DropLoan: apply_drop,
    act.ReturnLoan: apply_return,
    act.PayClaim: apply_pay_claim,
    # keys
    act.Reveal: apply_reveal,
    act.ChangePolicy: apply_change_policy,
    act.SetGuardians: apply_set_guardians,
    act.CancelRecovery: apply_cancel_recovery,
    act.CompleteRecovery: apply_complete_recovery,
    # aliases
    act.RegisterAlias: apply_register_alias,
    act.GiveUpAlias: apply_give_up_alias,
    # votes
    act.Propose: apply_propose,
    act.CastVote: apply_cast,
    # market
    act.Offer: apply_offer,
    act.Want: apply_want,
    act.ChangeListing: apply_change_listing,
    act.WithdrawListing: apply_withdraw_listing,
    act.SetOrder: apply_set_order,
    act.CancelOrder: apply_cancel_order,
    act.ProposeChain: apply_propose_chain,
    act.AcceptChain: apply_accept_chain,
    act.DeclineChain: apply_decline_chain,
    act.ConfirmDelivery: apply_confirm_delivery,
    # seats
    act.Bond: apply_bond,
    act.Unbond: apply_unbond,
    act.ReleaseNotice: apply_release_notice,
    # identity
    act.Attest: apply_attest,
    act.Renew: apply_renew,
    act.Revoke: apply_revoke,
    # obligations
    act.OfferInvoice: apply_offer_invoice,
    act.AcceptInvoice: apply_accept_invoice,
    act.DeclineInvoice: apply_decline_invoice,
    act.PayInvoice: apply_pay_invoice,
    act.WriteDown: apply_write_down,
    act.Reassign: apply_reassign,
    act.ConsentReassign: apply_consent_reassign,
    act.MarkClearable: apply_mark_clearable,
    act.LendLiquidity: apply_lend_liquidity,
}
_CHECKED: Final[dict[type[act.Action], _CheckedRule]] = {
    # keys
    act.StartRecovery: apply_start_recovery,
    # seats
    act.RegisterSeat: apply_register,
    act.Takeover: apply_takeover,
    act.ReplaceSeatKeys: apply_replace_keys,
}
