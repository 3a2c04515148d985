"""Checks of who is who: attestations, persons and names, against what was signed.

The rules' own code is not asked: statements come from a second bookkeeping of transactions.
"""

from collections.abc import Iterator, Mapping

from chain.genesis import HOME_GROUP
from chain.tables import ACCOUNTS, ALIASES, ATTESTATIONS, AUTHORITIES, PERSONS, ROSTERS, Person
from node.audit.evidence import Evidence, build_row_finding, select
from node.audit.findings import Check, Finding, Sentence
from node.audit.registry import is_as_stated

_GROUP_BYTES = 4


def find_wrong_identities(evidence: Evidence) -> Iterator[Finding]:
    """Attestations are what authorities signed; a person stands for one account."""
    rows, stated = evidence.rows, evidence.history.registry.stated
    kept = dict(select(rows, ATTESTATIONS))
    keys = {subject + authority for subject, authority in stated}
    for key in sorted(keys | kept.keys()):
        if not is_as_stated(kept.get(key), stated.get((key[:32], key[32:]))):
            detail = Sentence("the attestation is not what its authority has signed")
            yield build_row_finding(Check.IDENTITY, ATTESTATIONS, key, detail, None, None)
    yield from _find_unlisted(evidence)
    yield from _find_homeless(evidence, dict(select(rows, PERSONS)))
    yield from _find_wrong_names(evidence)


def _find_unlisted(evidence: Evidence) -> Iterator[Finding]:
    """Lists of groups name authorities, and every one that attests."""
    rosters = {key: row.authorities for key, row in select(evidence.rows, ROSTERS)}
    authorities = dict(select(evidence.rows, AUTHORITIES))
    for group, members in rosters.items():
        if not set(members) <= authorities.keys():
            detail = Sentence("the list of a group names an unknown authority")
            yield build_row_finding(Check.IDENTITY, ROSTERS, group, detail, None, None)
    for key, authority in authorities.items():
        listed = rosters.get(authority.group.to_bytes(_GROUP_BYTES, "big"), ())
        if authority.retired_slot < 0 and key not in listed:
            detail = Sentence("the authority is missing in the list of its group")
            yield build_row_finding(Check.IDENTITY, AUTHORITIES, key, detail, None, None)


def _find_homeless(evidence: Evidence, persons: Mapping[bytes, Person]) -> Iterator[Finding]:
    """Accounts name the person who names them, and whom an authority has put there."""
    homes = evidence.history.registry.homes
    accounts = dict(select(evidence.rows, ACCOUNTS))
    for account_id in sorted(homes.keys() - accounts.keys()):
        detail = Sentence("a person's account has no row")
        yield build_row_finding(Check.IDENTITY, ACCOUNTS, account_id, detail, None, None)
    for account_id, account in accounts.items():
        if account.person != homes.get(account_id):
            detail = Sentence("the account's person is not whom authorities have put there")
            yield build_row_finding(Check.IDENTITY, ACCOUNTS, account_id, detail, None, None)
        if account.person is None:
            continue
        person = persons.get(HOME_GROUP.to_bytes(_GROUP_BYTES, "big") + account.person)
        if person is None or person.account != account_id:
            detail = Sentence("the account names a person who does not name it")
            yield build_row_finding(Check.IDENTITY, ACCOUNTS, account_id, detail, None, None)


def _find_wrong_names(evidence: Evidence) -> Iterator[Finding]:
    """A name in use is one account's, and that account's only one."""
    names = dict(select(evidence.rows, ALIASES))
    in_use = {key: row for key, row in names.items() if row.released_slot < 0}
    owners = {row.account for key, row in in_use.items() if key[:1] == b"\x01"}
    for key, row in in_use.items():
        other = in_use.get(b"\x01" + row.account)
        if row.account not in owners or other != row:
            detail = Sentence("a name and its account do not agree")
            yield build_row_finding(Check.IDENTITY, ALIASES, key, detail, None, None)
