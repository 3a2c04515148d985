"""What an action of a transaction does, in words, for whoever is to sign it.

One sentence a kind; its placeholders name figures, and each figure is told in one way. So an
action needs a sentence here, and a figure only if it has one that no other has.
"""

from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any, Final, NamedTuple

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
from wallet.community import Community
from wallet.show import tell_account, tell_pai
from wallet.words import Words, mark


class _Teller(NamedTuple):
    """To whom, of which community, and with the names that addresses have here."""

    words: Words
    community: Community
    names: Mapping[str, str]

    def tell_account(self, account: bytes) -> str:
        """An account by its name here, or its address."""
        return tell_account(account, self.community, self.names)


_SENTENCES: Final[dict[type[Action], str]] = {
    # money
    Pay: mark("pay {amount} to {whom} {memo}"),
    Save: mark("save {amount} for periods: {count}"),
    Prolong: mark("prolong deposit {id} for periods: {count}"),
    Withdraw: mark("return {amount} of deposit {id} early"),
    # keys
    Reveal: mark("state the account's keys: {needed} of {count_keys}"),
    ChangePolicy: mark("give the account other keys: {needed} of {count_keys}"),
    # seats
    RegisterSeat: mark("register a seat"),
    Bond: mark("bond {amount} of deposit {id} to the seat"),
    Unbond: mark("ask deposit {id} back from the seat"),
}

_FIGURES: Final[dict[str, Callable[[_Teller, Any], object]]] = {
    "amount": lambda teller, action: tell_pai(teller.words, action.amount),
    "whom": lambda teller, action: teller.tell_account(action.to),
    "memo": lambda _, action: f"«{action.memo}»" if action.memo else "",
    "id": lambda _, action: action.deposit,
    "count": lambda _, action: action.term_periods,
    "needed": lambda _, action: action.policy.threshold,
    "count_keys": lambda _, action: len(action.policy.keys),
}


def tell_action(
    words: Words, action: Action, community: Community, names: Mapping[str, str]
) -> str:
    """One action of a transaction in words."""
    teller, text = _Teller(words, community, names), _SENTENCES[type(action)]
    figures = {name: _FIGURES[name](teller, action) for _, name, _, _ in _parse(text) if name}
    return words.say(text, **figures).rstrip()


_parse: Final = Formatter().parse
