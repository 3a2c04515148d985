"""A village on a ledger of its own: who lives there, and what everybody sends in half a day.

The rules, the signatures and the blocks are real; nothing travels. Slots pass as fast as blocks
can be made. Everything follows from the seed.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from chain.actions import Action, Pay
from chain.block import NO_PARTS
from chain.facts import Fact
from chain.genesis import Genesis, GenesisAttestation, GenesisAuthority, compute_chain_id
from chain.ledger import Ledger
from chain.rules.payments import get_spending_floor
from chain.rules.settlement import get_touched
from chain.store import Store
from chain.tables import CURRENT, Account, Money
from chain.transaction import SealedTransaction
from genesis.preset import read_preset
from tests.bench.town import TrustingChecks
from tests.certified import FinalChain
from tests.community import (
    PAI,
    Community,
    build_genesis,
    get_account_id,
    get_policy,
)

SEATS = ("ann", "boris", "clara", "daniil")
FARM = "2:chair+agronomist+bookkeeper"  # a firm: two of three sign
COMMITTEE = "2:ann+karim+lida"  # who may grant small loans
SOVIET, OFFICE, NOTARY = "soviet", "office", "notary"  # who says who is who
GENESIS_TIME = 1_735_689_600  # 2025-01-01T00:00:00Z
BLOCKS_A_DAY = 2
FEES_MAX = 2 * PAI  # of one transaction; members pay none, firms and authorities a few kopecks
ACTIONS_MAX = 60  # and the policy, the first time
PAY_MIN = PAI  # what gives life to an account, and is worth a walk to the shop


class People:
    """Who does what. A name is what keys are made of; most have a number for a name."""

    def __init__(self, members: int) -> None:
        self.members = (*SEATS, *_NAMED, *(f"villager {n}" for n in range(members - 18)))
        assert len(self.members) == members
        eighth = members // 25
        self.shops = ("ann", "boris", "clara", "daniil", "olga", "pavel", "rosa", "semyon")
        self.growers = ("galina", "hamit", "ivan", "julia", *self._take(4, eighth))
        self.workers = ("emma", "lida", *self._take(4 + eighth, members * 11 // 25))
        self.masters = ("karim", "farid", *self._take(4 + eighth + len(self.workers), members // 5))

    def _take(self, first: int, count: int) -> tuple[str, ...]:
        return tuple(name for name in self.members[18:][first : first + count])


_NAMED = (
    "emma", "farid", "galina", "hamit", "ivan", "julia", "karim", "lida", "marat", "nina",
    "olga", "pavel", "rosa", "semyon",
)  # fmt: skip


def build_year_genesis(people: People) -> Genesis:
    """The co-op's preset with these people, half of them attested by each of two authorities."""
    preset = read_preset("coop")
    genesis = build_genesis(
        seats=SEATS,
        members=people.members,
        strangers=(SOVIET, OFFICE),
        balance=0,
        constants=preset.constants,
        parameters=preset.parameters,
        keep_schedule=preset.keep_schedule,
    )
    names = (SOVIET, OFFICE)
    authorities = [
        GenesisAuthority(get_account_id(name), name.title(), "RU", get_policy(name), 0)
        for name in names
    ]
    # Whoever keeps a shop or a server is known to both.
    known_to_both = {get_account_id(name) for name in people.shops}
    attestations: list[GenesisAttestation] = []
    for number, item in enumerate(genesis.attestations):
        for turn, authority in enumerate(authorities):
            if number % 2 == turn or item.subject in known_to_both:
                attestations.append(replace(item, authority=authority.id))
    return replace(
        genesis,
        name="Shaimuratovo, a year on",
        genesis_time=GENESIS_TIME,
        authorities=tuple(sorted(authorities, key=lambda item: item.id)),
        attestations=tuple(sorted(attestations, key=lambda item: (item.authority, item.subject))),
    )


