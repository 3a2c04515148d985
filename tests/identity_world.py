"""A community whose authorities are at work: what tests of identity, keys and names begin with."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.actions import (
    Action,
    Attest,
    GuardianSignature,
    Renew,
    Revoke,
    SetGuardians,
    StartRecovery,
)
from chain.crypto import compute_hash, sign
from chain.errors import Code, Invalid
from chain.genesis import Genesis, GenesisAuthority
from chain.guardians import compute_guardians_hash, get_recovery_message
from chain.rules.context import Context
from chain.rules.identity import is_identified
from chain.rules.transactions import process_transaction
from chain.tables import CURRENT
from chain.transaction import SealedTransaction
from tests.community import (
    NOBODY,
    PAI,
    PARAMETERS,
    Community,
    build_genesis,
    get_account_id,
    get_policy,
    get_signers,
)

FOR_EVER = 2**40
PERIOD = 20  # slots
SALT = bytes(range(32))
GUARDIANS = "2:tante+uncle+priest"


def build_authority(name: str, group: int = 0) -> GenesisAuthority:
    return GenesisAuthority(get_account_id(name), name, "RU", get_policy(name), group)


def build_world(
    *authorities: GenesisAuthority, strangers: tuple[str, ...] = (), **changes: object
) -> Community:
    """The community of tests, whose registry and given other authorities have accounts."""
    names = ("registry", "stranger", *strangers, *(item.name for item in authorities))
    genesis = build_genesis(strangers=names, parameters=replace(PARAMETERS, **changes))
    return Community(with_authorities(genesis, *authorities))


def with_authorities(genesis: Genesis, *others: GenesisAuthority) -> Genesis:
    both = sorted((*genesis.authorities, *others), key=lambda item: item.id)
    return replace(genesis, authorities=tuple(both))


def attest(
    subject: str,
    tag_of: str | None = None,
    *,
    until: int = FOR_EVER,
    kind: str = "person",
) -> Attest:
    """A statement that a name's account belongs to whom ``tag_of`` names, else to that name."""
    return Attest(
        subject=get_account_id(subject),
        kind=kind,
        jurisdiction="RU",
        commitment=compute_hash(b"test-commit", subject.encode()),
        tag=get_tag(tag_of or subject),
        until_slot=until,
    )


def renew(subject: str, until: int) -> Renew:
    return Renew(get_account_id(subject), bytes(32), until)


def revoke(subject: str) -> Revoke:
    return Revoke(get_account_id(subject))


def get_tag(name: str) -> bytes:
    """The tag that a name has in the genesis of tests."""
    return compute_hash(b"test-tag", name.encode())


def set_guardians(delay: int = 3, cancels: int = 3, guardians: str = GUARDIANS) -> SetGuardians:
    return SetGuardians(compute_guardians_hash(get_policy(guardians), SALT), delay, cancels)


def start_recovery(
    community: Community,
    name: str,
    *,
    keys: str = "fresh",
    guardians: str = GUARDIANS,
    salt: bytes = SALT,
    started: int | None = None,
) -> StartRecovery:
    """What guardians sign so that a name's account gets other keys."""
    account, policy = get_account_id(name), get_policy(keys)
    if started is None:
        row = community.ledger.state.recoveries.get(account)
        started = row.started if row else 0
    message = get_recovery_message(community.chain, account, started, policy)
    signatures = tuple(
        GuardianSignature(index, sign(key, message))
        for index, key in get_signers(get_policy(guardians))
    )
    return StartRecovery(account, get_policy(guardians), salt, policy, signatures)


def act(community: Community, name: str, *actions: Action, after: int = 0) -> None:
    """A block with one transaction of a name."""
    community.extend([community.sign(name, *actions, fee_max=20 * PAI)], after=after)


def wait(community: Community, periods: int) -> None:
    """Let whole periods pass."""
    for _ in range(periods):
        community.extend(after=PERIOD)


def refuse(community: Community, name: str, *actions: Action) -> Code:
    """The code with which this is refused now; the state stays as it was, also in part."""
    state, ledger = community.ledger.state, community.ledger
    before = draft_root(community)
    sealed = community.sign(name, *actions, fee_max=20 * PAI)
    with pytest.raises(Invalid) as caught:
        process_transaction(
            state, ledger.get_context(ledger.head.slot + 1), sealed, community.checks
        )
    assert draft_root(community) == before
    return caught.value.code


def draft_root(community: Community, *transactions: SealedTransaction) -> bytes:
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    return community.ledger.draft(context, NOBODY, transactions, community.checks).state_root


def knows(community: Community, name: str) -> bool:
    """Whether the owner of a name's account is identified now."""
    return is_identified(community.ledger.state, get_context(community), get_account_id(name))


def get_context(community: Community) -> Context:
    return community.ledger.get_context(community.ledger.head.slot + 1)


def decree(community: Community, change: Callable[[Context], None]) -> None:
    """Do in the state what a passed vote would do, and keep it as if a block had."""
    state = community.ledger.state
    change(get_context(community))
    changes, _ = state.take_changes()
    state.keep(changes)


def set_parameters(community: Community, **changes: object) -> None:
    """Let other parameters be in force, as after a vote."""
    rules = community.ledger.state.rules
    row = rules.require(CURRENT)
    rules.keep(CURRENT, replace(row, parameters=replace(row.parameters, **changes)))
