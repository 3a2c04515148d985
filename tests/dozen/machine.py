"""The dozen as a machine of Hypothesis: it chooses deeds and stretches of life, and shrinks them.

A step may be one deed of a chosen kind, or a stretch of up to forty by the dice; so a run of two
hundred steps is some thousands of deeds, and a failure still comes down to a few.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chain.actions import Action
from tests.dozen.laws import check_whole
from tests.dozen.life import KINDS, LONG_GAPS, Life
from tests.dozen.town import Dice

seeds = st.integers(0, 2**32 - 1)


class DozenMachine(RuleBasedStateMachine):
    """Everybody tries everything, for as long as the run lasts."""

    @initialize(seed=seeds, deeds=st.integers(0, 60))
    def found(self, seed: int, deeds: int) -> None:
        self.life = Life()
        self.life.live(seed, deeds)

    @rule(kind=st.sampled_from(KINDS), seed=seeds)
    def act(self, kind: type[Action], seed: int) -> None:
        self.life.do(kind, Dice(seed))

    @rule(seed=seeds, deeds=st.integers(1, 40))
    def live(self, seed: int, deeds: int) -> None:
        self.life.live(seed, deeds)

    @rule(seed=seeds)
    def borrow_and_fail(self, seed: int) -> None:
        self.life.borrow_and_fail(Dice(seed))

    @rule(slots=st.sampled_from((1, 5, 20, *LONG_GAPS)))
    def wait(self, slots: int) -> None:
        self.life.wait(slots)

    def teardown(self) -> None:
        if hasattr(self, "life"):
            check_whole(self.life.town)
