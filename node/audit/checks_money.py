"""Checks of money: every sum made whole, every balance and fund explained to the last micropai.

None repeats a rule's code: sums go over every row, demurrage comes from the second bookkeeping.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from chain.policy import AccountId
from chain.rules.settlement import BONDED, LEAVING, PLEDGED, UNBONDING
from chain.tables import ACCOUNTS, CREDIT, DEBTS, RECOVERIES, SAVINGS, SEATS, Account, Deposit
from chain.units import AMOUNT_MAX, SUPPLY_MAX, format_pai
from node.audit.books import ARITHMETIC_DUST, MICROPAI_PER_ROUNDING, Books
from node.audit.evidence import (
    Evidence,
    build_finding,
    build_row_finding,
    get_deposits,
    select,
    sum_escrows,
    sum_funds,
)
from node.audit.findings import Check, Finding, Sentence
from node.audit.melting import decay
from node.audit.purses import Saved


def find_lost_money(evidence: Evidence) -> Iterator[Finding]:
    """All settlement, savings, bonds, funds and the pot are what was issued less burned."""
    money = evidence.money
    held = (
        sum(row.settlement for _, row in select(evidence.rows, ACCOUNTS))
        + sum(item.amount for _, _, item in get_deposits(evidence))
        + sum(row.pending.bond for _, row in select(evidence.rows, RECOVERIES) if row.pending)
        + sum_escrows(evidence.rows)
        + sum_funds(money)
    )
    if held != money.issued - money.burned:
        detail = Sentence("all money there is does not sum to what was issued less what was burned")
        yield build_finding(
            Check.CONSERVATION, detail, _pai(money.issued - money.burned), _pai(held)
        )


def find_wrong_supply(evidence: Evidence) -> Iterator[Finding]:
    """What was issued is what the genesis gives away, and only the sinks have burned."""
    genesis, money = evidence.genesis, evidence.money
    issued = (
        sum(account.balance for account in genesis.accounts)
        + sum(item.amount for account in genesis.accounts for item in account.deposits)
        + sum(seat.bond for seat in genesis.seats)
        + sum(getattr(genesis.funds, name) for name in genesis.funds.__struct_fields__)
    )
    if money.issued != issued:
        yield build_finding(
            Check.SUPPLY,
            Sentence("issued differs from the genesis"),
            _pai(issued),
            _pai(money.issued),
        )
    burned = evidence.history.treasury.burned
    if money.burned != burned:
        detail = Sentence("burned differs from what the sinks burned")
        yield build_finding(Check.SUPPLY, detail, _pai(burned), _pai(money.burned))
    accounts = sum(1 for _ in select(evidence.rows, ACCOUNTS))
    if money.accounts != accounts:
        detail = Sentence("the number of accounts differs from their rows")
        yield build_finding(Check.SUPPLY, detail, str(accounts), str(money.accounts))


def find_bad_balances(evidence: Evidence) -> Iterator[Finding]:
    """Only who has credit owes, and nobody holds more than an account can."""
    granted = {account_id for account_id, _ in select(evidence.rows, DEBTS)}
    for account_id, row in select(evidence.rows, ACCOUNTS):
        least = 0 if row.person is None and account_id not in granted else -SUPPLY_MAX
        if not least <= row.settlement <= AMOUNT_MAX:
            detail = Sentence(
                "a balance is below zero without credit, or above what an account can hold"
            )
            yield build_row_finding(
                Check.BALANCES, ACCOUNTS, account_id, detail, None, _pai(row.settlement)
            )
    owed = -sum(min(0, row.settlement) for _, row in select(evidence.rows, ACCOUNTS))
    for _, credit in select(evidence.rows, CREDIT):
        if credit.debt != owed:
            detail = Sentence("the sum of all debts differs from the balances below zero")
            yield build_finding(Check.BALANCES, detail, _pai(owed), _pai(credit.debt))
    for name in evidence.money.__struct_fields__:
        if getattr(evidence.money, name) < 0:
            found = str(getattr(evidence.money, name))
            yield build_finding(Check.BALANCES, Sentence(f"{name} is below zero"), None, found)


def find_wrong_demurrage(evidence: Evidence) -> Iterator[Finding]:
    """Every balance is what decimal arithmetic gives, less a micropai or two a rounding."""
    books = evidence.history.books
    savings = dict(select(evidence.rows, SAVINGS))
    accounts = dict(select(evidence.rows, ACCOUNTS))
    for account_id, row in accounts.items():
        purse = books.purses.get(account_id)
        exact = books.get_balance(account_id, books.step)
        deposits = savings[account_id].deposits if account_id in savings else ()
        shown = _project(row, deposits, books)
        allowed = (purse.roundings if purse else 0) * MICROPAI_PER_ROUNDING
        if not -ARITHMETIC_DUST <= exact - shown <= allowed + ARITHMETIC_DUST:
            detail = Sentence("the balance is not what payments and demurrage make of it")
            expected, found = _pai_exact(exact), _pai_exact(shown)
            yield build_row_finding(Check.DEMURRAGE, ACCOUNTS, account_id, detail, expected, found)
    for account_id in sorted(books.purses.keys() - accounts.keys()):
        yield build_row_finding(
            Check.DEMURRAGE, ACCOUNTS, account_id, Sentence("an account has no row"), None, None
        )


def _project(row: Account, deposits: tuple[Deposit, ...], books: Books) -> Decimal:
    """What a row that was last touched some time ago is worth at the books' step."""
    balance, at = Decimal(row.settlement), row.touched_step
    for due_step, amount in sorted(_get_maturities(deposits, books.step)):
        balance = decay(balance, books.schedule, at, due_step) + amount
        at = max(at, due_step)
    return decay(balance, books.schedule, at, books.step)


