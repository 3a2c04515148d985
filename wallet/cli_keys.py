"""``pai wallet``: keys of an account, and transactions that several people sign.

A change of keys gives the account a key from fresh words; the old words stop counting with the
block that holds the change. The fresh entropy is in the keystore before anything is sent.
"""

import dataclasses
from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace
from rich.console import RenderableType
from rich.text import Text

from chain.actions import ChangePolicy, Reveal
from chain.policy import KEYS_MAX, Policy
from wallet.flow import (
    Intent,
    Manner,
    carry_out,
    get_names,
    report_outcome,
    run,
    tell_news,
    unlock,
)
from wallet.folder import lock
from wallet.keystore import ENTROPIES_MAX, Secrets, open_secrets, save_secrets
from wallet.options import (
    divide_wait,
    take_folder,
    take_password,
    take_signing,
    take_wait,
    take_yes,
)
from wallet.partial import (
    STDIN,
    Partial,
    add_signatures,
    finish,
    format_line,
    read_partial,
    write_partial,
)
from wallet.phrase import derive_key, draw_entropy, encode_phrase
from wallet.policies import build_policy, parse_key
from wallet.requests import build_qr
from wallet.session import (
    Session,
    get_policy,
    lock_path,
    open_session,
    read_policy,
    submit_complete,
)
from wallet.show_actions import tell_action
from wallet.terminal import Column, Exit, Failure, Terminal, build_sheet, build_table


@click.group("keys")
def _keys() -> None:
    """Who may act for an account: its keys."""


@_keys.command("show")
@click.argument("name")
@take_folder
@take_password
@click.pass_obj
def _show_keys(terminal: Terminal, name: str, folder: Path, password_file: Path | None) -> None:
    """Show the account's keys, and which of them are this wallet's."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            secrets = unlock(terminal, folder, name, password_file)
            _answer_keys(terminal, session, secrets)

    run(work)


@_keys.command("change")
@click.argument("name")
@click.option("--keep", is_flag=True, help="Keep this wallet's present key: no new words.")
@click.option(
    "--threshold",
    type=click.IntRange(1, KEYS_MAX),
    default=1,
    show_default=True,
    help="How many of the keys have to sign.",
)
@click.option(
    "--key",
    "others",
    multiple=True,
    metavar="KEY",
    help="Somebody else's public key; may be given several times.",
)
@take_signing
@click.pass_obj
def _change_keys(
    terminal: Terminal,
    name: str,
    keep: bool,
    threshold: int,
    others: tuple[str, ...],
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Give the account other keys: a fresh one for this wallet, and those of others."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            question = terminal.say("Password of the wallet {name}:", name=name)
            password = terminal.ask_password(question, file=password_file)
            secrets = open_secrets(folder, name, password)
            fresh = None if keep else draw_entropy()
            own = _find_own_key(session, secrets) if fresh is None else derive_key(fresh).public
            policy = build_policy(threshold, [own, *map(parse_key, others)])

            def keep_fresh() -> None:
                if fresh is not None:
                    with lock(lock_path(folder, name)):
                        grown = _add_entropy(secrets, fresh)
                        save_secrets(folder, name, password, grown, replace=True)

            intent = _intend_change(terminal, session, policy, fresh)
            intent = dataclasses.replace(intent, on_agreed=keep_fresh)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@click.command("sign")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--qr", is_flag=True, help="Show it as text and QR code for the next signer, too.")
@take_folder
@take_password
@take_yes
@click.pass_obj
def _sign(
    terminal: Terminal,
    name: str,
    file: Path,
    qr: bool,
    folder: Path,
    password_file: Path | None,
    yes: bool,
) -> None:
    """Add this wallet's signature to a transaction that several people sign.

    FILE is what --out has written, or the text of a QR code; - reads that from standard input.
    """

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            partial = await _read_current(session, file)
            _show_partial(terminal, session, partial)
            secrets = unlock(terminal, folder, name, password_file)
            keys = secrets.find_keys(partial.policy)
            if not keys:
                raise Failure(
                    Exit.WRONG_KEY, "None of the keys that may sign this is in the wallet."
                )
            terminal.confirm(terminal.say("Sign it?"), yes=yes)
            signed = add_signatures(partial, keys)
            line, pasted = format_line(signed), str(file) == STDIN
            if not pasted:
                write_partial(file, signed)
            terminal.answer(
                {"file": str(file), "missing_signatures": signed.missing, "line": line},
                terminal.say("Signed. Signatures still needed: {count}.", count=signed.missing),
                *draw_line(line, qr=qr, shown=qr or pasted),
            )

    run(work)


@click.command("send")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@take_folder
@take_yes
@take_wait
@click.pass_obj
def _send(terminal: Terminal, name: str, file: Path, folder: Path, yes: bool, wait: float) -> Exit:
    """Send a transaction that everybody who has to has signed."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            partial = await _read_current(session, file)
            _check_own(session, partial, file)
            sealed = finish(partial)
            _show_partial(terminal, session, partial)
            terminal.confirm(terminal.say("Send it?"), yes=yes)
            committed = await submit_complete(session, sealed)
            document: dict[str, object] = {
                "file": str(file),
                "transaction": sealed.id.hex(),
                "status": "unknown",
                "height": None,
            }
            seconds, final = divide_wait(wait)
            return await report_outcome(
                terminal, session, committed, document, seconds, final=final
            )

    return run(work)


