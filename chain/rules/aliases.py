"""Names for accounts: one each, first come, and nobody gets another's for a long time.

A name is for showing and for finding; payments carry addresses. A person's first name is free;
every other costs what a recovery's bond is, so that nobody hoards them.
"""

from typing import Final

from msgspec.structs import replace

from chain.actions import GiveUpAlias, RegisterAlias
from chain.errors import Code, Invalid
from chain.facts import FeePaid
from chain.names import compute_skeleton, is_reserved, is_well_formed
from chain.policy import AccountId
from chain.rules.context import Context
from chain.rules.identity import is_identified
from chain.rules.payments import debit
from chain.state import State
from chain.tables import Alias
from chain.units import format_pai

# A year: whoever knew somebody by a name does not pay a stranger by it.
REST_PERIODS: Final = 360
IN_USE: Final = -1
_BY_NAME: Final = b"\x00"
_BY_ACCOUNT: Final = b"\x01"


def get_name_key(name: str) -> bytes:
    """Where a well-formed name's row is, and that of every name that looks like it."""
    return _BY_NAME + compute_skeleton(name).encode()


def get_owner_key(account_id: AccountId) -> bytes:
    """Where the row of an account's name is."""
    return _BY_ACCOUNT + account_id


def find_alias(state: State, account_id: AccountId) -> str | None:
    """The account's name."""
    row = state.aliases.get(get_owner_key(account_id))
    return row.name if row is not None and row.released_slot == IN_USE else None


def find_account(state: State, name: str) -> AccountId | None:
    """Whose name this is, written exactly so."""
    row = state.aliases.get(get_name_key(name)) if is_well_formed(name) else None
    if row is None or row.released_slot != IN_USE or row.name != name:
        return None
    return row.account


def get_alias_price(state: State, context: Context, account_id: AccountId) -> int:
    """What another name would cost the account now, in micropai."""
    row = state.aliases.get(get_owner_key(account_id))
    rested = row is None or context.slot >= row.since_slot + _get_rest_slots(context)
    if rested and is_identified(state, context, account_id):
        return 0
    return context.constants.recovery_bond


def apply_register_alias(
    state: State, context: Context, owner: AccountId, action: RegisterAlias
) -> None:
    """Take a name; the one the account had before is given up."""
    if not is_well_formed(action.name):
        raise Invalid(Code.BAD_ALIAS)
    if is_reserved(action.name):
        raise Invalid(Code.ALIAS_RESERVED)
    key = get_name_key(action.name)
    _check_free(context, owner, action.name, state.aliases.get(key))
    price = get_alias_price(state, context, owner)
    if price > action.price_max:
        raise Invalid(Code.ALIAS_PRICE_ABOVE_MAXIMUM, f"{format_pai(price)} pai")
    if price:
        debit(state, context, owner, price)
        state.fees += price
        state.facts.append(FeePaid(owner, price))
    _release(state, context, owner)
    row = Alias(action.name, owner, since_slot=context.slot, released_slot=IN_USE)
    state.aliases.put(key, row)
    state.aliases.put(get_owner_key(owner), row)


def apply_give_up_alias(
    state: State, context: Context, owner: AccountId, _action: GiveUpAlias
) -> None:
    """Be nameless again."""
    if find_alias(state, owner) is None:
        raise Invalid(Code.NO_ALIAS)
    _release(state, context, owner)


def _check_free(context: Context, owner: AccountId, name: str, row: Alias | None) -> None:
    """Refuse a name that is, or lately was, another's, and the one the account has already."""
    if row is None:
        return
    if row.released_slot == IN_USE:
        if row.account != owner or row.name == name:
            raise Invalid(Code.ALIAS_TAKEN, row.name)
    elif row.account != owner and context.slot < row.released_slot + _get_rest_slots(context):
        raise Invalid(Code.ALIAS_TAKEN, row.name)


def _release(state: State, context: Context, owner: AccountId) -> None:
    """Give up the account's name, if it has one; the row remembers whose it was."""
    row = state.aliases.get(get_owner_key(owner))
    if row is None or row.released_slot != IN_USE:
        return
    released = replace(row, released_slot=context.slot)
    state.aliases.put(get_owner_key(owner), released)
    state.aliases.put(get_name_key(row.name), released)


def _get_rest_slots(context: Context) -> int:
    return REST_PERIODS * context.constants.slots_per_period
