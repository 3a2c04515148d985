"""Writes the golden vectors: ``python -m tests.vectors.generate [FOLDER]``; see docs/vectors.md.

Nothing of the ledger's code is asked: money is computed in decimals, roots and blocks by a second
implementation of the protocol. Running it again gives the same files, byte for byte.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.vectors.chain_vectors import build_chain, build_refused, build_tree
from tests.vectors.credit import build_credit
from tests.vectors.exchange_refused import build_refused_blocks, build_refused_exchange
from tests.vectors.exchange_vectors import build_exchange
from tests.vectors.hashing import compute_address, h
from tests.vectors.money import Segment, bring, compute_remains, find_keep
from tests.vectors.setoff_vectors import build_setoffs
from tests.vectors.small_genesis import PAI, get_account

CENTURY_DAYS = 36_525
CENTURY_HOURS = 24 * CENTURY_DAYS
RATES = (
    # name, rate, steps in the rate's span, steps in a hundred years
    ("0.1 % a day, by day", "0.001", "1", CENTURY_DAYS),
    ("0.1 % a day, by hour", "0.001", "24", CENTURY_HOURS),
    ("2 % a month of 30.4375 days, by day", "0.02", "30.4375", CENTURY_DAYS),
    ("2 % a month of 30.4375 days, by hour", "0.02", "730.5", CENTURY_HOURS),
    ("7 % a year of 365.25 days, by day", "0.07", "365.25", CENTURY_DAYS),
    ("7 % a year of 365.25 days, by hour", "0.07", "8766", CENTURY_HOURS),
    ("2 % in 28 days, by hour: village-2010", "0.02", "672", CENTURY_HOURS),
    ("2 % in 28 days, by day", "0.02", "28", CENTURY_DAYS),
)
BALANCES = (1, 999_999, PAI, 1_000 * PAI, 123_456_789_012_345, 2**62, 2**63 - 1)
SPANS = (0, 1, 2, 3, 7, 24, 30, 365, 672, 4_704, 8_766, CENTURY_DAYS - 1, CENTURY_DAYS)
MONTHLY = find_keep("0.02", "730.5")
YEARLY = find_keep("0.07", "8766")
VILLAGE = find_keep("0.02", "672")


def build_demurrage() -> list[dict[str, Any]]:
    """What balances keep after so many steps at one rate."""
    cases = []
    for name, rate, steps, century in RATES:
        keep = find_keep(rate, steps)
        spans = [*SPANS, century - 1, century] if century > CENTURY_DAYS else SPANS
        remains = [
            {"balance": str(x), "steps": n, "after": str(compute_remains(x, [(0, keep)], 0, n))}
            for n in spans
            for x in BALANCES
        ]
        cases.append({"name": name, "keep": str(keep), "remains": remains})
    return cases


def _tell(
    name: str,
    schedule: list[Segment],
    balance: int,
    touched: int,
    step: int,
    deposits: list[list[int]] | None = None,
) -> dict[str, Any]:
    after, rest, charge = bring(balance, touched, deposits or [], schedule, step)
    return {
        "name": name,
        "schedule": [[start, None if keep is None else str(keep)] for start, keep in schedule],
        "settlement": str(balance),
        "touched_step": touched,
        "deposits": [list(map(str, item)) for item in deposits or []],
        "step": step,
        "settlement_after": str(after),
        "deposits_after": [list(map(str, item)) for item in rest],
        "charge": str(charge),
    }


def build_settlement() -> list[dict[str, Any]]:
    """What time does to an account: debtors, changes of rate, deposits that fall due."""
    monthly: list[Segment] = [(0, MONTHLY)]
    changing: list[Segment] = [(0, MONTHLY), (1_000, None), (1_500, YEARLY), (9_000, VILLAGE)]
    due = [0, 1_000 * PAI, 0, 2_400, 0, 0, 0]
    early = [1, 300 * PAI, 0, 720, 0, 0, 0]
    renewed = [1, 300 * PAI, 0, 720, 240, 0, 0]
    bonded = [1, 300 * PAI, 0, 720, 0, 1, 0]
    across = [0, PAI, 0, 1_200, 0, 0, 0]
    return [
        _tell("a debtor does not melt", monthly, -500 * PAI, 0, 87_660),
        _tell("an empty account stays empty", monthly, 0, 0, 87_660),
        _tell("nothing melts without demurrage", [(0, None)], 2**63 - 1, 0, 876_600),
        _tell(
            "868.13 after seven periods of 28 days, where linear notes kept 860",
            [(0, VILLAGE)], 1_000 * PAI, 0, 7 * 672,
        ),
        _tell("a lagging account across changes of rate", changing, 1_000 * PAI, 400, 10_000),
        _tell("the same, looked at within the pause", changing, 1_000 * PAI, 400, 1_250),
        _tell("a change at the very step", changing, 1_000 * PAI, 400, 1_000),
        _tell("only the last segment", changing, 1_000 * PAI, 9_500, 10_000),
        _tell("a debtor whose deposit falls due", monthly, -500 * PAI, 0, 3_120, [due]),
        _tell("a holder whose deposit falls due", monthly, 800 * PAI, 0, 3_120, [due]),
        _tell("two deposits, the later first", monthly, 5 * PAI, 0, 3_120, [due, early]),
        _tell("two deposits at one step", monthly, 5 * PAI, 0, 800, [early, [2, *early[1:]]]),
        _tell("a deposit due at the present step", monthly, 5 * PAI, 0, 720, [early]),
        _tell("a deposit not yet due", monthly, 5 * PAI, 0, 719, [early]),
        _tell("a renewal", monthly, 5 * PAI, 0, 800, [renewed]),
        _tell("a renewal and its end", monthly, 5 * PAI, 0, 999, [renewed]),
        _tell("a bond past its term", monthly, 5 * PAI, 0, 9_999, [bonded]),
        _tell(
            "a released bond past its term",
            monthly, 5 * PAI, 0, 3_000, [[1, 300 * PAI, 0, 720, 0, 2, 2_000]],
        ),
        _tell(
            "a released bond within its term",
            monthly, 5 * PAI, 0, 3_000, [[1, 300 * PAI, 0, 7_200, 0, 2, 2_000]],
        ),
        _tell(
            "a released bond that renews",
            monthly, 5 * PAI, 0, 2_100, [[1, 300 * PAI, 0, 720, 240, 2, 2_000]],
        ),
        _tell("a deposit across a change of rate", changing, 7 * PAI, 400, 1_600, [across]),
    ]  # fmt: skip


def build_early_returns() -> list[dict[str, Any]]:
    """What the owner gets of an amount that he returns before its term; the rest is charged."""
    schedules: dict[str, list[Segment]] = {
        "2 % a month": [(0, MONTHLY)],
        "2 % in 28 days": [(0, VILLAGE)],
        "two rates and a pause": [(0, MONTHLY), (1_000, None), (1_500, YEARLY)],
        "no demurrage": [(0, None)],
    }
    return [
        {
            "schedule": [[start, None if keep is None else str(keep)] for start, keep in schedule],
            "name": name,
            "amount": str(amount),
            "since": since,
            "step": step,
            "returned": str(compute_remains(amount, schedule, since, step)),
        }
        for name, schedule in schedules.items()
        for since, step in ((0, 0), (0, 1), (100, 820), (900, 1_600), (0, 8_766))
        for amount in (1, PAI, 100_000 * PAI)
    ]


def build_addresses() -> list[dict[str, str]]:
    """Accounts and their addresses under some prefixes."""
    accounts = [bytes(32), b"\xff" * 32, bytes(range(32)), get_account("dinara"), h("any", b"one")]
    return [
        {"prefix": prefix, "account": account.hex(), "address": compute_address(prefix, account)}
        for prefix in ("pai", "a", "village2010", "abcdefghijklmnop")
        for account in accounts
    ]


def build_files() -> dict[str, str]:
    """The files of vectors by name."""
    documents: dict[str, object] = {
        "demurrage.json": build_demurrage(),
        "settlement.json": build_settlement(),
        "early_returns.json": build_early_returns(),
        "addresses.json": build_addresses(),
        "credit.json": build_credit(),
        "tree.json": build_tree(),
        "chain.json": build_chain(),
        "refused.json": build_refused(),
        "setoff.json": build_setoffs(),
        "exchange.json": build_exchange(),
        "exchange_refused.json": build_refused_exchange(),
        "exchange_refused_blocks.json": build_refused_blocks(),
    }
    return {
        name: json.dumps(document, ensure_ascii=False, indent=1) + "\n"
        for name, document in documents.items()
    }


def main() -> None:
    """Write the files beside this one, or into the folder that is named."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, text in build_files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
