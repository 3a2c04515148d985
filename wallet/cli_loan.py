"""``pai wallet loan``: loans without interest. Asking, answering for one, granting, returning.

A loan moves no money: it lifts the limit down to which a balance may fall, until its term.
"""

from pathlib import Path
from typing import Final

import click

from chain.actions import AskLoan, DropLoan, GrantLoan, Guarantee, Instalment, PayClaim, ReturnLoan
from chain.errors import Code, Invalid
from chain.units import format_pai
from wallet.credit import LoanTold, get_credit, get_loan, get_loans
from wallet.flow import Hand, Intent, act, find_account, get_names, run, tell_news
from wallet.options import take_folder, take_hand
from wallet.requests import parse_amount
from wallet.session import Session, open_session
from wallet.show import tell_account, tell_pai
from wallet.show_credit import (
    build_loan_document,
    build_loan_table,
    tell_guarantor,
    tell_state,
)
from wallet.terminal import Exit, Failure, Terminal, build_sheet


@click.group("loan")
def _loan() -> None:
    """Loans without interest: ask, answer for one, return it."""


@_loan.command("ask")
@click.argument("name")
@click.argument("amount")
@click.option("--periods", type=click.IntRange(1), required=True, help="Its term, periods (days).")
@click.option("--purpose", default="", help="What it is for, at most 140 bytes.")
@click.option("--guarantor", metavar="WHO", help="Who shall answer for it.")
@click.option("--pledge", metavar="AMOUNT", help="For how much; by default for all of it.")
@click.option(
    "--left",
    "plan",
    multiple=True,
    metavar="PERIODS=AMOUNT",
    help="After so many periods, so much of it is left; may be repeated.",
)
@take_hand
def _ask(
    hand: Hand,
    amount: str,
    periods: int,
    purpose: str,
    guarantor: str | None,
    pledge: str | None,
    plan: tuple[str, ...],
) -> Exit:
    """Ask for a loan; it waits for its guarantor and for the committee, or a vote."""
    wanted = parse_amount(amount)
    if pledge is not None and guarantor is None:
        raise Failure(Exit.USAGE, "A pledge needs a guarantor: --guarantor WHO.")
    instalments = tuple(_read_instalment(item) for item in plan)

    async def draft(session: Session) -> Intent:
        credit = await get_credit(session.client, session.address)
        words, community = hand.terminal.words, session.community
        account = None if guarantor is None else await find_account(session, guarantor)
        pledged = 0 if account is None else wanted if pledge is None else parse_amount(pledge)
        action = _build_ask(wanted, periods, instalments, purpose, account, pledged)
        pairs = [
            (words.say("Amount"), tell_pai(words, wanted)),
            (words.say("Term"), words.say_count("{n} period", "{n} periods", periods)),
        ]
        pairs += [
            (
                words.say("Left after periods: {count}", count=item.after_periods),
                tell_pai(words, item.left),
            )
            for item in instalments
        ]
        if purpose:
            pairs.append((words.say("What for"), purpose))
        if account is not None:
            told = tell_account(account, community, get_names(session))
            pairs.append((words.say("Guarantor"), f"{told}, {tell_pai(words, pledged)}"))
        pairs.append((words.say("May fall to, once granted"),
                      tell_pai(words, credit.floor - wanted)))  # fmt: skip
        return Intent(
            actions=(action,),
            title=words.say("Loan asked for by {name}", name=hand.name),
            pairs=tuple(pairs),
            document={
                "amount": format_pai(wanted),
                "periods": periods,
                "guarantor": None if account is None else community.get_address(account),
                "pledge": format_pai(pledged),
                "floor_once_granted": format_pai(credit.floor - wanted),
            },
        )

    return act(hand, draft)


