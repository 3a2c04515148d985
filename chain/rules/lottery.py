"""Who may author a block: a private draw for primaries, a public order for secondaries.

A primary's chance is his weight's share of one half a slot, decided by a VRF that nobody else can
compute before he shows it. For slots without one there is a weighted order of all seats, which
widens with the gap since the parent, so that any lone survivor can carry the chain on.
"""

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from chain.checks import SignatureChecks, VrfClaim
from chain.crypto import compute_hash, u32, u64
from chain.errors import Code, Invalid
from chain.header import PRIMARY, Header
from chain.tables import SetEntry

SLOTS_PER_RANK: Final = 4  # one more rank may author for each so many slots without a block
_VRF_TAG: Final = b"pai/vrf/1"
_OUTPUT_RANGE: Final = 2**64


def get_alpha(chain: bytes, seed: bytes, slot: int) -> bytes:
    """The VRF input of a slot."""
    return _VRF_TAG + chain + seed + u64(slot)


def is_primary(output: bytes, weight: int, total_weight: int) -> bool:
    """Whether a VRF output wins the slot for a seat of this weight."""
    drawn = int.from_bytes(output[:8], "big")
    return drawn * 2 * total_weight < weight * _OUTPUT_RANGE


def get_rank_limit(slot: int, parent_slot: int) -> int:
    """The highest rank that may author a secondary block in this slot."""
    return (slot - parent_slot) // SLOTS_PER_RANK


def compute_secondary_order(
    entries: Sequence[SetEntry], seed: bytes, slot: int, ranks: int
) -> list[SetEntry]:
    """The first ``ranks`` seats of the slot's order: drawn by weight, without replacement."""
    rest = list(entries)
    total = sum(entry.weight for entry in rest)
    order: list[SetEntry] = []
    while rest and len(order) < ranks:
        digest = compute_hash(b"sec", seed, u64(slot), u32(len(order)))
        drawn = int.from_bytes(digest[:16], "big") % total
        entry = _pick(rest, drawn)
        order.append(entry)
        total -= entry.weight
        rest.remove(entry)
    return order


def _pick(entries: Sequence[SetEntry], drawn: int) -> SetEntry:
    """The entry where the running sum of weights first exceeds what was drawn."""
    for entry in entries:
        if drawn < entry.weight:
            return entry
        drawn -= entry.weight
    raise AssertionError("drawn below the sum of weights")


def check_author(
    header: Header,
    parent_slot: int,
    chain: bytes,
    seed: bytes,
    entries: Sequence[SetEntry],
    checks: SignatureChecks,
) -> bytes:
    """The VRF output of a rightful author. Raises Invalid when the seat did not win the slot."""
    entry = find_entry(entries, header.seat)
    claim = VrfClaim(entry.vrf_key, get_alpha(chain, seed, header.slot), header.vrf_proof)
    output = checks.open_vrf(claim)
    if output is None:
        raise Invalid(Code.BAD_VRF_PROOF)
    if header.kind == PRIMARY:
        total = sum(item.weight for item in entries)
        if not is_primary(output, entry.weight, total):
            raise Invalid(Code.NOT_ELECTED)
        if header.rank != 0:
            raise Invalid(Code.WRONG_RANK, "a primary has rank 0")
        return output
    if header.rank > get_rank_limit(header.slot, parent_slot):
        raise Invalid(Code.WRONG_RANK, f"rank {header.rank} is not due yet")
    order = compute_secondary_order(entries, seed, header.slot, header.rank + 1)
    if len(order) <= header.rank or order[header.rank].seat != header.seat:
        raise Invalid(Code.WRONG_RANK, f"rank {header.rank} belongs to another seat")
    return output


def find_entry(entries: Sequence[SetEntry], seat: bytes) -> SetEntry:
    """The seat's place in the set. Raises Invalid when it has none."""
    entry = search_entry(entries, seat)
    if entry is None:
        raise Invalid(Code.NOT_IN_SET, seat.hex())
    return entry


def search_entry(entries: Sequence[SetEntry], seat: bytes) -> SetEntry | None:
    """The same; None: it has none. Seats of a set rise, so not all of them are looked at."""
    place = bisect_left(entries, seat, key=_get_seat)
    if place < len(entries) and entries[place].seat == seat:
        return entries[place]
    return None


_get_seat: Final = attrgetter("seat")
