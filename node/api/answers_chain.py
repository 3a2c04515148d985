"""From the ledger to answers about status, blocks, transactions and seats. Nothing here waits."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from resource import getpagesize
from typing import Final, Literal, Protocol

from chain.address import encode_address
from chain.block import SealedBlock
from chain.kept import read_rows
from chain.ledger import Ledger
from chain.policy import AccountId
from chain.tables import SEATS
from chain.transaction import SealedTransaction
from chain.units import format_pai
from consensus.outlook import Outlook
from consensus.prevote import get_release_slots
from node.api.answers import get_present_slot, get_slot_time
from node.api.schema import (
    ClockAnswer,
    CommunityAnswer,
    FinalAnswer,
    HeadAnswer,
    HeldBlocksAnswer,
    MatchmakerAnswer,
    MempoolAnswer,
    SigningAnswer,
    StatusAnswer,
    VotingAnswer,
    write_address,
    write_address_or_null,
)
from node.api.schema_actions import build_action_answer
from node.api.schema_chain import (
    BLOCK_KINDS,
    BlockAnswer,
    BlockSummaryAnswer,
    PeerAnswer,
    PeersAnswer,
    SeatAnswer,
    SeatsAnswer,
    SignatureAnswer,
    TransactionAnswer,
    TransactionInBlockAnswer,
)
from node.core import Core
from node.exchange.reading import get_spendable
from node.history import BlockSummary
from node.status import CoreStatus
from p2p.transport import PeerId
from p2p.view import PeerView, SyncProgress

_STATM: Final = Path("/proc/self/statm")
_MIB: Final = 1_024 * 1_024
SEATS_SHOWN_MAX: Final = 1_024  # beside those in the set; every member may register a seat
_STATUSES: Final[dict[str, Literal["waiting", "in_block", "unknown"]]] = {
    "waiting": "waiting",
    "in_block": "in_block",
    "unknown": "unknown",
}


class Neighbours(Protocol):
    """The network as the API shows it; ``p2p.network.Network`` satisfies it."""

    @property
    def id(self) -> PeerId:
        """Our own name."""
        ...

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can reach us."""
        ...

    def get_peers(self) -> Sequence[PeerView]:
        """Whom we are connected to."""
        ...

    def get_sync_progress(self) -> SyncProgress:
        """How far we are behind what peers claim."""
        ...

    def is_cut_off(self) -> bool:
        """Whether there are peers to be reached, and none has told us yet how far it is."""
        ...


def build_status_answer(
    core: Core, neighbours: Neighbours, version: str, matchmaker: AccountId | None = None
) -> StatusAnswer:
    """A node at a glance."""
    ledger, status = core.ledger, core.get_core_status()
    constants, slot = ledger.constants, get_present_slot(core)
    progress = neighbours.get_sync_progress()
    return StatusAnswer(
        community=build_community_answer(ledger),
        version=version,
        head=HeadAnswer(
            height=status.head.height,
            slot=status.head.slot,
            hash=status.head.hash.hex(),
            state_root=status.state_root.hex(),
            time=get_slot_time(ledger, status.head.slot),
        ),
        final=_build_final_answer(status.finality),
        voting=_build_voting_answer(status, ledger),
        clock=ClockAnswer(
            slot=status.clock_slot,
            step=slot // constants.slots_per_step,
            period=slot // constants.slots_per_period,
            epoch=slot // constants.slots_per_epoch,
        ),
        syncing=progress.syncing,
        target_height=max(progress.target_height, status.head.height),
        blocks=HeldBlocksAnswer(**status.blocks._asdict()),
        peers=len(neighbours.get_peers()),
        mempool=MempoolAnswer(transactions=status.mempool_transactions, bytes=status.mempool_bytes),
        seat=write_address_or_null(ledger.genesis.prefix, status.seat),
        signing=SigningAnswer(state=status.signing.state, reason=status.signing.reason),
        blocks_produced=status.counters.blocks_produced,
        clock_offset_ms=status.offset_ms,
        rss_mib=read_rss_mib(),
        matchmaker=None if matchmaker is None else _build_matchmaker_answer(core, matchmaker),
    )


def _build_matchmaker_answer(core: Core, account: AccountId) -> MatchmakerAnswer:
    ledger = core.ledger
    context = ledger.get_context(get_present_slot(core))
    return MatchmakerAnswer(
        address=write_address(ledger.genesis.prefix, account),
        spendable=format_pai(get_spendable(ledger.state, context, account)),
    )


def _build_final_answer(finality: Outlook) -> FinalAnswer:
    return FinalAnswer(
        height=finality.final_height,
        hash=finality.final_hash.hex(),
        slot=finality.final_round,
        level=finality.final_level,
        gap_slots=finality.gap_slots,
    )


def _build_voting_answer(status: CoreStatus, ledger: Ledger) -> VotingAnswer:
    finality, prefix = status.finality, ledger.genesis.prefix
    return VotingAnswer(
        set=finality.set.hex(),
        seats=finality.seats,
        total_weight=finality.total_weight,
        online_weight=finality.heard_weight,
        quorum=finality.quorum,
        level=finality.level,
        justified_height=finality.lock_height,
        justified_slot=finality.lock_round,
        justified_hash=finality.lock_hash.hex(),
        activation_slot=status.activation_slot,
        release_slots=get_release_slots(ledger.constants),
        state=status.voting.state,
        reason=status.voting.reason,
        standstill=finality.standstill.value,
        guilty=[encode_address(prefix, seat) for seat in finality.guilty],
        named=finality.named,
    )


