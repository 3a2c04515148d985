"""What people find when they look back: every kind of entry, exact amounts, and pages."""

import pytest

from chain.actions import (
    Action,
    AskLoan,
    Bond,
    CancelRecovery,
    ChangePolicy,
    CompleteRecovery,
    GiveUpAlias,
    Pay,
    Prolong,
    Propose,
    RegisterAlias,
    RegisterSeat,
    Save,
    SpendFund,
    Unbond,
    Withdraw,
)
from chain.block import SealedBlock
from chain.rules.settlement import compute_decayed
from chain.transaction import SealedTransaction
from node.chainkeeper import ChainKeeper
from node.happenings import CHARGES, find_happenings
from node.history import HistoryEntry, build_rows, read_blocks_by_seat, read_history
from node.signatures import KnownSignatures
from node.stores import MemoryStores
from tests.community import (
    CONSTANTS,
    KEEP,
    PAI,
    Community,
    build_genesis,
    build_seat_keys,
    get_account_id,
    get_policy,
)
from tests.identity_world import attest, revoke, set_guardians, start_recovery
from wallet.client import Entry, Micropai
from wallet.show import get_change

EMMA, FARID = get_account_id("emma"), get_account_id("farid")


class Record:
    """A community whose blocks a chain keeper follows."""

    def __init__(self) -> None:
        self.community = Community(build_genesis(strangers=("stranger", "registry")))
        self.keeper = ChainKeeper(MemoryStores().open(), self.community.genesis, KnownSignatures())

    def extend(self, *transactions: SealedTransaction, after: int = 0) -> SealedBlock:
        """One more block."""
        block = self.community.extend(transactions, after=after)
        self.keeper.extend(block, durable=False)
        return block

    def act(self, name: str, *actions: Action, after: int = 0, fee_max: int = 0) -> SealedBlock:
        """A block with one transaction."""
        return self.extend(self.community.sign(name, *actions, fee_max=fee_max), after=after)

    def read(self, name: str) -> tuple[HistoryEntry, ...]:
        """An account's whole history, newest first."""
        return read_history(self.keeper.ledger.store, get_account_id(name), None, 1_000).entries

    def get_balance(self, name: str) -> int:
        """An account's balance as the newest block has it."""
        return self.keeper.ledger.state.accounts.require(get_account_id(name)).settlement

    def look(self, name: str, limit: int = 100) -> list[tuple[str, int]]:
        """Kinds and amounts of an account's history, oldest first; but for demurrage."""
        page = read_history(self.keeper.ledger.store, get_account_id(name), None, limit)
        return [
            (entry.kind, entry.amount)
            for entry in reversed(page.entries)
            if entry.kind not in CHARGES
        ]


def test_a_payment_is_told_to_both_with_its_memo() -> None:
    record = Record()
    block = record.act("emma", Pay(FARID, 7 * PAI, "bread"))
    transaction = block.transactions[0].id
    page = read_history(record.keeper.ledger.store, EMMA, None, 10)
    slot = block.header.slot
    assert page.entries == (HistoryEntry(1, slot, transaction, "paid", 7 * PAI, FARID, "bread"),)
    assert page.next is None
    page = read_history(record.keeper.ledger.store, FARID, None, 10)
    assert page.entries == (HistoryEntry(1, slot, transaction, "received", 7 * PAI, EMMA, "bread"),)


