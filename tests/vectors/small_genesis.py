"""The community of the vectors: three servers with unlike bonds, two members, one stranger.

Figures are those of a community that lives by the second; keys follow from names.
"""

from nacl.signing import SigningKey

from tests.vectors.hashing import h
from tests.vectors.money import find_keep
from tests.vectors.packing import pack

PAI = 1_000_000
VERSION = 2
ROLES = ("vote", "vrf", "standby")

CONSTANTS: dict[str, object] = {
    "slot_seconds": 1,
    "slots_per_step": 5,
    "slots_per_period": 20,
    "slots_per_epoch": 20,
    "window_slots": 5,
    "transaction_life_slots": 300,
    "level_epochs": [1, 24, 168],
    "base_age_epochs": 24,
    "gain_window_epochs": 24,
    "release_epochs": 24,
    "evidence_periods": 28,
    "unbonding_periods": 30,
    "set_list_keep_periods": 35,
    "bond_min": 100 * PAI,
    "credit_keep": find_keep("0.5", "180"),
    "account_idle_periods": 30,
    "fund_rate_bp": 10_000,
    "recovery_min_periods": 3,
    "recovery_default_periods": 3,
    "recovery_max_periods": 90,
    "recovery_cancels": 3,
    "recovery_bond": PAI,
    "clearing_interval_slots": 30,
}
PARAMETERS: dict[str, object] = {
    "sinks": [2_000, 3_000, 2_500, 2_000, 400, 100],
    "unit_fee": 10_000,
    "free_units": 50,
    "defensive_units": 4,
    "block_units": 4_000,
    "block_bytes": 524_288,
    "savings_min_periods": 3,
    "savings_max_periods": 3_650,
    "deposits_max": 32,
    "seats_max": 16,
    "act_pair": PAI,
    "act_budget": 20 * PAI,
    "act_half": 12,
    "reward_epochs": 3,
    "reward_shares": [4_500, 3_500, 1_000, 1_000],
    "base": 300 * PAI,
    "earned_cap_bp": 20_000,
    "pair_cap_bp": 2_000,
    "grants_share_bp": 8_000,
    "committee_28_bp": 500,
    "committee_member_bases": 20,
    "loan_grace_periods": 3,
    "attest_rate": 50,
    "attest_rate_bp": 200,
    "young_periods": 0,
    "young_base_bp": 10_000,
    "identity_threshold": 1,
    "attest_grace_periods": 28,
    "retire_runout_periods": 180,
    "obligations_max": 2_000,
    "obligations_unidentified_max": 20,
    "offers_max": 100,
    "electorate_age_periods": 0,
    "vote_periods": 2,
    "enact_periods": 1,
    "enact_deep_periods": 3,
    "clearing_max": 4_096,
    "clearing_reward": PAI,
    "order_tolerance": 50 * PAI,
    "obligation_silence_periods": 3,
    "dispute_periods": 3,
    "delivery_grace_periods": 2,
}
# 2 % a period of four steps; nothing between steps 12 and 16; then 5 % a period.
SCHEDULE: list[list[int | None]] = [
    [0, find_keep("0.02", "4")],
    [12, None],
    [16, find_keep("0.05", "4")],
]
SEATS = {"arman": 100, "bella": 400, "chulpan": 3_000}  # bonds in pai
MEMBERS = ("dinara", "egor")
STRANGERS = ("farkhad", "registry")


def get_key(name: str) -> SigningKey:
    """The key of a name: its seed is H("vector-key", name)."""
    return SigningKey(h("vector-key", name.encode()))


def get_public(name: str) -> bytes:
    """The public key of a name."""
    return bytes(get_key(name).verify_key)


def get_policy(threshold: int, *names: str) -> list[object]:
    """The policy [threshold, keys] of these names' keys."""
    return [threshold, sorted(get_public(name) for name in names)]


def get_account(name: str) -> bytes:
    """The account whose first policy is the one key of a name."""
    return h("account", pack(get_policy(1, name)))


def sign(name: str, message: bytes) -> bytes:
    """The 64-byte signature by a name's key."""
    return bytes(get_key(name).sign(message).signature)


def build_seat_keys(name: str, chain: bytes) -> list[object]:
    """[vote, vrf, standby, proofs] of a name's seat."""
    account = get_account(name)
    publics = [get_public(f"{name}/{role}") for role in ROLES]
    proofs = [
        sign(f"{name}/{role}", b"pai/possession/1" + pack(["pop", chain, account, role]))
        for role in ROLES
    ]
    return [*publics, proofs]


def build_genesis() -> list[object]:
    """The genesis as the array that is packed."""
    people = sorted((*SEATS, *MEMBERS), key=get_account)
    registry = get_account("registry")
    accounts = [
        [get_account(name), 500 * PAI, [[40 * PAI, 3]] if name == "dinara" else []]
        for name in sorted((*people, *STRANGERS), key=get_account)
    ]
    attestations = [
        [registry, get_account(name), "person", "RU", h("vector-person", name.encode()),
         h("vector-tag", name.encode()), 0, 2**40]
        for name in people
    ]  # fmt: skip
    seats = [
        [get_account(name), build_seat_keys(name, bytes(32)), SEATS[name] * PAI, 90]
        for name in sorted(SEATS, key=get_account)
    ]
    return [
        VERSION, "Шаймуратово (векторы)", "pai", 1_800_000_000, list(CONSTANTS.values()),
        list(PARAMETERS.values()), SCHEDULE,
        [[registry, "Registry", "RU", get_policy(1, "registry"), 0]],
        accounts, attestations, seats, [7 * PAI, 0, 11],
    ]  # fmt: skip