def _get_maturities(deposits: tuple[Deposit, ...], step: int) -> Iterator[tuple[int, int]]:
    """When which amounts joined the settlement balance, though no row says so yet."""
    for item in deposits:
        if item.seat_bond in (BONDED, LEAVING, PLEDGED):
            continue
        due_step = item.until_step
        if item.seat_bond == UNBONDING:
            due_step = max(due_step, item.release_step)
        if due_step <= step and not item.renew_steps:
            yield due_step, item.amount


def find_unexplained_funds(evidence: Evidence) -> Iterator[Finding]:
    """Every fund follows to the last micropai from charges and fees, block by block."""
    yield from evidence.history.fund_findings
    for name in evidence.history.treasury.__slots__:
        expected, found = getattr(evidence.history.treasury, name), getattr(evidence.money, name)
        if expected != found:
            detail = Sentence(f"{name} does not follow from the charges of all blocks")
            yield build_finding(Check.FUNDS, detail, _pai(expected), _pai(found))


def find_wrong_sequences(evidence: Evidence) -> Iterator[Finding]:
    """An account's sequence is the number of its transactions in the chain."""
    purses = evidence.history.books.purses
    for account_id, row in select(evidence.rows, ACCOUNTS):
        expected = purses[account_id].transactions if account_id in purses else 0
        if row.sequence != expected:
            detail = Sentence("the sequence is not the number of the account's transactions")
            yield build_row_finding(
                Check.SEQUENCES, ACCOUNTS, account_id, detail, str(expected), str(row.sequence)
            )


def find_wrong_savings(evidence: Evidence) -> Iterator[Finding]:
    """Deposits are those that transactions made, with their amounts and terms."""
    books = evidence.history.books
    kept: dict[AccountId, dict[int, Deposit]] = defaultdict(dict)
    for account_id, number, item in get_deposits(evidence):
        kept[account_id][number] = item
    for account_id in sorted(kept.keys() | books.purses.keys()):
        yield from _compare_deposits(books, account_id, kept.get(account_id, {}))


def _compare_deposits(
    books: Books, account_id: AccountId, kept: Mapping[int, Deposit]
) -> Iterator[Finding]:
    """A row may still show what has changed by itself since the last touch, and only that."""
    purse = books.purses.get(account_id)
    booked = purse.deposits if purse else {}
    for number in sorted(kept.keys() | booked.keys()):
        item, expected = kept.get(number), booked.get(number)
        if not _is_same_deposit(item, expected, books.step):
            yield build_row_finding(
                Check.SAVINGS,
                SAVINGS,
                account_id,
                Sentence(f"deposit {number} is not what transactions made of it"),
                None if expected is None else _describe_deposit(expected),
                None if item is None else _describe_deposit(item),
            )


def _is_same_deposit(item: Deposit | None, expected: Saved | None, step: int) -> bool:
    if item is None or expected is None:
        return expected is None and item is not None and _is_due(item, step)
    if item.amount != expected.amount or (item.seat_bond in (BONDED, PLEDGED)) != expected.bonded:
        return False
    return _is_due(item, step) or item.until_step == expected.until_step


def _describe_deposit(item: Deposit | Saved) -> str:
    return f"{_pai(item.amount)} until step {item.until_step}"


def _is_due(item: Deposit, step: int) -> bool:
    """Whether something has happened to the deposit that its row need not show yet."""
    if item.seat_bond in (BONDED, LEAVING, PLEDGED):
        return False
    return (item.until_step if item.seat_bond != UNBONDING else item.release_step) <= step


def find_wrong_bonds(evidence: Evidence) -> Iterator[Finding]:
    """A seat's bond is the sum of its owner's bonded deposits."""
    bonds: Counter[AccountId] = Counter()
    for account_id, _, item in get_deposits(evidence):
        if item.seat_bond == BONDED:
            bonds[account_id] += item.amount
    seats = dict(select(evidence.rows, SEATS))
    for owner in sorted(bonds.keys() | seats.keys()):
        found = seats[owner].bond if owner in seats else 0
        if found != bonds[owner]:
            detail = Sentence("the seat's bond is not the sum of its bonded deposits")
            yield build_row_finding(
                Check.BONDS, SEATS, owner, detail, _pai(bonds[owner]), _pai(found)
            )


def _pai(amount_micropai: int) -> str:
    return format_pai(amount_micropai)


def _pai_exact(amount_micropai: Decimal) -> str:
    return f"{amount_micropai.scaleb(-6):.9f}"


def find_wrong_exchange(evidence: Evidence) -> Iterator[Finding]:
    """Chains and set-offs that gave somebody what nobody gave, or took it from him."""
    yield from evidence.history.market.findings
