"""Set-offs as mathematics: certificates with the flows they prove, or why they are refused."""

from typing import Any

from tests.vectors.hashing import h
from tests.vectors.setoff import build_arcs, pack_flows, solve

Debts = list[tuple[int, int, int]]  # debtor, creditor, amount


def build_setoffs() -> list[dict[str, Any]]:
    """Good certificates, and bad ones with the code of their refusal."""
    seed, half = h("vector-seed") + h("vector-seed", b"2"), 2**60
    circle = [(0, 1, 30), (1, 2, 20), (2, 0, 25), (0, 2, 4), (0, 1, 0)]
    chain = [(0, 1, 9), (1, 2, 7), (2, 3, 8)]
    cases = [
        _solve("nothing", 0, [], {}, seed),
        _solve("no circle", 3, [(0, 1, 5), (1, 2, 5)], {}, seed),
        _solve("a circle, and a debt beside it", 3, circle, {}, seed),
        _solve("a chain, lent to", 4, chain, {0: 5}, seed),
        _solve("parallel debts", 2, [(0, 1, 5)] * 3 + [(1, 0, 7)] * 2, {}, seed),
        _solve("2^53 + 1 against 2^53", 2, [(0, 1, 2**53 + 1), (1, 0, 2**53)], {}, seed),
        _solve("lenders in a circle", 3, circle, {0: 3, 2: 2**40}, seed),
    ]
    pair = [(0, 1, 100), (1, 0, 100)]
    good = _solve("", 3, circle, {}, seed)["certificate"]
    cases += [
        _refuse(721, "capacities of 2^61", 2, [(0, 1, half), (1, 0, half)], seed, ["0000", "", ""]),
        _refuse(720, "a potential of 2^62", 2, pair, seed, ["00" + "80" * 8 + "40", "", ""]),
        _refuse(720, "no potential is 0", 2, pair, seed, ["0101", "", ""]),
        _refuse(720, "a number in a longer form", 2, pair, seed, ["008000", "", ""]),
        _refuse(720, "a number missing", 2, pair, seed, ["00", "", ""]),
        _refuse(720, "codes for no arc", 2, pair, seed, ["0000", "00", ""]),
        _refuse(720, "a part for no arc", 2, pair, seed, ["0000", "", "01"]),
        _refuse(720, "a spare bit", 3, circle, seed, [good[0], _set_top_bit(good[1]), good[2]]),
        _refuse(720, "nothing of a part", 3, circle, seed, [*good[:2], "00"]),
        _refuse(722, "all in full", 3, circle, seed, ["000000", "", ""]),
        _refuse(
            722, "2^53 + 1 in full against 2^53", 2, [(0, 1, 2**53 + 1), (1, 0, 2**53)], seed,
            ["0000", "", ""],
        ),
    ]  # fmt: skip
    return cases


def _set_top_bit(codes: str) -> str:
    octets = bytes.fromhex(codes)
    return bytes([*octets[:-1], octets[-1] | 128]).hex()


def _show(
    name: str, accounts: int, debts: Debts, lent: dict[int, int], seed: bytes
) -> dict[str, Any]:
    return {
        "name": name,
        "accounts": accounts,
        "debts": [[debtor, creditor, str(amount)] for debtor, creditor, amount in debts],
        "lent": [[account, str(amount)] for account, amount in sorted(lent.items())],
        "seed": seed.hex(),
    }


def _solve(
    name: str, accounts: int, debts: Debts, lent: dict[int, int], seed: bytes
) -> dict[str, Any]:
    arcs = build_arcs(debts, lent, seed, accounts)
    flows, heights = solve(arcs, accounts + bool(lent))
    return {
        **_show(name, accounts, debts, lent, seed),
        "certificate": [part.hex() for part in pack_flows(arcs, flows, heights)],
        "flows": [str(flow) for flow in flows],
    }


def _refuse(
    code: int,
    name: str,
    accounts: int,
    debts: Debts,
    seed: bytes,
    certificate: list[str],
) -> dict[str, Any]:
    return {**_show(name, accounts, debts, {}, seed), "certificate": certificate, "code": code}
