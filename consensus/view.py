"""What is kept from a seat's eyes just before it prevotes, so that all see the same.

A vote shown to some at the last moment would split the others. What comes within half a second of
a slot of four waits until our prevote of that slot is sent, or passed over; acks pass, and so does
the certificate that the head of the slot itself names.
"""

from dataclasses import dataclass, field
from typing import Final

from chain.certificates import Certificate
from chain.policy import AccountId
from chain.votes import SignedVote

# Fractions of a slot: 1.3 s and 0.5 s where a slot is four seconds.
PREVOTE_AT: Final = (13, 40)
CUT_BEFORE: Final = (1, 8)
WAITING_MAX: Final = 1_024  # a prevote of each seat, and then some; what is more comes again
VOTES_WAITING_OF_SEAT_MAX: Final = 4
CERTIFICATES_WAITING_MAX: Final = 64


def get_prevote_ms(slot: int, slot_ms: int) -> int:
    """When the prevote of a slot is due, if no primary of it is imported before."""
    return slot * slot_ms + slot_ms * PREVOTE_AT[0] // PREVOTE_AT[1]


def get_cut_ms(slot: int, slot_ms: int) -> int:
    """From when on what comes waits for the prevote of a slot."""
    return slot * slot_ms - slot_ms * CUT_BEFORE[0] // CUT_BEFORE[1]


@dataclass(slots=True)
class View:
    """What waits, and up to which slot our prevote is sent or passed over."""

    done_slot: int = -1
    votes: list[SignedVote] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    _by_seat: dict[AccountId, int] = field(default_factory=dict)

    def is_frozen(self, time_ms: int, slot_ms: int) -> bool:
        """Whether what comes now must wait."""
        slot = time_ms // slot_ms
        return self.done_slot < slot or time_ms >= get_cut_ms(slot + 1, slot_ms)

    def hold_vote(self, vote: SignedVote) -> None:
        """Let a vote wait, if there is room for one more of its seat."""
        count = self._by_seat.get(vote.seat, 0)
        if count < VOTES_WAITING_OF_SEAT_MAX and len(self.votes) < WAITING_MAX:
            self._by_seat[vote.seat] = count + 1
            self.votes.append(vote)

    def hold_certificate(self, certificate: Certificate) -> None:
        """Let a certificate wait; the highest rounds stay when there is no room."""
        if certificate not in self.certificates:
            self.certificates.append(certificate)
        if len(self.certificates) > CERTIFICATES_WAITING_MAX:
            self.certificates.remove(min(self.certificates, key=lambda item: item.body.round))

    def take_named(self, round_: int, block_hash: bytes) -> list[Certificate]:
        """The waiting certificates that a head names: they pass at once."""
        named = [item for item in self.certificates if is_named(item, round_, block_hash)]
        for item in named:
            self.certificates.remove(item)
        return named

    def release(self) -> tuple[list[SignedVote], list[Certificate]]:
        """All that waited, in the order of coming."""
        released = self.votes, self.certificates
        self.votes, self.certificates, self._by_seat = [], [], {}
        return released


def is_named(certificate: Certificate, round_: int, block_hash: bytes) -> bool:
    """Whether a header with this lock means this certificate."""
    return (certificate.body.round, certificate.body.target_hash) == (round_, block_hash)
