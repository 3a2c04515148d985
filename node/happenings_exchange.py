"""What happened to accounts by the rules of obligations and set-off, nobody's transaction."""

from chain.facts import LiquidityFreed, LiquidityGot, LiquidityHeld, OfferSilenced, SetOff
from chain.ledger import Execution
from node.history import Happening


def tell_obligations(execution: Execution) -> list[Happening]:
    """Offers that had no answer."""
    found = []
    for fact in execution.facts:
        if isinstance(fact, OfferSilenced):
            creditor, debtor = fact.creditor, fact.debtor
            found.append(Happening(creditor, None, "invoice_lapsed", fact.amount, debtor, ""))
            found.append(Happening(debtor, None, "invoice_lapsed", fact.amount, creditor, ""))
    return found


def tell_set_off(execution: Execution) -> list[Happening]:
    """What was set off, obligation by obligation, and what became of what was lent to it."""
    found = []
    for fact in execution.facts:
        match fact:
            case LiquidityHeld(account, amount):
                found.append(Happening(account, None, "put_aside", amount, None, ""))
            case LiquidityFreed(account, amount, charge):  # the charge is told as demurrage
                found.append(Happening(account, None, "freed", amount + charge, None, ""))
            case LiquidityGot(account, amount):
                found.append(Happening(account, None, "got_by_set_off", amount, None, ""))
            case SetOff():
                for item in fact.cleared:
                    debtor, creditor = item.debtor, item.creditor
                    found.append(Happening(debtor, None, "set_off", item.amount, creditor, ""))
                    found.append(Happening(creditor, None, "set_off_for", item.amount, debtor, ""))
            case _:
                pass
    return found
