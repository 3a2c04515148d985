"""A stranger believes what a proof shows and nothing else; every changed byte is refused."""

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import Pay
from chain.block import compute_leaf_hash, compute_tree_root
from chain.certificates import compute_set_root
from chain.checks import DirectChecks
from chain.codec import encode
from chain.crypto import compute_hash
from chain.errors import Code, Invalid
from chain.header import Header, compute_block_hash
from chain.proof import (
    CHECKPOINTS,
    PROOFS,
    Checkpoint,
    FinalityProof,
    HandOff,
    RowClaim,
    TransactionClaim,
    build_start,
    build_transaction_claim,
    check_set_age,
    verify_finality,
)
from chain.tables import ACCOUNTS, CURRENT
from tests.certified import (
    Way,
    build_ack,
    build_hand_off,
    build_header,
    build_prevote,
    build_seats,
    build_target,
    build_way,
    finalise,
    get_seats,
    justify,
)
from tests.community import PAI, Community, get_account_id

FIRST = build_seats(["a", "b", "c", "d"])
SECOND = build_seats(["c", "d", "e", "f", "g"])
THIRD = build_seats(["x", "y", "z", "w"], weight=7)
WAY = build_way([FIRST, SECOND, THIRD])
EMPTY_PARTS = (compute_hash(b"part", encode(None)),) * 5


def check(way: Way) -> Code | None:
    try:
        verify_finality(way.trusted, way.proof, DirectChecks())
    except Invalid as error:
        return error.code
    return None


def edit(way: Way, **changes: object) -> Way:
    return way._replace(proof=replace(way.proof, **changes))


def edit_step(way: Way, number: int, **changes: object) -> Way:
    steps = list(way.proof.hand_offs)
    steps[number] = replace(steps[number], **changes)
    return edit(way, hand_offs=tuple(steps))


def get_step(way: Way, number: int) -> HandOff:
    return way.proof.hand_offs[number]


def resign(
    way: Way, *, round_: int | None = None, source: int = 0, level: int | None = None
) -> Way:
    """The first hand-off with a justification whose body is another, rightly signed."""
    body = get_step(way, 0).justification.body
    body = replace(
        body,
        round=body.round if round_ is None else round_,
        source_round=source,
        level=body.level if level is None else level,
    )
    return edit_step(way, 0, justification=justify(FIRST, body))


def claim_early_round(way: Way) -> Way:
    target = way.proof.target
    assert target is not None
    ack = replace(build_ack(target.header), round=target.header.slot - 1)
    return edit(way, target=replace(target, finality=finalise(THIRD, ack)))


def take_too_few(way: Way) -> Way:
    target = way.proof.target
    assert target is not None
    few = finalise(THIRD, build_ack(target.header), [0, 1])
    return edit(way, target=replace(target, finality=few))


def end_with_hand_off(way: Way) -> Way:
    """The first hand-off shown as the last block."""
    step = get_step(way, 0)
    target = way.proof.target
    assert target is not None
    shown = replace(target, header=step.header, finality=step.finality)
    return edit(way, hand_offs=(), target=shown)


def hand_off_nothing(way: Way) -> Way:
    header = replace(get_step(way, 0).header, next_set_root=None)
    return edit_step(
        way,
        0,
        header=header,
        justification=justify(FIRST, build_prevote(header)),
        finality=finalise(FIRST, build_ack(header)),
    )


def hand_off_to(way: Way, entries: tuple[object, ...]) -> Way:
    """The first hand-off, rightly certified, to a list that is none."""
    seats = FIRST._replace(entries=entries)  # type: ignore[arg-type]  # some cases are no entries
    step = build_hand_off(FIRST, seats, build_header(way.trusted.chain, 10, way.trusted.set))
    return edit(way, hand_offs=(step,), target=None)


def vote_elsewhere(way: Way) -> Way:
    """The last block with good acks of another."""
    target = way.proof.target
    assert target is not None
    other = build_header(way.trusted.chain, 33, target.header.base)
    return edit(way, target=replace(target, finality=finalise(THIRD, build_ack(other))))


def start_elsewhere(way: Way) -> Way:
    return way._replace(trusted=replace(way.trusted, chain=bytes(32)))


def start_above(way: Way) -> Way:
    return way._replace(trusted=replace(way.trusted, height=40, slot=80))


