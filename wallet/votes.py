"""What a node tells of votes, as its clients see it (docs/api.md)."""

from typing import Final

from chain.actions import Measure, Propose
from chain.codec import Codec
from wallet.client import Answer, NodeClient, Octets

_FILING: Final = Codec(Propose, 16_384)
_PAGE: Final = 50


class Majority(Answer, frozen=True):
    """What carries a proposal."""

    of_cast: str
    more_than: bool
    of_electors: str
    yes_needed: int


class ProposalTold(Answer, frozen=True):
    """One of ``GET /v1/proposals``."""

    number: int
    state: str
    encoded: Octets
    grade: str
    majority: Majority
    filed_time: int
    ends_time: int
    electors: int
    yes: int
    no: int
    carried: bool
    due_time: int | None = None
    enacted_time: int | None = None
    refused: int | None = None
    may_vote: bool | None = None
    voice: str | None = None

    @property
    def measure(self) -> Measure:
        """The measure, out of the bytes to whose hash a vote is bound. Raises Invalid."""
        return _FILING.decode(self.encoded).measure


class ProposalsTold(Answer, frozen=True):
    """``GET /v1/proposals``."""

    proposals: tuple[ProposalTold, ...]
    next: int | None = None


async def get_proposals(
    client: NodeClient, address: str | None, limit: int
) -> tuple[ProposalTold, ...]:
    """The newest proposals, and, of an account's owner, whether he may vote and has."""
    found: list[ProposalTold] = []
    before = None
    while len(found) < limit:
        query: dict[str, str | int] = {"limit": min(_PAGE, limit - len(found))}
        if address is not None:
            query["account"] = address
        if before is not None:
            query["before"] = before
        page = await client.get("/v1/proposals", ProposalsTold, **query)
        found += page.proposals
        before = page.next
        if before is None:
            break
    return tuple(found)


async def get_proposal(client: NodeClient, number: int, address: str | None) -> ProposalTold:
    """One proposal."""
    query = {} if address is None else {"account": address}
    return await client.get(f"/v1/proposals/{number}", ProposalTold, **query)
