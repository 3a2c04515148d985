"""What ``pai node`` does with snapshots and checkpoints: writes them, begins a home with them."""

from contextlib import closing
from pathlib import Path
from typing import Final

from chain.checks import DirectChecks
from chain.codec import encode
from chain.errors import Invalid
from chain.genesis import Genesis, compute_chain_id
from chain.kept import read_genesis_bytes
from chain.ledger import Ledger
from chain.proof import PROOFS, Checkpoint, begin_at, verify_finality
from node.audit.source import NodeReader, SourceError, SourceUnreachable
from node.checkpoints import read_checkpoint, write_checkpoint
from node.clock import GenesisClock, SystemClock
from node.founding import build_genesis_checkpoint, check_age
from node.home import FOLDER_MODE, Home, HomeError, lock_home, read_genesis
from node.ops.snapshot import (
    SnapshotError,
    is_snapshot_beginning,
    open_snapshot,
    take_snapshot,
    write_snapshot,
)
from node.proving import build_checkpoint
from node.stores import FolderStores
from wallet.terminal import Exit, Failure, Terminal, build_sheet

_BEGINNING_BYTES: Final = 64


def make_snapshot(terminal: Terminal, home: Home, file: Path) -> None:
    """Write the snapshot of a stopped node's home, and tell. Raises SnapshotError, StoreError."""
    read_genesis(home)
    _check_target(file)
    with (
        closing(FolderStores(home.chain).open()) as store,
        terminal.progress(terminal.say("Writing the snapshot"), None) as advance,
    ):
        if read_genesis_bytes(store) is None:
            raise SnapshotError("no block is known to be final here yet: there is nothing to prove")
        written = write_snapshot(store, file, advance)
    terminal.answer(
        {
            "file": str(file),
            "height": written.height,
            "rows": written.rows,
            "parts": written.parts,
            "bytes": written.size_bytes,
        },
        terminal.say_count(
            "{n} row as of block {height} written to {file}.",
            "{n} rows as of block {height} written to {file}.",
            written.rows,
            height=terminal.words.number(written.height),
            file=file,
        ),
    )


def _check_target(file: Path) -> None:
    """An older snapshot may be replaced, and nothing else."""
    if not file.exists():
        return
    is_snapshot = False
    if file.is_file():
        with file.open("rb") as stream:
            is_snapshot = is_snapshot_beginning(stream.read(_BEGINNING_BYTES))
    if not is_snapshot:
        raise Failure(
            Exit.USAGE, "{file} exists and is no snapshot: choose another name.", file=file
        )


def adopt_checkpoint(home: Home, genesis: Genesis, file: Path) -> None:
    """Put a checkpoint into a home that is being made. Raises HomeError; Failure when it is old."""
    checkpoint = read_checkpoint(file)
    if checkpoint.chain != compute_chain_id(genesis):
        raise HomeError(f"{file} is a checkpoint of another community")
    _check_fresh(checkpoint, genesis)
    _make_folder(home)
    write_checkpoint(home.checkpoint, checkpoint)


def adopt_snapshot(terminal: Terminal, home: Home, genesis: Genesis, file: Path) -> None:
    """Found the chain of a home that is being made on a snapshot.

    What is trusted is the home's checkpoint, else the genesis. Raises SnapshotError, HomeError;
    Failure when the snapshot does not hold. Whatever interrupts it, there is no home yet.
    """
    if home.genesis.exists() or home.chain.exists():
        raise HomeError(f"{home.folder} is a node's home already: choose another folder")
    has_checkpoint = home.checkpoint.exists()
    trusted = (
        read_checkpoint(home.checkpoint) if has_checkpoint else build_genesis_checkpoint(genesis)
    )
    _check_fresh(trusted, genesis)
    _make_folder(home)
    stores = FolderStores(home.chain)
    with (
        open_snapshot(file) as opened,
        terminal.progress(terminal.say("Taking in the snapshot"), None) as advance,
        closing(stores.open_first()) as store,
    ):
        try:
            take_snapshot(store, genesis, trusted, opened, DirectChecks(), advance)
        except Invalid as error:
            raise Failure(
                Exit.REFUSED,
                "{file} does not hold: {reason}",
                file=file,
                reason=terminal.words.refused(error),
            ) from None
    stores.settle()


def _check_fresh(checkpoint: Checkpoint, genesis: Genesis) -> None:
    clock = GenesisClock(SystemClock(), genesis.genesis_time, genesis.constants.slot_seconds)
    check_age(checkpoint, genesis, clock.get_slot())


def _make_folder(home: Home) -> None:
    try:
        home.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(f"cannot write to {home.folder}: {error.strerror}") from error


def make_checkpoint(terminal: Terminal, home: Home, url: str | None, out: Path | None) -> None:
    """Tell the newest final block as a checkpoint, and write it where it is wanted."""
    checkpoint = _read_home(home) if url is None else _ask_node(home, url)
    if checkpoint is None:
        raise Failure(Exit.USAGE, "No block is known to be final yet: try again in a few blocks.")
    if out is not None:
        write_checkpoint(out, checkpoint)
    words = terminal.words
    text = encode(checkpoint).hex()
    terminal.answer(
        {
            "community": checkpoint.chain.hex(),
            "set": checkpoint.set.hex(),
            "set_root": checkpoint.set_root.hex(),
            "height": checkpoint.height,
            "slot": checkpoint.slot,
            "block": checkpoint.block_hash.hex(),
            "state_root": checkpoint.state_root.hex(),
            "checkpoint": text,
        },
        build_sheet(
            [
                (words.say("Community"), checkpoint.chain.hex()),
                (words.say("Block"), words.number(checkpoint.height)),
                (words.say("Slot"), words.number(checkpoint.slot)),
                (words.say("Hash of the block"), checkpoint.block_hash.hex()),
                (words.say("State root"), checkpoint.state_root.hex()),
                (words.say("Set since block"), checkpoint.set.hex()),
                (words.say("Hash of the set's list"), checkpoint.set_root.hex()),
            ],
            title=words.say("Checkpoint"),
        ),
        "",
        words.say("Pass this line on, or the file; compare it with what others show you:"),
        text,
    )


def _read_home(home: Home) -> Checkpoint | None:
    genesis = read_genesis(home)
    with lock_home(home), closing(FolderStores(home.chain).open()) as store:
        return build_checkpoint(Ledger(store, genesis))


def _ask_node(home: Home, url: str) -> Checkpoint | None:
    """A running node's, proven from the home's genesis if there is one, else from the node's."""
    try:
        with NodeReader(url) as node:
            genesis = read_genesis(home) if home.genesis.exists() else node.get_genesis()
            trusted = build_genesis_checkpoint(genesis)
            data = node.get_finality({"from": trusted.set.hex()}) or node.get_finality({})
    except SourceError as error:
        code = Exit.UNREACHABLE if isinstance(error, SourceUnreachable) else Exit.USAGE
        raise Failure(code, "{reason}", reason=str(error)) from None
    if data is None:
        return None
    if home.checkpoint.exists():
        trusted = read_checkpoint(home.checkpoint)
    proven = verify_finality(trusted, begin_at(PROOFS.decode(data), trusted.set), DirectChecks())
    return None if proven.header is None else proven.checkpoint
