"""``pai audit``: replay a chain, report on it, prove an account's row."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from chain.genesis import compute_chain_id
from chain.units import parse_pai
from genesis.schema import read_file
from node.audit.report import build_report
from node.audit.report_types import ChainRow, Part, PeriodRow, Report, SetOffRow
from node.audit.run import ATTEMPTS, Audit, Trust, open_fresh_store
from node.audit.source import Source, SourceError, SourceUnreachable, open_source
from node.audit.tables import ParquetMissing, build_parquet, write_rows
from node.checkpoints import read_checkpoint
from node.cli.audit_charts import build_charts
from node.cli.audit_report import tell_report
from node.cli.audit_view import tell_replay
from node.cli.chart_files import ChartsMissing, write_charts
from node.cli.proof import proof
from node.home import HomeError
from wallet.terminal import Exit, Failure, Terminal
from wallet.words import mark

FILE = click.Path(path_type=Path, dir_okay=False)
_ID_DIGITS = 64
_UPDATES_PER_SECOND = 10  # of the progress bar; drawing it must not cost what it measures


@click.group("audit")
def command() -> None:
    """Verify a community's whole history by yourself, and report on its money.

    SOURCE is a node's home, an export file, or a node's URL.
    """


def parse_trust(
    genesis_file: Path | None, community: str | None, checkpoint_file: Path | None = None
) -> Trust:
    """What the auditor knows beforehand. Raises Failure when he wrote no community's id."""
    known = None
    if community is not None:
        try:
            known = bytes.fromhex(community)
        except ValueError:
            known = b""
        if len(community) != _ID_DIGITS or not known:
            raise Failure(
                Exit.USAGE,
                "{text} is not a community's id: it has 64 hexadecimal digits.",
                text=community,
            )
    genesis = None if genesis_file is None else read_file(genesis_file)
    try:
        checkpoint = None if checkpoint_file is None else read_checkpoint(checkpoint_file)
    except HomeError as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None
    return Trust(genesis, known, checkpoint)


@command.command("replay")
@click.argument("source")
@click.option(
    "--genesis", "genesis_file", type=FILE, help="Constitution that must be the source's."
)
@click.option("--community", help="Id that must be the source's, 64 hexadecimal digits.")
@click.option(
    "--checkpoint", "checkpoint_file", type=FILE, help="Checkpoint to which the chain must lead."
)
@click.pass_obj
def replay(
    terminal: Terminal,
    source: str,
    genesis_file: Path | None,
    community: str | None,
    checkpoint_file: Path | None,
) -> Exit:
    """Execute every block again from genesis and name the first difference.

    SOURCE is a node's home, an export file, or a node's URL. Ends with 7 when something is found.
    """
    started = time.monotonic()
    trust = parse_trust(genesis_file, community, checkpoint_file)
    result = run_audit(terminal, source, trust)
    seconds = time.monotonic() - started
    document = build_replay_document(source, result, seconds)
    prefix = result.source.genesis.prefix
    terminal.answer(document, *tell_replay(terminal, document, result.findings, prefix))
    return Exit.FOUND if result.findings else Exit.DONE


@command.command("report")
@click.argument("source")
@click.option(
    "--genesis", "genesis_file", type=FILE, help="Constitution that must be the source's."
)
@click.option("--community", help="Id that must be the source's, 64 hexadecimal digits.")
@click.option("--csv", "csv_file", type=FILE, help="Also write the table of periods to this file.")
@click.option(
    "--set-offs-csv", "set_offs_file", type=FILE, help="Also write the table of set-offs there."
)
@click.option(
    "--chains-csv", "chains_file", type=FILE, help="Also write the table of exchange chains there."
)
@click.option(
    "--parquet",
    "parquet_file",
    type=FILE,
    help="Also write it as Parquet; needs the extra 'parquet'.",
)
@click.option(
    "--charts",
    "charts_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also draw charts into this folder, as SVG and PNG; needs the extra 'charts'.",
)
@click.option(
    "--withdrawn",
    metavar="AMOUNT",
    default="0",
    help="What was exchanged for outside money so far, in pai: for the figures of solvency.",
)
@click.option(
    "--interest",
    metavar="AMOUNT",
    default="0",
    help="Interest on outside money, in pai: for the figures of solvency.",
)
@click.option(
    "--periods",
    type=click.IntRange(1, 1_000),
    default=20,
    show_default=True,
    help="How many of the newest periods the table shows.",
)
@click.pass_obj
def report(
    terminal: Terminal,
    source: str,
    genesis_file: Path | None,
    community: str | None,
    csv_file: Path | None,
    set_offs_file: Path | None,
    chains_file: Path | None,
    parquet_file: Path | None,
    charts_folder: Path | None,
    withdrawn: str,
    interest: str,
    periods: int,
) -> Exit:
    """Report on supply, demurrage, velocity, credit, exchange and servers, after a whole replay.

    SOURCE is a node's home, an export file, or a node's URL. Nobody is named. Ends with 7 when the
    replay or a check finds something.
    """
    result = run_audit(terminal, source, parse_trust(genesis_file, community))
    if result.walk is None or result.evidence is None:
        document = build_replay_document(source, result, 0)
        prefix = result.source.genesis.prefix
        terminal.answer(document, *tell_replay(terminal, document, result.findings, prefix))
        return Exit.FOUND
    drawn = build_report(
        result.evidence,
        result.walk,
        result.findings,
        withdrawn=parse_amount(withdrawn),
        interest=parse_amount(interest),
    )
    tables: list[Table] = [
        (csv_file, PeriodRow, drawn.periods, mark("The table of periods is in {file}.")),
        (set_offs_file, SetOffRow, drawn.set_offs, mark("The table of set-offs is in {file}.")),
        (chains_file, ChainRow, drawn.chains, mark("The table of chains is in {file}.")),
    ]
    write_files(terminal, drawn, tables, parquet_file, charts_folder)
    terminal.answer(drawn, *tell_report(terminal, drawn, result.walk.genesis, periods))
    return Exit.FOUND if result.findings else Exit.DONE


