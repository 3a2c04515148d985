"""``pai genesis`` and ``pai seat keys`` as founders use them, in one process, on real files."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from chain.address import encode_address
from chain.genesis import Genesis, compute_chain_id
from chain.rules.birth import find_genesis_faults
from genesis.schema import read_file
from node.cli.main import main
from node.keys import KEYS_NAME
from tests.community import PAI, get_account_id
from wallet.terminal import Exit

Capture = pytest.CaptureFixture[str]


def get_address(name: str, prefix: str = "pai") -> str:
    return encode_address(prefix, get_account_id(name))


def answer(capture: Capture, *arguments: object) -> dict[str, Any]:
    """The JSON document of a command that must succeed."""
    code = main([*map(str, arguments), "--output", "json"])
    told = capture.readouterr()
    assert code == Exit.DONE, told.err
    document = json.loads(told.out)
    assert isinstance(document, dict)
    return document


def fail(capture: Capture, *arguments: object) -> str:
    """What a command says that must fail as wrong usage, on stderr and in one line."""
    assert main([*map(str, arguments)]) == Exit.USAGE
    told = capture.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


@pytest.fixture
def seats(tmp_path: Path, capsys: Capture) -> list[str]:
    """Arguments that name four seat files."""
    arguments = []
    for name in ("ann", "boris", "clara", "daniil"):
        file = tmp_path / f"{name}.toml"
        home = tmp_path / name
        answer(capsys, "seat", "keys", "--owner", get_address(name), "--home", home, "--out", file)
        arguments += ["--seat", str(file)]
    return arguments


def test_a_community_is_founded(tmp_path: Path, seats: list[str], capsys: Capture) -> None:
    out = tmp_path / "coop.toml"
    given = answer(
        capsys,
        *("genesis", "new", "coop", "--name", "Шаг", "--out", out, *seats),
        *("--member", get_address("emma"), "--balance", "12,5", "--start", "2027-01-15T08:00:00Z"),
    )
    genesis = read_file(out)
    assert find_genesis_faults(genesis) == []
    assert given["community"] == compute_chain_id(genesis).hex()
    assert (genesis.name, genesis.genesis_time) == ("Шаг", 1_800_000_000)
    balances = {item.id: item.balance for item in genesis.accounts}
    assert balances[get_account_id("emma")] == 12_500_000
    assert balances[get_account_id("ann")] == 0
    assert len(genesis.seats) == 4
    private = Path(str(given["private_file"]))
    assert private == tmp_path / "coop.toml.private"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    verdict = answer(capsys, "genesis", "verify", out)
    assert verdict["valid"] is True
    assert verdict["community"] == given["community"]


def test_nothing_is_overwritten(tmp_path: Path, capsys: Capture) -> None:
    out, private = tmp_path / "a.toml", tmp_path / "a.private"
    line = ("genesis", "new", "demo", "--name", "A", "--out", out, "--private", private)
    for file in (out, private):
        file.write_text("kept")
        assert f"{file} exists already" in fail(capsys, *line)
        assert file.read_text() == "kept"
        file.unlink()
        assert not out.exists()
        assert not private.exists()


def test_a_draft_without_seats_is_written_and_called_a_draft(
    tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "draft.toml"
    assert main(["genesis", "new", "village-2010", "--name", "A", "--out", str(out)]) == Exit.DONE
    assert "This is a draft" in capsys.readouterr().err
    code = main(["genesis", "verify", str(out), "--output", "json"])
    document = json.loads(capsys.readouterr().out)
    assert code == Exit.USAGE
    assert document["valid"] is False
    assert "at least one seat" in document["findings"][0]["text"]
    assert document["findings"][0]["kind"] == "fault"


def test_the_village_asks_who_receives_the_issue(
    tmp_path: Path, seats: list[str], capsys: Capture
) -> None:
    out = tmp_path / "village.toml"
    line = ("genesis", "new", "village-2010", "--name", "A", "--out", out, *seats)
    assert "--issue-to" in fail(capsys, *line)
    assert not out.exists()
    answer(capsys, *line, "--issue-to", get_address("farm"))
    balances = {item.id: item.balance for item in read_file(out).accounts}
    assert balances[get_account_id("farm")] == 180_000 * PAI


def test_members_of_a_table_stay_nameless(
    tmp_path: Path, seats: list[str], capsys: Capture
) -> None:
    members, out = tmp_path / "members.csv", tmp_path / "w.toml"
    members.write_text(f"name;address;balance\nЭмма Сафина;{get_address('emma')};7\n")
    answer(
        capsys, "genesis", "new", "workshop", "--name", "A", "--out", out, *seats,
        "--members", members, "--authority", "Собрание", "--jurisdiction", "RU",
    )  # fmt: skip
    assert "Эмма" not in out.read_text()
    assert "Эмма Сафина" in (tmp_path / "w.toml.private").read_text()
    genesis = read_file(out)
    assert genesis.authorities[0].name == "Собрание"
    assert {item.jurisdiction for item in genesis.attestations} == {"RU"}


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (("--member", "pai1qqq"), "typing error"),
        (("--member", get_address("emma", "kop")), "belongs to another community"),
        (("--balance", "-1"), "below zero"),
        (("--balance", "much"), "is not an amount"),
        (("--start", "tomorrow"), "is not a moment"),
        (("--prefix", "Пай"), "the prefix of addresses"),
        (("--members", "/nowhere.csv"), "/nowhere.csv: No such file"),
        (("--seat", "/nowhere.toml"), "/nowhere.toml: No such file"),
        (("--authority", "\x07"), "control characters"),
        (("--member", get_address("emma")) * 2, "is named twice"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(
    extra: tuple[str, ...], told: str, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "a.toml"
    assert told in fail(capsys, "genesis", "new", "demo", "--name", "A", "--out", out, *extra)
    assert list(tmp_path.iterdir()) == []


def build_file(tmp_path: Path, seats: list[str], capsys: Capture, preset: str) -> Genesis:
    out = tmp_path / "c.toml"
    answer(capsys, "genesis", "new", preset, "--name", "Шаг", "--out", out, *seats)
    return read_file(out)


def test_show_tells_a_member_what_he_wants_to_know(
    tmp_path: Path, seats: list[str], capsys: Capture
) -> None:
    genesis = build_file(tmp_path, seats, capsys, "coop")
    file = str(tmp_path / "c.toml")
    assert main(["genesis", "show", file]) == Exit.DONE
    english = capsys.readouterr().out
    for text in (
        "784.72",
        "Savings lose nothing",
        "30\u00a0%",
        "about 66 payments",
        "Founders",
        "25.0",
    ):
        assert text in english
    assert get_address("ann") in english
    assert main(["genesis", "show", file, "--lang", "ru", "--figures"]) == Exit.DONE
    russian = capsys.readouterr().out
    for text in ("784,72", "Накопления не теряют ничего", "демередж", "slots_per_step"):
        assert text in russian
    assert "Savings" not in russian
    document = answer(capsys, "genesis", "show", file)
    assert document["community"] == compute_chain_id(genesis).hex()
    assert document["parameters"]["unit_fee"] == "0.01"
    assert document["constants"]["bond_min"] == "1000"
    assert [seat["share_bp"] for seat in document["seats"]] == [2_500] * 4


def test_show_of_a_community_without_demurrage(
    tmp_path: Path, seats: list[str], capsys: Capture
) -> None:
    build_file(tmp_path, seats, capsys, "demo")
    file = tmp_path / "c.toml"
    text = file.read_text()
    file.write_text("\n".join(line for line in text.splitlines() if not line.startswith("keep =")))
    assert main(["genesis", "show", str(file)]) == Exit.DONE
    assert "Nothing melts" in capsys.readouterr().out


def test_a_file_that_is_no_constitution(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "c.toml"
    assert "No such file" in fail(capsys, "genesis", "show", file)
    file.write_text("a = ")
    assert "this is not TOML" in fail(capsys, "genesis", "verify", file)
    assert main(["genesis", "verify", str(file), "--lang", "ru"]) == Exit.USAGE
    assert "это не TOML" in capsys.readouterr().err


def test_presets_are_listed(capsys: Capture) -> None:
    document = answer(capsys, "genesis", "presets", "--lang", "ru")
    presets = document["presets"]
    assert isinstance(presets, list)
    assert [item["name"] for item in presets] == ["coop", "village-2010", "workshop", "demo"]
    assert "868,13" in presets[1]["about"]


def test_seat_keys_are_made_once_and_shown_again(tmp_path: Path, capsys: Capture) -> None:
    home = tmp_path / "home"
    line = ("seat", "keys", "--owner", get_address("ann"), "--home", home)
    first = answer(capsys, *line)
    secret = (home / KEYS_NAME).read_bytes()
    assert stat.S_IMODE((home / KEYS_NAME).stat().st_mode) == 0o600
    again = answer(capsys, *line)
    assert (home / KEYS_NAME).read_bytes() == secret
    # Signatures are deterministic, so the proofs come out the same.
    assert again == first
    told = fail(capsys, "seat", "keys", "--owner", get_address("boris"), "--home", home)
    assert "belong to another owner" in told
    assert "typing error" in fail(capsys, "seat", "keys", "--owner", "pai1qq", "--home", home)


def test_seat_keys_of_another_prefix(tmp_path: Path, capsys: Capture) -> None:
    file, out = tmp_path / "ann.toml", tmp_path / "a.toml"
    owner = get_address("ann", "kop")
    answer(capsys, "seat", "keys", "--owner", owner, "--home", tmp_path / "h", "--out", file)
    line = ("genesis", "new", "demo", "--name", "A", "--out", out, "--seat", file)
    assert "belongs to another community" in fail(capsys, *line)
    answer(capsys, *line, "--prefix", "kop")
    assert read_file(out).prefix == "kop"
