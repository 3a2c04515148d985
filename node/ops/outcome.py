"""How a demonstration ended: whether the servers agree, and whether an auditor finds anything.

Reads the homes of stopped servers, replays the chain of each from genesis, and compares their roots
at the highest block that all of them hold.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from chain.block import decode_block
from chain.genesis import Genesis
from chain.kept import read_canonical_block, read_head
from chain.units import format_pai
from node.audit.findings import Check, Finding, Sentence
from node.audit.report import build_report
from node.audit.report_types import Report
from node.audit.run import Audit, Trust, audit
from node.audit.source import SourceError, open_source
from node.ops.servers import Place

HEADS_APART_MAX: Final = 3  # how far the compared block may lie below the highest head


class Chain(NamedTuple):
    """What one stopped server holds: hash and root by height, from block 1 on."""

    hashes: list[bytes]
    roots: list[bytes]


class Outcome(NamedTuple):
    """All servers' chains, and the audits of them."""

    chains: list[Chain]
    height: int  # of the highest block that all hold
    audits: list[Audit]
    findings: list[tuple[int, Finding]]  # by server
    report: Report | None

    @property
    def agreed(self) -> bool:
        """Whether all hold one chain up to a few blocks, with the same root."""
        highest = max(len(chain.hashes) for chain in self.chains)
        if self.height == 0 or highest - self.height > HEADS_APART_MAX:
            return False
        return len({chain.roots[self.height - 1] for chain in self.chains}) == 1


def read_chain(home: Path) -> Chain:
    """Hashes and roots of the chain in a stopped server's home. Raises SourceError."""
    hashes, roots = [], []
    with open_source(str(home)) as source:
        assert source.store is not None, "the server was stopped"
        head = read_head(source.store)
        for height in range(1, (head.height if head else 0) + 1):
            data = read_canonical_block(source.store, height)
            if data is None:
                raise SourceError(f"{home} does not hold its block {height}")
            block = decode_block(data)
            hashes.append(block.hash)
            roots.append(block.header.state_root)
    return Chain(hashes, roots)


def find_common_height(chains: Sequence[Chain]) -> int:
    """The height of the highest block that every chain holds."""
    height = min(len(chain.hashes) for chain in chains)
    while height and len({chain.hashes[height - 1] for chain in chains}) > 1:
        height -= 1
    return height


def judge(places: Sequence[Place], genesis: Genesis) -> Outcome:
    """Read and audit every server's home."""
    chains: list[Chain] = []
    audits: list[Audit] = []
    findings: list[tuple[int, Finding]] = []
    for index, place in enumerate(places):
        folder = place.home.folder
        try:
            chains.append(read_chain(folder))
            audits.append(audit(str(folder), Trust(genesis=genesis)))
        except SourceError as error:
            chains.append(Chain([], []))
            detail = Sentence(str(error))
            findings.append((index, Finding(check=Check.STREAM, detail=detail)))
            continue
        findings += [(index, finding) for finding in audits[-1].findings]
    return Outcome(chains, find_common_height(chains), audits, findings, _build_report(audits))


def _build_report(audits: Sequence[Audit]) -> Report | None:
    """The report on the longest chain."""
    whole = [item for item in audits if item.walk is not None and item.evidence is not None]
    if not whole:
        return None
    longest = max(whole, key=lambda item: item.walk.height if item.walk else 0)
    assert longest.walk is not None
    assert longest.evidence is not None
    return build_report(longest.evidence, longest.walk, longest.findings)


class SeatEnd(NamedTuple):
    """What is told of a server beside its chain."""

    seat: str
    final_height: int
    rss_mib: float


def build_document(
    outcome: Outcome, community: str, seats: Sequence[SeatEnd], refused: int
) -> dict[str, Any]:
    """The one document with which a demonstration ends; amounts as decimal strings of pai."""
    report = outcome.report
    produced = {row.seat: row.blocks for row in report.servers.seats} if report else {}
    supply = report.supply if report else None
    return {
        "community": community,
        "servers": [
            {
                "seat": item.seat,
                "height": len(chain.hashes),
                "final_height": item.final_height,
                "state_root": chain.roots[outcome.height - 1].hex() if outcome.height else None,
                "blocks_produced": produced.get(item.seat, 0),
                "rss_mib": round(item.rss_mib, 1),
            }
            for item, chain in zip(seats, outcome.chains, strict=True)
        ],
        "agreed": outcome.agreed,
        "payments": report.community.payments if report else 0,
        "refused": refused,
        "demurrage": report.demurrage.charged if report else format_pai(0),
        "funds": {
            name: getattr(supply, name) if supply else format_pai(0)
            for name in (
                "reserve",
                "social",
                "operators",
                "active",
                "municipality",
                "claims",
                "burned",
                "pot",
            )
        },
        "velocity": report.velocity.a_period if report else "0",
        "chains": msgspec.to_builtins(report.exchange) if report else None,
        "audit": {
            "blocks": report.community.blocks if report else 0,
            "transactions": report.community.transactions if report else 0,
            "findings": [
                {"server": index, **msgspec.to_builtins(finding)}
                for index, finding in outcome.findings
            ],
        },
    }
