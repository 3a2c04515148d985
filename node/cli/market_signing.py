"""What commands of the market share: one action, told in words, signed and sent."""

from collections.abc import Callable
from pathlib import Path

from chain.actions import Action
from wallet.flow import Intent, Manner, carry_out, get_names, run, tell_news, unlock
from wallet.session import Session, open_session
from wallet.show_actions import tell_action
from wallet.terminal import Exit, Terminal

Builder = Callable[[Session], Action]


def carry_out_action(
    terminal: Terminal,
    name: str,
    build: Builder,
    *,
    folder: Path,
    password_file: Path | None,
    manner: Manner,
    gain: int = 0,
) -> Exit:
    """Sign and send one action, told as what it does. ``gain``: what it does to the balance."""

    async def work() -> Exit:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            action = build(session)
            told = tell_action(terminal.words, action, session.community, get_names(session))
            intent = Intent((action,), session.name, ((terminal.say("What"), told),), gain)
            secrets = unlock(terminal, folder, name, password_file)
            return await carry_out(terminal, session, secrets, intent, manner)

    return run(work)


def get_until_slot(session: Session, periods: int) -> int:
    """The slot that is so many periods ahead."""
    return session.status.clock.slot + periods * session.community.slots_per_period
