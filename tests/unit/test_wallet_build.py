"""What the wallet says a transaction will cost is what the ledger takes, to the micropai."""

from collections.abc import Sequence

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.actions import (
    Action,
    Bond,
    ChangePolicy,
    Pay,
    Prolong,
    RegisterSeat,
    Save,
    Unbond,
    Withdraw,
)
from chain.checks import DirectChecks
from chain.errors import Code, Invalid
from chain.facts import FeePaid
from chain.policy import Policy
from chain.rules.transactions import process_transaction
from chain.rules.units import compute_units
from chain.transaction import (
    ACTIONS_MAX,
    KeySignature,
    SignedTransaction,
    Transaction,
    decode_transaction,
    seal,
)
from tests.community import PAI, Community, build_genesis, build_seat_keys, get_account_id, get_key
from tests.community import get_policy as get_named_policy
from tests.wallet_node import WalletNode
from wallet.build import (
    Draft,
    Envelope,
    build_body,
    build_draft,
    compute_fee,
    get_valid_until,
    sign_draft,
)
from wallet.client import Account, _build_value
from wallet.partial import Partial, add_signatures, finish
from wallet.terminal import Failure

CHAIN = bytes(range(32))


def look_up(node: WalletNode, name: str) -> Account:
    address = node._write_address(get_account_id(name))
    answer = node.answer(httpx.Request("GET", f"http://node/v1/accounts/{address}"))
    return msgspec.json.decode(answer.content, type=Account, dec_hook=_build_value)


def build_envelope(node: WalletNode, name: str, account: Account) -> Envelope:
    return Envelope(
        chain=node.community.chain,
        account=get_account_id(name),
        sequence=account.next_sequence,
        valid_until_slot=node.community.ledger.head.slot + 100,
        via=next(iter(node.community.seat_names)),
        ref=bytes.fromhex(account.ref),
    )


def price(node: WalletNode, name: str, actions: Sequence[Action]) -> tuple[Draft, Envelope]:
    account = look_up(node, name)
    envelope = build_envelope(node, name, account)
    state = node.community.ledger.open_view()
    receivers = {action.to for action in actions if isinstance(action, Pay)}
    unborn = frozenset(item for item in receivers if state.accounts.get(item) is None)
    policy = get_named_policy(name)
    return build_draft(envelope, policy, actions, account, unborn=unborn), envelope


def test_exact_bytes() -> None:
    """One transaction, byte for byte: whoever changes the format sees it here."""
    envelope = Envelope(CHAIN, get_account_id("emma"), 3, 500, None, CHAIN[:16])
    draft = Draft(
        get_named_policy("emma"), (Pay(get_account_id("farid"), 12_500_000, "milk"),), 4, 0
    )
    sealed = sign_draft(draft, envelope, [(0, get_key("emma"))])
    body = Transaction(
        version=1,
        account=get_account_id("emma"),
        sequence=3,
        valid_until_slot=500,
        ref=bytes(range(16)),
        via=None,
        fee_max=0,
        actions=(Pay(get_account_id("farid"), 12_500_000, "milk"),),
    )
    assert sealed.body == body
    assert sealed.body_bytes == (
        b"\x98\x01\xc4\x20" + get_account_id("emma")
        + b"\x03\xcd\x01\xf4\xc4\x10" + bytes(range(16))
        + b"\xc0\x00\x91\x94\x02\xc4\x20" + get_account_id("farid")
        + b"\xce\x00\xbe\xbc\x20\xa4milk"
    )  # fmt: skip
    assert decode_transaction(sealed.whole_bytes) == sealed


ACTIONS = st.one_of(
    st.builds(
        Pay,
        st.sampled_from(["farid", "galina", "newcomer", "other"]).map(get_account_id),
        st.integers(PAI, 20 * PAI),
        st.sampled_from(["", "milk", "молоко " * 10]),
    ),
    st.builds(Save, st.integers(PAI, 20 * PAI), st.integers(3, 20)),
    st.just(ChangePolicy(Policy(1, (get_key("emma").public,)))),
)


@given(
    actions=st.lists(ACTIONS, min_size=1, max_size=20),
    revealed=st.booleans(),
    payer=st.sampled_from(["emma", "stranger"]),
    free_units=st.sampled_from([50, 60, 200]),
)
def test_the_price_shown_is_the_price_taken(
    actions: list[Action], revealed: bool, payer: str, free_units: int
) -> None:
    genesis = build_genesis(strangers=("stranger",))
    parameters = replace(genesis.parameters, free_units=free_units)
    community = Community(replace(genesis, parameters=parameters))
    node = WalletNode(community)
    if payer == "stranger":
        actions = [item for item in actions if not isinstance(item, ChangePolicy)]
        actions = actions or [Save(PAI, 3)]
    if revealed:
        community.extend([community.sign(payer, Save(PAI, 3), fee_max=PAI)])
    draft, envelope = price(node, payer, actions)
    sealed = sign_draft(draft, envelope, [(0, get_key(payer))])
    state = community.ledger.open_view()
    assert draft.units == compute_units(state, sealed)
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    process_transaction(state, context, sealed, DirectChecks())
    assert sum(fact.amount for fact in state.facts if isinstance(fact, FeePaid)) == draft.fee_max


