"""What ``pai node`` carries from one place to another: a seat's keys, and whole chains."""

import errno
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from chain.errors import Invalid
from chain.genesis import Genesis
from node.clock import GenesisClock, SystemClock
from node.home import Home, HomeError, lock_home, read_file, write_file
from node.journal import JOURNAL_NAME
from node.keys import KEYS_NAME, has_seat, open_seat
from node.ops.export import (
    CHUNK_BYTES,
    ExportError,
    ExportParser,
    build_export,
    is_export_beginning,
    open_export,
)
from node.ops.intake import Intake, stop_at_early, take_in
from node.stores import FolderStores
from wallet.terminal import Exit, Failure, Terminal

DURABLE_FILE_MODE: Final = 0o644  # a chain is no secret
_TIMEOUT: Final = httpx.Timeout(30.0)  # a node sends the next bytes of a stream within this
_EXPORT_BEGINS_BYTES_MAX: Final = 64
_SEAT_FILE_BYTES_MAX: Final = 1_024 * 1_024


class Copied(NamedTuple):
    """What an export wrote."""

    blocks: int
    size_bytes: int


def adopt_seat(folder: Path, home: Home) -> None:
    """Move a seat's keys and journal into the home. Raises HomeError.

    The journal goes first: whatever interrupts us, no key lies anywhere without it and can sign,
    and never are there two of a key.
    """
    if not has_seat(folder):
        raise HomeError(f"{folder} holds no seat's keys: make them with 'pai seat keys'")
    if has_seat(home.folder):
        raise HomeError(f"{home.folder} holds a seat's keys already")
    open_seat(folder)
    for name in (JOURNAL_NAME, KEYS_NAME):
        source, target = folder / name, home.folder / name
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise HomeError(f"cannot move {source}: {error.strerror}") from error
            write_file(target, read_file(source, _SEAT_FILE_BYTES_MAX))
            source.unlink()


def copy_export(terminal: Terminal, file: Path, home: Home, url: str | None) -> Copied:
    """Write the chain of the node at a URL, else of the stopped node's home, to a file.

    The file appears when it is whole. Raises ExportError, HomeError, StoreError, Failure.
    """
    _check_target(file)
    draft = file.with_name(f".{file.name}.new")
    blocks = -1  # the header is no block
    with terminal.progress(terminal.say("Writing blocks"), None) as advance:
        try:
            with draft.open("wb") as out:
                for part in _read_node(url) if url is not None else _read_home(home):
                    out.write(part)
                    blocks += 1
                    advance(1)
                size_bytes = out.tell()
            draft.replace(file)
        except OSError as error:
            raise ExportError(f"cannot write {file}: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)
    return Copied(blocks, size_bytes)


def _check_target(file: Path) -> None:
    """An older export may be replaced, and nothing else: a slip must not cost a constitution."""
    if not file.exists():
        return
    is_export = False
    if file.is_file():
        with file.open("rb") as stream:
            is_export = is_export_beginning(stream.read(_EXPORT_BEGINS_BYTES_MAX))
    if not is_export:
        raise Failure(Exit.USAGE, "{file} exists and is no export: choose another name.", file=file)


def _read_home(home: Home) -> Iterator[bytes]:
    with lock_home(home), closing(FolderStores(home.chain).open()) as store:
        yield from build_export(store)


def _read_node(url: str) -> Iterator[bytes]:
    """The objects of a running node's export; a stream that is cut off is no export."""
    parser = ExportParser()
    with _reaching(url), httpx.stream("GET", f"{url}/v1/export", timeout=_TIMEOUT) as response:
        if response.status_code != httpx.codes.OK:
            raise Failure(
                Exit.UNREACHABLE,
                "{url} answers {status}: try again later.",
                url=url,
                status=response.status_code,
            )
        for chunk in response.iter_bytes(CHUNK_BYTES):
            parser.feed(chunk)
            while (part := parser.take()) is not None:
                yield part
    parser.finish()


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise Failure(
            Exit.UNREACHABLE,
            "No node answers at {url}: start one, or name another with --node URL.",
            url=url,
        ) from None
    except httpx.HTTPError as error:
        raise ExportError(
            f"the node stopped sending: {str(error) or type(error).__name__}"
        ) from error


def import_export(terminal: Terminal, file: Path, home: Home, genesis: Genesis) -> Intake:
    """Take the blocks of a file into a home whose lock is held.

    Raises ExportError, StoreError; Invalid at a block that breaks a rule, after those before it.
    """
    with (
        open_export(file) as export,
        closing(FolderStores(home.chain).open()) as store,
        terminal.progress(terminal.say("Taking in blocks"), None) as advance,
    ):
        if export.genesis != genesis:
            raise ExportError(f"{file} holds another community than {home.folder}")
        try:
            clock = GenesisClock(
                SystemClock(), genesis.genesis_time, genesis.constants.slot_seconds
            )
            return take_in(store, genesis, stop_at_early(export.blocks, clock), advance)
        except Invalid as error:
            raise Failure(
                Exit.REFUSED,
                "{file} breaks the rules: {reason}",
                file=file,
                reason=terminal.words.refused(error),
            ) from None
