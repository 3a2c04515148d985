"""Who is who: persons by tag, authorities, attestations. Times are slots."""

from typing import Final

from chain.codec import Bytes32, Natural, Record
from chain.policy import AccountId, Policy
from chain.tables.table import Table


class Person(Record, frozen=True):
    """Key: group (u32) and tag. Who that is here, until when, and what he used this period."""

    account: AccountId
    identified_until_slot: Natural
    used_period: Natural
    used_units: Natural
    outgoing_week: Natural  # in which he last paid somebody
    outgoings: tuple[Natural, ...]  # what he paid in that week and the four before it


class Authority(Record, frozen=True):
    """Key: the authority's account id."""

    name: str
    jurisdiction: str
    policy: Policy
    group: Natural
    retired_slot: int  # -1: not retired


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
ATTESTATIONS: Final = Table(b"t", "attestations", Attestation)
