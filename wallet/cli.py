"""``pai wallet``: a member's keys, money and savings on the command line.

This file holds what works on the folder of wallets, mostly without a node: making wallets, backing
them up, asking to be paid, the address book. ``cli_look`` shows, ``cli_money`` pays and saves,
``cli_loan`` borrows, ``cli_keys`` changes who may act, ``cli_recover`` brings lost keys back,
``cli_alias`` names.
"""

import secrets as randomness
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from rich.console import RenderableType

from chain.units import format_pai
from wallet import (
    cli_alias,
    cli_contacts,
    cli_keys,
    cli_loan,
    cli_look,
    cli_money,
    cli_recover,
    cli_statement,
)
from wallet.client import Unanswered, Unreachable
from wallet.community import read_community
from wallet.flow import learn_community, run, unlock
from wallet.folder import check_name, read_text
from wallet.keystore import (
    PASSWORD_LENGTH_MIN,
    Secrets,
    build_secrets,
    check_password,
    get_path,
    list_names,
    read_account,
    save_secrets,
)
from wallet.options import take_folder, take_password, take_yes
from wallet.pending import read_pending
from wallet.phrase import (
    PHRASE_LENGTH_MAX,
    WORDS,
    decode_phrase,
    derive_key,
    draw_entropy,
    encode_phrase,
)
from wallet.requests import Request, build_payment, build_qr, format_request, parse_amount
from wallet.session import get_pending_path, open_session, read_policy
from wallet.terminal import Column, Exit, Failure, Terminal, build_sheet, build_table
from wallet.words import Language

_WORDS_A_ROW: Final = 4
_STDIN: Final = "-"
_TRIES: Final = 3  # to name a word that was written down


@click.group()
def command() -> None:
    """Hold keys, pay, save."""


for _item in (
    *cli_look.COMMANDS,
    *cli_statement.COMMANDS,
    *cli_money.COMMANDS,
    *cli_loan.COMMANDS,
    *cli_keys.COMMANDS,
    *cli_alias.COMMANDS,
    *cli_recover.COMMANDS,
    *cli_contacts.COMMANDS,
):
    command.add_command(_item)


def _take_language(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--words",
        "language",
        type=click.Choice([item.value for item in Language]),
        help="Language of the 24 words; by default that of the program. Both restore the wallet.",
    )(function)


@command.command("new")
@click.argument("name")
@click.option(
    "--address",
    metavar="ADDRESS",
    help="Make a key for this account, which others already hold, instead of a new account.",
)
@_take_language
@take_folder
@take_password
@take_yes
@click.pass_obj
def _new(
    terminal: Terminal,
    name: str,
    address: str | None,
    language: str | None,
    folder: Path,
    password_file: Path | None,
    yes: bool,
) -> None:
    """Make a wallet, and show the 24 words that bring it back."""
    kept = _build_kept(terminal, folder, draw_entropy(), address)
    _save_new(terminal, folder, name, kept, password_file)
    words = encode_phrase(kept.entropies[0], _choose_list(terminal, language))
    document = {**_describe(folder, name, kept), "words": list(words)}
    terminal.answer(
        document,
        terminal.say(
            "Wallet {name} is made. Write these words on paper, in order, and keep them where "
            "nobody else sees them: whoever has them has the money, and without them it is lost "
            "when this machine is.",
            name=name,
        ),
        *_build_words(words),
        *_build_account_line(terminal, folder, kept),
    )
    if terminal.interactive and not yes:
        _check_written(terminal, name, words)


