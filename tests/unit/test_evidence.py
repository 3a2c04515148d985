"""Every offence can be proved, nothing else can, and a refused proof leaves no trace."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.block import BlockParts
from chain.certificates import Finality
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.header import Header, compute_block_hash
from chain.policy import AccountId
from chain.records import Evidence, HeaderEvidence, StrayVoteEvidence, VoteEvidence
from chain.rules import evidence as rule
from chain.rules.context import Context
from chain.rules.evidence import is_evidence_news
from chain.rules.tally import RELEASED, Offence
from chain.state import State
from chain.tables import Notice, SetEntry
from chain.votes import Ack, Prevote, SignedVote, Vote, sign_vote
from tests.community import Community, get_account_id, get_key, get_name
from tests.recording import (
    build_ack,
    build_prevote,
    certify,
    collect,
    sign_as,
    vote,
    with_finality,
)
from tests.unit.test_finality_record import check_refused, grow

ANN = get_account_id("ann")


def get_list(c: Community) -> tuple[SetEntry, ...]:
    return c.ledger.seat_set.entries


def pair(c: Community, one: SignedVote, other: SignedVote) -> VoteEvidence:
    first, second = sorted((one, other), key=lambda item: encode(item.body))
    return VoteEvidence(first, second, get_list(c))


def get_header(c: Community, height: int) -> Header:
    found = c.ledger.get_block(c.ledger.get_hash(height) or b"")
    assert found is not None
    return found.header


def build_headers(c: Community, **changes: object) -> HeaderEvidence:
    """Two headers of ann's in one slot, the second changed like this."""
    one = replace(get_header(c, 1), seat=ANN)
    other = replace(one, **({"state_root": bytes(32)} | changes))
    first, second = sorted((one, other), key=encode)
    return HeaderEvidence(sign_as("ann", first), sign_as("ann", second), get_list(c))


def build_votes(c: Community) -> dict[str, Vote]:
    blocks = [c.ledger.get_block(c.ledger.get_hash(height) or b"") for height in (1, 2, 3)]
    one, two, three = (block for block in blocks if block is not None)
    return {
        "ack 5 of one": build_ack(c, one, 5),
        "ack 5 of two": build_ack(c, two, 5),
        "ack 6 of two": build_ack(c, two, 6),
        "prevote 5 of one": build_prevote(build_ack(c, one, 5), c.chain, 0),
        "prevote 5 of two": build_prevote(build_ack(c, two, 5), c.chain, 0),
        "prevote 6 of three over 5": build_prevote(build_ack(c, three, 6), one.hash, 5),
        "prevote 6 of three": build_prevote(build_ack(c, three, 6), c.chain, 0),
    }


def accuse(c: Community, one: str, other: str, name: str = "ann") -> VoteEvidence:
    votes = build_votes(c)
    return pair(c, vote(name, votes[one]), vote(name, votes[other]))


def build_stray(c: Community, name: str = "ann") -> StrayVoteEvidence:
    """A vote of the first set for a block that stands on another base."""
    header = sign_as("boris", replace(get_header(c, 3), base=bytes(32)))
    body = build_votes(c)["ack 5 of one"]
    target = compute_block_hash(encode(header.header))
    return StrayVoteEvidence(vote(name, replace(body, target_hash=target)), header, get_list(c))


OFFENCES: dict[str, tuple[int, Callable[[Community], Evidence]]] = {
    "S0": (1, build_headers),
    "S1": (5, lambda c: accuse(c, "prevote 5 of one", "prevote 5 of two")),
    "S2": (5, lambda c: accuse(c, "ack 5 of one", "ack 5 of two")),
    "S4": (5, lambda c: accuse(c, "ack 5 of one", "prevote 6 of three")),
    "S5": (5, build_stray),
}


@pytest.mark.parametrize("kind", OFFENCES)
def test_each_offence_is_noted_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[Offence] = []

    def note(_state: State, _context: Context, offence: Offence) -> None:
        noted.append(offence)

    monkeypatch.setattr(rule, "note_offence", note)
    c = Community()
    grow(c, 3)
    vote_round, build = OFFENCES[kind]
    evidence = build(c)
    context = c.ledger.get_context(4)
    assert is_evidence_news(c.ledger.state, context, evidence)
    block = c.extend(parts=BlockParts(evidence=(evidence,)))
    weights = {entry.seat: entry.weight for entry in get_list(c)}
    reporter = block.header.seat
    assert noted == [
        Offence(ANN, kind, c.chain, vote_round, weights[ANN], sum(weights.values()), reporter)
    ] * len(noted)
    assert noted
    assert not is_evidence_news(c.ledger.state, c.ledger.get_context(5), evidence)


