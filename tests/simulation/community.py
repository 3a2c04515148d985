"""The simulated community: a genesis with short epochs, and members who pay and stake.

The rules are those of every community; only the constants are small, so that a few hundred slots
see many epochs, hand-offs and levels.
"""

import random
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chain.actions import Action, Bond, Pay, RegisterSeat, Reveal, Save, Unbond
from chain.errors import Invalid
from chain.genesis import Genesis
from chain.parameters import Constants, KeepSchedule
from chain.rules.finality_record import get_lasting_ref
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction
from consensus.journal import may_sign_block
from node.core import Core
from tests.community import (
    CONSTANTS,
    PAI,
    PARAMETERS,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_key,
    get_policy,
)
from tests.simulation.rubbish import CODES, spoil
from tests.simulation.watch import Broken

if TYPE_CHECKING:
    from tests.simulation.server import Server
    from tests.simulation.world import World

SIMULATED: Final = replace(
    CONSTANTS,
    slot_seconds=4,
    slots_per_step=5,
    slots_per_period=30,
    slots_per_epoch=30,
    window_slots=5,
    level_epochs=(1, 3, 8),
    transaction_life_slots=150,
    base_age_epochs=2,
    gain_window_epochs=8,
    release_epochs=2,
)
SEATS: Final = (
    "ann",
    "boris",
    "clara",
    "daniil",
    "eva",
    "fedor",
    "grisha",
    "hanna",
    "ivan",
    "julia",
    *(f"seat {number}" for number in range(11, 201)),
)
MEMBERS: Final = ("emma", "farid", "galina", "hamit", "ksenia", "lev")
GUESTS: Final = ("stranger",)


@lru_cache(maxsize=64)
def build_community(
    seats: int, newcomers: int, real: bool, constants: Constants, keep: KeepSchedule
) -> Genesis:
    """So many seats from genesis on, and so many more persons who may open theirs later."""
    everybody = SEATS[: seats + newcomers]
    return build_genesis(
        seats=everybody[:seats],
        members=(*MEMBERS, *everybody[seats:]),
        strangers=GUESTS,
        balance=2_000 * PAI,
        constants=constants,
        keep_schedule=keep,
        parameters=replace(PARAMETERS, seats_max=max(len(everybody), PARAMETERS.seats_max)),
    )


