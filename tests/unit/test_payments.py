"""Money moves by its owner's keys alone, all of a transaction or none of it."""

from chain.actions import Pay
from chain.rules.settlement import compute_decayed
from tests.community import KEEP, PAI, Community, build_genesis, get_account_id

FARID = get_account_id("farid")
BALANCE = 500 * PAI


def test_a_payment_moves_exactly_its_amount() -> None:
    community = Community()
    community.extend([community.sign("emma", Pay(FARID, 12_345_678, "eggs"))])
    assert community.get_balance("emma") == BALANCE - 12_345_678
    assert community.get_balance("farid") == BALANCE + 12_345_678


def test_both_sides_melt_before_the_payment() -> None:
    community = Community()
    community.extend([community.sign("emma", Pay(FARID, PAI, ""))], after=50)
    step = community.ledger.head.slot // 5
    melted = compute_decayed(BALANCE, KEEP, 0, step)
    assert community.get_balance("emma") == melted - PAI
    assert community.get_balance("farid") == melted + PAI


def test_the_whole_balance_can_be_spent() -> None:
    community = Community()
    community.extend([community.sign("emma", Pay(FARID, BALANCE, ""))])
    assert community.get_balance("emma") == 0


def test_an_account_is_born_by_its_first_pai() -> None:
    community = Community()
    newcomer = get_account_id("newcomer")
    community.extend([community.sign("emma", Pay(newcomer, PAI, "welcome"))])
    account = community.ledger.state.accounts.require(newcomer)
    assert (account.settlement, account.sequence, account.policy) == (PAI, 0, None)
    community.extend([community.sign("emma", Pay(newcomer, 1, "and dust is welcome now"))])
    assert community.get_balance("newcomer") == PAI + 1
    paid = community.sign("newcomer", Pay(FARID, 1, ""), fee_max=PAI)
    community.extend([paid])
    account = community.ledger.state.accounts.require(newcomer)
    assert (account.sequence, account.policy is not None) == (1, True)


def test_actions_happen_in_order_each_checked_at_once() -> None:
    community = Community()
    galina = get_account_id("galina")
    community.extend(
        [
            community.sign("emma", Pay(FARID, BALANCE, "")),
            community.sign("farid", Pay(galina, 2 * BALANCE, "all of both")),
        ]
    )
    assert community.get_balance("galina") == 3 * BALANCE


def test_somebody_without_identity_pays_and_is_paid() -> None:
    community = Community(build_genesis(strangers=("stranger",)))
    community.extend([community.sign("emma", Pay(get_account_id("stranger"), PAI, ""))])
    community.extend([community.sign("stranger", Pay(FARID, PAI, ""), fee_max=PAI)])
    fee = 4 * 10_000  # a signature, two actions, 256 bytes begun
    assert community.get_balance("stranger") == BALANCE - fee
