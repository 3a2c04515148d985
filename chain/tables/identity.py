"""Who is who: persons by tag, authorities, attestations. Times are slots."""

from typing import Annotated, Final

from msgspec import Meta

from chain.codec import Bytes32, Natural, Record
from chain.policy import AccountId
from chain.tables.table import Table

RECENT_PERIODS: Final = 28  # over which an authority's pace is measured
AUTHORITIES_MAX: Final = 16  # in a group, retired ones too: each is asked about each person


class Person(Record, frozen=True):
    """Key: group (u32) and tag. Where that is, and what he used this period.

    Until when he is identified stands nowhere: it follows from attestations and parameters.
    """

    account: AccountId
    used_period: Natural
    used_units: Natural
    number: Natural  # of a person of the home group, for ever; 0 for others
    outgoing_week: Natural  # in which he last paid somebody
    outgoings: tuple[Natural, ...]  # what he paid in that week and the four before it


class Recent(Record, frozen=True):
    """How many an authority has made persons of, and how many it has revoked, in a period."""

    period: Natural
    new: Natural
    revoked: Natural


class Authority(Record, frozen=True):
    """Key: the authority's account id; it signs as that account does."""

    name: str
    jurisdiction: str
    group: Natural
    retired_slot: int  # -1: not retired
    attested: Natural  # attestations it has given and not revoked
    recent: Annotated[tuple[Recent, ...], Meta(max_length=RECENT_PERIODS)]  # by period


class Roster(Record, frozen=True):
    """Key: group (u32). Its authorities, in the order in which they came."""

    authorities: Annotated[tuple[AccountId, ...], Meta(min_length=1)]


class Attestation(Record, frozen=True):
    """Key: subject's account id and authority's id."""

    kind: str
    jurisdiction: str
    commitment: Bytes32
    tag: Bytes32
    from_slot: Natural
    until_slot: Natural
    revoked_slot: int  # -1: not revoked


PERSONS: Final = Table(b"p", "persons", Person)
AUTHORITIES: Final = Table(b"u", "authorities", Authority)
ROSTERS: Final = Table(b"x", "rosters", Roster)
ATTESTATIONS: Final = Table(b"t", "attestations", Attestation)
