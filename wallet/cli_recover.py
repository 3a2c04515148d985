"""``pai wallet recover``: guardians who can bring an account back when its keys are lost.

The owner names them and gives each a file. When keys are lost, one of them asks, the others agree,
anybody sends it and lends the bond; after the delay anybody completes it.
"""

import dataclasses
import secrets as randomness
from pathlib import Path
from typing import Final

import click

from chain.actions import CancelRecovery, CompleteRecovery, SetGuardians
from chain.errors import Code, Invalid
from chain.guardians import SALT_BYTES, compute_guardians_hash
from chain.policy import KEYS_MAX, Policy
from wallet.flow import Intent, Manner, carry_out, find_account, run, tell_news, unlock
from wallet.guardians import (
    Consent,
    Guardians,
    add_consents,
    build_start,
    encode_consent,
    encode_guardians,
    find_present_keys,
    read_consent,
    read_guardians,
    write_file,
)
from wallet.identity import get_recovery
from wallet.keystore import Secrets
from wallet.options import take_folder, take_password, take_signing, take_yes
from wallet.policies import build_policy, parse_key, parse_new_policy
from wallet.session import Session, open_session, read_policy
from wallet.show import tell_account, tell_pai
from wallet.show_recovery import answer_recovery
from wallet.terminal import Exit, Failure, Terminal, build_sheet

_FILE: Final = click.Path(path_type=Path, dir_okay=False)


@click.group("recover")
def _recover() -> None:
    """Guardians, and the recovery of an account whose keys are lost."""


def _take_keys(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--key",
        "keys",
        multiple=True,
        metavar="KEY",
        help="A public key, of a guardian or for the account; may be given several times.",
    )(function)


@_recover.command("guardians")
@click.argument("name")
@_take_keys
@click.option("--threshold", type=click.IntRange(1, KEYS_MAX), default=2, show_default=True,
              help="How many guardians have to agree.")  # fmt: skip
@click.option("--delay", type=click.IntRange(1), metavar="PERIODS",
              help="How long a recovery takes; else what the community suggests.")  # fmt: skip
@click.option("--cancels", type=click.IntRange(0, 255), metavar="COUNT",
              help="How often in 90 periods your own keys may stop them.")  # fmt: skip
