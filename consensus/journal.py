"""What a seat remembers of its own signatures, and what it may therefore still sign.

One record per community and set; all of them are one value, which is written whole and safely
before anything is signed. The functions are pure; the file is the node's. docs/journal.md says what
is promised.
"""

from typing import Final

from msgspec.structs import replace

from chain.codec import Bytes32, Codec, Natural, Record
from chain.crypto import compute_hash
from chain.header import HEADER_BYTES_MAX, BlockHash

JOURNAL_VERSION: Final = 1
# Nearly three days of hand-offs an hour. Older records only repeat what newer ones forbid, and all
# of it is written before each signature.
RECORDS_MAX: Final = 64
JOURNAL_BYTES_MAX: Final = 256 + RECORDS_MAX * (HEADER_BYTES_MAX + 128)

NEVER: Final = 0  # no block has slot 0 but the genesis, so a seat that never signed stands here


class SetRecord(Record, frozen=True):
    """What was signed in one set of one community: the newest block's slot and its header."""

    chain: Bytes32
    set: BlockHash
    block_slot: Natural
    header: bytes  # canonical bytes without the signature; only the newest record keeps them


class Journal(Record, frozen=True):
    """All that a seat's vote key has signed, as far as it matters. Born with the key."""

    version: Natural
    vote_key: Bytes32
    records: tuple[SetRecord, ...]  # in the order in which their sets were entered


class JournalFile(Record, frozen=True):
    """The journal as it is kept: its bytes and their hash, so that a damaged one is noticed."""

    journal: bytes
    check: Bytes32


JOURNALS: Final = Codec(Journal, JOURNAL_BYTES_MAX)
JOURNAL_FILES: Final = Codec(JournalFile, JOURNAL_BYTES_MAX + 64)


def build_journal(vote_key: bytes) -> Journal:
    """The journal of a key that has never signed."""
    return Journal(version=JOURNAL_VERSION, vote_key=vote_key, records=())


def compute_check(journal_bytes: bytes) -> bytes:
    """The hash that stands beside a journal's bytes."""
    return compute_hash(b"journal", journal_bytes)


def has_signed(journal: Journal) -> bool:
    """Whether the key has ever signed anything."""
    return bool(journal.records)


def get_signed_slot(journal: Journal, chain: bytes) -> int:
    """The newest slot of which this community has a header of ours, of whichever set."""
    return max((item.block_slot for item in journal.records if item.chain == chain), default=NEVER)


def may_sign_block(journal: Journal, chain: bytes, slot: int) -> bool:
    """Whether a header of this slot would be the first of it. Slots only rise."""
    return slot > get_signed_slot(journal, chain)


def get_signed_header(journal: Journal, chain: bytes, slot: int) -> bytes | None:
    """The header that was signed for a slot, to be shown again; None: not ours to show."""
    for item in journal.records:
        if item.chain == chain and item.block_slot == slot and item.header:
            return item.header
    return None


def record_block(
    journal: Journal, chain: bytes, set_hash: BlockHash, slot: int, header: bytes
) -> Journal:
    """The journal that must lie safely on disk before this header is signed."""
    assert may_sign_block(journal, chain, slot), "a seat signs one header of a slot"
    entry = SetRecord(chain=chain, set=set_hash, block_slot=slot, header=header)
    rest = [
        replace(item, header=b"")
        for item in journal.records
        if (item.chain, item.set) != (chain, set_hash)
    ]
    return replace(journal, records=(*rest[-(RECORDS_MAX - 1) :], entry))
