"""A standby key takes over, the owner can undo that and replace all keys, and notices cost."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import (
    Action,
    Bond,
    RegisterSeat,
    ReleaseNotice,
    ReplaceSeatKeys,
    SeatKeys,
    Takeover,
    Unbond,
)
from chain.checks import DirectChecks
from chain.crypto import sign
from chain.errors import Code, Invalid
from chain.facts import FundGot, NoticePaid
from chain.genesis import GenesisDeposit
from chain.invariants import check_invariants
from chain.rules.context import Context
from chain.rules.epoch import compute_next_entries
from chain.rules.seats import get_possession_message
from chain.rules.takeover import (
    get_next_keys,
    get_takeover_message,
    is_excused,
    process_key_changes,
)
from chain.rules.transactions import process_transaction
from chain.tables import CURRENT, SetEntry
from tests.community import (
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_key,
)

ANN, EMMA = get_account_id("ann"), get_account_id("emma")
LATER = 28 * 20  # slots after which the time for evidence is over
REFUSED: set[Code] = set()


def build() -> Community:
    return Community(build_genesis(deposits=(GenesisDeposit(300 * PAI, 10),)))


def build_takeover(
    community: Community, *, new: str = "new", signer: str = "ann/standby", **changes: object
) -> Takeover:
    """Ann's standby key names new keys; ``changes`` are made before it signs."""
    standby, vrf = get_key(f"{new}/standby"), get_key(f"{new}/vrf")
    action = Takeover(
        seat=ANN,
        old_vote=get_key("ann/vote").public,
        standby=standby.public,
        vrf=vrf.public,
        proofs=(
            sign(standby, get_possession_message(community.chain, ANN, "standby")),
            sign(vrf, get_possession_message(community.chain, ANN, "vrf")),
        ),
        signature=bytes(64),
    )
    action = replace(action, **changes)
    message = get_takeover_message(community.chain, action)
    return replace(action, signature=sign(get_key(signer), message))


def build_keys(community: Community, name: str) -> SeatKeys:
    """New keys for Ann's seat, with proofs."""
    keys = [get_key(f"{name}/{role}") for role in ("vote", "vrf", "standby")]
    proofs = [
        sign(key, get_possession_message(community.chain, ANN, role))
        for key, role in zip(keys, ("vote", "vrf", "standby"), strict=True)
    ]
    vote, vrf, standby = (key.public for key in keys)
    return SeatKeys(vote, vrf, standby, (proofs[0], proofs[1], proofs[2]))


def act(community: Community, name: str, *actions: Action) -> None:
    community.extend([community.sign(name, *actions, fee_max=PAI)])


def get_epoch_context(community: Community, epoch: int) -> Context:
    return community.ledger.get_context(20 * epoch)


def get_entry(community: Community, epoch: int, seat: bytes = ANN) -> SetEntry | None:
    entries = compute_next_entries(community.ledger.state, get_epoch_context(community, epoch))
    return next((entry for entry in entries if entry.seat == seat), None)


def hand_over(community: Community, epoch: int) -> None:
    """What a hand-off in this epoch does to keys, kept as by a block."""
    state = community.ledger.state
    process_key_changes(state, get_epoch_context(community, epoch))
    changes, _ = state.take_changes()
    check_invariants(changes)
    state.keep(changes)


# Takeover


def test_a_standby_key_votes_from_the_next_hand_off_and_produces_when_its_vrf_key_serves() -> None:
    community = build()
    old = get_entry(community, 1)
    act(community, "hamit", build_takeover(community))  # a stranger to the seat hands it in
    entry = get_entry(community, 1)
    assert old is not None
    assert entry == replace(
        old,
        vote_key=get_key("ann/standby").public,
        standby_key=get_key("new/standby").public,
    )
    assert get_entry(community, 3) == replace(entry, vrf_key=get_key("new/vrf").public)


