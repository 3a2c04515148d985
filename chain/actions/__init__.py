"""What a transaction can ask for, by subject. Numbers of actions are protocol and never reused."""

from chain.actions.aliases import GiveUpAlias, RegisterAlias
from chain.actions.identity import Attest, Renew, Revoke
from chain.actions.keys import (
    CancelRecovery,
    ChangePolicy,
    CompleteRecovery,
    GuardianSignature,
    Reveal,
    SetGuardians,
    StartRecovery,
)
from chain.actions.money import MEMO_BYTES_MAX, Pay, Prolong, Save, Withdraw
from chain.actions.seats import Bond, RegisterSeat, SeatKeys, Unbond

__all__ = [
    "MEMO_BYTES_MAX",
    "Action",
    "Attest",
    "Bond",
    "CancelRecovery",
    "ChangePolicy",
    "CompleteRecovery",
    "GiveUpAlias",
    "GuardianSignature",
    "Pay",
    "Prolong",
    "RegisterAlias",
    "RegisterSeat",
    "Renew",
    "Reveal",
    "Revoke",
    "Save",
    "SeatKeys",
    "SetGuardians",
    "StartRecovery",
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
    # identity
    | Attest
    | Renew
    | Revoke
)
