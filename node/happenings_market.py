"""What chains of trades did to accounts, and what was not delivered."""

from chain.facts import ChainSettled, Undelivered
from chain.ledger import Execution
from node.history import Happening


def tell_market(execution: Execution) -> list[Happening]:
    """What everybody in a chain paid or got, and what became of deliveries that failed."""
    found = []
    for fact in execution.facts:
        match fact:
            case ChainSettled(chain, account, amount):
                kind = "traded" if amount >= 0 else "traded_for"
                found.append(Happening(account, None, kind, abs(amount), None, str(chain)))
            case Undelivered(_, _, seller, buyer, good, _, amount):
                found.append(Happening(seller, None, "undelivered", amount, buyer, good))
                found.append(Happening(buyer, None, "missed", amount, seller, good))
    return found
