"""How a replay, its findings and a proof look to people: sentences in the person's language."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from chain.address import encode_address
from chain.errors import Code, Invalid
from chain.refusals import MEANINGS
from chain.tables import ACCOUNTS, AUTHORITIES, SAVINGS, SEATS
from node.audit.findings import Check, Finding
from node.audit.proof import ProvenAccount
from wallet.terminal import Terminal, build_sheet
from wallet.words import Words, mark

FINDINGS_SHOWN: Final = 50  # the document holds all
ACCOUNT_BYTES: Final = 32
_BY_ACCOUNT: Final = frozenset({ACCOUNTS.name, SAVINGS.name, SEATS.name, AUTHORITIES.name})
_GOOD: Final = "green"
_BAD: Final = "bold red"

CHECKS: Final = {
    Check.GENESIS: mark("genesis"),
    Check.STREAM: mark("stream of blocks"),
    Check.ORDER: mark("order of blocks"),
    Check.BLOCK: mark("rules of a block"),
    Check.STATE_ROOT: mark("state root"),
    Check.INVARIANT: mark("promises of the ledger"),
    Check.STORED_ROW: mark("stored row"),
    Check.ANSWER: mark("node's answer"),
    Check.HEAD: mark("end of the chain"),
    Check.CONSERVATION: mark("conservation"),
    Check.SUPPLY: mark("supply"),
    Check.BALANCES: mark("balances"),
    Check.DEMURRAGE: mark("demurrage"),
    Check.FUNDS: mark("funds"),
    Check.AUTHORS: mark("authors of blocks"),
    Check.ONE_BLOCK_A_SLOT: mark("one block a slot"),
    Check.TIME: mark("time"),
    Check.SEQUENCES: mark("sequences"),
    Check.SAVINGS: mark("savings"),
    Check.BONDS: mark("bonds"),
    Check.IDENTITY: mark("identity"),
    Check.MERKLE_ROOT: mark("Merkle tree"),
}


def tell_replay(
    terminal: Terminal, document: dict[str, Any], findings: Sequence[Finding], prefix: str
) -> Iterator[RenderableType]:
    """What was replayed, how fast, and what was found."""
    words = terminal.words
    yield build_sheet(
        [
            (words.say("Source"), document["source"]),
            (words.say("Community"), f"{document['name']} ({document['community']})"),
            (words.say("Blocks executed again"), words.number(document["blocks"])),
            (words.say("Transactions"), words.number(document["transactions"])),
            (words.say("Last slot"), words.number(document["slot"])),
            (words.say("Hash of the last block"), document["hash"] or "-"),
            (words.say("State root"), document["state_root"] or "-"),
            (words.say("Blocks a second"), document["blocks_per_second"]),
        ],
        title=words.say("Replay from genesis"),
    )
    yield ""
    yield from tell_findings(words, findings, prefix)


def tell_findings(
    words: Words, findings: Sequence[Finding], prefix: str
) -> Iterator[RenderableType]:
    """All findings as sentences, or that there are none. ``prefix`` is that of addresses."""
    if not findings:
        text = words.say("Nothing was found: every block holds, and every check agrees.")
        yield Text(text, style=_GOOD)
        return
    yield Text(words.say_count("{n} finding:", "{n} findings:", len(findings)), style=_BAD)
    for finding in findings[:FINDINGS_SHOWN]:
        yield ""
        yield from tell_finding(words, finding, prefix)
    if len(findings) > FINDINGS_SHOWN:
        yield ""
        yield words.say("More findings are in the document: add --output json.")


def tell_finding(words: Words, finding: Finding, prefix: str) -> Iterator[RenderableType]:
    """One finding: where, what, and both figures."""
    place = [words.say(CHECKS[finding.check])]
    if finding.height is not None:
        place.append(words.say("block {height}", height=words.number(finding.height)))
    if finding.transaction is not None:
        place.append(words.say("transaction {index}", index=finding.transaction))
    if finding.table is not None:
        key = _show_key(finding.table, finding.key or "", prefix)
        place.append(words.say("table {table}, key {key}", table=finding.table, key=key))
    yield Text(" · ".join(place), style="bold")
    yield f"  {tell_detail(words, finding)}"
    if finding.expected is not None:
        yield "  " + words.say("expected: {value}", value=finding.expected)
    if finding.found is not None:
        yield "  " + words.say("found: {value}", value=finding.found)
    if finding.seat is not None:
        seat = encode_address(prefix, bytes.fromhex(finding.seat))
        yield "  " + words.say("server's seat: {seat}", seat=seat)
    if finding.signed is not None:
        yield "  " + (
            words.say("The seat has signed this block's header: it answers for it.")
            if finding.signed
            else words.say("The seat has not signed this header: somebody else made it up.")
        )
    if finding.block is not None:
        yield "  " + words.say("hash: {hash}", hash=finding.block)


def _show_key(table: str, key: str, prefix: str) -> str:
    """The key of a row: an address where it is an account's."""
    if table not in _BY_ACCOUNT or len(key) != 2 * ACCOUNT_BYTES:
        return key
    return encode_address(prefix, bytes.fromhex(key))


def tell_detail(words: Words, finding: Finding) -> str:
    """The finding's sentence; a refusal of the ledger is told by its code."""
    if finding.code is not None and finding.code in MEANINGS:
        begin = str(Invalid(Code(finding.code)))
        if finding.detail.startswith(begin):
            return words.refusal(finding.code, finding.detail[len(begin) :].strip())
    return words.retell(finding.detail)


def tell_proof(terminal: Terminal, proven: ProvenAccount, address: str) -> Iterator[RenderableType]:
    """What the proof shows of an account."""
    words, account = terminal.words, proven.account
    pairs = [
        (words.say("Address"), address),
        (words.say("Block"), words.number(proven.height)),
        (words.say("Hash of the block"), proven.block.hash.hex() if proven.block else "-"),
        (words.say("State root"), proven.state_root.hex()),
    ]
    if account is None:
        pairs.append((words.say("Account"), words.say("there is none")))
    else:
        pairs += [
            (words.say("Settlement when last touched"), words.amount(account.settlement)),
            (words.say("Touched in step"), words.number(account.touched_step)),
            (words.say("Sequence"), words.number(account.sequence)),
        ]
    yield build_sheet(pairs, title=words.say("Proof of an account"))
    yield ""
    if proven.holds:
        text = words.say("The proof holds: the row is in the state that the block's server signed.")
        yield Text(text, style=_GOOD)
    else:
        yield from tell_findings(words, proven.findings, address.rpartition("1")[0].lower())