def test_a_seat_is_accused_once_of_a_kind_in_a_set() -> None:
    c = Community()
    grow(c, 3)
    c.extend(parts=_prove(accuse(c, "ack 5 of one", "ack 5 of two")))
    one, two = (build_votes(c)[f"ack 5 of {name}"] for name in ("one", "two"))
    again = pair(c, vote("ann", replace(one, round=7)), vote("ann", replace(two, round=7)))
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=_prove(again))
    assert caught.value.code is Code.EVIDENCE_KNOWN
    c.extend(parts=_prove(accuse(c, "ack 5 of one", "ack 5 of two", "boris")))
    c.extend(parts=_prove(accuse(c, "prevote 5 of one", "prevote 5 of two")))
    rows = c.ledger.state.accusations.require(c.chain).seats
    kinds = {get_name(item.seat): item.kinds for item in rows}
    assert kinds == {"ann": 0b110, "boris": 0b100}


def test_either_key_of_a_seat_answers() -> None:
    c = Community()
    grow(c, 3)
    votes = build_votes(c)
    by_standby = sign_vote(ANN, votes["ack 5 of two"], get_key("ann/standby"))
    evidence = pair(c, vote("ann", votes["ack 5 of one"]), by_standby)
    c.extend(parts=BlockParts(evidence=(evidence,)))


def _prove(evidence: Evidence) -> BlockParts:
    return BlockParts(evidence=(evidence,))


def _no_offence(c: Community) -> tuple[BlockParts, BlockParts]:
    return _prove(accuse(c, "ack 5 of one", "ack 6 of two")), _prove(OFFENCES["S2"][1](c))


def _bad_evidence(c: Community) -> tuple[BlockParts, BlockParts]:
    good = OFFENCES["S2"][1](c)
    assert isinstance(good, VoteEvidence)
    return _prove(replace(good, first=replace(good.first, signature=bytes(64)))), _prove(good)


def _wrong_list(c: Community) -> tuple[BlockParts, BlockParts]:
    good = OFFENCES["S2"][1](c)
    heavier = replace(good.entries[0], weight=1)
    return _prove(replace(good, entries=(heavier, *good.entries[1:]))), _prove(good)


def _known(c: Community) -> tuple[BlockParts, BlockParts]:
    first = OFFENCES["S2"][1](c)
    c.extend(parts=_prove(first))
    return _prove(first), _prove(OFFENCES["S1"][1](c))


def _no_bond(c: Community) -> tuple[BlockParts, BlockParts]:
    _free_bond(c, ANN)
    return _prove(OFFENCES["S2"][1](c)), _prove(accuse(c, "ack 5 of one", "ack 5 of two", "boris"))


def _free_bond(c: Community, owner: AccountId) -> None:
    """The seat's bonds are over, as if long released."""
    state = c.ledger.state
    savings = state.savings.require(owner)
    free = tuple(replace(item, seat_bond=0) for item in savings.deposits)
    state.savings.keep(owner, replace(savings, deposits=free))


CASES: dict[Code, Callable[[Community], tuple[BlockParts, BlockParts]]] = {
    Code.NO_OFFENCE: _no_offence,
    Code.BAD_EVIDENCE: _bad_evidence,
    Code.WRONG_SET_LIST: _wrong_list,
    Code.EVIDENCE_KNOWN: _known,
    Code.NO_BOND_LOCKED: _no_bond,
}
REFUSED = set(CASES)


@pytest.mark.parametrize("code", CASES, ids=lambda code: code.name)
def test_a_refused_proof_leaves_no_trace(code: Code) -> None:
    c = Community()
    grow(c, 3)
    bad, good = CASES[code](c)
    check_refused(c, code, bad, good)


HARMLESS: dict[str, Callable[[Community], Evidence]] = {
    "an ack at the source's round": lambda c: accuse(
        c, "ack 5 of one", "prevote 6 of three over 5"
    ),
    "an ack at the prevote's own round": lambda c: accuse(c, "ack 6 of two", "prevote 6 of three"),
    "prevotes of two rounds": lambda c: accuse(c, "prevote 5 of one", "prevote 6 of three"),
    "votes of two seats": lambda c: pair(
        c,
        vote("ann", build_votes(c)["ack 5 of one"]),
        vote("boris", build_votes(c)["ack 5 of two"]),
    ),
    "votes of two sets": lambda c: pair(
        c,
        vote("ann", build_votes(c)["ack 5 of one"]),
        vote("ann", replace(build_votes(c)["ack 5 of two"], set=bytes(32))),
    ),
    "votes of another community": lambda c: pair(
        c,
        vote("ann", replace(build_votes(c)["ack 5 of one"], chain=bytes(32))),
        vote("ann", replace(build_votes(c)["ack 5 of two"], chain=bytes(32))),
    ),
    "headers of two slots": lambda c: build_headers(c, slot=2),
    "headers of two bases": lambda c: build_headers(c, base=bytes(32)),
    "headers of two seats": lambda c: build_headers(c, seat=get_account_id("boris")),
    "a vote for a block of its own set": lambda c: StrayVoteEvidence(
        vote("ann", build_votes(c)["ack 5 of one"]),
        sign_as("boris", get_header(c, 1)),
        get_list(c),
    ),
    "a vote for another block": lambda c: replace(
        build_stray(c), vote=vote("ann", build_votes(c)["ack 5 of one"])
    ),
}


