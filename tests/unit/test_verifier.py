"""The process beside: it answers as we would, and whoever loses it does without it.

A replay must come to the same end whether that process works, dies, or cannot be started at all.
"""

import sys
from collections.abc import Sequence
from threading import Event

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock
from chain.checks import DirectChecks, VrfClaim
from chain.crypto import Signed
from chain.ledger import Ledger
from chain.replay import ALONE_WEIGHT, Claims, LookAhead, predict_claims
from chain.store import MemoryStore
from chain.verifier import Verifier, VerifierGone
from tests.community import PAI, Community, get_account_id


def build_chain(blocks: int) -> tuple[Community, list[SealedBlock]]:
    """Blocks of one payment each: a header's signature, a proof and a member's signature."""
    community = Community()
    pay = Pay(get_account_id("hamit"), PAI, "")
    return community, [
        community.extend([community.sign("emma", pay, fee_max=PAI)]) for _ in range(blocks)
    ]


def found(community: Community) -> Ledger:
    return Ledger(MemoryStore(), community.genesis)


def test_it_answers_as_direct_checks_do() -> None:
    community, (block,) = build_chain(1)
    proofs, signatures = predict_claims(found(community), block)
    proof, claim = proofs[0], signatures[0]
    bad_proof = VrfClaim(proof.public_key, proof.alpha + b"x", proof.proof)
    bad_claims = (replace(claim, signature=bytes(64)), replace(claim, public_key=b"short"))
    verifier, direct = Verifier(), DirectChecks()
    try:
        for _ in range(2):
            outputs, verdicts = verifier.ask((proof, bad_proof), (*signatures, *bad_claims))
            assert list(outputs) == [direct.open_vrf(proof), None]
            assert outputs[0] is not None
            assert list(verdicts) == [True] * len(signatures) + [False, False]
    finally:
        verifier.close()
    with pytest.raises(VerifierGone):
        verifier.ask((proof,), signatures)


def test_it_is_not_started_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    community, blocks = build_chain(3)
    monkeypatch.setattr("chain.replay.Verifier", None)
    ledger = found(community)
    ahead = LookAhead(ledger)
    for block in ahead.read(blocks):
        ledger.commit(ledger.execute(block, ahead.checks), block)
    assert ledger.root == community.ledger.root


def test_a_replay_goes_on_when_the_process_dies() -> None:
    community, blocks = build_chain(3 * ALONE_WEIGHT // 10)
    ledger = found(community)
    ahead = LookAhead(ledger)
    killed = False
    for block in ahead.read(blocks):
        if ahead._verifier is not None and not killed:
            ahead._verifier._process.kill()
            killed = True
        ledger.commit(ledger.execute(block, ahead.checks), block)
    assert killed
    assert ledger.root == community.ledger.root


def test_a_replay_does_without_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(VerifierGone):
        Verifier()
    community, blocks = build_chain(3 * ALONE_WEIGHT // 10)
    ledger = found(community)
    ahead = LookAhead(ledger)
    for block in ahead.read(blocks):
        ledger.commit(ledger.execute(block, ahead.checks), block)
    assert ahead._is_alone
    assert ledger.root == community.ledger.root


class LateVerifier(Verifier):
    """Answers nothing until all that waits behind its first question has been done elsewhere."""

    def __init__(self) -> None:
        self.released = Event()

    def ask(
        self, proofs: Sequence[VrfClaim], signatures: Sequence[Signed]
    ) -> tuple[list[bytes | None], list[bool]]:
        assert self.released.wait(30), "whoever waits for the answer waits idly"
        direct = DirectChecks()
        return [direct.open_vrf(item) for item in proofs], [direct.holds(i) for i in signatures]

    def close(self) -> None:
        pass


def test_who_waits_for_an_answer_does_what_comes_after(monkeypatch: pytest.MonkeyPatch) -> None:
    community, blocks = build_chain(3 * ALONE_WEIGHT // 10)
    ledger = found(community)
    ahead = LookAhead(ledger)
    late = LateVerifier()
    done_here: set[bytes] = set()

    def learn(claims: Claims) -> None:
        done_here.update(item.signature for item in claims.signatures)
        if blocks[-1].block.signature in done_here:
            late.released.set()

    monkeypatch.setattr("chain.replay.Verifier", lambda: late)
    monkeypatch.setattr(ahead, "_learn", learn)
    for block in ahead.read(blocks):
        ledger.commit(ledger.execute(block, ahead.checks), block)
    assert sum(block.block.signature in done_here for block in blocks) == len(blocks) - 1
    assert ledger.root == community.ledger.root
