"""What seats sign for a block's records, made for a test's community: certificates and the rest."""

from collections.abc import Iterable, Sequence

from chain.block import BlockParts, SealedBlock
from chain.certificates import Finality, Justification, pack_bits
from chain.header import BlockHash, Header, SignedHeader, sign_header
from chain.records import Attendance, FinalityRecord, LateAcks, RollCall
from chain.tables import SeatSet
from chain.votes import (
    Ack,
    Here,
    Prevote,
    SignedHere,
    SignedVote,
    Vote,
    sign_here,
    sign_vote,
)
from tests.community import Community, get_account_id, get_key, get_name


def build_ack(
    c: Community, target: SealedBlock, vote_round: int, *, level: int = 0, set_hash: bytes = b""
) -> Ack:
    """An ack of the block, by the set of the block unless another one is named."""
    header = target.header
    return Ack(c.chain, set_hash or header.base, vote_round, level, target.hash, header.height)


def build_prevote(ack: Ack, source_hash: BlockHash, source_round: int) -> Prevote:
    """The prevote that goes before an ack."""
    return Prevote(
        ack.chain,
        ack.set,
        ack.round,
        ack.level,
        source_hash,
        source_round,
        ack.target_hash,
        ack.target_height,
    )


def vote(name: str, body: Vote) -> SignedVote:
    """The vote of a name's seat."""
    return sign_vote(get_account_id(name), body, get_key(f"{name}/vote"))


def collect(
    seat_set: SeatSet, body: Vote, absent: Sequence[str] = ()
) -> tuple[bytes, tuple[bytes, ...]]:
    """Bits and signatures of all seats of the set but these."""
    names = [get_name(entry.seat) for entry in seat_set.entries]
    signatures = [vote(name, body).signature for name in names if name not in absent]
    return pack_bits([name not in absent for name in names]), tuple(signatures)


def certify(
    c: Community,
    target: SealedBlock,
    vote_round: int,
    *,
    seat_set: SeatSet | None = None,
    absent: Sequence[str] = (),
    level: int = 0,
    justified: bool = False,
) -> FinalityRecord:
    """The record that makes a block final, by the community's present set unless another."""
    chosen = seat_set or c.ledger.seat_set
    ack = build_ack(c, target, vote_round, level=level, set_hash=chosen.base)
    bits, signatures = collect(chosen, ack, absent)
    justification = None
    if justified:
        prevote = build_prevote(ack, chosen.base, chosen.base_slot)
        justification = Justification(prevote, *collect(chosen, prevote, absent))
    return FinalityRecord(justification, Finality(ack, bits, signatures))


def with_finality(record: FinalityRecord) -> BlockParts:
    """A block's parts when it records only that."""
    return BlockParts(finality=record)


def add_acks(c: Community, ack: Ack, names: Iterable[str]) -> LateAcks:
    """Late acks of the present set by these names."""
    entries = c.ledger.seat_set.entries
    others = [get_name(entry.seat) for entry in entries if get_name(entry.seat) not in names]
    return LateAcks(ack.round, *collect(c.ledger.seat_set, ack, others))


def attend(c: Community, name: str, roll_round: int, head: BlockHash) -> SignedHere:
    """The attendance of a name's seat."""
    return sign_here(Here(c.chain, get_account_id(name), roll_round, head), get_key(f"{name}/vote"))


def call_roll(
    c: Community, roll_round: int, standing: Sequence[tuple[BlockHash, Sequence[str]]]
) -> RollCall:
    """Who stands where, over the bonded seats; heads in the order given."""
    bonded = c.ledger.state.bonded_seats.require(b"current").seats
    heads = []
    for head, names in standing:
        present = [get_name(seat) in names for seat in bonded]
        signatures = [
            attend(c, get_name(seat), roll_round, head).signature
            for seat, is_present in zip(bonded, present, strict=True)
            if is_present
        ]
        heads.append(Attendance(head, pack_bits(present), tuple(signatures)))
    return RollCall(roll_round, tuple(heads))


def sign_as(name: str, header: Header) -> SignedHeader:
    """A header signed by a name's seat."""
    return sign_header(header, get_key(f"{name}/vote"))
