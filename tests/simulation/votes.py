"""How votes, certificates and what proves finality travel between simulated servers.

The node's own code judges, asks and answers; here questions and answers are only put on the lines,
in place of the network's streams, and what consensus decides is shown to the witness.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chain.block import SealedBlock
from chain.certificates import Certificate
from chain.tables import SetEntry
from chain.votes import Ack, SignedHere, SignedVote, Vote
from consensus import effects
from node import finality, production
from node.owner import Owner
from node.showing import get_progress
from p2p import view
from p2p.transport import PeerId
from p2p.wire import Head, Progress
from p2p.wire_votes import (
    FinalityAnswer,
    FinalityRequest,
    NewestAnswer,
    NewestRequest,
    VotesAnswer,
    VotesRequest,
    WitnessesAnswer,
    WitnessesRequest,
)
from p2p.wire_warp import HAND_OFFS_AT_ONCE, HandOffsAnswer, HandOffsRequest
from tests.simulation.signatures import replacing

if TYPE_CHECKING:
    from tests.simulation.server import Server


class VoteTold(NamedTuple):
    """A vote, gossiped."""

    vote: SignedVote


class VotesTold(NamedTuple):
    """Votes of several seats of one server, in one message."""

    votes: tuple[SignedVote, ...]


class HereTold(NamedTuple):
    """An attendance, gossiped."""

    here: SignedHere


class CertificateTold(NamedTuple):
    """A certificate that nobody asked for."""

    certificate: Certificate


class StatusTold(NamedTuple):
    """How far somebody has come."""

    head: Head
    progress: Progress


Answer = FinalityAnswer | VotesAnswer | NewestAnswer | WitnessesAnswer | HandOffsAnswer


class Answered(NamedTuple):
    """An answer to a question of ours."""

    question: Any
    answer: Answer


MESSAGES: Final = frozenset(
    {
        VoteTold,
        VotesTold,
        HereTold,
        CertificateTold,
        StatusTold,
        Answered,
        FinalityRequest,
        VotesRequest,
        NewestRequest,
        WitnessesRequest,
        HandOffsRequest,
    }
)


def get_server(owner: Owner) -> "Server":
    """Whose core this is."""
    server: Server = owner.outside._server  # type: ignore[union-attr]  # ours
    return server


# What our own core wants done.


def vote(owner: Owner, body: Vote) -> list[effects.Effect]:
    """Sign a vote, unless this seat is the adversary's and keeps such votes back."""
    server = get_server(owner)
    kind = "acks" if isinstance(body, Ack) else "prevotes"
    if kind in server.world.keeps_back[server.name]:
        server.world.coverage.add(f"{kind} withheld")
        return []
    return _ORIGINAL_VOTE(owner, body)


_ORIGINAL_VOTE: Final = production.vote


def perform(owner: Owner, effect: effects.OfFinality) -> None:
    """Let the witness see what is decided; what is done about it is the node's own."""
    server = get_server(owner)
    watch = server.world.watch
    match effect:
        case effects.KeepCertificate():
            watch.see_certificate(server, effect.certificate)
        case effects.Finalised():
            watch.see_final(server, effect.set, effect.checkpoint)
        case effects.SetEntered():
            watch.see_set(server, effect.set)
        case effects.TellOffence():
            watch.see_evidence(server, effect.evidence)
        case effects.TellConflict():
            watch.see_conflict(server, effect)
        case _:
            pass
    _ORIGINAL_FINALITY(owner, effect)


_ORIGINAL_FINALITY: Final = finality.perform_finality


@contextmanager
def carried() -> Iterator[None]:
    """Let the witness see what consensus wants done about votes."""
    with replacing({production.vote: vote, finality.perform_finality: perform}):
        yield


# What others say.


def receive(server: "Server", sender: str, message: Any) -> None:
    """A message about votes has come."""
    core, peer = server.core, PeerId(sender)
    assert core is not None
    match message:
        case VoteTold():
            server.judge(sender, core.judge_vote(peer, message.vote))
        case VotesTold():
            for told_vote in message.votes:
                server.judge(sender, core.judge_vote(peer, told_vote))
        case HereTold():
            server.judge(sender, core.judge_here(peer, message.here))
        case CertificateTold():
            server.judge(sender, core.judge_certificate(peer, message.certificate))
        case StatusTold():
            server.turn(view.PeerStatusChanged(peer, message.head, message.progress))
            return
        case Answered():
            server.turn(_open(peer, message))
            return
        case _:
            answer = Answered(message, _answer(server, message))
            server.world.lines.send(server.name, sender, answer)
    if server.core is core and server.owner.pending:
        server.turn_soon()


def _answer(server: "Server", question: Any) -> Answer:
    core = server.core
    assert core is not None
    match question:
        case FinalityRequest():
            return core.get_finality(question)
        case VotesRequest():
            return core.get_votes(question)
        case NewestRequest():
            return core.get_newest(question)
        case WitnessesRequest():
            return core.get_witnesses(question)
        case HandOffsRequest():
            found = core.get_hand_offs(question.set, HAND_OFFS_AT_ONCE)
            return (
                HandOffsAnswer(None, ())
                if found is None
                else HandOffsAnswer(found[0], tuple(found[1]))
            )
    raise AssertionError("a message that nobody takes")


def _open(peer: PeerId, answered: Answered) -> view.Event:
    match answered.answer:
        case FinalityAnswer():
            return view.FinalityShown(peer, answered.answer)
        case VotesAnswer():
            return view.VotesShown(peer, answered.answer)
        case NewestAnswer():
            return view.NewestShown(peer, answered.question, answered.answer)
        case WitnessesAnswer():
            return view.WitnessesShown(peer, answered.question, answered.answer)
        case HandOffsAnswer():
            return view.WayShown(peer, answered.answer)


def take_list(
    server: "Server", sender: str, block: SealedBlock, entries: tuple[SetEntry, ...]
) -> None:
    """Sync brings the list that a hand-off calls, whose root stands in the header."""
    announced = server.world.announce(block)
    server.turn(view.ListShown(PeerId(sender), announced, entries))


def tell_status(server: "Server", peer: str) -> None:
    """Tell somebody how far we have come."""
    core = server.core
    assert core is not None
    head = core.ledger.head
    status = StatusTold(
        Head(head.hash, head.height, head.slot, head.score), get_progress(server.owner)
    )
    server.world.lines.send(server.name, peer, status)
