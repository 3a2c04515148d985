"""What seats say about blocks: prevotes, acks and attendance, as bytes and as signed claims.

Formats only, with the messages that are signed; who may say what and when is consensus' business,
and what a chain makes of it is that of the rules. A round of votes is a slot.
"""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Bytes32, Bytes64, Codec, Natural, Record, encode
from chain.crypto import SIGN_HERE, SIGN_VOTE, KeyPair, Signed, sign
from chain.header import BlockHash
from chain.policy import AccountId

LEVEL_MAX: Final = 2
VOTE_BYTES_MAX: Final = 512  # the widest signed vote is about 290 bytes

Level = Annotated[int, Meta(ge=0, le=LEVEL_MAX)]


class Prevote(Record, frozen=True, tag="prevote"):
    """A link from a justified source to a target of the same set; docs/protocol.md, "Finality"."""

    chain: Bytes32
    set: BlockHash  # hand-off block of the set that votes; the community's id for the first
    round: Natural
    level: Level
    source_hash: BlockHash
    source_round: Natural
    target_hash: BlockHash
    target_height: Natural


class Ack(Record, frozen=True, tag="ack"):
    """Whoever signs it has seen the target justified at this round and level."""

    chain: Bytes32
    set: BlockHash
    round: Natural
    level: Level
    target_hash: BlockHash
    target_height: Natural


Vote = Prevote | Ack


class SignedVote(Record, frozen=True):
    """A vote as it travels."""

    seat: AccountId
    body: Vote
    signature: Bytes64


class Here(Record, frozen=True):
    """A seat attends the roll-call of this round, and names the head it stood on."""

    chain: Bytes32
    seat: AccountId
    round: Natural
    head_hash: BlockHash


class SignedHere(Record, frozen=True):
    """Attendance as it travels."""

    body: Here
    signature: Bytes64


VOTES: Final = Codec(SignedVote, VOTE_BYTES_MAX)
HERES: Final = Codec(SignedHere, VOTE_BYTES_MAX)


def get_vote_message(body: Vote) -> bytes:
    """What a seat's vote key signs to vote; the body itself names the community."""
    return SIGN_VOTE + encode(body)


def get_here_message(body: Here) -> bytes:
    """What a seat's vote key signs to attend."""
    return SIGN_HERE + encode(body)


def sign_vote(seat: AccountId, body: Vote, key: KeyPair) -> SignedVote:
    """The vote with the signature of the seat's vote key."""
    return SignedVote(seat, body, sign(key, get_vote_message(body)))


def sign_here(body: Here, key: KeyPair) -> SignedHere:
    """The attendance with the signature of the seat's vote key."""
    return SignedHere(body, sign(key, get_here_message(body)))


def get_vote_claim(vote: SignedVote, vote_key: bytes) -> Signed:
    """The claim that this key signed the vote."""
    return Signed(vote_key, get_vote_message(vote.body), vote.signature)


def get_here_claim(here: SignedHere, vote_key: bytes) -> Signed:
    """The claim that this key signed the attendance."""
    return Signed(vote_key, get_here_message(here.body), here.signature)
