"""Who may vote: persons identified long enough, frozen as bits when a proposal is filed.

Every person of the home group has a number for ever. Losing an identity later takes nobody off a
list that was frozen.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from chain.crypto import u32
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.identity import get_home_person_key, get_identified_since
from chain.state import State
from chain.tables import CURRENT, PERSONS_PER_CHUNK, RegisterChunk

# What a filing weighs beyond its action: it looks at every person once.
PERSONS_PER_UNIT: Final = 32


def register_person(state: State, tag: bytes) -> int:
    """Give a person who comes for the first time a number, and return it."""
    assembly = state.assembly.require(CURRENT)
    number = assembly.persons
    state.assembly.put(CURRENT, replace(assembly, persons=number + 1))
    key = u32(number // PERSONS_PER_CHUNK)
    chunk = state.register.get(key)
    state.register.put(key, RegisterChunk((*(chunk.tags if chunk else ()), tag)))
    return number


def put_register(state: State, tags: Sequence[bytes]) -> None:
    """The register of a genesis: its persons have the numbers from 0 on, in this order."""
    assembly = state.assembly.require(CURRENT)
    state.assembly.put(CURRENT, replace(assembly, persons=len(tags)))
    for first in range(0, len(tags), PERSONS_PER_CHUNK):
        chunk = RegisterChunk(tuple(tags[first : first + PERSONS_PER_CHUNK]))
        state.register.put(u32(first // PERSONS_PER_CHUNK), chunk)


def build_electorate(state: State, context: Context, about: AccountId | None) -> bytes:
    """The bits of all who may vote on what is filed in this block.

    ``about`` is the authority that the measure is about, if any: whoever would be nobody without
    its word has none on it.
    """
    age_periods = context.parameters.electorate_age_periods
    # Nobody is older than the community: while it is young, age says nothing.
    oldest_slot = context.slot - age_periods * context.constants.slots_per_period
    youngest_slot = oldest_slot if oldest_slot >= 0 else context.slot
    bits = bytearray((state.assembly.require(CURRENT).persons + 7) // 8)
    for number, tag in iterate_register(state):
        since_slot = get_identified_since(state, context, tag)
        if since_slot is None or since_slot > youngest_slot:
            continue
        if about is None or get_identified_since(state, context, tag, without=about) is not None:
            bits[number // 8] |= 1 << number % 8
    return bytes(bits)


def iterate_register(state: State) -> Iterator[tuple[int, bytes]]:
    """The number and the tag of every person there has ever been."""
    count = state.assembly.require(CURRENT).persons
    for chunk in range(-(-count // PERSONS_PER_CHUNK)):
        tags = state.register.require(u32(chunk)).tags
        for place, tag in enumerate(tags):
            yield chunk * PERSONS_PER_CHUNK + place, tag


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
