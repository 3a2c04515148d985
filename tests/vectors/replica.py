"""A second ledger, small and slow, written from docs/protocol.md: the oracle for roots.

Rows are plain lists in one dictionary. It trusts what it is given (the vectors' own transactions
are good) and keeps no queue, no cache and no undo; whatever the first ledger does cleverly, it
does by looking at everything.
"""

from bisect import bisect
from fractions import Fraction
from functools import partial
from math import isqrt
from typing import Any

from tests.vectors.assembly import act_vote, assemble
from tests.vectors.credit import Credit
from tests.vectors.epochs import (
    Recorder,
    begin_tallies,
    change_bonded,
    change_standings,
    forget_customers,
    note_payment,
    note_service,
    pay_rewards,
)
from tests.vectors.hashing import compute_state_root, h, u32, u64
from tests.vectors.money import Segment, bring, compute_remains
from tests.vectors.packing import pack
from tests.vectors.replica_exchange import (
    act_exchange,
    clear,
    end_window,
    lapse,
    take_snapshot,
)
from tests.vectors.replica_identity import act, get_identified_until, is_identified
from tests.vectors.replica_market import KEPT, act_market, count_traders, end_market, note_fact
from tests.vectors.sharing import note_active, number_person, share_out, take_share

Row = list[Any]
Parts = tuple[Any, Any, Any, Any, Any]  # finality, late acks, roll-call, evidence, clearing
NO_PARTS: Parts = (None, None, None, None, None)
CURRENT = b"current"
ONE = 1_000_000
# By number of action: rows that it may add, and whether it only defends an account.
NEW_ROWS = {
    3: 1, 15: 2, 20: 4, 21: 1, 30: 4, 50: 1, 60: 1, 68: 1, 74: 2, 75: 2, 78: 1, 80: 2
}  # fmt: skip
DEFENSIVE = (1, 6, 7, 8, 9, 10, 51, 77, 79, 82)
# Places in a row of the table of accounts.
POLICY, SEQUENCE, BALANCE, TOUCHED, DUE, MADE, PERSON, DEFENDED, USED = range(9)


