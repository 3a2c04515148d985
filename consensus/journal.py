"""What a seat remembers of its own signatures, and what it may therefore still sign.

One record per community and set, and beside the records from which round on a key that had lost
its journal may speak again; all of it is one value, which is written whole and safely before
anything is signed. The functions are pure; the file is the node's. docs/journal.md says what is
promised.
"""

from typing import Final

from msgspec.structs import replace

from chain.certificates import CERTIFICATE_BYTES_MAX, Finality, Justification
from chain.codec import Bytes32, Codec, Natural, Record, encode
from chain.crypto import compute_hash
from chain.header import HEADER_BYTES_MAX, BlockHash
from chain.votes import VOTE_BYTES_MAX, Prevote, Vote

JOURNAL_VERSION: Final = 2
# Nearly three days of hand-offs an hour. Older records only repeat what newer ones forbid, and all
# of it is written before each signature.
RECORDS_MAX: Final = 64
JOURNAL_BYTES_MAX: Final = (
    512
    + RECORDS_MAX * 512
    + 4 * (HEADER_BYTES_MAX + 2 * VOTE_BYTES_MAX + 2 * CERTIFICATE_BYTES_MAX)
)

NEVER: Final = 0  # no block has slot 0 but the genesis, so a seat that never signed stands here


class UnknownVersion(Exception):
    """A journal of another program; it must not be touched."""

    def __init__(self, version: int) -> None:
        super().__init__(f"a journal of version {version}")
        self.version = version


class SetRecord(Record, frozen=True):
    """What was signed in one set of one community, and what its signer knew to be decided.

    Only the newest record of a community keeps bytes and certificates. ``lock`` and ``final`` are
    nil while they are the base. The bytes of header and votes are canonical, without signature.
    """

    chain: Bytes32
    set: BlockHash
    base_slot: Natural  # slot of the set's hand-off block
    block_slot: Natural
    header: bytes
    prevote_round: Natural
    prevote: bytes
    ack_round: Natural
    ack: bytes
    lock: Justification | None
    final: Finality | None


class Activation(Record, frozen=True):
    """A key without its journal votes when something newer than ``round`` is justified.

    ``round`` is 0 once the operator has released the key; ``released_round`` is what it was
    silent up to then.
    """

    chain: Bytes32
    round: Natural
    since_slot: Natural  # when the loss was found
    released_round: Natural


class Journal(Record, frozen=True):
    """All that a seat's vote key has signed, as far as it matters. Born with the key."""

    version: Natural
    vote_key: Bytes32
    activations: tuple[Activation, ...]  # at most one a community
    records: tuple[SetRecord, ...]  # in the order in which their sets were entered


class JournalFile(Record, frozen=True):
    """The journal as it is kept: its bytes and their hash, so that a damaged one is noticed."""

    journal: bytes
    check: Bytes32


class _FirstSetRecord(Record, frozen=True):
    """A record of version 1, which knew blocks only."""

    chain: Bytes32
    set: BlockHash
    block_slot: Natural
    header: bytes


class _FirstJournal(Record, frozen=True):
    """A journal of version 1."""

    version: Natural
    vote_key: Bytes32
    records: tuple[_FirstSetRecord, ...]


JOURNALS: Final = Codec(Journal, JOURNAL_BYTES_MAX)
JOURNAL_FILES: Final = Codec(JournalFile, JOURNAL_BYTES_MAX + 64)
_FIRST_JOURNALS: Final = Codec(_FirstJournal, JOURNAL_BYTES_MAX)


def build_journal(vote_key: bytes) -> Journal:
    """The journal of a key that has never signed."""
    return Journal(version=JOURNAL_VERSION, vote_key=vote_key, activations=(), records=())


def decode_journal(data: bytes) -> Journal:
    """The journal of these bytes, brought to the present version.

    Raises Invalid when they are none, UnknownVersion when they are that of another program.
    """
    version = data[1] if len(data) > 1 else 0  # after the byte that opens the array
    if version == JOURNAL_VERSION:
        return JOURNALS.decode(data)
    if version == 1:
        return _upgrade(_FIRST_JOURNALS.decode(data))
    raise UnknownVersion(version)


def compute_check(journal_bytes: bytes) -> bytes:
    """The hash that stands beside a journal's bytes."""
    return compute_hash(b"journal", journal_bytes)


