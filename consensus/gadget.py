"""What consensus knows of finality: sets, what is justified and final, votes, and what waits.

Data, no decisions: ``finality`` takes in votes and certificates, ``prevote`` plans, ``recovery``
brings back a key whose journal was lost.
"""

from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import Final, TypeVar

from chain.certificates import Certificate, Finality, Justification
from chain.header import BlockHash, SignedHeader
from chain.policy import AccountId
from chain.records import Evidence
from consensus.catchup import CatchUp
from consensus.journal import SetRecord
from consensus.pool import VotePool
from consensus.rollcall import HerePool
from consensus.sets import (
    SETS_KNOWN_MAX,
    Checkpoint,
    VoterSet,
    build_base,
    build_final,
    build_justified,
)
from consensus.view import View

CERTIFICATES_WAITING_MAX: Final = 64  # for their block, their set or their time
CERTIFICATES_KEPT_MAX: Final = 160  # two rounds of votes a slot for the window of late acks
FINALITIES_COMPARED: Final = 8  # with one whose block has come only now
# In memory: a hand-off is recorded long before four more are final. Of others the disk knows.
SETS_ENDED_MAX: Final = 4

CertificateKey = tuple[BlockHash, int, BlockHash]
T = TypeVar("T")


class Asking(Enum):
    """Where a key stands with what others know of it."""

    NOT_YET = "not_yet"  # the node has not started; nothing is signed
    ASKING = "asking"
    LOST = "lost"  # the journal is lost or old; a new beginning is computed when the guard opens
    DONE = "done"


@dataclass(slots=True)
class Recovery:
    """What others showed of our own messages since the start, and what the operator wants."""

    asking: Asking = Asking.NOT_YET
    has_no_journal: bool = False  # nothing may be written before a new beginning is known
    asked_slot: int = 0
    told_slot: int = -1
    started_slot: int = 0
    answered: set[AccountId] = field(default_factory=set)
    shown_round: int = 0  # the newest slot or round of ours that anybody showed
    is_outdated: bool = False  # something was shown that the journal does not know
    release_slot: int | None = None  # when the operator commanded it


@dataclass(slots=True)
class Naming:
    """What shows who is guilty of a contradiction, and whom we asked for it."""

    witnesses: list[Justification] = field(default_factory=list)
    asked: int = 0  # questions to peers so far
    next_slot: int = 0  # of the next one


@dataclass(slots=True)
class Gadget:
    """The state of finality."""

    voters: VoterSet  # of the newest hand-off known to be final
    lock: Checkpoint  # the highest justified; what we prevote and follow descends from it
    final: Checkpoint  # the highest final of this set
    sets: dict[BlockHash, VoterSet]  # this set, some before it, and what branches hand off to
    pool: VotePool = field(default_factory=VotePool)
    view: View = field(default_factory=View)
    heres: HerePool = field(default_factory=HerePool)
    catchup: CatchUp = field(default_factory=CatchUp)
    recovery: Recovery = field(default_factory=Recovery)
    waiting: list[Certificate] = field(default_factory=list)  # for a block, a set or their round
    ended: dict[BlockHash, Checkpoint] = field(default_factory=dict)  # hand-offs of sets before
    # The newest that were kept, by set, round and target.
    justifications: dict[CertificateKey, Justification] = field(default_factory=dict)
    finalities: dict[CertificateKey, Finality] = field(default_factory=dict)
    headers: dict[BlockHash, SignedHeader] = field(default_factory=dict)
    authored: dict[tuple[AccountId, int], BlockHash] = field(default_factory=dict)
    evidence: dict[bytes, Evidence] = field(default_factory=dict)  # by its hash
    conflict: tuple[Certificate, Certificate] | None = None
    guilty: tuple[AccountId, ...] = ()  # who contradicts himself in them, or on the way to them
    naming: Naming = field(default_factory=Naming)
    stopped: bool = False  # something was decided that cannot be: nothing is signed any more
    here_slot: int = -1  # the last roll-call that we attended, or passed over
    round_slot: int = -1  # the last slot in which rounds were looked at
    moved_slot: int = 0  # when the final block last rose


def build_gadget(voters: VoterSet, record: SetRecord | None = None) -> Gadget:
    """The state of a node that knows a set and what its own journal says was decided there."""
    base = build_base(voters)
    gadget = Gadget(voters=voters, lock=base, final=base, sets={voters.base: voters})
    take_up(gadget, record)
    return gadget


