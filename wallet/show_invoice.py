"""Obligations as people and programs see them in the wallet."""

from collections.abc import Mapping
from typing import Final

from rich.console import RenderableType

from chain.units import format_pai
from wallet.flow import get_names
from wallet.obligations import Obligation, Obligations
from wallet.session import Session
from wallet.show import shorten_address, tell_account, tell_pai
from wallet.terminal import Column, build_table
from wallet.words import Words, mark

_STATES: Final = {"offered": mark("offered"), "open": mark("accepted")}
_CLEARS: Final = {
    True: mark("allowed: it may be paid by what others owe, without asking again"),
    False: mark("not allowed"),
}


def build_invoices_document(session: Session, found: Obligations) -> dict[str, object]:
    """A wallet's obligations for programs."""
    return {
        "wallet": session.name,
        "address": session.address,
        "lends": format_pai(found.lends),
        "put_aside": format_pai(found.put_aside),
        "obligations": [describe_invoice(item) for item in found.obligations],
    }


def describe_invoice(item: Obligation) -> dict[str, object]:
    """One obligation for programs."""
    return {
        "number": item.number,
        "state": item.state,
        "debtor": item.debtor,
        "creditor": item.creditor,
        "amount": format_pai(item.amount),
        "remaining": format_pai(item.remaining),
        "due_time": item.due_time,
        "late": item.late,
        "reference": item.reference,
        "goods": None if item.goods is None else item.goods.hex(),
        "creditor_clears": item.creditor_clears,
        "debtor_clears": item.debtor_clears,
        "clearing": item.clearing,
        "heir": item.heir,
        "lapses_time": item.lapses_time,
        "delivery": item.delivery,
        "disputed_until_time": item.disputed_until_time,
    }


def build_invoices_table(
    words: Words,
    session: Session,
    items: tuple[Obligation, ...],
    names: Mapping[str, str],
    name: str,
) -> RenderableType:
    """A wallet's obligations for people."""

    def tell_side(item: Obligation) -> tuple[str, str]:
        if item.debtor == session.address:
            return words.say("you owe"), item.creditor
        return words.say("owed to you"), item.debtor

    rows = []
    for item in items:
        side, other = tell_side(item)
        due = words.date(item.due_time)
        rows.append(
            (
                str(item.number),
                side,
                names.get(other) or shorten_address(other),
                words.amount(item.remaining),
                words.say("{date}, late", date=due) if item.late else due,
                _tell_state(words, item),
                item.reference,
            )
        )
    return build_table(
        [
            Column(words.say("No."), figures=True),
            Column(words.say("Side")),
            Column(words.say("Whom")),
            Column(words.say("Pai"), figures=True),
            Column(words.say("Due"), figures=True),
            Column(words.say("State")),
            Column(words.say("Reference")),
        ],
        rows,
        title=words.say("Invoices of {name}", name=name),
    )


def _tell_state(words: Words, item: Obligation) -> str:
    if item.clearing:
        return words.say("being set off")
    state = words.say(_STATES[item.state]) if item.state in _STATES else item.state
    if item.delivery is not None:
        state = words.say("not delivered")
    if item.disputed_until_time is not None:
        until = words.date(item.disputed_until_time)
        return f"{state}, {words.say('disputed until {date}', date=until)}"
    if item.state == "open" and item.creditor_clears and item.debtor_clears:
        return words.say("{state}, may be set off", state=state)
    return state


def tell_sums(words: Words, session: Session, found: Obligations) -> list[tuple[str, str]]:
    """What is owed in all, either way, and what is lent to set-off."""
    opened = [item for item in found.obligations if item.state == "open"]
    owing = sum(item.remaining for item in opened if item.debtor == session.address)
    owed = sum(item.remaining for item in opened if item.creditor == session.address)
    pairs = [
        (words.say("You owe"), tell_pai(words, owing)),
        (words.say("Owed to you"), tell_pai(words, owed)),
        (words.say("You lend to set-off"), tell_pai(words, found.lends)),
    ]
    if found.put_aside:
        pairs.append((words.say("Put aside for it now"), tell_pai(words, found.put_aside)))
    return pairs


def tell_invoice(words: Words, session: Session, item: Obligation) -> tuple[tuple[str, str], ...]:
    """What every question about an invoice shows."""
    names, community = get_names(session), session.community
    debtor, creditor = (community.parse_address(side) for side in (item.debtor, item.creditor))
    pairs = [
        (words.say("Debtor"), tell_account(debtor, community, names)),
        (words.say("Creditor"), tell_account(creditor, community, names)),
        (words.say("Amount"), tell_pai(words, item.amount)),
        (words.say("Still open"), tell_pai(words, item.remaining)),
        (words.say("Due"), words.date(item.due_time)),
    ]
    if item.delivery is not None:
        pairs.append((words.say("For delivery"), f"{words.say('No.')} {item.delivery}"))
    if item.reference:
        pairs.append((words.say("Reference"), item.reference))
    return tuple(pairs)


def tell_clears(words: Words, *, clears: bool) -> str:
    """What the consent to set-off means."""
    return words.say(_CLEARS[clears])
