"""The omniscient witness: sees every signature before it is made, and every server after each turn.

Invariants have the numbers of docs/simulation.md. What breaks one is raised as ``Broken`` at once,
so that the trace ends where the harm was done.
"""

from typing import TYPE_CHECKING, Final

from chain.codec import Codec
from chain.crypto import SIGN_HEADER
from chain.header import Header
from node.events import BlockUndone, CoreEvent, TransactionDropped
from tests.community import get_key

if TYPE_CHECKING:
    from tests.simulation.server import Server
    from tests.simulation.world import World

_HEADERS: Final = Codec(Header, 1_024)


class Broken(AssertionError):
    """An invariant does not hold. ``name``: which."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name


class Watch:
    """What has been signed, by whom, and what every server showed last."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._seats = {get_key(f"{name}/vote").public: name for name in world.everybody}
        self._headers: dict[tuple[str, int], bytes] = {}
        self._heads: dict[str, bytes] = {}
        self._told: dict[str, list[CoreEvent]] = {}
        self.offences: list[str] = []

    def see(self, public_key: bytes, message: bytes) -> None:
        """Something is about to be signed."""
        name = self._seats.get(public_key)
        if name is None:
            return
        if message.startswith(SIGN_HEADER):
            self._see_header(name, message[len(SIGN_HEADER) :])

    def _see_header(self, name: str, header_bytes: bytes) -> None:
        header = _HEADERS.decode(header_bytes)
        other = self._headers.setdefault((name, header.slot), header_bytes)
        is_honest = self._world.is_honest(name)
        if other != header_bytes:
            self._offend(name, "S0", f"two headers of slot {header.slot}")
        if is_honest:
            journal = self._world.by_seat[name].journal.stored
            assert journal is not None
            if not any(item.header == header_bytes for item in journal.records):
                raise Broken("I3", f"{name} signs slot {header.slot} before it is journalled")

    def _offend(self, name: str, kind: str, detail: str) -> None:
        self._world.coverage.add(f"offence {kind}")
        self.offences.append(f"{kind} by {name}: {detail}")
        if self._world.is_honest(name):
            raise Broken("I3", f"{kind} by {name}, who is honest: {detail}")

    def blame(self, by: str, peer: str, why: str) -> None:
        """A server blames another one: an honest one is never blamed by an honest one."""
        self._world.coverage.add(f"blamed: {why}")
        if self._world.is_honest_server(by) and self._world.is_honest_server(peer):
            raise Broken("I17", f"{by} blames {peer}, both honest: {why}")

    def listen(self, server: "Server") -> None:
        """Hear what the core of a server that starts tells its subscribers and its operator."""
        owner = server.owner
        told: list[CoreEvent] = []
        vars(owner.board)["publish"] = told.append
        self._told[server.name] = told
        self._heads.pop(server.name, None)

    def _check_told(self, server: "Server", told: list[CoreEvent]) -> None:
        """What was in an abandoned block waits again, or is in another, or is told to be gone."""
        gone: set[bytes] = set()
        undone: list[bytes] = []
        for event in told:
            if isinstance(event, BlockUndone):
                undone.extend(event.transactions)
            elif isinstance(event, TransactionDropped):
                gone.add(event.id)
        told.clear()
        core = server.core
        assert core is not None
        slot = core.get_clock_slot()
        for name in undone:
            sealed = self._world.find_transaction(name)
            is_valid = sealed is not None and sealed.body.valid_until_slot > slot
            if is_valid and name not in gone and core.find_place(name).status == "unknown":
                raise Broken("I20", f"{server.name} lost a transaction of an abandoned block")

    def look_at(self, server: "Server") -> None:
        """After a turn: the state is that of the head, whatever way led there."""
        ledger = server.ledger
        told = self._told[server.name]
        if told:
            self._check_told(server, told)
        head = ledger.head.hash
        if self._heads.get(server.name) == head:
            return
        self._heads[server.name] = head
        block = self._world.blocks.get(head)
        if block is not None and block.header.state_root != ledger.root:
            raise Broken("I9", f"{server.name} has another state than its head {head.hex()[:8]}")
        self._world.note(server.name, f"head {ledger.head.height} {head.hex()[:8]}")

    def check_choice(self, server: "Server") -> None:
        """The head is the best of all that the server holds, counted here from the beginning."""
        tree = server.owner.consensus.tree
        scores: dict[bytes, int] = {}
        for block_hash in tree._facts:
            way = []
            here = tree._facts.get(block_hash)
            while here is not None and here.hash not in scores:
                way.append(here)
                here = tree._facts.get(here.parent)
            if here is None:
                root = way.pop()
                scores[root.hash] = tree.get_score(root.hash)
            for item in reversed(way):
                scores[item.hash] = scores[item.parent] + 2 - item.kind
        head = server.ledger.head.hash
        best = max(scores.values())
        if scores.get(head, -1) < best and server.owner.consensus.position.head.hash == head:
            raise Broken("I9", f"{server.name} follows {scores.get(head)}, and holds {best}")

    def check_converged(self) -> str | None:
        """Whether all honest servers follow one chain; else what they follow."""
        running = [
            item for item in self._world.get_running() if self._world.is_honest_server(item.name)
        ]
        heads = [item.ledger.head for item in running]
        lowest = min(head.height for head in heads)
        highest = max(head.height for head in heads)
        common = max(lowest - 3, 0)
        hashes = {item.ledger.get_hash(common) for item in running}
        shown = ", ".join(
            f"{item.name} {item.ledger.head.height}/{item.ledger.head.hash.hex()[:6]}"
            for item in running
        )
        if highest - lowest > 3 or len(hashes) != 1:
            return f"no common chain: {shown}"
        if max(head.slot for head in heads) < self._world.slot - 20:
            return f"the chain stands still: {shown}"
        return None
