"""A whole community on this machine: servers that are processes, and members who are wallets.

``found`` makes genesis, homes and keys; ``live`` runs the servers and lets the members trade until
somebody or the clock says stop. Members meet the servers as anybody does: over HTTP, with signed
transactions. What is seen meanwhile stands on a ``Board``.
"""

import math
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import trio

from chain.actions import Action, Pay, Save, Withdraw
from chain.address import encode_address
from chain.crypto import build_key_pair
from chain.errors import Code, Invalid
from chain.genesis import Genesis, compute_chain_id
from chain.policy import AccountId, Policy, compute_account_id
from chain.units import MICROPAI_PER_PAI
from genesis.build import Founder, build_community
from genesis.preset import read_preset
from genesis.schema import FoundingSeat
from node.exchange.matching import build_policy
from node.keys import make_seat_keys
from node.ops.demo_chains import Names, visit_market
from node.ops.market import (
    Decision,
    Good,
    Means,
    Payroll,
    Purchase,
    Return,
    Saving,
    Villager,
    decide,
    settle_village,
)
from node.ops.servers import Place, Server, find_places, furnish
from node.ops.watch import Board, MemberView, ServerView
from p2p.files import load_key
from wallet.build import Envelope, build_draft, get_valid_until, sign_draft
from wallet.client import Account, NodeClient
from wallet.community import Community
from wallet.keystore import Secrets, build_secrets
from wallet.phrase import draw_entropy
from wallet.terminal import Failure

PRESET: Final = "demo"
START_SECONDS: Final = 3.0  # until slot 0: the servers' programs take about that to load
FIRST_BLOCK_SECONDS: Final = 60.0  # a loaded machine may take long; beyond, something is wrong
LOOK_SECONDS: Final = 0.5
FUNDS_EVERY: Final = 4  # looks
QUIET_SECONDS: Final = 5.0  # before the end nobody pays any more, so that all ends up in blocks
PATIENCE_SECONDS: Final = 20.0  # after the end, until every server has made a block
STOP_FRACTION: Final = 0.75  # of a slot: its block has spread, the next one is not begun
# All members together decide so often a second: more than enough to see, and light on two cores.
DECISIONS_PER_SECOND: Final = 9.0
MEMBER_PAUSE_MIN_SECONDS: Final = 1.0
VISIT_EVERY: Final = 3  # of somebody's decisions one is about chains
MATCHMAKER_BALANCE: Final = 100 * MICROPAI_PER_PAI


class Person(NamedTuple):
    """A member: who he is in the village, and his wallet's secrets."""

    villager: Villager
    name: str
    secrets: Secrets
    policy: Policy

    @property
    def account(self) -> AccountId:
        """His account."""
        return self.secrets.account


class Founded(NamedTuple):
    """A community that nobody has started yet."""

    genesis: Genesis
    places: list[Place]
    people: list[Person]

    @property
    def prefix(self) -> str:
        """What addresses begin with."""
        return self.genesis.prefix

    @property
    def community(self) -> Community:
        """The community as its members' wallets know it."""
        genesis, constants = self.genesis, self.genesis.constants
        return Community(
            id=compute_chain_id(genesis).hex(),
            name=genesis.name,
            prefix=genesis.prefix,
            genesis_time=genesis.genesis_time,
            slot_seconds=constants.slot_seconds,
            slots_per_step=constants.slots_per_step,
            slots_per_period=constants.slots_per_period,
            transaction_life_slots=constants.transaction_life_slots,
        )


class Stopped(Exception):
    """A server ended by itself; the message holds its last words."""


@dataclass(slots=True)
class Life:
    """A community at work, and what is seen of it."""

    founded: Founded
    servers: list[Server]
    board: Board
    tell_good: Callable[[Good], str]
    names: Names  # of what is traded in chains
    stop: trio.Event = field(default_factory=trio.Event)  # set by whoever has seen enough
    has_begun: trio.Event = field(default_factory=trio.Event)  # with the first block
    has_all: trio.Event = field(default_factory=trio.Event)  # blocks by every server
    first_block_seconds: float | None = None
    started: float = 0.0


