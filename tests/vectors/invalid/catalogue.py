"""The files of refusals, what makes each, and which codes stand in none of them, and why."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from chain.errors import Code
from tests.vectors.invalid import bytestrings, chains, decisions, exchange, loans, members, proofs
from tests.vectors.invalid.scenes import Vector

FOLDER: Final = Path(__file__).parent

# By file: a chapter more is a line here.
CHAPTERS: Final[dict[str, Callable[[], Iterator[Vector]]]] = {
    "envelopes": members.build_envelopes,
    "takeovers": members.build_takeovers,
    "identity": members.build_identity,
    "names": members.build_names,
    "recoveries": members.build_recoveries,
    "loans": loans.build_loans,
    "decisions": decisions.build_decisions,
    "exchange": exchange.build_exchange,
    "market": exchange.build_market,
    "blocks": chains.build_blocks,
    "records": chains.build_records,
    "proofs": proofs.build_proofs,
    "snapshots": proofs.build_snapshots,
    "bytes": bytestrings.build_bytes,
}

# No rule gives these: they depend on what else a node has in its waiting room.
NODES_OWN: Final = {Code.MEMPOOL_FULL, Code.MEMPOOL_ACCOUNT_FULL, Code.ALREADY_KNOWN}


def build_chapter(chapter: str) -> str:
    """The text of one file: communities by number, and vectors that say in which they stand."""
    communities: dict[str, int] = {}
    vectors: list[dict[str, Any]] = []
    for vector in CHAPTERS[chapter]():
        if "genesis" in vector:
            number = communities.setdefault(vector["genesis"], len(communities))
            vectors.append({**vector, "genesis": number})
        else:
            vectors.append(vector)
    document = {"communities": list(communities), "vectors": vectors}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_chapter(chapter: str) -> dict[str, Any]:
    """The file of a chapter."""
    document: dict[str, Any] = json.loads(get_path(chapter).read_text(encoding="utf-8"))
    return document


def get_path(chapter: str) -> Path:
    """Where a chapter lies."""
    return FOLDER / f"{chapter}.json"
