"""What offences cost, settled at an epoch's end: little for one accident, all for many at once.

The part of a bond that is lost grows with the square of the weight that offended within the time
for evidence, the heaviest offender not counted; whoever offended earlier in that time is topped up,
so the order of reports does not matter. Bonds on their way back still answer.
"""

from typing import Final

from msgspec.structs import replace

from chain.facts import Reported, Slashed
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.rewards import give_to_funds, pay_owner
from chain.rules.seats import set_bond
from chain.rules.settlement import BONDED, OWN, get_due_step, put_deposits, touch
from chain.rules.weights import ONE
from chain.state import State
from chain.tables import CURRENT, Deposit, Offender, Offenders

SLASH_MIN: Final = ONE // 100
RELEASED_SHARE: Final = 10  # whom a notice of release excuses pays a tenth
REPORTER_SHARE: Final = 20  # a twentieth to whoever reported


def compute_slash(shares: list[int]) -> int:
    """The part of a bond that is lost, of ONE, when seats with these shares offended."""
    weight = sum(shares) - max(shares)
    return max(SLASH_MIN, min(ONE, 9 * weight * weight // ONE))


def process_slashes(state: State, context: Context) -> None:
    """Settle offences of this epoch, top up earlier ones, and forget those of long ago."""
    row = state.offenders.get(CURRENT)
    if row is None:
        return
    period, evidence = context.period, context.constants.evidence_periods
    # After a pause of the chain what is not yet settled may be older than all the others.
    entries = tuple(
        item for item in row.entries if item.base == 0 or period < item.last_period + evidence
    )
    if row.pending:
        part = compute_slash([item.share for item in entries])
        entries = tuple(_slash(state, context, item, part) for item in entries)
    live = tuple(item for item in entries if period < item.last_period + evidence)
    state.offenders.put(CURRENT, Offenders(live, pending=False) if live else None)


def _slash(state: State, context: Context, offender: Offender, part: int) -> Offender:
    """Take what the offender owes by now; returns it with that noted."""
    owner = offender.seat
    touch(state, context, owner, state.accounts.require(owner))
    savings = state.savings.get(owner)
    deposits = savings.deposits if savings else ()
    locked = sum(item.amount for item in deposits if item.seat_bond not in OWN)
    base = offender.base or locked
    part = part // RELEASED_SHARE if offender.released else part
    amount = min(locked, max(0, -(-base * part // ONE) - offender.taken))
    if amount == 0:
        return replace(offender, base=base)
    left, rest, bond_taken = [], amount, 0
    for item in deposits:
        taken = 0 if item.seat_bond in OWN else min(rest, item.amount)
        rest -= taken
        if taken:
            state.facts.append(Slashed(owner, item.id, taken))
        if item.seat_bond == BONDED:
            bond_taken += taken
        if item.amount > taken:
            left.append(replace(item, amount=item.amount - taken))
    _put_left(state, owner, tuple(left))
    seat = state.seats.require(owner)
    set_bond(state, context, owner, seat, seat.bond - bond_taken)
    _share_out(state, context, offender, amount)
    return replace(offender, base=base, taken=offender.taken + amount)


def _put_left(state: State, owner: AccountId, deposits: tuple[Deposit, ...]) -> None:
    put_deposits(state, owner, deposits)
    account = state.accounts.require(owner)
    state.accounts.put(owner, replace(account, due_step=get_due_step(deposits)))


def _share_out(state: State, context: Context, offender: Offender, amount: int) -> None:
    """The reporter first, unless he reported himself; the rest to reserve and social fund."""
    reported = 0
    if offender.reporter != offender.seat:
        reported = pay_owner(state, context, offender.reporter, amount // REPORTER_SHARE)
        state.facts.append(Reported(offender.reporter, reported))
    give_to_funds(state, amount - reported)
