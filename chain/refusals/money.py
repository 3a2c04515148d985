"""What refusals of transactions, money and savings mean."""

from typing import Final

from chain.refusals.codes import Code, Meaning

MONEY: Final[dict[Code, Meaning]] = {
    Code.WRONG_VERSION: Meaning(False, "The transaction names a version this chain does not have."),
    Code.UNKNOWN_ACCOUNT: Meaning(
        True, "No such account: an account is born when it first receives at least 1 pai."
    ),
    Code.WRONG_SEQUENCE: Meaning(
        False, "This sequence number was used: the transaction is done, or another took its place."
    ),
    Code.FUTURE_SEQUENCE: Meaning(True, "An earlier transaction of this account is missing."),
    Code.EXPIRED: Meaning(False, "The slot until which the transaction was valid has passed."),
    Code.EXPIRY_TOO_FAR: Meaning(True, "The expiry lies further ahead than the rules admit."),
    Code.UNKNOWN_REF: Meaning(
        True, "The transaction refers to a block that this chain has not recorded as final."
    ),
    Code.UNKNOWN_VIA: Meaning(True, "The server named in 'via' has no seat here."),
    Code.WRONG_SIGNATURES: Meaning(
        False, "The policy asks for exactly m signatures, in ascending order of key index."
    ),
    Code.BAD_SIGNATURE: Meaning(False, "A signature does not verify."),
    Code.POLICY_MISSING: Meaning(
        False, "The first spend of an account must reveal its key policy as its first action."
    ),
    Code.POLICY_MISMATCH: Meaning(False, "The revealed policy does not hash to the account."),
    Code.POLICY_ALREADY_KNOWN: Meaning(False, "The account's policy is known already."),
    Code.FEE_ABOVE_MAXIMUM: Meaning(
        True, "The fee exceeds the transaction's maximum: free units of this period are used up."
    ),
    Code.INSUFFICIENT_BALANCE: Meaning(True, "The account would fall below what it may spend."),
    Code.FIRST_PAYMENT_TOO_SMALL: Meaning(
        True, "The receiver is new: the first payment to an account is at least 1 pai."
    ),
    Code.PAYMENT_TO_SELF: Meaning(False, "An account cannot pay itself."),
    Code.BALANCE_TOO_LARGE: Meaning(True, "The receiver would hold more than an account can."),
    Code.TERM_OUT_OF_BOUNDS: Meaning(
        True, "The term lies outside the bounds of this community's savings."
    ),
    Code.TOO_MANY_DEPOSITS: Meaning(True, "The account has as many deposits as the rules admit."),
    Code.DEPOSIT_TOO_SMALL: Meaning(False, "A deposit holds at least 1 pai."),
    Code.UNKNOWN_DEPOSIT: Meaning(True, "The account has no such deposit."),
    Code.DEPOSIT_TOO_LITTLE: Meaning(True, "The deposit holds less than that."),
    Code.DEPOSIT_BONDED: Meaning(True, "The deposit is bonded to a seat: unbond it first."),
}
