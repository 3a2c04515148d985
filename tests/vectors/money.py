"""Money maths for the vectors: exact powers in decimals, floors written out; no rule is asked.

A kept fraction is K / 2^64 with the u64 K of the genesis. Ninety digits say the floor of any
balance below 2^63 with certainty: the nearest power to a whole micropai among the vectors is
asserted to be further away than the digits are wrong.
"""

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=90, Emax=10**9, Emin=-(10**9))
WHOLE = Decimal(2) ** 64
DOUBT = Decimal(10) ** -50

Segment = tuple[int, int | None]  # from this step on, K; None: nothing melts


def find_keep(rate: str, steps: str) -> int:
    """The nearest u64 K to 2^64 (1 - rate)^(1 / steps); both are decimals as they are written."""
    kept = EXACT.power(1 - Decimal(rate), EXACT.divide(Decimal(1), Decimal(steps)))
    return int(EXACT.multiply(WHOLE, kept).to_integral_value(ROUND_HALF_EVEN))


def floor_exactly(amount: Decimal) -> int:
    """The floor of an amount that is surely not within a rounding error of the next whole."""
    floored = amount.to_integral_value(ROUND_FLOOR)
    assert amount == floored or DOUBT < amount - floored < 1 - DOUBT, "more digits are needed"
    return int(floored)


def compute_remains(balance: int, schedule: list[Segment], begin: int, end: int) -> int:
    """What a balance keeps from one step to another: one floor for each segment, in order."""
    if balance <= 0:
        return balance
    ends = [start for start, _ in schedule[1:]] + [end]
    for (start, keep), last in zip(schedule, ends, strict=True):
        steps = min(last, end) - max(start, begin)
        if keep is not None and steps > 0:
            factor = EXACT.power(EXACT.divide(Decimal(keep), WHOLE), steps)
            balance = floor_exactly(EXACT.multiply(Decimal(balance), factor))
    return balance


def bring(
    balance: int, at: int, deposits: list[list[int]], schedule: list[Segment], step: int
) -> tuple[int, list[list[int]], int]:
    """Balance, deposits and charge of an account at a step. Deposits are rows of the state.

    ``[id, amount, since, until, renew, seat_bond, release]``; events in order of step and id.
    """
    deposits = [list(item) for item in deposits]
    charge = 0
    while True:
        events = [
            (item[6] if item[5] == 2 else item[3], item[0])
            for item in deposits
            if item[5] in (0, 2)
        ]
        event = min(events, default=None)
        if event is None or event[0] > step:
            break
        item = next(item for item in deposits if item[0] == event[1])
        if item[5] == 2:  # released: from now on a deposit like others, ended if its term is over
            item[3], item[5], item[6] = max(item[3], item[6]), 0, 0
        elif item[4]:  # renewed
            item[2], item[3], item[4] = item[3], item[3] + item[4], 0
        else:
            kept = compute_remains(balance, schedule, at, event[0])
            charge += balance - kept
            balance, at = kept + item[1], event[0]
            deposits.remove(item)
    kept = compute_remains(balance, schedule, at, step)
    return kept, deposits, charge + balance - kept
