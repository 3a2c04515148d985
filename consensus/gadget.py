"""What consensus knows of finality: sets, what is justified and final, votes, and what waits.

Data, no decisions: ``finality`` takes in votes and certificates, ``prevote`` plans, ``recovery``
brings back a key whose journal was lost.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from chain.certificates import Certificate, Finality, Justification
from chain.header import BlockHash, SignedHeader
from chain.policy import AccountId
from chain.records import Evidence
from consensus.catchup import CatchUp
from consensus.pool import VotePool
from consensus.rollcall import HerePool
from consensus.sets import SETS_KNOWN_MAX, Checkpoint, VoterSet, build_base
from consensus.view import View

CERTIFICATES_WAITING_MAX: Final = 64  # for their block, their set or their time
EVIDENCE_KEPT_MAX: Final = 256
HEADERS_KEPT_MAX: Final = 2_048  # signed headers of late: a set of 200 for ten slots, 4 for hours


class Asking(Enum):
    """Where a key stands with what others know of it."""

    NOT_YET = "not_yet"  # others must be asked before anything is signed
    ASKING = "asking"
    LOST = "lost"  # the journal is lost or old; a new beginning is computed when the guard opens
    DONE = "done"


@dataclass(slots=True)
class Recovery:
    """What others showed of our own messages since the start, and what the operator wants."""

    asking: Asking = Asking.NOT_YET
    asked_slot: int | None = None
    started_slot: int | None = None
    answered: set[AccountId] = field(default_factory=set)
    shown_round: int = 0  # the newest of ours that anybody showed
    release_slot: int | None = None  # when the operator commanded it


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
    # Of this set and the one before, the newest rounds: what was kept and can be shown.
    justifications: dict[tuple[BlockHash, int], Justification] = field(default_factory=dict)
    finalities: dict[tuple[BlockHash, int], Finality] = field(default_factory=dict)
    headers: dict[BlockHash, SignedHeader] = field(default_factory=dict)
    authored: dict[tuple[AccountId, int], BlockHash] = field(default_factory=dict)
    evidence: dict[bytes, Evidence] = field(default_factory=dict)  # by its hash
    conflict: tuple[Certificate, Certificate] | None = None
    stopped: bool = False  # something was decided that cannot be: nothing is signed any more
    here_round: int = -1  # the last roll-call that we attended, or passed over
    moved_slot: int = 0  # when the final block last rose


def build_gadget(voters: VoterSet) -> Gadget:
    """The state of a node that knows a set and nothing that it decided."""
    base = build_base(voters)
    return Gadget(voters=voters, lock=base, final=base, sets={voters.base: voters})


def remember_set(gadget: Gadget, voters: VoterSet) -> None:
    """Know a set; when there are too many the oldest go, never that in force."""
    gadget.sets.setdefault(voters.base, voters)
    while len(gadget.sets) > SETS_KNOWN_MAX:
        oldest = min(
            (item for item in gadget.sets.values() if item.base != gadget.voters.base),
            key=lambda item: item.base_slot,
        )
        del gadget.sets[oldest.base]
