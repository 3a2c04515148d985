"""``pai node`` without a network: homes are made, checked, filled; and what people then read."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.codec import encode
from chain.genesis import Genesis, GenesisSeat
from chain.kept import read_rows
from chain.leveldb import LevelStore
from chain.store import StoreError
from node.api.schema import (
    ClockAnswer,
    CommunityAnswer,
    FinalAnswer,
    HeadAnswer,
    HeldBlocksAnswer,
    MatchmakerAnswer,
    MempoolAnswer,
    SigningAnswer,
    StatusAnswer,
    VotingAnswer,
)
from node.app import open_node
from node.cli.main import main
from node.cli.node_status import QUIET_SLOTS, find_warnings, tell_blocks
from node.clock import SystemClock
from node.config import load_settings
from node.home import Home, lock_home, read_genesis
from node.keys import make_seat_keys
from node.ops.export import build_export
from node.status import HeldBlocks
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from wallet.terminal import Output, open_terminal
from wallet.words import Language


def found(folder: Path) -> Genesis:
    """A genesis in a file, whose seat's keys lie in a folder beside it."""
    keys = make_seat_keys(get_account_id("ann"), folder / "keys")
    seat = GenesisSeat(get_account_id("ann"), keys, CONSTANTS.bond_min, 90)
    genesis = replace(build_genesis(seats=("ann",)), seats=(seat,))
    (folder / "genesis").write_bytes(encode(genesis))
    return genesis


