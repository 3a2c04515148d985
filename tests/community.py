"""A small community for tests: keys from names, a genesis, and blocks made without a network.

Everything follows from the arguments: no clock, no randomness.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from msgspec.structs import replace

from chain import vrf
from chain.actions import Action, Reveal, SeatKeys
from chain.block import NO_PARTS, BlockParts, SealedBlock, compute_body_root, seal_block
from chain.checks import DirectChecks, SignatureChecks
from chain.crypto import KeyPair, build_key_pair, compute_hash, sign
from chain.genesis import (
    GENESIS_VERSION,
    Genesis,
    GenesisAccount,
    GenesisAttestation,
    GenesisAuthority,
    GenesisDeposit,
    GenesisFunds,
    GenesisSeat,
    compute_chain_id,
)
from chain.header import HEADER_VERSION, PRIMARY, SECONDARY, Header, sign_header
from chain.ledger import Execution, Ledger
from chain.parameters import (
    Constants,
    KeepSchedule,
    KeepSegment,
    Parameters,
    RewardShares,
    Sinks,
)
from chain.policy import AccountId, Policy, compute_account_id
from chain.rules.context import Author
from chain.rules.lottery import (
    compute_secondary_order,
    get_alpha,
    get_rank_limit,
    is_primary,
)
from chain.rules.randomness import compute_randomness
from chain.rules.seats import BEFORE_GENESIS, ROLES, get_possession_message
from chain.store import MemoryStore, Store
from chain.tables import CURRENT
from chain.transaction import TRANSACTION_VERSION, SealedTransaction, Transaction, sign_transaction

PAI = 1_000_000

CONSTANTS = Constants(
    slot_seconds=1,
    slots_per_step=5,
    slots_per_period=20,
    slots_per_epoch=20,
    window_slots=5,
    transaction_life_slots=300,
    level_epochs=(1, 24, 168),
    base_age_epochs=24,
    gain_window_epochs=24,
    release_epochs=24,
    evidence_periods=28,
    unbonding_periods=30,
    set_list_keep_periods=35,
    bond_min=100 * PAI,
    credit_keep=18375845621797877956,
    account_idle_periods=30,
    fund_rate_bp=10_000,
    recovery_min_periods=3,
    recovery_default_periods=3,
    recovery_max_periods=90,
    recovery_cancels=3,
    recovery_bond=PAI,
    clearing_interval_slots=30,
)

PARAMETERS = Parameters(
    sinks=Sinks(2_000, 3_000, 2_500, 2_500, 0, 0),
    unit_fee=10_000,
    free_units=200,
    defensive_units=4,
    block_units=4_000,
    block_bytes=512 * 1_024,
    savings_min_periods=3,
    savings_max_periods=3_650,
    deposits_max=32,
    seats_max=16,
    act_pair=PAI,
    act_budget=20 * PAI,
    act_half=12,
    reward_epochs=3,
    reward_shares=RewardShares(4_500, 3_500, 1_000, 1_000),
    base=300 * PAI,
    earned_cap_bp=20_000,
    pair_cap_bp=2_000,
    grants_share_bp=8_000,
    committee_28_bp=500,
    committee_member_bases=20,
    loan_grace_periods=3,
    attest_rate=50,
    attest_rate_bp=200,
    young_periods=0,
    young_base_bp=10_000,
    identity_threshold=1,
    attest_grace_periods=28,
    retire_runout_periods=180,
    obligations_max=2_000,
    obligations_unidentified_max=20,
    offers_max=100,
    electorate_age_periods=0,
    vote_periods=2,
    enact_periods=1,
    enact_deep_periods=3,
    clearing_max=4_096,
    clearing_reward=PAI,
    order_tolerance=50 * PAI,
    obligation_silence_periods=3,
    dispute_periods=3,
    delivery_grace_periods=2,
)

KEEP: KeepSchedule = (KeepSegment(from_step=0, keep=18353810417327686785),)


_KNOWN_KEYS: dict[bytes, KeyPair] = {}


@lru_cache(maxsize=100_000)
def get_key(name: str) -> KeyPair:
    """The key that belongs to a name."""
    key = build_key_pair(compute_hash(b"test-key", name.encode()))
    _KNOWN_KEYS[key.public] = key
    return key


@lru_cache(maxsize=100_000)
def get_policy(name: str) -> Policy:
    """A policy of the one key of a name; ``2:emma+farid+galina`` names two of three keys."""
    threshold, separator, names = name.partition(":")
    if not separator:
        return Policy(1, (get_key(name).public,))
    return Policy(int(threshold), tuple(sorted(get_key(part).public for part in names.split("+"))))


def get_signers(policy: Policy) -> list[tuple[int, KeyPair]]:
    """As many of a policy's keys as it asks for, with their indexes; all made by ``get_key``."""
    return [(index, _KNOWN_KEYS[policy.keys[index]]) for index in range(policy.threshold)]


