"""What the HTTP API says of each action of a transaction: one type a kind, and how it is filled.

A field has the action's own name, and its type says how it is written: an amount as pai, an
account as an address, bytes as hexadecimal. So an action needs a type here, and no code.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args, get_type_hints

from chain import actions as act
from chain.units import format_pai
from node.api.schema import (
    AddressText,
    Answer,
    Count,
    Hash,
    Hex,
    Pai,
    PolicyAnswer,
    build_policy_answer,
    write_address,
)
from node.api.schema_actions_credit import (
    AskLoanAnswer,
    DropLoanAnswer,
    GrantLoanAnswer,
    GuaranteeAnswer,
    InstalmentAnswer,
    PayClaimAnswer,
    ReturnLoanAnswer,
)
from node.api.schema_actions_exchange import (
    AcceptInvoiceAnswer,
    ConsentReassignAnswer,
    DeclineInvoiceAnswer,
    LendLiquidityAnswer,
    MarkClearableAnswer,
    OfferInvoiceAnswer,
    PayInvoiceAnswer,
    ReassignAnswer,
    WriteDownAnswer,
)
from node.api.schema_actions_market import MARKET_ANSWERS, MARKET_WRITERS, MarketActionAnswer
from node.api.schema_measures import MeasureAnswer, build_measure_answer


class RevealAnswer(Answer, frozen=True, tag_field="kind", tag="reveal"):
    """The policy behind the account's address."""

    policy: PolicyAnswer


class PayAnswer(Answer, frozen=True, tag_field="kind", tag="pay"):
    """Money to another account."""

    to: AddressText
    amount: Pai
    memo: str


class SaveAnswer(Answer, frozen=True, tag_field="kind", tag="save"):
    """A new deposit."""

    amount: Pai
    term_periods: Count


class ProlongAnswer(Answer, frozen=True, tag_field="kind", tag="prolong"):
    """Another term for a deposit when this one ends."""

    deposit: Count
    term_periods: Count


class WithdrawAnswer(Answer, frozen=True, tag_field="kind", tag="withdraw"):
    """A deposit returned early, or a part of it."""

    deposit: Count
    amount: Pai


class ChangePolicyAnswer(Answer, frozen=True, tag_field="kind", tag="keys"):
    """Other keys for the account."""

    policy: PolicyAnswer


class RegisterSeatAnswer(Answer, frozen=True, tag_field="kind", tag="seat"):
    """A seat for the account's owner."""

    vote: Hash
    vrf: Hash
    standby: Hash


class BondAnswer(Answer, frozen=True, tag_field="kind", tag="bond"):
    """A deposit lent to the seat."""

    deposit: Count
    amount: Pai


class UnbondAnswer(Answer, frozen=True, tag_field="kind", tag="unbond"):
    """A bonded deposit asked back."""

    deposit: Count


class TakeoverAnswer(Answer, frozen=True, tag_field="kind", tag="takeover"):
    """A seat whose standby key replaces its vote key."""

    seat: AddressText
    old_vote: Hash
    standby: Hash
    vrf: Hash


class ReplaceSeatKeysAnswer(Answer, frozen=True, tag_field="kind", tag="seat_keys"):
    """Three new keys for the account's seat."""

    vote: Hash
    vrf: Hash
    standby: Hash


class ReleaseNoticeAnswer(Answer, frozen=True, tag_field="kind", tag="notice"):
    """The account's seat votes again although its journal was lost."""

    activation_round: Count
    lock_round: Count
    lock_hash: Hash


class SetGuardiansAnswer(Answer, frozen=True, tag_field="kind", tag="guardians"):
    """Who may recover the account, as a salted hash; null: nobody."""

    guardians: Hash | None
    delay_periods: Count
    cancels_max: Count


class StartRecoveryAnswer(Answer, frozen=True, tag_field="kind", tag="start_recovery"):
    """Other keys asked for an account by its guardians."""

    account: AddressText
    guardians: PolicyAnswer
    salt: Hash
    policy: PolicyAnswer


class CancelRecoveryAnswer(Answer, frozen=True, tag_field="kind", tag="cancel_recovery"):
    """The recovery of the transaction's account stopped."""


class CompleteRecoveryAnswer(Answer, frozen=True, tag_field="kind", tag="complete_recovery"):
    """The keys that guardians asked for, given."""

    account: AddressText


class RegisterAliasAnswer(Answer, frozen=True, tag_field="kind", tag="alias"):
    """A name for the account."""

    name: str
    price_max: Pai


class GiveUpAliasAnswer(Answer, frozen=True, tag_field="kind", tag="no_alias"):
    """The account's name given up."""


class AttestAnswer(Answer, frozen=True, tag_field="kind", tag="attest"):
    """An authority's statement of whose an account is."""

    subject: AddressText
    attested_kind: str
    jurisdiction: str
    commitment: Hash
    tag: Hash
    until_slot: Count


class RenewAnswer(Answer, frozen=True, tag_field="kind", tag="renew"):
    """A statement that runs on."""

    subject: AddressText
    commitment: Hash
    until_slot: Count


class RevokeAnswer(Answer, frozen=True, tag_field="kind", tag="revoke"):
    """A statement taken back."""

    subject: AddressText


class ProposeAnswer(Answer, frozen=True, tag_field="kind", tag="propose"):
    """A measure put to the vote: its kind, and its figures as texts."""

    measure: MeasureAnswer


class CastVoteAnswer(Answer, frozen=True, tag_field="kind", tag="vote"):
    """A vote on a proposal; ``digest`` is the hash of its measure."""

    proposal: Count
    digest: Hash
    yes: bool