@click.option("--file", type=_FILE, metavar="FILE", help="Where to write what guardians need.")
@click.option("--none", "nobody", is_flag=True, help="Name nobody: dismiss the guardians.")
@take_signing
@click.pass_obj
def _set_guardians(
    terminal: Terminal,
    name: str,
    keys: tuple[str, ...],
    threshold: int,
    delay: int | None,
    cancels: int | None,
    file: Path | None,
    nobody: bool,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Name guardians, and write the file that each of them keeps."""
    if nobody == bool(keys) or (keys and file is None):
        raise Failure(Exit.USAGE, "Give the guardians' --key and a --file for them, or --none.")
    policy = build_policy(threshold, [parse_key(key) for key in keys]) if keys else None

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            status = await get_recovery(session.client, session.address)
            waits = status.delay_periods_default if delay is None else delay
            stops = status.cancels_default if cancels is None else cancels
            intent = _intend_guardians(terminal, session, policy, waits, stops, file)
            if status.guard is not None:
                after = terminal.words.number(status.guard.delay_periods)
                pair = (terminal.say("In force after, periods"), after)
                intent = dataclasses.replace(intent, pairs=(*intent.pairs, pair))
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@_recover.command("ask")
@click.argument("name")
@click.argument("guardians", type=_FILE)
@click.argument("consent", type=_FILE)
@_take_keys
@click.option("--threshold", type=click.IntRange(1, KEYS_MAX), default=1, show_default=True,
              help="How many of the new keys have to sign.")  # fmt: skip
@take_folder
@take_password
@take_yes
@click.pass_obj
def _ask(
    terminal: Terminal,
    name: str,
    guardians: Path,
    consent: Path,
    keys: tuple[str, ...],
    threshold: int,
    folder: Path,
    password_file: Path | None,
    yes: bool,
) -> None:
    """As a guardian: ask for new keys for the account of the file GUARDIANS."""
    policy = parse_new_policy(threshold, keys)

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            known = read_guardians(guardians, session.community.chain)
            address = session.community.get_address(known.account)
            status = await get_recovery(session.client, address)
            wanted = compute_guardians_hash(known.policy, known.salt)
            if status.guard is None or status.guard.guardians != wanted:
                raise Invalid(Code.WRONG_GUARDIANS)
            begun = Consent(known, status.started, policy, ())
            await _warn_of_present_keys(terminal, session, begun)
            secrets = unlock(terminal, folder, name, password_file)
            _agree(terminal, session, secrets, begun, consent, yes=yes)

    run(work)


@_recover.command("agree")
@click.argument("name")
@click.argument("consent", type=_FILE)
@take_folder
@take_password
@take_yes
@click.pass_obj
def _add_consent(
    terminal: Terminal,
    name: str,
    consent: Path,
    folder: Path,
    password_file: Path | None,
    yes: bool,
) -> None:
    """As a guardian: agree to the new keys of the file CONSENT."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            begun = read_consent(consent, session.community.chain)
            await _warn_of_present_keys(terminal, session, begun)
            secrets = unlock(terminal, folder, name, password_file)
            _agree(terminal, session, secrets, begun, consent, yes=yes)

    run(work)


@_recover.command("start")
@click.argument("name")
@click.argument("consent", type=_FILE)
@take_signing
@click.pass_obj
def _start(
    terminal: Terminal,
    name: str,
    consent: Path,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Begin the recovery that guardians agreed to, and lend its bond."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            agreed = read_consent(consent, session.community.chain)
            action = build_start(agreed)
            address = session.community.get_address(agreed.guardians.account)
            status = await get_recovery(session.client, address)
            words = terminal.words
            intent = Intent(
                (action,),
                words.say("Recover an account"),
                (
                    *_tell_consent(terminal, session, agreed),
                    (words.say("Bond, lost if the owner stops it"), tell_pai(words, status.bond)),
                ),
                gain=-int(status.bond),
                document={"account": address},
            )
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@_recover.command("cancel")
@click.argument("name")
@take_signing
@click.pass_obj
def _cancel(
    terminal: Terminal, name: str, folder: Path, password_file: Path | None, manner: Manner
) -> Exit:
    """Stop the recovery of this account: its keys are not lost."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            pending = (await get_recovery(session.client, session.address)).pending
            if pending is None:
                raise Invalid(Code.NO_RECOVERY)
            words = terminal.words
            intent = Intent(
                (CancelRecovery(),),
                words.say("Stop the recovery of {name}", name=name),
                ((words.say("Stops left"), words.number(pending.cancels_left)),),
            )
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@_recover.command("complete")
@click.argument("name")
@click.argument("account")
@take_signing
@click.pass_obj
def _complete(
    terminal: Terminal,
    name: str,
    account: str,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
) -> Exit:
    """Give ACCOUNT its new keys, once the delay has passed; anybody may."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            recovered = await find_account(session, account)
            words, community = terminal.words, session.community
            status = await get_recovery(session.client, community.get_address(recovered))
            if status.pending and session.status.clock.slot < status.pending.ends_slot:
                raise Failure(
                    Exit.REFUSED,
                    "This recovery can be completed from {when} on; until then the owner may stop "
                    "it.",
                    when=words.date(status.pending.ends_time),
                )
            intent = Intent(
                (CompleteRecovery(recovered),),
                words.say("Complete a recovery"),
                ((words.say("Account"), tell_account(recovered, community, {})),),
                document={"account": community.get_address(recovered)},
            )
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


@_recover.command("status")
@click.argument("name")
@click.argument("account", required=False)
@take_folder
@click.pass_obj
def _status(terminal: Terminal, name: str, account: str | None, folder: Path) -> None:
    """Show guardians and recovery of this account, or of ACCOUNT."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            looked = session.account_id if account is None else await find_account(session, account)
            address = session.community.get_address(looked)
            status = await get_recovery(session.client, address)
            own = session.name if looked == session.account_id else None
            answer_recovery(terminal, session.community, status, own)

    run(work)


COMMANDS: Final = (_recover,)


def _intend_guardians(
    terminal: Terminal,
    session: Session,
    policy: Policy | None,
    delay: int,
    cancels: int,
    file: Path | None,
) -> Intent:
    words = terminal.words
    title = words.say("Guardians of {name}", name=session.name)
    if policy is None or file is None:
        pairs = ((words.say("Guardians"), words.say("nobody")),)
        return Intent((SetGuardians(None, 0, 0),), title, pairs, document={"file": None})
    guardians = Guardians(
        session.community.chain, session.account_id, policy, randomness.token_bytes(SALT_BYTES)
    )
    needed = words.say(
        "{needed} of {count} must agree", needed=policy.threshold, count=len(policy.keys)
    )
    action = SetGuardians(compute_guardians_hash(policy, guardians.salt), delay, cancels)
    return Intent(
        (action,),
        title,
        (
            (words.say("Guardians"), needed),
            *((words.say("Key"), key.hex()) for key in policy.keys),
            (words.say("Delay, periods"), words.number(delay)),
            (words.say("You may stop them, in 90 periods"), words.number(cancels)),
            (words.say("Give each of them"), str(file)),
        ),
        document={"file": str(file)},
        on_agreed=lambda: write_file(file, encode_guardians(guardians)),
    )


async def _warn_of_present_keys(terminal: Terminal, session: Session, consent: Consent) -> None:
    """Tell a guardian of new keys that are old ones; whoever has stolen them would keep them."""
    address = session.community.get_address(consent.guardians.account)
    present = read_policy(await session.client.get_account(address))
    for key in sorted(find_present_keys(consent, present)):
        terminal.note(
            terminal.say(
                "The account has this key already: {key}. If it was lost or stolen, let its "
                "owner tell you another.",
                key=key.hex(),
            )
        )


def _agree(
    terminal: Terminal,
    session: Session,
    secrets: Secrets,
    consent: Consent,
    path: Path,
    *,
    yes: bool,
) -> None:
    """Show a guardian what he agrees to, and add his signature to the file."""
    keys = secrets.find_keys(consent.guardians.policy)
    if not keys:
        raise Failure(Exit.WRONG_KEY, "None of the guardians' keys is in this wallet.")
    words = terminal.words
    terminal.show(
        build_sheet(
            _tell_consent(terminal, session, consent), title=words.say("Recover an account")
        )
    )
    terminal.note(words.say("Agree only if you have heard it from the owner, by voice."))
    terminal.confirm(terminal.say("Agree?"), yes=yes)
    agreed = add_consents(consent, keys)
    write_file(path, encode_consent(agreed))
    terminal.answer(
        {"file": str(path), "missing_consents": agreed.missing},
        terminal.say("Written to {path}. Guardians who have still to agree: {count}.",
                     path=path, count=agreed.missing),
    )  # fmt: skip


def _tell_consent(terminal: Terminal, session: Session, consent: Consent) -> list[tuple[str, str]]:
    words, policy = terminal.words, consent.policy
    return [
        (words.say("Account"), session.community.get_address(consent.guardians.account)),
        (
            words.say("New keys"),
            words.say("{needed} of {count} must sign", needed=policy.threshold,
                      count=len(policy.keys)),
        ),
        *((words.say("Key"), key.hex()) for key in policy.keys),
        (words.say("Guardians who have still to agree"), words.number(consent.missing)),
    ]  # fmt: skip
