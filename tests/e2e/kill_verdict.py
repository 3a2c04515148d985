"""What the homes of stopped servers say after a run in which they were killed.

Every header in every store is gathered, so that a second block in a slot is found on whatever
branch it lies; every chain is replayed by the auditor; what all servers had before is looked for.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from chain.block import SealedBlock, decode_block
from chain.genesis import Genesis
from chain.header import BlockHash, Header
from chain.kept import read_canonical_block, read_head, read_rows
from chain.tables import ACCUSATIONS
from chain.transaction import SealedTransaction
from node.audit.checks_chain import find_double_blocks
from node.audit.run import Trust, audit
from node.audit.source import open_source
from node.home import Home
from node.journal import JOURNAL_NAME, read_journal
from node.mempool_file import read_mempool
from node.ops.servers import LOG_NAME

HEADS_APART_MAX = 3


# What no server may ever have to say: it would mean that a journal has failed its seat.
NEVER_SAID = ("offence", "key_used_elsewhere", "journal_lost", "finality_conflict", "seat_refused")


class Marks(NamedTuple):
    """The newest of each kind that a seat's journal says was signed."""

    set_slot: int
    block_slot: int
    prevote_round: int
    ack_round: int


class Verdict(NamedTuple):
    """What was found in the homes when all had stopped."""

    height: int  # of the highest block that all hold
    root: str
    headers: int
    acknowledged: int
    in_chain: int
    problems: list[str]


class Held(NamedTuple):
    """What one home holds: its chain from block 1 on, and the headers of all branches."""

    chain: list[SealedBlock]
    headers: list[tuple[BlockHash, Header]]


def judge(
    genesis: Genesis,
    homes: Sequence[Path],
    held_by_all: Mapping[int, str],
    acknowledged: Collection[SealedTransaction],
) -> Verdict:
    """Compare, replay and search the homes; ``problems`` is empty when all holds."""
    helds = [read_home(home) for home in homes]
    headers = dict(item for held in helds for item in held.headers)
    problems = [
        f"{home.name}: {finding.check} {finding.detail}"
        for home in homes
        for finding in audit(str(home), Trust(genesis=genesis)).findings
    ]
    problems += [f"{item.seat} {item.detail}" for item in find_double_blocks(headers.items())]
    common = min(len(held.chain) for held in helds)
    while common and len({held.chain[common - 1].hash for held in helds}) > 1:
        common -= 1
    highest = max(len(held.chain) for held in helds)
    if highest - common > HEADS_APART_MAX:
        problems.append(f"servers agree up to block {common}, the highest head is {highest}")
    problems += find_lost_blocks(helds, held_by_all)
    problems += [item for home in homes for item in find_offences(home)]
    authors = {block.header.seat for block in helds[0].chain}
    problems += [
        f"seat {seat.account.hex()} made no block"
        for seat in genesis.seats
        if seat.account not in authors
    ]
    included = {sealed.id for block in helds[0].chain for sealed in block.transactions}
    waiting = {sealed.id for home in homes for sealed in read_mempool(Home(home).mempool)}
    problems += find_lost_payments(helds[0], acknowledged, included | waiting)
    return Verdict(
        height=common,
        root=helds[0].chain[common - 1].header.state_root.hex() if common else "",
        headers=len(headers),
        acknowledged=len(acknowledged),
        in_chain=sum(sealed.id in included for sealed in acknowledged),
        problems=problems,
    )


def read_home(home: Path) -> Held:
    """The chain and all headers of a stopped server."""
    with open_source(str(home)) as source:
        assert source.store is not None, "the server was stopped"
        head = read_head(source.store)
        kept = [decode_block(data) for data in source.read_every_block()]
        chain = []
        for height in range(1, (head.height if head else 0) + 1):
            data = read_canonical_block(source.store, height)
            assert data is not None, f"{home} does not hold block {height}"
            chain.append(decode_block(data))
    return Held(chain, [(block.hash, block.header) for block in kept])


def find_offences(home: Path) -> list[str]:
    """What a server has seen or says of itself that must not be: a second vote, a lost journal."""
    said = (home / LOG_NAME).read_text(errors="replace").splitlines()
    with open_source(str(home)) as source:
        assert source.store is not None, "the server was stopped"
        accused = len(list(read_rows(source.store, ACCUSATIONS.prefix)))
    problems = [
        f"{home.name}: {line}" for line in said for word in NEVER_SAID if f" {word} " in f" {line} "
    ]
    return problems + [f"{home.name}: {accused} offences are on its chain"] * bool(accused)


def read_marks(home: Path) -> Marks:
    """What stands in a seat's journal. Raises JournalLost when it cannot be read."""
    records = read_journal(home / JOURNAL_NAME).records
    if not records:
        return Marks(0, 0, 0, 0)
    newest, block_slot = records[-1], max(record.block_slot for record in records)
    return Marks(newest.base_slot, block_slot, newest.prevote_round, newest.ack_round)


def find_lost_blocks(helds: Sequence[Held], held_by_all: Mapping[int, str]) -> list[str]:
    """Blocks that every server had at some time and that a server's chain does not have now."""
    return [
        f"server {number} has lost block {height}, which every server had"
        for height, block_hash in held_by_all.items()
        for number, held in enumerate(helds, start=1)
        if len(held.chain) < height or held.chain[height - 1].hash.hex() != block_hash
    ]


def find_lost_payments(
    held: Held, acknowledged: Collection[SealedTransaction], found: Collection[bytes]
) -> list[str]:
    """Payments that a server took and that came to nothing, though they still could.

    A member who gives up waiting pays again through another server: then one of both is done.
    """
    head_slot = held.chain[-1].header.slot if held.chain else 0
    done = {
        (sealed.body.account, sealed.body.sequence)
        for block in held.chain
        for sealed in block.transactions
    }
    return [
        f"payment {sealed.id.hex()} was acknowledged and is lost"
        for sealed in acknowledged
        if sealed.id not in found
        and (sealed.body.account, sealed.body.sequence) not in done
        and sealed.body.valid_until_slot > head_slot
    ]
