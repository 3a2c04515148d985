"""Thirty villagers without any money, at the command line: dozens of needs are met by chains.

Every balance ends where its owner has signed that it may, and the buyers sign for what they get.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chain.genesis import GenesisAccount
from chain.parameters import KeepSegment
from chain.rules.market import FACT
from node.cli.main import main
from tests.community import PAI, Community
from tests.wallet_node import WalletNode, build_member_genesis
from wallet import keystore, session
from wallet.client import NodeClient
from wallet.keystore import Cost, build_secrets, save_secrets
from wallet.terminal import Exit

ENTROPIES = {f"member{number:02}": bytes([number]) * 32 for number in range(1, 31)}
ACCOUNTS = {name: build_secrets(entropy).account for name, entropy in ENTROPIES.items()}
SEEKER = "seeker"  # whoever looks for chains, and pays for what many proposals weigh
WALLETS = {**ENTROPIES, SEEKER: bytes([31]) * 32}
TOLERANCE = 20
# What can be had: unit, price, and how many a member has or needs.
GOODS = (
    ("food/milk", "l", 7, 20),
    ("food/honey", "jar", 35, 4),
    ("work/repair", "hour", 70, 2),
    ("home/firewood", "bundle", 14, 10),
    ("farm/feed", "bag", 28, 5),
    ("work/lesson", "hour", 46, 3),
)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WalletNode:
    """A node of a community in which the villagers own nothing."""
    genesis = build_member_genesis(*WALLETS.values())
    poor = tuple(
        GenesisAccount(item.id, 0, ()) if item.id in ACCOUNTS.values() else item
        for item in genesis.accounts
    )
    still = (KeepSegment(from_step=0, keep=None),)  # so that balances are what chains made them
    node = WalletNode(Community(replace(genesis, accounts=poor, keep_schedule=still)))
    folder = tmp_path / "wallets"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(session, "NodeClient", partial(NodeClient, transport=node.transport))
    monkeypatch.setattr(keystore, "COST", Cost(1, 8_192))
    monkeypatch.setenv("PAI_WALLETS", str(folder))
    monkeypatch.setenv("PAI_PASSWORD", "correct horse")
    monkeypatch.setenv("LC_ALL", "C")
    for name, entropy in WALLETS.items():
        save_secrets(folder, name, "correct horse", build_secrets(entropy), replace=False)
    return node


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command of the market answers."""
    ended = main(["market", *arguments, "--output", "json"])
    captured = capsys.readouterr()
    assert ended == Exit.DONE, captured.err + captured.out
    return json.loads(captured.out)


def test_a_village_without_money(node: WalletNode, capsys: pytest.CaptureFixture[str]) -> None:
    for index, name in enumerate(ENTROPIES):
        good, unit, price, count = GOODS[index % 6]
        ask(capsys, "offer", name, good, str(2 * count), unit, "--price", str(price), "--yes")
        for shift in (1, 2 + index // 6 % 2):
            good, unit, price, count = GOODS[(index + shift) % 6]
            ask(capsys, "want", name, good, str(count), unit, "--price", str(price), "--yes")
        amount = str(TOLERANCE)
        ask(capsys, "order", name, "--give", amount, "--take", amount, "--yes")

    while ask(capsys, "match", SEEKER, "--yes")["found"]:
        pass

    state, lengths, met = node.ledger.state, dict[int, set[bytes]](), 0
    delivered: set[int] = set()
    for name in ENTROPIES:
        mine = ask(capsys, "mine", name)
        order = state.traders.require(ACCOUNTS[name]).order
        assert order is not None
        settlement = state.accounts.require(ACCOUNTS[name]).settlement
        assert -TOLERANCE * PAI <= settlement == order.moved <= TOLERANCE * PAI
        met += 2 - sum(item["side"] == "want" for item in mine["listings"])
        for item in mine["deliveries"]:
            row = state.deliveries.require(item["number"].to_bytes(8, "big"))
            lengths.setdefault(row.chain, set()).update((row.seller, row.buyer))
            if item["buyer"] == mine["address"] and len(delivered) < 12:
                number, left = str(item["number"]), str(item["left"])
                ask(capsys, "confirm", name, number, left, "--yes")
                delivered.add(item["number"])
    people = [len(members) for members in lengths.values()]
    assert sum(state.accounts.require(account).settlement for account in ACCOUNTS.values()) == 0
    assert met >= 24, "dozens of needs are met in full"
    assert sum(3 <= count <= 7 for count in people) >= 8
    assert max(people) <= 7
    records = [state.traders.require(account).delivered for account in ACCOUNTS.values()]
    assert sum(records) == len(delivered) * FACT == 12 * FACT
