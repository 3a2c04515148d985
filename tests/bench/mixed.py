"""A mixed load: what members, authorities and owners of seats do beside paying each other.

Six of ten transactions are payments; the others are every kind of action whose time does not have
to come first. Deeds that belong together follow each other from block to block. What a block holds
follows from its number.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from chain import actions as act
from chain.block import decode_block
from chain.genesis import Genesis, compute_chain_id
from chain.kept import read_numbered
from chain.rules.credit_days import get_credit
from chain.rules.measures import compute_digest
from chain.rules.shelves import get_book
from chain.tables import CURRENT, DELIVERIES, LISTINGS
from chain.tables.table import RowT, Table
from chain.terms import Term, compute_terms_digest
from chain.transaction import SealedTransaction
from tests.bench.measures import Figures, Sizes, measure_ceiling, time_replay
from tests.bench.town import SEED, TrustingChecks, build_town, name_member
from tests.community import (
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)
from tests.identity_world import attest, set_guardians, start_recovery

FEES_MAX = 20 * PAI
PRICE = PAI // 10
PAYMENTS_IN_TEN = 6
PAYERS_IN_TEN = 4  # of members; the others do everything else, once each
SEATS_BONDED = 8
LETTERS = "abdefghkmpqstwxy"  # no two of which, nor pairs of them, look like others
REGISTRY = "registry"


class Deed(NamedTuple):
    """What a name does."""

    name: str
    action: act.Action
    others: tuple[act.Action, ...] = ()


class MixedLoad:
    """Draws the transactions of one block after the other."""

    def __init__(self, genesis: Genesis, members: int) -> None:
        self.community = Community(genesis, checks=TrustingChecks())
        self.chain = compute_chain_id(genesis)
        self._dice = random.Random(SEED)
        self._members = members
        self._next = members
        self._payers = members * PAYERS_IN_TEN // 10
        self._block = 0
        self._seats = 0
        self._asked = self._offered = 0
        self._measures: list[act.Resolve] = []
        self._trades = 0
        self._listed: list[tuple[int, str, str]] = []  # trades, sellers, buyers: a block ago
        self._bought: list[str] = []
        self._later: defaultdict[int, list[Deed]] = defaultdict(list)

    def build_block(self, transactions: int) -> bytes:
        """The next block, of so many transactions or a few less."""
        sealed = list(self._sign(transactions))
        self._block += 1
        return self.community.extend(sealed).whole_bytes

    def _sign(self, transactions: int) -> Iterator[SealedTransaction]:
        done: set[str] = set()
        for deed in self._draw(transactions):
            if deed.name not in done:
                done.add(deed.name)
                yield self.community.sign(deed.name, deed.action, *deed.others, fee_max=FEES_MAX)

    def _draw(self, transactions: int) -> Iterator[Deed]:
        yield from self._deliver()
        yield from self._agree()  # before others take numbers
        yield from self._later.pop(self._block, ())
        beside = transactions - transactions * PAYMENTS_IN_TEN // 10
        self._asked = get_credit(self.community.ledger.state).loans_made
        self._offered = get_book(self.community.ledger.state).made
        kinds = (
            self._invoice, self._save, self._vote, self._vote, self._lend, self._take_name,
            self._guard, self._open_seat, self._change_keys, self._trade,
        )  # fmt: skip
        if self._block % 10 == 0:
            measure = act.Resolve(f"The {self._block}th well is cleaned on Saturday.")
            self._measures.append(measure)
            yield Deed(self._take(), act.Propose(measure))
        first, *others = self._attest()
        yield Deed(REGISTRY, first, tuple(others))
        for turn in range(beside // 3):  # most deeds have two more that follow
            yield from kinds[turn % len(kinds)]()
        payers = self._dice.sample(range(self._payers), transactions - beside)
        for payer in payers:
            to = self._dice.randrange(self._members)
            if to != payer:
                amount = self._dice.randrange(1, PAI)
                yield Deed(name_member(payer), act.Pay(self._get_id(to), amount, ""))

    def _take(self) -> str:
        """A member who has done nothing yet, from the end; who pays is of the beginning."""
        self._next -= 1
        assert self._next >= self._payers, "too many blocks for so few members"
        return name_member(self._next)

    def _get_id(self, index: int) -> bytes:
        return get_account_id(name_member(index))

    def _get_far_slot(self) -> int:
        return self.community.ledger.head.slot + 100_000

    def _read_numbered(self, table: Table[RowT]) -> Iterator[tuple[int, RowT]]:
        return read_numbered(self.community.ledger.store, table)

    def _follow(self, blocks: int, name: str, action: act.Action) -> None:
        self._later[self._block + blocks].append(Deed(name, action))

    def _get_deposit(self, name: str) -> int:
        """The number of the deposit that somebody makes next."""
        return self.community.ledger.state.accounts.require(get_account_id(name)).deposits_made

    def _save(self) -> Iterator[Deed]:
        name = self._take()
        deposit = self._get_deposit(name)
        self._follow(1, name, act.Prolong(deposit, 200))
        self._follow(2, name, act.Withdraw(deposit, 4 * PAI))
        yield Deed(name, act.Save(10 * PAI, 100))

    def _vote(self) -> Iterator[Deed]:
        """Three of those who have acted before vote on something that was filed before."""
        for _ in range(3):
            filed = len(self._measures) - (1 if self._block % 10 == 0 else 0)
            if filed > 0:
                number = self._dice.randrange(filed)
                yes = self._dice.random() < 0.7
                digest = compute_digest(self._measures[number])
                voter = name_member(self._dice.randrange(self._next, self._members))
                yield Deed(voter, act.CastVote(number, digest, yes))

    def _lend(self) -> Iterator[Deed]:
        debtor, guarantor = self._take(), self._take()
        loan = self._asked
        self._asked += 1
        self._follow(1, guarantor, act.Guarantee(loan, None))
        self._follow(2, debtor, act.DropLoan(loan))
        yield Deed(debtor, act.AskLoan(5 * PAI, 30, (), "seed", get_account_id(guarantor), 2 * PAI))

    def _attest(self) -> tuple[act.Action, ...]:
        """Once a block the registry attests somebody, renews one, and takes one back."""
        now, last, before = (f"newcomer {self._block - age}" for age in range(3))
        renew = act.Renew(get_account_id(last), bytes(32), 2**41)
        actions = (attest(now), renew, act.Revoke(get_account_id(before)))
        return actions[: self._block + 1]

    def _invoice(self) -> Iterator[Deed]:
        """One is paid, the next declined, the third handed on and written down."""
        creditor, debtor = self._take(), self._take()
        number = self._offered
        self._offered += 1
        creditor_id, debtor_id = get_account_id(creditor), get_account_id(debtor)
        accept = act.AcceptInvoice(number, creditor_id, 2 * PAI, clearable=False)
        match number % 3:
            case 0:
                self._follow(1, debtor, accept)
                self._follow(2, creditor, act.MarkClearable(number, clearable=True))
                self._follow(3, debtor, act.PayInvoice(number, creditor_id, 2 * PAI))
                self._follow(3, creditor, act.LendLiquidity(PAI))
            case 1:
                self._follow(1, debtor, act.DeclineInvoice(number))
            case _:
                heir = self._take()
                heir_id = get_account_id(heir)
                self._follow(1, debtor, accept)
                self._follow(2, creditor, act.Reassign(number, heir_id))
                self._follow(3, debtor, act.ConsentReassign(number, heir_id))
                self._follow(4, heir, act.WriteDown(number, debtor_id, PAI))
        yield Deed(creditor, act.OfferInvoice(debtor_id, 2 * PAI, 3, "", None, clearable=False))

    def _take_name(self) -> Iterator[Deed]:
        name = self._take()
        number = int(name.rsplit(" ", 1)[1])
        alias = "m" + "".join(LETTERS[int(digit, 16)] for digit in f"{number:05x}")
        self._follow(2, name, act.GiveUpAlias())
        yield Deed(name, act.RegisterAlias(alias, FEES_MAX))

    def _guard(self) -> Iterator[Deed]:
        name, helper = self._take(), self._take()
        self._follow(1, helper, start_recovery(self.community, name, started=0))
        self._follow(2, name, act.CancelRecovery())
        yield Deed(name, set_guardians())

    def _open_seat(self) -> Iterator[Deed]:
        name = self._take()
        self._seats += 1
        if self._seats <= SEATS_BONDED:
            deposit = self._get_deposit(name)
            self._follow(1, name, act.Save(100 * PAI, 100))
            self._follow(2, name, act.Bond(deposit, 100 * PAI))
            self._follow(3, name, act.Unbond(deposit))
        yield Deed(name, act.RegisterSeat(build_seat_keys(name, chain=self.chain)))

    def _trade(self) -> Iterator[Deed]:
        """Offers and wants that chains join in the next block; every other seller has an order."""
        seller, buyer = self._take(), self._take()
        ordered = self._trades % 2 == 0
        self._listed.append((self._trades, seller, buyer))
        self._trades += 1
        terms = ("food/milk", "litre", PRICE, 10, "", self._get_far_slot(), "")
        order = (act.SetOrder(0, 10 * PRICE, 5, self._get_far_slot()),) if ordered else ()
        yield Deed(seller, act.Offer(*terms), order)
        yield Deed(buyer, act.Want(*terms))

    def _agree(self) -> Iterator[Deed]:
        """Chains of one leg: by an order, or by the consent of both; a third is declined."""
        numbers = {row.account: number for number, row in self._read_numbered(LISTINGS)}
        market = self.community.ledger.state.market.get(CURRENT)
        number = market.made if market else 0
        for trade, seller, buyer in self._listed:
            seller_id, buyer_id = get_account_id(seller), get_account_id(buyer)
            leg = act.Leg(numbers[seller_id], numbers[buyer_id], 4)
            until = self._get_far_slot()
            term = Term(leg, seller_id, buyer_id, "food/milk", "litre", PRICE)
            digest = compute_terms_digest(self.chain, (term,), until)
            yield Deed(buyer, act.ProposeChain((leg,), until, digest))
            if trade % 2 == 0:
                number += 2  # of the chain and of its delivery
                self._follow(2, seller, act.ChangeListing(leg.offer, PRICE, 5, until))
                self._follow(3, seller, act.CancelOrder())
            else:
                answer = (
                    act.AcceptChain(number, digest) if trade % 4 == 1 else act.DeclineChain(number)
                )
                self._follow(1, seller, answer)
                number += 1
            self._follow(3, buyer, act.WithdrawListing(leg.want))
        self._bought = [buyer for trade, _, buyer in self._listed if trade % 2 == 0]
        self._listed = []

    def _deliver(self) -> Iterator[Deed]:
        """Buyers confirm what they were brought."""
        numbers = {row.buyer: number for number, row in self._read_numbered(DELIVERIES)}
        for buyer in self._bought:
            yield Deed(buyer, act.ConfirmDelivery(numbers[get_account_id(buyer)], 4))

    def _change_keys(self) -> Iterator[Deed]:
        name = self._take()
        yield Deed(name, act.ChangePolicy(get_policy(f"2:{name}/a+{name}/b+{name}/c")))
        self._follow(2, name, act.Pay(self._get_id(0), PAI, ""))


def build_mixed_blocks(genesis: Genesis, members: int, blocks: int, transfers: int) -> list[bytes]:
    """Blocks of a mixed load."""
    load = MixedLoad(genesis, members)
    return [load.build_block(transfers) for _ in range(blocks)]


def measure_mixed_replay(sizes: Sizes) -> Figures:
    """All kinds of transactions a second, from raw blocks to LevelDB."""
    genesis = build_mixed_town(sizes.members)
    blocks = build_mixed_blocks(genesis, sizes.members, sizes.blocks, sizes.transfers)
    transactions = sum(len(decode_block(data).transactions) for data in blocks)
    rates, ratios = [], []
    for _ in range(sizes.runs):
        before = measure_ceiling(1, sizes.verifications)
        rates.append(transactions / time_replay(genesis, blocks))
        ceiling = (before + measure_ceiling(1, sizes.verifications)) / 2
        ratios.append(rates[-1] / ceiling)
    return {
        "replay_mixed.transactions_per_second": median(rates),
        "replay_mixed.ratio_one_thread": median(ratios),
    }


def build_mixed_town(members: int) -> Genesis:
    """A town whose registry has an account with money for fees."""
    town = build_town(members)
    return build_genesis(
        members=[name_member(index) for index in range(members)],
        strangers=(REGISTRY,),
        constants=town.constants,
        keep_schedule=town.keep_schedule,
    )
