"""What happened to accounts by the rules of credit, without anybody's transaction."""

from chain.facts import GuarantorPaid, WrittenOff
from chain.ledger import Execution
from chain.rules.loan_terms import OWN_LIMIT
from node.history import Happening


def tell_credit(execution: Execution) -> list[Happening]:
    """What guarantors paid for debtors, and what the reserve took over."""
    found = []
    for fact in execution.facts:
        if isinstance(fact, GuarantorPaid):
            payer, debtor = fact.guarantor, fact.debtor
            kind = "paid" if fact.deposit == OWN_LIMIT else "pledge_paid"  # out of savings
            found.append(Happening(payer, None, kind, fact.amount, debtor, ""))
            found.append(Happening(debtor, None, "received", fact.amount, payer, ""))
        elif isinstance(fact, WrittenOff):
            found.append(Happening(fact.account, None, "received", fact.amount, None, ""))
    return found
