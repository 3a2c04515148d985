"""A desk for stories told through the command line: members' wallets, and a node they all ask."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chain.address import encode_address
from chain.genesis import Genesis
from node.cli.main import main
from tests.community import Community
from tests.wallet_node import WalletNode
from wallet import keystore, session
from wallet.client import NodeClient
from wallet.keystore import Cost, build_secrets, save_secrets
from wallet.terminal import Exit

PASSWORD = "correct horse"
MEMBERS = ("anna", "boris", "vera", "till")
ENTROPIES = {name: bytes([number]) * 32 for number, name in enumerate(MEMBERS, 1)}
ACCOUNTS = {name: build_secrets(entropy).account for name, entropy in ENTROPIES.items()}
ADDRESSES = {name: encode_address("pai", account) for name, account in ACCOUNTS.items()}


class Desk:
    """Whoever sits at the command line, and the node he asks."""

    def __init__(self, node: WalletNode, capsys: pytest.CaptureFixture[str]) -> None:
        self.node = node
        self.capsys = capsys
        self.shown = ""  # what the last command said besides its answer

    def run(self, *arguments: str, code: Exit = Exit.DONE) -> str:
        """What a command says when it ends as expected."""
        ended = main([*arguments])
        captured = self.capsys.readouterr()
        self.shown = captured.err
        assert ended == code, captured.err + captured.out
        return captured.out if code is Exit.DONE else captured.err + captured.out

    def ask(self, *arguments: str) -> Any:
        """The answer of a command that must succeed, as a document."""
        return json.loads(self.run(*arguments, "--output", "json"))

    def pass_periods(self, periods: int) -> None:
        """Let time pass, a block a period."""
        for _ in range(periods):
            self.node.mine(after=self.node.community.genesis.constants.slots_per_period)


def open_desk(
    genesis: Genesis,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """A desk with the wallets of all members in a folder."""
    folder.mkdir(mode=0o700)
    node = WalletNode(Community(genesis))
    monkeypatch.setattr(session, "NodeClient", partial(NodeClient, transport=node.transport))
    monkeypatch.setattr(keystore, "COST", Cost(1, 8_192))
    monkeypatch.setenv("PAI_WALLETS", str(folder))
    monkeypatch.setenv("PAI_PASSWORD", PASSWORD)
    monkeypatch.setenv("LC_ALL", "C")
    for name, entropy in ENTROPIES.items():
        save_secrets(folder, name, PASSWORD, build_secrets(entropy), replace=False)
    return Desk(node, capsys)
