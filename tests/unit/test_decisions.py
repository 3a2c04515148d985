"""What a node tells of proposals: each turn once, in the block that made it, and undone with it."""

from msgspec.structs import replace

from chain.actions import CastVote, Measure, Propose, Resolve, SpendFund
from chain.block import SealedBlock
from chain.errors import Code
from chain.genesis import GenesisFunds
from chain.rules.measures import compute_digest
from chain.transaction import SealedTransaction
from node.chainkeeper import ChainKeeper
from node.decisions import find_moved
from node.events import ProposalMoved
from node.signatures import KnownSignatures
from node.stores import MemoryStores
from tests.community import CONSTANTS, PAI, Community, build_genesis, get_account_id

PERIOD = CONSTANTS.slots_per_period
ELECTORS = 8
RICH = replace(build_genesis(), funds=GenesisFunds(reserve=0, social=1_000 * PAI, operators=0))
MEASURES: tuple[Measure, ...] = (
    Resolve("The well is cleaned on Saturday."),
    SpendFund("social", get_account_id("hamit"), 700 * PAI, ""),
    SpendFund("social", get_account_id("hamit"), 699 * PAI, ""),
)


class Node:
    """A chain keeper behind a community whose members vote."""

    def __init__(self) -> None:
        self.community = Community(RICH)
        self.keeper = ChainKeeper(MemoryStores().open(), RICH, KnownSignatures())

    def extend(self, *transactions: SealedTransaction, after: int = 0) -> list[ProposalMoved]:
        """One more block; what is told of it."""
        block = self.community.extend(transactions, after=after)
        self.keeper.extend(block, durable=False)
        return self.tell(block)

    def tell(self, block: SealedBlock) -> list[ProposalMoved]:
        """What is told of the head's block."""
        return find_moved(self.keeper.ledger, block)

    def file_and_vote(self) -> list[ProposalMoved]:
        """All measures filed at once; nobody wants the first, four want the others."""
        sign = self.community.sign
        told = self.extend(sign("emma", *map(Propose, MEASURES)))
        for voter in ("ann", "boris", "clara", "daniil"):
            votes = (
                CastVote(number, compute_digest(measure), number > 0)
                for number, measure in enumerate(MEASURES)
            )
            assert self.extend(sign(voter, *votes)) == []
        return told


def test_every_turn_of_a_proposal_is_told_once() -> None:
    node = Node()
    filed = node.file_and_vote()
    assert [(item.number, item.state, item.height) for item in filed] == [
        (number, "open", 1) for number in range(len(MEASURES))
    ]
    assert {(item.electors, item.yes, item.no) for item in filed} == {(ELECTORS, 0, 0)}
    told = [item for _ in range(6) for item in node.extend(after=PERIOD)]
    assert [item._replace(height=0) for item in told] == [
        ProposalMoved(0, "rejected", 0, ELECTORS, 0, 4, None),
        ProposalMoved(1, "waiting", 0, ELECTORS, 4, 0, None),
        ProposalMoved(2, "waiting", 0, ELECTORS, 4, 0, None),
        ProposalMoved(1, "enacted", 0, ELECTORS, 4, 0, None),
        ProposalMoved(2, "dropped", 0, ELECTORS, 4, 0, Code.FUND_RATE_EXCEEDED),
    ]
    assert told[0].height == told[2].height < told[3].height == told[4].height


def test_what_was_undone_is_told_again_with_the_block_that_follows() -> None:
    node = Node()
    node.file_and_vote()
    first = node.extend(after=2 * PERIOD)
    assert [item.state for item in first] == ["rejected", "waiting", "waiting"]
    block = node.keeper.undo()
    node.keeper.extend(block, durable=False)
    assert node.tell(block) == first
