"""What this node says of strangers' words before they are passed on; synchronous, never raising.

Transactions are let into the mempool here, so that a verdict is the rules' own. Headers must be
signed by a seat of the set and have won their slot, as far as that can be said here. A peer is
blamed only for what every honest node would have seen to be wrong, whatever it knew by then:
else one liar could have honest nodes ban each other for passing on what he made.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

import trio

from chain import vrf
from chain.actions import Reveal
from chain.codec import encode
from chain.crypto import Signed
from chain.errors import Code, Invalid
from chain.header import (
    HEADER_VERSION,
    SECONDARY,
    BlockHash,
    Header,
    SignedHeader,
    compute_block_hash,
    get_header_message,
)
from chain.rules.lottery import check_author, find_entry
from chain.rules.randomness import compute_randomness
from chain.tables import CURRENT, SetEntry
from chain.transaction import SealedTransaction
from consensus.arrivals import EARLY_SLOTS
from consensus.engine import SAME_SLOT_MAX, is_known
from consensus.events import HeaderSeen
from node.events import TransactionWaiting
from node.lists import find_entries
from node.owner import Owner
from node.trust import contradicts
from p2p.rates import build_bucket
from p2p.transport import PeerId, Verdict

OLD_SLOTS: Final = 150  # an announcement older than this is no news; sync brings what matters
CLIMB_MAX: Final = 64  # how far down a branch we look for where it leaves our chain
ANNOUNCED_MAX: Final = 4_096  # seats and slots of which announcements are counted
# Signatures under an account's kept policy fail here and not elsewhere while a change of its keys
# is on its way. More of them than that explains, from one peer, only burn our time.
DOUBTFUL_PER_SECOND: Final = 16.0
DOUBTFUL_AT_ONCE: Final = 256.0
DOUBTED_PEERS_MAX: Final = 256

# Nobody who looked would have passed these on; whatever else is refused may be a matter of timing.
INEXCUSABLE: Final = frozenset(
    {
        Code.WRONG_VERSION,
        Code.POLICY_MISMATCH,
        Code.PAYMENT_TO_SELF,
        Code.DEPOSIT_TOO_SMALL,
        Code.BAD_SEAT_KEY,
        Code.BAD_PROOF_OF_POSSESSION,
    }
)


# The same when the transaction reveals its own policy; else the policy is the state's.
UNSIGNED: Final = frozenset({Code.WRONG_SIGNATURES, Code.BAD_SIGNATURE})


def judge_transactions(
    owner: Owner, peer: PeerId, transactions: Iterable[SealedTransaction]
) -> Verdict:
    """Let transactions wait. ACCEPT when one was new and good and none was inexcusable."""
    admitted: list[SealedTransaction] = []
    guilty, doubtful = False, 0
    slot = owner.clock.get_slot()
    for sealed in transactions:
        try:
            owner.mempool.admit(sealed, slot)
        except Invalid as error:
            if error.code in UNSIGNED:
                reveals = isinstance(sealed.body.actions[0], Reveal)
                guilty, doubtful = guilty or reveals, doubtful + 1
            guilty = guilty or error.code in INEXCUSABLE
        else:
            admitted.append(sealed)
            owner.board.publish(TransactionWaiting(sealed.id))
    if not guilty and not (doubtful and is_too_doubtful(owner, peer, doubtful)):
        return Verdict.ACCEPT if admitted and not doubtful else _pass_on(owner, admitted)
    _pass_on(owner, admitted)
    return Verdict.REJECT


def _pass_on(owner: Owner, admitted: list[SealedTransaction]) -> Verdict:
    """The bundle stops here because of its bad part; the good part goes on in one of ours."""
    if admitted and owner.outside is not None:
        owner.outside.offer_transactions(admitted)
    return Verdict.IGNORE


def is_too_doubtful(owner: Owner, peer: PeerId, count: int) -> bool:
    """Whether a peer brings more signatures that fail than a change of keys explains."""
    now = trio.current_time()
    bucket = owner.doubts.pop(peer, None)
    if bucket is None:
        bucket = build_bucket(DOUBTFUL_PER_SECOND, DOUBTFUL_AT_ONCE, now)
    owner.doubts[peer] = bucket  # the longest unseen is the first to be forgotten
    if len(owner.doubts) > DOUBTED_PEERS_MAX:
        del owner.doubts[next(iter(owner.doubts))]
    return not bucket.take(count, now)


def judge_header(owner: Owner, announced: SignedHeader) -> Verdict:
    """A fresh announcement: seat, signature and election.

    What its seat has signed and the rules refuse is the seat's doing and not the peer's, who may
    know less of the branch than we do.
    """
    header = announced.header
    if header.version != HEADER_VERSION or header.chain != owner.ledger.chain:
        return Verdict.REJECT
    header_bytes = encode(header)
    block_hash = compute_block_hash(header_bytes)
    entries = find_entries(owner, header.base)
    if entries is None or not _is_news(owner, header, block_hash):
        return Verdict.IGNORE
    if not _is_authentic(owner, entries, announced, header_bytes):
        return Verdict.REJECT
    if not _is_among_first(owner, header, block_hash):
        return Verdict.IGNORE
    try:
        is_elected = _is_elected(owner, entries, header)
    except Invalid:
        return Verdict.IGNORE
    # An unproven claim to be primary must not silence those who come after a primary.
    kind = header.kind if is_elected else SECONDARY
    owner.pending.append(
        HeaderSeen(owner.clock.get_ms(), header.seat, header.slot, kind, announced)
    )
    return Verdict.ACCEPT if is_elected else Verdict.IGNORE


def judge_branch(owner: Owner, headers: tuple[SignedHeader, ...]) -> Verdict:
    """Headers that a peer says lead to a better chain: signed by the seats they name, and ours.

    Who is in the set above a hand-off among them is known when its list has been shown or it has
    been executed; until then no more can be said of what stands above it. Another history than the
    checkpoint's is not followed, but blames nobody: whoever lost touch long ago shows his chain in
    good faith. It excuses nothing either: what nobody signed is blamed there as elsewhere.
    """
    slot = owner.clock.get_slot()
    handed_over: BlockHash | None = None
    is_other_history = False
    for announced in headers:
        header = announced.header
        if header.version != HEADER_VERSION or header.chain != owner.ledger.chain:
            return Verdict.REJECT
        if header.slot > slot + EARLY_SLOTS:
            return Verdict.IGNORE  # the peer's clock may be wrong, or ours
        header_bytes = encode(header)
        block_hash = compute_block_hash(header_bytes)
        if owner.consensus.tree.is_refused(block_hash):  # perhaps only for what we lack
            return Verdict.IGNORE if block_hash in owner.out_of_reach else Verdict.REJECT
        is_other_history = is_other_history or _is_other_history(owner, header, block_hash)
        if handed_over is not None or owner.ledger.get_hash(header.height) == block_hash:
            continue
        entries = find_entries(owner, header.base)
        if entries is None:
            return Verdict.IGNORE
        if header.next_set_root is not None:
            handed_over = block_hash
        if not _is_authentic(owner, entries, announced, header_bytes):
            return Verdict.REJECT
    return Verdict.IGNORE if is_other_history else Verdict.ACCEPT


def _is_news(owner: Owner, header: Header, block_hash: BlockHash) -> bool:
    """Whether a block is of these slots, and we do not know it yet."""
    head, slot = owner.ledger.head, owner.clock.get_slot()
    return (
        head.slot - OLD_SLOTS < header.slot <= slot + EARLY_SLOTS
        and not is_known(owner.consensus, block_hash)
        and owner.ledger.get_hash(header.height) != block_hash
        and not contradicts(owner.trusted, header, block_hash)
    )


def _is_other_history(owner: Owner, header: Header, block_hash: BlockHash) -> bool:
    """Whether the block cannot be of the checkpoint's history; the operator is told."""
    is_other = contradicts(owner.trusted, header, block_hash)
    if is_other:
        owner.log.warning("contradicts_checkpoint", height=header.height, hash=block_hash)
    return is_other