def claim_row(way: Way) -> Way:
    community = Community()
    _, proof = community.ledger.prove(b"a" + get_account_id("emma"))
    return edit(way, claim=RowClaim(b"a" + get_account_id("emma"), b"", proof))


def claim_transaction(way: Way) -> Way:
    claim = build_transaction_claim([b"one", b"two"], 0, EMPTY_PARTS)
    return edit(way, claim=claim)


def descend(way: Way, header: Header) -> Way:
    return edit(way, ancestors=(header,))


def repeat_key(way: Way) -> Way:
    first, second, *rest = SECOND.entries
    return hand_off_to(way, (first, replace(second, standby_key=first.vote_key), *rest))


REFUSALS: dict[str, tuple[Code, Callable[[Way], Way]]] = {
    "version": (Code.UNKNOWN_PROOF, lambda way: edit(way, version=2)),
    "first list": (Code.WRONG_NEXT_LIST, lambda way: edit(way, entries=SECOND.entries)),
    "next list": (Code.WRONG_NEXT_LIST, lambda way: edit_step(way, 0, entries=THIRD.entries)),
    "order of seats": (Code.BAD_SET_LIST, lambda way: hand_off_to(way, SECOND.entries[::-1])),
    "seat twice": (Code.BAD_SET_LIST, lambda way: hand_off_to(way, SECOND.entries[:1] * 2)),
    "key twice": (Code.BAD_SET_LIST, repeat_key),
    "no weight": (
        Code.BAD_SET_LIST,
        lambda way: hand_off_to(way, (replace(SECOND.entries[0], weight=0),)),
    ),
    "community": (Code.WRONG_CHAIN, start_elsewhere),
    "below the start": (Code.PROOF_GOES_BACK, start_above),
    "hand-offs swapped": (
        Code.VOTE_OF_ANOTHER_SET,
        lambda way: edit(way, hand_offs=(get_step(way, 1), get_step(way, 0))),
    ),
    "hand-off left out": (
        Code.VOTE_OF_ANOTHER_SET,
        lambda way: edit(way, hand_offs=(get_step(way, 0),)),
    ),
    "hand-off twice": (
        Code.VOTE_OF_ANOTHER_SET,
        lambda way: edit(way, hand_offs=(get_step(way, 0), get_step(way, 0))),
    ),
    "acks of another set": (
        Code.VOTE_OF_ANOTHER_SET,
        lambda way: edit_step(
            way,
            0,
            justification=justify(
                FIRST, replace(build_prevote(get_step(way, 0).header), set=bytes(32))
            ),
            finality=finalise(FIRST, replace(build_ack(get_step(way, 0).header), set=bytes(32))),
        ),
    ),
    "acks of another block": (Code.VOTE_FOR_ANOTHER_BLOCK, vote_elsewhere),
    "rounds differ": (Code.CERTIFICATES_DISAGREE, lambda way: resign(way, round_=50)),
    "levels differ": (Code.CERTIFICATES_DISAGREE, lambda way: resign(way, level=1)),
    "justification of another block": (
        Code.CERTIFICATES_DISAGREE,
        lambda way: edit_step(way, 0, justification=get_step(way, 1).justification),
    ),
    "source not before": (Code.WRONG_ROUND, lambda way: resign(way, source=21)),
    "round before the slot": (Code.WRONG_ROUND, claim_early_round),
    "hand-off without list": (Code.WRONG_HAND_OFF, hand_off_nothing),
    "hand-off as last block": (Code.WRONG_HAND_OFF, end_with_hand_off),
    "ancestor of another": (
        Code.NOT_AN_ANCESTOR,
        lambda way: descend(way, build_header(way.trusted.chain, 29, way.trusted.set)),
    ),
    "ancestor of the start": (
        Code.NOT_AN_ANCESTOR,
        lambda way: edit(descend(way, get_step(way, 0).header), hand_offs=(), target=None),
    ),
    "too few": (Code.NO_QUORUM, take_too_few),
    "signed by others": (
        Code.BAD_CERTIFICATE,
        lambda way: edit_step(way, 0, finality=finalise(THIRD, build_ack(get_step(way, 0).header))),
    ),
    "row": (Code.ROW_NOT_PROVEN, claim_row),
    "transaction": (Code.TRANSACTION_NOT_PROVEN, claim_transaction),
    "transaction of no block": (
        Code.TRANSACTION_NOT_PROVEN,
        lambda way: edit(claim_transaction(way), hand_offs=(), target=None),
    ),
}
REFUSED = {code for code, _ in REFUSALS.values()} | {Code.CHECKPOINT_TOO_OLD}


