"""Votes by the second ledger, written from docs/protocol.md, "Votes, funds and the members' share".

Electorates and votes are lists of numbers here, and become bits only when they are put into a row.
Measures are good ones, but for spending, which may have become more than a fund may pay.
"""

from fractions import Fraction
from typing import Any

from tests.vectors.hashing import h, u32, u64
from tests.vectors.packing import pack
from tests.vectors.replica_identity import Rows, get_identified_until
from tests.vectors.sharing import CURRENT

Row = list[Any]
BALANCE, PERSON = 2, 6  # places in a row of the table of accounts
PROPOSALS, OPEN, PASSED = 1, 2, 3  # places in the row of the assembly
FUNDS = {"reserve": 5, "social": 6, "municipality": 9}  # places in the row of money
DEEP = ("electorate_age_periods", "identity_threshold", "reward_epochs")
# Of votes cast, of all electors.
NEEDED = {
    "ordinary": (Fraction(1, 2), Fraction(1, 4)),
    "grave": (Fraction(2, 3), Fraction(1, 3)),
    "deep": (Fraction(2, 3), Fraction(1, 2)),
}


def get_digest(measure: Row) -> bytes:
    """What a vote names."""
    return h("measure", pack(measure))


def put_bits(numbers: list[int], persons: int) -> bytes:
    """Numbers as bits, in as many bytes as all persons need."""
    return sum(1 << number for number in numbers).to_bytes((persons + 7) // 8, "little")


def get_numbers(bits: bytes) -> list[int]:
    """The numbers whose bits are set."""
    return [at for at in range(8 * len(bits)) if bits[at // 8] >> at % 8 & 1]


def act_vote(replica: Rows, slot: int, account: bytes, action: Row) -> None:
    """Do what filing (50) or casting (51) does; it is a good one."""
    rows, period = replica.rows, slot // replica.constants["slots_per_period"]
    tag = rows[b"a" + account][PERSON]
    if action[0] == 50:
        _, measure = action
        assembly = rows[b"w" + CURRENT]
        about = measure[1] if measure[0] in ("admit", "retire") else None
        electors = put_bits(_find_electors(replica, slot, about), assembly[0])
        nobody = bytes(len(electors))
        ends = period + replica.parameters["vote_periods"]
        rows[b"b" + u64(assembly[PROPOSALS])] = [
            measure, tag, slot, ends, electors, nobody, nobody
        ]  # fmt: skip
        assembly[OPEN] = [*assembly[OPEN], assembly[PROPOSALS]]
        assembly[PROPOSALS] += 1
    else:
        _, number, digest, is_yes = action
        proposal = rows[b"b" + u64(number)]
        own = rows[b"p" + u32(0) + tag][3]
        assert digest == get_digest(proposal[0]), "vectors are good transactions"
        assert period < proposal[3], "vectors are good transactions"
        assert own in get_numbers(proposal[4]), "vectors are good transactions"
        for place, wanted in ((5, is_yes), (6, not is_yes)):
            others = [item for item in get_numbers(proposal[place]) if item != own]
            said = [*others, own] if wanted else others
            proposal[place] = put_bits(said, 8 * len(proposal[4]))


def _find_electors(replica: Rows, slot: int, about: bytes | None) -> list[int]:
    """The numbers of all who may vote on what is filed in this slot."""
    age = replica.parameters["electorate_age_periods"] * replica.constants["slots_per_period"]
    oldest = slot - age if slot >= age else slot
    electors = []
    for key, row in replica.rows.items():
        if key[:5] != b"p" + u32(0):
            continue
        since = _find_since(replica, slot, key[5:], None)
        if since is None or since > oldest:
            continue
        if about is None or _find_since(replica, slot, key[5:], about) is not None:
            electors.append(row[3])
    return electors


def _find_since(replica: Rows, slot: int, tag: bytes, without: bytes | None) -> int | None:
    """Since when a person is identified; he has one authority here, or two that agree."""
    if slot >= get_identified_until(replica, tag):
        return None
    assert replica.parameters["identity_threshold"] == 1, "then the earliest word is enough"
    account = replica.rows[b"p" + u32(0) + tag][0]
    starts = []
    for authority in replica.rows[b"x" + u32(0)][0]:
        said = replica.rows.get(b"t" + account + authority)
        if authority != without and said and said[0] == "person" and said[3] == tag:
            assert slot < said[5], "vectors hold no vote in a time of grace"
            if said[6] == -1:
                starts.append(said[4])
    return min(starts, default=None)


def assemble(replica: Rows, slot: int, parent_slot: int) -> None:
    """In the first block of a period: count what is over, do what is due."""
    period_slots = replica.constants["slots_per_period"]
    period = slot // period_slots
    assembly = replica.rows[b"w" + CURRENT]
    if parent_slot // period_slots == period:
        return
    for number in list(assembly[OPEN]):
        measure, _, _, ends, electors, yes, no = replica.rows[b"b" + u64(number)]
        if period < ends:
            continue
        assembly[OPEN] = [item for item in assembly[OPEN] if item != number]
        kind = _get_class(replica, measure)
        if _is_carried(kind, *(len(get_numbers(bits)) for bits in (electors, yes, no))):
            wait = "enact_deep_periods" if kind == "deep" else "enact_periods"
            due = ends + replica.parameters[wait]
            assembly[PASSED] = [*assembly[PASSED], [number, due]]
        else:
            del replica.rows[b"b" + u64(number)]
    for number, due in list(assembly[PASSED]):
        if due <= period:
            assembly[PASSED] = [item for item in assembly[PASSED] if item[0] != number]
            _enact(replica, slot, replica.rows.pop(b"b" + u64(number))[0])


def _get_class(replica: Rows, measure: Row) -> str:
    if measure[0] in ("sinks", "rewards") or (measure[0] == "figure" and measure[1] in DEEP):
        return "deep"
    if measure[0] == "spend":
        held = replica.rows[b"m" + CURRENT][FUNDS[measure[1]]]
        return "grave" if 10 * measure[3] > held else "ordinary"
    return "ordinary" if measure[0] == "resolve" else "grave"


def _is_carried(kind: str, electors: int, yes: int, no: int) -> bool:
    of_cast, of_all = NEEDED[kind]
    if not yes or yes < of_all * electors:
        return False
    share = Fraction(yes, yes + no)
    return share > of_cast if kind == "ordinary" else share >= of_cast


def _enact(replica: Rows, slot: int, measure: Row) -> None:
    """Figures are written into the row of rules, where the next block finds them."""
    rows = replica.rows
    rules = rows[b"g" + CURRENT]
    names = list(replica.parameters)
    assert measure[0] != "demurrage", "the vectors' rates change by genesis, too lately for a vote"
    match measure:
        case ["figure", name, value]:
            before = rules[0][names.index(name)]
            _note(replica, b"5" + name.encode(), slot, before, kept_periods=180)
            _set_figure(rules, names.index(name), value)
        case ["sinks", sinks]:
            _set_figure(rules, names.index("sinks"), sinks)
        case ["rewards", shares]:
            _set_figure(rules, names.index("reward_shares"), shares)
        case ["spend", fund, to, amount, _]:
            _spend(replica, slot, fund, to, amount)
        case ["admit", authority, name, jurisdiction, group]:
            rows[b"x" + u32(group)] = [[*rows[b"x" + u32(group)][0], authority]]
            rows[b"u" + authority] = [name, jurisdiction, group, -1, 0, []]
        case ["retire", authority]:
            rows[b"u" + authority][3] = slot


def _set_figure(rules: Row, place: int, value: Any) -> None:
    """The list of figures is a new one: what a genesis says stays as it was."""
    rules[0] = [*rules[0][:place], value, *rules[0][place + 1 :]]


def _note(replica: Rows, key: bytes, slot: int, amount: int, *, kept_periods: int) -> None:
    """Add to a history by periods."""
    period = slot // replica.constants["slots_per_period"]
    (history,) = replica.rows.get(key, [[]])
    kept = [item for item in history if item[0] > period - kept_periods]
    replica.rows[key] = [[*kept, [period, amount]]]


def _spend(replica: Rows, slot: int, fund: str, to: bytes, amount: int) -> None:
    """Pay, unless in 28 periods it would be more than the fund's rate, or than it holds."""
    rows, period = replica.rows, slot // replica.constants["slots_per_period"]
    held = rows[b"m" + CURRENT][FUNDS[fund]]
    (history,) = rows.get(b"6" + fund.encode(), [[]])
    spent = sum(item[1] for item in history if item[0] > period - 28)
    rate = Fraction(replica.constants["fund_rate_bp"], 10_000)
    if amount > held or spent + amount > (held + spent) * rate:
        return
    if b"a" + to not in rows:
        rows[b"a" + to] = [None, 0, 0, replica.get_step(slot), -1, 0, None, 0, 0]
        replica.born += 1
    replica.touch(to, slot)[BALANCE] += amount
    rows[b"m" + CURRENT][FUNDS[fund]] -= amount
    _note(replica, b"6" + fund.encode(), slot, amount, kept_periods=28)
