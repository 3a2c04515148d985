"""What a node tells of obligations and set-off, as its clients see it (docs/api.md)."""

from typing import Final

from wallet.client import Answer, Micropai, NodeClient, Octets, Refused
from wallet.terminal import Exit, Failure

PAGES_MAX: Final = 50  # of 200: more obligations than an account can have open


class Obligation(Answer, frozen=True):
    """``GET /v1/obligations/{number}``."""

    number: int
    debtor: str
    creditor: str
    amount: Micropai
    remaining: Micropai
    due_time: int
    late: bool
    reference: str
    state: str
    creditor_clears: bool
    debtor_clears: bool
    clearing: bool
    due_period: int = 0
    goods: Octets | None = None
    lapses_time: int | None = None
    heir: str | None = None
    delivery: int | None = None
    disputed_until_time: int | None = None


class Obligations(Answer, frozen=True):
    """``GET /v1/accounts/{address}/obligations``."""

    obligations: tuple[Obligation, ...]
    lends: Micropai
    put_aside: Micropai
    next: int | None = None


class Clearing(Answer, frozen=True):
    """``GET /v1/clearing``."""

    open: bool
    end_slot: int
    next_slot: int


async def get_obligation(client: NodeClient, number: int) -> Obligation:
    """One obligation. Raises Failure when there is none."""
    try:
        return await client.get(f"/v1/obligations/{number}", Obligation)
    except Refused:
        raise Failure(
            Exit.USAGE, "There is no invoice {number}, or it is closed.", number=number
        ) from None


async def get_obligations(client: NodeClient, address: str) -> Obligations:
    """All obligations of an account."""
    found: list[Obligation] = []
    first = 0
    for _ in range(PAGES_MAX):
        query = f"?limit=200&from={first}" if first else "?limit=200"
        page = await client.get(f"/v1/accounts/{address}/obligations{query}", Obligations)
        found += page.obligations
        if page.next is None:
            break
        first = page.next
    return Obligations(tuple(found), page.lends, page.put_aside)
