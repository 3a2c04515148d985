"""The process beside: it answers as we would, and whoever loses it does without it.

A replay must come to the same end whether that process works, dies, or cannot be started at all.
"""

import sys

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock
from chain.checks import DirectChecks, VrfClaim
from chain.ledger import Ledger
from chain.replay import ALONE_WEIGHT, LookAhead, predict_claims
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
