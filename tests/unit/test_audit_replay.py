"""Every lie that can be planted in a chain is found, and named exactly: where, what, whose.

The honest chain is replayed clean first, so that what is found is the lie and nothing else.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from chain.actions import Pay, Save
from chain.block import Block, Body, SealedBlock, compute_body_root, seal_block
from chain.codec import encode
from chain.errors import Code
from chain.genesis import Genesis, compute_chain_id
from chain.header import SECONDARY, Header, sign_header
from chain.store import MemoryStore
from chain.transaction import SealedTransaction, seal
from node.audit.findings import Check, Finding
from node.audit.run import Audit, Trust
from node.audit.source import Claim, Source
from tests.community import (
    PAI,
    Community,
    build_genesis,
    get_account_id,
    get_key,
)

LIED = 4  # the height that every lie is planted at
CLOCK = 2_000_000_000.0


class Chain(NamedTuple):
    """An honest chain of eight blocks; the one at LIED holds four transactions."""

    community: Community
    blocks: list[SealedBlock]

    @property
    def genesis(self) -> Genesis:
        return self.community.genesis


def build_chain(genesis: Genesis | None = None) -> Chain:
    community = Community(genesis=genesis or build_genesis())
    blocks = [community.extend() for _ in range(LIED - 1)]
    blocks.append(community.extend(build_payments(community), after=6))
    blocks += [community.extend(after=3) for _ in range(4)]
    return Chain(community, blocks)


def build_payments(community: Community) -> list[SealedTransaction]:
    return [
        community.sign("emma", Pay(get_account_id("farid"), 5 * PAI, "bread")),
        community.sign("emma", Pay(get_account_id("hamit"), 7 * PAI, ""), sequence=1),
        community.sign("galina", Save(9 * PAI, 3)),
        community.sign("hamit", Pay(get_account_id("emma"), 2 * PAI, "eggs")),
    ]


@pytest.fixture(scope="module")
def chain() -> Chain:
    return build_chain()


def audit(
    genesis: Genesis, raw: list[bytes], *, claim: Claim | None = None, trust: Trust | None = None
) -> list[Finding]:
    source = Source("test", genesis, iter(raw), claim, None, None)
    run = Audit(source, trust or Trust(), clock=CLOCK)
    for _ in run.run(MemoryStore()):
        pass
    return run.findings


def find_one(chain: Chain, raw: list[bytes]) -> Finding:
    """The only finding of an audit of these bytes: a lie leaves no trace elsewhere."""
    findings = audit(chain.genesis, raw)
    assert len(findings) == 1, findings
    return findings[0]


def sign_again(
    block: SealedBlock,
    transactions: tuple[SealedTransaction, ...] | None = None,
    **changes: object,
) -> SealedBlock:
    """The block with a changed header or body, signed anew by its own seat: an author's lie."""
    chosen = block.transactions if transactions is None else transactions
    header = replace(block.header, body_root=compute_body_root(chosen), **changes)
    name = SEAT_NAMES[header.seat]
    return seal_block(header, sign_header(header, get_key(f"{name}/vote")).signature, chosen)


SEAT_NAMES = {get_account_id(name): name for name in ("ann", "boris", "clara", "daniil", "emma")}


def swap_body(block: SealedBlock, transactions: tuple[SealedTransaction, ...]) -> bytes:
    """The block's header and signature with another body: an outsider's lie."""
    body = Body(tuple(item.signed for item in transactions), None, None, None, None, None)
    return encode(Block(block.header, block.block.signature, body))


def change_amount(sealed: SealedTransaction) -> SealedTransaction:
    body = sealed.body
    action = body.actions[-1]
    assert isinstance(action, Pay)
    actions = (*body.actions[:-1], replace(action, amount=action.amount + 1))
    return seal(replace(sealed.signed, body=replace(body, actions=actions)))


def flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def forge(sealed: SealedTransaction) -> SealedTransaction:
    first = sealed.signed.signatures[0]
    forged = replace(first, signature=flip(first.signature))
    return seal(replace(sealed.signed, signatures=(forged,)))