def take_up(gadget: Gadget, record: SetRecord | None) -> None:
    """What our own journal says was decided in the set in force; its blocks may have to come."""
    if record is None or record.set != gadget.voters.base:
        return
    if record.final is not None:
        gadget.final = gadget.lock = build_final(record.final, None)
        keep_certificate(gadget, record.final)
    if record.lock is not None:
        keep_certificate(gadget, record.lock)
        if record.lock.body.round >= gadget.lock.round:
            gadget.lock = build_justified(record.lock)


def remember_set(gadget: Gadget, voters: VoterSet) -> None:
    """Know a set; when there are too many the oldest go, never one whose votes count or accuse."""
    gadget.sets.setdefault(voters.base, voters)
    kept = {voters.base, gadget.voters.base, *(item.body.set for item in gadget.conflict or ())}
    while len(gadget.sets) > SETS_KNOWN_MAX:
        oldest = min(
            (item for item in gadget.sets.values() if item.base not in kept),
            key=lambda item: item.base_slot,
        )
        del gadget.sets[oldest.base]


def set_back(gadget: Gadget, slot: int) -> None:
    """Our clock was set: what was noted while it ran ahead must not be waited for until then.

    The slot that we are in counts as done. What was signed stands in the journal, whatever the
    clock said.
    """
    recovery = gadget.recovery
    gadget.view.done_slot = min(gadget.view.done_slot, slot)
    gadget.here_slot = min(gadget.here_slot, slot)
    gadget.moved_slot = min(gadget.moved_slot, slot)
    recovery.started_slot = min(recovery.started_slot, slot)
    recovery.asked_slot = min(recovery.asked_slot, slot)
    if recovery.release_slot is not None:
        recovery.release_slot = min(recovery.release_slot, slot)
    gadget.catchup.ask_anew()


def is_behind_final(gadget: Gadget, head_height: int) -> bool:
    """Whether something above our head is final; what lies lower may stand below the tree."""
    return any(
        isinstance(item, Finality)
        and item.body.set == gadget.voters.base
        and item.body.target_height > head_height
        for item in gadget.waiting
    )


def is_hand_off_waiting(gadget: Gadget) -> bool:
    """Whether the end of the set in force is proven, and only its block has to come."""
    return any(
        isinstance(item, Finality)
        and item.body.set == gadget.voters.base
        and item.body.target_hash in gadget.sets
        for item in gadget.waiting
    )


def keep_certificate(gadget: Gadget, certificate: Certificate) -> bool:
    """Remember a certificate of the newest rounds; False: we had one."""
    body = certificate.body
    key = body.set, body.round, body.target_hash
    if isinstance(certificate, Justification):
        return _keep(gadget.justifications, key, certificate)
    return _keep(gadget.finalities, key, certificate)


def is_kept(gadget: Gadget, certificate: Certificate) -> bool:
    """Whether we have one of this kind for this block and round."""
    body = certificate.body
    key = body.set, body.round, body.target_hash
    kept = gadget.justifications if isinstance(certificate, Justification) else gadget.finalities
    return key in kept


def leave_set(gadget: Gadget) -> None:
    """Remember how the set in force has ended."""
    gadget.ended[gadget.voters.base] = gadget.final
    while len(gadget.ended) > SETS_ENDED_MAX:
        del gadget.ended[next(iter(gadget.ended))]


def get_compared(gadget: Gadget, set_hash: BlockHash) -> list[Finality]:
    """What a finality of a set is compared with: what is final here, and the newest certificates.

    Of those that came from another branch there may be any number.
    """
    own = gadget.final.finality
    found = [item for item in gadget.finalities.values() if item.body.set == set_hash]
    found.sort(key=attrgetter("body.round"), reverse=True)
    first = [own] if own is not None and own.body.set == set_hash else []
    return first + found[:FINALITIES_COMPARED]


def _keep(kept: dict[CertificateKey, T], key: CertificateKey, certificate: T) -> bool:
    if key in kept:
        return False
    kept[key] = certificate
    if len(kept) > CERTIFICATES_KEPT_MAX:
        del kept[min(kept, key=lambda item: item[1])]
    return True
