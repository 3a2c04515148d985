"""What an operator writes is what holds; what cannot be is told by file and key."""

import tomllib
from pathlib import Path

import pytest

from node.cli.node_settings import DESCRIPTIONS
from node.config import (
    CONFIG_BYTES_MAX,
    DEFAULTS,
    ConfigError,
    HostPort,
    Settings,
    build_config,
    load_settings,
    parse_host_port,
)
from node.logs import Style

PEER = "/ip4/203.0.113.7/tcp/4510/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    return path


def list_keys() -> set[str]:
    keys = set()
    for section in Settings.__struct_fields__:
        keys.add(section)
        keys |= {f"{section}.{key}" for key in getattr(DEFAULTS, section).__struct_fields__}
    return keys


def test_the_file_that_init_writes_names_every_setting_and_holds_the_defaults(
    tmp_path: Path,
) -> None:
    text = build_config(str)
    assert load_settings(write(tmp_path, text), {}) == DEFAULTS
    parsed = tomllib.loads(text)
    written = set(parsed) | {f"{name}.{key}" for name, table in parsed.items() for key in table}
    assert written == list_keys()


def test_every_setting_is_described_and_nothing_else() -> None:
    assert set(DESCRIPTIONS) == list_keys()


def test_the_file_speaks_the_language_of_whoever_makes_it() -> None:
    text = build_config(lambda english: f"по-русски: {len(english)}")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert len(comments) == len(DESCRIPTIONS)
    assert all(line.startswith("# по-русски: ") for line in comments)


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none", {}) == DEFAULTS


def test_a_file_need_not_say_everything(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, '[log]\nlevel = "debug"\n'), {})
    assert settings.log.level == "debug"
    assert settings.api == DEFAULTS.api


def test_flags_win_and_flags_not_given_do_not(tmp_path: Path) -> None:
    path = write(tmp_path, '[api]\nlisten = "127.0.0.1:1"\n[log]\nstyle = "json"\n')
    flags = {"api.listen": "127.0.0.1:2", "log.style": None, "network.peers": (PEER,)}
    settings = load_settings(path, flags)
    assert settings.api.listen == "127.0.0.1:2"
    assert settings.log.style is Style.JSON
    assert settings.network.peers == (PEER,)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("[api]\nlisten = 3\n", "api.listen", "text in quotes and is a whole number"),
        ('[api]\nlisten = "x"\n', "api.listen", "HOST:PORT"),
        ('[api]\nlisten = "example.org:80"\n', "api.listen", "IP address"),
        ('[api]\nlisten = "127.0.0.1:65536"\n', "api.listen", "HOST:PORT"),
        ("[api]\nrequests_burst = 0\n", "api.requests_burst", ">= 1"),
        (
            "[api]\nrequest_seconds = true\n",
            "api.request_seconds",
            "whole number and is true or false",
        ),
        ("[api]\nlimit_loopback = 1\n", "api.limit_loopback", "must be true or false"),
        ("[api]\nlissen = 3\n", "api", "no setting named lissen"),
        ("[apy]\n", "*", "no setting named apy"),
        ("api = 3\n", "api", "must be a table"),
        ("[network]\nlisten = []\n", "network.listen", "at least one"),
        ('[network]\nlisten = ["0.0.0.0:4510"]\n', "network.listen", "not an address like"),
        ('[network]\nlisten = ["/ip4/0.0.0.0/tcp/70000"]\n', "network.listen", "not an address"),
        ('[network]\nlisten = ["/ip4/1.2.3.999/tcp/1"]\n', "network.listen", "not an address"),
        ('[network]\nlisten = ["/ip6/1.2.3.4/tcp/1"]\n', "network.listen", "not an address"),
        ('[network]\npublic = ["/ip4/1.2.3.4"]\n', "network.public", "not an address like"),
        ('[network]\npeers = ["/ip4/1.2.3.4/tcp/1"]\n', "network.peers", "/p2p/"),
        (f'[network]\nlisten = ["{PEER}"]\n', "network.listen", "not an address like"),
        ("[network]\npeers_max = 5000\n", "network.peers_max", "<= 512"),
        ("[mempool]\nbytes_max = 1\n", "mempool.bytes_max", ">= 1048576"),
        ('[log]\nlevel = "loud"\n', "log.level", "none of debug"),
        ('[log]\nstyle = "loud"\n', "log.style", "'loud' is none of its choices"),
        ("[[[", "*", "line 1"),
        ("[network]\npeers = [1]\n", "network.peers", "text in quotes"),
        ('[network]\npublic = [""' + ', ""' * 64 + "]\n", "network.public", "<= 64"),
    ],
)
def test_what_cannot_be_is_told_by_file_and_key(
    tmp_path: Path, text: str, key: str, problem: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    assert str(caught.value).startswith(f"{path}: {key}")
    assert problem in str(caught.value)


def test_a_wrong_flag_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^the command's options: api\.listen: "):
        load_settings(write(tmp_path, ""), {"api.listen": "everywhere"})


def test_a_file_that_is_no_text_or_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(path, {})
    path.write_bytes(b"#" * (CONFIG_BYTES_MAX + 1))
    with pytest.raises(ConfigError, match="larger than"):
        load_settings(path, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:4511", HostPort("127.0.0.1", 4511)),
        ("[::1]:0", HostPort("::1", 0)),
        ("localhost:80", HostPort("localhost", 80)),
    ],
)
def test_hosts_and_ports(text: str, expected: HostPort) -> None:
    assert parse_host_port(text) == expected


@pytest.mark.parametrize("text", ["", ":80", "::1:80", "1.2.3.4", "1.2.3.4:", "a b:1", "[x]:1"])
def test_bad_hosts_and_ports(text: str) -> None:
    with pytest.raises(ValueError):
        parse_host_port(text)