ActionAnswer = (
    # money
    PayAnswer
    | SaveAnswer
    | ProlongAnswer
    | WithdrawAnswer
    # keys
    | RevealAnswer
    | ChangePolicyAnswer
    | SetGuardiansAnswer
    | StartRecoveryAnswer
    | CancelRecoveryAnswer
    | CompleteRecoveryAnswer
    # aliases
    | RegisterAliasAnswer
    | GiveUpAliasAnswer
    # seats
    | RegisterSeatAnswer
    | BondAnswer
    | UnbondAnswer
    | TakeoverAnswer
    | ReplaceSeatKeysAnswer
    | ReleaseNoticeAnswer
    # identity
    | AttestAnswer
    | RenewAnswer
    | RevokeAnswer
    # credit
    | AskLoanAnswer
    | GuaranteeAnswer
    | GrantLoanAnswer
    | DropLoanAnswer
    | ReturnLoanAnswer
    | PayClaimAnswer
    # votes
    | ProposeAnswer
    | CastVoteAnswer
    # obligations
    | OfferInvoiceAnswer
    | AcceptInvoiceAnswer
    | DeclineInvoiceAnswer
    | PayInvoiceAnswer
    | WriteDownAnswer
    | ReassignAnswer
    | ConsentReassignAnswer
    | MarkClearableAnswer
    | LendLiquidityAnswer
    # market
    | MarketActionAnswer
)

ACTION_ANSWERS: Final[Mapping[type[act.Action], type[ActionAnswer]]] = {
    # money
    act.Pay: PayAnswer,
    act.Save: SaveAnswer,
    act.Prolong: ProlongAnswer,
    act.Withdraw: WithdrawAnswer,
    # keys
    act.Reveal: RevealAnswer,
    act.ChangePolicy: ChangePolicyAnswer,
    act.SetGuardians: SetGuardiansAnswer,
    act.StartRecovery: StartRecoveryAnswer,
    act.CancelRecovery: CancelRecoveryAnswer,
    act.CompleteRecovery: CompleteRecoveryAnswer,
    # aliases
    act.RegisterAlias: RegisterAliasAnswer,
    act.GiveUpAlias: GiveUpAliasAnswer,
    # seats
    act.RegisterSeat: RegisterSeatAnswer,
    act.Bond: BondAnswer,
    act.Unbond: UnbondAnswer,
    act.Takeover: TakeoverAnswer,
    act.ReplaceSeatKeys: ReplaceSeatKeysAnswer,
    act.ReleaseNotice: ReleaseNoticeAnswer,
    # identity
    act.Attest: AttestAnswer,
    act.Renew: RenewAnswer,
    act.Revoke: RevokeAnswer,
    # credit
    act.AskLoan: AskLoanAnswer,
    act.Guarantee: GuaranteeAnswer,
    act.GrantLoan: GrantLoanAnswer,
    act.DropLoan: DropLoanAnswer,
    act.ReturnLoan: ReturnLoanAnswer,
    act.PayClaim: PayClaimAnswer,
    # votes
    act.Propose: ProposeAnswer,
    act.CastVote: CastVoteAnswer,
    # obligations
    act.OfferInvoice: OfferInvoiceAnswer,
    act.AcceptInvoice: AcceptInvoiceAnswer,
    act.DeclineInvoice: DeclineInvoiceAnswer,
    act.PayInvoice: PayInvoiceAnswer,
    act.WriteDown: WriteDownAnswer,
    act.Reassign: ReassignAnswer,
    act.ConsentReassign: ConsentReassignAnswer,
    act.MarkClearable: MarkClearableAnswer,
    act.LendLiquidity: LendLiquidityAnswer,
    # market
    **MARKET_ANSWERS,
}

# Where the fields of an answer are found, if not on the action itself.
_PARTS: Final[dict[type[act.Action], str]] = {act.RegisterSeat: "keys", act.ReplaceSeatKeys: "keys"}
# The word "kind" tells which action it is; an action's own field of that name has another there.
_NAMES: Final = {"attested_kind": "kind"}

_Writer = Callable[[str, Any], object]
_WRITERS: Final[dict[Any, _Writer]] = {
    AddressText: write_address,
    Pai: lambda _prefix, amount: format_pai(amount),
    Hash: lambda _prefix, octets: octets.hex(),
    Hex: lambda _prefix, octets: octets.hex(),
    PolicyAnswer: lambda _prefix, policy: build_policy_answer(policy),
    Count: lambda _prefix, number: number,
    str: lambda _prefix, text: text,
    bool: lambda _prefix, value: value,
    MeasureAnswer: build_measure_answer,
    InstalmentAnswer: lambda _prefix, plan: tuple(
        InstalmentAnswer(after_periods=item.after_periods, left=format_pai(item.left))
        for item in plan
    ),
    **MARKET_WRITERS,
}


def build_action_answer(prefix: str, action: act.Action) -> ActionAnswer:
    """One action of a transaction, addresses with the community's prefix."""
    kind = type(action)
    part = getattr(action, _PARTS[kind]) if kind in _PARTS else action
    fields: dict[str, Any] = {
        name: None
        if (value := getattr(part, _NAMES.get(name, name))) is None
        else write(prefix, value)
        for name, write in _FIELDS[kind]
    }
    return ACTION_ANSWERS[kind](**fields)


def _get_writers(answer: type[Answer]) -> list[tuple[str, _Writer]]:
    """How each field is written; one that may be null is written like one that may not."""
    return [
        (name, next(_WRITERS[item] for item in (hint, *get_args(hint)) if item in _WRITERS))
        for name, hint in get_type_hints(answer, include_extras=True).items()
    ]


_FIELDS: Final = {kind: _get_writers(answer) for kind, answer in ACTION_ANSWERS.items()}
