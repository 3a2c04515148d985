"""Charts as files, each as SVG and as PNG: lines over time and bars, drawn alike everywhere.

A chart is data, already in the reader's language. Drawing needs the extra ``charts``; its library
is asked for only when charts are wanted. The same data give the same bytes of SVG.
"""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart also by those who see no red or green (Okabe and Ito).
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
INK: Final = "#222222"
PALE: Final = "#d9d9d9"
WIDTH_INCHES: Final = 9.0
HEIGHT_INCHES: Final = 5.0
PANEL_INCHES: Final = 2.3  # of more than two panels
DOTS_PER_INCH: Final = 144
CAPTION_WIDTH: Final = 125  # letters in a line
_STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",  # comes with the library, and has Cyrillic
    "font.size": 10,
    "svg.hashsalt": "pai",
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

Number = int | float | Decimal


class Line(NamedTuple):
    """One line: its name and its height at each place of its chart; None: not known there."""

    name: str
    values: Sequence[Number | None]


class Panel(NamedTuple):
    """Lines over the same places, on one scale that begins at zero."""

    title: str
    lines: Sequence[Line]
    percent: bool = False  # values are parts of one


class Chart(NamedTuple):
    """Panels one under the other, what they show in a sentence or two, and the file's name."""

    file: str
    title: str
    caption: str
    across: str  # what the places are
    places: Sequence[Number]
    panels: Sequence[Panel]


class Bars(NamedTuple):
    """Named bars, the longest scale for all, with what stands at the end of each."""

    file: str
    title: str
    caption: str
    bars: Sequence[tuple[str, Number, str]]


class ChartsMissing(Exception):
    """The library that draws is not installed."""


def write_charts(
    folder: Path, charts: Iterable[Chart | Bars], write_number: Callable[[int], str]
) -> list[Path]:
    """Draw charts into a folder; returns the files. Raises ChartsMissing."""
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an extra, which few need
        from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise ChartsMissing from error
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with rc_context(_STYLE):
        for chart in charts:
            panels = len(chart.panels) if isinstance(chart, Chart) else 1
            height = max(HEIGHT_INCHES, PANEL_INCHES * panels)
            figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
            if isinstance(chart, Chart):
                _draw_lines(figure, chart, write_number)
            else:
                _draw_bars(figure, chart)
            figure.suptitle(chart.title, x=0.01, ha="left", fontsize=13, fontweight="bold")
            caption = textwrap.fill(chart.caption, CAPTION_WIDTH)
            figure.supxlabel(caption, x=0.01, ha="left", fontsize=8.5, color="#555555")
            for kind in ("svg", "png"):
                path = folder / f"{chart.file}.{kind}"
                metadata = {"Date": None} if kind == "svg" else {}
                figure.savefig(path, dpi=DOTS_PER_INCH, metadata=metadata)
                written.append(path)
    return written


def _draw_lines(figure: "Figure", chart: Chart, write_number: Callable[[int], str]) -> None:
    panels = figure.subplots(len(chart.panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(panels, chart.panels, strict=True):
        _prepare(axes, panel.title)
        for line, colour in zip(panel.lines, COLOURS, strict=False):
            known = [
                (float(place), float(value))
                for place, value in zip(chart.places, line.values, strict=True)
                if value is not None
            ]
            axes.plot(
                [place for place, _ in known],
                [value for _, value in known],
                color=colour,
                linewidth=1.8,
                label=line.name,
                marker="o" if len(known) < 3 else None,
            )
        _write_scale(axes, write_number, percent=panel.percent)
        if len(panel.lines) > 1:
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    panels[-1].set_xlabel(chart.across, loc="right")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)


def _write_scale(axes: "Axes", write_number: Callable[[int], str], *, percent: bool) -> None:
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top if top > 0 else 1)
    if percent:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value * 100:.3g} %")
    elif axes.get_ylim()[1] >= 10:
        axes.yaxis.set_major_formatter(lambda value, _: write_number(round(value)))


def _draw_bars(figure: "Figure", chart: Bars) -> None:
    axes = figure.subplots()
    _prepare(axes, "")
    names = [name for name, _, _ in chart.bars]
    lengths = [float(value) for _, value, _ in chart.bars]
    drawn = axes.barh(names, lengths, color=COLOURS[0], height=0.6)
    axes.bar_label(drawn, [text for _, _, text in chart.bars], padding=4, color=INK)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.grid(visible=False)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _prepare(axes: "Axes", title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.grid(axis="y", color=PALE, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
