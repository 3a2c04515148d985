"""Whether a source says of itself what its own blocks give: head, rows, answers to questions.

A home is compared row by row. A running node is asked like any client would ask it, and what it
answers must follow from the blocks it hands out.
"""

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from chain.address import encode_address
from chain.codec import Record, encode
from chain.errors import Invalid
from chain.genesis import compute_chain_id
from chain.rules.settlement import OWN, Touched, get_touched
from chain.state import State
from chain.tables import (
    ACCOUNTS,
    COMMON_FUNDS,
    CURRENT,
    MONEY,
    SAVINGS,
    Account,
    Money,
    Savings,
    Table,
)
from chain.units import format_pai
from node.audit.findings import FINDINGS_MAX, Check, Finding, Sentence
from node.audit.replay import Walk
from node.audit.source import NodeReader, Source

FUNDS: Final = ("issued", "burned", *COMMON_FUNDS)
ACCOUNTS_ASKED_MAX: Final = 1_000  # of a running node; of more, some at even distances
# A node may answer from before our own height: it counts its funds every few seconds, and changes
# branch at times. It is asked again so often.
BEHIND_MAX: Final = 5
BEHIND_PAUSE_SECONDS: Final = 1.0

TABLES: Final[Mapping[bytes, Table[Record]]] = {
    table.prefix: table for table in State(lambda _: None).get_tables()
}


def find_differences(walk: Walk, source: Source) -> Iterator[Finding]:
    """Where the source's own words differ from what its blocks gave in the walk."""
    yield from find_wrong_head(walk, source)
    if source.beside is not None and source.beside != walk.genesis:
        yield Finding(
            check=Check.GENESIS,
            detail=Sentence("the genesis in the home is not the one that its chain began with"),
            expected=walk.chain.hex(),
            found=compute_chain_id(source.beside).hex(),
        )
    if source.store is not None:
        yield from islice(find_wrong_rows(walk.rows, source.read_rows()), FINDINGS_MAX)
    elif source.node is not None:
        yield from islice(find_wrong_answers(walk, source.node), FINDINGS_MAX)


def find_wrong_head(walk: Walk, source: Source) -> Iterator[Finding]:
    """The chain ends where the source says it does."""
    claim = source.claim
    if claim is None:
        return
    pairs = [
        ("height", str(walk.height), str(claim.height)),
        ("hash", walk.ledger.head.hash.hex(), claim.hash.hex()),
    ]
    if claim.state_root is not None:
        pairs.append(("state root", walk.ledger.root.hex(), claim.state_root.hex()))
    if claim.slot is not None:
        pairs.append(("slot", str(walk.ledger.head.slot), str(claim.slot)))
    if claim.score is not None:
        pairs.append(("score", str(walk.ledger.head.score), str(claim.score)))
    for name, expected, found in pairs:
        if expected != found:
            detail = Sentence(
                f"the source says that its chain ends at another {name} than its blocks do"
            )
            yield Finding(
                check=Check.HEAD,
                detail=detail,
                height=walk.height,
                expected=expected,
                found=found,
            )


def find_wrong_rows(
    rows: Mapping[bytes, Record], stored: Iterator[tuple[bytes, bytes]]
) -> Iterator[Finding]:
    """Every row that is kept otherwise than the blocks give it, or is missing, or too many."""
    seen = set()
    for state_key, data in stored:
        seen.add(state_key)
        row = rows.get(state_key)
        if row is None:
            yield _find_row(
                state_key, Sentence("a row that no block has written"), None, data.hex()
            )
        elif encode(row) != data:
            yield _describe_row(state_key, row, data)
    for state_key in sorted(rows.keys() - seen):
        yield _find_row(
            state_key, Sentence("a row is missing"), encode(rows[state_key]).hex(), None
        )


def _describe_row(state_key: bytes, row: Record, data: bytes) -> Finding:
    """Which fields differ; a row that cannot be read is shown as bytes."""
    try:
        kept = TABLES[state_key[:1]].codec.decode(data)
    except (Invalid, KeyError):
        return _find_row(state_key, Sentence("a row cannot be read"), encode(row).hex(), data.hex())
    names = [name for name in row.__struct_fields__ if getattr(row, name) != getattr(kept, name)]
    return _find_row(
        state_key,
        Sentence(f"a row differs in {', '.join(names)}"),
        "; ".join(_show(getattr(row, name)) for name in names),
        "; ".join(_show(getattr(kept, name)) for name in names),
    )


