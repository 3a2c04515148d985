"""How a wallet looks: what it holds now, what the next period takes, how far it may go below zero.

Nothing is computed here that the node has not projected to now.
"""

from typing import Final

from rich.console import RenderableType

from chain.units import format_pai
from wallet.client import Account
from wallet.community import Community
from wallet.credit import Credit
from wallet.flow import get_names
from wallet.session import Session
from wallet.show import (
    build_deposit_document,
    build_deposit_table,
    build_pending_document,
    build_pending_table,
    tell_pai,
)
from wallet.show_credit import (
    build_claim_table,
    build_credit_document,
    build_credit_pairs,
    build_loan_table,
)
from wallet.terminal import Terminal, build_sheet
from wallet.words import Words

# An attestation without an end is written with a slot beyond any calendar.
_FAR_SECONDS: Final = 200 * 365 * 86_400


def compute_next_cost(account: Account, community: Community) -> int:
    """What the next period takes: now, and what falls due in it, less what will be left."""
    next_step = account.at.step + community.slots_per_period // community.slots_per_step
    matured = sum(
        deposit.amount
        for deposit in account.deposits
        if deposit.bond == "free" and not deposit.renew_periods and deposit.until_step <= next_step
    )
    return account.settlement + matured - account.after_next_period


def build_account_document(session: Session, credit: Credit) -> dict[str, object]:
    """``pai wallet show`` for programs."""
    account, community = session.account, session.community
    return {
        "wallet": session.name,
        "address": session.address,
        "alias": account.alias,
        "community": {"id": community.id, "name": community.name},
        "at": {
            "height": account.at.height,
            "slot": account.at.slot,
            "step": account.at.step,
            "time": community.get_time(account.at.slot),
        },
        "syncing": session.status.syncing,
        "exists": account.exists,
        "settlement": format_pai(account.settlement),
        "after_next_period": format_pai(account.after_next_period),
        "next_period_cost": format_pai(compute_next_cost(account, community)),
        "savings": format_pai(account.savings),
        "spendable": format_pai(account.spendable),
        "limit": format_pai(account.limit),
        "credit": build_credit_document(credit),
        "free_units": account.free_units,
        "defensive_units": account.defensive_units,
        "unit_fee": format_pai(account.unit_fee),
        "identified": account.identified,
        "identified_until_slot": account.identified_until_slot,
        "identified_until_time": _get_identified_time(session),
        "recovery_ends_time": (
            None
            if account.recovery_ends_slot is None
            else community.get_time(account.recovery_ends_slot)
        ),
        "deposits": [build_deposit_document(item) for item in account.deposits],
        "pending": [
            build_pending_document(item, community)
            for item in session.judged
            if item.is_worth_telling
        ],
    }


def build_account_parts(
    terminal: Terminal, session: Session, credit: Credit
) -> list[RenderableType]:
    """``pai wallet show`` for people."""
    words, account, community = terminal.words, session.account, session.community
    title = words.say(
        "{name} in {community}, {when}",
        name=session.name,
        community=community.name,
        when=words.date(community.get_time(account.at.slot)),
    )
    if not account.exists:
        sentence = words.say(
            "This account does not exist yet: it is born when it first receives 1 pai or more, or "
            "when an authority attests its owner."
        )
        return [title, session.address, sentence]
    pairs = [
        (words.say("Address"), session.address),
        (words.say("Settlement"), tell_pai(words, account.settlement)),
        (words.say("After the next period"), _tell_next_period(words, account, community)),
        (words.say("Savings"), tell_pai(words, account.savings)),
        (words.say("Can be spent"), tell_pai(words, account.spendable)),
        *build_credit_pairs(words, credit),
        (words.say("Free units this period"), words.number(account.free_units)),
        (words.say("Identified"), _tell_identified(words, session)),
    ]
    if account.alias is not None:
        pairs.insert(1, (words.say("Name"), f"@{account.alias}"))
    parts: list[RenderableType] = [build_sheet(pairs, title=title)]
    if account.deposits:
        parts += ["", build_deposit_table(words, account.deposits, community)]
    if credit.loans:
        parts += ["", build_loan_table(words, credit.loans, get_names(session))]
    if credit.claims:
        parts += ["", build_claim_table(words, credit.claims, get_names(session))]
    told = [item for item in session.judged if item.is_worth_telling]
    if told:
        parts += ["", build_pending_table(words, told, community)]
    return parts


def _tell_next_period(words: Words, account: Account, community: Community) -> str:
    return words.say(
        "{amount} pai in {duration}; demurrage {cost} pai",
        amount=words.amount(account.after_next_period),
        duration=words.duration(community.slots_per_period * community.slot_seconds),
        cost=words.amount(compute_next_cost(account, community)),
    )


def _get_identified_time(session: Session) -> int | None:
    slot = session.account.identified_until_slot
    return session.community.get_time(slot) if session.account.identified else None


def _tell_identified(words: Words, session: Session) -> str:
    seconds = _get_identified_time(session)
    if seconds is None:
        return words.say("no: no free payments, but sending and receiving work")
    if seconds - session.community.genesis_time > _FAR_SECONDS:
        return words.say("yes")
    return words.say("until {when}", when=words.date(seconds))