def test_savings_are_told_from_beginning_to_end() -> None:
    record = Record()
    begun = record.act("emma", Save(100 * PAI, 3), Save(50 * PAI, 3))
    record.act("emma", Prolong(0, 4))
    late = record.act("emma", Withdraw(1, 20 * PAI), after=25)
    since, now = (block.header.slot // CONSTANTS.slots_per_step for block in (begun, late))
    returned = compute_decayed(20 * PAI, KEEP, since, now)
    assert returned < 20 * PAI
    record.extend(after=3 * CONSTANTS.slots_per_period)
    shares = [item for item in record.look("emma") if item[0] == "shared"]
    assert record.look("emma") == [
        ("saved", 100 * PAI),
        ("saved", 50 * PAI),
        ("prolonged", 100 * PAI),
        ("withdrawn", returned),
        ("matured", 30 * PAI),
        *shares,
    ]


def test_what_is_returned_in_the_block_that_saved_it_loses_nothing() -> None:
    record = Record()
    record.act("emma", Save(100 * PAI, 3), Withdraw(0, 100 * PAI))
    assert record.look("emma") == [("saved", 100 * PAI), ("withdrawn", 100 * PAI)]


def test_a_seat_its_bond_and_new_keys_are_told() -> None:
    record = Record()
    keys = build_seat_keys("emma", chain=record.community.chain)
    record.act("emma", Save(200 * PAI, 3), RegisterSeat(keys), Bond(0, 150 * PAI), Unbond(1))
    record.act("emma", ChangePolicy(get_policy("emma")))
    assert record.look("emma") == [
        ("saved", 200 * PAI),
        ("seat", 0),
        ("bonded", 150 * PAI),
        ("unbonded", 150 * PAI),
        ("keys", 0),
    ]


def test_a_fee_is_told_beside_what_it_was_paid_for() -> None:
    record = Record()
    record.act("stranger", Pay(EMMA, PAI, ""), fee_max=PAI)
    kinds = record.look("stranger")
    assert kinds[0] == ("paid", PAI)
    assert kinds[1][0] == "fee"
    assert 0 < kinds[1][1] < PAI


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    record = Record()
    for number in range(7):
        pays = [Pay(FARID, PAI, f"{number} {index}") for index in range(3)]
        record.act("emma", *pays)
    whole = read_history(record.keeper.ledger.store, EMMA, None, 1_000).entries
    assert [entry.memo for entry in whole if entry.kind == "paid"] == [
        f"{number} {index}" for number in reversed(range(7)) for index in reversed(range(3))
    ]
    for limit in (1, 2, 4, 20, 21, 22):
        found: list[HistoryEntry] = []
        before: str | None = None
        while True:
            page = read_history(record.keeper.ledger.store, EMMA, before, limit)
            assert len(page.entries) <= limit
            found.extend(page.entries)
            before = page.next
            if before is None:
                break
        assert tuple(found) == whole


@pytest.mark.parametrize("before", ["", "zz", "00", "00" * 13, "00" * 11])
def test_a_place_that_is_none_is_refused(before: str) -> None:
    record = Record()
    with pytest.raises(ValueError, match=r"."):
        read_history(record.keeper.ledger.store, EMMA, before, 10)


def test_undoing_a_block_takes_back_all_that_it_wrote() -> None:
    record = Record()
    record.act("emma", Save(100 * PAI, 3), Pay(FARID, PAI, ""))
    store = record.keeper.ledger.store
    before = {key: row for key, row in store.items(b"") if key[:1] not in b"bou"}
    block = record.act("farid", Pay(EMMA, PAI, "back"), after=4 * CONSTANTS.slots_per_period)
    assert ("matured", 100 * PAI) in record.look("emma")
    assert record.keeper.find_place(block.transactions[0].id).status == "in_block"
    record.keeper.undo()
    after = {key: row for key, row in store.items(b"") if key[:1] not in b"bou"}
    seat_rows = {key for key in after if key not in before}
    assert all(after[key] == b"\x00" for key in seat_rows)  # a seat that had no block before
    assert {key: row for key, row in after.items() if key in before} == before
    assert record.keeper.find_place(block.transactions[0].id).status == "unknown"


def test_blocks_are_counted_by_seat_and_listed_with_their_score() -> None:
    record = Record()
    blocks = [record.act("emma", Pay(FARID, PAI, "x" * 100)) for _ in range(5)]
    big = record.act("emma", *(Pay(FARID, PAI, "x" * 140) for _ in range(40)))
    blocks.append(big)
    counted = dict(read_blocks_by_seat(record.keeper.ledger.store))
    assert sum(counted.values()) == 6
    for seat, count in counted.items():
        assert count == sum(block.header.seat == seat for block in blocks)
    summaries = record.keeper.get_summaries(1, 100)
    assert [item.hash for item in summaries] == [block.hash for block in blocks]
    assert summaries[-1].score == record.keeper.ledger.head.score
    assert [item.size_bytes for item in summaries] == [len(block.whole_bytes) for block in blocks]
    assert record.keeper.get_summaries(3, 2) == summaries[2:4]
    assert record.keeper.get_summaries(0, 1) == summaries[:1]
    assert record.keeper.get_summaries(7, 5) == []
    headers = record.keeper.get_headers([record.community.chain], 100)
    assert [item.header for item in headers] == [block.header for block in blocks]
    assert [item.signature for item in headers] == [block.block.signature for block in blocks]


def test_a_locator_is_dense_at_the_head_and_ends_with_the_genesis() -> None:
    record = Record()
    for _ in range(60):
        record.extend()
    keeper = record.keeper
    heights = [keeper.find_canonical(block_hash) for block_hash in keeper.get_locator(64)]
    assert heights == [60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 49, 45, 37, 21, 0]
    assert len(keeper.get_locator(12)) == 12
    assert keeper.get_locator(12)[-1] == record.community.chain
    unknown = bytes(32)
    found = keeper.get_headers([unknown, keeper.get_locator(64)[9]], 3)
    assert [item.header.height for item in found] == [52, 53, 54]
    assert keeper.get_headers([unknown], 3) == []


def test_rows_of_the_undo_horizon_do_not_pile_up() -> None:
    record = Record()
    block = record.community.build_block()[0]
    execution = record.community.ledger.execute(block, KnownSignatures())
    context = record.community.ledger.get_context(block.header.slot)
    happenings = find_happenings(block, execution, context)
    store = record.keeper.ledger.store
    kept = build_rows(store, block, 1, happenings, undo_height=0)
    dropping = build_rows(store, block, 1, happenings, undo_height=9)
    assert dropping[:-1] == kept
    assert dropping[-1][1] is None


def test_a_recovery_is_told_to_the_lender_and_to_the_owner() -> None:
    record = Record()
    record.act("emma", set_guardians())
    record.act("farid", start_recovery(record.community, "emma"))
    record.act("emma", CancelRecovery())
    record.act("farid", start_recovery(record.community, "emma"))
    record.act("galina", CompleteRecovery(EMMA), after=61)
    assert record.look("emma") == [
        ("guardians", 0), ("recovery_of_this", 0), ("recovery_cancelled", 0),
        ("recovery_of_this", 0), ("recovered_this", 0),
    ]  # fmt: skip
    assert record.look("farid") == [
        ("recovery", 0), ("bond_lent", PAI), ("bond_lost", PAI),
        ("recovery", 0), ("bond_lent", PAI), ("bond_returned", PAI),
    ]  # fmt: skip
    assert record.look("galina") == [("recovered", 0)]


def test_names_and_attestations_are_told_to_both_sides() -> None:
    record = Record()
    record.act("emma", RegisterAlias("emma", 0))
    record.act("emma", GiveUpAlias())
    record.act("registry", attest("stranger"), fee_max=PAI)
    record.act("registry", revoke("stranger"), fee_max=PAI)
    assert record.look("emma") == [("alias", 0), ("alias_given_up", 0)]
    assert [kind for kind, _ in record.look("stranger")] == ["identified", "identity_revoked"]
    told = [kind for kind, _ in record.look("registry") if kind != "fee"]
    assert told == ["attested", "revoked"]


def test_every_micropai_of_a_balance_is_told() -> None:
    """What wallets make of a history adds up to the balance, whatever happened."""
    record = Record()
    record.act("emma", Save(100 * PAI, 3), Save(50 * PAI, 3), Pay(FARID, 7 * PAI, ""))
    record.act("emma", set_guardians(), RegisterAlias("emma", 0))
    record.act("emma", RegisterAlias("maria", 10 * PAI), after=3)
    record.act("stranger", Pay(EMMA, PAI, ""), fee_max=PAI)
    record.act("farid", start_recovery(record.community, "emma"), after=7)
    record.act("emma", Withdraw(1, 20 * PAI), CancelRecovery(), after=25)
    record.act("emma", Propose(SpendFund("social", FARID, PAI, "")))
    record.act("farid", Pay(get_account_id("newborn"), 3 * PAI, ""), after=20)
    record.extend(after=5 * CONSTANTS.slots_per_period)
    record.act("farid", AskLoan(PAI, 5, (), "", None, 0))
    record.act("emma", Pay(FARID, record.get_balance("emma") + PAI, ""))
    record.act("farid", Pay(EMMA, 40 * PAI, ""), after=30)
    for name in ("emma", "farid", "stranger", "newborn", "galina"):
        begun = {item.id: item.balance for item in record.community.genesis.accounts}
        assert record.get_balance(name) == begun.get(get_account_id(name), 0) + sum(
            get_change(Entry(item.height, 0, item.kind, Micropai(item.amount)))
            for item in record.read(name)
        )


def test_what_is_undone_is_forgotten_of_everybody() -> None:
    record = Record()
    record.act("registry", attest("stranger"), fee_max=PAI)
    told = record.read("stranger")
    assert [item.kind for item in told] == ["identified"]
    record.keeper.undo()
    assert record.read("stranger") == ()
