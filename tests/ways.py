"""How a payment, a block and a vote travel through the rooms, as data for the map of the house.

A step goes from one file to another, by a word that stands in both: the function that is called,
the event or effect that is handed over, the path of the API. ``tests.test_map`` looks for it there.
"""

from enum import Enum
from typing import Final, NamedTuple


class By(Enum):
    """How a step is taken, and the arrow that says so."""

    CALL = "-->"
    DATA = "==>"  # an event or effect, which waits for its turn
    WIRE = "-.->"  # to another machine


class Step(NamedTuple):
    """One step of a way."""

    source: str
    target: str
    word: str
    by: By
    told: str


class Way(NamedTuple):
    """Steps in their order."""

    title: str
    steps: tuple[Step, ...]


PAYMENT: Final = Way(
    "A payment, until everybody has it waiting",
    (
        Step(
            "wallet/session.py",
            "wallet/build.py",
            "sign_draft",
            By.CALL,
            "what the member wants gets its price, its envelope and his signature",
        ),
        Step(
            "wallet/session.py",
            "wallet/pending.py",
            "send",
            By.CALL,
            "it is kept on the member's disk before it is sent, until its fate is known",
        ),
        Step("wallet/pending.py", "wallet/client.py", "submit", By.CALL, "as bytes"),
        Step(
            "wallet/client.py",
            "node/api/routes.py",
            "/v1/transactions",
            By.WIRE,
            "HTTP, to a node that the member chose",
        ),
        Step(
            "node/api/routes.py",
            "node/api/handlers.py",
            "post_transaction",
            By.CALL,
            "decoded once, here at the door",
        ),
        Step("node/api/handlers.py", "node/core.py", "submit", By.CALL, "handed in"),
        Step(
            "node/core.py", "node/mempool.py", "admit", By.CALL, "it may wait, if the rules agree"
        ),
        Step(
            "node/mempool.py",
            "chain/rules/transactions.py",
            "process_transaction",
            By.CALL,
            "tried on the state as it will be, which is then thrown away",
        ),
        Step(
            "node/core.py", "p2p/network.py", "offer_transactions", By.CALL, "others shall have it"
        ),
        Step("p2p/network.py", "p2p/gossip.py", "offer", By.CALL, "in a bundle with others"),
        Step(
            "p2p/gossip.py",
            "p2p/gossip.py",
            "judge_bundle",
            By.WIRE,
            "every other node leaves out what it has met, decodes the rest",
        ),
        Step(
            "p2p/gossip.py",
            "node/core.py",
            "judge_transactions",
            By.CALL,
            "and has it judged before it passes anything on",
        ),
        Step(
            "node/core.py",
            "node/judges.py",
            "judge_transactions",
            By.CALL,
            "accepted, dropped, or held against the peer",
        ),
        Step("node/judges.py", "node/mempool.py", "admit", By.CALL, "the same door as for members"),
    ),
)

BLOCK: Final = Way(
    "A block with it, from the turn of a seat to everybody's disk",
    (
        Step(
            "node/task.py",
            "consensus/engine.py",
            "Ticked",
            By.DATA,
            "the clock says that it is time",
        ),
        Step(
            "consensus/engine.py",
            "consensus/signing.py",
            "plan_block",
            By.CALL,
            "is it our turn, and may we sign?",
        ),
        Step("consensus/signing.py", "node/effects.py", "Draft", By.DATA, "put the block together"),
        Step("node/effects.py", "node/production.py", "draft", By.CALL, "what shall be in it"),
        Step("node/production.py", "node/mempool.py", "select", By.CALL, "of what waits, by turns"),
        Step(
            "node/production.py",
            "consensus/engine.py",
            "Drafted",
            By.DATA,
            "the header, not signed yet, goes to the journal",
        ),
        Step(
            "consensus/engine.py",
            "node/effects.py",
            "StoreJournal",
            By.DATA,
            "on the disk before the key signs",
        ),
        Step("node/production.py", "chain/header.py", "sign_header", By.CALL, "and now it may"),
        Step("node/task.py", "p2p/network.py", "announce_block", By.CALL, "our own head, and told"),
        Step("p2p/network.py", "p2p/gossip.py", "announce", By.CALL, "its header only"),
        Step(
            "p2p/gossip.py",
            "p2p/gossip.py",
            "judge_announcement",
            By.WIRE,
            "every other node decodes it",
        ),
        Step("p2p/gossip.py", "node/core.py", "judge_header", By.CALL, "and has it judged"),
        Step(
            "node/core.py",
            "node/judges.py",
            "judge_header",
            By.CALL,
            "a seat of the set, its signature, its draw",
        ),
        Step(
            "p2p/gossip.py",
            "p2p/fetch.py",
            "want",
            By.CALL,
            "the body, mostly from what waits here",
        ),
        Step(
            "p2p/fetch.py", "node/task.py", "BlockArrived", By.DATA, "to the one task that owns all"
        ),
        Step("node/task.py", "node/effects.py", "take_block", By.CALL, "did its seat sign it?"),
        Step(
            "node/effects.py",
            "consensus/engine.py",
            "BlockHeld",
            By.DATA,
            "it gets its place in the tree",
        ),
        Step(
            "consensus/engine.py",
            "consensus/finality.py",
            "update_root",
            By.CALL,
            "of the branches above what is justified, the best",
        ),
        Step("consensus/finality.py", "node/effects.py", "Follow", By.DATA, "it is best: go there"),
        Step(
            "node/effects.py",
            "node/branches.py",
            "follow",
            By.CALL,
            "undo what lies between, and execute",
        ),
        Step(
            "node/branches.py",
            "node/chainkeeper.py",
            "extend",
            By.CALL,
            "with what the node derives",
        ),
        Step(
            "node/chainkeeper.py", "chain/ledger.py", "execute", By.CALL, "one chain over one store"
        ),
        Step(
            "chain/ledger.py",
            "chain/transition.py",
            "process_block",
            By.CALL,
            "the rules, in their order; the root must be the header's",
        ),
        Step(
            "chain/ledger.py",
            "chain/leveldb.py",
            "write",
            By.CALL,
            "one batch: whole, or not at all",
        ),
    ),
)

