"""Who was attested by whom, kept a second time from what authorities signed, for an auditor.

It reads the genesis and signed transactions; of rows only an authority's group and jurisdiction,
since members decide that by vote. ``find_identified`` says who is a person at a moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple

from chain.actions import Attest, Renew, Revoke
from chain.changes import Change
from chain.codec import Record
from chain.genesis import HOME_GROUP, Genesis
from chain.parameters import Parameters
from chain.policy import AccountId
from chain.tables import AUTHORITIES, Attestation, Authority
from chain.transaction import SealedTransaction

PERSON_KIND: Final = "person"


class Place(Enum):
    """Where an account belongs, by what authorities say of its owner now."""

    HOME = "home"
    FOREIGN = "foreign"
    UNIDENTIFIED = "unidentified"


class Stated(NamedTuple):
    """What an authority has said of an account, and until when."""

    kind: str
    jurisdiction: str
    commitment: bytes
    tag: bytes
    from_slot: int
    until_slot: int
    revoked_slot: int


class Registry:
    """All statements of all authorities, and whose account is whose at home."""

    def __init__(self, genesis: Genesis) -> None:
        self.stated: dict[tuple[AccountId, AccountId], Stated] = {}
        self.homes: dict[AccountId, bytes] = {}  # account -> tag of the home group
        self._groups = {item.id: item.group for item in genesis.authorities}
        self._jurisdictions = {
            item.jurisdiction for item in genesis.authorities if item.group == HOME_GROUP
        }
        self._speakers: defaultdict[AccountId, set[AccountId]] = defaultdict(set)  # by subject
        self._places: dict[tuple[int, bytes], AccountId] = {}
        for item in genesis.attestations:
            said = Stated(
                item.kind, item.jurisdiction, item.commitment, item.tag, 0, item.until_slot, -1
            )
            self._state(item.subject, item.authority, said)

    def follow(
        self, slot: int, transactions: Iterable[SealedTransaction], changes: Iterable[Change]
    ) -> None:
        """Note what a block's transactions state."""
        for sealed in transactions:
            for action in sealed.body.actions:
                if isinstance(action, Attest | Renew | Revoke):
                    self._act(slot, sealed.body.account, action)
        for change in changes:
            if change.table.prefix == AUTHORITIES.prefix and isinstance(change.after, Authority):
                self._groups[change.key] = change.after.group
                if change.after.group == HOME_GROUP:
                    self._jurisdictions.add(change.after.jurisdiction)

    def get_tags(self, account: AccountId, slot: int) -> set[tuple[int, bytes]]:
        """Group and tag of everybody whose account this is said to be in a slot."""
        return {
            (self._groups[authority], said.tag)
            for authority, said in self._find_running(account, slot)
        }

    def get_place(self, account: AccountId, slot: int) -> Place:
        """Whether anybody vouches for an account in a slot, and under a jurisdiction of home."""
        if account in self._groups:
            return Place.HOME  # an authority itself
        said = [item for _, item in self._find_running(account, slot)]
        if not said:
            return Place.UNIDENTIFIED
        if any(item.jurisdiction in self._jurisdictions for item in said):
            return Place.HOME
        return Place.FOREIGN

    def _find_running(self, account: AccountId, slot: int) -> list[tuple[AccountId, Stated]]:
        return [
            (authority, said)
            for authority in self._speakers.get(account, ())
            if (said := self.stated[account, authority]).revoked_slot < 0 and slot < said.until_slot
        ]

    def _act(self, slot: int, authority: AccountId, action: Attest | Renew | Revoke) -> None:
        match action:
            case Attest():
                said = Stated(
                    action.kind,
                    action.jurisdiction,
                    action.commitment,
                    action.tag,
                    slot,
                    action.until_slot,
                    -1,
                )
                self._state(action.subject, authority, said)
            case Renew(subject, commitment, until_slot):
                key = subject, authority
                self.stated[key] = self.stated[key]._replace(
                    commitment=commitment, until_slot=until_slot
                )
            case Revoke(subject):
                key = subject, authority
                self.stated[key] = self.stated[key]._replace(revoked_slot=slot)

    def _state(self, subject: AccountId, authority: AccountId, said: Stated) -> None:
        if said.kind == PERSON_KIND:
            group = self._groups[authority]
            place = (group, said.tag)
            old = self._places.get(place)
            if old not in (None, subject) and (
                group != HOME_GROUP or self.homes.get(old or b"") == said.tag
            ):
                self._move(group, old or b"", authority, said.tag)
            self._places[place] = subject
            if group == HOME_GROUP:
                self.homes[subject] = said.tag
        self.stated[subject, authority] = said
        self._speakers[subject].add(authority)

    def _move(self, group: int, old: AccountId, authority: AccountId, tag: bytes) -> None:
        own = self.stated.get((old, authority))
        if own is not None and own.tag == tag:
            del self.stated[old, authority]
            self._speakers[old].discard(authority)
        if group == HOME_GROUP:
            del self.homes[old]


def find_identified(
    attestations: Iterable[tuple[bytes, Attestation]],
    authorities: Mapping[AccountId, Authority],
    parameters: Parameters,
    slots_per_period: int,
) -> dict[tuple[AccountId, bytes], int]:
    """By account and tag of the home group: the slot until which that person is identified."""
    ends: dict[tuple[AccountId, bytes], list[int]] = defaultdict(list)
    for key, item in attestations:
        authority = authorities.get(key[32:])
        if authority is None:
            continue  # said by another check
        if authority.group != HOME_GROUP or item.kind != PERSON_KIND or item.revoked_slot >= 0:
            continue
        end = item.until_slot
        if authority.retired_slot >= 0:
            runout = parameters.retire_runout_periods * slots_per_period
            end = min(end, authority.retired_slot + runout)
        ends[key[:32], item.tag].append(end)
    grace = parameters.attest_grace_periods * slots_per_period
    needed = parameters.identity_threshold
    return {
        person: sorted(slots)[-needed] + grace
        for person, slots in ends.items()
        if len(slots) >= needed
    }


def is_as_stated(row: Record | None, said: Stated | None) -> bool:
    """Whether a row says what the authority signed."""
    if row is None or said is None:
        return row is None and said is None
    assert isinstance(row, Attestation)
    return said == Stated(
        row.kind,
        row.jurisdiction,
        row.commitment,
        row.tag,
        row.from_slot,
        row.until_slot,
        row.revoked_slot,
    )
