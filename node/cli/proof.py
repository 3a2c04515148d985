"""``pai audit proof``: prove what is final, of a node or a home, and check such a proof offline."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import click
from rich.console import RenderableType
from rich.text import Text

from chain.address import decode_address, encode_address
from chain.checks import DirectChecks
from chain.codec import encode
from chain.errors import Invalid
from chain.genesis import Genesis
from chain.ledger import Ledger
from chain.proof import FinalityProof
from chain.store import StoreError
from chain.tables import ACCOUNTS
from genesis.schema import read_file
from node.audit.proof import prove_account
from node.audit.source import NodeReader, SourceError, SourceUnreachable
from node.audit.stranger import (
    Checked,
    Trusted,
    ask_proof,
    check_proof,
    read_proof,
)
from node.checkpoints import read_checkpoint
from node.cli.audit_view import tell_proof
from node.clock import GenesisClock, SystemClock
from node.founding import build_genesis_checkpoint
from node.home import Home, HomeError, lock_home, read_genesis, write_file
from node.proving import build_row_proof, build_transaction_proof, get_first_set
from node.stores import FolderStores
from wallet.client import DEFAULT_NODE_URL
from wallet.terminal import Exit, Failure, Terminal, build_sheet

FILE: Final = click.Path(path_type=Path, dir_okay=False)
FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_TRANSACTION: Final = re.compile(r"[0-9a-f]{64}")
_GOOD: Final = "green"
_DOUBTFUL: Final = "yellow"


@click.command("proof")
@click.argument("subject", required=False)
@click.option("--home", "folder", type=FOLDER, help="Prove it from a stopped node's home.")
@click.option("--out", type=FILE, help="Also write the proof to this file, for others to check.")
@click.option("--verify", "proof_file", type=FILE, help="Check the proof in this file, offline.")
@click.option("--genesis", "genesis_file", type=FILE, help="Constitution that is trusted.")
@click.option("--checkpoint", "checkpoint_file", type=FILE, help="Checkpoint that is trusted.")
@click.pass_obj
def proof(
    terminal: Terminal,
    subject: str | None,
    folder: Path | None,
    out: Path | None,
    proof_file: Path | None,
    genesis_file: Path | None,
    checkpoint_file: Path | None,
) -> Exit:
    """Prove to a stranger what is final: an account's row or its absence, or a transaction.

    SUBJECT is an address or a transaction's id. The proof leads from the genesis, or a checkpoint,
    over every change of the servers' set to a block that they have made final. Ends with 7 when it
    does not hold.
    """
    try:
        genesis = None if genesis_file is None else read_file(genesis_file)
        if proof_file is not None:
            trusted = _choose_trust(genesis, checkpoint_file)
            return _check(terminal, trusted, read_proof(proof_file), subject, None)
        if subject is None:
            raise Failure(
                Exit.USAGE, "Name an address or a transaction's id, or a proof with --verify."
            )
        if folder is not None:
            home = Home(folder)
            trusted = _choose_trust(genesis or read_genesis(home), checkpoint_file)
            made = _prove_home(home, trusted, subject)
            return _check(terminal, trusted, made, subject, out)
        with NodeReader(terminal.node_url or DEFAULT_NODE_URL) as node:
            return _prove_node(terminal, node, genesis, checkpoint_file, subject, out)
    except (HomeError, StoreError) as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None
    except SourceError as error:
        code = Exit.UNREACHABLE if isinstance(error, SourceUnreachable) else Exit.USAGE
        raise Failure(code, "{reason}", reason=str(error)) from None


def _choose_trust(genesis: Genesis | None, checkpoint_file: Path | None) -> Trusted:
    if checkpoint_file is not None:
        return Trusted(read_checkpoint(checkpoint_file), genesis)
    if genesis is None:
        raise Failure(
            Exit.USAGE,
            "Say whom you trust: --genesis FILE with the constitution, or --checkpoint FILE.",
        )
    return Trusted(build_genesis_checkpoint(genesis), genesis)


def _prove_home(home: Home, trusted: Trusted, subject: str) -> FinalityProof:
    genesis = read_genesis(home)
    with lock_home(home), closing(FolderStores(home.chain).open()) as store:
        ledger = Ledger(store, genesis)
        made = None
        for first in (trusted.checkpoint.set, get_first_set(ledger)):
            if _TRANSACTION.fullmatch(subject):
                made = build_transaction_proof(ledger, first, bytes.fromhex(subject))
            else:
                key = ACCOUNTS.prefix + _parse_account(genesis, subject)
                made = build_row_proof(ledger, first, key)
            if made is not None:
                return made
    raise _build_nothing_final()


def _prove_node(
    terminal: Terminal,
    node: NodeReader,
    genesis: Genesis | None,
    checkpoint_file: Path | None,
    subject: str,
    out: Path | None,
) -> Exit:
    genesis = genesis or node.get_genesis()
    trusted = _choose_trust(genesis, checkpoint_file)
    is_transaction = _TRANSACTION.fullmatch(subject) is not None
    if not is_transaction:
        _parse_account(genesis, subject)
    query = {"transaction" if is_transaction else "account": subject}
    made = ask_proof(node, query, trusted.checkpoint.set)
    if made is not None:
        return _check(terminal, trusted, made, subject, out)
    if is_transaction or out is not None:
        raise _build_nothing_final()
    proven = prove_account(node, genesis, _parse_account(genesis, subject))
    document = {"address": subject, "final": False, **proven.build_document()}
    terminal.answer(document, *tell_proof(terminal, proven, subject))
    return Exit.DONE if proven.holds else Exit.FOUND


def _build_nothing_final() -> Failure:
    return Failure(Exit.USAGE, "No final block covers it yet: try again in a few blocks.")


def _check(
    terminal: Terminal,
    trusted: Trusted,
    made: FinalityProof,
    subject: str | None,
    out: Path | None,
) -> Exit:
    genesis = trusted.genesis
    slot = None
    if genesis is not None:
        seconds = genesis.constants.slot_seconds
        slot = GenesisClock(SystemClock(), genesis.genesis_time, seconds).get_slot()
    try:
        checked = check_proof(trusted, made, DirectChecks(), slot)
    except Invalid as error:
        reason = terminal.words.refused(error)
        terminal.answer(
            {"holds": False, "code": int(error.code), "reason": str(error)},
            Text(
                terminal.say("The proof does not hold: {reason}", reason=reason), style="bold red"
            ),
        )
        return Exit.FOUND
    if subject is not None and not _is_about(checked, subject):
        raise Failure(Exit.FOUND, "The proof is about something else than {text}.", text=subject)
    if out is not None:
        write_file(out, encode(made))
    shown = {"final": True, **checked.build_document()}
    terminal.answer(shown, *_tell(terminal, checked, genesis))
    return Exit.DONE


def _is_about(checked: Checked, subject: str) -> bool:
    sealed = checked.proven.transaction
    if sealed is not None:
        return sealed.id.hex() == subject
    if checked.account_id is None:
        return False
    prefix = subject.lower().rpartition("1")[0]
    return encode_address(prefix, checked.account_id) == subject.lower()


def _tell(
    terminal: Terminal, checked: Checked, genesis: Genesis | None
) -> Iterator[RenderableType]:
    """What the proof shows, and on what it rests."""
    words, proven = terminal.words, checked.proven
    end, header = proven.checkpoint, proven.header
    height = end.height if header is None else header.height
    pairs = [
        (words.say("Block"), words.number(height)),
        (words.say("Hash of the block"), proven.block_hash.hex()),
        (words.say("Final with block"), words.number(end.height)),
        (words.say("Level of finality"), words.number(proven.level)),
        (words.say("Changes of the set on the way"), words.number(proven.hand_offs)),
        (words.say("Trusted from block"), words.number(checked.trusted.height)),
        (words.say("Size in bytes"), words.number(checked.size_bytes)),
    ]
    if checked.account_id is not None:
        shown = checked.account_id.hex()
        if genesis is not None:
            shown = encode_address(genesis.prefix, checked.account_id)
        pairs.insert(0, (words.say("Address"), shown))
        pairs += _list_account(terminal, checked)
    if proven.transaction is not None:
        pairs.insert(0, (words.say("Transaction"), proven.transaction.id.hex()))
    yield build_sheet(pairs, title=words.say("Proof of finality"))
    yield ""
    yield Text(words.say("The proof holds: the servers' set has made this final."), style=_GOOD)
    if checked.is_fresh is False:
        text = words.say(
            "What you trust is older than bonds stay locked: its servers may be gone by now. Take "
            "a newer checkpoint from people you trust, and check again."
        )
        yield Text(text, style=_DOUBTFUL)


def _list_account(terminal: Terminal, checked: Checked) -> list[tuple[str, str]]:
    words, account = terminal.words, checked.account
    if account is None:
        return [(words.say("Account"), words.say("there is none"))]
    return [
        (words.say("Settlement when last touched"), words.amount(account.settlement)),
        (words.say("Touched in step"), words.number(account.touched_step)),
        (words.say("Sequence"), words.number(account.sequence)),
    ]


def _parse_account(genesis: Genesis, address: str) -> bytes:
    try:
        return decode_address(genesis.prefix, address)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None
