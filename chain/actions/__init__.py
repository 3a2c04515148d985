"""What a transaction can ask for, by subject. Numbers of actions are protocol and never reused."""

from chain.actions.aliases import (
    GiveUpAlias,
    RegisterAlias,
)
from chain.actions.credit import (
    AskLoan,
    DropLoan,
    GrantLoan,
    Guarantee,
    Instalment,
    PayClaim,
    ReturnLoan,
)
from chain.actions.identity import (
    Attest,
    Renew,
    Revoke,
)
from chain.actions.keys import (
    CancelRecovery,
    ChangePolicy,
    CompleteRecovery,
    GuardianSignature,
    Reveal,
    SetGuardians,
    StartRecovery,
)
from chain.actions.market import (
    AcceptChain,
    CancelOrder,
    ChangeListing,
    ConfirmDelivery,
    DeclineChain,
    Leg,
    Offer,
    ProposeChain,
    SetOrder,
    Want,
    WithdrawListing,
)
from chain.actions.money import (
    MEMO_BYTES_MAX,
    Pay,
    Prolong,
    Save,
    Withdraw,
)
from chain.actions.obligations import (
    AcceptInvoice,
    ConsentReassign,
    DeclineInvoice,
    LendLiquidity,
    MarkClearable,
    OfferInvoice,
    PayInvoice,
    Reassign,
    WriteDown,
)
from chain.actions.seats import (
    Bond,
    RegisterSeat,
    ReleaseNotice,
    ReplaceSeatKeys,
    SeatKeys,
    Takeover,
    Unbond,
)
from chain.actions.votes import (
    AdmitAuthority,
    CastVote,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    LendByVote,
    Measure,
    Propose,
    Resolve,
    RetireAuthority,
    SetCommittee,
    SpendFund,
    WriteOff,
)

__all__ = [
    "MEMO_BYTES_MAX",
    "AcceptChain",
    "AcceptInvoice",
    "Action",
    "AdmitAuthority",
    "AskLoan",
    "Attest",
    "Bond",
    "CancelOrder",
    "CancelRecovery",
    "CastVote",
    "ChangeDemurrage",
    "ChangeFigure",
    "ChangeListing",
    "ChangePolicy",
    "ChangeRewards",
    "ChangeSinks",
    "CompleteRecovery",
    "ConfirmDelivery",
    "ConsentReassign",
    "DeclineChain",
    "DeclineInvoice",
    "DropLoan",
    "GiveUpAlias",
    "GrantLoan",
    "Guarantee",
    "GuardianSignature",
    "Instalment",
    "Leg",
    "LendByVote",
    "LendLiquidity",
    "MarkClearable",
    "Measure",
    "Offer",
    "OfferInvoice",
    "Pay",
    "PayClaim",
    "PayInvoice",
    "Prolong",
    "Propose",
    "ProposeChain",
    "Reassign",
    "RegisterAlias",
    "RegisterSeat",
    "ReleaseNotice",
    "Renew",
    "ReplaceSeatKeys",
    "Resolve",
    "RetireAuthority",
    "ReturnLoan",
    "Reveal",
    "Revoke",
    "Save",
    "SeatKeys",
    "SetCommittee",
    "SetGuardians",
    "SetOrder",
    "SpendFund",
    "StartRecovery",
    "Takeover",
    "Unbond",
    "Want",
    "Withdraw",
    "WithdrawListing",
    "WriteDown",
    "WriteOff",
]

Action = (
    # money
    Pay
    | Save
    | Prolong
    | Withdraw
    # credit
    | AskLoan
    | Guarantee
    | GrantLoan
    | DropLoan
    | ReturnLoan
    | PayClaim
    # keys
    | Reveal
    | ChangePolicy
    | SetGuardians
    | StartRecovery
    | CancelRecovery
    | CompleteRecovery
    # aliases
    | RegisterAlias
    | GiveUpAlias
    # seats
    | RegisterSeat
    | Bond
    | Unbond
    | Takeover
    | ReplaceSeatKeys
    | ReleaseNotice
    # identity
    | Attest
    | Renew
    | Revoke
    # votes
    | Propose
    | CastVote
    # obligations
    | OfferInvoice
    | AcceptInvoice
    | DeclineInvoice
    | PayInvoice
    | WriteDown
    | Reassign
    | ConsentReassign
    | MarkClearable
    | LendLiquidity
    # market
    | Offer
    | Want
    | ChangeListing
    | WithdrawListing
    | SetOrder
    | CancelOrder
    | ProposeChain
    | AcceptChain
    | DeclineChain
    | ConfirmDelivery
)
