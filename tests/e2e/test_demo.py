"""``pai demo`` as people start it: real processes, real time, and nothing left behind."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO

import pytest

from node.home import Home
from node.ops.export import open_export

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "node.cli"]
KEYS = [
    "community", "servers", "agreed", "payments", "refused", "demurrage", "funds", "velocity",
    "chains", "audit",
]  # fmt: skip
SERVER_KEYS = ["seat", "height", "final_height", "state_root", "blocks_produced", "rss_mib"]
END_SECONDS = 120  # a loaded machine takes its time; nothing here hangs longer


@contextmanager
def start(*arguments: str, folder: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    """The program; killed if the test fails before it ends."""
    with subprocess.Popen(
        [*PROGRAM, "--lang", "en", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def find_servers(home: Path) -> list[int]:
    """Processes that run on homes in this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(home).encode() in words:
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def read_until(stream: IO[str] | None, word: str) -> str:
    """Lines up to the one with this word."""
    assert stream is not None
    for line in stream:
        if word in line:
            return line
    raise AssertionError(f"the program ended before it said {word!r}")


@pytest.mark.slow
def test_a_community_lives_and_an_auditor_finds_nothing(tmp_path: Path) -> None:
    home = tmp_path / "village"
    arguments = ("--seconds", "30", "--output", "json", "--home", home.name)
    with start(*arguments, folder=tmp_path) as process:
        output, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 0, errors
    document = json.loads(output)
    assert list(document) == KEYS
    assert document["agreed"] is True
    assert document["payments"] > 80
    assert Decimal(document["demurrage"]) > 0
    assert Decimal(document["velocity"]) > 0
    chains = document["chains"]
    assert 0 < chains["happened"] <= chains["proposed"]
    assert chains["delivered_whole"] > 0
    assert max(int(people) for people in chains["people"]) >= 3
    assert Decimal(chains["moved"]) < Decimal(chains["amount"]) / 2, "goods go round, not money"
    assert 0 < Decimal(chains["share_without_money"]) < 1
    # Some has gone back to servers and members already; that nothing is missing the audit has said.
    funds = {name: Decimal(held) for name, held in document["funds"].items()}
    assert funds["reserve"] >= 0
    assert 0 < funds["reserve"] + funds["social"] < Decimal(document["demurrage"])
    assert len(document["servers"]) == 4
    for server in document["servers"]:
        assert list(server) == SERVER_KEYS
        assert server["blocks_produced"] > 0
        assert 0 < server["rss_mib"] <= 250
    assert len({server["state_root"] for server in document["servers"]}) == 1
    heights = [server["height"] for server in document["servers"]]
    assert max(heights) - min(heights) <= 3
    assert document["audit"]["findings"] == []
    assert document["audit"]["blocks"] == max(heights)
    assert document["audit"]["transactions"] > 60
    assert find_servers(home) == []
    check_homes(home)


def check_homes(home: Path) -> None:
    """What was kept can be audited, exported and looked at like any node's home."""
    folder = home / "server-1"
    assert not Home(folder).address.exists()
    replayed = subprocess.run(
        [*PROGRAM, "audit", "replay", str(folder), "--output", "json"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout)["findings"] == []
    file = home / "chain.export"
    subprocess.run(
        [*PROGRAM, "node", "export", str(file), "--home", str(folder)], check=True, cwd=ROOT,
        capture_output=True,
    )  # fmt: skip
    with open_export(file) as export:
        assert len(list(export.blocks)) == json.loads(replayed.stdout)["blocks"]


def audit_running_node(source: str) -> None:
    """An auditor may come while the community lives; LevelDB is left to the server then."""
    replayed = subprocess.run(
        [*PROGRAM, "audit", "replay", source, "--output", "json"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


@pytest.mark.slow
def test_ctrl_c_ends_it_with_the_same_judgement(tmp_path: Path) -> None:
    home = tmp_path / "village"
    arguments = ("--nodes", "2", "--members", "3", "--output", "json", "--home", str(home))
    with start(*arguments) as process:
        url = read_until(process.stderr, "http://").split()[-1]
        read_until(process.stderr, "slot")
        audit_running_node(str(home / "server-1"))
        audit_running_node(url)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 0, errors
    assert time.monotonic() - began < 60
    document = json.loads(output)
    assert document["agreed"] is True
    assert document["audit"]["findings"] == []
    assert all(server["blocks_produced"] > 0 for server in document["servers"])
    assert find_servers(home) == []


def lives_on(server: int) -> bool:
    """Whether a process does not end within seconds after its parent was killed."""
    return not select.select([server], [], [], 10)[0]


@pytest.mark.slow
def test_servers_end_with_the_program_even_when_it_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "village"
    with start("--nodes", "2", "--members", "2", "--home", str(home)) as process:
        read_until(process.stderr, "slot")
        servers = [os.pidfd_open(pid) for pid in find_servers(home) if pid != process.pid]
        assert len(servers) == 2
        process.kill()
    try:
        assert not any(lives_on(server) for server in servers)
    finally:
        for server in servers:
            os.close(server)


@pytest.mark.slow
def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("mine")
    with start("--home", str(tmp_path)) as process:
        output, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 2
    assert "is not empty" in errors
    assert output == ""