def build_community_answer(ledger: Ledger) -> CommunityAnswer:
    """The community and its measures of time."""
    genesis, constants = ledger.genesis, ledger.constants
    return CommunityAnswer(
        id=ledger.chain.hex(),
        name=genesis.name,
        prefix=genesis.prefix,
        genesis_time=genesis.genesis_time,
        slot_seconds=constants.slot_seconds,
        slots_per_step=constants.slots_per_step,
        slots_per_period=constants.slots_per_period,
        slots_per_epoch=constants.slots_per_epoch,
        transaction_life_slots=constants.transaction_life_slots,
    )


def read_rss_mib() -> float:
    """Memory this process occupies now, in MiB; 0 where the system does not say."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return 0.0
    return round(pages * getpagesize() / _MIB, 1)


def build_place_answer(core: Core, transaction_id: bytes) -> TransactionAnswer:
    """Where a transaction is."""
    place, final = core.find_place(transaction_id), core.get_final()
    height = place.height
    is_final = height is not None and height <= final.height
    return TransactionAnswer(
        id=transaction_id.hex(),
        status="final" if is_final else _STATUSES[place.status],
        height=height,
        slot=place.slot,
        hash=None if place.hash is None else place.hash.hex(),
        confirmations=None if height is None else core.ledger.head.height - height + 1,
        level=final.level if is_final else None,
        since_slot=core.ledger.first.slot,
    )


def build_summary_answer(ledger: Ledger, summary: BlockSummary) -> BlockSummaryAnswer:
    """A block in a list."""
    return BlockSummaryAnswer(
        height=summary.height,
        slot=summary.slot,
        time=get_slot_time(ledger, summary.slot),
        hash=summary.hash.hex(),
        seat=write_address(ledger.genesis.prefix, summary.seat),
        kind=BLOCK_KINDS[summary.kind],
        transactions=summary.transactions,
        bytes=summary.size_bytes,
    )


def build_block_answer(ledger: Ledger, block: SealedBlock) -> BlockAnswer:
    """One block in full."""
    header, prefix = block.header, ledger.genesis.prefix
    return BlockAnswer(
        height=header.height,
        slot=header.slot,
        time=get_slot_time(ledger, header.slot),
        hash=block.hash.hex(),
        parent_hash=header.parent_hash.hex(),
        followed=ledger.get_hash(header.height) == block.hash,
        seat=write_address(prefix, header.seat),
        kind=BLOCK_KINDS[header.kind],
        rank=header.rank,
        vrf_proof=header.vrf_proof.hex(),
        base=header.base.hex(),
        state_root=header.state_root.hex(),
        body_root=header.body_root.hex(),
        signature=block.block.signature.hex(),
        bytes=len(block.whole_bytes),
        transactions=[_build_transaction_answer(prefix, item) for item in block.transactions],
    )


def _build_transaction_answer(prefix: str, sealed: SealedTransaction) -> TransactionInBlockAnswer:
    body = sealed.body
    return TransactionInBlockAnswer(
        id=sealed.id.hex(),
        account=write_address(prefix, body.account),
        sequence=body.sequence,
        valid_until_slot=body.valid_until_slot,
        ref=body.ref.hex(),
        via=write_address_or_null(prefix, body.via),
        fee_max=format_pai(body.fee_max),
        actions=[build_action_answer(prefix, action) for action in body.actions],
        signatures=[
            SignatureAnswer(key_index=item.key_index, signature=item.signature.hex())
            for item in sealed.signed.signatures
        ],
    )


def build_seats_answer(core: Core) -> SeatsAnswer:
    """All seats: those of the set that makes blocks with their weight, the others with none."""
    ledger = core.ledger
    weights = {entry.seat: entry.weight for entry in ledger.seat_set.entries}
    blocks = core.get_blocks_by_seat()
    rows = islice(read_rows(ledger.store, SEATS.prefix), SEATS_SHOWN_MAX)
    shown = sorted({*weights, *(key[len(SEATS.prefix) :] for key, _ in rows)})
    return SeatsAnswer(
        total_weight=sum(weights.values()),
        seats=[
            _build_seat_answer(ledger, seat_id, weights.get(seat_id, 0), blocks.get(seat_id, 0))
            for seat_id in shown
        ],
    )


def _build_seat_answer(ledger: Ledger, seat_id: AccountId, weight: int, blocks: int) -> SeatAnswer:
    seat = ledger.state.seats.require(seat_id)
    return SeatAnswer(
        seat=write_address(ledger.genesis.prefix, seat_id),
        weight=weight,
        bond=format_pai(seat.bond),
        blocks=blocks,
        duty=seat.duty,
        registered_epoch=seat.registered_epoch,
        vote_key=seat.vote_key.hex(),
        vrf_key=seat.vrf_key.hex(),
        standby_key=seat.standby_key.hex(),
    )


def build_peers_answer(neighbours: Neighbours) -> PeersAnswer:
    """Whom this node is connected to."""
    return PeersAnswer(
        id=str(neighbours.id),
        addresses=list(neighbours.addresses),
        peers=[
            PeerAnswer(
                id=str(peer.id),
                address=peer.address,
                inbound=peer.inbound,
                kept=peer.kept,
                height=None if peer.head is None else peer.head.height,
                score=peer.score,
                offset_ms=peer.offset_ms,
                round_trip_ms=peer.round_trip_ms,
            )
            for peer in neighbours.get_peers()
        ],
    )
