"""A genesis from its parts: a preset, people, seats, and the founders' word on who is a person.

Quick to found with: one authority, the founders, attests everybody it is given. Its key, the
group's secret and every salt come back beside the genesis and belong in a private place.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from chain.address import encode_address
from chain.crypto import KeyPair, build_key_pair
from chain.genesis import (
    GENESIS_VERSION,
    HOME_GROUP,
    Genesis,
    GenesisAccount,
    GenesisAttestation,
    GenesisAuthority,
    GenesisDeposit,
    GenesisSeat,
)
from chain.policy import AccountId, Policy, compute_account_id
from genesis.attestation import (
    SECRET_BYTES,
    Draw,
    SaltedField,
    build_fields,
    compute_account_tag,
    compute_commitment,
    compute_document_tag,
)
from genesis.preset import Preset
from genesis.schema import FoundingSeat
from genesis.table import ConstitutionError

PREFIX: Final = "pai"
KIND_PERSON: Final = "person"


class Founder(NamedTuple):
    """A member to begin with. Facts and document never enter the chain, only what hides them."""

    account: AccountId
    balance: int | None = None  # micropai; None: what the preset gives
    deposits: tuple[GenesisDeposit, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    document: str = ""
    identified: bool = True


class Founders(NamedTuple):
    """The authority that attests at the birth: its name, its place, its key, its group's secret."""

    name: str
    jurisdiction: str
    key: KeyPair
    group_secret: bytes

    @property
    def policy(self) -> Policy:
        """One key may act, until the authority changes its policy."""
        return Policy(1, (self.key.public,))

    @property
    def account(self) -> AccountId:
        """The authority's own account."""
        return compute_account_id(self.policy)


class Founding(NamedTuple):
    """A genesis, and what must stay private: founders' secrets and everybody's salted fields."""

    genesis: Genesis
    founders: Founders
    fields: dict[AccountId, tuple[SaltedField, ...]]


def draw_founders(name: str, jurisdiction: str, draw: Draw = secrets.token_bytes) -> Founders:
    """An authority with a fresh key and a fresh secret."""
    return Founders(name, jurisdiction, build_key_pair(draw(32)), draw(SECRET_BYTES))


def build_community(
    preset: Preset,
    name: str,
    members: Iterable[Founder],
    seats: Iterable[FoundingSeat],
    genesis_time: int,
    *,
    prefix: str = PREFIX,
    issue_to: AccountId | None = None,
    founders: Founders | None = None,
    draw: Draw = secrets.token_bytes,
) -> Founding:
    """A genesis of these members and seats. Its faults are for ``genesis.verify`` to find.

    Owners of seats who are no members join with an empty balance. The preset's issue goes to
    ``issue_to``, an account that need not be a person's; without one it is not made. Raises
    ConstitutionError when a member is named twice.
    """
    founders = founders or draw_founders("Founders", "community", draw)
    seats = sorted(seats, key=lambda seat: seat.owner)
    people = _gather_people(members, seats, prefix)
    fields = {item.account: build_fields(item.facts, draw) for item in people if item.identified}
    genesis = Genesis(
        version=GENESIS_VERSION,
        name=name,
        prefix=prefix,
        genesis_time=genesis_time,
        constants=preset.constants,
        parameters=preset.parameters,
        keep_schedule=preset.keep_schedule,
        authorities=(
            GenesisAuthority(
                founders.account, founders.name, founders.jurisdiction, founders.policy, HOME_GROUP
            ),
        ),
        accounts=_build_accounts(people, preset, issue_to),
        attestations=tuple(
            _build_attestation(item, founders, fields[item.account], preset)
            for item in people
            if item.identified
        ),
        seats=tuple(_build_seat(seat, preset) for seat in seats),
        funds=preset.funds,
    )
    return Founding(genesis, founders, fields)


def _gather_people(
    members: Iterable[Founder], seats: Sequence[FoundingSeat], prefix: str
) -> list[Founder]:
    people: dict[AccountId, Founder] = {}
    for item in members:
        if people.setdefault(item.account, item) is not item:
            address = encode_address(prefix, item.account)
            raise ConstitutionError(f"{address} is named twice among the members: remove one")
    for seat in seats:
        people.setdefault(seat.owner, Founder(seat.owner, balance=0))
    return [people[account] for account in sorted(people)]


def _build_accounts(
    people: Iterable[Founder], preset: Preset, issue_to: AccountId | None
) -> tuple[GenesisAccount, ...]:
    balances = {
        item.account: preset.start.balance if item.balance is None else item.balance
        for item in people
    }
    deposits = {item.account: item.deposits for item in people}
    if issue_to is not None:
        balances[issue_to] = balances.get(issue_to, 0) + preset.start.issue
    return tuple(
        GenesisAccount(account, balances[account], deposits.get(account, ()))
        for account in sorted(balances)
    )


def _build_attestation(
    person: Founder, founders: Founders, fields: tuple[SaltedField, ...], preset: Preset
) -> GenesisAttestation:
    tag = (
        compute_document_tag(founders.group_secret, founders.jurisdiction, person.document)
        if person.document
        else compute_account_tag(founders.group_secret, person.account)
    )
    return GenesisAttestation(
        authority=founders.account,
        subject=person.account,
        kind=KIND_PERSON,
        jurisdiction=founders.jurisdiction,
        commitment=compute_commitment(fields),
        tag=tag,
        from_slot=0,
        until_slot=preset.start.attested_periods * preset.constants.slots_per_period,
    )


def _build_seat(seat: FoundingSeat, preset: Preset) -> GenesisSeat:
    term = seat.bond_term_periods
    return GenesisSeat(
        account=seat.owner,
        keys=seat.keys,
        bond=preset.start.bond if seat.bond is None else seat.bond,
        bond_term_periods=preset.start.bond_term_periods if term is None else term,
    )
