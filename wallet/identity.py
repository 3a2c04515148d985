"""What a node tells of identity, names and recoveries, as its clients see it (docs/api.md)."""

import unicodedata
from typing import Final

from chain.errors import Code, Invalid
from chain.names import is_well_formed
from wallet.client import Answer, Micropai, NodeClient, Octets, PolicyAnswer, Refused
from wallet.terminal import Exit, Failure

ALIAS_SIGN: Final = "@"  # before a name, so that it is not taken for one of the address book


class AliasOwner(Answer, frozen=True):
    """``GET /v1/aliases/{alias}``."""

    name: str
    address: str


class Attested(Answer, frozen=True):
    """One authority's statement."""

    authority: str
    authority_name: str
    kind: str
    jurisdiction: str
    commitment: Octets
    until_slot: int
    ends_slot: int
    counts: bool
    revoked_slot: int | None = None


class Identity(Answer, frozen=True):
    """``GET /v1/accounts/{address}/identity``."""

    address: str
    identified: bool
    attestations: tuple[Attested, ...]
    alias_price: Micropai
    alias: str | None = None
    identified_until_slot: int = 0


class Guard(Answer, frozen=True):
    """Guardians, as a salted hash."""

    guardians: Octets
    delay_periods: int
    cancels_max: int


class PendingRecovery(Answer, frozen=True):
    """A recovery that runs."""

    policy: PolicyAnswer
    lender: str
    bond: Micropai
    ends_slot: int
    ends_time: int
    cancels_left: int


class Recovery(Answer, frozen=True):
    """``GET /v1/accounts/{address}/recovery``."""

    address: str
    started: int
    bond: Micropai
    delay_periods_min: int
    delay_periods_default: int
    delay_periods_max: int
    cancels_default: int
    guard: Guard | None = None
    following: Guard | None = None
    following_slot: int | None = None
    pending: PendingRecovery | None = None
    recovered_slot: int | None = None


class Authority(Answer, frozen=True):
    """One of ``GET /v1/authorities``."""

    address: str
    name: str
    jurisdiction: str
    group: int
    attested: int
    pace: int
    new_recently: int
    revoked_recently: int
    retired_slot: int | None = None


class Authorities(Answer, frozen=True):
    """``GET /v1/authorities``."""

    needed: int
    authorities: tuple[Authority, ...]


async def get_identity(client: NodeClient, address: str) -> Identity:
    """Who vouches for an account, and its name."""
    return await client.get(f"/v1/accounts/{address}/identity", Identity)


async def get_recovery(client: NodeClient, address: str) -> Recovery:
    """An account's guardians and the recovery that runs."""
    return await client.get(f"/v1/accounts/{address}/recovery", Recovery)


async def get_authorities(client: NodeClient) -> Authorities:
    """Who may attest."""
    return await client.get("/v1/authorities", Authorities)


def is_alias(text: str) -> bool:
    """Whether a text is meant as somebody's name in the ledger."""
    return text.strip().startswith(ALIAS_SIGN)


def read_alias(text: str) -> str:
    """The name in a text, with or without its sign. Raises Invalid when it can be nobody's."""
    name = unicodedata.normalize("NFC", text.strip().removeprefix(ALIAS_SIGN)).lower()
    if not is_well_formed(name):
        raise Invalid(Code.BAD_ALIAS)
    return name


async def find_alias_owner(client: NodeClient, text: str) -> AliasOwner:
    """Whose a name is. Raises Failure when nobody's."""
    name = read_alias(text)
    try:
        owner = await client.get(f"/v1/aliases/{name}", AliasOwner)
    except Refused:
        raise Failure(Exit.USAGE, "Nobody here has the name @{name}.", name=name) from None
    if owner.name != name:
        raise Failure(Exit.USAGE, "Nobody here has the name @{name}.", name=name)
    return owner