def has_signed(journal: Journal) -> bool:
    """Whether the key has ever signed anything, or may have."""
    return bool(journal.activations) or any(
        item.block_slot > NEVER or max(item.prevote_round, item.ack_round) > item.base_slot
        for item in journal.records
    )


def find_record(journal: Journal, chain: bytes, set_hash: BlockHash) -> SetRecord | None:
    """The record of a set."""
    for item in reversed(journal.records):
        if (item.chain, item.set) == (chain, set_hash):
            return item
    return None


def find_newest_record(journal: Journal, chain: bytes) -> SetRecord | None:
    """The record of the set that was entered last in this community."""
    for item in reversed(journal.records):
        if item.chain == chain:
            return item
    return None


def find_activation(journal: Journal, chain: bytes) -> Activation | None:
    """Whether and since when the key had lost its journal in this community."""
    return next((item for item in journal.activations if item.chain == chain), None)


def get_signed_slot(journal: Journal, chain: bytes) -> int:
    """The newest slot of which this community has a header of ours, of whichever set."""
    return max((item.block_slot for item in journal.records if item.chain == chain), default=NEVER)


def get_signed_round(journal: Journal, chain: bytes) -> int:
    """The newest slot or round of which anything of ours may exist in this community."""
    return max(
        (
            max(item.block_slot, item.prevote_round, item.ack_round)
            for item in journal.records
            if item.chain == chain
        ),
        default=NEVER,
    )


def get_voted_rounds(journal: Journal, chain: bytes) -> tuple[int, int]:
    """The newest rounds of which this community has a prevote and an ack of ours, of any set."""
    records = [item for item in journal.records if item.chain == chain]
    return (
        max((item.prevote_round for item in records), default=NEVER),
        max((item.ack_round for item in records), default=NEVER),
    )


def may_sign_block(journal: Journal, chain: bytes, slot: int) -> bool:
    """Whether a header of this slot would be the first of it. Slots only rise."""
    return slot > get_signed_slot(journal, chain)


def get_signed_header(journal: Journal, chain: bytes, slot: int) -> bytes | None:
    """The header that was signed for a slot, to be shown again; None: not ours to show."""
    for item in journal.records:
        if item.chain == chain and item.block_slot == slot and item.header:
            return item.header
    return None


def enter_set(journal: Journal, chain: bytes, set_hash: BlockHash, base_slot: int) -> Journal:
    """The journal with a record of this set, the newest of its community.

    A new record starts at its base. When the key's journal had been lost and the set is not newer
    than that, it starts where the lost one might have ended. A set that was left is never entered
    again: raises AssertionError.
    """
    if find_record(journal, chain, set_hash) is not None:
        assert find_newest_record(journal, chain) == find_record(journal, chain, set_hash)
        return journal
    newest = find_newest_record(journal, chain)
    assert newest is None or newest.base_slot < base_slot, "sets are entered in their order"
    activation = find_activation(journal, chain)
    floor = 0
    if activation is not None:
        lost = max(activation.round, activation.released_round)
        floor = lost if base_slot <= lost else 0
    entry = SetRecord(
        chain=chain,
        set=set_hash,
        base_slot=base_slot,
        block_slot=floor,
        header=b"",
        prevote_round=max(base_slot, floor),
        prevote=b"",
        ack_round=max(base_slot, floor),
        ack=b"",
        lock=None,
        final=None,
    )
    return _put_last(journal, entry)


def record_block(
    journal: Journal,
    chain: bytes,
    set_hash: BlockHash,
    slot: int,
    header: bytes,
    base_slot: int = 0,
) -> Journal:
    """The journal that must lie safely on disk before this header is signed.

    A header is noted in the record of the set that our votes belong to, which may be older than the
    header's: slots of all records of a community count. Without one it opens ``set_hash``.
    """
    assert may_sign_block(journal, chain, slot), "a seat signs one header of a slot"
    if find_newest_record(journal, chain) is None:
        journal = enter_set(journal, chain, set_hash, base_slot)
    entry = find_newest_record(journal, chain)
    assert entry is not None
    return _put_last(journal, replace(entry, block_slot=slot, header=header))


