"""How votes, certificates and hand-offs travel between simulated servers.

What consensus wants done about them is done here, and what comes from others is checked at the door
as a node checks it. Nothing here decides anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chain.block import SealedBlock
from chain.certificates import (
    Certificate,
    Justification,
    check_certificate,
    compute_set_root,
)
from chain.errors import Invalid
from chain.header import BlockHash
from chain.policy import AccountId
from chain.tables import SetEntry
from chain.votes import (
    Ack,
    Here,
    SignedHere,
    SignedVote,
    Vote,
    get_here_claim,
    get_vote_claim,
    sign_here,
    sign_vote,
)
from consensus import events as told
from consensus.catchup import Claim, HandOffStep, Request, check_hand_offs
from consensus.engine import step
from consensus.rounds import get_claim
from consensus.sets import build_voters, find_voter
from consensus.state import Consensus
from node import effects, production
from node.owner import Owner
from tests.simulation.signatures import replacing

if TYPE_CHECKING:
    from tests.simulation.server import Server

STEPS_AT_ONCE: Final = 32


class VoteTold(NamedTuple):
    """A vote, gossiped."""

    vote: SignedVote


class HereTold(NamedTuple):
    """An attendance, gossiped."""

    here: SignedHere


class CertificateTold(NamedTuple):
    """A certificate that nobody asked for."""

    certificate: Certificate


class ClaimTold(NamedTuple):
    """How far somebody has come."""

    claim: Claim


class Requested(NamedTuple):
    """Catching up: what is there above this?"""

    request: Request


class Answered(NamedTuple):
    """Hand-offs from the asker's set, or certificates of it."""

    steps: tuple[HandOffStep, ...]
    certificates: tuple[Certificate, ...]


class NewestAsked(NamedTuple):
    """What is the newest that you have of this seat?"""

    seat: AccountId


class NewestTold(NamedTuple):
    """This seat has seen so much of the asker's."""

    seat: AccountId
    round: int


def get_server(owner: Owner) -> "Server":
    """Whose core this is."""
    server: Server = owner.outside._server  # type: ignore[union-attr]
    return server


# What our own core wants done.


def vote(owner: Owner, body: Vote) -> list[told.Effect]:
    """Sign a vote, tell everybody, and bring it in."""
    assert owner.seat is not None, "only a seat votes"
    server = get_server(owner)
    kind = "acks" if isinstance(body, Ack) else "prevotes"
    if kind in server.world.keeps_back[server.name]:
        server.world.coverage.add(f"{kind} withheld")
        return []
    signed = sign_vote(owner.seat.own.id, body, owner.seat.vote_key)
    server.world.tell(server, VoteTold(signed))
    return step(owner.consensus, told.VoteSeen(owner.clock.get_ms(), signed, live=True))


def attend(owner: Owner, body: Here) -> list[told.Effect]:
    """Sign an attendance, tell everybody, and bring it in."""
    assert owner.seat is not None, "only a seat attends"
    signed = sign_here(body, owner.seat.vote_key)
    server = get_server(owner)
    server.world.tell(server, HereTold(signed))
    return step(owner.consensus, told.HereSeen(owner.clock.get_ms(), signed))


def perform_small(owner: Owner, effect: told.Effect) -> None:
    """What a node does about votes beyond signing them; the rest is the node's own."""
    server = get_server(owner)
    watch = server.world.watch
    match effect:
        case told.KeepCertificate():
            watch.see_certificate(server, effect.certificate)
            body = effect.certificate.body
            kind = isinstance(effect.certificate, Justification)
            server.kept[kind, body.target_hash, body.round] = effect.certificate
        case told.Finalised():
            watch.see_final(server, effect.set, effect.checkpoint)
        case told.SetEntered():
            watch.see_set(server, effect.set)
            server.entered[_get_base(server, effect.set)] = effect.set
            server.lists[effect.set] = owner.consensus.gadget.sets[effect.set].entries
        case told.TellOffence():
            watch.see_evidence(server, effect.evidence)
        case told.TellConflict():
            watch.see_conflict(server, effect)
        case told.AskNewest():
            if owner.seat is not None:
                server.world.tell(server, NewestAsked(owner.seat.own.id))
        case told.Ask():
            server.world.lines.send(server.name, effect.peer, Requested(effect.request))
        case _:
            _ORIGINAL_SMALL(owner, effect)


_ORIGINAL_SMALL: Final = effects._perform_small


@contextmanager
def carried() -> Iterator[None]:
    """Let what consensus wants about votes be done here."""
    changes: dict[Any, Any] = {
        production.vote: vote,
        production.attend: attend,
        effects._perform_small: perform_small,
    }
    names = vars(effects)
    kept = names["_OF_FINALITY"]
    names["_OF_FINALITY"] = ()  # so that they come to ``perform_small``
    try:
        with replacing(changes):
            yield
    finally:
        names["_OF_FINALITY"] = kept


# What others say.


def receive(server: "Server", sender: str, message: Any) -> None:
    """A message about votes has come."""
    time_ms = server.owner.clock.get_ms()
    match message:
        case VoteTold():
            if _is_vote_good(server, sender, message.vote):
                server.turn_with(told.VoteSeen(time_ms, message.vote, live=True))
        case HereTold():
            if _is_here_good(server, message.here):
                server.turn_with(told.HereSeen(time_ms, message.here))
        case CertificateTold():
            if is_certificate_good(server, message.certificate):
                server.turn_with(told.CertificateSeen(time_ms, message.certificate))
        case _:
            _receive_question(server, sender, message)


