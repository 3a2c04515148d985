"""``pai audit proof``, ``pai node snapshot``, ``pai node checkpoint``: one proves, one begins."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.address import encode_address
from chain.checks import DirectChecks
from chain.codec import encode
from chain.genesis import compute_chain_id
from node.chainkeeper import ChainKeeper
from node.checkpoints import read_checkpoint, write_checkpoint
from node.cli.main import main
from node.clock import SystemClock
from node.config import build_config
from node.home import Home, create_home
from node.ops.check import check_home
from node.stores import FolderStores
from tests.certified import FinalChain
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id
from wallet.terminal import Exit

BLOCKS = 130
EMMA = encode_address("pai", get_account_id("emma"))
NOBODY = encode_address("pai", get_account_id("nobody"))


class Program:
    """Runs commands in this process and reads what they say."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def run(self, *words: object, lang: str = "en") -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code = main([*map(str, words), "--lang", lang])
        out, err = self._capfd.readouterr()
        return code, out, err

    def ask(self, *words: object) -> tuple[int, Any]:
        """Exit code and JSON document."""
        code, out, err = self.run(*words, "--output", "json")
        return code, json.loads(out) if out else err


@pytest.fixture
def pai(capfd: pytest.CaptureFixture[str]) -> Program:
    return Program(capfd)