class Members:
    """People: they pay through whatever server runs, and some stake."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._dice: random.Random = world.get_dice("members")
        self._stakers = [name for name in SEATS if name in world.newcomers]
        self.sent: dict[bytes, SealedTransaction] = {}
        self._last: list[bytes] = []

    def act(self, _slot: int) -> None:
        """What happens in one slot."""
        options, dice = self._world.options, self._dice
        if options.has("payments") and dice.random() < 0.4:
            payer, payee = dice.sample(MEMBERS, 2)
            amount = dice.randint(1, 20) * PAI // 2
            self.send(payer, Pay(get_account_id(payee), amount, ""))
        if options.has("spam") and dice.random() < 0.3:
            self._spam()
        if options.has("stake") and dice.random() < 0.1:
            self._stake()

    def send_last(self) -> None:
        """When all is well again, every member pays once more.

        In place of what hangs, if something does: a payment may be bound to a branch that is gone.
        """
        for payer, payee in zip(MEMBERS, (*MEMBERS[1:], MEMBERS[0]), strict=True):
            sealed = self.send(payer, Pay(get_account_id(payee), PAI, "last"), anew=True)
            if sealed is not None:
                self._last.append(sealed.id)

    def check_last(self) -> None:
        """Those payments are on the chain, or others with their sequences.

        Unless nobody is left who would take them in: a censor makes all blocks.
        """
        running = [it for it in self._world.get_running() if self._world.is_honest_server(it.name)]
        if not any(self._makes_blocks(server) for server in running):
            self._world.coverage.add("payments that only a censor could take in")
            return
        for server in running:
            accounts = server.ledger.state.accounts
            for name in self._last:
                body = self.sent[name].body
                if accounts.require(body.account).sequence <= body.sequence:
                    raise Broken("I19", f"a payment is not in the blocks of {server.name}")

    def _makes_blocks(self, server: "Server") -> bool:
        """Whether a server takes payments in: its seat serves, and its journal lets it sign.

        It does not where the clock ran ahead, and a block of a slot to come was signed.
        """
        consensus, slot = server.owner.consensus, self._world.slot
        if server.is_censor or consensus.journal is None:
            return False
        seats = {entry.seat for entry in consensus.position.entries}
        return get_account_id(server.seat) in seats and may_sign_block(
            consensus.journal, self._world.chain, slot
        )

    def send(self, name: str, *actions: Action, anew: bool = False) -> SealedTransaction | None:
        """A member sends something through one server; None when nobody takes it."""
        running = self._world.get_running()
        if not running:
            return None
        core = self._dice.choice(running).core
        assert core is not None
        sequence = core.mempool.get_next_sequence(get_account_id(name))
        stuck = self._find_stuck(core, name) if anew else None
        if stuck is not None:
            self._world.coverage.add("payment sent anew")
            sequence = stuck
        sealed = self._sign(core, name, sequence, *actions)
        try:
            core.submit(sealed)
        except Invalid as error:
            self._world.coverage.add(f"refused: {error.code.name}")
            return None
        self.sent[sealed.id] = sealed
        return sealed

    def _find_stuck(self, core: Core, name: str) -> int | None:
        """The sequence of what a server was told and no block can take."""
        queue = core.mempool._queues.get(get_account_id(name))
        return (
            next((item.sequence for item in queue.waiting if item.refusals), None)
            if queue
            else None
        )

    def _sign(self, core: Core, name: str, sequence: int, *actions: Action) -> SealedTransaction:
        account = get_account_id(name)
        row = core.ledger.state.accounts.get(account)
        reveals = sequence == 0 and (row is None or row.policy is None)
        body = Transaction(
            version=TRANSACTION_VERSION,
            account=account,
            sequence=sequence,
            valid_until_slot=max(core.get_clock_slot(), 0) + self._dice.randint(20, 100),
            ref=get_lasting_ref(core.ledger.state),  # what a server's API tells a wallet
            via=None,
            fee_max=PAI,
            actions=(Reveal(get_policy(name)), *actions) if reveals else actions,
        )
        return sign_transaction(self._world.chain, body, [(0, get_key(name))])

    def _spam(self) -> None:
        """Somebody sends what cannot be good, or more than is good."""
        dice = self._dice
        if dice.random() < 0.5:
            self._send_rubbish()
            return
        payer, payee = dice.sample(MEMBERS, 2)
        bad = dice.choice(
            (
                Pay(get_account_id(payee), 10**6 * PAI, ""),
                Pay(get_account_id(payer), PAI, ""),
                Save(PAI, 2),
                Unbond(0),
                Bond(0, PAI),
                Pay(get_account_id("stranger"), PAI, "x" * dice.randint(1, 60)),
            )
        )
        self.send(dice.choice((payer, "stranger")), bad)

    def _send_rubbish(self) -> None:
        """A payment with one thing wrong about it, or one that is known already."""
        running, dice = self._world.get_running(), self._dice
        if not running:
            return
        core = dice.choice(running).core
        assert core is not None
        payer, payee = dice.sample(MEMBERS, 2)
        sequence = core.mempool.get_next_sequence(get_account_id(payer))
        good = self._sign(core, payer, sequence, Pay(get_account_id(payee), PAI, ""))
        sealed = spoil(self._world.chain, payer, good.body, dice.choice(CODES))
        waiting = core.mempool.get_all()
        if waiting and dice.random() < 0.1:
            sealed = waiting[0]
        try:
            core.submit(sealed)
        except Invalid as error:
            self._world.coverage.add(f"refused: {error.code.name}")
        else:
            self.sent[sealed.id] = sealed  # nothing was wrong with it after all

    def _stake(self) -> None:
        """Somebody opens a seat, saves for it, bonds, or asks a bond back."""
        dice = self._dice
        name = dice.choice(self._stakers) if self._stakers else dice.choice(self._world.seats)
        step = dice.randrange(4)
        if step == 0 and name in self._stakers:
            self.send(name, RegisterSeat(build_seat_keys(name, chain=self._world.chain)))
        elif step == 1:
            self.send(name, Save(dice.randint(100, 300) * PAI, 30))
        elif step == 2:
            self.send(name, Bond(dice.randrange(3), dice.randint(100, 200) * PAI))
        elif dice.random() < 0.3:
            self.send(name, Unbond(dice.randrange(3)))
