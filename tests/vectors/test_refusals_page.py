"""docs/refusals.md says what the ledger says."""

from chain.errors import Code
from tests.vectors.refusals import PAGE, build_page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == build_page(), "run: python -m tests.vectors.refusals"


def test_the_page_names_every_code() -> None:
    page = build_page()
    assert all(f"| {int(code)} | `{code.name}` |" in page for code in Code)
