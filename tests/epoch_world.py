"""Epochs of a community one after the other, by the real rules and without blocks.

Who attends and who votes is given; roll-calls and finality are noted as a chain would note them,
and at each boundary the real work is done and, when something was final, the next list installed.
"""

from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from chain.certificates import Finality, compute_quorum
from chain.codec import encode
from chain.crypto import compute_hash, u32, u64
from chain.facts import Fact
from chain.header import PRIMARY, SECONDARY
from chain.invariants import check_invariants
from chain.parameters import Constants, KeepSchedule, KeepSegment, Parameters
from chain.policy import AccountId
from chain.rules.context import Context, build_context
from chain.rules.epoch import compute_next_entries, process_epoch
from chain.rules.payments import build_account
from chain.rules.settlement import BONDED
from chain.rules.takeover import process_key_changes
from chain.rules.tally import note_attendance, note_block, note_finality
from chain.rules.weights import ONE, Standing, compute_raw, compute_stake, compute_weights
from chain.state import State
from chain.tables import (
    CURRENT,
    SETS,
    Attestation,
    Authority,
    Bonded,
    Deposit,
    Money,
    Person,
    Roster,
    Savings,
    Seat,
    SeatSet,
    SetEntry,
)
from chain.votes import Ack
from tests.community import CONSTANTS, PAI, PARAMETERS

CHAIN = bytes(32)
REGISTRY = bytes([255]) * 32
EPOCH_SLOTS, WINDOW_SLOTS, EPOCHS_PER_DAY = 30, 5, 24
DAYS = replace(
    CONSTANTS,
    slots_per_step=EPOCH_SLOTS,
    slots_per_period=EPOCHS_PER_DAY * EPOCH_SLOTS,
    slots_per_epoch=EPOCH_SLOTS,
    window_slots=WINDOW_SLOTS,
    transaction_life_slots=EPOCHS_PER_DAY * EPOCH_SLOTS,
)
OPERATORS = 1_000 * PAI
NO_DEMURRAGE: KeepSchedule = (KeepSegment(from_step=0, keep=None),)


def get_seat_id(number: int) -> AccountId:
    """The id of a seat; they rise with the number."""
    return u64(number) + bytes(24)


def build_finality(vote_round: int, target_height: int) -> Finality:
    """A finality as rules see it after it was checked: only its body counts."""
    body = Ack(CHAIN, CHAIN, vote_round, 0, CHAIN, target_height)
    return Finality(body=body, bits=b"", signatures=())