COMMANDS: Final = (_keys, _sign, _send)


def _answer_keys(terminal: Terminal, session: Session, secrets: Secrets) -> None:
    known = read_policy(session.account)
    policy = known or get_policy(session, secrets)
    ours = {key.public for key in secrets.keys}
    document = {
        "wallet": session.name,
        "address": session.address,
        "threshold": policy.threshold,
        "keys": [{"key": key.hex(), "ours": key in ours} for key in policy.keys],
        "revealed": known is not None,
        "own_key": secrets.keys[-1].public.hex(),
    }
    rows = [
        (key.hex(), terminal.say("this wallet's") if key in ours else "") for key in policy.keys
    ]
    columns = [Column(terminal.say("Key")), Column(terminal.say("Whose"))]
    parts: list[RenderableType] = [
        terminal.say(
            "{name}: {needed} of {count} keys must sign.",
            name=session.name,
            needed=policy.threshold,
            count=len(policy.keys),
        ),
        build_table(columns, rows),
    ]
    if known is None:
        parts.append(terminal.say("The ledger learns this key with the account's first payment."))
    if not ours & set(policy.keys):
        parts.append(
            terminal.say(
                "None of them is this wallet's; its own key is {key}", key=document["own_key"]
            )
        )
    terminal.answer(document, *parts)


def draw_line(line: str, *, qr: bool, shown: bool) -> list[RenderableType]:
    """The transaction for the next signer's eyes or camera."""
    code = [build_qr(line)] if qr else []
    return [*code, Text(line, overflow="fold")] if shown else []


def _find_own_key(session: Session, secrets: Secrets) -> bytes:
    keys = secrets.find_keys(get_policy(session, secrets))
    if not keys:
        raise Failure(Exit.WRONG_KEY, "The wallet holds none of the account's present keys.")
    return keys[0][1].public


def _add_entropy(secrets: Secrets, fresh: bytes) -> Secrets:
    """Keep the fresh entropy; of very many changes the first and the newest matter."""
    entropies = (*secrets.entropies, fresh)
    if len(entropies) > ENTROPIES_MAX:
        entropies = (entropies[0], *entropies[-(ENTROPIES_MAX - 1) :])
    return replace(secrets, entropies=entropies)


def _intend_change(
    terminal: Terminal, session: Session, policy: Policy, fresh: bytes | None
) -> Intent:
    words = terminal.words
    pairs = [
        (
            words.say("Keys"),
            words.say(
                "{needed} of {count} must sign", needed=policy.threshold, count=len(policy.keys)
            ),
        ),
        *((words.say("Key"), key.hex()) for key in policy.keys),
    ]
    document: dict[str, object] = {
        "threshold": policy.threshold,
        "keys": [key.hex() for key in policy.keys],
    }
    if fresh is not None:
        phrase = encode_phrase(fresh, words.language)
        document["words"] = list(phrase)
        pairs += [
            (
                words.say("New words"),
                " ".join(f"{number} {word}" for number, word in enumerate(phrase, 1)),
            ),
            (
                words.say("Write down"),
                words.say("these words and the address; the old words will no longer do"),
            ),
        ]
    title = words.say("Other keys for {name}", name=session.name)
    return Intent((ChangePolicy(policy),), title, tuple(pairs), 0, document)


async def _read_current(session: Session, file: Path) -> Partial:
    """The transaction of a file, of this or another account, under the policy in force."""
    partial = read_partial(file, session.community.chain)
    account = session.account
    if partial.body.account != session.account_id:
        address = session.community.get_address(partial.body.account)
        account = await session.client.get_account(address)
    known = read_policy(account)
    first = partial.body.actions[0]
    revealed = first.policy if isinstance(first, Reveal) else None
    if partial.policy != (known or revealed):
        raise Failure(
            Exit.REFUSED, "The account's keys have changed meanwhile: run the command again."
        )
    return partial


def _check_own(session: Session, partial: Partial, file: Path) -> None:
    """Refuse to send what acts for another account: its outcome is not this wallet's to follow."""
    if partial.body.account != session.account_id:
        raise Failure(
            Exit.USAGE,
            "{path} acts for another account, and a wallet of that account has to send it. If you "
            "have none: pai wallet new NAME --address {address}",
            path=file,
            address=session.community.get_address(partial.body.account),
        )


def _show_partial(terminal: Terminal, session: Session, partial: Partial) -> None:
    """What is being signed, read from the body itself."""
    words, names = terminal.words, get_names(session)
    body = partial.body
    pairs = [(words.say("Account"), session.community.get_address(body.account))]
    pairs += [
        (str(number), tell_action(words, action, session.community, names))
        for number, action in enumerate(body.actions, 1)
    ]
    pairs += [
        (words.say("Fee"), words.say("{amount} pai at most", amount=words.amount(body.fee_max))),
        (
            words.say("Valid until"),
            words.date(session.community.get_time(body.valid_until_slot)),
        ),
        (words.say("Signatures still needed"), words.number(partial.missing)),
    ]
    title = words.say("Transaction of {name}", name=session.name)
    terminal.show(build_sheet(pairs, title=title))