def found(nodes: int, members: int, folder: Path, name: str, names: Sequence[str]) -> Founded:
    """Make a community of the preset ``demo``: homes for its servers, wallets for its members.

    The first members own the servers; the first server looks for chains, and its account for that
    has a little money. ``names`` are what to call members, in order.
    """
    village = settle_village(max(nodes, members))
    people = []
    for villager in village:
        secrets = build_secrets(draw_entropy())
        policy = secrets.find_first_policy()
        assert policy is not None, "a fresh key founds its own account"
        people.append(Person(villager, names[villager.number], secrets, policy))
    folders = [folder / f"server-{number + 1}" for number in range(nodes)]
    places = find_places(folders)
    seats = [
        FoundingSeat(person.account, make_seat_keys(person.account, place.home.folder))
        for person, place in zip(people[:nodes], places, strict=True)
    ]
    genesis = build_community(
        read_preset(PRESET),
        name,
        [*(Founder(person.account) for person in people), _build_matchmaker(places[0])],
        seats,
        math.ceil(time.time() + START_SECONDS),
    ).genesis
    for place in places:
        others = [other for other in places if other is not place]
        furnish(place, genesis, others, matches=place is places[0])
    return Founded(genesis, places, people)


def _build_matchmaker(place: Place) -> Founder:
    key = build_key_pair(load_key(place.home.matchmaker_key))
    account = compute_account_id(build_policy(key))
    return Founder(account, MATCHMAKER_BALANCE, identified=False)


def build_board(founded: Founded, trades: Sequence[str]) -> Board:
    """What is to be watched; ``trades`` are the members' trades in the person's language."""
    addresses = [encode_address(founded.prefix, person.account) for person in founded.people]
    nodes = len(founded.places)
    return Board(
        slots_per_period=founded.genesis.constants.slots_per_period,
        servers=[
            ServerView(address, person.name)
            for address, person in zip(addresses[:nodes], founded.people, strict=False)
        ],
        members=[
            MemberView(person.name, trade, person.villager.number < nodes)
            for person, trade in zip(founded.people, trades, strict=True)
        ],
    )


async def live(life: Life, seconds: float | None) -> None:
    """Run the community for so many seconds from its first block, or until ``stop`` is set.

    Afterwards all servers have been told to stop at one slot, and have ended. Raises Stopped.
    """
    life.started = time.monotonic()
    for server in life.servers:
        server.start()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_watch, life)
        with trio.move_on_after(FIRST_BLOCK_SECONDS) as waiting:
            await life.has_begun.wait()
        if waiting.cancelled_caught:
            raise Stopped(life.servers[0].read_log_tail())
        await _trade(life, seconds)
        with trio.move_on_after(PATIENCE_SECONDS):
            await life.has_all.wait()
        await _wait_for_fraction(life.founded.genesis)
        nursery.cancel_scope.cancel()
    for server in life.servers:
        server.signal(signal.SIGTERM)


async def _trade(life: Life, seconds: float | None) -> None:
    """The members' time; it ends a little earlier than the community's."""
    async with trio.open_nursery() as members:
        for person in life.founded.people:
            members.start_soon(_be_member, life, person)
        with trio.move_on_after(math.inf if seconds is None else max(0.0, seconds - QUIET_SECONDS)):
            await life.stop.wait()
        members.cancel_scope.cancel()
    await trio.sleep(QUIET_SECONDS)


async def _wait_for_fraction(genesis: Genesis) -> None:
    """Wait for the moment in a slot at which servers may be stopped with the same head."""
    slots = (time.time() - genesis.genesis_time) / genesis.constants.slot_seconds
    await trio.sleep((STOP_FRACTION - slots % 1) % 1 * genesis.constants.slot_seconds)


async def _watch(life: Life) -> None:
    """Ask all servers again and again. A server that ends by itself ends the demonstration."""
    names = {
        encode_address(life.founded.prefix, person.account): person.name
        for person in life.founded.people
    }
    clients = [NodeClient(place.url) for place in life.founded.places]
    look = 0
    while True:
        for server in life.servers:
            if not server.is_running:
                raise Stopped(server.read_log_tail())
        for index, client in enumerate(clients):
            life.board.servers[index].rss_mib = life.servers[index].read_rss() / 2**20
            try:
                life.board.follow_status(index, await client.get_json("/v1/status"))
                if index == 0:
                    await _follow_chain(life, client, names)
                    if look % FUNDS_EVERY == 0:
                        life.board.follow_funds(await client.get_json("/v1/funds"))
            except (Failure, Invalid):
                life.board.servers[index].answers = False
        look += 1
        await trio.sleep(LOOK_SECONDS)


async def _follow_chain(life: Life, client: NodeClient, names: dict[str, str]) -> None:
    """Count the blocks that this server has gained since the last look."""
    board = life.board
    while board.height < board.servers[0].height:
        block = await client.get_json(f"/v1/blocks/{board.height + 1}")
        if board.follow_block(block, names) and life.first_block_seconds is None:
            life.first_block_seconds = time.monotonic() - life.started
            life.has_begun.set()
    if all(server.blocks > 0 for server in board.servers):
        life.has_all.set()


