"""How much a member or a stranger can make everybody keep for ever, without paying for it.

Each attack uses up a period's free units in one way, as tightly as rules let it: many actions in a
transaction, then fewer, then single ones. What it leaves beside an empty block is counted: rows,
their bytes, and bytes of blocks. docs/performance.md shows the figures; a test holds it to them.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from chain.actions import (
    Action,
    AskLoan,
    Offer,
    OfferInvoice,
    Pay,
    Propose,
    RegisterAlias,
    Resolve,
    Save,
    SetGuardians,
    SetOrder,
    Want,
)
from chain.errors import Invalid
from chain.kept import read_rows
from chain.transaction import SealedTransaction
from tests.community import PAI, Community, build_genesis, get_account_id
from tests.identity_world import attest

PEOPLE = tuple(f"person{number}" for number in range(250))
PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
FAR = 2_000  # slots


class Footprint(NamedTuple):
    """What one attack leaves behind it."""

    transactions: int
    rows: int
    row_bytes: int
    body_bytes: int


def pay(name: str, amount: int = PAI) -> Action:
    return Pay(get_account_id(name), amount, "")


def bill(number: int) -> Action:
    debtor = get_account_id(PEOPLE[number % 250])
    return OfferInvoice(debtor, PAI, 0, "x" * 140, bytes(32), clearable=True)


def list_goods(kind: type[Offer | Want], number: int) -> Action:
    return kind(f"g{number}/{'x' * 50}", "l", PAI, 1, "", FAR, "y" * 140)


# By what, and who: a member has 200 units free in a period, a stranger those of his defence.
ATTACKS: dict[str, tuple[str, Callable[[int], Action]]] = {
    "payments to members, each for the first time": ("emma", lambda n: pay(PEOPLE[n % 250])),
    "dust to one member": ("emma", lambda _: pay("ann", 1)),
    "payments that give life to accounts": ("emma", lambda n: pay(f"new{n}")),
    "invoices": ("emma", bill),
    "loans asked for": ("emma", lambda _: AskLoan(PAI, 10, (), "x" * 140, None, 0)),
    "offers": ("emma", lambda n: list_goods(Offer, n)),
    "wants": ("emma", lambda n: list_goods(Want, n)),
    "savings": ("emma", lambda _: Save(PAI, 3)),
    "questions": ("emma", lambda n: Propose(Resolve(f"{n}" + "z" * 990))),
    "names": ("emma", lambda n: RegisterAlias(f"name-{n}", 0)),
    "standing orders": ("emma", lambda n: SetOrder(n, n, 1, FAR)),
    "a stranger's payments that give life to accounts": ("stranger", lambda n: pay(f"new{n}")),
    "a stranger's invoices": ("stranger", bill),
    "a stranger's guardians": ("stranger", lambda n: SetGuardians(bytes([n % 250]) * 32, 3, 0)),
    "an authority's words about nobody": ("registry", lambda n: attest(f"nobody{n}")),
}


@cache
def attack(name: str) -> Footprint:
    """What is left when somebody has used all that is free of a period in one way."""
    who, make = ATTACKS[name]
    community, quiet = build(), build()
    said: list[SealedTransaction] = []
    made, size = 0, 64
    while size:
        actions = [make(made + number) for number in range(size)]
        sealed = community.sign(who, *actions, sequence=len(said))
        try:
            community.build_block([*said, sealed])
        except Invalid:
            size //= 2
        else:
            said.append(sealed)
            made += size
    community.extend(said)
    quiet.extend()
    (rows, row_bytes), (usual_rows, usual_bytes) = measure(community), measure(quiet)
    body_bytes = sum(len(item.whole_bytes) for item in said)
    return Footprint(len(said), rows - usual_rows, row_bytes - usual_bytes, body_bytes)


def build() -> Community:
    """Two hundred and fifty members beside the attackers."""
    strangers = ("stranger", "registry")
    return Community(build_genesis(members=("emma", *PEOPLE), seats=("ann",), strangers=strangers))


def measure(community: Community) -> tuple[int, int]:
    """Rows, and bytes of rows with their keys."""
    rows = list(read_rows(community.store))
    return len(rows), sum(len(key) + len(row) for key, row in rows)


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_free_leaves_little(name: str) -> None:
    left = attack(name)
    # The review's member could leave 3,200 rows of 180 bytes a period, and 0.8 MB in blocks.
    assert left.rows <= 165
    assert left.row_bytes <= 16_384
    assert left.body_bytes <= 8_192


def test_a_stranger_leaves_nothing_that_he_does_not_pay_for() -> None:
    for name in ATTACKS:
        if name.startswith("a stranger"):
            assert attack(name).rows <= 1, name


def test_the_page_shows_these_figures() -> None:
    shown = PAGE.read_text(encoding="utf-8")
    for name in ATTACKS:
        left = attack(name)
        row = f"| {name} | {left.transactions} | {left.rows} | {left.row_bytes:,} |"
        row += f" {left.body_bytes:,} |"
        assert row in shown, row
    assert len(re.findall(r"^\| .*stranger's", shown, re.MULTILINE)) == 3
