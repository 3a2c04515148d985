"""What people try with money, credit and identity, mostly with some sense.

Three times of four a deed fits what stands: the guarantor answers, the authority revokes what it
attested. Else it is anybody's, and rules must refuse it. When there is nothing to do, it is None.
"""

from collections.abc import Callable
from typing import Final

from chain.actions import (
    Action,
    AskLoan,
    Attest,
    DropLoan,
    GrantLoan,
    Guarantee,
    Instalment,
    Pay,
    PayClaim,
    Prolong,
    Renew,
    ReturnLoan,
    Revoke,
    Save,
    Withdraw,
)
from chain.rules.credit_days import get_credit
from chain.rules.loan_terms import ASKED, GRANTED, NO_CONSENT
from chain.rules.payments import get_spending_floor
from chain.tables import ATTESTATIONS, DEBTS, LOANS, Deposit, Loan
from tests.community import PAI, get_account_id, get_name
from tests.dozen.town import AUTHORITIES, MEMBERS, NAMES, UNBORN, Dice, Town
from tests.identity_world import FOR_EVER, attest

Said = tuple[str, Action]
Deed = Callable[[Town, Dice], Said | None]
PERIOD: Final = 20  # slots
AMOUNTS: Final = (1, PAI - 1, PAI, 5 * PAI, 20 * PAI, 60 * PAI, 299 * PAI)


def pick_name(dice: Dice) -> str:
    return dice.pick(NAMES)


def pick_fitting(dice: Dice, account_id: bytes | None) -> str:
    """The name of the account that fits, mostly."""
    return get_name(account_id) if account_id is not None and dice.often() else pick_name(dice)


def pick_id(dice: Dice) -> bytes:
    return get_account_id(pick_name(dice))


# Money


def pay(town: Town, dice: Dice) -> Said:
    name = pick_name(dice)
    if town.find(name) is not None and not dice.often(3):
        return name, build_last_payment(town, dice, name)
    return name, Pay(pick_id(dice), dice.pick(AMOUNTS), dice.pick(("", "за дело")))


def build_last_payment(town: Town, dice: Dice, name: str) -> Pay:
    """All that a name may spend, to the last and on credit."""
    account_id = get_account_id(name)
    account = town.state.accounts.require(account_id)
    context = town.ledger.get_context(town.slot + 1)
    floor = get_spending_floor(town.state, context, account_id, account)
    return Pay(pick_id(dice), max(1, account.settlement - floor), "")


def save(_town: Town, dice: Dice) -> Said:
    return pick_name(dice), Save(dice.pick(AMOUNTS), dice.number(2, 9))


def find_deposits(town: Town, name: str) -> tuple[Deposit, ...]:
    row = town.state.savings.get(get_account_id(name))
    return row.deposits if row else ()


def pick_deposit(town: Town, dice: Dice, name: str) -> int:
    deposits = find_deposits(town, name)
    return dice.pick(deposits).id if deposits and dice.often(8) else dice.number(0, 9)


def prolong(town: Town, dice: Dice) -> Said:
    name = pick_name(dice)
    return name, Prolong(pick_deposit(town, dice, name), dice.pick((0, 2, 3, 5)))


def withdraw(town: Town, dice: Dice) -> Said:
    name = pick_name(dice)
    return name, Withdraw(pick_deposit(town, dice, name), dice.pick(AMOUNTS))


# Credit


def ask_loan(_town: Town, dice: Dice) -> Said:
    guarantor = pick_id(dice) if dice.often(2) else None
    amount = dice.pick((PAI, 5 * PAI, 20 * PAI, 60 * PAI))
    plan = dice.pick(((), (Instalment(1, max(1, amount // 2)),)))
    pledge = 0 if guarantor is None else dice.number(1, amount)
    return pick_name(dice), AskLoan(amount, dice.number(1, 6), plan, "seed", guarantor, pledge)


def pick_loan(town: Town, dice: Dice, state: int, **fields: object) -> tuple[int, Loan] | None:
    """A loan in this state, if there is one."""
    loans = [
        (number, row)
        for number, row in town.read_numbered(LOANS)
        if row.state == state and all(getattr(row, name) == is_ for name, is_ in fields.items())
    ]
    return dice.pick(loans) if loans else None


def guarantee(town: Town, dice: Dice) -> Said | None:
    found = pick_loan(town, dice, ASKED, pledged_deposit=NO_CONSENT)
    if found is None:
        return None
    name = pick_fitting(dice, found[1].guarantor)
    deposit = pick_deposit(town, dice, name) if dice.often(2) else None
    return name, Guarantee(found[0], deposit)


def grant_loan(town: Town, dice: Dice) -> Said | None:
    found = pick_loan(town, dice, ASKED)
    if found is None:
        return None
    return pick_fitting(dice, get_credit(town.state).committee), GrantLoan(found[0])


def drop_loan(town: Town, dice: Dice) -> Said | None:
    found = pick_loan(town, dice, ASKED)
    if found is None:
        return None
    side = dice.pick((found[1].debtor, found[1].guarantor, get_credit(town.state).committee))
    return pick_fitting(dice, side), DropLoan(found[0])


def return_loan(town: Town, dice: Dice) -> Said | None:
    found = pick_loan(town, dice, GRANTED)
    return found and (pick_fitting(dice, found[1].debtor), ReturnLoan(found[0]))


def pay_claim(town: Town, dice: Dice) -> Said | None:
    owed = [(key, claim) for key, row in town.read(DEBTS) for claim in row.claims]
    if not owed:
        return None
    debtor, claim = dice.pick(owed)
    amount = dice.pick((1, claim.amount, claim.amount + 1))
    return pick_fitting(dice, debtor), PayClaim(claim.creditor, amount)


# Identity


def attest_somebody(town: Town, dice: Dice) -> Said:
    subject = dice.pick((*MEMBERS, "stranger", "farm", UNBORN))
    person = subject if dice.often() else dice.pick((*MEMBERS, UNBORN))
    until = dice.pick((FOR_EVER, FOR_EVER, town.slot + 60, town.slot))
    kind = "firm" if subject == "farm" else "person"
    action: Attest = attest(subject, person, until=until, kind=kind)
    return (dice.pick(AUTHORITIES) if dice.often() else pick_name(dice)), action


def find_statement(town: Town, dice: Dice) -> tuple[bytes, bytes]:
    """Subject and authority of an attestation."""
    key, _ = dice.pick(town.read(ATTESTATIONS))
    return key[:32], key[32:]


def renew(town: Town, dice: Dice) -> Said:
    subject, authority = find_statement(town, dice)
    until = FOR_EVER + dice.number(0, 10**6)
    return pick_fitting(dice, authority), Renew(subject, bytes(32), until)


def revoke(town: Town, dice: Dice) -> Said | None:
    if dice.often(3):  # or nobody would be left to vote
        return None
    subject, authority = find_statement(town, dice)
    return pick_fitting(dice, authority), Revoke(subject)


MONEY: Final[dict[type[Action], Deed]] = {
    Pay: pay,
    Save: save,
    Prolong: prolong,
    Withdraw: withdraw,
    AskLoan: ask_loan,
    Guarantee: guarantee,
    GrantLoan: grant_loan,
    DropLoan: drop_loan,
    ReturnLoan: return_loan,
    PayClaim: pay_claim,
    Attest: attest_somebody,
    Renew: renew,
    Revoke: revoke,
}
