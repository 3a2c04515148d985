"""What a node tells its operator: one line an event, as JSON for machines or as text for people.

Events have a name and fields; prose stands in the documentation. Libraries log through the same
door, but quietly: what a stranger can provoke must not fill a disk.
"""

import logging
import sys
import time
from enum import Enum
from typing import Final, TextIO

import msgspec

ROOT: Final = "pai"
LEVELS: Final = ("debug", "info", "warning", "error")
# Libraries that write a record for whatever a stranger sends; they may speak of errors only.
_FOREIGN: Final = ("libp2p", "multiaddr", "hypercorn", "asyncio", "httpx", "httpcore")
FOREIGN_RECORDS_PER_MINUTE: Final = 10  # of one library: enough to see it, too few to fill a disk
_VALUE_CHARACTERS_MAX: Final = 2_000  # of one field; a traceback is longer and goes in whole


class Style(Enum):
    """How a line looks. AUTO is HUMAN on a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    HUMAN = "human"


class Log:
    """Writes events under one name. Fields are plain values; bytes appear as hexadecimal."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"{ROOT}.{name}")

    def debug(self, event: str, /, **fields: object) -> None:
        """For whoever looks for a fault; off by default."""
        self._logger.debug(event, extra={"fields": fields})

    def info(self, event: str, /, **fields: object) -> None:
        """What happens when all is well."""
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, /, **fields: object) -> None:
        """Somebody should look at this some day."""
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, /, *, error: BaseException | None = None, **fields: object) -> None:
        """Somebody should look at this now. ``error`` adds its traceback."""
        self._logger.error(event, extra={"fields": fields}, exc_info=error)


def start_logging(level: str, style: Style, stream: TextIO = sys.stderr) -> None:
    """Send every record of this process to ``stream``, ours and the libraries'."""
    human = style is Style.HUMAN or (style is Style.AUTO and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(HumanLines(colour=stream.isatty()) if human else JsonLines())
    handler.addFilter(QuietLibraries())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    for name in _FOREIGN:
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
        library.setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)


class QuietLibraries(logging.Filter):
    """Lets a library say so many things a minute, and drops the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, tuple[int, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        library = record.name.partition(".")[0]
        if library == ROOT:
            return True
        minute = int(record.created // 60)
        since, count = self._said.get(library, (minute, 0))
        count = count + 1 if since == minute else 1
        self._said[library] = minute, count
        return count <= FOREIGN_RECORDS_PER_MINUTE


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, str | int | float | bool | None] = {
            "time": _format_time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix(f"{ROOT}."),
            "event": _get_event(record),
        }
        for name, value in _get_fields(record).items():
            line.setdefault(name, _get_plain(value))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


_COLOURS: Final = {logging.WARNING: "\x1b[33m", logging.ERROR: "\x1b[31m"}
_GREY: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"


class HumanLines(logging.Formatter):
    """Time of day, level, logger, event and fields, for a person who watches."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; a traceback follows on lines of its own."""
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        moment = f"{moment}.{int(record.created % 1 * 1000):03d}"
        level = f"{record.levelname.lower():7}"
        if self._colour:
            moment = f"{_GREY}{moment}{_PLAIN}"
            level = f"{_COLOURS.get(record.levelno, '')}{level}{_PLAIN}"
        name = record.name.removeprefix(f"{ROOT}.")
        fields = "  ".join(f"{key}={_get_plain(item)}" for key, item in _get_fields(record).items())
        line = f"{moment} {level} {name}: {_get_event(record).replace('_', ' ')}  {fields}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _get_event(record: logging.LogRecord) -> str:
    return str(_get_plain(record.getMessage()))


def _get_fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else {}


def _get_plain(value: object) -> str | int | float | bool | None:
    """A value that fits a line: numbers as they are, bytes in hexadecimal, the rest as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value.hex() if isinstance(value, bytes) else str(value)
    text = text[:_VALUE_CHARACTERS_MAX]
    if text.isprintable():
        return text
    # A stranger's text may carry codes that command a terminal.
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _format_time(moment: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
    return f"{whole}.{int(moment % 1 * 1000):03d}Z"
