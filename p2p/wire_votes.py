"""What peers say to each other about finality: votes, attendance, certificates, and how far it is.

The same rules as in p2p/wire.py: canonical records, decoded once, each with a cap. Votes and
attendance are told to everybody; certificates only with an announcement that names them, or asked.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.certificates import (
    CERTIFICATE_BYTES_MAX,
    Certificate,
    Finality,
    Justification,
)
from chain.codec import Bytes16, Bytes32, Bytes64, Codec, Natural, Record, encode
from chain.crypto import SIGN_NEWEST, KeyPair, Signed, sign
from chain.header import HEADER_BYTES_MAX, SignedHeader
from chain.proof import HandOff
from chain.votes import VOTE_BYTES_MAX, SignedVote
from p2p.wire import BLOCKS_BYTES_MAX, Exchange

HAND_OFFS_IN_ANSWER_MAX: Final = 32
FINALITY_BYTES_MAX: Final = BLOCKS_BYTES_MAX
VOTES_IN_ANSWER_MAX: Final = 1_024  # two bodies of each kind from the largest set
WITNESSES_MAX: Final = 8  # one is enough, two where they are of the round that is asked about
VOTES_BYTES_MAX: Final = VOTES_IN_ANSWER_MAX * 296 + 64
NEWEST_BYTES_MAX: Final = HEADER_BYTES_MAX + 2 * VOTE_BYTES_MAX + 256
DECISIONS_MAX: Final = 2
WITNESSES_BYTES_MAX: Final = (WITNESSES_MAX + DECISIONS_MAX) * CERTIFICATE_BYTES_MAX + 64


class FinalityRequest(Record, frozen=True):
    """What the asker has: the set in force, and in it the rounds of what is justified and final."""

    set: Bytes32
    lock_round: Natural
    final_round: Natural


class FinalityAnswer(Record, frozen=True):
    """What comes above it: hand-offs from that set, else what is newer in it."""

    hand_offs: Annotated[tuple[HandOff, ...], Meta(max_length=HAND_OFFS_IN_ANSWER_MAX)]
    justification: Justification | None
    finality: Finality | None


class VotesRequest(Record, frozen=True):
    """The votes of this round."""

    round: Natural


class VotesAnswer(Record, frozen=True):
    """Votes of the round that the sender holds."""

    votes: Annotated[tuple[SignedVote, ...], Meta(max_length=VOTES_IN_ANSWER_MAX)]


class NewestRequest(Record, frozen=True):
    """The newest that anybody saw of a seat under this key; ``challenge`` is drawn anew each time.

    A seat has other keys after a takeover or a replacement, and the old one's word binds nobody.
    """

    seat: Bytes32
    vote_key: Bytes32
    challenge: Bytes16


class Shown(Record, frozen=True):
    """The newest header, prevote and ack of a seat that the sender saw."""

    header: SignedHeader | None
    prevote: SignedVote | None
    ack: SignedVote | None


class NewestAnswer(Record, frozen=True):
    """The same, and which seat says so: nil when the sender has none. The seat signs."""

    shown: Shown
    seat: Bytes32 | None
    signature: Bytes64 | None


class WitnessesRequest(Record, frozen=True):
    """What a set has justified in this round, or later from an earlier source.

    Without a set: the decisions that contradict each other, by which the asked one knows of it.
    """

    set: Bytes32 | None
    round: Natural


class WitnessesAnswer(Record, frozen=True):
    """Of those that the sender keeps, the first few; finalities only where no set was named."""

    justifications: Annotated[tuple[Justification, ...], Meta(max_length=WITNESSES_MAX)]
    finalities: Annotated[tuple[Finality, ...], Meta(max_length=DECISIONS_MAX)] = ()


FINALITY: Final = Exchange(
    "finality",
    Codec(FinalityRequest, 64),
    Codec(FinalityAnswer, FINALITY_BYTES_MAX),
    15.0,
)
VOTES: Final = Exchange("votes", Codec(VotesRequest, 16), Codec(VotesAnswer, VOTES_BYTES_MAX), 5.0)
NEWEST: Final = Exchange(
    "newest", Codec(NewestRequest, 96), Codec(NewestAnswer, NEWEST_BYTES_MAX), 5.0
)

WITNESSES: Final = Exchange(
    "witnesses",
    Codec(WitnessesRequest, 64),
    Codec(WitnessesAnswer, WITNESSES_BYTES_MAX),
    5.0,
)

VOTE_TOPIC: Final = "votes"
HERE_TOPIC: Final = "attendance"

Carried = tuple[Justification | None, Finality | None]
CARRIED_BYTES_MAX: Final = CERTIFICATE_BYTES_MAX


def get_carried(certificate: Certificate | None) -> Carried:
    """A certificate in its place: a justification before a finality, the other one nil."""
    if isinstance(certificate, Justification):
        return certificate, None
    return None, certificate


def build_newest_message(
    community: bytes, question: NewestRequest, shown: Shown, seat: bytes
) -> bytes:
    """What a seat signs that answers a question for the newest."""
    return SIGN_NEWEST + encode((community, question, shown, seat))


def sign_newest(
    community: bytes, question: NewestRequest, shown: Shown, seat: bytes, key: KeyPair
) -> NewestAnswer:
    """The answer of a seat."""
    message = build_newest_message(community, question, shown, seat)
    return NewestAnswer(shown, seat, sign(key, message))


def get_newest_claim(
    community: bytes, question: NewestRequest, answer: NewestAnswer, vote_key: bytes
) -> Signed | None:
    """The claim that a seat's vote key signed the answer; None: no seat says so."""
    if answer.seat is None or answer.signature is None:
        return None
    message = build_newest_message(community, question, answer.shown, answer.seat)
    return Signed(vote_key, message, answer.signature)
