"""A year told month by month in English or Russian, while the village lives it.

What is told of votes, loans and losses is read from what the rules did, so that the story cannot
say what has not happened.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from chain.actions import CastVote, Measure, Propose
from chain.crypto import u64
from chain.facts import Decided, Enacted, GuarantorPaid, WrittenOff
from chain.rules.credit_days import get_credit
from chain.rules.electorate import find_number, has_bit
from chain.rules.measures import compute_digest
from chain.tables import CURRENT, Assembly
from tests.community import PAI, get_account_id, get_name
from tests.year.life import EVENING, live
from tests.year.village import (
    BLOCKS_A_DAY,
    GENESIS_TIME,
    NOTARY,
    OFFICE,
    SOVIET,
    Village,
)
from wallet.words import Language, Words

CENT = PAI // 100
NEAR_LIMIT = 95  # percent of what somebody may owe
TURNOUT_A_DAY = 0.12
ASSENT = 0.86
MONTHS = {
    Language.ENGLISH: (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    Language.RUSSIAN: (
        "Январь", "Февраль", "Март", "Апрель", "Май", "Июнь", "Июль", "Август", "Сентябрь",
        "Октябрь", "Ноябрь", "Декабрь",
    ),
}  # fmt: skip
NAMES = {
    "emma": "Эмма", "farid": "Фарид", "galina": "Галина", "hamit": "Хамит", "ivan": "Иван",
    "julia": "Юлия", "karim": "Карим", "lida": "Лида", "marat": "Марат", "nina": "Нина",
}  # fmt: skip


class Story:
    """A village, what was begun in it, and the reader."""

    def __init__(self, village: Village, words: Words, write: Callable[[str], None]) -> None:
        self.village = village
        self.words = words
        self.newcomers: list[str] = []
        self.loans: dict[str, int] = {}  # by debtor
        self.proposals: dict[int, tuple[str, Measure]] = {}  # what members call them
        self.returned = 0  # loans, before their term
        self.happened: set[str] = set()
        self._write = write
        self._month = 0

    def run(
        self,
        days: int,
        events: dict[tuple[int, int], Callable[["Story"], None]],
        go_on: Callable[["Story", date], None],
    ) -> None:
        """Let so many days pass from the first on; events by month and day, ``go_on`` daily."""
        for day in range(days):
            today = get_date(day)
            self._turn_leaf(today)
            for half in range(BLOCKS_A_DAY):
                if half == EVENING:
                    events.get((today.month, today.day), _nothing)(self)
                    go_on(self, today)
                else:
                    self._cast_votes()
                live(self.village, day, half)
                self.village.make_block()
                self._tell_facts()
            self._pay_clerks(day)
        self._close_month()

    # Telling

    def tell(self, english: str, russian: str, **values: object) -> None:
        """Write a sentence in the reader's language."""
        text = russian if self.words.language is Language.RUSSIAN else english
        self._write("  " + text.format(**values))

    def pai(self, amount: int) -> str:
        """An amount in the reader's notation."""
        return self.words.amount(amount // CENT * CENT)

    def name(self, name: str) -> str:
        """A villager's name in the reader's letters."""
        if self.words.language is Language.RUSSIAN:
            return NAMES.get(name, name)
        return name.title()

    def _turn_leaf(self, today: date) -> None:
        if today.month == self._month:
            return
        if self._month:
            self._close_month()
        self._month = today.month
        self._write(f"\n{MONTHS[self.words.language][today.month - 1]} {today.year}")

    def _close_month(self) -> None:
        village = self.village
        credit, money = get_credit(village.ledger.state), village.money
        turnover = sum(village.turnover.values())
        village.turnover.clear()
        self.tell(
            "· Paid {turnover}; owed {debt}, {limit} at their limit; saved {saved}; reserve "
            "{reserve}; social fund {social}.",
            "· Оплачено {turnover}; долги {debt}, на пределе {limit}; накоплено {saved}; резерв "
            "{reserve}; социальный фонд {social}.",
            limit=sum(self._is_at_limit(name) for name in village.people.members),
            turnover=self.pai(turnover),
            debt=self.pai(credit.debt),
            saved=self.pai(credit.saved),
            reserve=self.pai(money.reserve),
            social=self.pai(money.social),
        )

    def _is_at_limit(self, name: str) -> bool:
        balance, floor = self.village.get_balance(name), self.village.get_floor(name)
        return balance < 0 and 100 * balance <= NEAR_LIMIT * floor

    def _tell_facts(self) -> None:
        for fact in self.village.facts:
            match fact:
                case Decided():
                    self._tell_count(fact)
                case Enacted():
                    self._tell_enacted(fact)
                case GuarantorPaid():
                    self.happened.add("guarantor paid")
                    self.tell(
                        "{guarantor} had answered for {debtor}, and pays {amount} pai; {debtor} "
                        "owes it to him, not to the village.",
                        "{guarantor} поручился за должника ({debtor}) и платит {amount} пая; "
                        "теперь долг — перед ним, а не перед селом.",
                        guarantor=self.name(get_name(fact.guarantor)),
                        debtor=self.name(get_name(fact.debtor)),
                        amount=self.pai(fact.amount),
                    )
                case WrittenOff():
                    self.happened.add("written off")
                    self.tell(
                        "The reserve takes over {amount} pai. That is what it is for.",
                        "Резерв берёт на себя {amount} пая. Для того он и есть.",
                        amount=self.pai(fact.amount),
                    )
                case _:
                    pass

    def _tell_count(self, fact: Decided) -> None:
        if fact.passed:
            self.happened.add(f"passed: {self.proposals[fact.proposal][0]}")
        self.tell(
            "Counted: {title}: {yes} yes, {no} no of {electors}; {end}.",
            "Подсчитано: {title}: за {yes}, против {no} из {electors}; {end}.",
            title=self.proposals[fact.proposal][0],
            yes=fact.yes,
            no=fact.no,
            electors=fact.electors,
            end=("принято" if fact.passed else "не принято")
            if self.words.language is Language.RUSSIAN
            else ("carried" if fact.passed else "not carried"),
        )

    def _tell_enacted(self, fact: Enacted) -> None:
        title = self.proposals[fact.proposal][0]
        if fact.refused is None:
            self.tell("In force: {title}.", "В силе: {title}.", title=title)
        else:
            self.tell(
                "Cannot be done any more: {title} [{code}].",
                "Больше не выполнимо: {title} [{code}].",
                title=title,
                code=fact.refused,
            )

    # Voting

    def propose(self, who: str, measure: Measure, english: str, russian: str) -> None:
        """File a measure; the village votes in the days that follow. One a block."""
        title = russian if self.words.language is Language.RUSSIAN else english
        self.proposals[self._assembly.proposals] = title, measure
        self.village.act(who, Propose(measure))

    @property
    def _assembly(self) -> Assembly:
        return self.village.ledger.state.assembly.require(CURRENT)

    def _cast_votes(self) -> None:
        """A part of those who may vote do so each morning, and some change their minds."""
        village, state = self.village, self.village.ledger.state
        for number in self._assembly.open:
            measure = self.proposals[number][1]
            proposal = state.proposals.require(u64(number))
            if village.period >= proposal.ends_period:
                continue
            for name in village.pick(village.people.members, TURNOUT_A_DAY):
                person = find_number(state, get_account_id(name))
                if person is not None and has_bit(proposal.electors, person):
                    yes = village.dice.random() < ASSENT
                    village.act(name, CastVote(number, compute_digest(measure), yes))

    def _pay_clerks(self, day: int) -> None:
        """Those who speak for others have fees to pay: shopkeepers see to it."""
        if day % 14 == 0:
            for payer, to in (("ann", SOVIET), ("boris", OFFICE), ("clara", NOTARY)):
                if self.village.is_alive(to):
                    self.village.pay(payer, to, 3 * PAI)


def get_date(day: int) -> date:
    """The date of a day of the year."""
    return (datetime.fromtimestamp(GENESIS_TIME, UTC) + timedelta(days=day)).date()


def _nothing(_story: Story) -> None:
    """An ordinary day."""
