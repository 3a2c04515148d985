"""What speaks against a genesis: faults, on which nothing can be founded, and warnings.

A warning names a choice that is lawful and that its members should know of before they trust it.
"""

from collections import Counter
from typing import NamedTuple

from chain.genesis import HOME_GROUP, Genesis
from chain.rules.birth import compute_issued, find_genesis_faults
from chain.rules.weights import ONE, Standing, compute_raw, compute_stake, compute_weights
from chain.units import format_pai

SEATS_ADVISED = 4  # with fewer, finality trusts every single seat
BOND_SHARE_ADVISED = 20  # all bonds together should be at least one part in so many of all money


class Finding(NamedTuple):
    """One thing found: a fault forbids founding, a warning does not."""

    is_fault: bool
    text: str


def find_findings(genesis: Genesis) -> list[Finding]:
    """Everything that speaks against founding a community on this genesis; faults first."""
    faults = [Finding(True, text) for text in find_genesis_faults(genesis)]
    if faults:
        return faults
    return [Finding(False, text) for text in find_genesis_warnings(genesis)]


def find_genesis_warnings(genesis: Genesis) -> list[str]:
    """What members should know before they trust a genesis without faults; each a sentence."""
    return [
        *_find_seat_warnings(genesis),
        *_find_authority_warnings(genesis),
        *_find_people_warnings(genesis),
    ]


def compute_seat_weights(genesis: Genesis) -> list[int]:
    """The weight of each seat at the start, in the order of seats."""
    standings = []
    for seat in genesis.seats:
        stake = compute_stake(seat.bond, genesis.constants.bond_min)
        standings.append(Standing(stake, 0, compute_raw(stake, ONE, 0)))
    return compute_weights(standings)


def _find_seat_warnings(genesis: Genesis) -> list[str]:
    seats = len(genesis.seats)
    warnings = []
    if seats == 1:
        warnings.append("one seat alone decides what is true: whoever holds it can rewrite history")
    elif seats < SEATS_ADVISED:
        warnings.append(
            f"with {seats} seats every single one must be honest and awake: found with four or more"
        )
    bonds, issued = sum(seat.bond for seat in genesis.seats), compute_issued(genesis)
    if bonds * BOND_SHARE_ADVISED < issued:
        warnings.append(
            f"all bonds together are {format_pai(bonds)} pai of {format_pai(issued)}: cheating "
            "could pay more than it costs; ask for larger bonds"
        )
    owners = {seat.account: seat.bond_term_periods for seat in genesis.seats}
    if any(term <= genesis.constants.unbonding_periods for term in owners.values()):
        warnings.append("a bond's term is no longer than the time it takes to release a bond")
    return warnings


def _find_authority_warnings(genesis: Genesis) -> list[str]:
    home = [item for item in genesis.authorities if item.group == HOME_GROUP]
    warnings = []
    if len(home) == 1:
        warnings.append("one authority alone says who is a person: its word makes votes and seats")
    warnings.extend(
        f"the authority {item.name!r} acts by one key: whoever finds that key makes persons"
        for item in home
        if item.policy.threshold == 1
    )
    return warnings


def _find_people_warnings(genesis: Genesis) -> list[str]:
    groups = {item.id: item.group for item in genesis.authorities}
    home = [item for item in genesis.attestations if groups[item.authority] == HOME_GROUP]
    persons = {item.subject for item in home}
    warnings = []
    unidentified = len(genesis.accounts) - len(persons)
    if unidentified:
        warnings.append(f"accounts without an identified owner: {unidentified}")
    commitments = Counter(item.commitment for item in genesis.attestations)
    if any(count > 1 for count in commitments.values()):
        warnings.append("two attestations have one commitment: salts were used twice")
    soon = genesis.constants.slots_per_period * 90
    if any(item.until_slot < soon for item in home):
        warnings.append("attestations end within the first 90 periods")
    return warnings
