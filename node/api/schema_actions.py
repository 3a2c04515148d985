"""What the HTTP API says of each action of a transaction: one type a kind, and how it is filled.

A field has the action's own name, and its type says how it is written: an amount as pai, an
account as an address, bytes as hexadecimal. So an action needs a type here, and no code.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args, get_type_hints

from chain.actions import (
    Action,
    Bond,
    ChangePolicy,
    Pay,
    Prolong,
    RegisterSeat,
    Reveal,
    Save,
    Unbond,
    Withdraw,
)
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


ActionAnswer = (
    # money
    PayAnswer
    | SaveAnswer
    | ProlongAnswer
    | WithdrawAnswer
    # keys
    | RevealAnswer
    | ChangePolicyAnswer
    # seats
    | RegisterSeatAnswer
    | BondAnswer
    | UnbondAnswer
)

ACTION_ANSWERS: Final[Mapping[type[Action], type[ActionAnswer]]] = {
    # money
    Pay: PayAnswer,
    Save: SaveAnswer,
    Prolong: ProlongAnswer,
    Withdraw: WithdrawAnswer,
    # keys
    Reveal: RevealAnswer,
    ChangePolicy: ChangePolicyAnswer,
    # seats
    RegisterSeat: RegisterSeatAnswer,
    Bond: BondAnswer,
    Unbond: UnbondAnswer,
}

# Where the fields of an answer are found, if not on the action itself.
_PARTS: Final[dict[type[Action], str]] = {RegisterSeat: "keys"}

_Writer = Callable[[str, Any], object]
_WRITERS: Final[dict[Any, _Writer]] = {
    AddressText: write_address,
    Pai: lambda _prefix, amount: format_pai(amount),
    Hash: lambda _prefix, octets: octets.hex(),
    Hex: lambda _prefix, octets: octets.hex(),
    PolicyAnswer: lambda _prefix, policy: build_policy_answer(policy),
    Count: lambda _prefix, number: number,
    str: lambda _prefix, text: text,
}


def build_action_answer(prefix: str, action: Action) -> ActionAnswer:
    """One action of a transaction, addresses with the community's prefix."""
    kind = type(action)
    part = getattr(action, _PARTS[kind]) if kind in _PARTS else action
    fields: dict[str, Any] = {
        name: None if (value := getattr(part, name)) is None else write(prefix, value)
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
