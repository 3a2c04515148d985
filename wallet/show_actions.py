"""What an action of a transaction does, in words, for whoever is to sign it.

One sentence a kind; its placeholders name figures, and each figure is told in one way. So an
action needs a sentence here, and a figure only if it has one that no other has.
"""

from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any, Final, NamedTuple

from chain import actions as act
from wallet.community import Community
from wallet.measures import tell_measure
from wallet.show import tell_account, tell_pai
from wallet.words import Words, mark

CALENDAR_END: Final = 253_402_300_799  # the last second of the year 9999


class _Teller(NamedTuple):
    """To whom, of which community, and with the names that addresses have here."""

    words: Words
    community: Community
    names: Mapping[str, str]

    def tell_account(self, account: bytes) -> str:
        """An account by its name here, or its address."""
        return tell_account(account, self.community, self.names)

    def tell_slot(self, slot: int) -> str:
        """When a slot begins; one beyond any calendar is for ever."""
        seconds = self.community.get_time(slot)
        return self.words.date(seconds) if seconds < CALENDAR_END else "∞"


_SENTENCES: Final[dict[type[act.Action], str]] = {
    # money
    act.Pay: mark("pay {amount} to {whom} {memo}"),
    act.Save: mark("save {amount} for periods: {count}"),
    act.Prolong: mark("prolong deposit {id} for periods: {count}"),
    act.Withdraw: mark("return {amount} of deposit {id} early"),
    # keys
    act.Reveal: mark("state the account's keys: {needed} of {count_keys}"),
    act.ChangePolicy: mark("give the account other keys: {needed} of {count_keys}"),
    act.SetGuardians: mark(
        "name guardians ({guardians}); delay, periods: {delay}; cancels allowed: {cancels}"
    ),
    act.StartRecovery: mark("begin to recover {account}: {needed} of {count_keys} new keys"),
    act.CancelRecovery: mark("stop the recovery of this account"),
    act.CompleteRecovery: mark("give {account} the keys that its guardians asked for"),
    # aliases
    act.RegisterAlias: mark("take the name @{name}, for {price} at most"),
    act.GiveUpAlias: mark("give up the account's name"),
    # seats
    act.RegisterSeat: mark("register a seat"),
    act.Bond: mark("bond {amount} of deposit {id} to the seat"),
    act.Unbond: mark("ask deposit {id} back from the seat"),
    act.Takeover: mark("let the standby key of {seat} take over its seat"),
    act.ReplaceSeatKeys: mark("replace all keys of the seat"),
    act.ReleaseNotice: mark("vote again although the journal was lost: {round}"),
    # identity
    act.Attest: mark("attest {subject} as {kind} until {until}"),
    act.Renew: mark("renew the attestation of {subject} until {until}"),
    act.Revoke: mark("revoke the attestation of {subject}"),
    # credit
    act.AskLoan: mark("ask for a loan of {amount} for periods: {count}"),
    act.Guarantee: mark("answer for loan {loan}"),
    act.GrantLoan: mark("grant loan {loan}"),
    act.DropLoan: mark("take back or decline loan {loan}"),
    act.ReturnLoan: mark("return loan {loan} before its term"),
    act.PayClaim: mark("pay a guarantor back {amount}"),
    # votes
    act.Propose: mark("put a measure to the vote: {measure}"),
    act.CastVote: mark("vote on proposal {proposal}: {voice}"),
    # obligations
    act.OfferInvoice: mark("offer {debtor} an invoice of {amount} {reference}"),
    act.AcceptInvoice: mark("owe {creditor} {amount} by invoice {obligation}; {clearable}"),
    act.DeclineInvoice: mark("decline invoice {obligation}, or take it back"),
    act.PayInvoice: mark("pay {amount} of invoice {obligation} to {creditor}"),
    act.WriteDown: mark("let {debtor} off {amount} of invoice {obligation}"),
    act.Reassign: mark("hand invoice {obligation} over to {heir}"),
    act.ConsentReassign: mark("owe invoice {obligation} to {heir} from now on"),
    act.MarkClearable: mark("invoice {obligation}: {clearable}"),
    act.LendLiquidity: mark("lend {amount} to every set-off"),
    # market
    act.Offer: mark("offer {goods} at {unit_price} a unit, until {until}"),
    act.Want: mark("look for {goods} at {unit_price} a unit at most, until {until}"),
    act.ChangeListing: mark("change offer or want {listing}: {quantity} at {unit_price} a unit"),
    act.WithdrawListing: mark("withdraw offer or want {listing}"),
    act.SetOrder: mark(
        "let chains of your offers and wants take up to {give} from the balance and add up to "
        "{take}, in a period at most: {chains}, until {until}"
    ),
    act.CancelOrder: mark("cancel the standing order"),
    act.ProposeChain: mark("propose a chain of trades: {legs}"),
    act.AcceptChain: mark("consent to chain {chain} ({digest})"),
    act.DeclineChain: mark("refuse chain {chain}"),
    act.ConfirmDelivery: mark(
        "confirm that of delivery {delivery} so much was received: {quantity}"
    ),
}

