"""An operator's choices: config.toml in the node's home, over it the command's flags.

Everything is validated once, into one frozen value that the whole node shares; a fault names file
and key. Nothing here is a rule of the ledger: nodes with other settings agree all the same.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, NamedTuple, cast

import msgspec
from msgspec import Meta

from node.home import HomeError, read_file
from node.logs import Style
from p2p.addresses import check_endpoint, parse_address

CONFIG_BYTES_MAX: Final = 64 * 1_024
OPTIONS: Final = "the command's options"  # in place of a file: what was said on the line
TOP: Final = "*"  # in place of a key: the file as a whole
ADDRESSES_MAX: Final = 64  # of a kind: an operator types them by hand

_HOST_PORT: Final = re.compile(
    r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:\s]+)):(?P<port>\d+)"
)

Addresses = Annotated[tuple[str, ...], Meta(max_length=ADDRESSES_MAX)]


class ConfigError(Exception):
    """A setting that cannot be: where it stands, which it is, and what is wrong with it."""

    def __init__(self, source: str, key: str, problem: str) -> None:
        super().__init__(source, key, problem)
        self.source = source
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.source}: {self.key}: {self.problem}"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of config.toml; unknown keys are refused, for they are mostly misspelt ones."""


class NetworkSettings(Section, frozen=True):
    """How this node meets others."""

    listen: Addresses = ("/ip4/0.0.0.0/tcp/4510",)
    public: Addresses = ()
    peers: Addresses = ()
    peers_max: Annotated[int, Meta(ge=16, le=512)] = 48
    peers_per_address_max: Annotated[int, Meta(ge=1, le=512)] = 8
    warp_blocks: Annotated[int, Meta(ge=0, le=2**31)] = 4_096
    past_blocks_per_second: Annotated[int, Meta(ge=0, le=10_000)] = 100


class ApiSettings(Section, frozen=True):
    """How programs and people ask this node."""

    listen: str = "127.0.0.1:4511"
    requests_per_second: Annotated[int, Meta(ge=1, le=100_000)] = 20
    requests_burst: Annotated[int, Meta(ge=1, le=100_000)] = 200
    limit_loopback: bool = False
    connections_max: Annotated[int, Meta(ge=4, le=10_000)] = 256
    connections_per_address_max: Annotated[int, Meta(ge=1, le=10_000)] = 32
    request_seconds: Annotated[int, Meta(ge=1, le=600)] = 20


class MempoolSettings(Section, frozen=True):
    """What waits for a block."""

    bytes_max: Annotated[int, Meta(ge=1_048_576, le=1_073_741_824)] = 32 * 1_024 * 1_024
    per_account_max: Annotated[int, Meta(ge=1, le=1_024)] = 64


class SeatSettings(Section, frozen=True):
    """Whether this node produces blocks."""

    enabled: bool = True


class MarketSettings(Section, frozen=True):
    """Whether this node looks for chains of trades and proposes them."""

    match: bool = False


class LogSettings(Section, frozen=True):
    """What the node writes to its standard error."""

    level: str = "info"
    style: Style = Style.AUTO


class Settings(Section, frozen=True):
    """Everything an operator can choose."""

    network: NetworkSettings = NetworkSettings()
    api: ApiSettings = ApiSettings()
    mempool: MempoolSettings = MempoolSettings()
    seat: SeatSettings = SeatSettings()
    market: MarketSettings = MarketSettings()
    log: LogSettings = LogSettings()


DEFAULTS: Final = Settings()


class HostPort(NamedTuple):
    """Where the API listens."""

    host: str
    port: int


def load_settings(path: Path, flags: Mapping[str, object]) -> Settings:
    """The settings of a file, and over it those flags that were given (``"api.listen"``: value).

    A file that is not there has no settings of its own. Raises ConfigError.
    """
    values: dict[str, object] = {}
    if path.exists():
        values = _parse(path)
    merged = {
        section: dict(cast("Mapping[str, object]", table)) if isinstance(table, dict) else table
        for section, table in values.items()
    }
    settings = _convert(merged, str(path))
    given = {name: value for name, value in flags.items() if value is not None}
    if not given:
        return settings
    for name, value in given.items():
        section, _, key = name.partition(".")
        table = merged.setdefault(section, {})
        assert isinstance(table, dict), "a converted section is a table"
        table[key] = value
    return _convert(merged, OPTIONS)


