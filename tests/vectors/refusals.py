"""Writes docs/refusals.md from the ledger's own table: ``python -m tests.vectors.refusals``."""

from pathlib import Path

from chain.errors import Code
from chain.refusals import MEANINGS

PAGE = Path(__file__).parents[2] / "docs" / "refusals.md"

GROUPS = {
    1: "Bytes",
    2: "The envelope of a transaction",
    3: "Money",
    4: "Savings",
    5: "Seats",
    6: "Identity, keys, names and votes",
    7: "Obligations, set-off and exchange",
    8: "Blocks",
    9: "The node, before any rule is asked",
}
HEAD = """# Refusals

Every refusal has a number, which is part of the protocol and never changes its meaning. Nothing has
changed when one is given. *Temporary* means that the same bytes may be accepted later, here or on
another branch; what is permanent never will be. Written from `chain/refusals/` by
`python -m tests.vectors.refusals`; a test keeps it current.
"""


def build_page() -> str:
    """The page's text."""
    parts = [HEAD]
    for group, title in GROUPS.items():
        rows = [
            f"| {int(code)} | `{code.name}` | {_say(temporary)} | {text} |"
            for code, (temporary, text) in sorted(MEANINGS.items())
            if code // 100 == group
        ]
        table = "\n".join(["| code | name | how long | meaning |", "|---|---|---|---|", *rows])
        parts.append(f"## {group}xx: {title}\n\n{table}\n")
    assert {code // 100 for code in Code} == set(GROUPS), "a group without a title"
    return "\n".join(parts)


def _say(temporary: object) -> str:
    return "temporary" if temporary else "permanent"


if __name__ == "__main__":
    PAGE.write_text(build_page(), encoding="utf-8")