class EpochWorld:
    """Seats from 0 on, of which the first ``old`` are those of genesis and the others newcomers."""

    def __init__(
        self,
        old: int,
        new: int = 0,
        *,
        bonds: Sequence[int] | None = None,
        constants: Constants = DAYS,
        parameters: Parameters = PARAMETERS,
    ) -> None:
        self.constants, self.parameters = constants, parameters
        self.state = State(lambda _key: None)
        self.seats = [get_seat_id(number) for number in range(old + new)]
        self.epoch, self.height, self.gap = 0, 1, 0
        self.parent_slot = 0
        self.facts: list[Fact] = []
        self._found(old, bonds or [16 * constants.bond_min] * (old + new))

    def _found(self, old: int, bonds: Sequence[int]) -> None:
        minimum, state = self.constants.bond_min, self.state
        standings = []
        for number, (seat, bond) in enumerate(zip(self.seats, bonds, strict=True)):
            duty = ONE if number < old else 0
            stake = compute_stake(bond, minimum)
            raw = compute_raw(stake, duty, 0)
            standings.append(Standing(stake, 0, raw))
            vote, vrf, standby = (
                compute_hash(role, seat) for role in (b"vote", b"vrf", b"standby")
            )
            state.seats.put(seat, Seat(vote, vrf, standby, 0, bond, duty, duty, raw))
            deposit = Deposit(0, bond, 0, 10_000, 0, BONDED, 0)
            state.savings.put(seat, Savings((deposit,)))
            state.accounts.put(seat, replace(build_account(0), person=seat))
            self.put_person(seat)
        weights = compute_weights(standings)
        entries = [self._build_entry(seat, w) for seat, w in zip(self.seats, weights, strict=True)]
        self.install(tuple(entry for entry in entries if entry.weight))
        bonded = [s for s, bond in zip(self.seats, bonds, strict=True) if bond >= minimum]
        state.bonded_seats.put(CURRENT, Bonded(tuple(bonded)))
        issued = sum(bonds) + OPERATORS
        accounts = len(self.seats)
        state.money.put(
            CURRENT, Money(issued, 0, accounts, len(bonded), 0, 0, 0, OPERATORS, 0, 0, 0)
        )
        state.rosters.put(u32(0), Roster((REGISTRY,)))
        state.authorities.put(REGISTRY, Authority("Registry", "RU", 0, -1, accounts, ()))
        self.keep()

    def put_person(self, account: AccountId) -> None:
        """Let an account belong to a person whose tag is the account's id."""
        self.state.persons.put(u32(0) + account, Person(account, 0, 0, 0, 0, ()))
        self.state.attestations.put(
            account + REGISTRY, Attestation("person", "RU", CHAIN, account, 0, 2**40, -1)
        )

    def revoke_person(self, account: AccountId) -> None:
        """Let nobody know any more whose account that is."""
        self.state.attestations.put(account + REGISTRY, None)

    def _build_entry(self, seat: AccountId, weight: int) -> SetEntry:
        row = self.state.seats.require(seat)
        return SetEntry(seat, row.vote_key, row.standby_key, row.vrf_key, weight)

    def install(self, entries: tuple[SetEntry, ...]) -> None:
        """Let these be the set."""
        self.state.sets.put(CURRENT, SeatSet(CHAIN, 0, entries))

    def keep(self) -> None:
        """Commit what was changed, as a block would, with invariants checked.

        Here sets are installed without a hand-off block, so nothing is promised of their line.
        """
        changes, facts = self.state.take_changes()
        check_invariants([change for change in changes if change.table is not SETS])
        self.state.keep(changes)
        self.facts += facts

    def get_context(self, slot: int) -> Context:
        """The context of the next block in this slot."""
        return build_context(
            CHAIN,
            self.constants,
            self.parameters,
            NO_DEMURRAGE,
            slot,
            self.parent_slot,
            CHAIN,
            self.height,
        )

    # What may be asked

    def get_row(self, number: int) -> Seat:
        """The row of a seat."""
        return self.state.seats.require(self.seats[number])

    def get_share(self, numbers: Collection[int]) -> float:
        """These seats' part of the set's weight."""
        some = {self.seats[number] for number in numbers}
        entries = self.state.sets.require(CURRENT).entries
        total = sum(entry.weight for entry in entries)
        return sum(entry.weight for entry in entries if entry.seat in some) / total

    def get_rows(self) -> bytes:
        """All of the seats' rows as bytes."""
        return encode([self.state.seats.require(seat) for seat in self.seats])

    def get_held(self, numbers: Collection[int]) -> int:
        """What these seats hold."""
        return sum(self.get_row(number).held for number in numbers)

    # One epoch

    def is_final(self, voters: Collection[int]) -> bool:
        """Whether these seats decide, at the level that the gap since the last finality opens."""
        level = 0 if self.gap < 1 else 1 if self.gap < EPOCHS_PER_DAY else 2
        some = {self.seats[number] for number in voters}
        entries = self.state.sets.require(CURRENT).entries
        weight = sum(entry.weight for entry in entries if entry.seat in some)
        return weight >= compute_quorum(sum(entry.weight for entry in entries), level)

    def run(
        self,
        voters: Collection[int],
        here: Collection[int] | None = None,
        *,
        before: Callable[[Context], None] | None = None,
    ) -> bool:
        """One epoch in which these vote, and these (else the voters) attend; whether it decided."""
        first = self.epoch * EPOCH_SLOTS
        final = self.is_final(voters)
        signers = [self.seats[number] for number in sorted(voters)]
        present = [self.seats[number] for number in sorted(voters if here is None else here)]
        author = self.state.sets.require(CURRENT).entries[0].seat
        for vote_round in range(first, first + EPOCH_SLOTS, WINDOW_SLOTS):
            context = self.get_context(vote_round + WINDOW_SLOTS - 1)
            note_block(self.state, context, author, PRIMARY if vote_round % 10 else SECONDARY)
            note_attendance(self.state, context, vote_round, present)
            if final:
                finality = build_finality(vote_round + 1, self.height)
                note_finality(self.state, context, finality, signers, author)
            self.height += 1
        self.parent_slot, self.epoch = first + EPOCH_SLOTS - 1, self.epoch + 1
        context = self.get_context(first + EPOCH_SLOTS)
        if before is not None:
            before(context)
        process_epoch(self.state, context)
        self.gap = 0 if final else self.gap + 1
        if final:
            self.hand_over(context)
        self.keep()
        return final

    def hand_over(self, context: Context) -> None:
        """Install the next list, if there is one."""
        entries = compute_next_entries(self.state, context)
        if entries:
            self.install(entries)
            process_key_changes(self.state, context)