_KNOWN_NAMES: dict[AccountId, str] = {}


@lru_cache(maxsize=100_000)
def get_account_id(name: str) -> AccountId:
    """The account of a name."""
    account_id = compute_account_id(get_policy(name))
    _KNOWN_NAMES[account_id] = name
    return account_id


def get_name(account_id: AccountId) -> str:
    """The name whose account this is; it must have been asked for before."""
    return _KNOWN_NAMES[account_id]


def build_seat_keys(name: str, *, chain: bytes = BEFORE_GENESIS) -> SeatKeys:
    """The three keys of a name's seat, with proofs."""
    keys = [get_key(f"{name}/{role}") for role in ROLES]
    proofs = [
        sign(key, get_possession_message(chain, get_account_id(name), role))
        for key, role in zip(keys, ROLES, strict=True)
    ]
    return SeatKeys(
        keys[0].public, keys[1].public, keys[2].public, (proofs[0], proofs[1], proofs[2])
    )


def build_genesis(
    *,
    seats: Sequence[str] = ("ann", "boris", "clara", "daniil"),
    members: Sequence[str] = ("emma", "farid", "galina", "hamit"),
    strangers: Sequence[str] = (),
    balance: int = 500 * PAI,
    deposits: tuple[GenesisDeposit, ...] = (),
    constants: Constants = CONSTANTS,
    parameters: Parameters = PARAMETERS,
    keep_schedule: KeepSchedule = KEEP,
) -> Genesis:
    """A community of identified seat owners and members, and of strangers without identity."""
    authority = get_account_id("registry")
    people = sorted({*seats, *members}, key=get_account_id)
    return Genesis(
        version=GENESIS_VERSION,
        name="Test",
        prefix="pai",
        genesis_time=1_800_000_000,
        constants=constants,
        parameters=parameters,
        keep_schedule=keep_schedule,
        authorities=(GenesisAuthority(authority, "Registry", "RU", get_policy("registry"), 0),),
        accounts=tuple(
            GenesisAccount(get_account_id(name), balance, deposits)
            for name in sorted({*people, *strangers}, key=get_account_id)
        ),
        attestations=tuple(
            GenesisAttestation(
                authority=authority,
                subject=get_account_id(name),
                kind="person",
                jurisdiction="RU",
                commitment=compute_hash(b"test-commit", name.encode()),
                tag=compute_hash(b"test-tag", name.encode()),
                from_slot=0,
                until_slot=2**40,
            )
            for name in people
        ),
        seats=tuple(
            GenesisSeat(get_account_id(name), build_seat_keys(name), constants.bond_min, 90)
            for name in sorted(seats, key=get_account_id)
        ),
        funds=GenesisFunds(0, 0, 0),
    )