def _receive_question(server: "Server", sender: str, message: Any) -> None:
    owner = server.owner
    state, time_ms = owner.consensus, owner.clock.get_ms()
    match message:
        case ClaimTold():
            server.turn_with(told.PeerClaimed(time_ms, sender, message.claim))
        case Requested():
            server.world.lines.send(server.name, sender, _answer(server, message.request))
        case Answered():
            _take_answer(server, sender, message)
        case NewestAsked():
            if owner.seat is not None:
                newest = NewestTold(owner.seat.own.id, _find_newest(state, message.seat))
                server.world.lines.send(server.name, sender, newest)
        case NewestTold():
            server.turn_with(told.NewestShown(time_ms, message.seat, message.round))
        case _:
            raise AssertionError("a message that nobody takes")


def _is_vote_good(server: "Server", sender: str, vote: SignedVote) -> bool:
    state = server.owner.consensus
    voters = state.gadget.sets.get(vote.body.set)
    slot = server.owner.clock.get_slot()
    if voters is None or not state.gadget.pool.is_wanted(vote, slot):
        return False
    entry = find_voter(voters, vote.seat)
    if entry is None:
        return False
    if server.world.holds(get_vote_claim(vote, entry.vote_key)):
        return True
    server.world.watch.blame(server.name, sender, "vote not signed")
    return False


def _is_here_good(server: "Server", here: SignedHere) -> bool:
    state = server.owner.consensus
    window_slots = state.settings.constants.window_slots
    if not state.gadget.heres.is_wanted(here, window_slots, server.owner.clock.get_slot()):
        return False
    row = server.ledger.state.seats.get(here.body.seat)
    return row is not None and server.world.holds(get_here_claim(here, row.vote_key))


def is_certificate_good(server: "Server", certificate: Certificate) -> bool:
    """Whether a certificate of a set that is known here holds for its list."""
    voters = server.owner.consensus.gadget.sets.get(certificate.body.set)
    if voters is None:
        return False
    known = server.world.certificates.get(id(certificate))
    if known is not None:
        return True
    try:
        check_certificate(voters.entries, certificate, server.world)
    except Invalid as error:
        server.world.coverage.add(f"certificate refused: {error.code.name}")
        return False
    server.world.certificates[id(certificate)] = certificate
    return True


def take_list(server: "Server", block: SealedBlock, entries: tuple[SetEntry, ...]) -> None:
    """Somebody shows the list that a hand-off calls, to which its header commits."""
    header = block.header
    if header.next_set_root == compute_set_root(entries):
        voters = build_voters(block.hash, header.slot, header.height, entries)
        server.turn_with(told.SetShown(server.owner.clock.get_ms(), voters))


def _get_base(server: "Server", block_hash: BlockHash) -> BlockHash:
    block = server.world.blocks.get(block_hash)
    return block_hash if block is None else block.header.base


def _find_step(server: "Server", base: BlockHash) -> HandOffStep | None:
    """The proof of the hand-off that ended a set, out of what is kept."""
    following = server.entered.get(base)
    block = None if following is None else server.world.blocks.get(following)
    entries = None if following is None else server.lists.get(following)
    if block is None or entries is None:
        return None
    for (is_justification, target, round_), certificate in server.kept.items():
        if is_justification and target == block.hash:
            pair = server.kept.get((False, target, round_))
            if pair is not None:
                return HandOffStep(certificate, pair, block.header, entries)
    return None


def _answer(server: "Server", request: Request) -> Answered:
    steps: list[HandOffStep] = []
    step_up = _find_step(server, request.set)
    while step_up is not None and len(steps) < STEPS_AT_ONCE:
        steps.append(step_up)
        step_up = _find_step(server, steps[-1].finality.body.target_hash)
    gadget = server.owner.consensus.gadget
    if steps or request.set != gadget.voters.base:
        return Answered(tuple(steps), ())
    found: list[Certificate] = []
    lock, final = gadget.lock.justification, gadget.final
    if lock is not None and lock.body.round > request.lock_round:
        found.append(lock)
    if final.finality is not None and final.round > request.final_round:
        found += [final.justification] if final.justification is not None else []
        found.append(final.finality)
    return Answered((), tuple(found))


def _take_answer(server: "Server", sender: str, answer: Answered) -> None:
    owner = server.owner
    gadget, time_ms = owner.consensus.gadget, owner.clock.get_ms()
    good = bool(answer.steps or answer.certificates)
    if answer.steps:
        voters = gadget.sets.get(answer.steps[0].finality.body.set)
        try:
            if voters is not None:
                check_hand_offs(voters, answer.steps, server.world)
                server.turn_with(told.HandOffsShown(time_ms, sender, answer.steps))
                for item in answer.steps:
                    following = item.finality.body.target_hash
                    server.entered[item.finality.body.set] = following
                    server.lists[following] = item.entries
        except Invalid:
            good = False
    for certificate in answer.certificates:
        if is_certificate_good(server, certificate):
            server.turn_with(told.CertificateSeen(time_ms, certificate))
    server.turn_with(told.Answered(time_ms, sender, good))


def _find_newest(state: Consensus, seat: AccountId) -> int:
    slots = [slot for author, slot in state.gadget.authored if author == seat]
    slots += [item.slot for item in state.tree._facts.values() if item.seat == seat]
    return max([*slots, state.gadget.pool.get_newest(seat)])


def find_lock_certificate(owner: Owner, round_: int, block_hash: BlockHash) -> Certificate | None:
    """The certificate that a header of ours names, to go with its announcement."""
    gadget = owner.consensus.gadget
    for found in (gadget.lock.justification, gadget.lock.finality):
        if found is not None and (found.body.round, found.body.target_hash) == (round_, block_hash):
            return found
    return None


def claim(owner: Owner) -> Claim:
    """How far this core has come."""
    return get_claim(owner.consensus)
