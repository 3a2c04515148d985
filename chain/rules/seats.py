"""Seats: an identified person's server, its keys and its bond.

One seat a person; keys are proved to be held and never used twice, by anybody. A bond is a deposit
lent to the seat: it keeps its term, and on request it is released when the time for evidence is
over. That time begins when a hand-off is final that no longer counts it: what a set in force counts
must be there to answer for its votes. A registered seat begins to count at a hand-off.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from chain.actions import Bond, RegisterSeat, SeatKeys, Unbond
from chain.checks import SignatureChecks
from chain.codec import encode
from chain.crypto import SIGN_POSSESSION, Signed, is_public_key
from chain.errors import Code, Invalid
from chain.policy import AccountId
from chain.rules.bonded import list_seat, unlist_seat
from chain.rules.context import Context
from chain.rules.identity import is_identified
from chain.rules.savings import add_deposit, check_free, find_deposit, replace_deposit
from chain.rules.settlement import BONDED, LEAVING, UNBONDING, touch
from chain.state import State
from chain.tables import CURRENT, Deposit, Leaver, Leavers, Seat, UsedKey
from chain.units import format_pai

ROLES: Final = ("vote", "vrf", "standby")
LEAVERS_MAX: Final = 1_024  # the row that holds them stays below its cap
BEFORE_GENESIS: Final = bytes(32)  # the chain in proofs made for a genesis that does not exist yet


def get_possession_message(chain: bytes, seat: AccountId, role: str) -> bytes:
    """What a seat's key signs to prove that its owner holds it."""
    return SIGN_POSSESSION + encode(("pop", chain, seat, role))


def check_seat_keys(checks: SignatureChecks, chain: bytes, seat: AccountId, keys: SeatKeys) -> None:
    """Refuse keys that are no points, not distinct, or not held by whoever registers them."""
    publics = (keys.vote, keys.vrf, keys.standby)
    if len(set(publics)) != len(publics):
        raise Invalid(Code.KEY_USED_BEFORE, "the three keys of a seat must differ")
    for role, public, proof in zip(ROLES, publics, keys.proofs, strict=True):
        check_seat_role(checks, chain, seat, role, public, proof)


def check_seat_role(
    checks: SignatureChecks, chain: bytes, seat: AccountId, role: str, public: bytes, proof: bytes
) -> None:
    """Refuse a key for this role that is no point, or that whoever registers it does not hold."""
    if not is_public_key(public):
        raise Invalid(Code.BAD_SEAT_KEY, role)
    if not checks.holds(Signed(public, get_possession_message(chain, seat, role), proof)):
        raise Invalid(Code.BAD_PROOF_OF_POSSESSION, role)


def check_unused_keys(state: State, keys: Sequence[bytes]) -> None:
    """Refuse keys that some seat has, had, or was about to have, and one key in two roles."""
    if len(set(keys)) != len(keys):
        raise Invalid(Code.KEY_USED_BEFORE)
    for public in keys:
        if state.used_keys.get(public) is not None:
            raise Invalid(Code.KEY_USED_BEFORE)


def mark_used_keys(state: State, seat: AccountId, keys: Iterable[bytes]) -> None:
    """Mark keys as used for ever."""
    for public in keys:
        state.used_keys.put(public, UsedKey(seat))


def apply_register(
    state: State,
    context: Context,
    owner: AccountId,
    action: RegisterSeat,
    checks: SignatureChecks,
) -> None:
    """Open the seat of an identified person; it has no weight before a hand-off counts it."""
    if not is_identified(state, context, owner):
        raise Invalid(Code.NOT_IDENTIFIED)
    if state.seats.get(owner) is not None:
        raise Invalid(Code.SEAT_EXISTS)
    keys = action.keys
    check_unused_keys(state, (keys.vote, keys.vrf, keys.standby))
    check_seat_keys(checks, context.chain, owner, keys)
    put_seat(state, owner, keys, registered_epoch=context.epoch, bond=0, duty=0)


def put_seat(
    state: State, owner: AccountId, keys: SeatKeys, *, registered_epoch: int, bond: int, duty: int
) -> None:
    """Keep a new seat and mark its keys as used for ever."""
    state.seats.put(
        owner,
        Seat(
            vote_key=keys.vote,
            vrf_key=keys.vrf,
            standby_key=keys.standby,
            registered_epoch=registered_epoch,
            bond=bond,
            duty=duty,
            peak=duty,
            held=0,
        ),
    )
    mark_used_keys(state, owner, (keys.vote, keys.vrf, keys.standby))


