"""One event is one line; strangers can neither fill the log nor steer a terminal."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from node.logs import FOREIGN_RECORDS_PER_MINUTE, Log, Style, start_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Log into memory, and leave the process's logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield io.StringIO()
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_json_has_one_object_a_line(stream: io.StringIO) -> None:
    start_logging("info", Style.JSON, stream)
    Log("core").info("block_applied", height=3, hash=b"\x01\xff", note="two\nlines")
    Log("core").debug("not_told")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "core",
        "event": "block_applied",
        "height": 3,
        "hash": "01ff",
        "note": "two lines",
    }


def test_a_field_cannot_pass_for_the_event(stream: io.StringIO) -> None:
    start_logging("info", Style.JSON, stream)
    Log("core").warning("real", level="info", event="false")
    assert json.loads(stream.getvalue())["event"] == "real"
    assert json.loads(stream.getvalue())["level"] == "warning"


def test_an_error_carries_its_traceback(stream: io.StringIO) -> None:
    start_logging("info", Style.JSON, stream)
    try:
        int("broken")
    except ValueError as error:
        Log("core").error("failed", error=error)
    assert "ValueError: invalid literal" in json.loads(stream.getvalue())["traceback"]


def test_text_for_people_cannot_steer_their_terminal(stream: io.StringIO) -> None:
    start_logging("debug", Style.HUMAN, stream)
    Log("p2p").debug("peer_gone", reason="\x1b[2J\x07 good bye\u202e")
    line = stream.getvalue()
    assert "p2p: peer gone  reason= [2J  good bye" in line
    assert "\x1b" not in line
    assert "\u202e" not in line


def test_libraries_say_little(stream: io.StringIO) -> None:
    start_logging("debug", Style.JSON, stream)
    logging.getLogger("libp2p.host").warning("not told")
    for index in range(10 * FOREIGN_RECORDS_PER_MINUTE):
        logging.getLogger("libp2p.host").error("packet %s", index)
    Log("core").info("ours")
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert "ours" in events
    told = [event for event in events if event.startswith("packet")]
    assert FOREIGN_RECORDS_PER_MINUTE <= len(told) <= 2 * FOREIGN_RECORDS_PER_MINUTE