@pytest.mark.parametrize(
    "action",
    [
        RegisterSeat(build_seat_keys("emma")),
        Bond(0, PAI),
        Unbond(0),
        Prolong(0, 5),
        Withdraw(0, PAI),
        Save(PAI, 3),
        ChangePolicy(get_named_policy("galina")),
    ],
)
def test_units_of_every_action_are_the_ledgers(action: Action) -> None:
    node = WalletNode()
    draft, envelope = price(node, "emma", [action])
    sealed = sign_draft(draft, envelope, [(0, get_key("emma"))])
    assert draft.units == compute_units(node.community.ledger.open_view(), sealed)


def test_one_unit_less_is_refused() -> None:
    """The fee offered is the least that the ledger takes."""
    genesis = build_genesis(strangers=("stranger",))
    community = Community(genesis)
    draft, envelope = price(WalletNode(community), "stranger", [Save(PAI, 3)])
    assert draft.fee_max > 0
    stingy = draft._replace(fee_max=draft.fee_max - genesis.parameters.unit_fee)
    sealed = sign_draft(stingy, envelope, [(0, get_key("stranger"))])
    state = community.ledger.open_view()
    context = community.ledger.get_context(community.ledger.head.slot + 1)
    with pytest.raises(Invalid) as caught:
        process_transaction(state, context, sealed, DirectChecks())
    assert caught.value.code is Code.FEE_ABOVE_MAXIMUM


def test_units_of_what_waits_are_not_free_twice() -> None:
    account = look_up(WalletNode(), "emma")
    action = Pay(get_account_id("farid"), PAI, "")
    assert compute_fee(10, [action], account) == 0
    assert compute_fee(10, [action], account, account.free_units - 4) == 6 * account.unit_fee
    assert compute_fee(10, [action], account, account.free_units + 99) == 10 * account.unit_fee


def test_defence_is_free_without_identity() -> None:
    genesis = build_genesis(strangers=("stranger",))
    draft, _ = price(
        WalletNode(Community(genesis)), "stranger", [ChangePolicy(get_named_policy("galina"))]
    )
    assert draft.fee_max == 0


def test_the_first_spend_reveals_the_policy_and_the_second_does_not() -> None:
    node = WalletNode()
    first, _ = price(node, "emma", [Save(PAI, 3)])
    assert len(first.actions) == 2
    node.community.extend([node.community.sign("emma", Save(PAI, 3))])
    second, _ = price(node, "emma", [Save(PAI, 3)])
    assert second.actions == (Save(PAI, 3),)


def test_too_many_actions_and_too_many_bytes_are_told() -> None:
    node = WalletNode()
    payment = Pay(get_account_id("farid"), PAI, "")
    price(node, "emma", [payment] * (ACTIONS_MAX - 1))
    with pytest.raises(Failure, match="At most 63 payments"):
        price(node, "emma", [payment] * ACTIONS_MAX)
    keys = tuple(sorted(get_key(f"key {number}").public for number in range(16)))
    with pytest.raises(Failure, match="more than 16384 bytes"):
        price(node, "emma", [ChangePolicy(Policy(1, keys))] * 40)


def test_expiry_is_soon_and_never_beyond_the_rules() -> None:
    assert get_valid_until(1_000, 4, 21_600) == 1_150
    assert get_valid_until(1_000, 1, 300) == 1_150
    assert get_valid_until(0, 10, 1) == 1


def test_several_signers_give_the_transaction_that_the_ledger_takes() -> None:
    names = ("emma", "farid", "galina")
    policy = Policy(2, tuple(sorted(get_key(name).public for name in names)))
    indexes = {policy.keys.index(get_key(name).public): get_key(name) for name in names}
    envelope = Envelope(CHAIN, bytes(32), 0, 100, None, CHAIN[:16])
    draft = Draft(policy, (Save(PAI, 3),), 5, 0)
    empty = Partial(CHAIN, policy, build_body(draft, envelope), ())
    assert empty.missing == 2
    pairs = sorted(indexes.items())
    whole = sign_draft(draft, envelope, pairs[1:])
    one = add_signatures(empty, [pairs[2]])
    both = add_signatures(one, [pairs[1]])
    assert (one.missing, both.missing) == (1, 0)
    assert finish(both) == whole
    assert add_signatures(both, [pairs[0]]) == both
    with pytest.raises(Failure):
        finish(one)


def test_a_signature_is_64_bytes_wherever_it_stands() -> None:
    """The size that prices a draft counts signatures before they exist."""
    node = WalletNode()
    draft, envelope = price(node, "emma", [Save(PAI, 3)])
    real = sign_draft(draft, envelope, [(0, get_key("emma"))])
    blank = seal(SignedTransaction(real.body, (KeySignature(0, bytes(64)),)))
    assert len(blank.whole_bytes) == len(real.whole_bytes)