def apply_bond(state: State, context: Context, owner: AccountId, action: Bond) -> None:
    """Lend a deposit, whole or part, to the owner's seat; a part becomes a deposit of its own."""
    seat = state.seats.get(owner)
    if seat is None:
        raise Invalid(Code.NO_SEAT)
    account = touch(state, context, owner, state.accounts.require(owner))
    if account.person is None:
        raise Invalid(Code.NOT_IDENTIFIED, "the seat's owner has another account now")
    deposit = find_deposit(state, owner, action.deposit)
    check_free(deposit)
    if action.amount > deposit.amount:
        raise Invalid(Code.DEPOSIT_TOO_LITTLE, f"it holds {format_pai(deposit.amount)}")
    if action.amount == deposit.amount:
        replace_deposit(state, owner, account, replace(deposit, seat_bond=BONDED))
    else:
        rest = replace(deposit, amount=deposit.amount - action.amount)
        replace_deposit(state, owner, account, rest)
        part = replace(deposit, id=account.deposits_made, amount=action.amount, seat_bond=BONDED)
        add_deposit(state, context, owner, part)
    set_bond(state, context, owner, seat, seat.bond + action.amount)


def apply_unbond(state: State, context: Context, owner: AccountId, action: Unbond) -> None:
    """Ask for a bonded deposit back. It answers for evidence until its release."""
    seat = state.seats.get(owner)
    if seat is None:
        raise Invalid(Code.NO_SEAT)
    account = touch(state, context, owner, state.accounts.require(owner))
    deposit = find_deposit(state, owner, action.deposit)
    if deposit.seat_bond != BONDED:
        raise Invalid(Code.DEPOSIT_NOT_BONDED)
    if state.served.get(owner) is None:
        asked = _start_release(context, deposit)
    else:
        asked = replace(deposit, seat_bond=LEAVING)
        _add_leaver(state, Leaver(owner, deposit.id, context.slot))
    replace_deposit(state, owner, account, asked)
    set_bond(state, context, owner, seat, seat.bond - deposit.amount)


def _start_release(context: Context, deposit: Deposit) -> Deposit:
    """The deposit with its time for evidence running from this block on."""
    wait_steps = context.constants.unbonding_periods * context.steps_per_period
    return replace(deposit, seat_bond=UNBONDING, release_step=context.step + wait_steps)


def _add_leaver(state: State, leaver: Leaver) -> None:
    row = state.leavers.get(CURRENT)
    waiting = row.waiting if row is not None else ()
    if len(waiting) >= LEAVERS_MAX:
        raise Invalid(Code.TOO_MANY_LEAVING)
    state.leavers.put(CURRENT, Leavers((*waiting, leaver)))


def release_leavers(state: State, context: Context, handoff_slot: int) -> None:
    """A hand-off of this slot is final: what was asked back before it begins its last wait."""
    row = state.leavers.get(CURRENT)
    if row is None:
        return
    for leaver in row.waiting:
        if leaver.slot < handoff_slot:
            _release(state, context, leaver)
    rest = tuple(leaver for leaver in row.waiting if leaver.slot >= handoff_slot)
    state.leavers.put(CURRENT, Leavers(rest) if rest else None)


def _release(state: State, context: Context, leaver: Leaver) -> None:
    """Begin the last wait of a deposit, unless it was slashed away meanwhile."""
    savings = state.savings.get(leaver.seat)
    deposits = savings.deposits if savings is not None else ()
    if any(deposit.id == leaver.deposit for deposit in deposits):
        account = touch(state, context, leaver.seat, state.accounts.require(leaver.seat))
        deposit = find_deposit(state, leaver.seat, leaver.deposit)
        replace_deposit(state, leaver.seat, account, _start_release(context, deposit))


def set_bond(state: State, context: Context, owner: AccountId, seat: Seat, bond: int) -> None:
    """Change what a seat is bonded with, and list it while it is bonded enough to serve.

    A seat that falls below the minimum begins anew, without duty, when it is bonded again.
    """
    minimum = context.constants.bond_min
    money = state.money.require(CURRENT)
    bonded = money.seats_bonded + (bond >= minimum) - (seat.bond >= minimum)
    if bonded > max(money.seats_bonded, context.parameters.seats_max):
        raise Invalid(
            Code.TOO_MANY_SEATS,
            f"{context.parameters.seats_max} seats of {format_pai(minimum)} are bonded",
        )
    if bonded != money.seats_bonded:
        state.money.put(CURRENT, replace(money, seats_bonded=bonded))
    if bond >= minimum > seat.bond:
        list_seat(state, owner)
    elif bond < minimum <= seat.bond:
        unlist_seat(state, owner)
        seat = replace(seat, duty=0, peak=0, held=0)
    state.seats.put(owner, replace(seat, bond=bond))