@dataclass
class Community:
    """A ledger and the keys of everybody in it."""

    genesis: Genesis = field(default_factory=build_genesis)
    store: Store = field(default_factory=MemoryStore)
    checks: SignatureChecks = field(default_factory=DirectChecks)

    def __post_init__(self) -> None:
        self.chain = compute_chain_id(self.genesis)
        self.ledger = Ledger(self.store, self.genesis)
        self.seat_names = {seat.account: _KNOWN_NAMES[seat.account] for seat in self.genesis.seats}

    def sign(
        self,
        name: str,
        *actions: Action,
        sequence: int | None = None,
        fee_max: int = 0,
        via: AccountId | None = None,
        valid_for: int = 100,
        ref: bytes | None = None,
    ) -> SealedTransaction:
        """A transaction of a name's account, by its present policy, revealed when it must be."""
        account = self.ledger.state.accounts.get(get_account_id(name))
        reveals = account is not None and account.policy is None and sequence in (None, 0)
        body = Transaction(
            version=TRANSACTION_VERSION,
            account=get_account_id(name),
            sequence=(account.sequence if account else 0) if sequence is None else sequence,
            valid_until_slot=self.ledger.head.slot + valid_for,
            ref=self.chain[:16] if ref is None else ref,
            via=via,
            fee_max=fee_max,
            actions=(Reveal(get_policy(name)), *actions) if reveals else actions,
        )
        policy = (account and account.policy) or get_policy(name)
        return sign_transaction(self.chain, body, get_signers(policy))

    def build_block(
        self,
        transactions: Iterable[SealedTransaction] = (),
        *,
        after: int = 0,
        parts: BlockParts = NO_PARTS,
        by: str | None = None,
    ) -> tuple[SealedBlock, Execution]:
        """The next block, by whoever may first author one, at least ``after`` slots later.

        ``by``: a name, who alone may author it.
        """
        ledger, sealed = self.ledger, tuple(transactions)
        seat_set = ledger.seat_set
        total = sum(entry.weight for entry in seat_set.entries)
        slot = ledger.head.slot + max(after, 1)
        while True:
            context = ledger.get_context(slot)
            seed = compute_randomness(ledger.state.randomness.require(CURRENT), context.epoch).seed
            alpha = get_alpha(self.chain, seed, slot)
            order = compute_secondary_order(
                seat_set.entries, seed, slot, get_rank_limit(slot, context.parent_slot) + 1
            )
            for entry in seat_set.entries:
                name = get_name(entry.seat)
                if by not in (None, name):
                    continue
                proof = vrf.prove(get_key(f"{name}/vrf").seed, alpha)
                output = vrf.compute_output(proof)
                if is_primary(output, entry.weight, total):
                    kind, rank = PRIMARY, 0
                elif entry in order:
                    kind, rank = SECONDARY, order.index(entry)
                else:
                    continue
                author = Author(entry.seat, kind, output)
                execution = ledger.draft(context, author, sealed, self.checks, parts)
                header = Header(
                    version=HEADER_VERSION,
                    chain=self.chain,
                    height=context.height,
                    slot=slot,
                    parent_hash=ledger.head.hash,
                    seat=entry.seat,
                    kind=kind,
                    rank=rank,
                    vrf_proof=proof,
                    base=seat_set.base,
                    next_set_root=execution.next_set_root,
                    lock_round=seat_set.base_slot,
                    lock_hash=seat_set.base,
                    state_root=execution.state_root,
                    body_root=compute_body_root(sealed, parts),
                )
                signature = sign_header(header, get_key(f"{name}/vote")).signature
                return seal_block(header, signature, sealed, parts), execution
            slot += 1

    def extend(
        self,
        transactions: Iterable[SealedTransaction] = (),
        *,
        after: int = 0,
        parts: BlockParts = NO_PARTS,
        by: str | None = None,
    ) -> SealedBlock:
        """Build the next block and commit it. ``by``: a name, who alone may author it."""
        block, execution = self.build_block(transactions, after=after, parts=parts, by=by)
        self.ledger.commit(execution, block, durable=False)
        return block

    def get_balance(self, name: str) -> int:
        """The stored settlement balance of a name's account, as of its last touch."""
        return self.ledger.state.accounts.require(get_account_id(name)).settlement


def with_parameters(genesis: Genesis, **changes: object) -> Genesis:
    """The genesis with other parameters."""
    return replace(genesis, parameters=replace(genesis.parameters, **changes))


NOBODY = Author(bytes(32), PRIMARY, bytes(64))  # for drafts whose author does not matter
