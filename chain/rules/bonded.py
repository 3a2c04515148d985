"""The list of bonded seats: those with at least the least bond, in order of id.

Only they are called, can gain weight and are paid. A seat that leaves the list begins anew when it
comes back: what it was owed and what it held is forgotten.
"""

from bisect import bisect_left, insort

from chain.policy import AccountId
from chain.state import State
from chain.tables import CURRENT, Bonded


def get_bonded_seats(state: State) -> tuple[AccountId, ...]:
    """The ids of all bonded seats, ascending."""
    return state.bonded_seats.require(CURRENT).seats


def is_listed(bonded: tuple[AccountId, ...], seat: AccountId) -> bool:
    """Whether a seat is on such a list."""
    place = bisect_left(bonded, seat)
    return place < len(bonded) and bonded[place] == seat


def list_seat(state: State, seat: AccountId) -> None:
    """Put a seat on the list that was not on it."""
    seats = list(get_bonded_seats(state))
    insort(seats, seat)
    state.bonded_seats.put(CURRENT, Bonded(tuple(seats)))


def unlist_seat(state: State, seat: AccountId) -> None:
    """Take a seat off the list, with all that was counted of it.

    The tally of a seat of the present set goes at the epoch's end, when its set may go too.
    """
    state.bonded_seats.put(
        CURRENT, Bonded(tuple(item for item in get_bonded_seats(state) if item != seat))
    )
    if all(entry.seat != seat for entry in state.sets.require(CURRENT).entries):
        state.seat_tallies.put(seat, None)
    customers = state.customers.get(seat)
    if customers is not None:
        for person in customers.people:
            state.pairs.put(seat + person, None)
        state.customers.put(seat, None)
