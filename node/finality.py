"""What consensus wants done about finality: kept on the disk, told to the operator, asked of peers.

Nothing here decides. What is kept here is of certificates that were checked when they came.
"""

import secrets
from typing import Final

from chain.certificates import Justification
from chain.records import FinalityRecord
from consensus.conflicts import get_low
from consensus.effects import (
    Ask,
    AskNewest,
    AskWitnesses,
    Finalised,
    KeepCertificate,
    OfFinality,
    SetEntered,
    TellConflict,
    TellOffence,
)
from consensus.events import WitnessesShown
from node.decided import (
    find_witnesses,
    forget_evidence,
    forget_witnesses,
    keep_certificate,
    keep_conflict,
    keep_evidence,
)
from node.events import BlockFinal
from node.owner import Owner
from p2p.transport import PeerId
from p2p.wire_votes import FinalityRequest, NewestRequest, WitnessesRequest

CHALLENGE_BYTES: Final = 16


def perform_finality(owner: Owner, effect: OfFinality) -> None:
    """Do what consensus wants about finality."""
    match effect:
        case KeepCertificate():
            _keep(owner, effect)
        case Finalised():
            _note_final(owner, effect)
        case SetEntered():
            owner.ledger.sync()  # what proves that the set has begun, before the journal says so
            owner.log.info("set_entered", hand_off=effect.set)
            forget_evidence(owner.ledger)
            forget_witnesses(owner.ledger)
        case TellOffence():
            owner.board.tally.offences_seen += 1
            keep_evidence(owner.ledger.store, owner.ledger.chain, effect.evidence)
            owner.log.warning("offence", kind=type(effect.evidence).__name__)
        case TellConflict():
            keep_conflict(owner.ledger.store, effect)
            guilty = " ".join(seat.hex() for seat in effect.guilty)
            owner.log.error("finality_conflict", guilty=guilty)
            show_own_witnesses(owner)
        case AskNewest() | Ask() | AskWitnesses():
            _ask(owner, effect)


def show_own_witnesses(owner: Owner) -> None:
    """What lies on our own disk may show who is guilty of a contradiction."""
    low = get_low(owner.consensus.gadget)
    if low is not None:
        found = find_witnesses(owner.ledger.store, low.body.set, low.body.round)
        owner.pending.append(WitnessesShown(owner.clock.get_ms(), tuple(found)))


def _ask(owner: Owner, effect: AskNewest | Ask | AskWitnesses) -> None:
    """Ask peers, if there is a network."""
    outside = owner.outside
    if outside is None:
        return
    match effect:
        case AskNewest():
            if owner.seat is not None:
                own, challenge = owner.seat.own, secrets.token_bytes(CHALLENGE_BYTES)
                outside.ask_newest(NewestRequest(own.id, own.vote_key, challenge))
        case Ask():
            asked = effect.request
            question = FinalityRequest(asked.set, asked.lock_round, asked.final_round)
            outside.ask_finality(PeerId(effect.peer), question)
        case AskWitnesses():
            outside.ask_witnesses(PeerId(effect.peer), WitnessesRequest(effect.set, effect.round))


def _keep(owner: Owner, effect: KeepCertificate) -> None:
    """The newest of each kind; and of a hand-off the pair, which leads strangers on."""
    certificate = effect.certificate
    keep_certificate(owner.ledger.store, certificate)
    if not isinstance(certificate, Justification):
        return
    ended = owner.consensus.gadget.ended.get(certificate.body.set)
    if ended is not None and ended.justification is certificate and ended.finality is not None:
        owner.keeper.note_final(FinalityRecord(certificate, ended.finality))


def _note_final(owner: Owner, effect: Finalised) -> None:
    """Keep the certificate, so that strangers can be shown what is final, and tell who listens."""
    final = effect.checkpoint
    if final.finality is None:
        return
    owner.keeper.note_final(FinalityRecord(final.justification, final.finality))
    owner.board.publish(BlockFinal(final.height, final.hash, final.round, final.level))
