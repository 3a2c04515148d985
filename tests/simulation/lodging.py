"""Seats without servers of their own: they lodge on a server, and look through its node's eyes.

What a lodger signs is decided by the program, with the lodger's keys and journal in the place of
those of the server's own seat, and by the same tree, votes and time: its server's. So many seats
cost one node's memory of votes. Only healthy servers take lodgers in: what a key that lost its
journal must ask is asked for the server's own seat alone.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from chain.rules import lottery
from chain.tables import SetEntry
from chain.votes import SignedVote, sign_here, sign_vote
from consensus import events as told
from consensus import finality, rounds, signing
from consensus.effects import Draft, Effect, SignHere, SignVote
from consensus.journal import Journal, build_journal
from consensus.prevote import compute_grid
from consensus.producer import Turn
from consensus.sets import Checkpoint
from consensus.state import Consensus, OwnSeat, Signing
from consensus.voting import ensure_record
from node.effects import handle, perform
from node.keys import KEYS_VERSION, SeatHolder, SeatSecrets, build_seat_holder
from tests.community import get_account_id, get_key
from tests.simulation.disks import JournalDisk, Mood
from tests.simulation.signatures import replacing
from tests.simulation.timeline import drive
from tests.simulation.votes import HereTold, VotesTold

if TYPE_CHECKING:
    from tests.simulation.server import Server

ORDERS_KEPT: Final = 256


def open_seat(name: str, journal: JournalDisk) -> SeatHolder:
    """A seat by its name, with what its journal says."""
    secrets = SeatSecrets(
        KEYS_VERSION,
        get_account_id(name).hex(),
        *(get_key(f"{name}/{role}").seed.hex() for role in ("vote", "vrf", "standby")),
    )
    return build_seat_holder(secrets, journal.read(), journal)


def build_journal_disk(name: str, mood: Mood) -> JournalDisk:
    """The journal of a seat that never signed."""
    return JournalDisk(mood, stored=build_journal(get_key(f"{name}/vote").public))


class Lodger(NamedTuple):
    """What survives of a seat that lodges."""

    name: str
    journal: JournalDisk


class Hat(NamedTuple):
    """What consensus knows of the seat that it looks for, by the names that it has there."""

    seat: OwnSeat | None
    journal: Journal | None
    stored: Journal | None
    turn: Turn | None = None
    turn_slot: int | None = None
    drafting: Turn | None = None
    primary_slot: int | None = None
    signing: Signing = Signing.SIGNS


class Resident:
    """A seat of a server that runs, and its hat while another one is worn."""

    __slots__ = ("hat", "holder")

    def __init__(self, holder: SeatHolder) -> None:
        self.holder = holder
        self.hat = Hat(holder.own, holder.own.journal, holder.own.journal)


class House:
    """All seats of one server: its own, whose hat is worn between two turns, and the lodgers."""

    def __init__(self, server: "Server") -> None:
        self._server, self._owner, self._state = server, server.owner, server.owner.consensus
        assert self._owner.seat is not None, "lodgers live with a seat"
        self._first = self._worn = Resident(self._owner.seat)
        lodgers = [Resident(open_seat(item.name, item.journal)) for item in server.lodgers]
        self._residents = [self._first, *lodgers]
        self._waiting: deque[tuple[Resident, Effect]] = deque()
        self._planned: tuple[int, object] = -1, None  # slot and position of which turns are known
        self._in_turn: list[Resident] = []
        self.said: list[SignedVote] = []  # in this turn

    def _wear(self, resident: Resident) -> None:
        state, worn = self._state, self._worn
        if resident is worn:
            return
        worn.hat = Hat(*(getattr(state, name) for name in Hat._fields))
        for name, value in zip(Hat._fields, resident.hat, strict=True):
            setattr(state, name, value)
        self._owner.seat, self._worn = resident.holder, resident

    # What the others say when whose hat is worn is asked.

    def ask_others(self, work: Callable[[], list[Effect]]) -> None:
        """Let the other seats decide the same thing at this moment, each for itself."""
        worn = self._worn
        for resident in self._residents:
            if resident is not worn:
                self._wear(resident)
                ensure_record(self._state)
                self._waiting.extend((resident, effect) for effect in work())
        self._wear(worn)

    def plan_others(self, time_ms: int, wake_ms: int) -> int:
        """Let those whose turn it is make blocks; returns when to look again at the latest."""
        state, worn = self._state, self._worn
        slot = state.get_slot(time_ms)
        if slot < 1:
            return wake_ms
        if self._planned[0] != slot or self._planned[1] is not state.position:
            self._planned = slot, state.position
            self._find_turns(slot)
        for resident in self._in_turn:
            if resident is not worn:
                self._wear(resident)
                effects, wake_ms = _ORIGINAL_PLAN(state, time_ms, wake_ms)
                self._waiting.extend((resident, effect) for effect in effects)
        self._wear(worn)
        return wake_ms

    def _find_turns(self, slot: int) -> None:
        worn, state = self._worn, self._state
        self._in_turn = []
        for resident in self._residents:
            if resident is not worn:
                self._wear(resident)
                state.turn_slot = None
                signing._find_turn(state, slot)
                if state.turn is not None:
                    self._in_turn.append(resident)
        self._wear(worn)

    # What comes of it.

    def act(self) -> None:
        """Do what the others have decided; at the end of a turn of the server."""
        while self._waiting:
            resident, effect = self._waiting.popleft()
            self._wear(resident)
            ensure_record(self._state)  # of the set that the server has entered meanwhile
            self._store()
            match effect:
                case SignVote():
                    self._vote(resident, effect)
                case SignHere():
                    self._attend(resident, effect)
                case _:
                    drive(perform(self._owner, [effect]))
                    self._wear(self._first)
                    if isinstance(effect, Draft):
                        self._look_again()
        if self.said:
            self._server.world.tell(self._server, VotesTold(tuple(self.said)))
            self.said = []

    def _store(self) -> None:
        """The journal first, as always."""
        state, holder = self._state, self._worn.holder
        if state.journal is not None and state.journal is not state.stored:
            holder.keeper.store(state.journal)
            state.stored = state.journal

    def _vote(self, resident: Resident, effect: SignVote) -> None:
        """A vote comes in by the same door as everybody's."""
        holder = resident.holder
        signed = sign_vote(holder.own.id, effect.body, holder.vote_key)
        self.said.append(signed)
        self._wear(self._first)
        now_ms = self._owner.clock.get_ms()
        drive(handle(self._owner, told.VoteSeen(now_ms, signed, live=True)))

    def _attend(self, resident: Resident, effect: SignHere) -> None:
        signed = sign_here(effect.body, resident.holder.vote_key)
        self._server.world.tell(self._server, HereTold(signed))
        self._wear(self._first)
        drive(handle(self._owner, told.HereSeen(self._owner.clock.get_ms(), signed)))

    def _look_again(self) -> None:
        """A lodger has made a block: the server's own plans are of another head."""
        self._state.turn_slot = self._state.rest = None
        drive(handle(self._owner, told.Ticked(self._owner.clock.get_ms())))