_CLEARS: Final = {True: mark("may be set off"), False: mark("is not set off")}

_FIGURES: Final[dict[str, Callable[[_Teller, Any], object]]] = {
    "amount": lambda teller, action: tell_pai(teller.words, action.amount),
    "whom": lambda teller, action: teller.tell_account(action.to),
    "memo": lambda _, action: f"«{action.memo}»" if action.memo else "",
    "seat": lambda teller, action: teller.tell_account(action.seat),
    "round": lambda _, action: action.activation_round,
    "id": lambda _, action: action.deposit,
    "count": lambda _, action: action.term_periods,
    "needed": lambda _, action: action.policy.threshold,
    "measure": lambda teller, action: tell_measure(
        teller.words, action.measure, teller.community, teller.names
    ),
    "loan": lambda _, action: action.loan,
    "proposal": lambda _, action: action.proposal,
    "voice": lambda teller, action: teller.words.say("yes" if action.yes else "no"),
    "count_keys": lambda _, action: len(action.policy.keys),
    "guardians": lambda _, action: action.guardians.hex()[:16] if action.guardians else "—",
    "delay": lambda _, action: action.delay_periods,
    "cancels": lambda _, action: action.cancels_max,
    "account": lambda teller, action: teller.tell_account(action.account),
    "name": lambda _, action: action.name,
    "price": lambda teller, action: tell_pai(teller.words, action.price_max),
    "subject": lambda teller, action: teller.tell_account(action.subject),
    "kind": lambda _, action: action.kind,
    "debtor": lambda teller, action: teller.tell_account(action.debtor),
    "creditor": lambda teller, action: teller.tell_account(action.creditor),
    "reference": lambda _, action: f"«{action.reference}»" if action.reference else "",
    "obligation": lambda _, action: action.obligation,
    "heir": lambda teller, action: teller.tell_account(action.to) if action.to else "—",
    "clearable": lambda teller, action: teller.words.say(_CLEARS[action.clearable]),
    "until": lambda teller, action: teller.tell_slot(action.until_slot),
    "goods": lambda _, action: f"{action.quantity} {action.unit} {action.good}",
    "unit_price": lambda teller, action: tell_pai(teller.words, action.price),
    "quantity": lambda _, action: action.quantity,
    "listing": lambda _, action: action.listing,
    "give": lambda teller, action: tell_pai(teller.words, action.give_max),
    "take": lambda teller, action: tell_pai(teller.words, action.take_max),
    "chains": lambda _, action: action.chains_a_period,
    "legs": lambda _, action: ", ".join(
        f"{leg.offer}→{leg.want}: {leg.quantity}" for leg in action.legs
    ),
    "chain": lambda _, action: action.chain,
    "digest": lambda _, action: action.digest.hex()[:16],
    "delivery": lambda _, action: action.delivery,
}


def tell_action(
    words: Words, action: act.Action, community: Community, names: Mapping[str, str]
) -> str:
    """One action of a transaction in words."""
    teller, text = _Teller(words, community, names), _SENTENCES[type(action)]
    figures = {name: _FIGURES[name](teller, action) for _, name, _, _ in _parse(text) if name}
    return words.say(text, **figures).rstrip()


_parse: Final = Formatter().parse
