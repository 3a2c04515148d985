"""Real blocks on branches: a community whose ledger can be asked to grow at any block."""

import random
from dataclasses import dataclass, field

from msgspec.structs import replace

from chain.actions import Pay
from chain.block import SealedBlock, seal_block
from chain.errors import Invalid
from chain.header import BlockHash, sign_header
from chain.transaction import SealedTransaction
from tests.community import PAI, Community, get_account_id, get_key

MEMBERS = ("emma", "farid", "galina", "hamit")


@dataclass
class Forest:
    """All blocks that were ever made, by hash; the ledger stands on one of them."""

    community: Community = field(default_factory=Community)
    blocks: dict[BlockHash, SealedBlock] = field(default_factory=dict)

    def grow(
        self,
        parent: BlockHash,
        transactions: tuple[SealedTransaction, ...] = (),
        *,
        after: int = 0,
        by: str | None = None,
    ) -> SealedBlock:
        """A valid block above another, at least so many slots later; by a name alone, if given."""
        self.stand_on(parent)
        block = self.community.extend(transactions, after=after, by=by)
        self.blocks[block.hash] = block
        return block

    def stand_on(self, block_hash: BlockHash) -> None:
        """Move the ledger to a block."""
        ledger = self.community.ledger
        path = self.get_path(block_hash)
        while ledger.head.height > len(path) or (
            ledger.head.height and path[ledger.head.height - 1].hash != ledger.head.hash
        ):
            ledger.undo()
        for block in path[ledger.head.height :]:
            execution = ledger.execute(block, self.community.checks)
            ledger.commit(execution, block, durable=False)

    def get_path(self, block_hash: BlockHash) -> list[SealedBlock]:
        """The blocks from the first above the genesis up to this one."""
        path: list[SealedBlock] = []
        while block_hash != self.community.chain:
            path.append(self.blocks[block_hash])
            block_hash = path[-1].header.parent_hash
        return path[::-1]

    def get_score(self, block_hash: BlockHash) -> int:
        """The score of the chain that ends here."""
        return sum(2 - block.header.kind for block in self.get_path(block_hash))

    def spoil(self, block: SealedBlock) -> SealedBlock:
        """The same block with another state root, signed by its author: the rules refuse it."""
        name = self.community.seat_names[block.header.seat]
        header = replace(block.header, state_root=bytes(32))
        signature = sign_header(header, get_key(f"{name}/vote")).signature
        spoilt = seal_block(header, signature, block.transactions)
        self.blocks[spoilt.hash] = spoilt
        return spoilt

    def pay_at(self, block_hash: BlockHash, dice: random.Random) -> tuple[SealedTransaction, ...]:
        """Some payments that are good above this block."""
        self.stand_on(block_hash)
        sent = []
        for name in dice.sample(MEMBERS, dice.randint(0, 3)):
            to = get_account_id(dice.choice([other for other in MEMBERS if other != name]))
            action = Pay(to, dice.randint(1, 40) * PAI, f"above {block_hash.hex()[:6]}")
            life_slots = self.community.genesis.constants.transaction_life_slots
            sent.append(self.community.sign(name, action, valid_for=4 * life_slots // 5))
        return tuple(sent)


def grow_randomly(forest: Forest, dice: random.Random, count: int) -> list[SealedBlock]:
    """So many blocks of a random tree that leans on its tips, with payments in them."""
    blocks: list[SealedBlock] = []
    tips = [forest.community.chain]
    while len(blocks) < count:
        parent = dice.choice(tips[-5:])
        try:
            transactions = forest.pay_at(parent, dice)
            block = forest.grow(parent, transactions, after=dice.choice((1, 1, 1, 2, 6)))
        except Invalid:
            continue  # a payer is out of money on this branch
        if block.hash not in tips:
            blocks.append(block)
            tips.append(block.hash)
    return blocks
