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
    ForgiveShortfall,
    Leg,
    Offer,
    PayShortfall,
    ProposeChain,
    SetOrder,
    Want,
    WithdrawListing,
)
from chain.actions.money import MEMO_BYTES_MAX, Pay, Prolong, Save, Withdraw
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
    Measure,
    Propose,
    Resolve,
    RetireAuthority,
    SpendFund,
)

__all__ = [
    "MEMO_BYTES_MAX",
    "AcceptChain",
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
    "DeclineChain",
    "DropLoan",
    "ForgiveShortfall",
    "GiveUpAlias",
    "GrantLoan",
    "Guarantee",
    "GuardianSignature",
    "Instalment",
    "Leg",
    "Measure",
    "Offer",
    "Pay",
    "PayClaim",
    "PayShortfall",
    "Prolong",
    "Propose",
    "ProposeChain",
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
    "SetGuardians",
    "SetOrder",
    "SpendFund",
    "StartRecovery",
    "Takeover",
    "Unbond",
    "Want",
    "Withdraw",
    "WithdrawListing",
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
    | ForgiveShortfall
    | PayShortfall
)
