"""docs/founding.md is followed word by word, up to the point where servers would start."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.schema import read_file
from node.cli.main import main
from wallet.terminal import Exit

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "founding.md"
FOUNDERS = ("anna", "boris", "clara", "daniil")

Capture = pytest.CaptureFixture[str]


def iterate_commands() -> Iterator[list[str]]:
    """The commands of the guide in order, each as its words."""
    for block in re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            assert words[0] == "pai", "the guide needs nothing but the program"
            yield words[1:]


def find_command(*beginning: str) -> list[str]:
    return next(
        words for words in iterate_commands() if tuple(words[: len(beginning)]) == beginning
    )


def run(words: list[str], capture: Capture) -> str:
    code = main(words)
    told = capture.readouterr()
    assert code == Exit.DONE, f"{words}: {told.err}"
    return told.out


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAI_WALLETS", str(tmp_path / "wallets"))
    monkeypatch.setenv("PAI_PASSWORD", "a password for tests")
    return tmp_path


def test_the_guide_founds_a_community(machine: Path, capsys: Capture) -> None:
    run(find_command("genesis", "presets"), capsys)
    for name in FOUNDERS:
        new = find_command("wallet", "new")
        address = find_command("genesis", "address")
        keys = find_command("seat", "keys")
        run([word.replace("anna", name) for word in new], capsys)
        owner = run([word.replace("anna", name) for word in address], capsys).strip()
        run([word.replace("$ANNA", owner).replace("anna", name) for word in keys], capsys)
    run(["wallet", "new", "emma"], capsys)
    emma = run(["genesis", "address", "emma"], capsys).strip()
    table = re.search(r"```csv\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert table is not None
    (machine / "members.csv").write_text(table[1].replace("pai1...", emma))
    run(find_command("genesis", "new"), capsys)
    shown = run(find_command("genesis", "show"), capsys)
    assert "Founders' meeting" in shown
    assert "A community can be founded" in run(find_command("genesis", "verify"), capsys)
    genesis = read_file(machine / "coop.toml")
    assert (len(genesis.seats), len(genesis.accounts)) == (4, 5)
    assert "Safina" not in (machine / "coop.toml").read_text()
    run(find_command("node", "init"), capsys)


def test_every_command_of_the_guide_exists(capsys: Capture) -> None:
    count = 0
    for words in iterate_commands():
        count += 1
        assert main([*words[:2], "--help"]) == Exit.DONE
        options = {word for word in words if word.startswith("--")}
        text = capsys.readouterr().out
        assert all(option in text for option in options), words
    assert count > 10