VOTE: Final = Way(
    "A vote, until the block is final",
    (
        Step(
            "node/task.py",
            "consensus/engine.py",
            "Ticked",
            By.DATA,
            "the clock says that it is time",
        ),
        Step(
            "consensus/engine.py", "consensus/rounds.py", "plan_round", By.CALL, "a round is a slot"
        ),
        Step(
            "consensus/rounds.py",
            "consensus/prevote.py",
            "compute_prevote",
            By.CALL,
            "for which block, bound by what was said before",
        ),
        Step(
            "consensus/rounds.py",
            "consensus/journal.py",
            "record_vote",
            By.CALL,
            "it stands in the journal before it is signed",
        ),
        Step(
            "consensus/engine.py", "node/effects.py", "StoreJournal", By.DATA, "on the disk first"
        ),
        Step(
            "node/effects.py", "node/production.py", "store_journal", By.CALL, "written and synced"
        ),
        Step("consensus/rounds.py", "node/effects.py", "SignVote", By.DATA, "then sign it"),
        Step("node/production.py", "chain/votes.py", "sign_vote", By.CALL, "with the seat's key"),
        Step(
            "node/production.py", "p2p/network.py", "say_vote", By.CALL, "everybody shall hear it"
        ),
        Step("p2p/network.py", "p2p/votes.py", "say_vote", By.CALL, "by itself, in no bundle"),
        Step("p2p/votes.py", "p2p/votes.py", "judge_vote", By.WIRE, "every other node decodes it"),
        Step("p2p/votes.py", "node/core.py", "judge_vote", By.CALL, "and has it judged"),
        Step("node/core.py", "node/votes.py", "judge_vote", By.CALL, "set, seat, round, signature"),
        Step(
            "node/votes.py",
            "consensus/engine.py",
            "VoteSeen",
            By.DATA,
            "our own comes in by the same door",
        ),
        Step(
            "consensus/engine.py",
            "consensus/finality.py",
            "on_vote_seen",
            By.CALL,
            "what does it decide?",
        ),
        Step(
            "consensus/finality.py",
            "consensus/pool.py",
            "bundle",
            By.CALL,
            "enough weight is a certificate: of prevotes, to be acked, or of acks, and final",
        ),
        Step(
            "consensus/finality.py",
            "node/finality.py",
            "Finalised",
            By.DATA,
            "kept, and told to who listens",
        ),
        Step(
            "node/finality.py",
            "node/chainkeeper.py",
            "note_final",
            By.CALL,
            "for strangers who ask",
        ),
        Step(
            "node/production.py",
            "chain/drafting.py",
            "open_draft",
            By.CALL,
            "the maker of a later block offers the certificate",
        ),
        Step(
            "chain/drafting.py",
            "chain/rules/finality_record.py",
            "process_finality",
            By.CALL,
            "and the ledger has it on record",
        ),
    ),
)

WAYS: Final = (PAYMENT, BLOCK, VOTE)