def _is_authentic(
    owner: Owner, entries: Sequence[SetEntry], announced: SignedHeader, header_bytes: bytes
) -> bool:
    """Whether a seat of the set has signed the header, and its proof is at least a point."""
    try:
        entry = find_entry(entries, announced.header.seat)
    except Invalid:
        return False
    message = get_header_message(header_bytes)
    return (
        owner.known.holds(Signed(entry.vote_key, message, announced.signature))
        and vrf.guess_output(announced.header.vrf_proof) is not None
    )


def _is_among_first(owner: Owner, header: Header, block_hash: BlockHash) -> bool:
    """Whether the seat has not announced too many blocks of this slot; two prove its offence."""
    author = header.seat, header.slot
    announced = owner.announced.pop(author, ())
    is_first = block_hash in announced or len(announced) < SAME_SLOT_MAX
    if is_first and block_hash not in announced:
        announced = (*announced, block_hash)
    owner.announced[author] = announced
    if len(owner.announced) > ANNOUNCED_MAX:
        del owner.announced[next(iter(owner.announced))]
    return is_first


def _is_elected(owner: Owner, entries: Sequence[SetEntry], header: Header) -> bool:
    """Whether the author has won the slot; False: that cannot be said here.

    Raises Invalid when it is certain that it has not.
    """
    chain, known = owner.ledger.chain, owner.known
    parent = owner.consensus.tree.get(header.parent_hash)
    seed = _find_seed(owner, header)
    if parent is not None and seed is not None:
        if header.slot <= parent.slot:
            raise Invalid(Code.WRONG_SLOT)
        check_author(header, parent.slot, chain, seed, entries, known)
        return True
    # Above a block that we lack: branches that parted lately share our seed, and any rank may be
    # due. What does not fit may still be right on a branch that parted long ago; sync brings it.
    seed = _guess_seed(owner, header)
    if seed is None:
        return False
    try:
        check_author(header, 0, chain, seed, entries, known)
    except Invalid:
        return False
    return True


def _guess_seed(owner: Owner, header: Header) -> bytes | None:
    """The seed of the header's epoch on our own branch, when its blocks have fixed it already."""
    current = owner.ledger.state.randomness.require(CURRENT)
    epoch = header.slot // owner.ledger.constants.slots_per_epoch
    return {current.epoch: current.seed, current.epoch + 1: current.next_seed}.get(epoch)


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
