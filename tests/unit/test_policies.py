"""Whose signatures an account asks for, how that changes, and that its id and sequence stay."""

from msgspec.structs import replace

from chain.actions import ChangePolicy, Pay
from chain.transaction import sign_transaction
from tests.community import (
    PAI,
    Community,
    build_genesis,
    get_account_id,
    get_key,
    get_policy,
    get_signers,
)

FARID = get_account_id("farid")
JOINT = "2:emma+farid+galina"


def test_a_change_of_keys_keeps_id_and_sequence() -> None:
    community = Community()
    policy = get_policy("2:new+newer")
    community.extend([community.sign("emma", ChangePolicy(policy))])
    account = community.ledger.state.accounts.require(get_account_id("emma"))
    assert (account.policy, account.sequence) == (policy, 1)
    community.extend([community.sign("emma", Pay(FARID, PAI, ""))])
    account = community.ledger.state.accounts.require(get_account_id("emma"))
    assert (account.policy, account.sequence) == (policy, 2)


def test_the_new_keys_count_from_the_next_transaction_on() -> None:
    community = Community()
    change = community.sign("emma", ChangePolicy(get_policy("new")), Pay(FARID, PAI, "by old key"))
    body = community.sign("emma", Pay(FARID, PAI, ""), sequence=1).body
    by_new_key = sign_transaction(community.chain, body, [(0, get_key("new"))])
    community.extend([change, by_new_key])
    assert community.get_balance("farid") == 502 * PAI


def test_an_account_of_several_keys_from_its_birth() -> None:
    community = Community(build_genesis(strangers=(JOINT,)))
    community.extend([community.sign(JOINT, Pay(FARID, PAI, ""), fee_max=PAI)])
    account = community.ledger.state.accounts.require(get_account_id(JOINT))
    assert account.policy == get_policy(JOINT)


def test_any_m_of_the_n_keys_will_do() -> None:
    community = Community(build_genesis(strangers=(JOINT,)))
    policy = get_policy(JOINT)
    keys = {get_key(name).public: get_key(name) for name in ("emma", "farid", "galina")}
    signers = [(index, keys[public]) for index, public in enumerate(policy.keys)]
    for sequence, pair in enumerate((signers[:2], signers[1:], signers[::2])):
        body = community.sign(JOINT, Pay(FARID, PAI, ""), fee_max=PAI, sequence=sequence).body
        community.extend([sign_transaction(community.chain, body, pair)])
    assert community.ledger.state.accounts.require(get_account_id(JOINT)).sequence == 3


def test_the_signatures_of_this_community_are_no_good_in_another() -> None:
    one = Community()
    other = Community(replace(build_genesis(), name="Another"))
    payment = one.sign("emma", Pay(FARID, PAI, ""))
    body = replace(payment.body, ref=other.chain[:16])
    again = sign_transaction(other.chain, body, get_signers(get_policy("emma")))
    other.extend([again])
    assert again.signed.signatures != payment.signed.signatures
