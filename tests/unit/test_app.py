"""However a node ends, it says why, and leaves its home as the next start wants it."""

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace

from chain.codec import encode
from chain.errors import InvariantBroken
from chain.store import StoreError
from node.app import NodeHalted, get_causes, run_node
from node.config import Settings, build_config, load_settings
from node.core import Core
from node.home import Home, HomeError, create_home, is_locked, lock_home
from tests.community import build_genesis

LISTEN = "/ip4/127.0.0.1/tcp/{port}"


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    mask = os.umask(0o077)
    yield
    os.umask(mask)
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return create_home(tmp_path / "home", encode(build_genesis()), build_config(str))


def get_settings(home: Home, *, port: int = 0, api: int = 0) -> Settings:
    return load_settings(
        home.config,
        {
            "network.listen": (LISTEN.format(port=port),),
            "api.listen": f"127.0.0.1:{api}",
            "log.level": "error",
            "log.style": "json",
        },
    )


def check_left_clean(home: Home) -> None:
    assert not is_locked(home)
    assert not home.address.exists()
    with lock_home(home):
        pass


@pytest.mark.parametrize(
    ("error", "told", "match"),
    [
        (InvariantBroken("L1 lost money"), NodeHalted, r"L1 lost money.*report\.txt"),
        (StoreError("the disk failed"), StoreError, "the disk failed"),
        (HomeError("cannot write the journal"), HomeError, "cannot write the journal"),
        (ZeroDivisionError("by zero"), NodeHalted, "ZeroDivisionError: by zero"),
    ],
)
def test_a_core_that_fails_ends_the_node_with_its_reason(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: type[Exception],
    match: str,
) -> None:
    async def fail(_core: Core, _outside: object) -> None:
        await trio.lowlevel.checkpoint()
        raise error

    monkeypatch.setattr(Core, "run", fail)
    with pytest.raises(told, match=match):
        run_node(home, get_settings(home), "test")
    check_left_clean(home)


@pytest.mark.parametrize("which", ["port", "api"])
def test_a_port_in_use_is_said_with_its_address(home: Home, which: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(HomeError, match=rf"cannot listen at .*{port}: Address already in use"):
            run_node(home, get_settings(home, **{which: port}), "test")
    check_left_clean(home)


def test_a_damaged_network_key_is_told(home: Home) -> None:
    home.network_key.write_bytes(b"short")
    with pytest.raises(HomeError, match="is not a key"):
        run_node(home, get_settings(home), "test")
    check_left_clean(home)


def test_a_node_that_halted_waits_for_somebody_to_read_why(home: Home) -> None:
    home.report.write_text("L1 lost money")
    with pytest.raises(HomeError, match=r"read .*report\.txt; it starts again when"):
        run_node(home, get_settings(home), "test")
    check_left_clean(home)


def test_two_nodes_do_not_share_a_home(home: Home) -> None:
    with lock_home(home), pytest.raises(HomeError, match="another process uses"):
        run_node(home, get_settings(home), "test")


def test_causes_are_found_however_deep() -> None:
    inner = ExceptionGroup("", [ValueError("a"), OSError("b")])
    outer = BaseExceptionGroup("", [ExceptionGroup("", [inner]), KeyError("c")])
    assert [str(cause) for cause in get_causes(outer)] == ["a", "b", "'c'"]
    assert get_causes(KeyError("d"))[0].args == ("d",)


def test_an_address_that_is_none_is_told_before_anything_is_opened(home: Home) -> None:
    settings = get_settings(home)
    network = replace(settings.network, listen=("/ip4/127.0.0.1/tcp/70000",))
    with pytest.raises(HomeError, match="70000' is not an address like"):
        run_node(home, replace(settings, network=network), "test")
    check_left_clean(home)
    assert not home.chain.exists()