def put(
    items: tuple[SealedTransaction, ...], index: int, item: SealedTransaction
) -> tuple[SealedTransaction, ...]:
    return (*items[:index], item, *items[index + 1 :])


class Lie(NamedTuple):
    """What the block at LIED becomes, and what must be said about it."""

    tell: Callable[[SealedBlock], bytes]
    check: Check
    code: Code | None
    transaction: int | None
    signed: bool | None
    words: str


def seal_lie(change: Callable[[SealedBlock], SealedBlock]) -> Callable[[SealedBlock], bytes]:
    return lambda block: change(block).whole_bytes


def move_first_two(items: tuple[SealedTransaction, ...]) -> tuple[SealedTransaction, ...]:
    return (items[1], items[0], *items[2:])


LIES = {
    "outsider changes an amount": Lie(
        lambda b: swap_body(b, put(b.transactions, 1, change_amount(b.transactions[1]))),
        Check.BLOCK, Code.WRONG_BODY_ROOT, 1, True, "transaction 1 would be refused: BAD_SIGNATURE",
    ),
    "author changes an amount": Lie(
        seal_lie(lambda b: sign_again(b, put(b.transactions, 1, change_amount(b.transactions[1])))),
        Check.BLOCK, Code.BAD_SIGNATURE, 1, True, "A signature does not verify",
    ),
    "outsider drops a transaction": Lie(
        lambda b: swap_body(b, b.transactions[:-1]),
        Check.BLOCK, Code.WRONG_BODY_ROOT, None, True, "added, left out or moved",
    ),
    "author drops a transaction": Lie(
        seal_lie(lambda b: sign_again(b, b.transactions[:-1])),
        Check.STATE_ROOT, Code.WRONG_STATE_ROOT, None, True, "another state",
    ),
    "outsider doubles a transaction": Lie(
        lambda b: swap_body(b, (*b.transactions, b.transactions[2])),
        Check.BLOCK, Code.WRONG_BODY_ROOT, 4, True, "transaction 4 would be refused",
    ),
    "author doubles a transaction": Lie(
        seal_lie(lambda b: sign_again(b, (*b.transactions, b.transactions[2]))),
        Check.BLOCK, Code.WRONG_SEQUENCE, 4, True, "This sequence number was used",
    ),
    "outsider moves transactions": Lie(
        lambda b: swap_body(b, move_first_two(b.transactions)),
        Check.BLOCK, Code.WRONG_BODY_ROOT, 0, True, "transaction 0 would be refused: FUTURE",
    ),
    "author moves transactions": Lie(
        seal_lie(lambda b: sign_again(b, move_first_two(b.transactions))),
        Check.BLOCK, Code.FUTURE_SEQUENCE, 0, True, "An earlier transaction",
    ),
    "author forges a member's signature": Lie(
        seal_lie(lambda b: sign_again(b, put(b.transactions, 3, forge(b.transactions[3])))),
        Check.BLOCK, Code.BAD_SIGNATURE, 3, True, "A signature does not verify",
    ),
    "outsider forges the header's signature": Lie(
        lambda b: encode(replace(b.block, signature=flip(b.block.signature))),
        Check.BLOCK, Code.BAD_HEADER_SIGNATURE, None, False, "The header's signature",
    ),
    "outsider changes the state root": Lie(
        lambda b: encode(replace(b.block, header=replace(b.header, state_root=bytes(32)))),
        Check.BLOCK, Code.BAD_HEADER_SIGNATURE, None, False, "The header's signature",
    ),
    "author signs a wrong state root": Lie(
        seal_lie(lambda b: sign_again(b, state_root=bytes(32))),
        Check.STATE_ROOT, Code.WRONG_STATE_ROOT, None, True, "another state",
    ),
    "author forges his draw": Lie(
        seal_lie(lambda b: sign_again(b, vrf_proof=b.header.vrf_proof[:79] + b"\0")),
        Check.BLOCK, Code.BAD_VRF_PROOF, None, True, "VRF proof",
    ),
    "a member without a seat makes the block": Lie(
        seal_lie(lambda b: sign_again(b, seat=get_account_id("emma"))),
        Check.BLOCK, Code.NOT_IN_SET, None, False, "not in the set",
    ),
    "author claims a rank that is not due": Lie(
        seal_lie(lambda b: sign_again(b, kind=SECONDARY, rank=3)),
        Check.BLOCK, Code.WRONG_RANK, None, True, "rank 3 is not due yet",
    ),
    "author dates the block back": Lie(
        seal_lie(lambda b: sign_again(b, slot=1)),
        Check.BLOCK, Code.WRONG_SLOT, None, True, "the parent has",
    ),
    "author names another height": Lie(
        seal_lie(lambda b: sign_again(b, height=LIED + 1)),
        Check.ORDER, None, None, None, f"block {LIED} is missing",
    ),
    "author names another parent": Lie(
        seal_lie(lambda b: sign_again(b, parent_hash=bytes(32))),
        Check.ORDER, None, None, None, "another parent",
    ),
    "author builds for another community": Lie(
        seal_lie(lambda b: sign_again(b, chain=bytes(32))),
        Check.ORDER, None, None, None, "another community",
    ),
    "something that is no block": Lie(
        lambda _: encode(["no", "block"]),
        Check.STREAM, Code.MALFORMED, None, None, "comes something that is no block",
    ),
    "a block in another form of MessagePack": Lie(
        lambda b: b"\xdc\x00\x03" + b.whole_bytes[1:],
        Check.STREAM, Code.NOT_CANONICAL, None, None, "comes something that is no block",
    ),
}  # fmt: skip


