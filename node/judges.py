"""What this node says of strangers' words before they are passed on; synchronous, never raising.

Transactions are let into the mempool here, so that a verdict is the rules' own. Headers must be
signed by a seat of the set and, as far as their epoch's seed is known here, have won their slot.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from chain.block import HEADER_VERSION, Header, SignedHeader, compute_block_hash, get_header_message
from chain.checks import VrfClaim
from chain.codec import encode
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.rules.lottery import check_author, find_entry, get_alpha
from chain.rules.randomness import compute_randomness
from chain.tables import CURRENT, SeatSet
from chain.transaction import SealedTransaction
from consensus.engine import EARLY_SLOTS, is_known
from consensus.events import HeaderSeen
from node.events import TransactionWaiting
from node.owner import Owner
from p2p.transport import Verdict

OLD_SLOTS: Final = 150  # an announcement older than this is no news; sync brings what matters
CLIMB_MAX: Final = 64  # how far down a branch we look for where it leaves our chain

# Nobody who looked would have passed these on; whatever else is refused may be a matter of timing.
INEXCUSABLE: Final = frozenset(
    {
        Code.WRONG_VERSION,
        Code.WRONG_SIGNATURES,
        Code.BAD_SIGNATURE,
        Code.POLICY_MISMATCH,
        Code.PAYMENT_TO_SELF,
        Code.DEPOSIT_TOO_SMALL,
        Code.BAD_SEAT_KEY,
        Code.BAD_PROOF_OF_POSSESSION,
    }
)


def judge_transactions(owner: Owner, transactions: Iterable[SealedTransaction]) -> Verdict:
    """Let transactions wait. ACCEPT when one was new and good and none was inexcusable."""
    admitted: list[SealedTransaction] = []
    guilty = False
    slot = owner.clock.get_slot()
    for sealed in transactions:
        try:
            owner.mempool.admit(sealed, slot)
        except Invalid as error:
            guilty = guilty or error.code in INEXCUSABLE
        else:
            admitted.append(sealed)
            owner.board.publish(TransactionWaiting(sealed.id))
    if not guilty:
        return Verdict.ACCEPT if admitted else Verdict.IGNORE
    if admitted and owner.outside is not None:
        # The bundle stops here because of its bad part; the good part goes on in one of ours.
        owner.outside.offer_transactions(admitted)
    return Verdict.REJECT


def judge_header(owner: Owner, announced: SignedHeader) -> Verdict:
    """A fresh announcement: seat, signature and election."""
    header = announced.header
    if header.version != HEADER_VERSION or header.chain != owner.ledger.chain:
        return Verdict.REJECT
    head, slot = owner.ledger.head, owner.clock.get_slot()
    if not head.slot - OLD_SLOTS < header.slot <= slot + EARLY_SLOTS:
        return Verdict.IGNORE
    header_bytes = encode(header)
    block_hash = compute_block_hash(header_bytes)
    if is_known(owner.consensus, block_hash) or owner.ledger.get_hash(header.height) == block_hash:
        return Verdict.IGNORE
    current = owner.ledger.state.sets.require(CURRENT)
    if header.base != current.base:
        return Verdict.IGNORE
    try:
        _check_signature(owner, current, header, header_bytes, announced.signature)
        _check_election(owner, current, header)
    except Invalid:
        return Verdict.REJECT
    owner.pending.append(HeaderSeen(owner.clock.get_ms(), header.seat, header.slot, header.kind))
    return Verdict.ACCEPT


def judge_branch(owner: Owner, headers: tuple[SignedHeader, ...]) -> Verdict:
    """Headers that a peer says lead to a better chain: signed by the seats they name, and ours."""
    current = owner.ledger.state.sets.require(CURRENT)
    slot = owner.clock.get_slot()
    for announced in headers:
        header = announced.header
        if header.version != HEADER_VERSION or header.chain != owner.ledger.chain:
            return Verdict.REJECT
        if header.slot > slot + EARLY_SLOTS:
            return Verdict.IGNORE  # the peer's clock may be wrong, or ours
        if header.base != current.base:
            return Verdict.IGNORE
        header_bytes = encode(header)
        if owner.consensus.tree.is_refused(compute_block_hash(header_bytes)):
            return Verdict.REJECT
        try:
            _check_signature(owner, current, header, header_bytes, announced.signature)
        except Invalid:
            return Verdict.REJECT
    return Verdict.ACCEPT


def _check_signature(
    owner: Owner, current: SeatSet, header: Header, header_bytes: bytes, signature: bytes
) -> None:
    entry = find_entry(current.entries, header.seat)
    if not owner.known.holds(Signed(entry.vote_key, get_header_message(header_bytes), signature)):
        raise Invalid(Code.BAD_HEADER_SIGNATURE)


def _check_election(owner: Owner, current: SeatSet, header: Header) -> None:
    """Check the VRF proof, and rank where the parent is known, if the seed is. Raises Invalid."""
    seed = _find_seed(owner, header)
    if seed is None:
        return
    parent = owner.consensus.tree.get(header.parent_hash)
    if parent is not None:
        if header.slot <= parent.slot:
            raise Invalid(Code.WRONG_SLOT)
        entries = current.entries
        check_author(header, parent.slot, owner.ledger.chain, seed, entries, owner.known)
        return
    entry = find_entry(current.entries, header.seat)
    alpha = get_alpha(owner.ledger.chain, seed, header.slot)
    if owner.known.open_vrf(VrfClaim(entry.vrf_key, alpha, header.vrf_proof)) is None:
        raise Invalid(Code.BAD_VRF_PROOF)


def _find_seed(owner: Owner, header: Header) -> bytes | None:
    """The seed of the header's epoch on its own branch, or None where that cannot be said here.

    A seed is drawn from blocks of two epochs before and earlier, so branches that part later than
    that share it.
    """
    ledger = owner.ledger
    current = ledger.state.randomness.require(CURRENT)
    per_epoch = ledger.constants.slots_per_epoch
    epoch = header.slot // per_epoch
    if header.parent_hash == ledger.head.hash and epoch >= current.epoch:
        try:
            return compute_randomness(current, epoch).seed
        except Invalid:
            return None
    parting = _find_parting_slot(owner, header)
    if parting is None:
        return None
    if epoch == current.epoch and parting // per_epoch >= epoch - 1:
        return current.seed
    if epoch == current.epoch + 1 and parting // per_epoch >= current.epoch:
        return current.next_seed
    return None


def _find_parting_slot(owner: Owner, header: Header) -> int | None:
    """The slot of the last block of our chain below the header, if the tree shows it."""
    below = owner.consensus.tree.climb_down(header.parent_hash)
    for facts in islice(below, CLIMB_MAX):
        if owner.ledger.get_hash(facts.height) == facts.hash:
            return facts.slot
    return None