async def _be_member(life: Life, person: Person) -> None:
    """Decide, sign, send, wait; whatever fails is for another time."""
    number = person.villager.number
    rng = Random(number)  # noqa: S311 - what somebody buys is no secret
    places = life.founded.places
    pause = max(MEMBER_PAUSE_MIN_SECONDS, len(life.founded.people) / DECISIONS_PER_SECOND)
    await trio.sleep(rng.random() * pause)
    promised: dict[str, int] = {}
    while True:
        async with NodeClient(places[number % len(places)].url) as client:
            try:
                while True:
                    await _decide_once(life, person, client, rng, promised)
                    await trio.sleep(pause * rng.uniform(0.6, 1.4))
            except Failure:
                await trio.sleep(pause)  # the server does not answer: perhaps it will again


async def _decide_once(
    life: Life, person: Person, client: NodeClient, rng: Random, promised: dict[str, int]
) -> None:
    """One decision; ``promised`` is what our own waiting transactions will spend."""
    account = await client.get_account(encode_address(life.founded.prefix, person.account))
    for known in list(promised.keys() - set(account.waiting)):
        del promised[known]
    view = life.board.members[person.villager.number]
    view.balance, view.savings = account.settlement, account.savings
    village = [other.villager for other in life.founded.people]
    actions: list[Action] = []
    if not account.waiting and (not view.visits or rng.randrange(VISIT_EVERY) == 0):
        actions = await _visit_market(life, person, client, village, rng)
    if not actions:
        means = _get_means(account, sum(promised.values()))
        decision = decide(person.villager, village, means, rng)
        if decision is None:
            return
        actions = build_actions(decision, life.founded.people, life.tell_good)
    await _send(life, person, client, account, actions, promised)


async def _visit_market(
    life: Life, person: Person, client: NodeClient, village: list[Villager], rng: Random
) -> list[Action]:
    """What somebody does at the market of chains; what he sees there is told on the board."""
    founded = life.founded
    address = encode_address(founded.prefix, person.account)
    visit = await visit_market(
        client, founded.community, address, person.villager, village, life.names, rng
    )
    life.board.members[person.villager.number].visits += 1
    life.board.chains.note(visit.trades)
    return visit.actions


async def _send(
    life: Life,
    person: Person,
    client: NodeClient,
    account: Account,
    actions: Sequence[Action],
    promised: dict[str, int],
) -> None:
    """Sign what was decided and send it; a refusal is counted, and that is all."""
    envelope = _build_envelope(life.founded, person, account)
    draft = build_draft(
        envelope,
        person.policy,
        actions,
        account,
        units_waiting=_UNITS_OF_ONE * len(account.waiting),
    )
    sealed = sign_draft(draft, envelope, person.secrets.find_keys(person.policy))
    try:
        await client.submit(sealed.whole_bytes)
    except Invalid as error:
        if error.code is not Code.ALREADY_KNOWN:
            life.board.refused += 1
        return
    life.board.sent += 1
    life.board.chains.note_sent(actions)
    promised[sealed.id.hex()] = _count_spent(actions)


_UNITS_OF_ONE: Final = 4  # of a payment of ours that still waits, about


def _get_means(account: Account, promised: int) -> Means:
    free = [item for item in account.deposits if item.bond == "free"]
    deposits = tuple((item.id, int(item.amount)) for item in free)  # plain, as it is to be signed
    return Means(max(0, account.spendable - promised), deposits)


def _count_spent(actions: Sequence[Action]) -> int:
    return sum(action.amount for action in actions if isinstance(action, Pay | Save))


def _build_envelope(founded: Founded, person: Person, account: Account) -> Envelope:
    constants = founded.genesis.constants
    owner = founded.people[person.villager.number % len(founded.places)]
    return Envelope(
        chain=compute_chain_id(founded.genesis),
        account=person.account,
        sequence=account.next_sequence,
        valid_until_slot=get_valid_until(
            account.at.slot, constants.slot_seconds, constants.transaction_life_slots
        ),
        via=owner.account,
        ref=bytes.fromhex(account.ref),
    )


def build_actions(
    decision: Decision, people: Sequence[Person], tell_good: Callable[[Good], str]
) -> list[Action]:
    """What a decision means to the ledger; memos are in the person's language."""
    match decision:
        case Purchase():
            to = people[decision.seller].account
            return [Pay(to, decision.amount, tell_good(decision.good))]
        case Payroll():
            memo = tell_good(Good.WAGES)
            return [Pay(people[number].account, wage, memo) for number, wage in decision.wages]
        case Saving():
            return [Save(decision.amount, decision.periods)]
        case Return():
            return [Withdraw(decision.deposit, decision.amount)]