# Names that begin so are left alone when what they name is replaced everywhere.
_ORIGINAL_PREVOTE: Final = rounds._prevote
_ORIGINAL_ACK: Final = finality._ack
_ORIGINAL_ATTEND: Final = rounds._attend
_ORIGINAL_PLAN: Final = signing.plan_block
_ORIGINAL_ORDER: Final = lottery.compute_secondary_order


@contextmanager
def lodging(houses: dict[int, House]) -> Iterator[None]:
    """Whatever consensus asks of a server's own seat it asks of its lodgers, too.

    ``houses``: by the identity of a server's consensus state.
    """

    def prevote(state: Consensus, slot: int, time_ms: int) -> list[Effect]:
        effects = _ORIGINAL_PREVOTE(state, slot, time_ms)
        gadget = state.gadget
        grid = compute_grid(slot, gadget.final.round, len(gadget.voters.entries))
        if slot % 2**grid == 0:  # else nobody votes
            houses[id(state)].ask_others(lambda: _ORIGINAL_PREVOTE(state, slot, time_ms))
        return effects

    def ack(state: Consensus, justified: Checkpoint, time_ms: int) -> list[Effect]:
        effects = _ORIGINAL_ACK(state, justified, time_ms)
        houses[id(state)].ask_others(lambda: _ORIGINAL_ACK(state, justified, time_ms))
        return effects

    def attend(state: Consensus, slot: int, time_ms: int) -> list[Effect]:
        gadget = state.gadget
        before = gadget.here_slot

        def attend_too() -> list[Effect]:
            gadget.here_slot = before
            return _ORIGINAL_ATTEND(state, slot, time_ms)

        effects = _ORIGINAL_ATTEND(state, slot, time_ms)
        if gadget.here_slot != before:
            houses[id(state)].ask_others(attend_too)
        return effects

    def plan(state: Consensus, time_ms: int, wake_ms: int) -> tuple[list[Effect], int]:
        effects, wake_ms = _ORIGINAL_PLAN(state, time_ms, wake_ms)
        return effects, houses[id(state)].plan_others(time_ms, wake_ms)

    with replacing(
        {
            rounds._prevote: prevote,
            finality._ack: ack,
            rounds._attend: attend,
            signing.plan_block: plan,
            lottery.compute_secondary_order: _remember_orders(),
        }
    ):
        yield


def _remember_orders() -> Callable[..., list[SetEntry]]:
    """The order of a slot is the same for all seats of a server: it is drawn once for them."""
    known: dict[tuple[int, bytes, int, int], tuple[Sequence[SetEntry], list[SetEntry]]] = {}

    def compute(entries: Sequence[SetEntry], seed: bytes, slot: int, ranks: int) -> list[SetEntry]:
        key = id(entries), seed, slot, ranks
        found = known.get(key)
        if found is None:  # the entries are kept, so that nothing else gets their identity
            found = known[key] = entries, _ORIGINAL_ORDER(entries, seed, slot, ranks)
            if len(known) > ORDERS_KEPT:
                del known[next(iter(known))]
        return found[1]

    return compute