def test_after_the_hand_offs_the_seats_row_names_its_keys() -> None:
    community = build()
    act(community, "hamit", build_takeover(community))
    hand_over(community, 1)
    seat = community.ledger.state.seats.require(ANN)
    assert seat.vote_key == get_key("ann/standby").public
    assert seat.vrf_key == get_key("ann/vrf").public
    hand_over(community, 3)
    seat = community.ledger.state.seats.require(ANN)
    assert (seat.vrf_key, seat.standby_key) == (
        get_key("new/vrf").public,
        get_key("new/standby").public,
    )
    assert community.ledger.state.key_changes.require(ANN).keys is None


def test_all_keys_of_a_takeover_are_used_for_ever() -> None:
    community = build()
    act(community, "hamit", build_takeover(community))
    for role in ("standby", "vrf"):
        assert community.ledger.state.used_keys.require(get_key(f"new/{role}").public).seat == ANN


def test_the_owner_cancels_a_takeover_by_replacing_all_keys() -> None:
    community = build()
    old = get_entry(community, 1)
    assert old is not None
    act(community, "hamit", build_takeover(community))
    act(community, "ann", ReplaceSeatKeys(build_keys(community, "own")))
    assert get_entry(community, 1) == old
    assert get_entry(community, 3) == replace(
        old,
        vote_key=get_key("own/vote").public,
        vrf_key=get_key("own/vrf").public,
        standby_key=get_key("own/standby").public,
    )


def test_the_owner_replaces_keys_also_after_a_takeover_has_acted() -> None:
    community = build()
    act(community, "ann", ReplaceSeatKeys(build_keys(community, "own")))
    hand_over(community, 3)
    thief = build_takeover(
        community, new="thief", signer="own/standby", old_vote=get_key("own/vote").public
    )
    act(community, "hamit", thief)
    hand_over(community, 4)
    assert community.ledger.state.seats.require(ANN).vote_key == get_key("own/standby").public
    act(community, "ann", ReplaceSeatKeys(build_keys(community, "again")))
    hand_over(community, 8)
    assert community.ledger.state.seats.require(ANN).vote_key == get_key("again/vote").public


def test_replacing_keys_changes_nothing_before_they_serve() -> None:
    community = build()
    before = community.ledger.state.seats.require(ANN)
    act(community, "ann", ReplaceSeatKeys(build_keys(community, "own")))
    hand_over(community, 2)
    assert community.ledger.state.seats.require(ANN) == before
    keys = get_next_keys(community.ledger.state, get_epoch_context(community, 2), ANN, before)
    assert keys == (before.vote_key, before.vrf_key, before.standby_key)


def test_a_takeover_can_come_again_when_the_time_for_evidence_is_over() -> None:
    community = build()
    act(community, "hamit", build_takeover(community))
    hand_over(community, 3)
    community.extend(after=LATER)
    second = build_takeover(
        community, new="newer", signer="new/standby", old_vote=get_key("ann/standby").public
    )
    act(community, "hamit", second)
    assert community.ledger.state.key_changes.require(ANN).keys is not None


def test_keys_of_a_new_seat_serve_from_the_third_epoch_after() -> None:
    community = build()
    act(community, "emma", RegisterSeat(build_seat_keys("emma", chain=community.chain)))
    act(community, "emma", Bond(0, 300 * PAI))
    state = community.ledger.state
    state.seats.put(EMMA, replace(state.seats.require(EMMA), duty=10**6, held=10**6))
    assert get_entry(community, 2, EMMA) is None
    assert get_entry(community, 3, EMMA) is not None


# Notices of release


