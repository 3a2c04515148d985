"""What the HTTP API answers about obligations and set-off, as types."""

from node.api.schema import AddressText, Answer, Count, Hash, Pai


class ObligationAnswer(Answer, frozen=True):
    """An obligation. ``state``: offered or open; ``clearing``: it waits for a set-off now.

    ``lapses_time``: when an offer without an answer is declined; null once it is accepted.
    ``delivery``: owed for that delivery, which did not come; null of an invoice. Until
    ``disputed_until_time`` it is not set off; null when that is over.
    """

    number: Count
    debtor: AddressText
    creditor: AddressText
    amount: Pai
    remaining: Pai
    due_period: Count
    due_time: Count
    late: bool
    reference: str
    goods: Hash | None
    state: str
    since_slot: Count
    lapses_time: Count | None
    creditor_clears: bool
    debtor_clears: bool
    clearing: bool
    heir: AddressText | None
    delivery: Count | None
    disputed_until_time: Count | None


class ObligationsAnswer(Answer, frozen=True):
    """Obligations that an account has a part in, by number; ``next``: pass as ``from``.

    ``lends`` is what it lends to every set-off, ``put_aside`` what of it lies aside now.
    """

    address: AddressText
    obligations: list[ObligationAnswer]
    next: Count | None
    lends: Pai
    put_aside: Pai


class ClearingAnswer(Answer, frozen=True):
    """Obligations in figures, and the newest window for a set-off.

    ``ready``: both sides let them be set off. ``slot``: of the snapshot's block; ``end_slot``: the
    last in which the set-off may be applied; ``next_slot``: the next interval's first.
    """

    made: Count
    ready: Count
    interval: Count
    open: bool
    slot: Count
    end_slot: Count
    next_slot: Count
    lenders: Count
    lent: Pai
    put_aside: Pai
