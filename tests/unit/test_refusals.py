"""Every refusal of the ledger: one valid case, and beside it one that raises exactly this code.

A refused transaction or block leaves the state root where it was. Codes of the node (9xx) and of
bytes that are no message (1xx) are tested where they are raised.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from chain import vrf
from chain.actions import (
    Action,
    Bond,
    ChangePolicy,
    Pay,
    Prolong,
    RegisterSeat,
    Reveal,
    Save,
    Unbond,
    Withdraw,
)
from chain.block import SealedBlock, decode_block, seal_block
from chain.checks import DirectChecks
from chain.codec import encode
from chain.crypto import KeyPair
from chain.errors import Code, Invalid
from chain.genesis import GenesisDeposit
from chain.header import PRIMARY, SECONDARY, Header, sign_header
from chain.refusals import MEANINGS
from chain.rules.context import Author
from chain.rules.lottery import compute_secondary_order, get_alpha, get_rank_limit, is_primary
from chain.rules.randomness import SKIPPED_EPOCHS_MAX, compute_randomness
from chain.rules.transactions import process_transaction
from chain.tables import CURRENT, Rules
from chain.transaction import SealedTransaction, Transaction, sign_transaction
from chain.units import AMOUNT_MAX
from tests.community import (
    NOBODY,
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_key,
    get_policy,
    get_signers,
    with_parameters,
)
from tests.unit import (
    test_aliases,
    test_attestations,
    test_certificates,
    test_clearing,
    test_evidence,
    test_finality_record,
    test_loan_refusals,
    test_market_refusals,
    test_obligations,
    test_proof,
    test_recovery,
    test_rollcall,
    test_setoff,
    test_sets,
    test_snapshot,
    test_takeover,
    test_votes,
    test_votes_credit,
)

FARID, GALINA = get_account_id("farid"), get_account_id("galina")
NEWCOMER = get_account_id("newcomer")
JOINT = "2:emma+farid+galina"
TOO_MANY_EPOCHS = 20 * (SKIPPED_EPOCHS_MAX + 2)


class Pair(NamedTuple):
    """What must be refused, and what is like it and must pass."""

    bad: SealedTransaction
    good: SealedTransaction


class Blocks(NamedTuple):
    """A block that must be refused, and one like it that must pass."""

    bad: SealedBlock
    good: SealedBlock


TRANSACTIONS: dict[Code, Callable[[Community], Pair]] = {}
BLOCKS: dict[Code, Callable[[Community], Blocks]] = {}


def transaction(code: Code) -> Callable[[Callable[[Community], Pair]], None]:
    def note(case: Callable[[Community], Pair]) -> None:
        assert code not in TRANSACTIONS
        TRANSACTIONS[code] = case

    return note


def block(code: Code) -> Callable[[Callable[[Community], Blocks]], None]:
    def note(case: Callable[[Community], Blocks]) -> None:
        assert code not in BLOCKS
        BLOCKS[code] = case

    return note


def build() -> Community:
    genesis = build_genesis(
        strangers=("stranger", JOINT), deposits=(GenesisDeposit(200 * PAI, 10),)
    )
    return Community(with_parameters(genesis, block_units=1_000, block_bytes=128 * 1_024))


def two(community: Community, name: str, bad: Action, good: Action) -> Pair:
    return Pair(community.sign(name, bad), community.sign(name, good))


def resign(community: Community, sealed: SealedTransaction, **changes: object) -> SealedTransaction:
    body: Transaction = replace(sealed.body, **changes)
    return sign_transaction(community.chain, body, get_signers(get_policy("emma")))


def pay(community: Community, name: str = "emma", **options: int) -> SealedTransaction:
    return community.sign(name, Pay(FARID, PAI, ""), **options)  # type: ignore[arg-type]  # passed on as given


@transaction(Code.WRONG_VERSION)
def _(c: Community) -> Pair:
    return Pair(resign(c, pay(c), version=2), pay(c))


@transaction(Code.UNKNOWN_ACCOUNT)
def _(c: Community) -> Pair:
    return Pair(pay(c, "newcomer"), pay(c))


@transaction(Code.WRONG_SEQUENCE)
def _(c: Community) -> Pair:
    c.extend([pay(c)])
    return Pair(pay(c, sequence=0), pay(c, sequence=1))


@transaction(Code.FUTURE_SEQUENCE)
def _(c: Community) -> Pair:
    return Pair(pay(c, sequence=1), pay(c, sequence=0))


@transaction(Code.EXPIRED)
def _(c: Community) -> Pair:
    c.extend(after=7)
    return Pair(pay(c, valid_for=0), pay(c, valid_for=1))


@transaction(Code.EXPIRY_TOO_FAR)
def _(c: Community) -> Pair:
    return Pair(pay(c, valid_for=302), pay(c, valid_for=301))


@transaction(Code.UNKNOWN_REF)
def _(c: Community) -> Pair:
    return Pair(c.sign("emma", Pay(FARID, 1, ""), ref=bytes(16)), pay(c))


@transaction(Code.UNKNOWN_VIA)
def _(c: Community) -> Pair:
    return Pair(
        c.sign("emma", Pay(FARID, 1, ""), via=FARID),
        c.sign("emma", Pay(FARID, 1, ""), via=get_account_id("ann")),
    )


@transaction(Code.WRONG_SIGNATURES)
def _(c: Community) -> Pair:
    good = pay(c, JOINT, fee_max=PAI)
    return Pair(sign_transaction(c.chain, good.body, get_signers(get_policy(JOINT))[:1]), good)


@transaction(Code.BAD_SIGNATURE)
def _(c: Community) -> Pair:
    good = pay(c)
    return Pair(sign_transaction(c.chain, good.body, [(0, get_key("farid"))]), good)


@transaction(Code.POLICY_MISSING)
def _(c: Community) -> Pair:
    good = pay(c)
    return Pair(resign(c, good, actions=good.body.actions[1:]), good)


@transaction(Code.POLICY_MISMATCH)
def _(c: Community) -> Pair:
    good = pay(c)
    return Pair(
        resign(c, good, actions=(Reveal(get_policy("farid")), *good.body.actions[1:])), good
    )


@transaction(Code.POLICY_ALREADY_KNOWN)
def _(c: Community) -> Pair:
    c.extend([pay(c)])
    return two(c, "emma", Reveal(get_policy("emma")), Pay(FARID, 1, ""))


@transaction(Code.FEE_ABOVE_MAXIMUM)
def _(c: Community) -> Pair:
    return Pair(pay(c, "stranger", fee_max=39_999), pay(c, "stranger", fee_max=40_000))


@transaction(Code.INSUFFICIENT_BALANCE)
def _(c: Community) -> Pair:
    return two(c, "emma", Pay(FARID, 530 * PAI + 1, ""), Pay(FARID, 530 * PAI, ""))


@transaction(Code.FIRST_PAYMENT_TOO_SMALL)
def _(c: Community) -> Pair:
    return two(c, "emma", Pay(NEWCOMER, PAI - 1, ""), Pay(NEWCOMER, PAI, ""))


@transaction(Code.PAYMENT_TO_SELF)
def _(c: Community) -> Pair:
    return two(c, "farid", Pay(FARID, 1, ""), Pay(GALINA, 1, ""))


@transaction(Code.TERM_OUT_OF_BOUNDS)
def _(c: Community) -> Pair:
    return two(c, "emma", Save(PAI, 2), Save(PAI, 3))


@transaction(Code.TOO_MANY_DEPOSITS)
def _(c: Community) -> Pair:
    return Pair(
        c.sign("emma", *[Save(PAI, 3)] * 32, fee_max=PAI),
        c.sign("emma", *[Save(PAI, 3)] * 31, fee_max=PAI),
    )


@transaction(Code.DEPOSIT_TOO_SMALL)
def _(c: Community) -> Pair:
    return two(c, "emma", Save(PAI - 1, 3), Save(PAI, 3))


@transaction(Code.UNKNOWN_DEPOSIT)
def _(c: Community) -> Pair:
    return two(c, "emma", Withdraw(1, PAI), Withdraw(0, PAI))


@transaction(Code.DEPOSIT_TOO_LITTLE)
def _(c: Community) -> Pair:
    return two(c, "emma", Withdraw(0, 200 * PAI + 1), Withdraw(0, 200 * PAI))


@transaction(Code.DEPOSIT_BONDED)
def _(c: Community) -> Pair:
    return two(c, "ann", Withdraw(1, PAI), Withdraw(0, PAI))


def register(c: Community, name: str, keys_of: str | None = None) -> RegisterSeat:
    return RegisterSeat(build_seat_keys(keys_of or name, chain=c.chain))


@transaction(Code.NOT_IDENTIFIED)
def _(c: Community) -> Pair:
    return Pair(
        c.sign("stranger", register(c, "stranger"), fee_max=PAI),
        c.sign("emma", register(c, "emma"), fee_max=PAI),
    )


@transaction(Code.SEAT_EXISTS)
def _(c: Community) -> Pair:
    c.extend([c.sign("emma", register(c, "emma"))])
    return Pair(c.sign("emma", register(c, "emma")), c.sign("farid", register(c, "farid")))


@transaction(Code.NO_SEAT)
def _(c: Community) -> Pair:
    c.extend([c.sign("emma", register(c, "emma"))])
    return Pair(c.sign("farid", Bond(0, PAI)), c.sign("emma", Bond(0, PAI)))


@transaction(Code.TOO_MANY_SEATS)
def _(c: Community) -> Pair:
    c.extend([c.sign("emma", register(c, "emma"))])
    rules = c.ledger.state.rules.require(CURRENT)
    full = replace(rules.parameters, seats_max=4)
    c.ledger.state.rules.keep(CURRENT, replace(rules, parameters=full))
    return two(c, "emma", Bond(0, 100 * PAI), Bond(0, 100 * PAI - 1))


@transaction(Code.BAD_SEAT_KEY)
def _(c: Community) -> Pair:
    good = register(c, "emma")
    return two(c, "emma", RegisterSeat(replace(good.keys, vrf=bytes(32))), good)


@transaction(Code.KEY_USED_BEFORE)
def _(c: Community) -> Pair:
    return two(c, "emma", register(c, "emma", "ann"), register(c, "emma"))


@transaction(Code.BAD_PROOF_OF_POSSESSION)
def _(c: Community) -> Pair:
    return two(c, "emma", register(c, "emma", "farid"), register(c, "emma"))


@transaction(Code.DEPOSIT_NOT_BONDED)
def _(c: Community) -> Pair:
    c.extend([c.sign("emma", register(c, "emma"), Bond(0, PAI))])
    return two(c, "emma", Unbond(0), Unbond(1))


def draft_root(c: Community, *transactions: SealedTransaction) -> bytes:
    context = c.ledger.get_context(c.ledger.head.slot + 1)
    return c.ledger.draft(context, NOBODY, transactions, c.checks).state_root


@pytest.mark.parametrize("code", TRANSACTIONS, ids=lambda code: code.name)
def test_a_refused_transaction_leaves_no_trace(code: Code) -> None:
    community = build()
    pair = TRANSACTIONS[code](community)
    ledger, before = community.ledger, community.ledger.root
    empty_root = draft_root(community)
    context = ledger.get_context(ledger.head.slot + 1)
    with pytest.raises(Invalid) as caught:
        process_transaction(ledger.state, context, pair.bad, community.checks)
    assert caught.value.code is code
    # Whatever it might have left in the state would be in the next root.
    assert draft_root(community) == empty_root
    with pytest.raises(Invalid) as caught:
        draft_root(community, pair.bad)
    assert caught.value.code is code
    assert draft_root(community, pair.good) != empty_root
    assert ledger.root == before


@pytest.mark.parametrize("code", TRANSACTIONS, ids=lambda code: code.name)
def test_it_leaves_no_trace_behind_a_good_one(code: Code) -> None:
    community = build()
    pair = TRANSACTIONS[code](community)
    neighbour = community.sign("hamit", Pay(FARID, 3, "before"))
    alone = draft_root(community, neighbour)
    state = community.ledger.state
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    draft_root(community)
    process_transaction(state, context, neighbour, community.checks)
    before = (state.pot, state.fees, state.accounts_born, list(state.facts))
    with pytest.raises(Invalid):
        process_transaction(state, context, pair.bad, community.checks)
    assert (state.pot, state.fees, state.accounts_born, state.facts) == before
    state.discard()
    assert draft_root(community, neighbour) == alone


def test_a_receiver_who_would_hold_too_much_is_refused_money() -> None:
    # All money is less than an account can hold, until there is credit: the rows are made by hand.
    community = build()
    state = community.ledger.state
    for name, held in (("farid", AMOUNT_MAX - 5), ("emma", AMOUNT_MAX)):
        row = state.accounts.require(get_account_id(name))
        state.accounts.put(get_account_id(name), replace(row, settlement=held))
    context = community.ledger.get_context(1)
    sealed = [community.sign("emma", Pay(FARID, amount, "")) for amount in (6, 5)]
    before = state.accounts.require(FARID)
    with pytest.raises(Invalid) as caught:
        process_transaction(state, context, sealed[0], community.checks)
    assert caught.value.code is Code.BALANCE_TOO_LARGE
    assert state.accounts.require(FARID) == before
    process_transaction(state, context, sealed[1], community.checks)
    assert state.accounts.require(FARID).settlement == AMOUNT_MAX
    withdrawn = [community.sign("emma", Withdraw(0, amount), sequence=1) for amount in (6, 5)]
    with pytest.raises(Invalid) as caught:
        process_transaction(state, context, withdrawn[0], community.checks)
    assert caught.value.code is Code.BALANCE_TOO_LARGE
    process_transaction(state, context, withdrawn[1], community.checks)


MORE_BAD: dict[str, tuple[Code, Callable[[Community], SealedTransaction]]] = {
    "a signature too many": (
        Code.WRONG_SIGNATURES,
        lambda c: sign_transaction(
            c.chain, pay(c).body, [(0, get_key("emma")), (1, get_key("farid"))]
        ),
    ),
    "more signatures than the policy asks for": (
        Code.WRONG_SIGNATURES,
        lambda c: sign_transaction(c.chain, pay(c, JOINT).body, sign_by_all(JOINT)),
    ),
    "a key twice": (
        Code.WRONG_SIGNATURES,
        lambda c: sign_transaction(
            c.chain, pay(c, JOINT).body, get_signers(get_policy(JOINT))[:1] * 2
        ),
    ),
    "an index beyond the policy": (
        Code.WRONG_SIGNATURES,
        lambda c: sign_transaction(c.chain, pay(c).body, [(1, get_key("emma"))]),
    ),
    "signatures out of order": (
        Code.WRONG_SIGNATURES,
        lambda c: swap_signatures(pay(c, JOINT, fee_max=PAI)),
    ),
    "signatures by each other's keys": (
        Code.BAD_SIGNATURE,
        lambda c: sign_transaction(
            c.chain,
            pay(c, JOINT).body,
            [(0, get_signers(get_policy(JOINT))[1][1]), (1, get_signers(get_policy(JOINT))[0][1])],
        ),
    ),
    "a signature for another community": (
        Code.BAD_SIGNATURE,
        lambda c: sign_transaction(bytes(32), pay(c).body, [(0, get_key("emma"))]),
    ),
    "a reveal that is not the first": (
        Code.POLICY_ALREADY_KNOWN,
        lambda c: c.sign("emma", Pay(FARID, 1, ""), Reveal(get_policy("emma"))),
    ),
    "the same transaction twice": (
        Code.WRONG_SEQUENCE,
        lambda c: c.extend([pay(c)]).transactions[0],
    ),
    "an amount far beyond all money": (
        Code.INSUFFICIENT_BALANCE,
        lambda c: c.sign("emma", Pay(FARID, AMOUNT_MAX, "")),
    ),
    "saving more than there is": (
        Code.INSUFFICIENT_BALANCE,
        lambda c: c.sign("emma", Save(500 * PAI + 1, 3)),
    ),
    "spending by the second action what the first took": (
        Code.INSUFFICIENT_BALANCE,
        lambda c: c.sign("emma", Pay(FARID, 530 * PAI, ""), Pay(GALINA, 1, "")),
    ),
    "a newcomer's second half in time for nothing": (
        Code.FIRST_PAYMENT_TOO_SMALL,
        lambda c: c.sign("emma", Pay(NEWCOMER, PAI // 2, ""), Pay(NEWCOMER, PAI, "")),
    ),
    "a term beyond the longest": (
        Code.TERM_OUT_OF_BOUNDS,
        lambda c: c.sign("emma", Save(PAI, 3_651)),
    ),
    "a prolongation too short": (
        Code.TERM_OUT_OF_BOUNDS,
        lambda c: c.sign("emma", Prolong(0, 2)),
    ),
    "a prolongation of nothing": (
        Code.UNKNOWN_DEPOSIT,
        lambda c: c.sign("emma", Prolong(1, 3)),
    ),
    "a withdrawal from nothing": (
        Code.UNKNOWN_DEPOSIT,
        lambda c: c.sign("stranger", Withdraw(1, 1), fee_max=PAI),
    ),
    "bonding what is bonded": (
        Code.DEPOSIT_BONDED,
        lambda c: c.sign("ann", Bond(1, PAI)),
    ),
    "bonding more than there is": (
        Code.DEPOSIT_TOO_LITTLE,
        lambda c: c.sign("ann", Bond(0, 200 * PAI + 1)),
    ),
    "bonding nothing": (Code.UNKNOWN_DEPOSIT, lambda c: c.sign("ann", Bond(7, 1))),
    "releasing nothing": (Code.UNKNOWN_DEPOSIT, lambda c: c.sign("ann", Unbond(7))),
    "releasing without a seat": (Code.NO_SEAT, lambda c: c.sign("emma", Unbond(0))),
    "one key in two roles": (
        Code.KEY_USED_BEFORE,
        lambda c: c.sign(
            "emma",
            RegisterSeat(replace(register(c, "emma").keys, standby=get_key("emma/vote").public)),
        ),
    ),
    "a proof made for a genesis": (
        Code.BAD_PROOF_OF_POSSESSION,
        lambda c: c.sign("emma", RegisterSeat(build_seat_keys("emma"))),
    ),
    "a payment hidden among defence": (
        Code.FEE_ABOVE_MAXIMUM,
        lambda c: c.sign("stranger", Pay(FARID, 1, ""), ChangePolicy(get_policy("safe"))),
    ),
}


def sign_by_all(name: str) -> list[tuple[int, KeyPair]]:
    policy = get_policy(name)
    return get_signers(replace(policy, threshold=len(policy.keys)))


def swap_signatures(sealed: SealedTransaction) -> SealedTransaction:
    signed = replace(sealed.signed, signatures=sealed.signed.signatures[::-1])
    return replace(sealed, signed=signed, whole_bytes=encode(signed))


@pytest.mark.parametrize("name", MORE_BAD)
def test_more_that_is_refused(name: str) -> None:
    community = build()
    code, make = MORE_BAD[name]
    sealed = make(community)
    empty_root = draft_root(community)
    with pytest.raises(Invalid) as caught:
        draft_root(community, sealed)
    assert caught.value.code is code
    assert draft_root(community) == empty_root


# Blocks


def reseal(c: Community, good: SealedBlock, **changes: object) -> SealedBlock:
    """The block with another header, signed by the seat that the header names, if it can be."""
    header: Header = replace(good.header, **changes)
    name = c.seat_names.get(header.seat, "ann")
    signature = sign_header(header, get_key(f"{name}/vote")).signature
    return seal_block(header, signature, good.transactions)


def with_header(**changes: object) -> Callable[[Community], Blocks]:
    def case(c: Community) -> Blocks:
        c.extend(after=3)
        good, _ = c.build_block([pay(c)])
        return Blocks(reseal(c, good, **changes), good)

    return case


BLOCKS[Code.WRONG_CHAIN] = with_header(chain=bytes(32))
BLOCKS[Code.WRONG_PARENT] = with_header(parent_hash=bytes(32))
BLOCKS[Code.WRONG_HEIGHT] = with_header(height=3)
BLOCKS[Code.WRONG_SLOT] = with_header(slot=3)
BLOCKS[Code.WRONG_BASE] = with_header(base=bytes(32))
BLOCKS[Code.WRONG_SET] = with_header(next_set_root=bytes(32))
BLOCKS[Code.WRONG_LOCK] = with_header(lock_round=2**40)
BLOCKS[Code.NOT_IN_SET] = with_header(seat=FARID)
BLOCKS[Code.WRONG_STATE_ROOT] = with_header(state_root=bytes(32))
BLOCKS[Code.PAUSE_TOO_LONG] = with_header(slot=TOO_MANY_EPOCHS)


@block(Code.BAD_HEADER_SIGNATURE)
def _(c: Community) -> Blocks:
    good, _ = c.build_block()
    flipped = bytes([good.block.signature[0] ^ 1]) + good.block.signature[1:]
    return Blocks(seal_block(good.header, flipped, ()), good)


@block(Code.BAD_VRF_PROOF)
def _(c: Community) -> Blocks:
    good, _ = c.build_block()
    proof = bytes([good.header.vrf_proof[0] ^ 1]) + good.header.vrf_proof[1:]
    return Blocks(reseal(c, good, vrf_proof=proof), good)


def find_draws(c: Community, slot: int) -> tuple[list[bytes], list[bytes]]:
    """The seats that win the slot, and all seats in the order of substitutes."""
    seat_set = c.ledger.state.sets.require(CURRENT)
    context = c.ledger.get_context(slot)
    seed = compute_randomness(c.ledger.state.randomness.require(CURRENT), context.epoch).seed
    total = sum(entry.weight for entry in seat_set.entries)
    primaries = [
        entry.seat
        for entry in seat_set.entries
        if is_primary(vrf.compute_output(prove(c, entry.seat, slot)), entry.weight, total)
    ]
    order = compute_secondary_order(seat_set.entries, seed, slot, len(seat_set.entries))
    return primaries, [entry.seat for entry in order]


def prove(c: Community, seat: bytes, slot: int) -> bytes:
    epoch = c.ledger.get_context(slot).epoch
    seed = compute_randomness(c.ledger.state.randomness.require(CURRENT), epoch).seed
    name = c.seat_names[seat]
    return vrf.prove(get_key(f"{name}/vrf").seed, get_alpha(c.chain, seed, slot))


def author(c: Community, slot: int, seat: bytes, kind: int, rank: int) -> SealedBlock:
    """A block by this seat whether or not it may; its state is that of its own output."""
    good, _ = c.build_block()
    proof = prove(c, seat, slot)
    maker = Author(seat, kind, vrf.compute_output(proof))
    execution = c.ledger.draft(c.ledger.get_context(slot), maker, (), c.checks)
    return reseal(
        c,
        good,
        slot=slot,
        seat=seat,
        kind=kind,
        rank=rank,
        vrf_proof=proof,
        state_root=execution.state_root,
        body_root=good.header.body_root,
    )


@block(Code.NOT_ELECTED)
def _(c: Community) -> Blocks:
    for slot in range(1, 200):
        primaries, order = find_draws(c, slot)
        if primaries:
            loser = next(seat for seat in order if seat not in primaries)
            return Blocks(
                author(c, slot, loser, PRIMARY, 0), author(c, slot, primaries[0], PRIMARY, 0)
            )
    raise AssertionError("in 200 slots somebody wins")


@block(Code.WRONG_RANK)
def _(c: Community) -> Blocks:
    _, order = find_draws(c, 5)
    return Blocks(author(c, 5, order[0], SECONDARY, 1), author(c, 5, order[1], SECONDARY, 1))


@block(Code.BLOCK_UNITS_EXCEEDED)
def _(c: Community) -> Blocks:
    def crowd(name: str, count: int) -> SealedTransaction:
        pays = [Pay(get_account_id(f"{name}{number}"), PAI, "") for number in range(count)]
        return c.sign(name, *pays, fee_max=10 * PAI)

    full = crowd("emma", 63), crowd("farid", 36)
    over = crowd("emma", 63), crowd("farid", 63)
    good, _ = c.build_block(full)
    return Blocks(seal_anyway(c, good, over), good)


@block(Code.BLOCK_BYTES_EXCEEDED)
def _(c: Community) -> Blocks:
    names = ["ann", "boris", "clara", "daniil", "emma", "farid", "galina", "hamit"]
    memo = Pay(get_account_id("stranger"), 1, "x" * 140)
    transactions = [
        c.sign(name, *[memo] * 58, fee_max=10 * PAI, sequence=sequence)
        for name in names
        for sequence in range(2)
    ]
    size_bytes = [len(sealed.whole_bytes) for sealed in transactions]
    fit = next(n for n in range(len(names) * 2) if sum(size_bytes[: n + 1]) > 128 * 1_024)
    c.ledger.state.rules.keep(CURRENT, with_units(c, 8_000))
    good, _ = c.build_block(transactions[:fit])
    return Blocks(seal_anyway(c, good, tuple(transactions[: fit + 1])), good)


def with_units(c: Community, block_units: int) -> Rules:
    rules = c.ledger.state.rules.require(CURRENT)
    return replace(rules, parameters=replace(rules.parameters, block_units=block_units))


def seal_anyway(
    c: Community, good: SealedBlock, transactions: tuple[SealedTransaction, ...]
) -> SealedBlock:
    return seal_block(good.header, good.block.signature, transactions)


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.name)
def test_a_refused_block_leaves_no_trace(code: Code) -> None:
    community = build()
    blocks = BLOCKS[code](community)
    ledger, before = community.ledger, community.ledger.root
    head = ledger.head
    empty_root = draft_root(community)
    with pytest.raises(Invalid) as caught:
        ledger.execute(blocks.bad, DirectChecks())
    assert caught.value.code is code
    assert (ledger.root, ledger.head) == (before, head)
    assert draft_root(community) == empty_root
    execution = ledger.execute(blocks.good, DirectChecks())
    ledger.commit(execution, blocks.good, durable=False)
    assert ledger.head.hash == blocks.good.hash


def test_a_body_of_another_header_is_refused_at_the_door() -> None:
    community = build()
    good, _ = community.build_block([pay(community)])
    bad = seal_block(good.header, good.block.signature, ())
    assert decode_block(good.whole_bytes) == good
    with pytest.raises(Invalid) as caught:
        decode_block(bad.whole_bytes)
    assert caught.value.code is Code.WRONG_BODY_ROOT


MORE_BAD_BLOCKS: dict[str, tuple[Code, Callable[[Community], SealedBlock]]] = {
    "another version of headers": (
        Code.WRONG_CHAIN,
        lambda c: reseal(c, c.build_block()[0], version=2),
    ),
    "the slot of genesis": (Code.WRONG_SLOT, lambda c: reseal(c, c.build_block()[0], slot=0)),
    "a locked hash that is not the base": (
        Code.WRONG_LOCK,
        lambda c: reseal(c, c.build_block()[0], lock_hash=bytes(32)),
    ),
    "a rank that is not due": (
        Code.WRONG_RANK,
        lambda c: author(c, 3, find_draws(c, 3)[1][1], SECONDARY, 1),
    ),
    "a rank beyond all seats": (
        Code.WRONG_RANK,
        lambda c: author(c, 40, find_draws(c, 40)[1][0], SECONDARY, 4),
    ),
    "a primary with a rank": (
        Code.WRONG_RANK,
        lambda c: next(
            author(c, slot, primaries[0], PRIMARY, 1)
            for slot in range(1, 200)
            for primaries in [find_draws(c, slot)[0]]
            if primaries
        ),
    ),
    "the proof of another slot": (
        Code.BAD_VRF_PROOF,
        lambda c: reseal(
            c,
            good := c.build_block()[0],
            vrf_proof=prove(c, good.header.seat, good.header.slot + 1),
        ),
    ),
    "the signature of another seat": (
        Code.BAD_HEADER_SIGNATURE,
        lambda c: sign_by_another(c, c.build_block()[0]),
    ),
    "a transaction that is refused": (
        Code.WRONG_SEQUENCE,
        lambda c: seal_anyway(c, c.build_block([pay(c)])[0], (pay(c), pay(c))),
    ),
}


def sign_by_another(c: Community, good: SealedBlock) -> SealedBlock:
    name = next(name for seat, name in c.seat_names.items() if seat != good.header.seat)
    return seal_block(good.header, sign_header(good.header, get_key(f"{name}/vote")).signature, ())


@pytest.mark.parametrize("name", MORE_BAD_BLOCKS)
def test_more_blocks_that_are_refused(name: str) -> None:
    community = build()
    code, make = MORE_BAD_BLOCKS[name]
    bad = make(community)
    empty_root = draft_root(community)
    with pytest.raises(Invalid) as caught:
        community.ledger.execute(bad, DirectChecks())
    assert caught.value.code is code
    assert draft_root(community) == empty_root


def test_ranks_widen_until_the_last_seat_can_carry_on() -> None:
    community = build()
    slot = 1
    while get_rank_limit(slot, 0) < 3:
        slot += 1
    assert slot == 12
    last = find_draws(community, slot)[1][3]
    alone = author(community, slot, last, SECONDARY, 3)
    execution = community.ledger.execute(alone, DirectChecks())
    community.ledger.commit(execution, alone, durable=False)


def test_every_code_of_the_ledger_is_covered() -> None:
    elsewhere = {Code.BALANCE_TOO_LARGE, Code.WRONG_BODY_ROOT}  # tests of their own above
    covered = {
        *TRANSACTIONS,
        *BLOCKS,
        *elsewhere,
        *test_certificates.REFUSED,
        *test_takeover.REFUSED,
        *test_proof.REFUSED,
        *test_snapshot.REFUSED,
        *test_loan_refusals.REFUSED,
        *test_market_refusals.REFUSED,
        *test_finality_record.REFUSED,
        *test_rollcall.REFUSED,
        *test_evidence.REFUSED,
        *test_sets.REFUSED,
        *test_attestations.REFUSED,
        *test_recovery.REFUSED,
        *test_aliases.REFUSED,
        *test_votes.REFUSED,
        *test_votes_credit.REFUSED,
        *test_obligations.REFUSED,
        *test_clearing.REFUSED,
        *test_setoff.REFUSED,
    }
    assert {code for code in Code if 200 <= code < 900} == covered


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Code)
    assert len({meaning.text for meaning in MEANINGS.values()}) == len(MEANINGS)
    for code, meaning in MEANINGS.items():
        assert str(Invalid(code)) == f"{meaning.text} [{int(code)} {code.name}]"
        assert str(Invalid(code, "7 of 9")).endswith(f"[{int(code)} {code.name}] 7 of 9")
