"""The boundary's work in real blocks; what it pays, an auditor's second bookkeeping finds too."""

from chain.actions import Pay
from chain.facts import FundPaid, FundShifted
from chain.rules.settlement import get_touched
from chain.rules.tally import get_course, get_epoch_tally
from chain.tables import CURRENT
from node.audit.books import Books
from tests.community import PAI, Community, build_genesis, get_account_id
from tests.unit.test_finality_record import grow

ANN, EMMA, HAMIT = (get_account_id(name) for name in ("ann", "emma", "hamit"))
ROUNDINGS_MAX = 100  # micropai, each look at an account loses less than one


def test_a_server_is_paid_for_service_and_the_books_agree() -> None:
    community = Community(build_genesis())
    ledger, state = community.ledger, community.ledger.state
    books = Books(community.genesis)
    paid = shifted = 0
    for number in range(90):
        pay = [community.sign("emma", Pay(HAMIT, PAI, ""), via=ANN)] if number % 7 == 0 else []
        block, execution = community.build_block(pay)
        context = ledger.get_context(block.header.slot)
        books.follow(
            context.slot,
            context.keep_schedule,
            block.transactions,
            execution.changes,
            execution.facts,
        )
        ledger.commit(execution, block, durable=False)
        facts = execution.facts
        paid += sum(fact.amount for fact in facts if isinstance(fact, FundPaid))
        shifted += sum(fact.amount for fact in facts if isinstance(fact, FundShifted))
    assert paid > 0
    assert shifted > 0
    for seat in (ANN, EMMA, HAMIT):
        savings = state.savings.get(seat)
        stands = get_touched(
            state.accounts.require(seat),
            savings.deposits if savings else (),
            context.keep_schedule,
            books.step,
        ).account.settlement
        assert 0 <= books.get_balance(seat, books.step) - stands < ROUNDINGS_MAX
    assert get_course(state).service_period == ledger.head.slot // 20


def test_an_epochs_first_block_begins_its_tally() -> None:
    community = Community(build_genesis())
    grow(community, 25)
    state = community.ledger.state
    tally = get_epoch_tally(state)
    assert tally.first_height > 1
    assert tally.points > 0
    seats = state.bonded_seats.require(CURRENT).seats
    rows = [row for seat in seats if (row := state.seat_tallies.get(seat)) is not None]
    assert sum(row.points for row in rows) == tally.points
    assert sum(row.waiting for row in rows) == get_course(state).waiting > 0
