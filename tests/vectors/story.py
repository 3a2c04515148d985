"""A story of the vectors: a community, its blocks as they are told, and what is shown of them."""

from typing import Any

from tests.vectors.hashing import compute_state_root, h
from tests.vectors.packing import pack
from tests.vectors.producing import find_author, produce, seal
from tests.vectors.replica import NO_PARTS, Parts, Replica
from tests.vectors.small_genesis import (
    CONSTANTS,
    MEMBERS,
    PARAMETERS,
    SEATS,
    STRANGERS,
    build_genesis,
    get_account,
)

Said = list[Any]
PEOPLE = (*SEATS, *MEMBERS, *STRANGERS)


class Story:
    """A replica, its head, and everything that was shown on the way."""

    def __init__(self) -> None:
        self.genesis = build_genesis()
        self.replica = Replica(self.genesis, CONSTANTS, PARAMETERS)
        self.names = {get_account(name): name for name in SEATS}
        self.head = self.replica.chain
        self.first_rows = self.replica.get_bytes()
        self.hashes: list[bytes] = []  # by height, without the head
        self.blocks: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []  # blocks

    def tell(self, slot: int, *transactions: Said, parts: Parts = NO_PARTS) -> None:
        """One block."""
        for transaction in transactions:
            self.said.append(_show_transaction(self.replica.chain, transaction))
        self.hashes.append(self.head)
        _, self.head, shown = produce(
            self.replica, self.head, slot, list(transactions), self.names, parts
        )
        self.blocks.append(shown)

    def refuse(self, code: int, slot: int, parts: Parts) -> None:
        """A block that would be good now, but for its parts."""
        place = self.replica.height + 1, slot, self.head
        author = find_author(self.replica, slot, self.names)
        block = seal(self.replica, place, author, self.names, ([], parts), bytes(32))
        self.refused.append({"code": code, "after": len(self.blocks), "block": pack(block).hex()})


def _show_transaction(chain: bytes, transaction: Said) -> dict[str, Any]:
    body = pack(transaction[0])
    return {
        "account": transaction[0][1].hex(),
        "sequence": transaction[0][2],
        "actions": [action[0] for action in transaction[0][7]],
        "body": body.hex(),
        "signing_message": (b"pai/transaction/1" + chain + body).hex(),
        "id": h("transaction", body).hex(),
        "signatures": [[index, signature.hex()] for index, signature in transaction[1]],
        "transaction": pack(transaction).hex(),
    }


def show_story(story: Story, names: tuple[str, ...]) -> dict[str, Any]:
    """Genesis, transactions, blocks and roots of a story, and the keys of these names."""
    return {
        "seeds": {name: h("vector-key", name.encode()).hex() for name in names},
        "accounts": {name: get_account(name).hex() for name in names},
        "genesis": pack(story.genesis).hex(),
        "chain": story.replica.chain.hex(),
        "rows": {key.hex(): value.hex() for key, value in sorted(story.first_rows.items())},
        "state_root": compute_state_root(story.first_rows.items()).hex(),
        "transactions": story.said,
        "blocks": story.blocks,
        "last_rows": {
            key.hex(): value.hex() for key, value in sorted(story.replica.get_bytes().items())
        },
    }
