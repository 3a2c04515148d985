"""A life of the dozen: deed after deed, every block held to the laws, every deed to its right.

Before each transaction somebody whose turn it is must be able to spend what he has: that there is
no way to freeze money is tried, and not only said.
"""

from collections import Counter
from typing import Final

from chain.actions import (
    AcceptChain,
    AcceptInvoice,
    Action,
    AskLoan,
    CastVote,
    CompleteRecovery,
    ConfirmDelivery,
    ConsentReassign,
    GrantLoan,
    Guarantee,
    Pay,
    PayClaim,
    PayInvoice,
    ReturnLoan,
)
from chain.errors import Code
from chain.genesis import Genesis
from chain.rules.credit_days import get_credit
from chain.rules.settlement import get_touched
from tests.community import PAI, get_account_id, get_name
from tests.dozen.deeds import MONEY, PERIOD, Deed, build_last_payment
from tests.dozen.deeds_keys import KEYS
from tests.dozen.deeds_trade import TRADE
from tests.dozen.deeds_votes import VOTES
from tests.dozen.laws import Agreed, check_block, check_whole, find_agreed
from tests.dozen.rights import is_entitled
from tests.dozen.town import MEMBERS, NAMES, Closed, Dice, Opened, Town

DEEDS: Final[dict[type[Action], Deed]] = {**MONEY, **KEYS, **VOTES, **TRADE}
KINDS: Final = tuple(sorted(DEEDS, key=lambda kind: kind.__name__))
# What somebody waits for: tried as often as all others together.
ANSWERS: Final = (
    AcceptChain, AcceptInvoice, CastVote, CastVote, CastVote, CompleteRecovery, ConfirmDelivery,
    ConsentReassign, GrantLoan, Guarantee, PayClaim, PayInvoice, PayInvoice,
)  # fmt: skip
GAPS: Final = (1, 1, 1, 1, 2, 2, 3, 7, 23)
LONG_GAPS: Final = (45, 130, 700)
FEE: Final = 200_000  # micropai, more than one payment ever costs


class Life:
    """The town, and what has been done in it so far."""

    def __init__(self, genesis: Genesis | None = None) -> None:
        self.town = Town(genesis)
        self.turn = 0
        self.done: Counter[type[Action]] = Counter()
        self.refused: Counter[Code] = Counter()

    def live(self, seed: int, deeds: int) -> None:
        """So many deeds of any kind, as chance would have it."""
        dice = Dice(seed)
        for _ in range(deeds):
            if not dice.often(150):
                self.borrow_and_fail(dice)
            self.do(dice.pick(KINDS if dice.often(2) else ANSWERS), dice)
        check_whole(self.town)

    def do(self, kind: type[Action], dice: Dice) -> None:
        """One deed of this kind, if there is something to do, in a block of its own."""
        gap = dice.pick(GAPS if dice.often(60) else LONG_GAPS)
        clear = dice.often(3)
        said = DEEDS[kind](self.town, dice)
        if said is not None:
            self.act(*said, gap=gap, clear=clear)

    def borrow_and_fail(self, dice: Dice) -> None:
        """A loan from asking to its return or the guarantor's payment, unless rules stop it."""
        debtor, guarantor = dice.pick(MEMBERS), dice.pick(MEMBERS)
        number = get_credit(self.town.state).loans_made
        committee = get_credit(self.town.state).committee
        pledge = 4 * PAI
        self.act(debtor, AskLoan(5 * PAI, 1, (), "seed", get_account_id(guarantor), pledge))
        self.act(guarantor, Guarantee(number, None))
        if committee is not None:
            self.act(get_name(committee), GrantLoan(number))
        if dice.often(3):
            self.act(debtor, build_last_payment(self.town, dice, debtor))
        else:
            self.act(debtor, ReturnLoan(number))
        for _ in range(dice.number(2, 8)):
            self.wait(PERIOD)
        self.act(dice.pick(MEMBERS), Pay(get_account_id(debtor), 20 * PAI, "a gift"))
        self.act(debtor, PayClaim(get_account_id(guarantor), PAI))

    def act(self, name: str, *actions: Action, gap: int = 1, clear: bool = False) -> Closed:
        """A block in which somebody tries this, held to rights and laws."""
        town, sealed = self.town, self.town.sign(name, *actions, gap=gap)
        agreed: list[Agreed] = []
        entitled: list[bool] = []

        def look(opened: Opened) -> None:
            agreed.append(find_agreed(opened.state, town.read))
            self._check_purse(opened)
            account_id = get_account_id(name)
            asked = (opened.state, opened.context, account_id)
            entitled.extend(is_entitled(*asked, action) for action in actions)

        closed = town.play(sealed, gap, look, clear=clear)
        if closed.refused is None:
            assert all(entitled), f"{name} may not {actions}"
            self.done.update(type(action) for action in sealed.body.actions)
        else:
            self.refused[closed.refused] += 1
        check_block(closed, agreed[0])
        return closed

    def wait(self, slots: int) -> None:
        """An empty block."""
        agreed: list[Agreed] = []
        town = self.town
        closed = town.play(None, slots, lambda o: agreed.append(find_agreed(o.state, town.read)))
        check_block(closed, agreed[0])

    def _check_purse(self, opened: Opened) -> None:
        """Whose turn it is can spend all that he has above zero, whatever others have done."""
        self.turn += 1
        name = NAMES[self.turn % len(NAMES)]
        account_id = get_account_id(name)
        account = opened.state.accounts.get(account_id)
        if account is None:
            return
        savings = opened.state.savings.get(account_id)
        deposits = savings.deposits if savings else ()
        context = opened.context
        touched = get_touched(account, deposits, context.keep_schedule, context.step)
        amount = touched.account.settlement - FEE
        if amount > 0:
            to = get_account_id("emma" if name != "emma" else "farid")
            gap = context.slot - self.town.slot
            sealed = self.town.sign(name, Pay(to, amount, ""), gap=gap)
            code = opened.would_pass(sealed)
            assert code is None, f"{name} cannot spend what he has: {code!r}"
