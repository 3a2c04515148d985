"""What a node measures of itself, for Prometheus, under the names operators know.

Gauges and counters are read from their owners when somebody scrapes; nothing is kept twice. Names
follow CometBFT, and geth where CometBFT has none; docs/operations.md has the table. No label names
an account or a peer: their number has no bound, and who pays when is nobody's graph.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from chain.tables import CURRENT
from node.api.answers_chain import Neighbours
from node.api.server import Doorway
from node.core import Core
from node.events import BlockApplied, CoreEvent
from node.exchange.matching import Matchmaker

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOTS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64)
_ONE_MILLION: Final = 1_000_000


class Metrics:
    """One node's registry."""

    def __init__(
        self,
        core: Core,
        neighbours: Neighbours,
        doorway: Doorway,
        matchmaker: Matchmaker | None = None,
    ) -> None:
        self._core = core
        self._matchmaker = matchmaker
        self._neighbours = neighbours
        self._doorway = doorway
        self._slot = core.ledger.head.slot
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._processing = Histogram(
            "pai_state_block_processing_time_seconds",
            "What applying a block to the head took",
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._interval = Histogram(
            "pai_consensus_block_interval_slots",
            "Slots between a block and the one before it",
            registry=self._registry,
            buckets=_SLOTS,
        )

    def write(self) -> bytes:
        """Everything, in the text format that Prometheus scrapes."""
        return generate_latest(self._registry)

    def observe(self, event: CoreEvent) -> None:
        """Take note of a block that was applied."""
        if isinstance(event, BlockApplied):
            self._processing.observe(event.import_seconds)
            self._interval.observe(max(0, event.slot - self._slot))
            self._slot = event.slot

    def collect(self) -> Iterator[Metric]:
        """What is read at this moment; called by the registry."""
        yield from self._collect_chain()
        yield from self._collect_finality()
        yield from self._collect_network()
        yield from self._collect_money()
        yield from self._collect_exchange()

    def _collect_chain(self) -> Iterator[Metric]:
        status = self._core.get_core_status()
        counters = status.counters
        entries = self._core.ledger.seat_set.entries
        own = sum(entry.weight for entry in entries if entry.seat == status.seat)
        yield _gauge("pai_consensus_height", "Height of the chain", status.head.height)
        yield _gauge("pai_chain_head_slot", "Slot of the newest block", status.head.slot)
        yield _gauge(
            "pai_chain_blocks_missing",
            "Blocks before a snapshot that are not held here",
            status.blocks.from_height - 1,
        )
        yield _gauge("pai_consensus_clock_slot", "Slot of this moment", status.clock_slot)
        yield _gauge("pai_consensus_validators", "Seats in the set", len(entries))
        yield _gauge(
            "pai_consensus_validators_power",
            "Weight of all seats in the set",
            sum(entry.weight for entry in entries),
        )
        yield _gauge("pai_consensus_validator_power", "Weight of this node's seat", own)
        yield _gauge(
            "pai_consensus_signing",
            "Whether this node makes blocks: 1 for the state it is in",
            1,
            state=status.signing.state,
        )
        yield _gauge("pai_mempool_size", "Transactions that wait", status.mempool_transactions)
        yield _gauge("pai_mempool_size_bytes", "Bytes that wait", status.mempool_bytes)
        yield _counter(
            "pai_consensus_blocks_produced", "Blocks made here", counters.blocks_produced
        )
        yield _counter(
            "pai_consensus_validator_missed_blocks",
            "Slots our seat won and whose block is not ours",
            counters.slots_missed,
        )
        yield _counter("pai_chain_inserts", "Blocks of others applied", counters.blocks_imported)
        yield _counter("pai_chain_refused", "Blocks refused", counters.blocks_refused)
        yield _counter(
            "pai_chain_reorg_executes", "Changes to another branch", counters.reorganisations
        )
        yield _gauge(
            "pai_chain_reorg_depth_max",
            "Most blocks ever taken back at once",
            counters.reorganisation_depth_max,
        )
        yield _counter("pai_consensus_txs", "Transactions applied", counters.transactions_applied)
        yield _counter(
            "pai_api_subscribers_dropped",
            "Listeners that did not keep up",
            counters.subscribers_dropped,
        )

    def _collect_finality(self) -> Iterator[Metric]:
        status = self._core.get_core_status()
        finality, counters = status.finality, status.counters
        missing = finality.total_weight - finality.heard_weight
        yield _gauge(
            "pai_consensus_final_height", "Height of the newest final block", finality.final_height
        )
        yield _gauge(
            "pai_consensus_final_round",
            "Slot of the votes that made it final",
            finality.final_round,
        )
        yield _gauge("pai_consensus_final_gap_slots", "Slots since those votes", finality.gap_slots)
        yield _gauge(
            "pai_consensus_justified_round",
            "Slot of the votes for the newest block that enough seats have voted for",
            finality.lock_round,
        )
        yield _gauge("pai_consensus_level", "Level of certainty of votes now", finality.level)
        yield _gauge(
            "pai_consensus_quorum_power", "Weight that decides at this level", finality.quorum
        )
        yield _gauge(
            "pai_consensus_missing_validators_power",
            "Weight of the seats that were not heard of late",
            missing,
        )
        yield _gauge(
            "pai_consensus_voting",
            "Whether this node votes: 1 for the state it is in",
            1,
            state=status.voting.state,
        )
        yield _gauge(
            "pai_consensus_standstill",
            "Why nothing becomes final: 1 for the reason, or for none",
            1,
            reason=finality.standstill.value,
        )
        yield _counter(
            "pai_consensus_votes_seen", "Votes of other seats, new and good", counters.votes_seen
        )
        yield _counter("pai_consensus_votes_signed", "Votes of our seat", counters.votes_signed)
        yield _counter(
            "pai_consensus_offences",
            "Proofs that a seat has contradicted itself",
            counters.offences_seen,
        )

    def _collect_network(self) -> Iterator[Metric]:
        peers = self._neighbours.get_peers()
        inbound = sum(peer.inbound for peer in peers)
        progress = self._neighbours.get_sync_progress()
        offset_ms = self._core.get_core_status().offset_ms
        yield _gauge("pai_p2p_peers", "Nodes this one is connected to", len(peers))
        yield _gauge("pai_p2p_peers_inbound", "Of those, the ones that dialled us", inbound)
        yield _gauge("pai_blocksync_syncing", "1 while blocks are missing", int(progress.syncing))
        yield _gauge("pai_blocksync_target_height", "What the peers claim", progress.target_height)
        if offset_ms is not None:
            yield _gauge(
                "pai_p2p_clock_offset_seconds", "Peers' clocks less ours", offset_ms / 1_000
            )
        yield _gauge("pai_api_connections", "Open HTTP connections", self._doorway.open)
        yield _counter(
            "pai_api_connections_refused",
            "HTTP connections above the limits",
            self._doorway.refused,
        )

    def _collect_money(self) -> Iterator[Metric]:
        money = self._core.ledger.state.money.require(CURRENT)
        yield _gauge("pai_money_accounts", "Accounts", money.accounts)
        funds = GaugeMetricFamily("pai_money_pai", "Money by fund, in pai", labels=["fund"])
        for fund in (
            "issued",
            "burned",
            "pot",
            "reserve",
            "social",
            "operators",
            "active",
            "municipality",
            "claims",
        ):
            funds.add_metric([fund], getattr(money, fund) / _ONE_MILLION)
        yield funds

    def _collect_exchange(self) -> Iterator[Metric]:
        desk = self._core.setoff
        yield _counter("pai_setoff_solved", "Set-offs solved here", desk.solved)
        yield _counter("pai_setoff_failed", "Set-offs that could not be solved", desk.failed)
        yield _gauge("pai_setoff_seconds", "What solving the last one took", desk.seconds)
        if self._matchmaker is None:
            return
        tally = self._matchmaker.tally
        yield _counter("pai_market_searches", "Searches for chains", tally.searches)
        yield _counter("pai_market_searches_failed", "Searches that were given up", tally.failed)
        yield _counter("pai_market_chains_found", "Chains found", tally.found)
        yield _counter("pai_market_chains_proposed", "Of those, proposed", tally.proposed)
        yield _counter(
            "pai_market_chains_refused", "Of those, refused by the ledger", tally.refused
        )
        yield _gauge("pai_market_search_seconds", "What the last search took", tally.seconds)
        yield _gauge(
            "pai_market_value_pai", "Worth of the chains found last", tally.value / _ONE_MILLION
        )
        if tally.bound is not None:
            yield _gauge(
                "pai_market_bound_pai",
                "What no chains could be worth more than",
                tally.bound / _ONE_MILLION,
            )


def _gauge(name: str, about: str, value: float, **labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _counter(name: str, about: str, value: float) -> CounterMetricFamily:
    family = CounterMetricFamily(name, about)
    family.add_metric([], value)
    return family
