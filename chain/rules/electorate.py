"""Who may vote: persons identified long enough, frozen as bits when a proposal is filed.

Every person of the home group has a number for ever. The register keeps since when he has been
identified without a gap; losing an identity later takes nobody off a list that was frozen.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from chain.crypto import u32
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.identity import get_home_person_key, is_attested_without
from chain.state import State
from chain.tables import CURRENT, PERSONS_PER_CHUNK, RegisterChunk, Registered

# What a filing weighs beyond its action: it looks at every person once.
PERSONS_PER_UNIT: Final = 32


def put_register(state: State, persons: Sequence[Registered]) -> None:
    """The register of a genesis: its persons get the numbers from 0 on, in this order."""
    assembly = state.assembly.require(CURRENT)
    state.assembly.put(CURRENT, replace(assembly, persons=len(persons)))
    for first in range(0, len(persons), PERSONS_PER_CHUNK):
        chunk = RegisterChunk(tuple(persons[first : first + PERSONS_PER_CHUNK]))
        state.register.put(u32(first // PERSONS_PER_CHUNK), chunk)


def register_person(state: State, tag: bytes, since_slot: int, until_slot: int) -> int:
    """Give a person who is identified for the first time a number, and return it."""
    assembly = state.assembly.require(CURRENT)
    number = assembly.persons
    state.assembly.put(CURRENT, replace(assembly, persons=number + 1))
    key = u32(number // PERSONS_PER_CHUNK)
    chunk = state.register.get(key)
    persons = chunk.persons if chunk else ()
    state.register.put(key, RegisterChunk((*persons, Registered(tag, since_slot, until_slot))))
    return number


def note_standing(state: State, context: Context, number: int, until_slot: int) -> None:
    """A person is identified until another slot now; after a gap he is new again."""
    key = u32(number // PERSONS_PER_CHUNK)
    place = number % PERSONS_PER_CHUNK
    persons = list(state.register.require(key).persons)
    known = persons[place]
    since = known.since_slot if context.slot < known.until_slot else context.slot
    persons[place] = replace(known, since_slot=since, until_slot=until_slot)
    state.register.put(key, RegisterChunk(tuple(persons)))


def build_electorate(state: State, context: Context, about: AccountId | None) -> bytes:
    """The bits of all who may vote on what is filed in this block.

    ``about`` is the authority that the measure is about, if any: whoever would be nobody without
    its word has none on it.
    """
    constants = context.constants
    age_periods = context.parameters.electorate_age_periods
    # Nobody is older than the community: while it is young, age says nothing.
    oldest = context.slot - age_periods * constants.slots_per_period
    youngest_slot = oldest if oldest >= 0 else context.slot
    bits = bytearray((state.assembly.require(CURRENT).persons + 7) // 8)
    for number, person in iterate_register(state):
        if not person.since_slot <= youngest_slot or context.slot >= person.until_slot:
            continue
        if about is None or is_attested_without(state, context, person.tag, about):
            bits[number // 8] |= 1 << number % 8
    return bytes(bits)


def iterate_register(state: State) -> Iterator[tuple[int, Registered]]:
    """Every person and his number."""
    count = state.assembly.require(CURRENT).persons
    for chunk in range(-(-count // PERSONS_PER_CHUNK)):
        persons = state.register.require(u32(chunk)).persons
        for place, person in enumerate(persons):
            yield chunk * PERSONS_PER_CHUNK + place, person


def find_number(state: State, account_id: AccountId) -> int | None:
    """The number of the person behind an account, if there is one."""
    account = state.accounts.get(account_id)
    if account is None or account.person is None:
        return None
    return state.persons.require(get_home_person_key(account.person)).number


def has_bit(bits: bytes, number: int) -> bool:
    """Whether a person's bit is set; bits beyond the end are not."""
    return number // 8 < len(bits) and bool(bits[number // 8] >> number % 8 & 1)


def with_bit(bits: bytes, number: int, *, value: bool) -> bytes:
    """The same bits, but for one person's."""
    changed = bytearray(bits)
    if value:
        changed[number // 8] |= 1 << number % 8
    else:
        changed[number // 8] &= ~(1 << number % 8)
    return bytes(changed)


def count_bits(bits: bytes) -> int:
    """How many bits are set."""
    return int.from_bytes(bits, "big").bit_count()