def test_an_honest_chain_is_clean(chain: Chain) -> None:
    raw = [block.whole_bytes for block in chain.blocks]
    head = chain.community.ledger.head
    claim = Claim(head.height, head.hash, chain.community.ledger.root)
    trust = Trust(chain.genesis, compute_chain_id(chain.genesis))
    assert audit(chain.genesis, raw, claim=claim, trust=trust) == []


@pytest.mark.parametrize("name", LIES)
def test_a_lie_in_a_block_is_named(chain: Chain, name: str) -> None:
    lie = LIES[name]
    raw = [block.whole_bytes for block in chain.blocks]
    honest = chain.blocks[LIED - 1]
    raw[LIED - 1] = lie.tell(honest)
    found = find_one(chain, raw)
    assert found.check is lie.check, found
    assert lie.words in found.detail
    assert found.code == (None if lie.code is None else int(lie.code))
    assert found.code_name == (None if lie.code is None else lie.code.name)
    assert found.transaction == lie.transaction
    assert found.signed is lie.signed
    if "height" not in name:
        assert found.height == LIED


def test_a_wrong_root_shows_both(chain: Chain) -> None:
    raw = [block.whole_bytes for block in chain.blocks]
    honest = chain.blocks[LIED - 1]
    lied = sign_again(honest, state_root=bytes(range(32)))
    raw[LIED - 1] = lied.whole_bytes
    found = find_one(chain, raw)
    assert found.expected == honest.header.state_root.hex()
    assert found.found == bytes(range(32)).hex()
    assert found.block == lied.hash.hex()
    assert found.seat == honest.header.seat.hex()


def test_payments_that_commute_change_the_block_and_the_next_one_tells(chain: Chain) -> None:
    raw = [block.whole_bytes for block in chain.blocks]
    honest = chain.blocks[LIED - 1]
    items = honest.transactions
    raw[LIED - 1] = sign_again(honest, (items[0], items[2], items[1], items[3])).whole_bytes
    found = find_one(chain, raw)
    assert (found.check, found.height) == (Check.ORDER, LIED + 1)
    assert found.found == honest.hash.hex()


@pytest.mark.parametrize(
    ("missing", "words"),
    [([LIED], f"block {LIED} is missing"), ([LIED, LIED + 1], f"blocks {LIED} to {LIED + 1} are")],
)
def test_missing_blocks_are_named(chain: Chain, missing: list[int], words: str) -> None:
    raw = [item.whole_bytes for item in chain.blocks if item.header.height not in missing]
    found = find_one(chain, raw)
    assert (found.check, found.height) == (Check.ORDER, LIED + len(missing))
    assert words in found.detail
    assert (found.expected, found.found) == (str(LIED), str(LIED + len(missing)))