@_loan.command("guarantee")
@click.argument("name")
@click.argument("loan", type=click.IntRange(0))
@click.option("--deposit", type=click.IntRange(0), help="With this deposit, not with one's limit.")
@take_hand
def _guarantee(hand: Hand, loan: int, deposit: int | None) -> Exit:
    """Answer for a loan that names this account: you pay what the debtor does not."""

    async def draft(session: Session) -> Intent:
        credit = await get_credit(session.client, session.address)
        told = await get_loan(session.client, loan)
        if told.guarantor != session.address:
            raise Invalid(Code.NOT_GUARANTOR)
        words = hand.terminal.words
        means = words.say("your own limit")
        if deposit is not None:
            means = words.say("deposit {id}", id=deposit)
        pairs = (
            *_tell_loan(hand.terminal, session, told),
            (words.say("You answer for"), tell_pai(words, told.pledge)),
            (words.say("With"), means),
        )
        return Intent(
            actions=(Guarantee(loan, deposit),),
            title=words.say("{name} answers for loan {loan}", name=hand.name, loan=loan),
            pairs=pairs,
            document={"loan": loan, "pledge": format_pai(told.pledge), "deposit": deposit},
            floor=credit.floor + (told.pledge if deposit is None else 0),
        )

    return act(hand, draft)


@_loan.command("return")
@click.argument("name")
@click.argument("loan", type=click.IntRange(0))
@take_hand
def _return(hand: Hand, loan: int) -> Exit:
    """Return a loan before its term, once the balance does not need it."""

    async def draft(session: Session) -> Intent:
        credit = await get_credit(session.client, session.address)
        told = await get_loan(session.client, loan)
        if told.debtor != session.address:
            raise Invalid(Code.NOT_YOUR_LOAN)
        return Intent(
            actions=(ReturnLoan(loan),),
            title=hand.terminal.say("{name} returns loan {loan}", name=hand.name, loan=loan),
            pairs=_tell_loan(hand.terminal, session, told),
            document={"loan": loan},
            floor=credit.floor + told.lifts,
        )

    return act(hand, draft)


@_loan.command("grant")
@click.argument("name")
@click.argument("loan", type=click.IntRange(0))
@take_hand
def _grant(hand: Hand, loan: int) -> Exit:
    """Grant a loan, as the credit committee."""

    async def draft(session: Session) -> Intent:
        lending = (await get_loans(session.client)).lending
        if lending.committee != session.address:
            raise Invalid(Code.NOT_COMMITTEE)
        told = await get_loan(session.client, loan)
        debtor = await get_credit(session.client, told.debtor)
        words = hand.terminal.words
        pairs = [
            *_tell_loan(hand.terminal, session, told),
            (words.say("The debtor may fall to"), tell_pai(words, debtor.floor - told.amount)),
            (words.say("The debtor owes now"), tell_pai(words, debtor.used)),
            (
                words.say("Of all loans"),
                words.say(
                    "{granted} of at most {most} pai",
                    granted=words.amount(lending.granted),
                    most=words.amount(lending.grants_most),
                ),
            ),
        ]
        if lending.committee_left is not None:
            left = tell_pai(words, lending.committee_left)
            pairs.append((words.say("The committee may still grant"), left))
        return Intent(
            actions=(GrantLoan(loan),),
            title=words.say("{name} grants loan {loan}", name=hand.name, loan=loan),
            pairs=tuple(pairs),
            document={"loan": loan, "amount": format_pai(told.amount)},
        )

    return act(hand, draft)


@_loan.command("drop")
@click.argument("name")
@click.argument("loan", type=click.IntRange(0))
@take_hand
def _drop(hand: Hand, loan: int) -> Exit:
    """Take back a loan that was asked for; as guarantor or committee, decline it."""

    async def draft(session: Session) -> Intent:
        told = await get_loan(session.client, loan)
        return Intent(
            actions=(DropLoan(loan),),
            title=hand.terminal.say("{name} drops loan {loan}", name=hand.name, loan=loan),
            pairs=_tell_loan(hand.terminal, session, told),
            document={"loan": loan},
        )

    return act(hand, draft)


