"""Credit, small and slow, written from docs/protocol.md: the oracle for standings and dealings.

Sums are counted over all rows at the end of every block instead of being kept up to date. Loans
have vectors of their own.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.vectors.hashing import u32, u64

Row = list[Any]
CURRENT = b"current"
PAI = 1_000_000
BALANCE, PERSON = 2, 6


class Credit:
    """The rows of credit among a replica's rows."""

    def __init__(
        self,
        rows: dict[bytes, Row],
        constants: dict[str, Any],
        parameters: dict[str, Any],
        get_identified_until: Callable[[bytes], int],
    ) -> None:
        self.rows, self.constants, self.parameters = rows, constants, parameters
        self.get_identified_until = get_identified_until
        self.slot = self.period = 0

    def found(self, persons: int) -> None:
        """The one row at genesis: nobody owes, nobody is young."""
        self.rows[b"$" + CURRENT] = [0, 0, persons, *[0] * 11, None, 0, 0]
        self._count()

    def begin(self, slot: int) -> None:
        """Close the periods that have passed, at most 64 in one block."""
        self.slot, self.period = slot, slot // self.constants["slots_per_period"]
        whole = self.rows[b"$" + CURRENT]
        closed = min(self.period, whole[11] + 64)
        whole[7] += sum(self.rows.get(_day(day), [0] * 6)[2] for day in range(whole[11], closed))
        whole[11] = closed
        young = self.parameters["young_periods"]
        mature = min(max(whole[12], self.period - young), whole[12] + 64)
        for day in range(whole[12], mature):
            row = self.rows.get(_day(day), [0, 0, 0, 0, 0, []])
            whole[4], whole[5] = whole[4] - row[0], whole[5] - row[1]
            row[0] = row[1] = 0
            if row == [0, 0, 0, 0, 0, []]:
                self.rows.pop(_day(day), None)
        whole[12] = mature
        # No loan is due: the queue passes over empty days, 65 in one block.
        whole[13] = min(max(whole[13], self.period + 1), whole[13] + 65)
        assert self.period < 360, "the vectors' story ends before the first day leaves the window"

    def bear(self, tag: bytes) -> None:
        """A tag is attested for the first time, ever: its person is young from this period on."""
        self.rows[b"c" + u32(0) + tag] = [self.period, 0, 0, 0, self.period]
        whole, day = self.rows[b"$" + CURRENT], self._get_day()
        whole[2] += 1
        whole[4] += 1
        day[0] += 1

    def _add_young(self, since: int, sales: int) -> None:
        """Nobody is refused growth: the vectors' parameters leave all base to the young."""
        assert self.parameters["young_base_bp"] == 10_000
        if since >= self.rows[b"$" + CURRENT][12]:
            self.rows[b"$" + CURRENT][5] += sales
            self.rows.setdefault(_day(since), [0, 0, 0, 0, 0, []])[1] += sales

    def _get_day(self) -> Row:
        return self.rows.setdefault(_day(self.period), [0, 0, 0, 0, 0, []])

    def end(self, inflow: int) -> None:
        """Note what flowed into the reserve, and count everything."""
        if inflow:
            self._get_day()[2] += inflow
        self._count()

    def _count(self) -> None:
        whole = self.rows[b"$" + CURRENT]
        whole[0] = -sum(min(0, row[BALANCE]) for key, row in self.rows.items() if key[:1] == b"a")
        whole[1] = sum(
            item[1]
            for key, row in self.rows.items()
            if key[:1] == b"d"
            for item in row[0]
            if item[5] in (0, 4)
        )
        whole[3] = sum(row[1] for key, row in self.rows.items() if key[:1] == b"c")

    def fade(self, amount: int, period: int) -> int:
        """What is left of an amount since a period; the power is floored to 128 bits."""
        keep = Fraction(self.constants["credit_keep"], 2**64) ** (self.period - period)
        left = abs(amount) * keep
        floored = left.numerator // left.denominator
        if left - floored < Fraction(1, 2**40):  # so near a whole number the ledger may floor it
            raise AssertionError("choose other amounts for the vectors")
        return floored if amount >= 0 else -floored

    def _fade(self, amount: int, period: int) -> int:
        return self.fade(amount, period) if amount and period != self.period else amount

    def get_limit(self, tag: bytes) -> int:
        """What a person is good for."""
        _, sales, earned, limit, period = self._get_standing(tag)
        limit, earned = self._fade(limit, period), self._fade(earned, period)
        if self.slot >= self.get_identified_until(tag):
            return int(limit)
        base = self.parameters["base"]
        cap = base * self.parameters["earned_cap_bp"] // 10_000
        now = base // 10 + min(base - base // 10, sales) + min(2 * cap, earned) // 2
        return int(max(limit, now))

    def check(self, account: bytes) -> None:
        """A balance below zero is good, and then the limit that carries it is remembered."""
        row = self.rows[b"a" + account]
        if row[BALANCE] >= 0:
            return
        tag = row[PERSON]
        limit = self.get_limit(tag)
        assert -row[BALANCE] <= limit, "vectors are good transactions"
        since, sales, earned, held, period = self._get_standing(tag)
        if -row[BALANCE] > self._fade(held, period):
            earned = self._fade(earned, period)
            self.rows[b"c" + u32(0) + tag] = [since, sales, earned, limit, self.period]

    def _get_standing(self, tag: bytes) -> Row:
        return self.rows.get(b"c" + u32(0) + tag, [-1, 0, 0, 0, 0])

    def deal(self, payer: bytes, receiver: bytes, amount: int) -> None:
        """Note a payment between two persons."""
        buyer, seller = (self.rows[b"a" + account][PERSON] for account in (payer, receiver))
        if buyer is None or seller is None:
            return
        if any(self.slot >= self.get_identified_until(tag) for tag in (buyer, seller)):
            return
        key = b"e" + min(buyer, seller) + max(buyer, seller)
        if key not in self.rows and amount < PAI:
            return
        net, lifetime, *counted, period = self.rows.get(key, [0, 0, 0, 0, 0, 0, self.period])
        net = self._fade(net, period)
        counted[2:] = [self._fade(item, period) for item in counted[2:]]
        sign = 1 if seller < buyer else -1
        net, lifetime = net + sign * amount, lifetime + sign * amount
        own, other = (0, 1) if seller < buyer else (1, 0)
        base = self.parameters["base"]
        pair_cap = base * self.parameters["pair_cap_bp"] // 10_000
        earned_cap = 2 * (base * self.parameters["earned_cap_bp"] // 10_000)
        sales = max(0, min(base // 10 - counted[other], sign * lifetime) - counted[own])
        earned = max(0, min(pair_cap - counted[2 + other], sign * net) - counted[2 + own])
        step = max(1, base // 50)
        if sales + earned >= step:
            since, had, gained, held, at = self._get_standing(seller)
            gained, held = self._fade(gained, at), self._fade(held, at)
            sales = max(0, min(sales, base - base // 10 - had))
            earned = max(0, min(earned, earned_cap - gained))
            if sales + earned >= step:
                self.rows[b"c" + u32(0) + seller] = [
                    since, had + sales, gained + earned, held, self.period
                ]  # fmt: skip
                counted[own] += sales
                if since >= 0 and sales:
                    self._add_young(since, sales)
                counted[2 + own] += earned
        self.rows[key] = [net, lifetime, *counted, self.period]


def _day(period: int) -> bytes:
    return b"q" + u64(period)


PEOPLE = 4
FIGURES: dict[str, Any] = {
    "base": 300 * PAI,
    "earned_cap_bp": 20_000,
    "pair_cap_bp": 2_000,
    "young_periods": 0,
}
KEEP = 18_375_845_621_797_877_956
# In which period, who pays whom how much. People are numbered in the order of their tags.
STORIES: dict[str, list[tuple[int, int, int, int]]] = {
    "one sale fades": [(0, 1, 0, 60_000_007), (90, 2, 3, PAI), (180, 2, 3, PAI), (720, 2, 3, PAI)],
    "small sales are counted by steps": [
        (period, 1, 0, 1_300_001 + period) for period in range(1, 12)
    ],
    "a buyer counts for a tenth and the pair's cap": [
        (1, 1, 0, 500 * PAI + 1), (2, 2, 0, 30 * PAI + 1), (3, 3, 0, 29 * PAI + 1)
    ],
    "friends pass money round": [
        (20 * turn + 1, turn % 2, 1 - turn % 2, 200_000_003) for turn in range(12)
    ],
    "what is bought back is not taken back": [
        (1, 1, 0, 40_000_001), (5, 0, 1, 40_000_001), (400, 0, 1, 70_000_001), (401, 1, 0, PAI)
    ],
    "three in a ring": [
        (3 * turn, turn % 3, (turn + 1) % 3, 11_111_111 * (turn + 1)) for turn in range(15)
    ],
}  # fmt: skip


def build_credit() -> list[dict[str, Any]]:
    """Stories of payments, and after each what everybody is good for, a period later too."""
    return [
        {
            "name": name,
            "base": FIGURES["base"],
            "earned_cap_bp": FIGURES["earned_cap_bp"],
            "pair_cap_bp": FIGURES["pair_cap_bp"],
            "credit_keep": str(KEEP),
            "payments": _tell(payments),
        }
        for name, payments in STORIES.items()
    ]


def _tell(payments: list[tuple[int, int, int, int]]) -> list[dict[str, Any]]:
    rows: dict[bytes, Row] = {}
    tags = [bytes([number]) * 32 for number in range(PEOPLE)]
    for tag in tags:
        rows[b"a" + tag] = [None, 0, 0, 0, -1, 0, tag, 0, 0]
    credit = Credit(rows, {"credit_keep": KEEP, "slots_per_period": 1}, FIGURES, lambda _: 2**40)
    told = []
    for period, payer, receiver, amount in payments:
        credit.slot = credit.period = period
        credit.deal(tags[payer], tags[receiver], amount)
        limits = [credit.get_limit(tag) for tag in tags]
        credit.slot = credit.period = period + 1
        told.append(
            {
                "period": period,
                "payer": payer,
                "receiver": receiver,
                "amount": amount,
                "limits": limits,
                "limits_a_period_later": [credit.get_limit(tag) for tag in tags],
            }
        )
    return told
