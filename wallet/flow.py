"""From "I want" to "it is in a block": price, question, signature, sending, waiting, answer.

Every command that changes anything goes this one way, ``pai seat`` included. ``carry_out`` asks
before it signs, and whatever happens after that is found again by the next command.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import trio

from chain.actions import Action, Pay, PayClaim, PayInvoice, Save
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.transaction import SealedTransaction
from chain.units import format_pai
from wallet.build import build_body
from wallet.client import Outcome
from wallet.community import Community, pin_community, read_community
from wallet.contacts import is_like_address, normalize_name, read_contacts
from wallet.folder import lock
from wallet.identity import find_alias_owner, is_alias
from wallet.keystore import Secrets, list_names, open_secrets, read_account
from wallet.partial import Partial, add_signatures, format_line, write_partial
from wallet.pending import FAILED, Verdict, build_unknown_outcome
from wallet.session import (
    Committed,
    Plan,
    Session,
    build_never,
    check_signers,
    commit,
    lock_path,
    open_client,
    open_session,
    plan,
    prepare,
    wait_for_block,
)
from wallet.show import ID_SHOWN, tell_account, tell_pai
from wallet.terminal import Exit, Failure, Terminal, build_sheet

WAIT_SECONDS: Final = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Manner:
    """How the person wants it done."""

    yes: bool = False
    wait_seconds: float = WAIT_SECONDS
    final: bool = False  # wait until no change of branch can take it back
    out: Path | None = None  # write it here for others to sign, instead of sending it


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be done, and what of it the person is shown first."""

    actions: tuple[Action, ...]
    title: str
    pairs: tuple[tuple[str, str], ...]
    gain: int = 0  # what settlement gains by it besides payments and savings, at least
    document: Mapping[str, object] = field(default_factory=dict)  # goes into the answer
    on_agreed: Callable[[], None] | None = None  # what must be on disk before anything is sent
    floor: int | None = None  # down to which the balance may fall afterwards, if that changes


@dataclass(frozen=True, slots=True)
class Hand:
    """Who signs, with which wallet, and how."""

    terminal: Terminal
    name: str
    folder: Path
    password_file: Path | None
    manner: Manner


def act(hand: Hand, draft: Callable[[Session], Awaitable[Intent]]) -> Exit:
    """Meet the node, learn what is intended, and carry it out."""

    async def work() -> Exit:
        terminal = hand.terminal
        async with open_session(hand.folder, hand.name, terminal.node_url) as session:
            tell_news(terminal, session)
            intent = await draft(session)
            secrets = unlock(terminal, hand.folder, hand.name, hand.password_file)
            return await carry_out(terminal, session, secrets, intent, hand.manner)

    return run(work)


def run(task: Callable[[], Awaitable[T]]) -> T:
    """Run a command's task to its end. Ctrl-C comes out as such, whoever was asked to stop."""
    try:
        return trio.run(task)
    except BaseExceptionGroup as group:
        if group.subgroup(KeyboardInterrupt) is not None:
            raise KeyboardInterrupt from None
        raise


def learn_community(terminal: Terminal, folder: Path) -> Community:
    """The folder's community, from the node if it is not known yet."""
    known = read_community(folder)
    if known is not None:
        return known

    async def ask() -> Community:
        async with open_client(terminal.node_url) as client:
            status = await client.get_status()
            return pin_community(folder, status.community, client.url)[0]

    return run(ask)


def unlock(terminal: Terminal, folder: Path, name: str, password_file: Path | None) -> Secrets:
    """The secrets of a wallet, after its password."""
    read_account(folder, name)  # whether there is such a wallet is said before any question
    question = terminal.say("Password of the wallet {name}:", name=name)
    return open_secrets(folder, name, terminal.ask_password(question, file=password_file))


def get_names(session: Session) -> dict[str, str]:
    """A name for each address that has one here: of another wallet, or of the address book."""
    names = {
        session.community.get_address(read_account(session.folder, name)): name
        for name in list_names(session.folder)
    }
    names.update({address: name for name, address in read_contacts(session.folder).items()})
    return names