class Program:
    """Runs commands in this process and reads what they say."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def run(self, *words: object, lang: str = "en") -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code = main(["node", *map(str, words), "--lang", lang])
        out, err = self._capfd.readouterr()
        return code, out, err

    def ask(self, *words: object) -> tuple[int, Any]:
        """Exit code and JSON document."""
        code, out, err = self.run(*words, "--output", "json")
        assert err == ""
        return code, json.loads(out)


@pytest.fixture
def program(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.delenv("PAI_NODE", raising=False)
    monkeypatch.delenv("PAI_NODE_HOME", raising=False)
    return Program(capfd)


def init(program: Program, folder: Path, *options: object) -> Home:
    home = folder / "home"
    code, _ = program.ask("init", "--genesis", folder / "genesis", "--home", home, *options)
    assert code == 0
    return Home(home)


def test_a_home_is_made_with_the_seat_moved_in(program: Program, tmp_path: Path) -> None:
    found(tmp_path)
    home = init(program, tmp_path, "--seat", tmp_path / "keys")
    assert sorted(path.name for path in home.folder.iterdir()) == [
        *("config.toml", "genesis", "seat.journal", "seat.keys"),
    ]
    assert not list((tmp_path / "keys").iterdir())
    code, document = program.ask("check", "--home", home.folder)
    assert (code, document["findings"]) == (0, [])


def test_the_configuration_speaks_russian(program: Program, tmp_path: Path) -> None:
    found(tmp_path)
    code, out, _ = program.run(
        *("init", "--genesis", tmp_path / "genesis", "--home", tmp_path / "home"), lang="ru"
    )
    assert code == 0
    assert "Запуск: pai node run" in out
    text = (tmp_path / "home" / "config.toml").read_text()
    assert "# Как этот узел встречается с другими." in text
    assert load_settings(tmp_path / "home" / "config.toml", {}) == load_settings(Path("none"), {})


def test_a_second_home_or_a_second_seat_is_refused(program: Program, tmp_path: Path) -> None:
    found(tmp_path)
    home = init(program, tmp_path, "--seat", tmp_path / "keys")
    genesis = ("--genesis", tmp_path / "genesis", "--home")
    code, _, err = program.run("init", *genesis, home.folder)
    assert (code, "home already" in err) == (2, True)
    code, _, err = program.run("init", *genesis, tmp_path / "b", "--seat", tmp_path / "keys")
    assert (code, "pai seat keys" in err) == (2, True)


def test_check_finds_what_is_wrong_and_says_it_in_both_languages(
    program: Program, tmp_path: Path
) -> None:
    found(tmp_path)
    home = init(program, tmp_path, "--seat", tmp_path / "keys")
    (home.folder / "seat.journal").unlink()
    home.folder.chmod(0o755)
    code, out, _ = program.run("check", "--home", home.folder)
    assert code == 7
    assert f"{home.folder} can be read by others" in out
    assert "seat.journal is missing" in out
    code, out, _ = program.run("check", "--home", home.folder, lang="ru")
    assert code == 7
    assert "chmod go-rwx" in out
    assert "others" not in out


def test_a_home_in_use_is_not_checked(program: Program, tmp_path: Path) -> None:
    found(tmp_path)
    home = init(program, tmp_path)
    with lock_home(home):
        code, _, err = program.run("check", "--home", home.folder)
    assert (code, "another process uses" in err) == (2, True)


def make_chain(tmp_path: Path) -> tuple[Community, Path]:
    # Long ago: what is made here does not lie ahead of anybody's clock.
    community = Community(genesis=replace(build_genesis(), genesis_time=1_600_000_000))
    for index in range(5):
        community.extend([community.sign("emma", Pay(get_account_id("farid"), PAI, str(index)))])
    (tmp_path / "genesis").write_bytes(encode(community.genesis))
    export = tmp_path / "chain.pai"
    export.write_bytes(b"".join(build_export(community.store)))
    return community, export


def test_damage_to_the_store_is_found_by_check_and_by_start(
    program: Program, tmp_path: Path
) -> None:
    community, export = make_chain(tmp_path)
    home = init(program, tmp_path)
    code, taken = program.ask("import", export, "--home", home.folder)
    assert (code, taken["state_root"]) == (0, community.ledger.root.hex())
    assert program.ask("check", "--home", home.folder)[1]["findings"] == []

    store = LevelStore(home.chain)
    key, row = next(read_rows(store, b"a"))
    store.write([(b"s" + key, row[:-1] + bytes([row[-1] ^ 1]))], durable=True)
    store.close()
    code, document = program.ask("check", "--home", home.folder)
    assert code == 7
    (finding,) = document["findings"]
    assert finding.startswith("the rows give the root ")
    settings = load_settings(home.config, {})
    with pytest.raises(StoreError, match="is damaged"):
        open_node(home, settings, "test", read_genesis(home), SystemClock())


def test_an_export_replaces_an_older_one_and_no_other_file(
    program: Program, tmp_path: Path
) -> None:
    _, export = make_chain(tmp_path)
    home = init(program, tmp_path)
    assert program.run("import", export, "--home", home.folder)[0] == 0
    target = tmp_path / "out.pai"
    for _ in range(2):
        code, document = program.ask("export", target, "--home", home.folder)
        assert (code, document["blocks"]) == (0, 5)
        assert target.read_bytes() == export.read_bytes()
    letter = tmp_path / "letter.txt"
    letter.write_text("dear Anna")
    for file in (letter, Path("/dev/null")):
        code, _, err = program.run("export", file, "--home", home.folder)
        assert code == 2
        assert "is no export: choose another name" in err
    assert letter.read_text() == "dear Anna"


def test_a_home_that_is_none_is_said_to_be_none(program: Program, tmp_path: Path) -> None:
    for verb in ("status", "run", "check"):
        code, _, err = program.run(verb, "--home", tmp_path / "nowhere")
        assert code == 2
        assert "is no node's home: make one with" in err


def test_a_wrong_option_is_told_in_the_operators_language(program: Program, tmp_path: Path) -> None:
    found(tmp_path)
    home = init(program, tmp_path)
    code, _, err = program.run("run", "--home", home.folder, "--api", "4511", lang="ru")
    assert code == 2
    assert err == "Параметр для api.listen: '4511' — не ХОСТ:ПОРТ, как 127.0.0.1:4511\n"


def test_an_export_of_another_community_is_refused(program: Program, tmp_path: Path) -> None:
    _, export = make_chain(tmp_path)
    found(tmp_path)
    home = init(program, tmp_path)
    code, _, err = program.run("import", export, "--home", home.folder)
    assert (code, "holds another community" in err) == (2, True)


def test_a_block_that_breaks_the_rules_is_refused_with_its_code(
    program: Program, tmp_path: Path
) -> None:
    community, export = make_chain(tmp_path)
    home = init(program, tmp_path)
    *blocks, last = community.ledger.get_blocks()
    header = replace(last.header, state_root=bytes(32))
    bad = encode((header, last.block.signature, last.block.body))
    whole = export.read_bytes()
    export.write_bytes(whole[: -len(last.whole_bytes)] + bad)
    code, _, err = program.run("import", export, "--home", home.folder)
    assert code == 1
    assert "breaks the rules" in err
    assert program.ask("check", "--home", home.folder) == (
        0,
        {"home": str(home.folder), "findings": []},
    )
    code, again = program.ask("export", tmp_path / "again.pai", "--home", home.folder)
    assert (code, again["blocks"]) == (0, len(blocks))


def test_no_node_no_status(program: Program, tmp_path: Path) -> None:
    found(tmp_path)
    home = init(program, tmp_path)
    code, _, err = program.run("status", "--home", home.folder)
    assert (code, "No node runs on" in err) == (3, True)
    code, _, err = program.run("status", "--node", "http://127.0.0.1:9", lang="ru")
    assert (code, "http://127.0.0.1:9" in err) == (3, True)


def test_a_home_that_is_named_wins_over_the_environments_node(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAI_NODE", "http://127.0.0.1:9")
    found(tmp_path)
    home = init(program, tmp_path)
    _, _, err = program.run("status", "--home", home.folder)
    assert "No node runs on" in err
    _, _, err = program.run("status")
    assert "http://127.0.0.1:9" in err
    _, _, err = program.run("status", "--home", home.folder, "--node", "http://127.0.0.1:8")
    assert "http://127.0.0.1:8" in err


VOTING = VotingAnswer(
    set="ab" * 32,
    seats=4,
    total_weight=400,
    online_weight=300,
    quorum=267,
    level=0,
    justified_height=0,
    justified_slot=0,
    justified_hash="ab" * 32,
    activation_slot=None,
    release_slots=21_600,
    state="no_seat",
    reason="",
    standstill="none",
    guilty=[],
    named=True,
)

WELL = StatusAnswer(
    community=CommunityAnswer(
        id="ab" * 32,
        name="Test",
        prefix="pai",
        genesis_time=1_800_000_000,
        slot_seconds=4,
        slots_per_step=900,
        slots_per_period=21_600,
        slots_per_epoch=900,
        transaction_life_slots=21_600,
    ),
    version="1",
    head=HeadAnswer(height=90, slot=99, hash="ab" * 32, state_root="ab" * 32, time=0),
    final=FinalAnswer(height=0, hash="ab" * 32, slot=0, level=0, gap_slots=0),
    voting=VOTING,
    clock=ClockAnswer(slot=100, step=0, period=0, epoch=0),
    syncing=False,
    target_height=90,
    blocks=HeldBlocksAnswer(from_height=1, executed_from=1, fetching=False),
    peers=3,
    mempool=MempoolAnswer(transactions=0, bytes=0),
    seat=None,
    signing=SigningAnswer(state="no_seat", reason="this node has no seat's keys"),
    blocks_produced=0,
    clock_offset_ms=40,
    rss_mib=100.0,
    matchmaker=None,
)


@pytest.mark.parametrize(
    ("changes", "english", "russian"),
    [
        ({}, "", ""),
        ({"peers": 0}, "knows no other node", "Других узлов не видно"),
        ({"syncing": True, "target_height": 92}, "2 blocks are missing", "не хватает 2 блока"),
        (
            {"clock": ClockAnswer(slot=99 + QUIET_SLOTS + 1, step=0, period=0, epoch=0)},
            "No block has come for 1 minute 8 seconds",
            "блоков нет уже 1 минута 8 секунд",
        ),
        (
            {"voting": replace(VOTING, standstill="too_few")},
            "weigh too little to decide",
            "слишком мало",
        ),
        (
            {"voting": replace(VOTING, activation_slot=9)},
            "does not happen for 1 day: pai node release",
            "не случится за 1 день: pai node release",
        ),
        (
            {"voting": replace(VOTING, activation_slot=9, release_slots=30)},
            "does not happen for 2 minutes: pai node release",
            "не случится за 2 минуты: pai node release",
        ),
        (
            {"voting": replace(VOTING, standstill="conflict", guilty=["pai1bad", "pai1worse"])},
            "contradict themselves: pai1bad, pai1worse.",
            "противоречащие самим себе: pai1bad, pai1worse.",
        ),
        (
            {"voting": replace(VOTING, standstill="conflict", named=False)},
            "Not all who did it are known yet",
            "Пока известны не все",
        ),
        ({"clock_offset_ms": 2_500}, "2.5 s behind", "отстают на 2.5 с"),
        ({"clock_offset_ms": -2_500}, "2.5 s ahead", "спешат на 2.5 с"),
        (
            {"signing": SigningAnswer(state="catching_up", reason="it is fetching blocks")},
            "makes no blocks: it is fetching blocks",
            "Место не создаёт блоков",
        ),
        (
            {"matchmaker": MatchmakerAnswer(address="pai1matchmaker", spendable="0.5")},
            "pay some pai to pai1matchmaker",
            "не на что их предлагать",
        ),
        (
            {"clock": ClockAnswer(slot=-5, step=0, period=0, epoch=0), "peers": 0},
            "The community begins at",
            "Сообщество начинается",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(
    changes: dict[str, Any], english: str, russian: str
) -> None:
    status = replace(WELL, **changes)
    for language, expected in ((Language.ENGLISH, english), (Language.RUSSIAN, russian)):
        terminal = open_terminal(language, Output.TABLE, None, environ={})
        warnings = find_warnings(terminal, status)
        assert len(warnings) == bool(expected)
        assert all(expected in warning for warning in warnings), warnings


@pytest.mark.parametrize(
    ("blocks", "held", "executed"),
    [
        ((1, 1, False), None, None),
        ((2_001, 4_097, True), "from 2,001 on; 2,000 before are to come", "from 4,097 on"),
        ((4_096, 4_097, False), "those before are not fetched", "from 4,097 on"),
        ((1, 4_097, False), "all", "from 4,097 on; 'pai audit replay HOME' executes those before"),
    ],
)
def test_which_blocks_are_held_is_said_where_a_node_began_with_a_snapshot(
    blocks: tuple[int, int, bool], held: str | None, executed: str | None
) -> None:
    status = replace(WELL, blocks=HeldBlocksAnswer(**HeldBlocks(*blocks)._asdict()))
    terminal = open_terminal(Language.ENGLISH, Output.TABLE, None, environ={})
    told = {name: text.replace("\xa0", ",") for name, text in tell_blocks(terminal, status)}
    if held is None or executed is None:
        assert told == {}
        return
    assert held in told["Blocks held"]
    assert executed in told["Blocks executed"]