class Replica:
    """The rows of a community and what blocks do to them."""

    def __init__(
        self, genesis: list[Any], constants: dict[str, Any], parameters: dict[str, Any]
    ) -> None:
        self.chain = h("genesis", pack(genesis))
        self.constants, self.parameters = constants, dict(parameters)
        self.schedule: list[Segment] = [(start, keep) for start, keep in genesis[6]]
        self.rows: dict[bytes, Row] = {}
        self.slot = self.height = 0
        self.steps_per_period = constants["slots_per_period"] // constants["slots_per_step"]
        self._found(genesis)

    def get_bytes(self) -> dict[bytes, bytes]:
        """The rows as they are kept and hashed."""
        return {key: pack(row) for key, row in self.rows.items()}

    def get_root(self) -> bytes:
        """The state root."""
        return compute_state_root(self.get_bytes().items())

    # Birth

    def _found(self, genesis: list[Any]) -> None:
        _, _, _, _, _, parameters, schedule, authorities, accounts, attestations, seats, funds = (
            genesis
        )
        self.rows[b"g" + CURRENT] = [parameters, schedule]
        self.rows[b"h" + CURRENT] = [0, 0, 0]
        self.rows[b"f" + self.chain[:16]] = [None, None]
        genesis_round = [self.chain, 0, 0, self.chain, 0, 0, b""]
        self.rows[b"F" + CURRENT] = [[genesis_round], self.chain[:16], self.chain]
        self.rows[b"r" + CURRENT] = [
            0, h("rand", self.chain, u64(0)), h("rand", self.chain, u64(1)), h("mix0", u64(0))
        ]  # fmt: skip
        for account, name, jurisdiction, _, group in authorities:
            given = sum(item[0] == account for item in attestations)
            self.rows[b"u" + account] = [name, jurisdiction, group, -1, given, []]
            self.rows.setdefault(b"x" + u32(group), [[]])[0].append(account)
        tags = {}
        for authority, subject, kind, jurisdiction, commitment, tag, begin, until in attestations:
            self.rows[b"t" + subject + authority] = [
                kind, jurisdiction, commitment, tag, begin, until, -1
            ]  # fmt: skip
            number = number_person(self.rows, tag)
            self.rows[b"p" + u32(0) + tag] = [subject, 0, 0, number, 0, []]
            tags[subject] = tag
        bonds = {account: (bond, term) for account, _, bond, term in seats}
        for account, balance, deposits in accounts:
            kept = [
                [number, amount, 0, term * self.steps_per_period, 0, 0, 0]
                for number, (amount, term) in enumerate(deposits)
            ]
            if account in bonds:
                bond, term = bonds[account]
                kept.append([len(kept), bond, 0, term * self.steps_per_period, 0, 1, 0])
            self.rows[b"a" + account] = [
                None, 0, balance, 0, -1, len(kept), tags.get(account), 0, 0
            ]  # fmt: skip
            self._put_deposits(account, kept)
        self._found_seats(seats)
        issued = sum(funds) + sum(bond for bond, _ in bonds.values())
        issued += sum(b + sum(amount for amount, _ in deposits) for _, b, deposits in accounts)
        self.rows[b"m" + CURRENT] = [issued, 0, len(accounts), len(seats), 0, *funds, 0, 0, 0]
        self.credit = Credit(
            self.rows, self.constants, self.parameters, partial(get_identified_until, self)
        )
        self.credit.found(len(tags))

    def _found_seats(self, seats: list[Any]) -> None:
        raws = []
        for account, (vote, vrf, standby, _), bond, _ in seats:
            least = self.constants["bond_min"]
            raw = isqrt(min(bond, 16 * least) * ONE * ONE // least)
            self.rows[b"s" + account] = [vote, vrf, standby, 0, bond, ONE, ONE, raw]
            for key in (vote, vrf, standby):
                self.rows[b"k" + key] = [account]
            raws.append(raw)
        # At genesis every seat is as full as it can be: the share is 6 / (5 n), at least 1/8.
        share = max(Fraction(1, 8), Fraction(6, 5 * len(raws)))
        # All numbers up to the cap fit, none above: the first that does not lies just behind it.
        cap = bisect(
            range(max(raws) + 1),
            x=False,
            key=lambda c: c > share * sum(min(raw, c) for raw in raws),
        )
        cap -= 1
        capped = [min(raw, cap) for raw in raws]
        entries = [
            [account, keys[0], keys[2], keys[1], 65_536 * raw // max(capped)]
            for (account, keys, _, _), raw in zip(seats, capped, strict=True)
        ]
        self.rows[b"v" + CURRENT] = [self.chain, 0, entries]
        weights = [entry[4] for entry in entries]
        self.rows[b"S" + self.chain] = [
            h("set", pack(entries)), sum(weights), max(weights), 0, None
        ]  # fmt: skip
        self.rows.update({b"V" + entry[0]: [0] for entry in entries})
        self.rows[b"B" + CURRENT] = [[account for account, _, _, _ in seats]]

    # Time

    def get_step(self, slot: int) -> int:
        """The step of demurrage that a slot lies in."""
        return int(slot // self.constants["slots_per_step"])

    def touch(self, account: bytes, slot: int) -> Row:
        """Bring an account up to a slot; returns its row."""
        row, step = self.rows[b"a" + account], self.get_step(slot)
        deposits = self.rows.get(b"d" + account, [[]])[0]
        balance, deposits, charge = bring(row[BALANCE], row[TOUCHED], deposits, self.schedule, step)
        self.pot += charge
        row[BALANCE], row[TOUCHED] = balance, step
        self._put_deposits(account, deposits)
        return row

    def _put_deposits(self, account: bytes, deposits: list[Row]) -> None:
        events = [item[6] if item[5] == 2 else item[3] for item in deposits if item[5] in (0, 2)]
        self.rows[b"a" + account][DUE] = min(events, default=-1)
        if deposits:
            self.rows[b"d" + account] = [deposits]
        else:
            self.rows.pop(b"d" + account, None)

    def _find_due(self, slot: int) -> list[bytes]:
        """The accounts that the block of a slot looks at, as they stand before it."""
        period_slots, accounts = self.constants["slots_per_period"], self.rows[b"m" + CURRENT][2]
        budget = min(
            -(-2 * accounts * (slot - self.slot) // period_slots),
            4 * -(-accounts // period_slots) + 16,
        )
        due = []
        for key, row in self.rows.items():
            period = self._find_period(row) if key[:1] == b"a" else None
            if period is not None and period <= slot // period_slots:
                due.append((period, key[1:]))
        return [account for _, account in sorted(due)[:budget]]

    def _sweep(self, slot: int, due: list[bytes]) -> None:
        for account in due:
            row = self.rows[b"a" + account]
            first = row[POLICY] is None or h("account", pack(row[POLICY])) == account
            kept = any(
                table + account in self.rows
                for table in (b"d", b"s", b"u", b"y", b"j", b"@", b"n\x01")
            )
            if row[BALANCE] == 0 and row[PERSON] is None and first and not kept:
                del self.rows[b"a" + account]
                self.born -= 1
            else:
                self.touch(account, slot)
                self._claim(account, slot)

    def _claim(self, account: bytes, slot: int) -> None:
        """Give a person his part of the members' share."""
        row = self.rows[b"a" + account]
        if row[PERSON] is not None:
            person = self.rows[b"p" + u32(0) + row[PERSON]]
            period = slot // self.constants["slots_per_period"]
            row[BALANCE] += take_share(self.rows, person, period)

    def _find_period(self, row: Row) -> int | None:
        following: int = row[TOUCHED] // self.steps_per_period + 1
        due = -(-row[DUE] // self.steps_per_period) if row[DUE] >= 0 else None
        if row[BALANCE] > 0:
            return following if due is None else min(following, due)
        if due is None and row[BALANCE] == 0 and row[PERSON] is None:
            return following + int(self.constants["account_idle_periods"])
        return due

    # Blocks

    def get_seeds(self, slot: int) -> Row:
        """The row of randomness as it is when a slot's epoch begins."""
        epoch, seed, following, mix = self.rows[b"r" + CURRENT]
        while epoch < slot // self.constants["slots_per_epoch"]:
            seed, following = following, h("rand", following, u64(epoch + 2), mix)
            epoch += 1
            mix = h("mix0", u64(epoch))
        return [epoch, seed, following, mix]

    def apply(
        self,
        slot: int,
        parent: bytes,
        author: tuple[bytes, int, bytes],
        transactions: list[Any],
        parts: Parts = NO_PARTS,
    ) -> None:
        """Do what a block of this slot and parent does; its author: seat, kind, VRF output."""
        seat, kind, output = author
        self.pot = self.fees = self.born = 0
        reserve = self.rows[b"m" + CURRENT][5]
        due = self._find_due(slot)
        self._remember(parent)
        if slot // self.constants["slots_per_epoch"] > self.get_epoch():
            self._end_epoch(slot)
        seeds = self.get_seeds(slot)
        epoch_slots = self.constants["slots_per_epoch"]
        if 3 * (slot % epoch_slots) < 2 * epoch_slots:
            seeds[3] = h("mix", seeds[3], output)
        self.rows[b"r" + CURRENT] = seeds
        period_slots = self.constants["slots_per_period"]
        assemble(self, slot, self.slot)
        share_out(self.rows, self.slot // period_slots, slot // period_slots)
        self.credit.begin(slot)
        end_market(self, slot)
        lapse(self, slot)
        end_window(self, slot)
        self._sweep(slot, due)
        finality, late_acks, roll_call, _, clearing = parts
        recorder = Recorder(self.rows, self.constants, slot, seat)
        recorder.note_block(kind)
        if finality is not None:
            self._record_finality(slot, finality[1])
            recorder.note_finality(finality[1][0][3], finality[1][0][6], finality[1][1])
        if late_acks is not None:
            self._add_acks(late_acks)
            recorder.note_late_acks(late_acks[0], late_acks[1])
        if roll_call is not None:
            recorder.note_attendance(roll_call[0], self._call_roll(roll_call))
        for body, signatures in transactions:
            self._apply_transaction(slot, body, signatures)
        if clearing is not None:
            clear(self, slot, seat, clearing)
            count_traders(self)
        take_snapshot(self, slot, self.slot, output)
        self.credit.end(self._share_pot())
        self._bound_reserve(reserve)
        self._follow_votes()
        self.slot, self.height = slot, self.height + 1
        score = self.rows[b"h" + CURRENT][2] + (1 if kind else 2)
        self.rows[b"h" + CURRENT] = [self.slot, self.height, score]

    def _follow_votes(self) -> None:
        """The next block goes by what the row of rules says now."""
        figures, schedule = self.rows[b"g" + CURRENT]
        self.parameters.update(zip(self.parameters, figures, strict=True))
        self.schedule[:] = [(start, keep) for start, keep in schedule]

    def get_epoch(self) -> int:
        """The epoch of the last block."""
        return int(self.slot // self.constants["slots_per_epoch"])

    def _end_epoch(self, slot: int) -> None:
        """The boundary's work; vectors hold no offence, and no customer for two full weeks."""
        period = slot // self.constants["slots_per_period"]
        change_standings(self.rows, self.constants, self.get_epoch())
        is_paid = self.rows.get(b"Q" + CURRENT, [0] * 7)[5] < period
        for seat, amount in pay_rewards(self.rows, self.parameters, period).items():
            if amount:
                self.touch(seat, slot)[BALANCE] += amount
        begin_tallies(self.rows, self.height + 1, is_paid=is_paid)
        forget_customers(self.rows, period // 7)

    def _remember(self, parent: bytes) -> None:
        """Write the parent into its page of sixteen; the first of a page begins it anew."""
        pages = self.constants["transaction_life_slots"] // 16 + 2
        key = b"A" + u32(self.height // 16 % pages)
        if self.height % 16 == 0:
            self.rows[key] = [self.height, []]
        self.rows[key][1].append([parent, self.slot])

    def _record_finality(self, slot: int, finality: list[Any]) -> None:
        """A block of the present set is final; vectors hold no hand-off."""
        (_, _, set_hash, vote_round, level, target, height), bits, _ = finality
        page = self.rows[b"A" + u32(height // 16)]
        found, target_slot = page[1][height % 16]
        assert found == target, "vectors are good certificates"
        rounds, oldest, oldest_set = self.rows[b"F" + CURRENT]
        self.rows[b"f" + rounds[-1][3][:16]][0] = target[:16]
        self.rows[b"f" + target[:16]] = [None, None]
        fresh = [item for item in rounds if item[1] + self.constants["window_slots"] >= slot]
        fresh = fresh or rounds[-1:]
        for item in rounds[: len(rounds) - len(fresh)]:
            self.rows[b"f" + item[3][:16]][1] = slot
        outdated = slot - self.constants["transaction_life_slots"]
        while (self.rows[b"f" + oldest][1] or outdated) < outdated:
            oldest = self.rows.pop(b"f" + oldest)[0]
        rounds = [*fresh, [set_hash, vote_round, level, target, height, target_slot, bits]]
        self.rows[b"F" + CURRENT] = [rounds, oldest, oldest_set]

    def _add_acks(self, late_acks: list[Any]) -> None:
        vote_round, bits, _ = late_acks
        item = next(
            item for item in reversed(self.rows[b"F" + CURRENT][0]) if item[1] == vote_round
        )
        item[6] = bytes(one | other for one, other in zip(item[6], bits, strict=True))

    def _call_roll(self, roll_call: list[Any]) -> set[bytes]:
        roll_round, heads = roll_call
        (bonded,) = self.rows[b"B" + CURRENT]
        before = self.rows.get(b"R" + CURRENT, [None])
        attended = set(before[1]) if before[0] == roll_round else set()
        for _, bits, _ in heads:
            attended |= {
                seat for place, seat in enumerate(bonded) if bits[place // 8] >> place % 8 & 1
            }
        self.rows[b"R" + CURRENT] = [roll_round, sorted(attended)]
        return attended

    def _apply_transaction(self, slot: int, body: list[Any], signatures: list[Any]) -> None:
        account, actions = body[1], body[7]
        row = self.touch(account, slot)
        assert body[2] == row[SEQUENCE], "vectors are good transactions"
        if actions[0][0] == 1:
            assert h("account", pack(actions[0][1])) == account
            row[POLICY] = actions[0][1]
        row[SEQUENCE] += 1
        fee = self._price(slot, row, body, signatures)  # it may bring the balance a share
        row[BALANCE] -= fee
        for action in actions:
            self._act(slot, account, action)
            self.credit.check(account)

    def _price(self, slot: int, row: Row, body: list[Any], signatures: list[Any]) -> int:
        actions, period = body[7], slot // self.constants["slots_per_period"]
        units = len(signatures) + len(actions) + -(-len(pack([body, signatures])) // 256)
        newborn = {action[1] for action in actions if action[0] == 2}
        units += 8 * sum(b"a" + to not in self.rows for to in newborn)
        units += sum(NEW_ROWS.get(action[0], 0) for action in actions) * 4
        units += sum(2 * len(action[1]) for action in actions if action[0] == 80) * 4
        filed = sum(action[0] == 50 for action in actions)
        units += filed * (self.rows[b"w" + CURRENT][0] // 32)
        if all(action[0] in DEFENSIVE for action in actions):
            allowed = self.parameters["defensive_units"] + 2 * row[POLICY][0]
            used = row[USED] if row[DEFENDED] == period else 0
            taken = min(units, max(0, allowed - used))
            if taken:
                row[DEFENDED], row[USED] = period, used + taken
            units -= taken
        person = self.rows.get(b"p" + u32(0) + (row[PERSON] or b""))
        if units and person is not None and slot < get_identified_until(self, row[PERSON]):
            used = person[2] if person[1] == period else 0
            taken = min(units, max(0, self.parameters["free_units"] - used))
            if taken:
                if not used:
                    self._claim(person[0], slot)
                    note_active(self.rows, period, person[3])
                    note_service(self.rows, body[5])
                person[1], person[2] = period, used + taken
            units -= taken
        fee: int = units * self.parameters["unit_fee"]
        assert fee <= body[6], "vectors are good transactions"
        self.fees += fee
        return fee

    def _act(  # noqa: C901, PLR0912 - a table of actions
        self, slot: int, account: bytes, action: list[Any]
    ) -> None:
        row, step = self.rows[b"a" + account], self.get_step(slot)
        deposits = self.rows.get(b"d" + account, [[]])[0]
        match action:
            case [1, _]:
                pass
            case [2, to, amount, _]:
                self._pay(slot, account, to, amount)
            case [3, amount, term]:
                row[BALANCE] -= amount
                until = step + term * self.steps_per_period
                deposits = [*deposits, [row[MADE], amount, step, until, 0, 0, 0]]
                row[MADE] += 1
            case [4, number, term]:
                self._find(deposits, number)[4] = term * self.steps_per_period
            case [5, number, amount]:
                item = self._find(deposits, number)
                returned = compute_remains(amount, self.schedule, item[2], step)
                item[1] -= amount
                row[BALANCE] += returned
                self.pot += amount - returned
                deposits = [item for item in deposits if item[1]]
            case [6, policy]:
                row[POLICY] = policy
            case [20, [vote, vrf, standby, _]]:
                epoch = slot // self.constants["slots_per_epoch"]
                self.rows[b"s" + account] = [vote, vrf, standby, epoch, 0, 0, 0, 0]
                self.rows.update({b"k" + key: [account] for key in (vote, vrf, standby)})
            case [21, number, amount]:
                item = self._find(deposits, number)
                if amount == item[1]:
                    item[5] = 1
                else:
                    item[1] -= amount
                    deposits = [*deposits, [row[MADE], amount, *item[2:5], 1, 0]]
                    row[MADE] += 1
                self._change_bond(account, amount)
            case [22, number]:
                item = self._find(deposits, number)
                self._ask_back(slot, account, item)
                self._change_bond(account, -item[1])
            case [50 | 51, *_]:
                act_vote(self, slot, account, action)
            case [kind, *_] if 60 <= kind < 70:
                act_exchange(self, slot, account, action)
                count_traders(self)
            case [kind, *_] if 70 <= kind < 90:
                act_market(self, slot, account, action)
            case _:
                act(self, slot, account, action)
        self._put_deposits(account, deposits)

    def _pay(self, slot: int, account: bytes, to: bytes, amount: int) -> None:
        self.rows[b"a" + account][BALANCE] -= amount
        if b"a" + to not in self.rows:
            self.rows[b"a" + to] = [None, 0, 0, self.get_step(slot), -1, 0, None, 0, 0]
            self.born += 1
        self.touch(to, slot)[BALANCE] += amount
        self.note_trade(account, to, amount)

    def note_trade(self, payer: bytes, receiver: bytes, amount: int) -> None:
        """What a payment counts for, in credit and for seats."""
        self.credit.deal(payer, receiver, amount)
        slot = self.credit.slot
        week = slot // self.constants["slots_per_period"] // 7
        is_known = partial(is_identified, self, slot)
        note_payment(self.rows, week, (payer, receiver), amount, is_known)

    def note_made_good(self, debtor: bytes, *, paid: bool) -> None:
        """What was owed for a delivery is no more, paid or let be."""
        note_fact(self, self.credit.slot, debtor, *([KEPT] * paid))

    def _ask_back(self, slot: int, account: bytes, item: Row) -> None:
        """What a set may count waits for a hand-off; else the time for evidence begins."""
        if b"V" + account in self.rows:
            item[5] = 3
            self.rows.setdefault(b"L" + CURRENT, [[]])[0].append([account, item[0], slot])
        else:
            wait = self.constants["unbonding_periods"] * self.steps_per_period
            item[5], item[6] = 2, self.get_step(slot) + wait

    def _find(self, deposits: list[Row], number: int) -> Row:
        return next(item for item in deposits if item[0] == number)

    def _change_bond(self, account: bytes, amount: int) -> None:
        seat, least = self.rows[b"s" + account], self.constants["bond_min"]
        before, seat[4] = seat[4], seat[4] + amount
        self.rows[b"m" + CURRENT][3] += (seat[4] >= least) - (before >= least)
        if (seat[4] >= least) != (before >= least):
            change_bonded(self.rows, account, is_bonded=seat[4] >= least)

    def _share_pot(self) -> int:
        money = self.rows[b"m" + CURRENT]
        pot = money[4] + self.pot
        parts = [pot * points // 10_000 for points in self.parameters["sinks"]]
        money[4] = pot - sum(parts)
        reserve, social, operators, active, municipality, burned = parts
        if money[0] - money[1] < burned:
            reserve, burned = reserve + burned, 0
        money[1] += burned
        money[2] += self.born
        for place, part in enumerate((reserve, social, operators + self.fees, active), start=5):
            money[place] += part
        money[9] += municipality
        return int(reserve)

    def _bound_reserve(self, before: int) -> None:
        """What rose above a tenth of all debts is the social fund's."""
        money, owed = self.rows[b"m" + CURRENT], self.rows[b"$" + CURRENT][0]
        surplus = max(0, money[5] - max(before, owed // 10))
        money[5] -= surplus
        money[6] += surplus