async def find_account(session: Session, text: str) -> AccountId:
    """The account a person means: an address, @NAME, a name of the address book, a wallet here."""
    community = session.community
    if is_like_address(text, community):
        return community.parse_address(text)
    if is_alias(text):
        return community.parse_address((await find_alias_owner(session.client, text)).address)
    name = normalize_name(text)
    found = {address for known, address in read_contacts(session.folder).items() if known == name}
    if name in list_names(session.folder):
        found.add(community.get_address(read_account(session.folder, name)))
    if len(found) == 1:
        return community.parse_address(found.pop())
    if found:
        raise Failure(
            Exit.USAGE,
            "{text} is the name of a wallet here and of somebody else in the address book: give "
            "the address.",
            text=text,
        )
    raise Failure(
        Exit.USAGE,
        "{text} is neither an address nor a name in the address book: 'pai wallet contacts add' "
        "notes one.",
        text=text,
    )


def tell_news(terminal: Terminal, session: Session) -> None:
    """Say what the person would not look for: a first contact, old data, the fate of payments."""
    community = session.community
    if session.is_first_contact:
        terminal.note(
            terminal.say(
                "These wallets now belong to the community {name}. Its id is {id}: compare it with "
                "what the community has published.",
                name=community.name,
                id=community.short_id,
            )
        )
    if session.status.syncing:
        terminal.note(
            terminal.say(
                "The node is still catching up: what it shows is as of {when}.",
                when=terminal.words.date(community.get_time(session.status.head.slot)),
            )
        )
    if session.account.recovery_ends_slot is not None:
        terminal.note(
            terminal.say(
                "Guardians are recovering this account: from {when} on it has other keys. If you "
                "did not ask for it, stop them: pai wallet recover cancel {name}",
                when=terminal.words.date(community.get_time(session.account.recovery_ends_slot)),
                name=session.name,
            )
        )
    for item in session.judged:
        transaction_id = item.pending.sealed.id.hex()[:ID_SHOWN]
        if item.verdict in FAILED:
            failure = build_never(item)
            terminal.note(terminal.say(failure.text, **failure.values))
        elif item.verdict is Verdict.UNHEARD and item.refusal is not None:
            terminal.note(_tell_stuck(terminal, session, item.pending.sealed))
        elif item.news and item.pending.height is not None:
            terminal.note(
                terminal.say(
                    "Transaction {id}, sent earlier, is in block {height}.",
                    id=transaction_id,
                    height=item.pending.height,
                )
            )


def _tell_stuck(terminal: Terminal, session: Session, sealed: SealedTransaction) -> str:
    return terminal.say(
        "Transaction {id} has not been executed, and this node does not take it now; it will be "
        "certain at {when}.",
        id=sealed.id.hex()[:ID_SHOWN],
        when=terminal.words.date(session.community.get_time(sealed.body.valid_until_slot + 1)),
    )


async def carry_out(
    terminal: Terminal, session: Session, secrets: Secrets, intent: Intent, manner: Manner
) -> Exit:
    """Do what the person wants, after showing it and asking. Raises Failure and Invalid."""
    if not session.account.exists:
        raise Invalid(Code.UNKNOWN_ACCOUNT)
    planned = await plan(session, secrets, intent.actions)
    check_means(session, intent, planned)
    if manner.out is None:
        check_signers(secrets, planned.draft)
    show_intent(terminal, session, intent, planned)
    terminal.confirm(terminal.say("Go on?"), yes=manner.yes)
    if intent.on_agreed is not None:
        intent.on_agreed()
    if manner.out is not None:
        return await _write_for_others(terminal, session, secrets, intent, planned, manner.out)
    document = {
        **intent.document,
        "transaction": None,
        "status": "unknown",
        "height": None,
        "fee_max": format_pai(planned.draft.fee_max),
        "units": planned.draft.units,
    }
    committed = await commit(session, secrets, planned.draft)
    return await report_outcome(
        terminal, session, committed, document, manner.wait_seconds, final=manner.final
    )


async def report_outcome(
    terminal: Terminal,
    session: Session,
    committed: Committed,
    document: dict[str, object],
    wait_seconds: float,
    *,
    final: bool = False,
) -> Exit:
    """Wait for the block, or until that is final, and answer with what is known then."""
    sealed = committed.sealed
    document |= {"transaction": sealed.id.hex()}
    unknown = build_unknown_outcome(sealed)
    sentence = terminal.say(unknown.text, **unknown.values)
    try:
        outcome = (
            await wait_for_block(session, sealed, wait_seconds, final=final)
            if committed.heard
            else None
        )
    except KeyboardInterrupt:
        terminal.note(sentence)
        raise
    if outcome is None:
        document |= {"status": "waiting" if committed.heard else "unknown"}
        terminal.answer(document, sentence)
        return Exit.UNKNOWN_OUTCOME
    account = await session.client.get_account(session.address)
    document |= {
        "status": outcome.status,
        "height": outcome.height,
        "level": outcome.level,
        "settlement": format_pai(account.settlement),
        "savings": format_pai(account.savings),
    }
    terminal.answer(document, _tell_done(terminal, outcome, account.settlement))
    return Exit.UNKNOWN_OUTCOME if final and outcome.status != "final" else Exit.DONE


