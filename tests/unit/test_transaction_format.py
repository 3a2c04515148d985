"""What a member says has one byte string, and an id that no signature changes."""

from typing import Any, cast

import pytest
from msgspec.structs import replace

from chain.actions import (
    Bond,
    ChangePolicy,
    Pay,
    Prolong,
    RegisterSeat,
    Reveal,
    Save,
    Unbond,
    Withdraw,
)
from chain.codec import encode
from chain.crypto import compute_hash, is_signed
from chain.errors import Code, Invalid
from chain.policy import Policy, compute_account_id
from chain.rules.transactions import get_claims
from chain.transaction import (
    ACTIONS_MAX,
    TRANSACTION_BYTES_MAX,
    Transaction,
    decode_transaction,
    get_signing_message,
    seal,
    sign_transaction,
)
from tests.community import build_seat_keys, get_account_id, get_key, get_policy, get_signers
from tests.vectors.packing import pack, unpack

CHAIN = compute_hash(b"test")
FARID = get_account_id("farid")
ACTIONS = (
    Reveal(get_policy("emma")),
    Pay(FARID, 1, "за мёд"),
    Save(1_000_000, 3),
    Prolong(0, 5),
    Withdraw(0, 7),
    ChangePolicy(get_policy("2:emma+farid+galina")),
    RegisterSeat(build_seat_keys("emma")),
    Bond(0, 100),
    Unbond(0),
)
BODY = Transaction(
    version=1,
    account=get_account_id("emma"),
    sequence=0,
    valid_until_slot=100,
    ref=CHAIN[:16],
    via=None,
    fee_max=0,
    actions=ACTIONS,
)
GOOD = sign_transaction(CHAIN, BODY, get_signers(get_policy("emma")))


def unpack_whole(data: bytes) -> list[Any]:
    return cast("list[Any]", unpack(data))


def get_refusal(data: bytes) -> Code:
    with pytest.raises(Invalid) as caught:
        decode_transaction(data)
    return caught.value.code


def test_every_action_comes_back_as_it_was() -> None:
    decoded = decode_transaction(GOOD.whole_bytes)
    assert decoded == GOOD
    assert decoded.body.actions == ACTIONS


def test_numbers_of_actions_are_protocol() -> None:
    wholly = unpack_whole(GOOD.whole_bytes)
    assert [action[0] for action in wholly[0][7]] == [1, 2, 3, 4, 5, 6, 20, 21, 22]


def test_the_id_is_the_hash_of_the_body_whoever_signed() -> None:
    policy = get_policy("2:emma+farid+galina")
    keys = {public: name for name in ("emma", "farid", "galina") for public in [get_key(name)[0]]}
    signers = [(index, get_key(keys[public])) for index, public in enumerate(policy.keys)]
    one = sign_transaction(CHAIN, BODY, signers[:2])
    other = sign_transaction(CHAIN, BODY, signers[1:])
    assert one.id == other.id == compute_hash(b"transaction", encode(BODY))
    assert one.whole_bytes != other.whole_bytes


def test_signatures_are_sorted_by_key_and_bind_the_community() -> None:
    policy = get_policy("2:emma+farid+galina")
    signed = sign_transaction(CHAIN, BODY, get_signers(policy)[::-1])
    assert [item.key_index for item in signed.signed.signatures] == [0, 1]
    assert all(is_signed(claim) for claim in get_claims(CHAIN, policy, signed))
    assert not any(is_signed(claim) for claim in get_claims(bytes(32), policy, signed))
    assert get_signing_message(CHAIN, b"body") == b"pai/transaction/1" + CHAIN + b"body"


@pytest.mark.parametrize("number", [0, 7, 19, 23, -1, 2**40])
def test_an_unknown_action_is_malformed(number: int) -> None:
    whole = unpack_whole(GOOD.whole_bytes)
    whole[0][7] = [[number, 0]]
    assert get_refusal(pack(whole)) is Code.MALFORMED


def test_a_transaction_has_1_to_64_actions() -> None:
    pay = Pay(FARID, 1, "")
    full = sign_transaction(
        CHAIN, replace(BODY, actions=(pay,) * ACTIONS_MAX), get_signers(get_policy("emma"))
    )
    assert decode_transaction(full.whole_bytes) == full
    for actions in ((), (pay,) * (ACTIONS_MAX + 1)):
        wrong = replace(GOOD.signed, body=replace(BODY, actions=actions))
        assert get_refusal(encode(wrong)) is Code.MALFORMED


def test_a_transaction_is_at_most_16_kilobytes() -> None:
    big = seal(replace(GOOD.signed, body=replace(BODY, actions=ACTIONS[-3:-2] * 64)))
    assert len(big.whole_bytes) > TRANSACTION_BYTES_MAX
    assert get_refusal(big.whole_bytes) is Code.TOO_LARGE


def test_a_transaction_has_signatures() -> None:
    assert get_refusal(encode(replace(GOOD.signed, signatures=()))) is Code.MALFORMED
    many = replace(GOOD.signed, signatures=GOOD.signed.signatures * 17)
    assert get_refusal(encode(many)) is Code.MALFORMED


@pytest.mark.parametrize(
    "policy",
    [
        [0, [b"a" * 32]],
        [2, [b"a" * 32]],
        [1, []],
        [1, [b"a" * 31]],
        [1, [b"b" * 32, b"a" * 32]],
        [1, [b"a" * 32, b"a" * 32]],
        [17, [bytes([n]) * 32 for n in range(17)]],
        [1, [bytes([n]) * 32 for n in range(17)]],
        [True, [b"a" * 32]],
    ],
)
def test_a_policy_that_is_none_is_malformed(policy: list[object]) -> None:
    whole = unpack_whole(GOOD.whole_bytes)
    whole[0][7] = [[6, policy]]
    assert get_refusal(pack(whole)) is Code.MALFORMED
    whole[0][7] = [[6, [1, [bytes([n]) * 32 for n in range(16)]]]]
    decode_transaction(pack(whole))


def test_amounts_in_actions_are_at_least_one() -> None:
    for action in ([2, FARID, 0, ""], [3, 0, 3], [5, 0, 0], [21, 0, 0], [2, FARID, -1, ""]):
        whole = unpack_whole(GOOD.whole_bytes)
        whole[0][7] = [action]
        assert get_refusal(pack(whole)) is Code.MALFORMED


def test_a_memo_has_at_most_140_bytes() -> None:
    for memo, good in (("я" * 70, True), ("я" * 70 + "!", False)):
        whole = unpack_whole(GOOD.whole_bytes)
        whole[0][7] = [[2, FARID, 1, memo]]
        if good:
            decode_transaction(pack(whole))
        else:
            assert get_refusal(pack(whole)) is Code.MALFORMED


def test_the_account_is_the_hash_of_its_first_policy() -> None:
    policy = get_policy("2:emma+farid")
    assert compute_account_id(policy) == compute_hash(b"account", encode(policy))
    assert compute_account_id(Policy(1, policy.keys)) != compute_account_id(policy)
