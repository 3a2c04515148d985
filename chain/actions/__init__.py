"""What a transaction can ask for, by subject. Numbers of actions are protocol and never reused."""

from chain.actions.credit import (
    AskLoan,
    DropLoan,
    GrantLoan,
    Guarantee,
    Instalment,
    PayClaim,
    ReturnLoan,
)
from chain.actions.keys import ChangePolicy, Reveal
from chain.actions.money import MEMO_BYTES_MAX, Pay, Prolong, Save, Withdraw
from chain.actions.seats import Bond, RegisterSeat, SeatKeys, Unbond

__all__ = [
    "MEMO_BYTES_MAX",
    "Action",
    "AskLoan",
    "Bond",
    "ChangePolicy",
    "DropLoan",
    "GrantLoan",
    "Guarantee",
    "Instalment",
    "Pay",
    "PayClaim",
    "Prolong",
    "RegisterSeat",
    "ReturnLoan",
    "Reveal",
    "Save",
    "SeatKeys",
    "Unbond",
    "Withdraw",
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
    # seats
    | RegisterSeat
    | Bond
    | Unbond
)
