"""Changing a seat's keys, and voting again after a lost journal.

Whose server is seized has a standby key elsewhere: it names new keys and becomes the vote key at
the next hand-off. Until then the owner's account can cancel that, and it can always replace all
keys. No change is without delay, none can be repeated at will, and no key ever comes back.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import ReleaseNotice, ReplaceSeatKeys, Takeover
from chain.checks import SignatureChecks
from chain.codec import encode
from chain.crypto import SIGN_TAKEOVER, Signed
from chain.errors import Code, Invalid
from chain.facts import NoticePaid
from chain.policy import AccountId
from chain.rules.bonded import get_bonded_seats
from chain.rules.context import Context
from chain.rules.payments import debit
from chain.rules.rewards import give_to_funds
from chain.rules.seats import check_seat_keys, check_seat_role, check_unused_keys, mark_used_keys
from chain.state import State
from chain.tables import KeyChange, Notice, Seat

NEVER: Final = -1
KEYS_WAIT_EPOCHS: Final = 3  # from registration to service: no key can fit a known randomness
NOTICE_SHARE: Final = 100  # a notice costs a hundredth of the bond

SeatKeyTriple = tuple[bytes, bytes, bytes]  # vote, VRF, standby
_NO_CHANGE: Final = KeyChange(
    keys=None, takeover=False, serving_epoch=0, takeover_period=NEVER, replaced_period=NEVER
)


def get_takeover_message(chain: bytes, action: Takeover) -> bytes:
    """What the standby key signs; the vote key it names is that which it replaces."""
    return SIGN_TAKEOVER + encode((chain, action.seat, action.old_vote, action.standby, action.vrf))


def apply_takeover(
    state: State,
    context: Context,
    _submitter: AccountId,
    action: Takeover,
    checks: SignatureChecks,
) -> None:
    """Let a standby key become the vote key at the next hand-off. Anybody may hand this in."""
    seat = state.seats.get(action.seat)
    if seat is None:
        raise Invalid(Code.NO_SEAT)
    if seat.vote_key != action.old_vote:
        raise Invalid(Code.WRONG_VOTE_KEY)
    change = state.key_changes.get(action.seat) or _NO_CHANGE
    if change.keys is not None and not change.takeover:
        raise Invalid(Code.KEYS_BEING_REPLACED)
    _check_pause(context, change.takeover_period, Code.TAKEOVER_TOO_SOON)
    keys = (action.standby, action.vrf)
    check_unused_keys(state, keys)
    for role, public, proof in zip(("standby", "vrf"), keys, action.proofs, strict=True):
        check_seat_role(checks, context.chain, action.seat, role, public, proof)
    message = get_takeover_message(context.chain, action)
    if not checks.holds(Signed(seat.standby_key, message, action.signature)):
        raise Invalid(Code.BAD_TAKEOVER_SIGNATURE)
    mark_used_keys(state, action.seat, keys)
    state.key_changes.put(
        action.seat,
        replace(
            change,
            keys=(seat.standby_key, action.vrf, action.standby),
            takeover=True,
            serving_epoch=context.epoch + KEYS_WAIT_EPOCHS,
            takeover_period=context.period,
        ),
    )


def apply_replace_keys(
    state: State,
    context: Context,
    owner: AccountId,
    action: ReplaceSeatKeys,
    checks: SignatureChecks,
) -> None:
    """Replace all keys by the account's policy; a takeover that has not acted is cancelled."""
    if state.seats.get(owner) is None:
        raise Invalid(Code.NO_SEAT)
    change = state.key_changes.get(owner) or _NO_CHANGE
    if not change.takeover:  # the last change was a replacement too, so another one can wait
        _check_pause(context, change.replaced_period, Code.REPLACEMENT_TOO_SOON)
    keys = (action.keys.vote, action.keys.vrf, action.keys.standby)
    check_unused_keys(state, keys)
    check_seat_keys(checks, context.chain, owner, action.keys)
    mark_used_keys(state, owner, keys)
    state.key_changes.put(
        owner,
        replace(
            change,
            keys=keys,
            takeover=False,
            serving_epoch=context.epoch + KEYS_WAIT_EPOCHS,
            replaced_period=context.period,
        ),
    )


def get_next_keys(state: State, context: Context, seat_id: AccountId, seat: Seat) -> SeatKeyTriple:
    """Vote, VRF and standby key with which a hand-off in this block lets the seat serve."""
    change = state.key_changes.get(seat_id)
    present = seat.vote_key, seat.vrf_key, seat.standby_key
    if change is None or change.keys is None:
        return present
    if context.epoch >= change.serving_epoch:
        return change.keys
    if not change.takeover:
        return present
    # Its new VRF key must wait, so until then the seat votes and produces nothing.
    vote, _, standby = change.keys
    return vote, seat.vrf_key, standby


def process_key_changes(state: State, context: Context) -> None:
    """At a hand-off give every bonded seat the keys with which the new list names it."""
    for seat_id in get_bonded_seats(state):
        change = state.key_changes.get(seat_id)
        if change is None or change.keys is None:
            continue
        seat = state.seats.require(seat_id)
        vote, vrf, standby = get_next_keys(state, context, seat_id, seat)
        state.seats.put(seat_id, replace(seat, vote_key=vote, vrf_key=vrf, standby_key=standby))
        if (vote, vrf, standby) == change.keys:
            state.key_changes.put(seat_id, replace(change, keys=None))


def apply_release_notice(
    state: State, context: Context, owner: AccountId, action: ReleaseNotice
) -> None:
    """Say that the seat will vote again although its journal was lost; it costs and is rare."""
    seat = state.seats.get(owner)
    if seat is None:
        raise Invalid(Code.NO_SEAT)
    if seat.bond == 0:
        raise Invalid(Code.SEAT_NOT_BONDED)
    if action.lock_round > action.activation_round:  # 0: nothing was justified yet
        raise Invalid(
            Code.BAD_NOTICE, f"locked at {action.lock_round}, active at {action.activation_round}"
        )
    last = state.notices.get(owner)
    _check_pause(context, last.period if last else NEVER, Code.NOTICE_TOO_SOON)
    cost = -(-seat.bond // NOTICE_SHARE)
    debit(state, context, owner, cost)
    give_to_funds(state, cost)
    state.facts.append(NoticePaid(owner, cost))
    state.notices.put(
        owner,
        Notice(
            slot=context.slot,
            period=context.period,
            activation_round=action.activation_round,
            lock_round=action.lock_round,
            lock_hash=action.lock_hash,
        ),
    )


def is_excused(state: State, seat: AccountId, ack_round: int) -> bool:
    """Whether a notice of release excuses an ack that contradicts a later prevote of the seat."""
    notice = state.notices.get(seat)
    return notice is not None and ack_round <= notice.activation_round and ack_round < notice.slot


def _check_pause(context: Context, last_period: int, code: Code) -> None:
    """Refuse what was done within the time for evidence already."""
    following = last_period + context.constants.evidence_periods
    if last_period != NEVER and context.period < following:
        raise Invalid(code, f"again from period {following}")
