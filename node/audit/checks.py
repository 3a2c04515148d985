"""Small checks of a replayed chain. Each asks one question of it and returns all it finds.

A check that finds nothing has looked at everything it names. docs/auditing.md says what each means.
"""

from collections.abc import Callable, Iterable
from typing import Final

from node.audit.checks_chain import find_future_blocks, find_wrong_root
from node.audit.checks_identity import find_wrong_identities
from node.audit.checks_money import (
    find_bad_balances,
    find_lost_money,
    find_unexplained_funds,
    find_wrong_bonds,
    find_wrong_demurrage,
    find_wrong_exchange,
    find_wrong_savings,
    find_wrong_sequences,
    find_wrong_supply,
)
from node.audit.evidence import Evidence
from node.audit.findings import FINDINGS_MAX, Finding

CHECKS: Final[tuple[Callable[[Evidence], Iterable[Finding]], ...]] = (
    find_lost_money,
    find_wrong_supply,
    find_bad_balances,
    find_wrong_demurrage,
    find_unexplained_funds,
    find_wrong_exchange,
    find_wrong_sequences,
    find_wrong_savings,
    find_wrong_bonds,
    find_wrong_identities,
    find_wrong_root,
    find_future_blocks,
)


def find_all(evidence: Evidence) -> list[Finding]:
    """What every check finds, at most ``FINDINGS_MAX`` of each."""
    findings = []
    for check in CHECKS:
        for number, finding in enumerate(check(evidence)):
            if number == FINDINGS_MAX:
                break
            findings.append(finding)
    return findings