def record_vote(
    journal: Journal, body: Vote, lock: Justification | None, final: Finality | None
) -> Journal:
    """The journal that must lie safely on disk before this vote is signed.

    ``lock`` and ``final`` are what its signer holds for justified and final; they are kept in the
    same write as an ack, so that they are never older than one.
    """
    entry = find_newest_record(journal, body.chain)
    assert entry is not None, "a set is entered before it is voted in"
    assert entry.set == body.set, "only the newest set is voted in"
    entry = replace(entry, lock=lock, final=final)
    if isinstance(body, Prevote):
        assert body.round > entry.prevote_round, "a seat prevotes once a round"
        entry = replace(entry, prevote_round=body.round, prevote=encode(body))
    else:
        assert body.round > entry.ack_round, "a seat acks once a round"
        assert body.round >= entry.prevote_round, "no ack below a prevote"
        assert body.round <= get_lock_round(entry), "what is justified is as new as any ack"
        entry = replace(entry, ack_round=body.round, ack=encode(body))
    return _put_last(journal, entry)


def get_lock_round(entry: SetRecord) -> int:
    """The highest round that the signer held for justified; what is final is justified."""
    lock_round = entry.lock.body.round if entry.lock else entry.base_slot
    final_round = entry.final.body.round if entry.final else entry.base_slot
    return max(lock_round, final_round)


def record_decided(
    journal: Journal,
    chain: bytes,
    set_hash: BlockHash,
    lock: Justification | None,
    final: Finality | None,
) -> Journal:
    """The journal with what its signer holds for justified and final in the newest set."""
    entry = find_newest_record(journal, chain)
    if entry is None or entry.set != set_hash or (entry.lock, entry.final) == (lock, final):
        return journal
    return _put_last(journal, replace(entry, lock=lock, final=final))


def record_loss(journal: Journal, chain: bytes, round_: int, slot: int) -> Journal:
    """The journal of a key that may have signed up to, and not including, this round."""
    entry = find_newest_record(journal, chain)
    if entry is not None:
        journal = _put_last(journal, _set_marks(entry, round_))
    return _put_activation(journal, Activation(chain, round_, slot, 0))


def record_release(journal: Journal, chain: bytes, round_: int) -> Journal:
    """The journal of a key whose operator releases it: silent up to this round, then free.

    Marks may fall here, and only here: a loss that was found with a clock far ahead would silence
    the key for as long.
    """
    activation = find_activation(journal, chain)
    assert activation is not None, "only a key that lost its journal is released"
    entry = find_newest_record(journal, chain)
    if entry is not None:
        journal = _put_last(journal, _set_marks(entry, round_))
    return _put_activation(journal, replace(activation, round=0, released_round=round_))


def _set_marks(entry: SetRecord, round_: int) -> SetRecord:
    return replace(entry, block_slot=round_, prevote_round=round_, ack_round=round_)


def _put_activation(journal: Journal, activation: Activation) -> Journal:
    rest = [item for item in journal.activations if item.chain != activation.chain]
    return replace(journal, activations=(*rest[-(RECORDS_MAX - 1) :], activation))


def _put_last(journal: Journal, entry: SetRecord) -> Journal:
    """Older records of a community keep their figures only; beyond the most the oldest go."""
    rest = [
        _leave(item) if item.chain == entry.chain else item
        for item in journal.records
        if (item.chain, item.set) != (entry.chain, entry.set)
    ]
    return replace(journal, records=(*rest[-(RECORDS_MAX - 1) :], entry))


def _leave(entry: SetRecord) -> SetRecord:
    """What is kept of a set once another is entered."""
    if not (entry.header or entry.prevote or entry.ack or entry.lock or entry.final):
        return entry
    return replace(entry, header=b"", prevote=b"", ack=b"", lock=None, final=None)


def _upgrade(first: _FirstJournal) -> Journal:
    """Version 1 knew no votes, and there were no sets but that of the genesis."""
    journal = build_journal(first.vote_key)
    for item in first.records:
        journal = _put_last(
            journal,
            SetRecord(
                chain=item.chain,
                set=item.set,
                base_slot=0,
                block_slot=item.block_slot,
                header=item.header,
                prevote_round=0,
                prevote=b"",
                ack_round=0,
                ack=b"",
                lock=None,
                final=None,
            ),
        )
    return journal