def test_a_proof_leads_from_the_genesis_over_hand_offs_to_the_last_block() -> None:
    proven = verify_finality(WAY.trusted, WAY.proof, DirectChecks())
    target = WAY.proof.target
    assert target is not None
    assert proven.header == target.header
    assert proven.entries == THIRD.entries
    assert (proven.hand_offs, proven.level) == (2, 0)
    assert proven.checkpoint == Checkpoint(
        WAY.trusted.chain,
        compute_block_hash(encode(target.header)),
        30,
        60,
        target.header.state_root,
        target.header.base,
        compute_set_root(THIRD.entries),
    )


def test_what_a_proof_ends_with_is_where_the_next_may_begin() -> None:
    half = edit(WAY, hand_offs=WAY.proof.hand_offs[:1], target=None)
    proven = verify_finality(half.trusted, half.proof, DirectChecks())
    rest = edit(WAY, entries=proven.entries, hand_offs=WAY.proof.hand_offs[1:])
    assert (
        verify_finality(proven.checkpoint, rest.proof, DirectChecks()).checkpoint
        == verify_finality(WAY.trusted, WAY.proof, DirectChecks()).checkpoint
    )
    assert CHECKPOINTS.decode(encode(proven.checkpoint)) == proven.checkpoint


def test_the_weakest_level_on_the_way_is_told() -> None:
    way = build_way([FIRST, SECOND, THIRD], levels=[0, 2, 1])
    assert verify_finality(way.trusted, way.proof, DirectChecks()).level == 2


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_hold_is_refused(name: str) -> None:
    code, change = REFUSALS[name]
    assert check(WAY) is None
    assert check(change(WAY)) is code


def test_a_checkpoint_is_good_as_long_as_bonds_are_locked() -> None:
    check_set_age(WAY.trusted, 100, 100)
    with pytest.raises(Invalid) as caught:
        check_set_age(WAY.trusted, 101, 100)
    assert caught.value.code is Code.CHECKPOINT_TOO_OLD


def build_real() -> tuple[Community, Way]:
    """A proof over real blocks, one of which has five transactions."""
    community = Community()
    names = ["emma", "farid", "galina", "hamit", "ann"]
    transactions = [
        community.sign(name, Pay(get_account_id("boris"), PAI, name), fee_max=PAI) for name in names
    ]
    community.extend()
    start = build_start(
        community.chain,
        Community().ledger.root,
        community.ledger.state.sets.require(CURRENT).entries,
    )
    block = community.extend(transactions)
    seats = get_seats(community.ledger, community.seat_names)
    target = build_target(seats, block.header)
    proof = FinalityProof(1, seats.entries, (), target, (), None)
    return community, Way(start, proof, (seats,))


def test_a_row_and_its_absence_are_proven_under_a_real_block() -> None:
    community, way = build_real()
    for name in ("emma", "nobody"):
        key = ACCOUNTS.prefix + get_account_id(name)
        value, proof = community.ledger.prove(key)
        claimed = edit(way, claim=RowClaim(key, value, proof))
        proven = verify_finality(claimed.trusted, claimed.proof, DirectChecks())
        assert proven.row == (key, value)
        assert (value is None) == (name == "nobody")
        for wrong in (b"", None if value else b"x"):
            lied = edit(way, claim=RowClaim(key, wrong, proof))
            assert check(lied) is Code.ROW_NOT_PROVEN


def test_the_genesis_proves_its_own_rows() -> None:
    community = Community()
    _, way = build_real()
    key = ACCOUNTS.prefix + get_account_id("emma")
    value, proof = community.ledger.prove(key)
    claimed = edit(way, target=None, claim=RowClaim(key, value, proof))
    proven = verify_finality(claimed.trusted, claimed.proof, DirectChecks())
    assert proven.row == (key, value)
    assert proven.checkpoint == way.trusted
    assert proven.header is None


