"""A town to measure on: its genesis, and the blocks of a busy and of a quiet time.

The figures are those of a community that means to last, but for the step of demurrage: at twenty
seconds nearly every transfer finds two accounts to bring up to date, which is the harder case.
Everything follows from the arguments.
"""

import random
from collections.abc import Iterator

from msgspec.structs import replace

from chain.actions import Pay
from chain.checks import DirectChecks, VrfClaim
from chain.crypto import compute_hash, u64
from chain.genesis import (
    Genesis,
    GenesisAccount,
    GenesisAttestation,
)
from chain.ledger import Ledger
from chain.parameters import KeepSegment
from chain.store import MemoryStore
from chain.transaction import SealedTransaction
from tests.community import (
    CONSTANTS,
    PAI,
    Community,
    build_genesis,
    get_account_id,
)

SEED = 2026
TOWN_CONSTANTS = replace(
    CONSTANTS,
    slot_seconds=4,
    slots_per_step=5,
    slots_per_period=21_600,
    slots_per_epoch=900,
    window_slots=64,
    transaction_life_slots=21_600,
    clearing_interval_slots=21_600,
)
TOWN_KEEP = (KeepSegment(from_step=0, keep=18_446_741_198_137_464_925),)  # 2 % in 30 periods


class TrustingChecks:
    """For blocks of our own making, whose signatures nobody needs to verify yet."""

    def holds(self, _claim: object) -> bool:
        """It holds."""
        return True

    def open_vrf(self, claim: VrfClaim) -> bytes | None:
        """The output of the proof."""
        return DirectChecks().open_vrf(claim)


def name_member(index: int) -> str:
    """The name of the town's member of this number."""
    return f"member {index}"


def build_town(members: int) -> Genesis:
    """So many identified members with money, and the owners of four seats."""
    return build_genesis(
        members=[name_member(index) for index in range(members)],
        constants=TOWN_CONSTANTS,
        keep_schedule=TOWN_KEEP,
    )


def build_crowd(members: int) -> Genesis:
    """A town so large that making keys for it would take long: nobody there can sign."""
    town = build_town(1)
    ids = [compute_hash(b"bench-member", u64(index)) for index in range(members)]
    accounts = [GenesisAccount(account_id, 500 * PAI, ()) for account_id in ids]
    pattern = town.attestations[0]
    attestations = [
        GenesisAttestation(
            authority=pattern.authority,
            subject=account_id,
            kind=pattern.kind,
            jurisdiction=pattern.jurisdiction,
            commitment=compute_hash(b"bench-commit", account_id),
            tag=compute_hash(b"bench-tag", account_id),
            from_slot=pattern.from_slot,
            until_slot=pattern.until_slot,
        )
        for account_id in ids
    ]
    return replace(
        town,
        accounts=tuple(sorted((*town.accounts, *accounts), key=lambda item: item.id)),
        attestations=tuple(
            sorted((*town.attestations, *attestations), key=lambda item: item.subject)
        ),
    )


def build_busy_blocks(genesis: Genesis, members: int, blocks: int, transfers: int) -> list[bytes]:
    """Blocks full of transfers between members drawn by lot."""
    community = Community(genesis, checks=TrustingChecks())
    return [
        community.extend(transactions).whole_bytes
        for transactions in _draw_transfers(community, members, blocks, transfers)
    ]


def build_quiet_blocks(genesis: Genesis, blocks: int) -> list[bytes]:
    """Blocks in which nobody pays."""
    community = Community(genesis, checks=TrustingChecks())
    return [community.extend().whole_bytes for _ in range(blocks)]


def build_transfers(
    genesis: Genesis, members: int, transfers: int
) -> tuple[Ledger, list[SealedTransaction]]:
    """A ledger at its genesis, and transfers that could go into its first block."""
    community = Community(genesis, store=MemoryStore())
    (transactions,) = _draw_transfers(community, members, 1, transfers)
    return community.ledger, transactions


def _draw_transfers(
    community: Community, members: int, blocks: int, transfers: int
) -> Iterator[list[SealedTransaction]]:
    drawn = random.Random(SEED)
    names = [name_member(index) for index in range(members)]
    for _ in range(blocks):
        payers = drawn.sample(names, transfers)
        receivers = [drawn.choice(names) for _ in payers]
        yield [
            community.sign(payer, Pay(get_account_id(receiver), drawn.randrange(1, PAI), ""))
            for payer, receiver in zip(payers, receivers, strict=True)
            if payer != receiver
        ]
