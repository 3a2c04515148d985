"""``pai wallet``: what has to do with money. Each command says what it wants; ``flow`` does it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from chain.actions import Pay, Prolong, Save, Withdraw
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.units import format_pai
from wallet.client import DepositAnswer
from wallet.flow import (
    Hand,
    Intent,
    Manner,
    act,
    carry_out,
    find_account,
    get_names,
    run,
    tell_news,
    unlock,
)
from wallet.identity import is_alias
from wallet.options import take_hand, take_signing
from wallet.payroll import read_payroll
from wallet.requests import Request, build_payment, is_request, parse_amount, parse_request
from wallet.session import Session, open_session
from wallet.show import (
    ADDRESS_TAIL,
    tell_account,
    tell_pai,
)
from wallet.terminal import Exit, Failure, Terminal

_PAGE: Final = 100
_PAGES_SEARCHED: Final = 5  # for an earlier payment to somebody; further back counts as unknown


@click.command("pay")
@click.argument("name")
@click.argument("to", required=False)
@click.argument("amount", required=False)
@click.option("--memo", help="What it is for, at most 140 bytes; everybody can read it.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Pay everybody in this CSV file (address,amount,memo), all or nobody.",
)
@take_signing
@click.pass_obj
def _pay(
    terminal: Terminal,
    name: str,
    to: str | None,
    amount: str | None,
    memo: str | None,
    file: Path | None,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Pay somebody: an address, a request, a name of the address book, or @NAME in the ledger."""
    if (to is None) == (file is None) or (file is not None and (amount or memo)):
        raise Failure(Exit.USAGE, "Say whom to pay and how much, or give --file FILE.")

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            names = get_names(session)
            if file is not None:
                intent = await _intend_payroll(terminal, session, names, file)
            else:
                wanted = await _read_payee(session, str(to), amount, memo)
                if is_alias(str(to)):
                    address = session.community.get_address(wanted.to)
                    known = names.get(address)
                    names[address] = f"{to} ({known})" if known else str(to)
                intent = await _intend_payment(terminal, session, names, wanted)
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@click.command("save")
@click.argument("name")
@click.argument("amount")
@click.option(
    "--periods", type=click.IntRange(1), required=True, help="For how many periods (days)."
)
@take_hand
def _save(hand: Hand, amount: str, periods: int) -> Exit:
    """Put money away for a term: no demurrage, and no paying with it."""
    wanted = parse_amount(amount)

    async def draft(session: Session) -> Intent:
        words = hand.terminal.words
        due = session.community.get_term_end(session.account.at.step, periods)
        return Intent(
            actions=(Save(wanted, periods),),
            title=words.say("Savings from {name}", name=hand.name),
            pairs=(
                (words.say("Amount"), tell_pai(words, wanted)),
                (words.say("Due"), words.date(due)),
                (
                    words.say("Until then"),
                    words.say("no demurrage; returned early, it bears what it would have borne"),
                ),
            ),
            document={"amount": format_pai(wanted), "periods": periods, "until_time": due},
        )

    return act(hand, draft)


@click.command("prolong")
@click.argument("name")
@click.argument("deposit", type=click.IntRange(0))
@click.option(
    "--periods",
    type=click.IntRange(0),
    required=True,
    help="How many periods more, when the term ends; 0 takes that back.",
)
@take_hand
def _prolong(hand: Hand, deposit: int, periods: int) -> Exit:
    """Let savings begin another term when theirs ends."""

    async def draft(session: Session) -> Intent:
        found = _find_deposit(session, deposit)
        words, community = hand.terminal.words, session.community
        until = community.get_term_end(found.until_step, periods)
        end = words.date(until) if periods else words.say("returns to settlement")
        return Intent(
            actions=(Prolong(deposit, periods),),
            title=words.say("Prolong deposit {id} of {name}", id=deposit, name=hand.name),
            pairs=(
                (words.say("Amount"), tell_pai(words, found.amount)),
                (words.say("Due"), words.date(found.until_time)),
                (words.say("Then"), end),
            ),
            document={"deposit": deposit, "periods": periods, "until_time": until},
        )

    return act(hand, draft)


@click.command("withdraw")
@click.argument("name")
@click.argument("deposit", type=click.IntRange(0))
@click.argument("amount", required=False)
@take_hand
def _withdraw(hand: Hand, deposit: int, amount: str | None) -> Exit:
    """Return savings before their term, whole or in part, at the price of their demurrage."""

    async def draft(session: Session) -> Intent:
        found = _find_deposit(session, deposit)
        wanted = int(found.amount) if amount is None else parse_amount(amount)
        if found.bond != "free":
            raise Invalid(Code.DEPOSIT_BONDED)
        if wanted > found.amount:
            raise Invalid(Code.DEPOSIT_TOO_LITTLE, f"it holds {format_pai(found.amount)}")
        return _intend_withdrawal(hand.terminal, session, found, wanted)

    return act(hand, draft)


