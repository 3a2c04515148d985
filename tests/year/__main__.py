"""``python -m tests.year``: lives the year and tells it; exports, replays and reports on it."""

import argparse
import sys
from pathlib import Path
from time import perf_counter

from chain.store import MemoryStore
from node.audit.report import build_report
from node.audit.run import Trust, audit
from node.cli.audit_charts import build_charts
from node.cli.audit_report import tell_report
from node.cli.chart_files import write_charts
from node.ops.export import build_export
from tests.year.events import EVENTS, go_on
from tests.year.story import Story
from tests.year.village import People, Village
from wallet.terminal import Output, open_terminal
from wallet.words import Language, Words

MEMBERS = 250
DAYS = 365
PERIODS_SHOWN = 12


def main() -> int:
    """Live the year once."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--lang", choices=[item.value for item in Language], default="en")
    parser.add_argument("--out", type=Path, default=Path("build/year"))
    arguments = parser.parse_args()
    language = Language(arguments.lang)
    terminal = open_terminal(language, Output.TABLE, None)
    began = perf_counter()
    store = MemoryStore()
    village = Village(People(MEMBERS), store)
    story = Story(village, Words(language), lambda line: print(line, flush=True))
    story.run(arguments.days, EVENTS, go_on)
    arguments.out.mkdir(parents=True, exist_ok=True)
    export = arguments.out / "village.export"
    export.write_bytes(b"".join(build_export(store)))
    print()
    story.tell(
        "{blocks} blocks, {seconds:.0f} s. Now the chain is exported and replayed, every signature "
        "verified: {path}",
        "Блоков: {blocks}, {seconds:.0f} с. Теперь цепочка выгружена и повторяется с проверкой "
        "каждой подписи: {path}",
        blocks=village.ledger.head.height,
        seconds=perf_counter() - began,
        path=export,
    )
    result = audit(str(export), Trust(genesis=village.genesis))
    assert result.evidence is not None
    assert result.walk is not None
    same = result.walk.ledger.root == village.ledger.root and not result.findings
    report = build_report(result.evidence, result.walk, result.findings)
    terminal.answer(None, *tell_report(terminal, report, village.genesis, PERIODS_SHOWN))
    charts = build_charts(terminal.words, report)
    write_charts(arguments.out / "charts", charts, terminal.words.number)
    story.tell(
        "The same root, {root}: {same}. {seconds:.0f} s in all.",
        "Тот же корень, {root}: {same}. Всего {seconds:.0f} с.",
        root=village.ledger.root.hex()[:16],
        same=terminal.say("yes") if same else terminal.say("no"),
        seconds=perf_counter() - began,
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