def build_config(describe: Callable[[str], str]) -> str:
    """The text of a config.toml that says what every key means and holds the defaults.

    ``describe`` says in the person's language what a section (``"api"``) or a key
    (``"api.listen"``) is.
    """
    lines = []
    for section in Settings.__struct_fields__:
        lines += [*_wrap(describe(section)), f"[{section}]", ""]
        table = getattr(DEFAULTS, section)
        for key in table.__struct_fields__:
            value = msgspec.to_builtins(getattr(table, key))
            lines += [*_wrap(describe(f"{section}.{key}")), f"{key} = {_write_toml(value)}", ""]
    return "\n".join(lines)


def parse_host_port(text: str) -> HostPort:
    """Host and port of ``127.0.0.1:4511`` or ``[::1]:4511``. Raises ValueError."""
    match = _HOST_PORT.fullmatch(text)
    if match is None or int(match["port"]) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT, like 127.0.0.1:4511")
    host = match["six"] or match["host"]
    if host != "localhost":
        try:
            ip_address(host)
        except ValueError:
            raise ValueError(f"{text!r} needs an IP address, like 127.0.0.1 or 0.0.0.0") from None
    return HostPort(host, int(match["port"]))


def _parse(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(read_file(path, CONFIG_BYTES_MAX).decode())
    except UnicodeDecodeError:
        raise ConfigError(str(path), TOP, "the file is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), TOP, f"this is not TOML: {error}") from None
    except HomeError as error:
        raise ConfigError(str(path), TOP, str(error)) from None


def _convert(values: Mapping[str, object], source: str) -> Settings:
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise _build_error(source, str(error)) from None
    for key, check in _CHECKS.items():
        section, _, name = key.partition(".")
        try:
            check(getattr(getattr(settings, section), name))
        except ValueError as error:
            raise ConfigError(source, key, str(error)) from None
    return settings


_PLACE: Final = re.compile(r"(?P<problem>.*) - at `\$\.?(?P<key>[^`]*)`", re.DOTALL)
_WRONG_KIND: Final = re.compile(r"Expected `(?P<kind>\w+)`, got `(?P<got>\w+)`")
_OUT_OF_RANGE: Final = re.compile(r"Expected `\w+`.* (?P<bound>[<>]= -?\d+)")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_NO_CHOICE: Final = re.compile(r"Invalid enum value (?P<value>.*)", re.DOTALL)
_KINDS: Final = {  # what msgspec calls a kind, and what TOML does
    "str": "text in quotes",
    "int": "a whole number",
    "bool": "true or false",
    "array": "a list in brackets",
    "object": "a table",
    "float": "a number with a point",
}


def _build_error(source: str, message: str) -> ConfigError:
    """What msgspec found wrong, in words for whoever wrote the file."""
    place = _PLACE.fullmatch(message)
    key, problem = (place["key"], place["problem"]) if place else (TOP, message)
    key = key.replace("[...]", "") or TOP
    if match := _WRONG_KIND.fullmatch(problem):
        wanted, got = (_KINDS.get(match[name], match[name]) for name in ("kind", "got"))
        return ConfigError(source, key, f"this must be {wanted} and is {got}")
    if match := _OUT_OF_RANGE.fullmatch(problem):
        return ConfigError(source, key, f"this must be {match['bound']}")
    if match := _UNKNOWN.fullmatch(problem):
        return ConfigError(source, key, f"there is no setting named {match['name']}")
    if match := _NO_CHOICE.fullmatch(problem):
        return ConfigError(source, key, f"{match['value']} is none of its choices")
    return ConfigError(source, key, problem)


def _check_multiaddrs(addresses: tuple[str, ...]) -> None:
    for address in addresses:
        check_endpoint(address)


def _check_peers(addresses: tuple[str, ...]) -> None:
    for address in addresses:
        if parse_address(address) is None:
            raise ValueError(
                f"{address!r} is not the address of a node: it looks like "
                "/ip4/203.0.113.7/tcp/4510/p2p/ and the node's name"
            )


def _check_listen(addresses: tuple[str, ...]) -> None:
    if not addresses:
        raise ValueError("at least one address to listen on is needed")
    _check_multiaddrs(addresses)


def _check_level(level: str) -> None:
    if level not in ("debug", "info", "warning", "error"):
        raise ValueError(f"{level!r} is none of debug, info, warning, error")


_CHECKS: Final[Mapping[str, Callable[..., object]]] = {
    "network.listen": _check_listen,
    "network.public": _check_multiaddrs,
    "network.peers": _check_peers,
    "api.listen": parse_host_port,
    "log.level": _check_level,
}

_COMMENT_WIDTH: Final = 96


def _wrap(text: str) -> list[str]:
    """A comment in lines of bearable width."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _COMMENT_WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [f"# {line}" for line in lines]


def _write_toml(value: object) -> str:
    """Booleans, integers, strings and lists of strings as TOML; JSON writes them the same."""
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
