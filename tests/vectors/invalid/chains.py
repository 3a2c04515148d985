"""Refusals of blocks: headers, bodies, and what consensus puts on record in them."""

from collections.abc import Iterator

from chain.actions import Pay
from chain.block import NO_PARTS, BlockParts, SealedBlock, compute_body_root
from chain.errors import Code
from tests.community import PAI, Community, build_genesis, get_account_id, with_parameters
from tests.unit import test_evidence, test_finality_record, test_refusals, test_rollcall
from tests.vectors.invalid.scenes import Vector, look_at, put_body, refuse_block

BY_HAND = {Code.BLOCK_BYTES_EXCEEDED}  # the test's rows are made by hand: below by blocks alone


def build_blocks() -> Iterator[Vector]:
    """Headers and bodies."""
    for code, make in test_refusals.BLOCKS.items():
        if code not in BY_HAND:
            community = test_refusals.build()
            blocks = make(community)
            bad = _resign(blocks.bad)
            yield refuse_block(code.name, code, look_at(community), bad, blocks.good)
    for name, (code, make_bad) in test_refusals.MORE_BAD_BLOCKS.items():
        community = test_refusals.build()
        bad = _resign(make_bad(community))
        yield refuse_block(name, code, look_at(community), bad, None)
    yield _overfill()


def _resign(block: SealedBlock) -> SealedBlock:
    """The tests' blocks skip the door at which a body is held to its header; these must pass it."""
    if compute_body_root(block.transactions, block.parts) == block.header.body_root:
        return block
    return put_body(block, block.transactions, block.parts)


def _overfill() -> Vector:
    """Sixteen transactions of 8 kB are more bytes than a block of this community holds."""
    genesis = with_parameters(build_genesis(), block_units=8_000, block_bytes=128 * 1_024)
    community = Community(genesis)
    memo = Pay(get_account_id("ann"), 1, "x" * 140)
    names = ("boris", "clara", "daniil", "emma", "farid", "galina", "hamit")
    sealed = tuple(
        community.sign(name, *[memo] * 58, fee_max=10 * PAI, sequence=sequence)
        for sequence in range(3)
        for name in names
    )
    scene = look_at(community)
    good, _ = community.build_block()
    sizes = [len(item.whole_bytes) for item in sealed]
    enough = next(n for n in range(len(sealed)) if sum(sizes[:n]) > 128 * 1_024)
    bad = put_body(good, sealed[:enough], NO_PARTS)
    return refuse_block("one transaction too large", Code.BLOCK_BYTES_EXCEEDED, scene, bad, None)


def build_records() -> Iterator[Vector]:
    """Finality, late acks, roll-calls and evidence."""
    for code, make_record in test_finality_record.CASES.items():
        community = Community()
        blocks = test_finality_record.grow(community, 7)
        yield _refuse_parts(code, community, *make_record(community, blocks))
    for code, make in test_rollcall.CASES.items():
        community = test_rollcall.at_slot(10)
        yield _refuse_parts(code, community, *make(community))
    for code, make in test_evidence.CASES.items():
        community = Community()
        test_finality_record.grow(community, 3)
        yield _refuse_parts(code, community, *make(community))


def _refuse_parts(code: Code, community: Community, bad: BlockParts, good: BlockParts) -> Vector:
    """Records that the next block must not carry, and such as it may."""
    scene = look_at(community)
    if code is Code.NO_BOND_LOCKED:  # rows by hand: the test's own tree does not know them
        block, _ = community.build_block(parts=NO_PARTS)
        return refuse_block(code.name, code, scene, put_body(block, (), bad), None)
    block, _ = community.build_block(parts=good)
    return refuse_block(code.name, code, scene, put_body(block, (), bad), block)