# Where to, if anywhere; what a row is; the rows; and what is said of it.
Table = tuple[Path | None, type[Part], Sequence[Part], str]


def write_files(
    terminal: Terminal,
    drawn: Report,
    tables: Sequence[Table],
    parquet_file: Path | None,
    charts_folder: Path | None,
) -> None:
    """Write what was asked for beside the report. Raises Failure when an extra is missing."""
    for path, kind, rows, said in tables:
        if path is not None:
            with path.open("w", newline="", encoding="utf-8") as file:
                write_rows(kind, rows, file)
            terminal.note(terminal.say(said, file=path))
    try:
        if parquet_file is not None:
            parquet_file.write_bytes(build_parquet(drawn))
            terminal.note(terminal.say("The table of periods is in {file}.", file=parquet_file))
        if charts_folder is not None:
            charts = build_charts(terminal.words, drawn)
            files = write_charts(charts_folder, charts, terminal.words.number)
            terminal.note(
                terminal.say(
                    "{number} files of charts are in {folder}.",
                    number=len(files),
                    folder=charts_folder,
                )
            )
    except ParquetMissing:
        raise Failure(Exit.USAGE, "Parquet needs an extra: pip install 'pai[parquet]'") from None
    except ChartsMissing:
        raise Failure(Exit.USAGE, "Charts need an extra: pip install 'pai[charts]'") from None


def parse_amount(text: str) -> int:
    """An amount of pai from zero on, in micropai. Raises Failure."""
    try:
        amount_micropai = parse_pai(text)
    except ValueError as error:
        raise Failure(Exit.USAGE, "{reason}", reason=str(error)) from None
    if amount_micropai < 0:
        raise Failure(Exit.USAGE, "An amount here is not below zero: {text}", text=text)
    return amount_micropai


def run_audit(terminal: Terminal, name: str, trust: Trust) -> Audit:
    """Audit a source with a progress bar; a node that changes branch meanwhile is read again."""
    try:
        for _ in range(ATTEMPTS):
            with open_source(name) as source:
                result = _run_once(terminal, source, trust)
            if not result.is_disturbed:
                break
    except SourceError as error:
        raise _build_failure(error) from None
    return result


def _run_once(terminal: Terminal, source: Source, trust: Trust) -> Audit:
    result = Audit(source, trust)
    height = source.claim.height if source.claim else None
    total = source.size_bytes if height is None else height
    with open_fresh_store(height) as store, _open_progress(terminal, total) as show:
        done = 0
        for step in result.run(store):
            done += len(step.block.whole_bytes) if height is None else 1
            show(step.context.height, done)
    return result


@contextmanager
def _open_progress(terminal: Terminal, total: int | None) -> Iterator[Any]:
    """A bar on stderr with blocks, blocks a second and the time left, if a terminal shows it."""
    if not terminal.errors.is_terminal or terminal.is_json:
        yield lambda _height, _done: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[blocks]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        console=terminal.errors,
        transient=True,
        refresh_per_second=_UPDATES_PER_SECOND,
    ) as bar:
        task = bar.add_task(terminal.say("Replaying"), total=total, blocks="")
        yield _Meter(terminal, bar, task).show


class _Meter:
    """Tells a progress bar how far a replay is, not more often than it is drawn."""

    def __init__(self, terminal: Terminal, bar: Progress, task: TaskID) -> None:
        self._terminal = terminal
        self._bar = bar
        self._task = task
        self._started = self._shown = time.monotonic()

    def show(self, height: int, done: int) -> None:
        """Show that blocks up to this height have been replayed."""
        now = time.monotonic()
        if now - self._shown < 1 / _UPDATES_PER_SECOND:
            return
        self._shown = now
        speed = int(height / (now - self._started))
        words = self._terminal.words
        blocks = words.say_count("{n} block", "{n} blocks", height)
        text = words.say("{blocks}, {speed} a second", blocks=blocks, speed=words.number(speed))
        self._bar.update(self._task, completed=done, blocks=text)


def build_replay_document(source: str, result: Audit, seconds: float) -> dict[str, Any]:
    """What a replay says, for programs."""
    walk = result.walk
    blocks = walk.height if walk else 0
    return {
        "source": source,
        "community": compute_chain_id(result.source.genesis).hex(),
        "name": result.source.genesis.name,
        "complete": result.complete,
        "blocks": blocks,
        "transactions": walk.transactions if walk else 0,
        "slot": walk.ledger.head.slot if walk else 0,
        "hash": walk.ledger.head.hash.hex() if walk else None,
        "state_root": walk.ledger.root.hex() if walk else None,
        "seconds": f"{seconds:.3f}",
        "blocks_per_second": f"{blocks / seconds:.1f}" if seconds else "0",
        "findings": result.findings,
    }


def _build_failure(error: SourceError) -> Failure:
    code = Exit.UNREACHABLE if isinstance(error, SourceUnreachable) else Exit.USAGE
    return Failure(code, "{reason}", reason=str(error))


command.add_command(proof)
