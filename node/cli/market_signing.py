"""What commands of the market share: one action, told in words, signed and sent."""

from collections.abc import Callable

from chain.actions import Action
from wallet.flow import Hand, Intent, act, get_names
from wallet.session import Session
from wallet.show_actions import tell_action
from wallet.terminal import Exit

Builder = Callable[[Session], Action]


def act_once(hand: Hand, build: Builder, gain: int = 0) -> Exit:
    """Sign and send one action, told as what it does. ``gain``: what it does to the balance."""

    async def draft(session: Session) -> Intent:
        action = build(session)
        words = hand.terminal.words
        told = tell_action(words, action, session.community, get_names(session))
        return Intent((action,), session.name, ((words.say("What"), told),), gain)

    return act(hand, draft)


def get_until_slot(session: Session, periods: int) -> int:
    """The slot that is so many periods ahead."""
    return session.status.clock.slot + periods * session.community.slots_per_period