def check_means(session: Session, intent: Intent, planned: Plan) -> None:
    """Say before the question, and not after it, that the money does not suffice."""
    spendable = session.account.spendable + intent.gain
    wanted = compute_outgo(intent.actions) + planned.draft.fee_max
    if wanted > spendable:
        raise Invalid(
            Code.INSUFFICIENT_BALANCE,
            f"balance {format_pai(spendable)}, wanted {format_pai(wanted)}",
        )


def show_intent(terminal: Terminal, session: Session, intent: Intent, planned: Plan) -> None:
    """What the person is about to agree to, with the balance that will be left."""
    words, fee = terminal.words, planned.draft.fee_max
    after = session.account.settlement - compute_outgo(intent.actions) + intent.gain - fee
    pairs = [
        *intent.pairs,
        *_tell_newcomers(terminal, session, planned),
        (words.say("Fee"), _tell_fee(terminal, planned)),
        (words.say("Settlement now"), tell_pai(words, session.account.settlement)),
        (words.say("Settlement afterwards"), tell_pai(words, after)),
    ]
    floor = -session.account.limit if intent.floor is None else intent.floor
    if floor or intent.floor is not None:
        pairs.append((words.say("May fall to"), tell_pai(words, floor)))
    terminal.show(build_sheet(pairs, title=intent.title))


def compute_outgo(actions: Sequence[Action]) -> int:
    """What actions take from the settlement balance, the fee apart."""
    return sum(one.amount for one in actions if isinstance(one, Pay | PayClaim | PayInvoice | Save))


async def _write_for_others(
    terminal: Terminal,
    session: Session,
    secrets: Secrets,
    intent: Intent,
    planned: Plan,
    path: Path,
) -> Exit:
    """Sign with our keys and leave the rest to others: valid as long as the rules admit."""
    draft = planned.draft
    with lock(lock_path(session.folder, session.name)):
        envelope = await prepare(
            session, draft, life_slots=session.community.transaction_life_slots
        )
    partial = add_signatures(
        Partial(session.community.chain, draft.policy, build_body(draft, envelope), ()),
        secrets.find_keys(draft.policy),
    )
    write_partial(path, partial)
    document = {
        **intent.document,
        "file": str(path),
        "line": format_line(partial),
        "missing_signatures": partial.missing,
        "valid_until_slot": envelope.valid_until_slot,
        "valid_until_time": session.community.get_time(envelope.valid_until_slot),
    }
    terminal.answer(
        document,
        terminal.say(
            "Written to {path}; signatures still needed: {count}; valid until {when}. The others "
            "sign with 'pai wallet sign', then anybody of you sends it with 'pai wallet send'.",
            path=path,
            count=partial.missing,
            when=terminal.words.date(session.community.get_time(envelope.valid_until_slot)),
        ),
    )
    return Exit.DONE


def _tell_newcomers(terminal: Terminal, session: Session, planned: Plan) -> list[tuple[str, str]]:
    """A receiver without an account is often a slip, and always worth a line."""
    names = get_names(session)
    return [
        (
            terminal.say("New account"),
            terminal.say(
                "{whom} has never received anything: the payment brings it to life",
                whom=tell_account(account, session.community, names),
            ),
        )
        for account in sorted(planned.newcomers)
    ]


def _tell_fee(terminal: Terminal, planned: Plan) -> str:
    fee = planned.draft.fee_max
    units = terminal.say_count("{n} unit", "{n} units", planned.draft.units)
    if not fee:
        return terminal.say("none ({units} of the free ones)", units=units)
    amount = terminal.words.amount(fee)
    return terminal.say("{amount} pai at most ({units})", amount=amount, units=units)


def _tell_done(terminal: Terminal, outcome: Outcome, settlement: int) -> str:
    where = {"height": outcome.height, "amount": terminal.words.amount(settlement)}
    if outcome.status != "final":
        return terminal.say(
            "Done: in block {height}, not final yet. Settlement now: {amount} pai.", **where
        )
    return terminal.say(
        "Done: final, in block {height}, at level {level}. Settlement now: {amount} pai.",
        level=outcome.level or 0,
        **where,
    )
