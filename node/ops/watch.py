"""What somebody who watches a community sees: servers, trades, money, counted as blocks come.

``follow_block`` and its like are fed with what nodes answer; a branch that is left is counted back.
Nothing here waits or asks.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from chain.actions import AcceptChain, Action, ConfirmDelivery
from chain.tables import COMMON_FUNDS
from chain.units import parse_pai

TRADES_SHOWN: Final = 10
SAMPLES_MAX: Final = 120  # of velocity, for its sparkline
BRANCH_MAX: Final = 64  # blocks that may be counted back


@dataclass(slots=True)
class ServerView:
    """One server at a glance."""

    seat: str
    owner: str
    height: int = 0
    final_height: int = 0
    slot: int = 0
    hash: str = ""
    peers: int = 0
    waiting: int = 0
    rss_mib: float = 0.0
    blocks: int = 0
    answers: bool = False


@dataclass(frozen=True, slots=True)
class TradeView:
    """One payment in a block."""

    slot: int
    payer: str
    to: str
    amount: int
    memo: str


@dataclass(frozen=True, slots=True)
class ChainTrade:
    """One trade of a chain that happened: goods on their way, by the delivery's number."""

    delivery: int
    chain: int
    seller: str
    buyer: str
    amount: int


@dataclass(slots=True)
class ChainsView:
    """What is seen of chains of trades: each as soon as somebody in it looks at his deliveries."""

    accepted: int = 0  # consents to a chain, beside standing orders
    delivered: int = 0  # what buyers have signed for
    trades: dict[int, ChainTrade] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """Chains that happened."""
        return len({trade.chain for trade in self.trades.values()})

    @property
    def amount(self) -> int:
        """What was traded in them."""
        return sum(trade.amount for trade in self.trades.values())

    @property
    def moved(self) -> int:
        """What balances gained by them: the money that they needed."""
        moves: Counter[tuple[int, str]] = Counter()
        for trade in self.trades.values():
            moves[trade.chain, trade.seller] += trade.amount
            moves[trade.chain, trade.buyer] -= trade.amount
        return sum(move for move in moves.values() if move > 0)

    def note(self, trades: Iterable[ChainTrade]) -> None:
        """Take note of goods on their way; those that were seen before are known."""
        for trade in trades:
            self.trades.setdefault(trade.delivery, trade)

    def note_sent(self, actions: Iterable[Action]) -> None:
        """Take note of what a member has sent: consents and receipts."""
        for action in actions:
            if isinstance(action, AcceptChain):
                self.accepted += 1
            elif isinstance(action, ConfirmDelivery) and action.delivery in self.trades:
                self.delivered += self.trades[action.delivery].amount


@dataclass(slots=True)
class MemberView:
    """One member: what he has, as his own wallet shows it."""

    name: str
    trade: str
    has_seat: bool
    balance: int = 0
    savings: int = 0
    visits: int = 0  # to the market of chains


@dataclass(frozen=True, slots=True)
class _Counted:
    height: int
    slot: int
    hash: str
    seat: str
    trades: tuple[TradeView, ...]

    @property
    def turnover(self) -> int:
        return sum(trade.amount for trade in self.trades)


@dataclass(slots=True)
class Board:
    """Everything that is shown. Amounts in micropai."""

    slots_per_period: int
    servers: list[ServerView]
    members: list[MemberView]
    clock_slot: int = 0
    payments: int = 0
    turnover: int = 0
    sent: int = 0
    refused: int = 0
    chains: ChainsView = field(default_factory=ChainsView)
    funds: dict[str, int] = field(default_factory=dict)
    velocities: deque[Decimal] = field(default_factory=lambda: deque(maxlen=SAMPLES_MAX))
    blocks_by_seat: dict[str, int] = field(default_factory=dict)
    _branch: deque[_Counted] = field(default_factory=lambda: deque(maxlen=BRANCH_MAX))

    @property
    def height(self) -> int:
        """The last block counted."""
        return self._branch[-1].height if self._branch else 0

    @property
    def hash(self) -> str | None:
        """Its hash; None before the first."""
        return self._branch[-1].hash if self._branch else None

    @property
    def trades(self) -> list[TradeView]:
        """The newest payments, newest first."""
        found = [trade for block in self._branch for trade in block.trades]
        return found[::-1][:TRADES_SHOWN]

    @property
    def share_without_money(self) -> Decimal:
        """What share of payments and trades in chains needed no money."""
        trade = self.turnover + self.chains.amount
        saved = self.chains.amount - self.chains.moved
        return Decimal(saved) / trade if trade else Decimal(0)

    @property
    def demurrage(self) -> int:
        """What has been collected so far, fees included: all that the common funds hold."""
        names = (*COMMON_FUNDS, "burned")
        return sum(self.funds.get(name, 0) for name in names)

    @property
    def agreed(self) -> bool:
        """Whether all servers that answer follow one chain, as far as one look can tell."""
        heights: dict[int, set[str]] = {}
        for server in self.servers:
            heights.setdefault(server.height, set()).add(server.hash)
        return all(len(hashes) == 1 for hashes in heights.values())

    @property
    def velocity(self) -> Decimal:
        """Turnover of the last period's slots over the settlement of now."""
        newest = self._branch[-1].slot if self._branch else 0
        turnover = sum(
            block.turnover for block in self._branch if block.slot > newest - self.slots_per_period
        )
        settlement = self.funds.get("settlement", 0)
        return Decimal(turnover) / settlement if settlement else Decimal(0)

    def follow_status(self, index: int, status: dict[str, Any]) -> None:
        """What a server says of itself."""
        server, head = self.servers[index], status["head"]
        server.height, server.slot, server.hash = head["height"], head["slot"], head["hash"]
        server.final_height = status["final"]["height"]
        server.peers = status["peers"]
        server.waiting = status["mempool"]["transactions"]
        server.answers = True
        self.clock_slot = max(self.clock_slot, status["clock"]["slot"])

    def follow_block(self, block: dict[str, Any], names: dict[str, str]) -> bool:
        """Count the next block; False: it does not follow, and the last one was counted back."""
        if self._branch and block["parent_hash"] != self._branch[-1].hash:
            self._count(self._branch.pop(), -1)
            return False
        trades = tuple(
            TradeView(
                slot=block["slot"],
                payer=names.get(item["account"], item["account"]),
                to=names.get(action["to"], action["to"]),
                amount=parse_pai(action["amount"]),
                memo=action["memo"],
            )
            for item in block["transactions"]
            for action in item["actions"]
            if action["kind"] == "pay"
        )
        counted = _Counted(block["height"], block["slot"], block["hash"], block["seat"], trades)
        self._branch.append(counted)
        self._count(counted, 1)
        return True

    def _count(self, block: _Counted, sign: int) -> None:
        self.payments += sign * len(block.trades)
        self.turnover += sign * block.turnover
        self.blocks_by_seat[block.seat] = self.blocks_by_seat.get(block.seat, 0) + sign
        for server in self.servers:
            server.blocks = self.blocks_by_seat.get(server.seat, 0)

    def follow_funds(self, answer: dict[str, Any]) -> None:
        """What a server says of all money."""
        self.funds = {
            name: parse_pai(value) for name, value in answer.items() if isinstance(value, str)
        }
        self.velocities.append(self.velocity)