def test_a_notice_costs_a_hundredth_of_the_bond_and_is_kept() -> None:
    community = build()
    state = community.ledger.state
    block, execution = community.build_block(
        [community.sign("ann", ReleaseNotice(90, 30, bytes(32)))]
    )
    community.ledger.commit(execution, block, durable=False)
    notice = state.notices.require(ANN)
    assert (notice.activation_round, notice.lock_round, notice.slot) == (90, 30, block.header.slot)
    assert NoticePaid(ANN, PAI) in execution.facts
    assert FundGot("reserve", PAI // 2) in execution.facts
    assert community.get_balance("ann") == 499 * PAI
    assert state.seats.require(ANN).bond == 100 * PAI


def test_a_notice_excuses_acks_of_before_its_slot_and_its_activation() -> None:
    community = build()
    community.extend(after=40)
    act(community, "ann", ReleaseNotice(30, 9, bytes(32)))
    state = community.ledger.state
    assert is_excused(state, ANN, 30)
    assert not is_excused(state, ANN, 31)
    assert not is_excused(state, EMMA, 30)
    notice = state.notices.require(ANN)
    state.notices.put(ANN, replace(notice, activation_round=10**6))
    assert is_excused(state, ANN, notice.slot - 1)
    assert not is_excused(state, ANN, notice.slot)


# What is refused


Case = Callable[[Community], tuple[str, Action, Action]]
CASES: dict[str, tuple[Code, Case]] = {}


def refused(code: Code) -> Callable[[Case], Case]:
    def note(case: Case) -> Case:
        CASES[case.__name__] = code, case
        REFUSED.add(code)
        return case

    return note


NOTICE = ReleaseNotice(90, 30, bytes(32))


@refused(Code.NO_SEAT)
def takeover_of_nothing(c: Community) -> tuple[str, Action, Action]:
    return "hamit", build_takeover(c, seat=EMMA), build_takeover(c)


@refused(Code.NO_SEAT)
def keys_for_no_seat(c: Community) -> tuple[str, Action, Action]:
    good = RegisterSeat(build_seat_keys("emma", chain=c.chain))
    return "emma", ReplaceSeatKeys(build_seat_keys("emma", chain=c.chain)), good


@refused(Code.NO_SEAT)
def notice_of_no_seat(c: Community) -> tuple[str, Action, Action]:
    return "emma", NOTICE, RegisterSeat(build_seat_keys("emma", chain=c.chain))


@refused(Code.WRONG_VOTE_KEY)
def takeover_from_another_key(c: Community) -> tuple[str, Action, Action]:
    bad = build_takeover(c, old_vote=get_key("boris/vote").public)
    return "hamit", bad, build_takeover(c)


@refused(Code.BAD_TAKEOVER_SIGNATURE)
def takeover_by_the_vote_key(c: Community) -> tuple[str, Action, Action]:
    return "hamit", build_takeover(c, signer="ann/vote"), build_takeover(c)


@refused(Code.KEY_USED_BEFORE)
def takeover_to_a_key_of_another(c: Community) -> tuple[str, Action, Action]:
    return "hamit", build_takeover(c, vrf=get_key("boris/vrf").public), build_takeover(c)


@refused(Code.KEY_USED_BEFORE)
def takeover_to_one_key_twice(c: Community) -> tuple[str, Action, Action]:
    key = get_key("new/standby")
    proofs = tuple(
        sign(key, get_possession_message(c.chain, ANN, role)) for role in ("standby", "vrf")
    )
    bad = build_takeover(c, vrf=key.public, proofs=proofs)
    return "hamit", bad, build_takeover(c)


@refused(Code.BAD_SEAT_KEY)
def takeover_to_what_is_no_key(c: Community) -> tuple[str, Action, Action]:
    return "hamit", build_takeover(c, vrf=bytes(32)), build_takeover(c)


@refused(Code.BAD_PROOF_OF_POSSESSION)
def takeover_to_keys_of_others(c: Community) -> tuple[str, Action, Action]:
    good = build_takeover(c)
    return "hamit", build_takeover(c, proofs=good.proofs[::-1]), good


@refused(Code.TAKEOVER_TOO_SOON)
def takeover_twice(c: Community) -> tuple[str, Action, Action]:
    act(c, "hamit", build_takeover(c))
    good = ReplaceSeatKeys(build_keys(c, "own"))
    return "ann", build_takeover(c, new="newer"), good


@refused(Code.KEYS_BEING_REPLACED)
def takeover_while_the_owner_replaces(c: Community) -> tuple[str, Action, Action]:
    act(c, "ann", ReplaceSeatKeys(build_keys(c, "own")))
    return "ann", build_takeover(c), NOTICE


@refused(Code.REPLACEMENT_TOO_SOON)
def keys_replaced_twice(c: Community) -> tuple[str, Action, Action]:
    act(c, "ann", ReplaceSeatKeys(build_keys(c, "own")))
    return "ann", ReplaceSeatKeys(build_keys(c, "more")), NOTICE


@refused(Code.REPLACEMENT_TOO_SOON)
def keys_replaced_again_after_a_takeover(c: Community) -> tuple[str, Action, Action]:
    act(c, "hamit", build_takeover(c))
    act(c, "ann", ReplaceSeatKeys(build_keys(c, "own")))
    return "ann", ReplaceSeatKeys(build_keys(c, "more")), NOTICE


@refused(Code.BAD_PROOF_OF_POSSESSION)
def keys_proved_for_another_seat(c: Community) -> tuple[str, Action, Action]:
    bad = ReplaceSeatKeys(build_seat_keys("emma", chain=c.chain))
    return "ann", bad, ReplaceSeatKeys(build_keys(c, "own"))


@refused(Code.KEY_USED_BEFORE)
def keys_that_are_its_own_already(c: Community) -> tuple[str, Action, Action]:
    bad = ReplaceSeatKeys(build_keys(c, "ann"))
    return "ann", bad, ReplaceSeatKeys(build_keys(c, "own"))


@refused(Code.SEAT_NOT_BONDED)
def notice_of_a_seat_without_a_bond(c: Community) -> tuple[str, Action, Action]:
    act(c, "emma", RegisterSeat(build_seat_keys("emma", chain=c.chain)))
    return "emma", NOTICE, Bond(0, PAI)


@refused(Code.BAD_NOTICE)
def notice_locked_above_its_activation(c: Community) -> tuple[str, Action, Action]:
    return "ann", ReleaseNotice(30, 31, bytes(32)), ReleaseNotice(30, 30, bytes(32))


@refused(Code.BAD_NOTICE)
def notice_where_nothing_was_justified_yet(c: Community) -> tuple[str, Action, Action]:
    return "ann", ReleaseNotice(0, 1, c.chain), ReleaseNotice(30, 0, c.chain)


@refused(Code.NOTICE_TOO_SOON)
def notice_twice(c: Community) -> tuple[str, Action, Action]:
    act(c, "ann", NOTICE)
    return "ann", NOTICE, ReplaceSeatKeys(build_keys(c, "own"))


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_leaves_no_trace(name: str) -> None:
    community = build()
    code, case = CASES[name]
    sender, bad, good = case(community)
    state = community.ledger.state
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    with pytest.raises(Invalid) as caught:
        process_transaction(
            state, context, community.sign(sender, bad, fee_max=PAI), DirectChecks()
        )
    assert caught.value.code is code
    assert state.take_changes() == ([], [])
    process_transaction(state, context, community.sign(sender, good, fee_max=PAI), DirectChecks())


def test_a_second_notice_may_come_when_the_time_for_evidence_is_over() -> None:
    community = build()
    act(community, "ann", NOTICE)
    community.extend(after=LATER)
    act(community, "ann", NOTICE)
    assert community.ledger.state.notices.require(ANN).period >= 28


def test_who_defends_a_seat_uses_units_of_defence_first() -> None:
    community = build()
    before = community.ledger.state.accounts.require(ANN).defended_units
    act(community, "ann", ReplaceSeatKeys(build_keys(community, "own")))
    account = community.ledger.state.accounts.require(ANN)
    assert account.defended_units > before


def test_a_seat_that_leaves_keeps_its_change_of_keys() -> None:
    community = build()
    act(community, "emma", RegisterSeat(build_seat_keys("emma", chain=community.chain)))
    act(community, "emma", Bond(0, 300 * PAI))
    act(community, "emma", Unbond(0))
    assert EMMA not in community.ledger.state.bonded_seats.require(CURRENT).seats