COMMANDS: Final = (_pay, _save, _prolong, _withdraw)


def _find_deposit(session: Session, deposit_id: int) -> DepositAnswer:
    for deposit in session.account.deposits:
        if deposit.id == deposit_id:
            return deposit
    raise Invalid(Code.UNKNOWN_DEPOSIT, f"deposit {deposit_id}")


async def _read_payee(session: Session, to: str, amount: str | None, memo: str | None) -> Pay:
    """The payment that the line asks for; what a request says is not overruled silently."""
    if is_request(to):
        asked = parse_request(to, session.community)
    else:
        asked = Request(await find_account(session, to), None, "")
    if amount is None and asked.amount is None:
        raise Failure(Exit.USAGE, "Say how much to pay.")
    wanted = asked.amount if amount is None else parse_amount(amount)
    if asked.amount not in (None, wanted):
        raise Failure(
            Exit.USAGE,
            "The request asks for {asked} pai, and you wrote {amount}: leave the amount out, or "
            "pay the address.",
            asked=format_pai(asked.amount or 0),
            amount=amount,
        )
    assert wanted is not None
    return build_payment(asked.to, wanted, asked.memo if memo is None else memo)


async def _intend_payment(
    terminal: Terminal, session: Session, names: Mapping[str, str], payment: Pay
) -> Intent:
    _check_not_self(session, payment.to)
    address = session.community.get_address(payment.to)
    first = not await _was_paid_before(session, address)
    words = terminal.words
    pairs = [
        (words.say("To"), names.get(address) or address),
        (words.say("Address"), address),
        (words.say("Its last characters"), address[-ADDRESS_TAIL:]),
        (words.say("Amount"), tell_pai(words, payment.amount)),
    ]
    if payment.memo:
        pairs.append((words.say("Memo"), payment.memo))
    if first:
        pairs.append((words.say("First payment"), words.say("you have not paid this account yet")))
    document = {
        "to": address,
        "name": names.get(address),
        "amount": format_pai(payment.amount),
        "memo": payment.memo,
        "first_payment": first,
    }
    return Intent(
        (payment,), words.say("Payment from {name}", name=session.name), tuple(pairs), 0, document
    )


async def _intend_payroll(
    terminal: Terminal, session: Session, names: Mapping[str, str], file: Path
) -> Intent:
    words, community = terminal.words, session.community
    payments = []
    for line in read_payroll(file):
        to = await find_account(session, line.to)
        _check_not_self(session, to)
        payments.append(build_payment(to, line.amount, line.memo))
    total = sum(payment.amount for payment in payments)
    pairs = [
        (
            tell_account(payment.to, community, names),
            f"{tell_pai(words, payment.amount)}  {payment.memo}".rstrip(),
        )
        for payment in payments
    ]
    pairs += [
        (words.say("Payments"), words.number(len(payments))),
        (words.say("Amount"), tell_pai(words, total)),
    ]
    document = {
        "payments": [
            {
                "to": community.get_address(payment.to),
                "amount": format_pai(payment.amount),
                "memo": payment.memo,
            }
            for payment in payments
        ],
        "amount": format_pai(total),
    }
    title = words.say("Payments from {name}, all or none", name=session.name)
    return Intent(tuple(payments), title, tuple(pairs), 0, document)


def _intend_withdrawal(
    terminal: Terminal, session: Session, deposit: DepositAnswer, amount: int
) -> Intent:
    """Part of a deposit returns its part of what the node says, rounded down: never less."""
    words = terminal.words
    returned = amount * deposit.return_now // deposit.amount
    pairs = (
        (words.say("Amount"), tell_pai(words, amount)),
        (words.say("Due"), words.date(deposit.until_time)),
        (words.say("Demurrage since it was saved"), tell_pai(words, amount - returned)),
        (words.say("Returns to settlement"), tell_pai(words, returned)),
    )
    document = {
        "deposit": deposit.id,
        "amount": format_pai(amount),
        "returned": format_pai(returned),
        "clawback": format_pai(amount - returned),
    }
    title = words.say("Return deposit {id} of {name} early", id=deposit.id, name=session.name)
    return Intent((Withdraw(deposit.id, int(amount)),), title, pairs, returned, document)


def _check_not_self(session: Session, to: AccountId) -> None:
    if to == session.account_id:
        raise Invalid(Code.PAYMENT_TO_SELF)


async def _was_paid_before(session: Session, address: str) -> bool:
    before: int | str | None = None
    for _ in range(_PAGES_SEARCHED):
        page = await session.client.get_history(session.address, before=before, limit=_PAGE)
        if any(item.kind == "paid" and item.counterparty == address for item in page.entries):
            return True
        before = page.next
        if before is None:
            break
    return False
