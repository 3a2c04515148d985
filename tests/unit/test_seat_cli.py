"""``pai seat``: a member takes a seat in a running community, through a wallet and a node."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from chain.address import encode_address
from chain.rules.settlement import BONDED, UNBONDING
from node.cli.main import main
from node.keys import open_seat
from tests.community import PAI, Community, get_account_id
from tests.wallet_node import WalletNode, build_member_genesis
from wallet import session
from wallet.client import NodeClient
from wallet.keystore import Cost, build_secrets, save_secrets
from wallet.terminal import Exit

Capture = pytest.CaptureFixture[str]
ENTROPY = bytes(range(32))
PASSWORD = "a password for tests"


class SeatNode:
    """The wallet tests' node, which also tells of seats."""

    def __init__(self) -> None:
        self.community = Community(build_member_genesis(ENTROPY))
        self.node = WalletNode(self.community)
        self.broken = False
        self.voting: dict[str, object] = {
            "activation_slot": None,
            "justified_slot": 3,
            "justified_hash": "ab" * 32,
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/status":
            told = json.loads(self.node.answer(request).content)
            return httpx.Response(200, json={**told, "voting": self.voting})
        if request.url.path != "/v1/seats":
            return self.node.answer(request)
        if self.broken:
            return httpx.Response(200, json={"seats": "many"})
        state = self.community.ledger.open_view()
        weights = {item.seat: item.weight for item in state.sets.require(b"current").entries}
        names = [*sorted(weights), *([self.member] if state.seats.get(self.member) else [])]
        rows = [(account, state.seats.require(account)) for account in names]
        return httpx.Response(
            200,
            json={
                "total_weight": sum(weights.values()),
                "seats": [
                    {
                        "seat": encode_address("pai", account),
                        "weight": weights.get(account, 0),
                        "bond": str(row.bond // PAI),
                        "blocks": 3,
                        "duty": row.duty,
                        "registered_epoch": row.registered_epoch,
                        "vote_key": row.vote_key.hex(),
                        "vrf_key": row.vrf_key.hex(),
                        "standby_key": row.standby_key.hex(),
                    }
                    for account, row in rows
                ],
            },
        )

    @property
    def member(self) -> bytes:
        """The account of the wallet."""
        return build_secrets(ENTROPY).account

    @property
    def address(self) -> str:
        """Its address."""
        return encode_address("pai", self.member)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SeatNode:
    world = SeatNode()
    transport = httpx.MockTransport(world.answer)
    monkeypatch.setattr(session, "NodeClient", partial(NodeClient, transport=transport))
    folder = tmp_path / "wallets"
    monkeypatch.setenv("PAI_WALLETS", str(folder))
    monkeypatch.setenv("PAI_PASSWORD", PASSWORD)
    kept = build_secrets(ENTROPY)
    save_secrets(folder, "emma", PASSWORD, kept, replace=False, cost=Cost(1, 8_192))
    return world


def answer(capture: Capture, *arguments: object) -> dict[str, Any]:
    code = main([*map(str, arguments), "--output", "json"])
    told = capture.readouterr()
    assert code == Exit.DONE, told.err
    document = json.loads(told.out)
    assert isinstance(document, dict)
    return document


def fail(capture: Capture, *arguments: object) -> tuple[int, str]:
    code = main([*map(str, arguments)])
    told = capture.readouterr()
    assert told.out == ""
    return code, told.err


def test_from_keys_to_bond_and_back(world: SeatNode, tmp_path: Path, capsys: Capture) -> None:
    home = tmp_path / "node"
    state = world.community.ledger.state
    assert answer(capsys, "seat", "status", "emma")["own"] is None
    answer(capsys, "seat", "keys", "--owner", world.address, "--home", home)
    done = answer(capsys, "seat", "register", "emma", "--home", home, "--yes")
    assert done["status"] == "in_block"
    row = state.seats.require(world.member)
    assert (row.vote_key.hex(), row.bond) == (done["vote_key"], 0)
    answer(capsys, "wallet", "save", "emma", "150", "--periods", "90", "--yes")
    answer(capsys, "seat", "bond", "emma", "0", "120", "--yes")
    deposits = state.savings.require(world.member).deposits
    assert [(item.id, item.amount // PAI, item.seat_bond == BONDED) for item in deposits] == [
        (0, 30, False),
        (1, 120, True),
    ]
    status = answer(capsys, "seat", "status", "emma")
    assert status["own"] == world.address
    assert status["bonds"] == [{"deposit": 1, "amount": "120", "state": "bonded"}]
    answer(capsys, "seat", "unbond", "emma", "1", "--yes")
    assert state.savings.require(world.member).deposits[1].seat_bond == UNBONDING
    assert answer(capsys, "seat", "status", "emma")["bonds"][0]["state"] == "unbonding"


def test_new_keys_and_a_notice_of_a_lost_journal(
    world: SeatNode, tmp_path: Path, capsys: Capture
) -> None:
    state = world.community.ledger.state
    answer(capsys, "seat", "keys", "--owner", world.address, "--home", tmp_path / "old")
    answer(capsys, "seat", "register", "emma", "--home", tmp_path / "old", "--yes")
    code, told = fail(capsys, "seat", "replace-keys", "emma", "--home", tmp_path / "new", "--yes")
    assert (code, "holds no seat's keys" in told) == (Exit.USAGE, True)
    made = answer(capsys, "seat", "keys", "--owner", world.address, "--home", tmp_path / "new")
    answer(capsys, "seat", "replace-keys", "emma", "--home", tmp_path / "new", "--yes")
    change = state.key_changes.require(world.member)
    assert change.keys is not None
    assert change.keys[0].hex() == made["vote_key"]
    code, told = fail(capsys, "seat", "release", "emma", "--yes")
    assert (code, "has not lost its journal" in told) == (Exit.USAGE, True)
    world.voting["activation_slot"] = 7
    answer(capsys, "wallet", "save", "emma", "150", "--periods", "90", "--yes")
    answer(capsys, "seat", "bond", "emma", "0", "120", "--yes")
    answer(capsys, "seat", "release", "emma", "--yes")
    notice = state.notices.require(world.member)
    assert (notice.activation_round, notice.lock_round) == (7, 3)
    assert notice.lock_hash.hex() == "ab" * 32


def test_the_standby_key_takes_over(world: SeatNode, tmp_path: Path, capsys: Capture) -> None:
    state = world.community.ledger.state
    old, new = tmp_path / "old", tmp_path / "new"
    made = answer(capsys, "seat", "keys", "--owner", world.address, "--home", old)
    answer(capsys, "seat", "register", "emma", "--home", old, "--yes")
    code, told = fail(capsys, "seat", "takeover", "emma", "--home", old, "--new-home", old, "--yes")
    assert (code, "exists already" in told) == (Exit.USAGE, True)
    command = ("seat", "takeover", "emma", "--home", old, "--new-home", new)
    code, told = fail(capsys, *command)
    assert code == Exit.USAGE, "nobody has agreed"
    kept = (new / "seat.keys").read_bytes()
    answer(capsys, *command, "--yes")
    assert (new / "seat.keys").read_bytes() == kept, "the same keys, not others"
    change = state.key_changes.require(world.member)
    assert change.takeover
    assert change.keys is not None
    assert change.keys[0].hex() == made["standby_key"]
    holder = open_seat(new)
    assert holder.own.vote_key == change.keys[0]
    assert not holder.own.lost


def test_the_whole_deposit_is_bonded_when_no_amount_is_given(
    world: SeatNode, tmp_path: Path, capsys: Capture
) -> None:
    home = tmp_path / "node"
    answer(capsys, "seat", "keys", "--owner", world.address, "--home", home)
    answer(capsys, "seat", "register", "emma", "--home", home, "--yes")
    answer(capsys, "wallet", "save", "emma", "150", "--periods", "90", "--yes")
    answer(capsys, "seat", "bond", "emma", "0", "--yes")
    (deposit,) = world.community.ledger.state.savings.require(world.member).deposits
    assert deposit.seat_bond == BONDED


def test_what_the_ledger_would_refuse_is_told_before_the_password(
    world: SeatNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.delenv("PAI_PASSWORD")
    for arguments, code in [
        (("bond", "emma", "7"), "404 UNKNOWN_DEPOSIT"),
        (("unbond", "emma", "7"), "404 UNKNOWN_DEPOSIT"),
    ]:
        exit_code, told = fail(capsys, "seat", *arguments)
        assert exit_code == Exit.REFUSED
        assert code in told
    exit_code, told = fail(capsys, "seat", "register", "emma", "--home", tmp_path)
    assert exit_code == Exit.USAGE
    assert "make them with 'pai seat keys'" in told


def test_states_of_a_deposit(world: SeatNode, capsys: Capture) -> None:
    answer(capsys, "wallet", "save", "emma", "150", "--periods", "90", "--yes")
    assert "508 DEPOSIT_NOT_BONDED" in fail(capsys, "seat", "unbond", "emma", "0", "--yes")[1]
    assert "405 DEPOSIT_TOO_LITTLE" in fail(capsys, "seat", "bond", "emma", "0", "151", "--yes")[1]
    assert "503 NO_SEAT" in fail(capsys, "seat", "bond", "emma", "0", "--yes")[1]


def test_keys_of_another_owner_are_refused(
    world: SeatNode, tmp_path: Path, capsys: Capture
) -> None:
    owner = encode_address("pai", get_account_id("boris"))
    answer(capsys, "seat", "keys", "--owner", owner, "--home", tmp_path / "node")
    code, told = fail(capsys, "seat", "register", "emma", "--home", tmp_path / "node", "--yes")
    assert code == Exit.USAGE
    assert "belong to another owner" in told
    assert world.community.ledger.state.seats.get(world.member) is None


def test_an_owner_who_is_no_address_is_refused(tmp_path: Path, capsys: Capture) -> None:
    for owner in ("", "emma"):
        told = fail(capsys, "seat", "keys", "--owner", owner, "--home", tmp_path / "node")
        sentence = f"{owner!r} is not an address: it looks like pai1q....\n"
        assert told == (Exit.USAGE, sentence)
    assert not (tmp_path / "node").exists()


def test_status_for_people(world: SeatNode, capsys: Capture) -> None:
    assert main(["seat", "status"]) == Exit.DONE
    told = capsys.readouterr().out
    assert encode_address("pai", get_account_id("ann")) in told
    assert "25.0" in told
    assert main(["seat", "status", "emma", "--lang", "ru"]) == Exit.DONE
    assert "У вас нет места" in capsys.readouterr().out
    world.broken = True
    assert main(["seat", "status"]) == Exit.UNREACHABLE
    assert "is it a node" in capsys.readouterr().err


def test_status_tells_what_an_own_seat_lacks(
    world: SeatNode, tmp_path: Path, capsys: Capture
) -> None:
    def tell_own() -> str:
        assert main(["seat", "status", "emma"]) == Exit.DONE
        return " ".join(capsys.readouterr().out.split())

    home = tmp_path / "node"
    answer(capsys, "seat", "keys", "--owner", world.address, "--home", home)
    answer(capsys, "seat", "register", "emma", "--home", home, "--yes")
    assert "it needs a bond and a hand-off" in tell_own()
    answer(capsys, "wallet", "save", "emma", "150", "--periods", "90", "--yes")
    answer(capsys, "seat", "bond", "emma", "0", "--yes")
    assert "the next hand-off takes it in, if its server answers the roll-call" in tell_own()


def test_nothing_is_signed_without_a_yes(world: SeatNode, tmp_path: Path, capsys: Capture) -> None:
    world.community.extend()
    answer(capsys, "seat", "keys", "--owner", world.address, "--home", tmp_path / "node")
    code = main(["seat", "register", "emma", "--home", str(tmp_path / "node")])
    assert code == Exit.USAGE
    assert "add --yes" in capsys.readouterr().err
    assert world.node.posted == []
