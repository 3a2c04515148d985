"""What a transaction can ask for, by subject. Numbers of actions are protocol and never reused."""

from chain.actions.keys import ChangePolicy, Reveal
from chain.actions.money import MEMO_BYTES_MAX, Pay, Prolong, Save, Withdraw
from chain.actions.seats import Bond, RegisterSeat, SeatKeys, Unbond
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
    "Action",
    "AdmitAuthority",
    "Bond",
    "CastVote",
    "ChangeDemurrage",
    "ChangeFigure",
    "ChangePolicy",
    "ChangeRewards",
    "ChangeSinks",
    "Measure",
    "Pay",
    "Prolong",
    "Propose",
    "RegisterSeat",
    "Resolve",
    "RetireAuthority",
    "Reveal",
    "Save",
    "SeatKeys",
    "SpendFund",
    "Unbond",
    "Withdraw",
]

Action = (
    # money
    Pay
    | Save
    | Prolong
    | Withdraw
    # keys
    | Reveal
    | ChangePolicy
    # seats
    | RegisterSeat
    | Bond
    | Unbond
    # votes
    | Propose
    | CastVote
)
