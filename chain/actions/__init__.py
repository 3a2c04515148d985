"""What a transaction can ask for, by subject. Numbers of actions are protocol and never reused."""

from chain.actions.keys import ChangePolicy, Reveal
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

__all__ = [
    "MEMO_BYTES_MAX",
    "Action",
    "Bond",
    "ChangePolicy",
    "Pay",
    "Prolong",
    "RegisterSeat",
    "ReleaseNotice",
    "ReplaceSeatKeys",
    "Reveal",
    "Save",
    "SeatKeys",
    "Takeover",
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
    | Takeover
    | ReplaceSeatKeys
    | ReleaseNotice
)
