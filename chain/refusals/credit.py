"""What refusals of loans, guarantees and claims mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

CREDIT: Final[dict[Code, Meaning]] = {
    Code.UNKNOWN_LOAN: Meaning(True, "There is no such loan."),
    Code.LOAN_NOT_ASKED: Meaning(False, "The loan is granted already."),
    Code.LOAN_NOT_GRANTED: Meaning(True, "The loan is not running."),
    Code.BAD_LOAN_TERMS: Meaning(
        False, "The loan's amount, term, plan or pledge does not fit the rules of loans."
    ),
    Code.TOO_MANY_LOANS: Meaning(
        True, "The account has as many loans and claims against it as the rules admit."
    ),
    Code.LOAN_DAY_FULL: Meaning(True, "Too many loans fall due on one day: choose another term."),
    Code.GUARANTOR_IS_DEBTOR: Meaning(False, "Nobody is his own guarantor."),
    Code.NOT_GUARANTOR: Meaning(False, "The loan names another guarantor, or none."),
    Code.ALREADY_PLEDGED: Meaning(False, "The guarantor answers for this loan already."),
    Code.PLEDGE_NOT_COVERED: Meaning(
        True, "What is pledged must be covered by a deposit or an unused limit of one's own."
    ),
    Code.NOT_COMMITTEE: Meaning(True, "Only the credit committee of this community grants loans."),
    Code.GUARANTEE_MISSING: Meaning(True, "The guarantor has not consented yet."),
    Code.GRANTS_EXHAUSTED: Meaning(
        True, "Savings and reserve do not carry more loans: the rules lend out only a part of them."
    ),
    Code.COMMITTEE_SPENT: Meaning(
        True, "The committee has granted what it may in these 28 periods: ask for a vote."
    ),
    Code.MEMBER_SPENT: Meaning(
        True, "The committee may not grant that much to one member: ask for a vote."
    ),
    Code.CREDIT_BRAKED: Meaning(
        True, "Losses exceed what the reserve takes in: nothing is granted until they do not."
    ),
    Code.NOT_YOUR_LOAN: Meaning(False, "The loan is somebody else's."),
    Code.LOAN_IN_USE: Meaning(True, "The balance needs the loan: receive first, then return it."),
    Code.UNKNOWN_CLAIM: Meaning(True, "The account owes that guarantor nothing."),
    Code.CLAIM_TOO_LITTLE: Meaning(True, "The guarantor's claim is less than that."),
    Code.WRITE_OFF_TOO_MUCH: Meaning(
        True, "Nothing is written off above what the account owes and the reserve holds."
    ),
    Code.UNKNOWN_COMMITTEE: Meaning(True, "The credit committee must be an account."),
    Code.DEPOSIT_PLEDGED: Meaning(True, "The deposit secures somebody's loan until that ends."),
}