class Server:
    """A stopped node whose chain is long enough for some hand-offs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        now = SystemClock().get_wall_ms() // 1_000
        constants = replace(CONSTANTS, base_age_epochs=2)
        genesis = replace(build_genesis(constants=constants), genesis_time=now - 500)
        self.genesis_file = folder / "genesis"
        self.genesis_file.write_bytes(encode(genesis))
        self.home = create_home(folder / "home", encode(genesis), build_config(lambda _: ""))
        community = Community(genesis)
        chain = FinalChain(community)
        store = FolderStores(self.home.chain).open()
        keeper = ChainKeeper(store, genesis, DirectChecks())
        self.payment = ""
        for number in range(BLOCKS):
            payments = []
            if number == 100:
                pay = Pay(get_account_id("farid"), 3 * PAI, "")
                payments = [community.sign("emma", pay, fee_max=PAI)]
                self.payment = payments[0].id.hex()
            keeper.extend(chain.extend(payments), durable=False)
        store.close()
        self.genesis = genesis


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return Server(tmp_path_factory.mktemp("server"))


def test_a_home_proves_and_a_stranger_checks_offline(
    pai: Program, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "proof"
    code, made = pai.ask("audit", "proof", EMMA, "--home", server.home.folder, "--out", file)
    assert code == Exit.DONE
    code, checked = pai.ask("audit", "proof", "--verify", file, "--genesis", server.genesis_file)
    assert code == Exit.DONE
    timing = "milliseconds"
    assert {**checked, timing: 0} == {**made, timing: 0}
    assert checked["holds"]
    assert checked["final"]
    assert checked["fresh"]
    assert checked["exists"]
    assert checked["bytes"] == file.stat().st_size
    assert checked["hand_offs"] >= 2
    assert checked["settlement"].startswith("44")


def test_absence_and_a_transaction_are_proven_too(
    pai: Program, server: Server, tmp_path: Path
) -> None:
    home = server.home.folder
    code, absent = pai.ask("audit", "proof", NOBODY, "--home", home)
    assert (code, absent["exists"], absent["settlement"]) == (Exit.DONE, False, None)
    file = tmp_path / "proof"
    code, paid = pai.ask("audit", "proof", server.payment, "--home", home, "--out", file)
    assert (code, paid["transaction"], paid["height"]) == (Exit.DONE, server.payment, 101)
    assert paid["sender"] == get_account_id("emma").hex()
    assert paid["final_height"] >= 101
    trust = ("--genesis", server.genesis_file)
    code, out, _ = pai.run("audit", "proof", server.payment, "--verify", file, *trust)
    assert code == Exit.DONE
    assert "The proof holds" in out
    code, _, err = pai.run("audit", "proof", EMMA, "--verify", file, *trust)
    assert code == Exit.FOUND
    assert "something else" in err


def test_a_proof_that_does_not_hold_says_why_in_both_languages(
    pai: Program, server: Server, tmp_path: Path
) -> None:
    file, other = tmp_path / "proof", tmp_path / "other"
    pai.run("audit", "proof", EMMA, "--home", server.home.folder, "--out", file)
    other.write_bytes(encode(replace(server.genesis, name="Other")))
    words = ("audit", "proof", "--verify", file, "--genesis", other)
    code, out, _ = pai.run(*words)
    assert code == Exit.FOUND
    assert "belongs to another community" in out
    code, out, _ = pai.run(*words, lang="ru")
    assert "другому сообществу" in out
    code, shown = pai.ask(*words)
    assert (code, shown["holds"], shown["code"]) == (Exit.FOUND, False, 801)
    file.write_bytes(file.read_bytes()[:-1])
    code, _, err = pai.run(*words)
    assert code == Exit.USAGE
    assert "is no proof" in err


def test_what_is_trusted_must_be_said(pai: Program, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "proof"
    pai.run("audit", "proof", EMMA, "--home", server.home.folder, "--out", file)
    code, _, err = pai.run("audit", "proof", "--verify", file)
    assert code == Exit.USAGE
    assert "whom you trust" in err
    code, _, err = pai.run("audit", "proof")
    assert code == Exit.USAGE
    assert "Name an address" in err


def test_a_checkpoint_is_enough_to_trust(pai: Program, server: Server, tmp_path: Path) -> None:
    point, file = tmp_path / "checkpoint", tmp_path / "proof"
    code, shown = pai.ask("node", "checkpoint", "--home", server.home.folder, "--out", point)
    assert code == Exit.DONE
    assert point.read_text().strip() == shown["checkpoint"]
    assert shown["height"] == 119
    assert shown["community"] == compute_chain_id(server.genesis).hex()
    pai.run("audit", "proof", EMMA, "--home", server.home.folder, "--out", file)
    code, checked = pai.ask("audit", "proof", "--verify", file, "--checkpoint", point)
    assert (code, checked["holds"], checked["fresh"]) == (Exit.DONE, True, None)
    assert (checked["trusted_height"], checked["hand_offs"]) == (shown["height"], 0)
    point.write_text("zz")
    code, _, err = pai.run("audit", "proof", "--verify", file, "--checkpoint", point)
    assert code == Exit.USAGE
    assert "is no checkpoint" in err


def test_a_home_begins_with_a_snapshot(pai: Program, server: Server, tmp_path: Path) -> None:
    file, home = tmp_path / "snapshot", Home(tmp_path / "new")
    code, written = pai.ask("node", "snapshot", file, "--home", server.home.folder)
    assert code == Exit.DONE
    assert written["bytes"] == file.stat().st_size
    words = ("node", "init", "--genesis", server.genesis_file, "--home", home.folder)
    code, _, err = pai.run(*words, "--snapshot", file)
    assert code == Exit.DONE, err
    store = FolderStores(home.chain).open()
    keeper = ChainKeeper(store, server.genesis, DirectChecks())
    assert keeper.ledger.head.height == written["height"]
    store.close()
    assert [item for item in check_home(home, lambda _: None) if "others" not in item] == []
    code, _, err = pai.run("audit", "replay", home.folder)
    assert code == Exit.USAGE
    assert "began with a snapshot" in err
    code, _, err = pai.run("node", "export", tmp_path / "export", "--home", home.folder)
    assert code == Exit.USAGE
    assert "began with a snapshot" in err
    code, proven = pai.ask("audit", "proof", EMMA, "--home", home.folder)
    assert (code, proven["holds"]) == (Exit.DONE, True)


def test_a_damaged_snapshot_makes_no_home(pai: Program, server: Server, tmp_path: Path) -> None:
    file, home = tmp_path / "snapshot", Home(tmp_path / "new")
    pai.run("node", "snapshot", file, "--home", server.home.folder)
    data = bytearray(file.read_bytes())
    data[-100] ^= 1
    file.write_bytes(data)
    words = ("node", "init", "--genesis", server.genesis_file, "--home", home.folder)
    code, _, err = pai.run(*words, "--snapshot", file)
    assert code == Exit.REFUSED
    assert "Rows of the snapshot" in err
    assert not home.genesis.exists()
    assert not home.chain.exists()
    code, _, err = pai.run("node", "snapshot", server.genesis_file, "--home", server.home.folder)
    assert code == Exit.USAGE
    assert "is no snapshot" in err


def test_a_start_older_than_bonds_stay_locked_is_refused(
    pai: Program, server: Server, tmp_path: Path
) -> None:
    old = replace(server.genesis, genesis_time=server.genesis.genesis_time - 10_000)
    (tmp_path / "genesis").write_bytes(encode(old))
    words = ("node", "init", "--genesis", tmp_path / "genesis", "--home", tmp_path / "new")
    code, _, err = pai.run(*words, "--snapshot", server.genesis_file)
    assert code == Exit.REFUSED
    assert "older than bonds stay locked" in err


def test_a_whole_history_is_held_to_a_checkpoint(
    pai: Program, server: Server, tmp_path: Path
) -> None:
    point = tmp_path / "checkpoint"
    code, shown = pai.ask("node", "checkpoint", "--home", server.home.folder, "--out", point)
    assert code == Exit.DONE
    words = ("audit", "replay", server.home.folder, "--checkpoint", point)
    code, found = pai.ask(*words)
    assert code == Exit.DONE, found
    checkpoint = read_checkpoint(point)
    for changes, text in (
        ({"block_hash": bytes(32)}, "another block than the checkpoint's"),
        ({"height": BLOCKS + 1}, "ends before block"),
        ({"chain": bytes(32)}, "another community"),
    ):
        write_checkpoint(point, replace(checkpoint, **changes))
        code, found = pai.ask(*words)
        assert code == Exit.FOUND
        assert text in json.dumps(found["findings"])
    assert shown["block"] == checkpoint.block_hash.hex()
