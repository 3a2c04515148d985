"""Votes that came, by seat and by body: who said what, how much it weighs, who contradicts himself.

Memory is bounded whatever is sent: only seats of known sets, only rounds near the clock, and of
each seat and round two bodies of a kind, for the second is already the proof of an offence.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from chain.certificates import Bits, Finality, Signatures, get_signers, pack_bits
from chain.header import BlockHash
from chain.policy import AccountId
from chain.votes import Ack, Prevote, SignedVote, Vote
from consensus.sets import VoterSet, find_voter

BODIES_MAX: Final = 2
ROUNDS_AHEAD_MAX: Final = 2  # clocks differ
# Late acks count for 64 rounds; and a pair of votes that contradicts itself is found as long as
# the older one is here.
ROUNDS_KEPT: Final = 128
ROUNDS_AT_ONCE_MAX: Final = 16  # slots slept through; after more all rounds are looked at


class Newest(NamedTuple):
    """The newest messages of a seat that somebody saw, each kind for itself; 0: none."""

    block_slot: int = 0
    prevote_round: int = 0
    ack_round: int = 0


NOTHING_HEARD: Final = Newest()


@dataclass(slots=True)
class _SeatVotes:
    """What a seat has said in a set, by round."""

    prevotes: dict[int, list[SignedVote]] = field(default_factory=dict)
    acks: dict[int, list[SignedVote]] = field(default_factory=dict)
    newest_prevote: int = 0

    def get(self, body: Vote) -> dict[int, list[SignedVote]]:
        """The votes of the same kind."""
        return self.prevotes if isinstance(body, Prevote) else self.acks


@dataclass(slots=True)
class _Tally:
    """Who has signed one body, and their weight."""

    signatures: dict[AccountId, bytes] = field(default_factory=dict)
    weight: int = 0


@dataclass(slots=True)
class VotePool:
    """The votes of rounds near the clock."""

    _seats: dict[tuple[BlockHash, AccountId], _SeatVotes] = field(default_factory=dict)
    _tallies: dict[int, dict[Vote, _Tally]] = field(default_factory=dict)  # by round
    _newest: dict[AccountId, Newest] = field(default_factory=dict)
    _floor_round: int = 0

    def is_wanted(self, vote: SignedVote, round_now: int) -> bool:
        """Whether the vote would be news; to be asked before its signature is checked."""
        body = vote.body
        if not round_now - ROUNDS_KEPT < body.round <= round_now + ROUNDS_AHEAD_MAX:
            return False
        seat = self._seats.get((body.set, vote.seat))
        if seat is None:
            return True
        said = seat.get(body).get(body.round)
        if not said:
            return True
        return len(said) < BODIES_MAX and all(item.body != body for item in said)

    def add(self, voters: VoterSet, vote: SignedVote, round_now: int) -> bool:
        """Take a vote in; False: it is no news, or not of this set."""
        body = vote.body
        entry = find_voter(voters, vote.seat)
        if entry is None or body.set != voters.base or not self.is_wanted(vote, round_now):
            return False
        key = body.set, vote.seat
        seat = self._seats.get(key)
        if seat is None:
            seat = self._seats[key] = _SeatVotes()
        seat.get(body).setdefault(body.round, []).append(vote)
        if isinstance(body, Prevote):
            seat.newest_prevote = max(seat.newest_prevote, body.round)
        tallies = self._tallies.setdefault(body.round, {})
        tally = tallies.get(body)
        if tally is None:
            tally = tallies[body] = _Tally()
        tally.signatures[vote.seat] = vote.signature
        tally.weight += entry.weight
        return True

    def hear(self, vote: SignedVote) -> None:
        """A seat has been heard with this vote, whether or not it is kept."""
        slot, prevote_round, ack_round = self._newest.get(vote.seat, NOTHING_HEARD)
        round_ = vote.body.round
        if isinstance(vote.body, Prevote):
            if round_ > prevote_round:
                self._newest[vote.seat] = Newest(slot, round_, ack_round)
        elif round_ > ack_round:
            self._newest[vote.seat] = Newest(slot, prevote_round, round_)

    def hear_header(self, seat: AccountId, slot: int) -> None:
        """A seat has been heard with a header."""
        newest = self.get_newest(seat)
        self._newest[seat] = newest._replace(block_slot=max(newest.block_slot, slot))

    def get_weight(self, body: Vote) -> int:
        """The weight of those who signed exactly this."""
        tally = self._tallies.get(body.round, {}).get(body)
        return tally.weight if tally else 0

    def get_signers(self, body: Vote) -> set[AccountId]:
        """Who signed exactly this."""
        tally = self._tallies.get(body.round, {}).get(body)
        return set(tally.signatures) if tally else set()

    def bundle(self, voters: VoterSet, body: Vote) -> tuple[Bits, Signatures]:
        """Everybody's signatures of one body as a certificate has them."""
        return _bundle(voters, self._tallies[body.round][body].signatures)

    def complete(self, voters: VoterSet, finality: Finality) -> Finality:
        """A certificate with the acks that came after it was made."""
        body, found = finality.body, {}
        tally = self._tallies.get(body.round, {}).get(body)
        signers = get_signers(voters.entries, finality)
        for entry, signature in zip(signers, finality.signatures, strict=True):
            found[entry.seat] = signature
        if tally is None or len(tally.signatures.keys() | found.keys()) == len(found):
            return finality
        return Finality(body, *_bundle(voters, {**tally.signatures, **found}))

    def get_acks(self, body: Ack) -> list[SignedVote]:
        """The acks of one body, by seat."""
        tally = self._tallies.get(body.round, {}).get(body)
        found = sorted(tally.signatures.items()) if tally else []
        return [SignedVote(seat, body, signature) for seat, signature in found]

    def get_votes(self, set_hash: BlockHash, since_round: int) -> list[SignedVote]:
        """All votes of a set from a round on, oldest rounds first."""
        return [
            SignedVote(seat, body, signature)
            for round_ in sorted(self._tallies)
            if round_ >= since_round
            for body, tally in self._tallies[round_].items()
            if body.set == set_hash
            for seat, signature in sorted(tally.signatures.items())
        ]

    def find_newest_of(self, seat: AccountId) -> list[SignedVote]:
        """The newest prevote and ack of a seat that are here, of whichever set."""
        found = []
        for said in [item for (_, name), item in self._seats.items() if name == seat]:
            for kind in (said.prevotes, said.acks):
                found += [kind[max(kind)][0]] if kind else []
        return found

    def get_bodies(self, set_hash: BlockHash) -> list[Vote]:
        """All that was said in a set, oldest rounds first."""
        return [
            body
            for round_ in sorted(self._tallies)
            for body in self._tallies[round_]
            if body.set == set_hash
        ]

    def find_rivals(self, vote: SignedVote) -> list[SignedVote]:
        """What the seat said in the set that contradicts a vote that was just added.

        It says one thing of a kind a round, and links over none of its acks.
        """
        seat, body = self._seats[vote.body.set, vote.seat], vote.body
        rivals = [item for item in seat.get(body)[body.round] if item.body != body]
        if isinstance(body, Prevote):
            for round_ in _list_rounds(seat.acks, body.source_round + 1, body.round):
                rivals += seat.acks[round_]
            return rivals
        for round_ in _list_rounds(seat.prevotes, body.round + 1, seat.newest_prevote + 1):
            rivals += [item for item in seat.prevotes[round_] if _links_over(item, body.round)]
        return rivals

    def get_newest(self, seat: AccountId) -> Newest:
        """The newest messages of a seat, which it may want to know after a start."""
        return self._newest.get(seat, NOTHING_HEARD)

    def compute_heard_weight(self, voters: VoterSet, since_round: int, round_now: int) -> int:
        """The weight of the set's seats whose newest message is of this round or later."""
        limit = round_now + ROUNDS_AHEAD_MAX
        return sum(
            entry.weight
            for entry in voters.entries
            if since_round <= max(self.get_newest(entry.seat)) <= limit
        )

    def compute_common_round(self, voters: VoterSet, leave_out: AccountId) -> int:
        """The highest round that more than a third of the weight has reached; 0: none."""
        heard = sorted(
            (
                (max(self._newest[entry.seat]), entry.weight)
                for entry in voters.entries
                if entry.seat in self._newest and entry.seat != leave_out
            ),
            reverse=True,
        )
        weight = 0
        for round_, more in heard:
            weight += more
            if 3 * weight > voters.total_weight:
                return round_
        return 0

    def forget_old(self, round_now: int) -> None:
        """Let go of rounds that are too old to matter, or too far ahead when the clock was set."""
        floor, before = round_now - ROUNDS_KEPT, self._floor_round
        self._floor_round = floor
        if 0 <= floor - before <= ROUNDS_AT_ONCE_MAX:
            old = set(range(before + 1, floor + 1))
        else:
            limit = round_now + ROUNDS_AHEAD_MAX
            old = {round_ for round_ in self._tallies if not floor < round_ <= limit}
        for round_ in old:
            if self._tallies.pop(round_, None) is None:
                continue
            for key, seat in list(self._seats.items()):
                seat.prevotes.pop(round_, None)
                seat.acks.pop(round_, None)
                if not seat.prevotes and not seat.acks:
                    del self._seats[key]

    def forget_seats(self, kept: set[AccountId]) -> None:
        """Forget when seats were heard that are in no known set any more."""
        self._newest = {seat: item for seat, item in self._newest.items() if seat in kept}

    def __len__(self) -> int:
        return sum(
            len(tally.signatures) for bodies in self._tallies.values() for tally in bodies.values()
        )


def _list_rounds(said: dict[int, list[SignedVote]], low: int, high: int) -> list[int]:
    """The rounds from low to below high in which something was said."""
    if high <= low:
        return []
    if high - low <= len(said):
        return [round_ for round_ in range(low, high) if round_ in said]
    return [round_ for round_ in said if low <= round_ < high]


def _links_over(vote: SignedVote, round_: int) -> bool:
    return isinstance(vote.body, Prevote) and vote.body.source_round < round_


def _bundle(voters: VoterSet, found: dict[AccountId, bytes]) -> tuple[Bits, Signatures]:
    bits = pack_bits([entry.seat in found for entry in voters.entries])
    signatures = (found.get(entry.seat) for entry in voters.entries)
    return bits, tuple(item for item in signatures if item is not None)
