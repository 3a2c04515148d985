"""A town whose people owe each other: as trade makes it, and nothing of it is real.

Firms are of very unequal size (Pareto's law), deal mostly with some partners, along chains of
supply that lead round, and invoices are log-normal. What is not of this kind, debts to outsiders,
is left out: it could not be set off by anybody.
"""

from typing import NamedTuple

import numpy as np

from chain.crypto import u64
from chain.policy import AccountId
from chain.rules.shelves import OPEN
from chain.setoff import Integers
from chain.state import State
from chain.tables import (
    CURRENT,
    OBLIGATIONS_PER_PAGE,
    PAGES_PER_SHELF,
    Book,
    Lender,
    Obligation,
    Page,
    Party,
    Shelf,
    Window,
)

SIZE_LAW = 1.2  # of Pareto: a few firms have most of the trade
LAYERS = 4  # a firm buys from the layer before it, the first from the last: households close it
UPWARDS = 0.9  # of all invoices that follow the layers; the others go anywhere


class Debts(NamedTuple):
    """Who owes whom how much, by number."""

    accounts: int
    debtors: Integers
    creditors: Integers
    amounts: Integers


def make_debts(accounts: int, invoices: int, seed: int = 1, upwards: float = UPWARDS) -> Debts:
    """Invoices of a town; debts to oneself fall out, so there are a few less than asked for."""
    dice = np.random.default_rng(seed)
    sizes = dice.pareto(SIZE_LAW, accounts) + 0.1
    layers = np.arange(accounts) % LAYERS
    chances = sizes / sizes.sum()
    debtors = dice.choice(accounts, invoices, p=chances)
    creditors = dice.choice(accounts, invoices, p=chances)
    follows = dice.random(invoices) < upwards
    for layer in range(LAYERS):
        members = np.flatnonzero(layers == (layer + 1) % LAYERS)
        wanted = np.flatnonzero(follows & (layers[debtors] == layer))
        weights = sizes[members] / sizes[members].sum()
        creditors[wanted] = dice.choice(members, len(wanted), p=weights)
    kept = debtors != creditors
    amounts = (dice.lognormal(4, 1.5, invoices) * 1_000_000).astype(np.int64) + 1
    return Debts(
        accounts,
        debtors[kept].astype(np.int64),
        creditors[kept].astype(np.int64),
        np.minimum(amounts[kept], 2**40),
    )


def make_account_id(number: int) -> AccountId:
    """An account; by id they are in the order of numbers."""
    return number.to_bytes(4, "big") * 8


def put_debts(state: State, debts: Debts, lent: dict[int, int], seed: bytes) -> None:
    """Write all debts into a state's rows as open, in a window that has just begun."""
    ids = [make_account_id(number) for number in range(debts.accounts)]
    columns = (debts.debtors.tolist(), debts.creditors.tolist(), debts.amounts.tolist())
    entries = [
        Obligation(
            number, ids[debtor], ids[creditor], amount, amount, 30, f"invoice {number}", None,
            OPEN, 1, True, True, 1, None, False, None,
        )
        for number, (debtor, creditor, amount) in enumerate(zip(*columns, strict=True))
    ]  # fmt: skip
    for first in range(0, len(entries), OBLIGATIONS_PER_PAGE):
        page = Page(tuple(entries[first : first + OBLIGATIONS_PER_PAGE]))
        state.pages.put(u64(first // OBLIGATIONS_PER_PAGE), page)
    pages = range(-(-len(entries) // OBLIGATIONS_PER_PAGE))
    for first in range(0, len(pages), PAGES_PER_SHELF):
        shelf = Shelf(tuple(pages[first : first + PAGES_PER_SHELF]))
        state.shelves.put(u64(first // PAGES_PER_SHELF), shelf)
    owing = np.bincount(debts.debtors, minlength=debts.accounts).tolist()
    owed = np.bincount(debts.creditors, minlength=debts.accounts).tolist()
    for account, counts in zip(ids, zip(owed, owing, strict=True), strict=True):
        party = Party(counts[0], counts[0], counts[1], lends=False)
        state.parties.put(account, party if any(counts) else None)
    state.books.put(CURRENT, Book(made=len(entries), ready=len(entries), heard_below=0))
    lenders = tuple(
        Lender(ids[number], amount, amount, amount, amount, 0) for number, amount in lent.items()
    )
    state.windows.put(CURRENT, Window(1, True, 1, len(entries) - 1, seed, lenders))