@command.command("restore")
@click.argument("name")
@click.option(
    "--file",
    metavar="FILE",
    help="Read the 24 words from this file; - reads them from standard input.",
)
@click.option(
    "--address",
    metavar="ADDRESS",
    help="The account, when these are words that it was given later by 'keys change'.",
)
@take_folder
@take_password
@click.pass_obj
def _restore(
    terminal: Terminal,
    name: str,
    file: str | None,
    address: str | None,
    folder: Path,
    password_file: Path | None,
) -> None:
    """Bring a wallet back from its 24 words."""
    check_name(name)
    entropy = decode_phrase(_read_phrase(terminal, file))
    kept = _build_kept(terminal, folder, entropy, address)
    _save_new(terminal, folder, name, kept, password_file)
    terminal.answer(
        _describe(folder, name, kept),
        terminal.say("Wallet {name} is restored.", name=name),
        *_build_account_line(terminal, folder, kept),
    )


@command.command("list")
@take_folder
@click.pass_obj
def _list(terminal: Terminal, folder: Path) -> None:
    """List the wallets of the folder; no password is needed."""
    community = read_community(folder)
    rows, documents = [], []
    for name in list_names(folder):
        account = read_account(folder, name)
        address = None if community is None else community.get_address(account)
        kept = read_pending(get_pending_path(folder, name))
        pending = sum(item.height is None for item in kept)
        rows.append((name, address or terminal.say("known after the first contact"), str(pending)))
        documents.append(
            {"wallet": name, "account": account.hex(), "address": address, "pending": pending}
        )
    if not rows:
        terminal.note(
            terminal.say("No wallets in {path} yet: 'pai wallet new NAME' makes one.", path=folder)
        )
    columns = [
        Column(terminal.say("Wallet")),
        Column(terminal.say("Address")),
        Column(terminal.say("Not yet certain"), figures=True),
    ]
    title = None if community is None else community.name
    terminal.answer(
        {"wallets": documents}, *([build_table(columns, rows, title=title)] * bool(rows))
    )


@command.command("backup")
@click.argument("name")
@_take_language
@take_folder
@take_password
@click.pass_obj
def _backup(
    terminal: Terminal,
    name: str,
    language: str | None,
    folder: Path,
    password_file: Path | None,
) -> None:
    """Show the 24 words again, after the password."""
    kept = unlock(terminal, folder, name, password_file)
    current = _find_current(terminal, folder, name, kept)
    phrases = [encode_phrase(item, _choose_list(terminal, language)) for item in current]
    parts: list[RenderableType] = []
    if len(phrases) > 1:
        parts.append(
            terminal.say(
                "The keys were changed, and no node can say whether that was executed: write down "
                "all of these. The last are the newest."
            )
        )
    for words in phrases:
        parts += _build_words(words)
    document = {**_describe(folder, name, kept), "words": list(phrases[-1]), "phrases": phrases}
    terminal.answer(document, *parts, *_build_account_line(terminal, folder, kept))


@command.command("request")
@click.argument("name")
@click.argument("amount", required=False)
@click.option("--memo", default="", help="What it is for, at most 140 bytes.")
@click.option("--no-qr", is_flag=True, help="Only the text, no QR code.")
@take_folder
@click.pass_obj
def _request(
    terminal: Terminal, name: str, amount: str | None, memo: str, no_qr: bool, folder: Path
) -> None:
    """Ask to be paid: a text and a QR code for whoever is to pay."""
    account = read_account(folder, name)
    wanted = None if amount is None else parse_amount(amount)
    payment = build_payment(account, wanted or 1, memo)
    community = learn_community(terminal, folder)
    text = format_request(Request(account, wanted, payment.memo), community)
    document = {
        "wallet": name,
        "address": community.get_address(account),
        "amount": None if wanted is None else format_pai(wanted),
        "memo": payment.memo,
        "request": text,
    }
    code = [] if no_qr else [build_qr(text)]
    terminal.answer(document, *code, text)


def _build_kept(terminal: Terminal, folder: Path, entropy: bytes, address: str | None) -> Secrets:
    """Secrets of a new account, or of a key to the account of an address."""
    if address is None:
        return build_secrets(entropy)
    return build_secrets(entropy, learn_community(terminal, folder).parse_address(address))


