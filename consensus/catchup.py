"""How a late node finds its way: from hand-off to hand-off, then what is justified, then final.

Peers only claim; every step is proven by the set before it. One request a peer at a time, and a
peer that fails is asked more and more seldom. Rounds are never replayed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from chain.certificates import (
    CERTIFICATE_BYTES_MAX,
    SEATS_IN_SET_MAX,
    Finality,
    Justification,
    check_certificate,
    compute_set_root,
)
from chain.checks import SignatureChecks
from chain.codec import Codec, Natural, Record, encode
from chain.errors import Code, Invalid
from chain.header import HEADER_BYTES_MAX, BlockHash, Header, compute_block_hash
from chain.tables import SetEntry
from chain.votes import Ack
from consensus.sets import VoterSet, build_voters

STEPS_MAX: Final = 32  # hand-offs in one answer
ENTRY_BYTES_MAX: Final = 160
STEP_BYTES_MAX: Final = (
    2 * CERTIFICATE_BYTES_MAX + HEADER_BYTES_MAX + SEATS_IN_SET_MAX * ENTRY_BYTES_MAX + 64
)
CLAIMS_MAX: Final = 64  # peers whose word is remembered
WAIT_SLOTS: Final = 4  # for an answer, and after the first failure; then twice as long each time
WAIT_DOUBLINGS_MAX: Final = 6
FRESH_SLOTS: Final = 2  # what was decided so lately is still being told


class HandOffStep(Record, frozen=True):
    """A hand-off block, that its set made it final, and the list it calls."""

    justification: Justification
    finality: Finality
    header: Header
    entries: Annotated[tuple[SetEntry, ...], Meta(min_length=1, max_length=SEATS_IN_SET_MAX)]


class HandOffs(Record, frozen=True):
    """An answer."""

    steps: Annotated[tuple[HandOffStep, ...], Meta(max_length=STEPS_MAX)]


HAND_OFFS: Final = Codec(HandOffs, STEPS_MAX * STEP_BYTES_MAX)


class Claim(NamedTuple):
    """How far somebody says to have come: set, its base's slot, and rounds in that set."""

    set: BlockHash
    base_slot: int
    lock_round: int
    final_round: int


class Request(Record, frozen=True):
    """What we have; the answer is what comes above it.

    Hand-offs from ``set`` if there are any; then the highest justification and the highest finality
    of the last set, above these rounds if that is ``set``.
    """

    set: BlockHash
    lock_round: Natural
    final_round: Natural


class _Peer(NamedTuple):
    claim: Claim
    asked_slot: int | None = None
    failures: int = 0
    wait_until_slot: int = 0


@dataclass(slots=True)
class CatchUp:
    """Who says what, and whom we have asked."""

    peers: dict[str, _Peer] = field(default_factory=dict)

    def hear(self, peer: str, claim: Claim) -> None:
        """A peer's newest word; the oldest are forgotten when too many speak."""
        known = self.peers.pop(peer, None)
        self.peers[peer] = known._replace(claim=claim) if known else _Peer(claim)
        if len(self.peers) > CLAIMS_MAX:
            del self.peers[next(iter(self.peers))]

    def forget(self, peer: str) -> None:
        """A peer has gone."""
        self.peers.pop(peer, None)

    def ask_anew(self) -> None:
        """Our clock was set: whom we asked when says nothing any more."""
        self.peers = {peer: _Peer(known.claim) for peer, known in self.peers.items()}

    def settle(self, peer: str, slot: int, *, good: bool) -> None:
        """An answer has come, or will not."""
        known = self.peers.get(peer)
        if known is None:
            return
        failures = 0 if good else known.failures + 1
        wait_slots = WAIT_SLOTS << min(failures, WAIT_DOUBLINGS_MAX) if failures else 1
        self.peers[peer] = known._replace(
            asked_slot=None, failures=failures, wait_until_slot=slot + wait_slots
        )

    def choose(self, own: Claim, slot: int) -> list[tuple[str, Request]]:
        """Whom to ask now, and for what: at most one peer, who claims most above what we have."""
        for peer, known in list(self.peers.items()):
            if known.asked_slot is not None and slot - known.asked_slot >= WAIT_SLOTS:
                self.settle(peer, slot, good=False)
        if any(known.asked_slot is not None for known in self.peers.values()):
            return []
        ahead = [
            (peer, known)
            for peer, known in self.peers.items()
            if known.wait_until_slot <= slot and is_ahead(known.claim, own, slot)
        ]
        if not ahead:
            return []
        peer, known = max(ahead, key=lambda item: item[1].claim[1:])
        self.peers[peer] = known._replace(asked_slot=slot)
        return [(peer, Request(own.set, own.lock_round, own.final_round))]


def is_ahead(claim: Claim, own: Claim, slot: int) -> bool:
    """Whether somebody says to have what we lack, and what is not on its way to us anyway."""
    if claim.set != own.set:
        return claim.base_slot > own.base_slot
    old_slot = slot - FRESH_SLOTS
    return own.lock_round < min(claim.lock_round, old_slot) or (
        own.final_round < min(claim.final_round, old_slot)
    )


def check_hand_offs(
    voters: VoterSet, steps: Sequence[HandOffStep], checks: SignatureChecks
) -> list[VoterSet]:
    """The sets that these steps lead to, one after the other, from one that is known.

    Raises Invalid: BAD_CERTIFICATE, NO_QUORUM; a step that does not fit the one before is
    BAD_CERTIFICATE too.
    """
    found = []
    for step in steps:
        voters = _check_step(voters, step, checks)
        found.append(voters)
    return found


def build_step_voters(step: HandOffStep) -> VoterSet:
    """The set that a step calls."""
    header = step.header
    block_hash = compute_block_hash(encode(header))
    return build_voters(block_hash, header.slot, header.height, step.entries)


def _check_step(voters: VoterSet, step: HandOffStep, checks: SignatureChecks) -> VoterSet:
    just, final, header = step.justification.body, step.finality.body, step.header
    block_hash = compute_block_hash(encode(header))
    acked = Ack(header.chain, voters.base, final.round, final.level, block_hash, header.height)
    justified = (just.chain, just.set, just.round, just.level, just.target_hash, just.target_height)
    if final != acked or justified != msgspec.structs.astuple(acked):
        raise Invalid(Code.BAD_CERTIFICATE, "the pair does not decide the hand-off")
    if header.base != voters.base:
        raise Invalid(Code.BAD_CERTIFICATE, "the hand-off is of another set")
    if header.next_set_root != compute_set_root(step.entries):
        raise Invalid(Code.BAD_CERTIFICATE, "the hand-off calls another list")
    check_certificate(voters.entries, step.justification, checks)
    check_certificate(voters.entries, step.finality, checks)
    return build_step_voters(step)
