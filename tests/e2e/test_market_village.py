"""Thirty villagers without any money, at the command line: dozens of needs are met by chains.

Nobody wants what another who wants his goods has: chains of three to seven people are the only
way. Most let them happen by a standing order, every fifth reads each one and approves it or not.
Every balance ends where its owner has signed that it may, and the buyers sign for what they get.
"""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chain.genesis import GenesisAccount
from chain.kept import read_numbered
from chain.parameters import KeepSegment
from chain.tables import DELIVERIES, Delivery
from chain.units import parse_pai
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
ROUNDS_MAX = 12
# What can be had: unit, price, and how many a member has or needs. Who has one of them wants the
# next and one of those after it; so goods go round all seven, in steps of one to three.
GOODS = (
    ("food/milk", "l", 7, 20),
    ("food/honey", "jar", 35, 4),
    ("work/repair", "hour", 70, 2),
    ("home/firewood", "bundle", 14, 10),
    ("farm/feed", "bag", 28, 5),
    ("work/lesson", "hour", 46, 3),
    ("home/wool", "skein", 20, 7),
)
READERS = [name for index, name in enumerate(ENTROPIES) if index % 5 == 4]  # no standing order


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


def list_goods(capsys: pytest.CaptureFixture[str]) -> None:
    """What everybody has, wants, and lets happen unasked."""
    for index, name in enumerate(ENTROPIES):
        good, unit, price, count = GOODS[index % 7]
        ask(capsys, "offer", name, good, str(2 * count), unit, "--price", str(price), "--yes")
        for shift in (1, 2 + index // 7 % 2):
            good, unit, price, count = GOODS[(index + shift) % 7]
            ask(capsys, "want", name, good, str(count), unit, "--price", str(price), "--yes")
        if name not in READERS:
            amount = str(TOLERANCE)
            ask(capsys, "order", name, "--give", amount, "--take", amount, "--yes")


def read_chains(
    capsys: pytest.CaptureFixture[str], name: str, signed: dict[int, int]
) -> Iterator[list[str]]:
    """Approve every chain that keeps one's balance near nothing, refuse others; what was told.

    ``signed`` says by chain how much one has agreed to get, or to pay if it is below zero.
    """
    for chain in ask(capsys, "chains", name)["chains"]:
        number, change = chain["chain"], parse_pai(chain["change"].lstrip("-"))
        if chain["change"].startswith("-"):
            change = -change
        if number in signed:
            continue
        if abs(sum(signed.values()) + change) <= TOLERANCE * PAI:
            answer = ask(capsys, "accept", name, str(number), "--yes")
            assert answer["told"] == chain["told"]
            signed[number] = change
            yield chain["told"]
        else:
            ask(capsys, "decline", name, str(number), "--yes")


def receive_goods(
    capsys: pytest.CaptureFixture[str], node: WalletNode
) -> Iterator[tuple[Delivery, int]]:
    """Let every buyer sign for what is on its way; the delivery and how much there was of it."""
    names = {account: name for name, account in ACCOUNTS.items()}
    for number, row in list(read_numbered(node.ledger.store, DELIVERIES)):
        ask(capsys, "confirm", names[row.buyer], str(number), str(row.left), "--yes")
        yield row, row.left


def test_a_village_without_money(node: WalletNode, capsys: pytest.CaptureFixture[str]) -> None:
    list_goods(capsys)
    signed = {name: dict[int, int]() for name in READERS}
    told: list[list[str]] = []
    people: dict[int, set[bytes]] = {}  # by chain
    came: list[tuple[int, tuple[bytes, str], int]] = []  # by which chain, whose need, how much
    for _ in range(ROUNDS_MAX):
        found = ask(capsys, "match", SEEKER, "--yes")["found"]
        for name in READERS:
            told += read_chains(capsys, name, signed[name])
        for row, quantity in receive_goods(capsys, node):
            people.setdefault(row.chain, set()).update((row.seller, row.buyer))
            came.append((row.chain, (row.buyer, row.good), quantity))
        if not found:
            break

    # Dozens of needs are met in full by chains of three to seven people.
    assert max(map(len, people.values())) <= 7
    lengths = [len(members) for members in people.values() if len(members) >= 3]
    assert (min(lengths), max(lengths)) == (3, 7)
    counts = {good: count for good, _, _, count in GOODS}
    met = Counter[tuple[bytes, str]]()
    for chain, need, quantity in came:
        if len(people[chain]) >= 3:
            met[need] += quantity
    assert sum(quantity == counts[good] for (_, good), quantity in met.items()) >= 24

    # Every balance is what its owner signed, by his order or chain by chain; all began at nothing.
    state = node.ledger.state
    for name, account in ACCOUNTS.items():
        trader, settlement = state.traders.get(account), state.accounts.require(account).settlement
        if name in READERS:
            assert trader is None or trader.order is None
            happened = (change for chain, change in signed[name].items() if chain in people)
            assert settlement == sum(happened)
        else:
            assert trader is not None
            assert trader.order is not None
            assert settlement == trader.order.moved
        assert -TOLERANCE * PAI <= settlement <= TOLERANCE * PAI
    assert sum(state.accounts.require(account).settlement for account in ACCOUNTS.values()) == 0
    assert len(told) >= 6, "who reads before he approves has read something"
    assert all(any(line.startswith("you give ") for line in lines) for lines in told)
    mine = ask(capsys, "mine", "member01")
    assert mine["deliveries"] == mine["obligations"] == []
    assert float(mine["delivered"]) > 0