def _show(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _find_row(
    state_key: bytes, detail: Sentence, expected: str | None, found: str | None
) -> Finding:
    table = TABLES.get(state_key[:1])
    return Finding(
        check=Check.STORED_ROW,
        detail=detail,
        table=table.name if table else state_key[:1].hex(),
        key=state_key[1:].hex(),
        expected=expected,
        found=found,
    )


def find_wrong_answers(walk: Walk, node: NodeReader) -> Iterator[Finding]:
    """A running node shows the money that its blocks give: funds first, then accounts."""
    yield from _find_wrong_funds(walk, node)
    accounts = [key[1:] for key in sorted(walk.rows) if key[:1] == ACCOUNTS.prefix]
    stride = -(-len(accounts) // ACCOUNTS_ASKED_MAX) or 1
    for account_id in accounts[::stride]:
        yield from _find_wrong_account(walk, node, account_id)


def _find_wrong_funds(walk: Walk, node: NodeReader) -> Iterator[Finding]:
    for _ in range(BEHIND_MAX):
        answer = node.get_funds()
        if _catch_up(walk, node, answer.at.height):
            break
    else:
        return
    money = walk.rows[MONEY.prefix + CURRENT]
    assert isinstance(money, Money)
    sums = {name: getattr(money, name) for name in FUNDS} | _sum_accounts(walk, answer.at.step)
    for name, amount in sums.items():
        expected, found = format_pai(amount), getattr(answer, name)
        if expected != found:
            yield _find_answer(
                walk, Sentence(f"the node shows another {name}"), None, expected, found
            )
    if answer.accounts != money.accounts:
        expected, found = str(money.accounts), str(answer.accounts)
        yield _find_answer(
            walk, Sentence("the node shows another number of accounts"), None, expected, found
        )


def _sum_accounts(walk: Walk, step: int) -> dict[str, int]:
    """What all accounts own together at a step, and what is still to be collected from them."""
    sums = {"settlement": 0, "savings": 0, "bonds": 0, "uncollected": 0}
    for key in walk.rows:
        touched = _project(walk, key[1:], step) if key[:1] == ACCOUNTS.prefix else None
        if touched is None:
            continue
        sums["settlement"] += touched.account.settlement
        sums["uncollected"] += touched.charge
        for item in touched.deposits:
            sums["savings" if item.seat_bond in OWN else "bonds"] += item.amount
    return sums


def _find_wrong_account(walk: Walk, node: NodeReader, account_id: bytes) -> Iterator[Finding]:
    address = encode_address(walk.genesis.prefix, account_id)
    for _ in range(BEHIND_MAX):
        answer = node.get_account(address)
        if _catch_up(walk, node, answer.at.height):
            break
    else:
        return
    expected = _project(walk, account_id, answer.at.step)
    if expected is None:
        pairs = [("existence", "no account", "an account" if answer.exists else "no account")]
    else:
        pairs = [
            ("settlement", format_pai(expected.account.settlement), answer.settlement),
            ("savings", format_pai(sum(item.amount for item in expected.deposits)), answer.savings),
            ("sequence", str(expected.account.sequence), str(answer.sequence)),
        ]
    for name, right, shown in pairs:
        if right != shown:
            yield _find_answer(
                walk, Sentence(f"the node shows another {name}"), account_id, right, shown
            )


def _project(walk: Walk, account_id: bytes, step: int) -> Touched | None:
    """What the account owns at a step, by our own rows."""
    account = walk.rows.get(ACCOUNTS.prefix + account_id)
    if account is None:
        return None
    assert isinstance(account, Account)
    savings = walk.rows.get(SAVINGS.prefix + account_id)
    deposits = savings.deposits if isinstance(savings, Savings) else ()
    return get_touched(account, deposits, walk.keep_schedule, step)


def _catch_up(walk: Walk, node: NodeReader, height: int) -> bool:
    """Follow the node to the height of its answer; False: it answered from further back."""
    if walk.height < height:
        with node.stream_export(walk.height + 1) as objects:
            next(objects, None)  # the header, which we know
            for data in islice(objects, height - walk.height):
                walk.follow(data)
    if walk.height == height:
        return True
    time.sleep(BEHIND_PAUSE_SECONDS)
    return False


def _find_answer(
    walk: Walk, detail: Sentence, account_id: bytes | None, expected: str, found: str
) -> Finding:
    return Finding(
        check=Check.ANSWER,
        detail=detail,
        height=walk.height,
        table=None if account_id is None else ACCOUNTS.name,
        key=None if account_id is None else account_id.hex(),
        expected=expected,
        found=found,
    )