def test_a_block_given_twice_is_named(chain: Chain) -> None:
    raw = [block.whole_bytes for block in chain.blocks]
    found = find_one(chain, [*raw[:LIED], raw[LIED - 1], *raw[LIED:]])
    assert found.check is Check.ORDER
    assert f"after block {LIED} comes block {LIED} once more" in found.detail


def test_blocks_of_another_community_are_named(chain: Chain) -> None:
    other = build_chain(build_genesis(balance=400 * PAI))
    raw = [block.whole_bytes for block in other.blocks]
    found = find_one(chain, raw)
    assert (found.check, found.height) == (Check.ORDER, 1)
    assert found.expected == chain.community.chain.hex()
    assert found.found == other.community.chain.hex()


def test_money_minted_in_the_genesis_is_named(chain: Chain) -> None:
    minted = replace(
        chain.genesis,
        accounts=tuple(
            replace(item, balance=item.balance + PAI) if index == 2 else item
            for index, item in enumerate(chain.genesis.accounts)
        ),
    )
    rich = chain.genesis.accounts[2].id.hex()
    raw = [block.whole_bytes for block in chain.blocks]
    by_file = audit(minted, raw, trust=Trust(genesis=chain.genesis))
    by_name = audit(minted, raw, trust=Trust(community=chain.community.chain))
    blindly = audit(minted, raw)
    assert [item.check for item in by_file] == [Check.GENESIS]
    assert f"account {rich} holds 501 instead of 500" in by_file[0].detail
    assert [item.check for item in by_name] == [Check.GENESIS]
    assert by_name[0].expected == chain.community.chain.hex()
    assert by_name[0].found == compute_chain_id(minted).hex()
    # Whoever trusts the genesis he is given still sees that the blocks were not made for it.
    assert [(item.check, item.height) for item in blindly] == [(Check.ORDER, 1)]


def test_a_genesis_with_faults_is_named(chain: Chain) -> None:
    crooked = replace(chain.genesis, accounts=tuple(reversed(chain.genesis.accounts)))
    findings = audit(crooked, [])
    assert [item.check for item in findings] == [Check.GENESIS]
    assert "sorted" in findings[0].detail


def test_a_source_that_claims_another_head_is_named(chain: Chain) -> None:
    raw = [block.whole_bytes for block in chain.blocks]
    head, root = chain.community.ledger.head, chain.community.ledger.root
    shorter = audit(chain.genesis, raw[:-1], claim=Claim(head.height, head.hash, root))
    assert {item.check for item in shorter} == {Check.HEAD}
    assert (shorter[0].expected, shorter[0].found) == (str(head.height - 1), str(head.height))
    lied = audit(chain.genesis, raw, claim=Claim(head.height, head.hash, bytes(32)))
    assert [(item.check, item.expected, item.found) for item in lied] == [
        (Check.HEAD, root.hex(), bytes(32).hex())
    ]


OTHER_VALUES: dict[str, object] = {
    "version": 2,
    "height": LIED + 7,
    "slot": 10_000,
    "kind": SECONDARY,
    "rank": 9,
    "vrf_proof": bytes(80),
    "next_set_root": bytes(32),
    "lock_round": 77,
}


@pytest.mark.parametrize("name", Header.__struct_fields__)
def test_no_field_of_a_header_can_be_changed_by_an_outsider(chain: Chain, name: str) -> None:
    honest = chain.blocks[LIED - 1]
    changed = replace(honest.header, **{name: OTHER_VALUES.get(name, bytes(range(32)))})
    if changed == honest.header:
        changed = replace(honest.header, kind=0)
    raw = [block.whole_bytes for block in chain.blocks]
    raw[LIED - 1] = encode(replace(honest.block, header=changed))
    found = find_one(chain, raw)
    assert found.signed in (None, False)