@pytest.mark.parametrize("harmless", HARMLESS)
def test_what_contradicts_nothing_proves_nothing(harmless: str) -> None:
    c = Community()
    grow(c, 3)
    evidence = HARMLESS[harmless](c)
    assert not is_evidence_news(c.ledger.state, c.ledger.get_context(4), evidence)
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=_prove(evidence))
    assert caught.value.code is Code.NO_OFFENCE


def test_one_message_twice_or_two_out_of_order_prove_nothing() -> None:
    c = Community()
    grow(c, 3)
    good = OFFENCES["S1"][1](c)
    assert isinstance(good, VoteEvidence)
    for bad in (
        replace(good, first=good.second, second=good.first),
        replace(good, second=good.first),
    ):
        with pytest.raises(Invalid) as caught:
            c.build_block(parts=_prove(bad))
        assert caught.value.code is Code.BAD_EVIDENCE


def test_a_set_that_was_never_there_accuses_nobody() -> None:
    c = Community()
    grow(c, 3)
    votes = [
        replace(body, set=bytes(32))
        for name, body in build_votes(c).items()
        if name.startswith("prevote 5")
    ]
    assert all(isinstance(body, Prevote) for body in votes)
    evidence = pair(c, vote("ann", votes[0]), vote("ann", votes[1]))
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=_prove(evidence))
    assert caught.value.code is Code.WRONG_SET_LIST


def test_a_seat_outside_the_set_is_not_accused() -> None:
    c = Community()
    grow(c, 3)
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=_prove(accuse(c, "ack 5 of one", "ack 5 of two", "emma")))
    assert caught.value.code is Code.NO_BOND_LOCKED


def release(c: Community, name: str = "ann", *, slot: int, activation_round: int) -> None:
    """As if the seat's notice of release lay on the chain."""
    notice = Notice(
        slot=slot, period=0, activation_round=activation_round, lock_round=1, lock_hash=bytes(32)
    )
    c.ledger.state.notices.keep(get_account_id(name), notice)


LIFE = 300


def build_released_pair(c: Community, vote_round: int, ack: Ack) -> VoteEvidence:
    """Ann's ack of long ago, and a prevote that skips it."""
    prevote = build_prevote(replace(ack, round=vote_round), c.chain, 0)
    return pair(c, vote("ann", ack), vote("ann", prevote))


@pytest.mark.parametrize(
    ("slot", "activation_round", "vote_round", "is_excused"),
    [
        (6, 5, 6 + LIFE, True),
        (6, 5, 5 + LIFE, False),  # the notice came too late before the prevote
        (6, 4, 6 + LIFE, False),  # the ack is of a round that it does not speak of
        (5, 5, 5 + LIFE, False),  # the notice is not younger than the ack
    ],
)
def test_a_notice_excuses_what_was_signed_long_before(
    slot: int, activation_round: int, vote_round: int, *, is_excused: bool
) -> None:
    c = Community()
    blocks = grow(c, 3)
    evidence = build_released_pair(c, vote_round, build_ack(c, blocks[0], 5))
    release(c, slot=slot, activation_round=activation_round)
    assert is_evidence_news(c.ledger.state, c.ledger.get_context(4), evidence) is not is_excused
    if not is_excused:
        c.extend(parts=_prove(evidence))
        return
    with pytest.raises(Invalid) as caught:
        c.build_block(parts=_prove(evidence))
    assert caught.value.code is Code.NO_OFFENCE


def test_an_excused_ack_that_made_another_block_final_is_an_offence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted: list[str] = []

    def note(_state: State, _context: Context, offence: Offence) -> None:
        noted.append(offence.kind)

    monkeypatch.setattr(rule, "note_offence", note)
    c = Community()
    blocks = grow(c, 7)
    c.extend(parts=with_finality(certify(c, blocks[5], 7)))
    release(c, slot=6, activation_round=5)
    other = replace(build_ack(c, blocks[4], 5), target_hash=bytes(32))
    evidence = build_released_pair(c, 6 + LIFE, other)

    def prove(finality: Finality) -> BlockParts:
        return _prove(replace(evidence, finality=finality))

    good = Finality(other, *collect(c.ledger.seat_set, other))
    without = Finality(other, *collect(c.ledger.seat_set, other, absent=("ann",)))
    too_high = replace(other, target_height=7)
    higher = build_released_pair(c, 6 + LIFE, too_high)
    for bad, code in (
        (prove(without), Code.NO_OFFENCE),
        (prove(replace(good, body=replace(other, level=1))), Code.NO_OFFENCE),
        (
            prove(Finality(other, *collect(c.ledger.seat_set, other, absent=("boris", "clara")))),
            Code.NO_QUORUM,
        ),
        (
            _prove(
                replace(higher, finality=Finality(too_high, *collect(c.ledger.seat_set, too_high)))
            ),
            Code.NO_OFFENCE,
        ),
    ):
        with pytest.raises(Invalid) as caught:
            c.build_block(parts=bad)
        assert caught.value.code is code
    noted.clear()
    c.extend(parts=prove(good))
    assert set(noted) == {RELEASED}