class Village:
    """A ledger, whose block to come is filled by ``act`` and ``pay`` and made by ``make_block``."""

    def __init__(
        self,
        people: People,
        store: Store,
        *,
        genesis: Genesis | None = None,
        slots_per_block: int | None = None,
        seed: int = 2025,
        is_final: bool = False,
    ) -> None:
        """``is_final``: seats vote, and each block records that the one before is final."""
        self.people = people
        self.genesis = genesis or build_year_genesis(people)
        slots_per_period = self.genesis.constants.slots_per_period
        self.slots_per_block = slots_per_block or slots_per_period // BLOCKS_A_DAY
        self.community = Community(self.genesis, store, TrustingChecks())
        self.final = FinalChain(self.community) if is_final else None
        self.dice = random.Random(seed)
        self.facts: list[Fact] = []  # of the newest block
        self.turnover: Counter[str] = Counter()  # received since it was last told
        self.silent: set[str] = set()  # who cannot or does not want to sign
        self.ruined: set[str] = set()  # who has nothing to sell
        self._agenda: defaultdict[str, list[Action]] = defaultdict(list)
        self._left: dict[str, int] = {}
        self.chain = compute_chain_id(self.genesis)
        self._ref = self.chain[:16]  # of the newest block that is recorded as final

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.community.ledger

    @property
    def slot(self) -> int:
        """Of the block to come, if its author is awake."""
        return self.ledger.head.slot + self.slots_per_block

    @property
    def period(self) -> int:
        """Of the block to come."""
        return self.slot // self.genesis.constants.slots_per_period

    def get_account(self, name: str) -> Account | None:
        """An account as it is owned in the block to come."""
        account_id = get_account_id(name)
        account = self.ledger.state.accounts.get(account_id)
        if account is None:
            return None
        context = self.ledger.get_context(self.slot)
        savings = self.ledger.state.savings.get(account_id)
        deposits = savings.deposits if savings else ()
        return get_touched(account, deposits, context.keep_schedule, context.step).account

    def get_balance(self, name: str) -> int:
        """A settlement balance in the block to come; nothing of nobody."""
        account = self.get_account(name)
        return account.settlement if account else 0

    def get_floor(self, name: str) -> int:
        """How low an account may fall in the block to come."""
        account = self.get_account(name)
        if account is None:
            return 0
        context = self.ledger.get_context(self.slot)
        return get_spending_floor(self.ledger.state, context, get_account_id(name), account)

    def get_left(self, name: str) -> int:
        """What somebody can still spend in the block to come; a hair is kept for an hour's wait."""
        if name not in self._left:
            balance = self.get_balance(name)
            self._left[name] = balance - self.get_floor(name) - max(0, balance) // 500
        return self._left[name]

    def act(self, name: str, *actions: Action) -> None:
        """Let somebody do something in the block to come."""
        if name not in self.silent:
            self._agenda[name].extend(actions)

    def pay(self, payer: str, to: str, amount: int, memo: str = "") -> int:
        """Let somebody pay, if he can; returns how much it was."""
        amount = min(amount, self.get_left(payer))
        if payer == to or amount < PAY_MIN or len(self._agenda[payer]) >= ACTIONS_MAX:
            return 0
        if payer in self.silent:
            return 0
        self._left[payer] = self.get_left(payer) - amount
        self.act(payer, Pay(get_account_id(to), amount, memo))
        self.turnover[to] += amount
        return amount

    def save_left(self, name: str, amount: int) -> None:
        """What is put away cannot be spent in the same block."""
        self._left[name] = self.get_left(name) - amount

    def make_block(self) -> None:
        """Make the block to come of all that was said since the last one."""
        parts = self.final.build_parts() if self.final else NO_PARTS
        if parts.finality:
            self._ref = parts.finality.finality.body.target_hash[:16]
        block, execution = self.community.build_block(
            self._sign(), after=self.slots_per_block, by=self.dice.choice(SEATS), parts=parts
        )
        self.ledger.commit(execution, block, durable=False)
        if self.final:
            self.final.note(block)
        self.facts = execution.facts
        self._agenda.clear()
        self._left.clear()

    def _sign(self) -> Iterator[SealedTransaction]:
        """One transaction of each; who is nobody's member pays fees."""
        for name, actions in self._agenda.items():
            if not actions:
                continue
            account = self.ledger.state.accounts.get(get_account_id(name))
            is_member = account is not None and account.person is not None
            yield self.community.sign(
                name,
                *actions,
                fee_max=0 if is_member else FEES_MAX,
                valid_for=self.slots_per_block + 1_000,
                ref=self._ref,
            )

    def pick(self, names: Sequence[str], chance: float) -> list[str]:
        """Those of the names on whom the dice fall."""
        return [name for name in names if self.dice.random() < chance]

    def is_alive(self, name: str) -> bool:
        """Whether there is such an account."""
        return self.ledger.state.accounts.get(get_account_id(name)) is not None

    @property
    def money(self) -> Money:
        """The row of funds."""
        return self.ledger.state.money.require(CURRENT)