def test_each_transaction_of_a_real_block_is_proven() -> None:
    community, way = build_real()
    block = community.ledger.get_block(community.ledger.head.hash)
    assert block is not None
    wholes = [sealed.whole_bytes for sealed in block.transactions]
    for index, whole in enumerate(wholes):
        claim = build_transaction_claim(wholes, index, EMPTY_PARTS)
        claimed = edit(way, claim=claim)
        proven = verify_finality(claimed.trusted, claimed.proof, DirectChecks())
        assert proven.transaction == block.transactions[index]
        for other in wholes:
            lied = edit(way, claim=replace(claim, whole=other))
            assert check(lied) is (None if other == whole else Code.TRANSACTION_NOT_PROVEN)


def test_what_lies_below_a_final_block_is_proven_with_it() -> None:
    """The certificate is of the block three further up; the headers between lead down."""
    community, way = build_real()
    claim = build_claimed(TransactionClaim).proof.claim
    below = community.ledger.get_block(community.ledger.head.hash)
    assert below is not None
    headers = [below.header, *(community.extend().header for _ in range(3))]
    target = build_target(way.seats[0], headers[-1])
    claimed = edit(way, target=target, ancestors=tuple(headers[-2::-1]), claim=claim)
    proven = verify_finality(claimed.trusted, claimed.proof, DirectChecks())
    assert (proven.header, proven.block_hash) == (below.header, below.hash)
    assert proven.checkpoint.height == below.header.height + 3
    assert proven.transaction == below.transactions[2]
    for missing in (0, 1, 2):
        ancestors = [header for index, header in enumerate(headers[-2::-1]) if index != missing]
        assert check(edit(claimed, ancestors=tuple(ancestors))) in (
            Code.NOT_AN_ANCESTOR,
            Code.TRANSACTION_NOT_PROVEN,
        )


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 33])
def test_paths_fit_the_tree_of_any_number_of_transactions(count: int) -> None:
    wholes = [bytes([number]) for number in range(count)]
    root = compute_tree_root([compute_leaf_hash(whole) for whole in wholes])
    for index in range(count):
        claim = build_transaction_claim(wholes, index, EMPTY_PARTS)
        found = compute_leaf_hash(claim.whole)
        for sibling in claim.path:
            pair = (sibling.hash, found) if sibling.is_left else (found, sibling.hash)
            found = compute_hash(b"tx-node", *pair)
        assert found == root


def build_claimed(kind: type[RowClaim | TransactionClaim]) -> Way:
    community, way = build_real()
    if kind is RowClaim:
        key = ACCOUNTS.prefix + get_account_id("nobody")
        return edit(way, claim=RowClaim(key, *community.ledger.prove(key)))
    block = community.ledger.get_block(community.ledger.head.hash)
    assert block is not None
    wholes = [sealed.whole_bytes for sealed in block.transactions]
    return edit(way, claim=build_transaction_claim(wholes, 2, EMPTY_PARTS))


def is_believed(way: Way, data: bytes) -> bool:
    """Whether a changed proof shows anything to whoever asks what the unchanged one claims.

    One key's absence may well show that of another key: that is true, and not what was asked.
    """
    try:
        proof = PROOFS.decode(data)
        proven = verify_finality(way.trusted, proof, DirectChecks())
    except Invalid:
        return False
    asked = way.proof.claim
    return not isinstance(asked, RowClaim) or proven.row == (asked.key, asked.value)


@pytest.mark.parametrize("kind", [RowClaim, TransactionClaim])
def test_no_byte_of_a_proof_can_be_changed(kind: type[RowClaim | TransactionClaim]) -> None:
    """Every byte in turn, one bit of it drawn by lot: all of the proof is checked."""
    way = build_claimed(kind)
    data = encode(way.proof)
    assert is_believed(way, data)
    drawn = random.Random(2026)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << drawn.randrange(8)
        assert not is_believed(way, bytes(changed)), f"byte {place} of {len(data)}"


def test_no_byte_of_the_hand_offs_can_be_changed() -> None:
    data = encode(WAY.proof)
    drawn = random.Random(2026)
    for place in drawn.sample(range(len(data)), 600):
        changed = bytearray(data)
        changed[place] ^= 1 << drawn.randrange(8)
        assert not is_believed(WAY, bytes(changed)), f"byte {place} of {len(data)}"
