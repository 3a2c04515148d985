"""An auditor follows identities, recoveries and names by what was signed, and finds lies."""

import pytest
from msgspec.structs import replace

from chain.actions import (
    CancelRecovery,
    ChangePolicy,
    CompleteRecovery,
    GiveUpAlias,
    Pay,
    RegisterAlias,
)
from chain.rules.aliases import get_owner_key
from chain.rules.attestations import ATTESTED_UNTIL_MAX
from chain.store import MemoryStore
from chain.tables import Recovery
from node.audit.checks import find_all
from node.audit.evidence import Evidence
from node.audit.findings import Check
from node.audit.report_members import find_holders
from node.audit.run import Audit, Trust
from node.audit.source import Source
from tests.community import PAI, Community, get_account_id, get_policy
from tests.identity_world import (
    PERIOD,
    act,
    attest,
    build_authority,
    build_world,
    get_tag,
    renew,
    revoke,
    set_guardians,
    start_recovery,
    wait,
)

CLOCK = 2_000_000_000.0
EMMA, FARID = get_account_id("emma"), get_account_id("farid")


def tell_story() -> Community:
    """Everything that authorities, guardians and seekers of names can do."""
    community = build_world(build_authority("second"))
    act(community, "registry", attest("newborn"), attest("stranger", kind="firm"))
    act(community, "newborn", ChangePolicy(get_policy("newborn")))
    act(community, "second", attest("emma"))
    act(community, "registry", revoke("galina"), attest("moved", "galina"))
    act(community, "registry", revoke("farid"), renew("hamit", ATTESTED_UNTIL_MAX))
    act(community, "emma", RegisterAlias("emma", 0), set_guardians())
    act(community, "emma", RegisterAlias("emma-2", PAI))
    act(community, "stranger", RegisterAlias("firma", PAI))
    act(community, "stranger", GiveUpAlias())
    act(community, "farid", start_recovery(community, "emma"), after=PERIOD)
    act(community, "emma", CancelRecovery())
    act(community, "farid", start_recovery(community, "emma"))
    wait(community, 4)
    act(community, "hamit", CompleteRecovery(EMMA))
    act(community, "emma", Pay(FARID, PAI, "by the new key"))
    act(community, "farid", start_recovery(community, "emma", keys="again"))
    community.extend()
    return community


def audit(community: Community) -> Audit:
    blocks = (block.whole_bytes for block in community.ledger.get_blocks())
    run = Audit(Source("test", community.genesis, blocks, None, None, None), Trust(), clock=CLOCK)
    for _ in run.run(MemoryStore()):
        pass
    return run


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    run = audit(tell_story())
    assert run.findings == []
    assert run.evidence is not None
    return run.evidence


def find_checks(evidence: Evidence, key: bytes, **changes: object) -> set[Check]:
    """What is found when a row says something else."""
    rows = dict(evidence.rows)
    rows[key] = replace(rows[key], **changes)
    return {finding.check for finding in find_all(evidence._replace(rows=rows))}


def test_lies_about_identity_are_found(evidence: Evidence) -> None:
    emma_by_second = b"t" + EMMA + get_account_id("second")
    name = b"n" + get_owner_key(EMMA)
    roster = next(key for key in evidence.rows if key[:1] == b"x")
    recovery = evidence.rows[b"y" + EMMA]
    assert isinstance(recovery, Recovery)
    assert recovery.pending is not None
    pending = replace(recovery.pending, bond=2 * PAI)
    lies: list[tuple[bytes, dict[str, object], Check]] = [
        (emma_by_second, {"until_slot": 7}, Check.IDENTITY),
        (emma_by_second, {"commitment": bytes(32)}, Check.IDENTITY),
        (b"t" + FARID + get_account_id("registry"), {"revoked_slot": -1}, Check.IDENTITY),
        (b"a" + get_account_id("galina"), {"person": get_tag("galina")}, Check.IDENTITY),
        (b"a" + get_account_id("moved"), {"person": None}, Check.IDENTITY),
        (name, {"name": "someone"}, Check.IDENTITY),
        (name, {"account": FARID}, Check.IDENTITY),
        (roster, {"authorities": (EMMA,)}, Check.IDENTITY),
        (b"y" + EMMA, {"pending": pending}, Check.CONSERVATION),
    ]
    for key, changes, check in lies:
        assert check in find_checks(evidence, key, **changes), changes


def test_members_who_came_later_are_members_in_the_report(evidence: Evidence) -> None:
    holders = find_holders(evidence)
    kinds = {name: holders[get_account_id(name)].kind for name in ("newborn", "stranger", "farid")}
    assert kinds == {"newborn": "member", "stranger": "organisation", "farid": "unidentified"}
