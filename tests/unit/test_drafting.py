"""What a producer chooses of an offer is what the rules accept, whatever else was offered."""

from msgspec.structs import replace

from chain.actions import Pay
from chain.block import NO_PARTS, BlockParts, SealedBlock, decode_block
from chain.codec import encode
from chain.drafting import NO_OFFER, Offer, open_draft
from chain.header import PRIMARY
from chain.records import EVIDENCE_IN_BLOCK_MAX, FinalityRecord
from chain.rules.context import Author
from tests.community import PAI, Community, get_account_id
from tests.recording import add_acks, attend, call_roll, certify, vote, with_finality
from tests.unit.test_evidence import OFFENCES, accuse
from tests.unit.test_finality_record import grow
from tests.unit.test_sets import hand_over

MAKER = Author(get_account_id("ann"), PRIMARY, bytes(64))


def choose(c: Community, offer: Offer) -> BlockParts:
    context = c.ledger.get_context(c.ledger.head.slot + 1)
    root = c.ledger.root
    parts = open_draft(c.ledger.open_view(), context, c.ledger.queue, MAKER, offer, c.checks)
    assert c.ledger.draft(context, MAKER, (), c.checks, parts)
    assert c.ledger.root == root
    return parts


def get_block(c: Community, height: int) -> SealedBlock:
    found = c.ledger.get_block(c.ledger.get_hash(height) or b"")
    assert found is not None
    return found


def test_nothing_offered_is_nothing_chosen() -> None:
    assert choose(Community(), NO_OFFER) is NO_PARTS


def test_the_first_good_record_of_finality_is_chosen() -> None:
    c = Community()
    blocks = grow(c, 7)
    good = certify(c, blocks[5], 6)
    weak = certify(c, blocks[6], 7, absent=("ann", "boris"))
    overloaded = certify(c, blocks[6], 7, justified=True)
    offer = Offer(finalities=(weak, overloaded, good, certify(c, blocks[4], 5)))
    assert choose(c, offer) == with_finality(good)
    c.extend()
    assert choose(c, offer) is NO_PARTS


def test_a_hand_off_is_recorded_by_the_set_that_it_ended() -> None:
    c = Community()
    old = c.ledger.seat_set
    handoff = hand_over(c)
    while c.ledger.head.height % 8 != 7:
        c.extend()
    record = certify(c, handoff, 21, seat_set=old, justified=True)
    assert choose(c, Offer(finalities=(record,))) == with_finality(record)


def test_everything_at_once() -> None:
    c = Community()
    blocks = grow(c, 7)
    record = certify(c, blocks[6], 7, absent=("clara",))
    c.extend(parts=with_finality(record))
    grow(c, 3)
    heres = (attend(c, "boris", 10, blocks[1].hash), attend(c, "boris", 10, blocks[0].hash))
    evidence = tuple(build(c) for _, build in OFFENCES.values())
    acks = (vote("clara", record.finality.body),)
    offer = Offer(acks=acks, heres=heres, evidence=(*evidence, *evidence))
    parts = choose(c, offer)
    assert parts == BlockParts(
        late_acks=add_acks(c, record.finality.body, ["clara"]),
        roll_call=call_roll(c, 10, [(blocks[0].hash, ["boris"])]),
        evidence=evidence,
    )
    block = c.extend([c.sign("emma", Pay(get_account_id("farid"), PAI, ""))], parts=parts)
    assert decode_block(encode(block.block)) == block
    assert block.parts == parts


def test_no_more_evidence_than_a_block_may_carry() -> None:
    c = Community()
    grow(c, 3)
    pairs = (
        ("ack 5 of one", "ack 5 of two"),
        ("prevote 5 of one", "prevote 5 of two"),
        ("ack 5 of one", "prevote 6 of three"),
    )
    offered = [accuse(c, *pair, name) for name in ("ann", "boris", "clara") for pair in pairs]
    assert len(offered) > EVIDENCE_IN_BLOCK_MAX
    parts = choose(c, Offer(evidence=tuple(offered)))
    assert parts.evidence == tuple(offered[:EVIDENCE_IN_BLOCK_MAX])


def test_an_unreadable_record_is_passed_over() -> None:
    c = Community()
    blocks = grow(c, 7)
    good = certify(c, blocks[5], 6)
    finality = replace(good.finality, bits=b"")
    assert choose(c, Offer(finalities=(FinalityRecord(None, finality),))) is NO_PARTS