@_loan.command("pay-claim")
@click.argument("name")
@click.argument("creditor")
@click.argument("amount", required=False)
@take_hand
def _pay_claim(hand: Hand, creditor: str, amount: str | None) -> Exit:
    """Pay a guarantor back who paid for you; without AMOUNT all of it."""

    async def draft(session: Session) -> Intent:
        credit = await get_credit(session.client, session.address)
        account = await find_account(session, creditor)
        address = session.community.get_address(account)
        owed = sum(item.amount for item in credit.claims if item.creditor == address)
        if not owed:
            raise Invalid(Code.UNKNOWN_CLAIM)
        wanted = owed if amount is None else parse_amount(amount)
        words = hand.terminal.words
        return Intent(
            actions=(PayClaim(account, wanted),),
            title=words.say("{name} pays a guarantor back", name=hand.name),
            pairs=(
                (words.say("To"), tell_account(account, session.community, get_names(session))),
                (words.say("Owed"), tell_pai(words, owed)),
                (words.say("Amount"), tell_pai(words, wanted)),
            ),
            document={"to": address, "owed": format_pai(owed), "amount": format_pai(wanted)},
        )

    return act(hand, draft)


@_loan.command("list")
@click.argument("name")
@click.option("--all", "everybody", is_flag=True, help="Everybody's loans.")
@take_folder
@click.pass_obj
def _list(terminal: Terminal, name: str, everybody: bool, folder: Path) -> None:
    """List loans that concern this account: its own, those it answers for, or may grant."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            told = await get_loans(session.client)
            grants = told.lending.committee == session.address
            found = [
                item
                for item in told.loans
                if everybody
                or session.address in (item.debtor, item.guarantor)
                or (grants and item.state == "asked")
            ]
            lending, words = told.lending, terminal.words
            pairs = [
                (
                    words.say("Credit committee"),
                    _tell_committee(terminal, session, lending.committee),
                ),
                (
                    words.say("Of all loans"),
                    words.say(
                        "{granted} of at most {most} pai",
                        granted=words.amount(lending.granted),
                        most=words.amount(lending.grants_most),
                    ),
                ),
            ]
            if lending.braked:
                stopped = words.say("losses exceed what the reserve takes in: nothing is granted")
                pairs.append((words.say("Note"), stopped))
            parts = [build_loan_table(words, found, get_names(session))] if found else []
            if not found:
                terminal.note(terminal.say("No loans."))
            terminal.answer(
                {
                    "committee": lending.committee,
                    "granted": format_pai(lending.granted),
                    "grants_most": format_pai(lending.grants_most),
                    "braked": lending.braked,
                    "loans": [build_loan_document(item) for item in found],
                },
                build_sheet(pairs),
                *parts,
            )

    run(work)


COMMANDS: Final = (_loan,)


def _tell_committee(terminal: Terminal, session: Session, address: str | None) -> str:
    if address is None:
        return terminal.say("none")
    return get_names(session).get(address) or address


def _tell_loan(terminal: Terminal, session: Session, loan: LoanTold) -> tuple[tuple[str, str], ...]:
    words, names = terminal.words, get_names(session)
    pairs = [
        (words.say("Debtor"), names.get(loan.debtor) or loan.debtor),
        (words.say("Loan"), tell_pai(words, loan.amount)),
        (words.say("Term"), words.say_count("{n} period", "{n} periods", loan.term_periods)),
        (words.say("State"), tell_state(words, loan)),
        (words.say("Guarantor"), tell_guarantor(words, loan, names)),
    ]
    if loan.purpose:
        pairs.append((words.say("What for"), loan.purpose))
    return tuple(pairs)


def _read_instalment(text: str) -> Instalment:
    periods, _, amount = text.partition("=")
    if not periods.isdecimal() or not amount:
        raise Failure(
            Exit.USAGE, "{text} is no step of a plan: write PERIODS=AMOUNT, as 30=50.", text=text
        )
    return Instalment(int(periods), parse_amount(amount))


def _build_ask(
    amount: int,
    periods: int,
    plan: tuple[Instalment, ...],
    purpose: str,
    guarantor: bytes | None,
    pledge: int,
) -> AskLoan:
    try:
        return AskLoan(amount, periods, plan, purpose, guarantor, pledge)
    except (ValueError, UnicodeEncodeError) as error:
        raise Failure(
            Exit.USAGE, "This text cannot be sent: {reason}.", reason=str(error)
        ) from None