def _save_new(
    terminal: Terminal, folder: Path, name: str, kept: Secrets, password_file: Path | None
) -> None:
    path = get_path(folder, name)
    if path.exists():
        raise Failure(
            Exit.USAGE, "{path} exists already and is left as it is: take another name.", path=path
        )
    question = terminal.say(
        "A password for the wallet {name}, at least {count} characters:",
        name=name,
        count=PASSWORD_LENGTH_MIN,
    )
    password = terminal.ask_password(question, file=password_file, twice=True)
    check_password(password)
    save_secrets(folder, name, password, kept, replace=False)


def _read_phrase(terminal: Terminal, file: str | None) -> str:
    if file is None and terminal.interactive:
        return terminal.ask(terminal.say("The 24 words, in order:"))
    if file in (None, _STDIN):
        return sys.stdin.read(PHRASE_LENGTH_MAX + 1)
    return read_text(Path(str(file)), PHRASE_LENGTH_MAX + 1)


def _choose_list(terminal: Terminal, language: str | None) -> Language:
    return terminal.words.language if language is None else Language(language)


def _check_written(terminal: Terminal, name: str, words: Sequence[str]) -> None:
    """Ask for one word back: the only test of a backup that comes before it is needed."""
    index = randomness.randbelow(WORDS)
    question = terminal.say("To be sure: which is word number {number}?", number=index + 1)
    for _ in range(_TRIES):
        try:
            given = terminal.ask(question)
        except Failure:  # of Ctrl-D: the wallet stays made, and so it is said
            break
        if given.lower().replace("ё", "е") == words[index]:
            terminal.note(terminal.say("Right."))
            return
        terminal.note(terminal.say("That is not what stands there: compare with the words above."))
    terminal.note(
        terminal.say(
            "The wallet is made. 'pai wallet backup {name}' shows its words again.", name=name
        )
    )


def _build_words(words: Sequence[str]) -> list[RenderableType]:
    rows = len(words) // _WORDS_A_ROW
    cells = [f"{number:2}  {word}" for number, word in enumerate(words, 1)]
    columns = [Column("")] * _WORDS_A_ROW
    table = build_table(columns, [cells[row::rows] for row in range(rows)])
    table.show_header = False
    return [table]


def _describe(folder: Path, name: str, kept: Secrets) -> dict[str, object]:
    community = read_community(folder)
    return {
        "wallet": name,
        "account": kept.account.hex(),
        "address": None if community is None else community.get_address(kept.account),
        "key": derive_key(kept.entropies[-1]).public.hex(),
    }


def _build_account_line(terminal: Terminal, folder: Path, kept: Secrets) -> list[RenderableType]:
    """The address too belongs on the paper once keys were changed: the words alone lack it."""
    community = read_community(folder)
    if community is None:
        return []
    pairs = [(terminal.say("Address"), community.get_address(kept.account))]
    if kept.find_first_policy() is None:  # others have yet to let this key act for the account
        pairs.append((terminal.say("Key"), derive_key(kept.entropies[-1]).public.hex()))
    if kept.find_first_policy() is None or len(kept.entropies) > 1:
        pairs.append(
            (
                terminal.say("Note"),
                terminal.say("write the address beside the words: restoring will ask for it"),
            )
        )
    return [build_sheet(pairs)]


def _find_current(terminal: Terminal, folder: Path, name: str, kept: Secrets) -> tuple[bytes, ...]:
    """The entropies whose keys are in force; all of them when no node can be asked."""
    if len(kept.entropies) == 1:
        return kept.entropies

    async def ask() -> tuple[bytes, ...]:
        async with open_session(folder, name, terminal.node_url) as session:
            policy = read_policy(session.account) or kept.find_first_policy()
        publics = () if policy is None else policy.keys
        return tuple(item for item in kept.entropies if derive_key(item).public in publics)

    try:
        return run(ask) or kept.entropies
    except (Unreachable, Unanswered):
        return kept.entropies
