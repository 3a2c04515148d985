"""``pai vote``: members decide together. Looking, and voting; ``vote_propose`` files.

What is shown before a vote is told from the very bytes to whose hash the vote is bound, so that no
node can make somebody vote on something else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from rich.console import RenderableType

from chain.actions import CastVote
from chain.rules.measures import compute_digest
from genesis.figures import PARAMETERS
from node.cli.vote_propose import propose, tell_present
from wallet.flow import Hand, Intent, act, get_names, run, tell_news
from wallet.keystore import find_only_wallet
from wallet.measures import tell_measure
from wallet.options import take_folder, take_hand
from wallet.session import Session, open_client, open_session
from wallet.terminal import Column, Exit, Failure, Terminal, build_sheet, build_table
from wallet.votes import ProposalTold, get_proposal, get_proposals
from wallet.words import Words, mark

_STATES: Final = {
    "open": mark("under vote"),
    "waiting": mark("carried, waits until it is due"),
    "rejected": mark("not carried"),
    "enacted": mark("in force"),
    "dropped": mark("carried, but could not be done"),
}
_SAID: Final = {"yes": "yes", "no": "no", "да": "yes", "нет": "no"}
_LISTED_MAX: Final = 1_000
_LISTED: Final = 30


@click.group("vote")
def command() -> None:
    """Decide together: propose, vote, see what was decided."""


command.add_command(propose)


@command.command("list")
@click.argument("name", required=False)
@click.option(
    "--limit", type=click.IntRange(1, _LISTED_MAX), default=_LISTED, show_default=True,
    help="How many, newest first.",
)  # fmt: skip
@take_folder
@click.pass_obj
def _list(terminal: Terminal, name: str | None, limit: int, folder: Path) -> None:
    """List what is under vote, what waits to come into force, and what was decided."""

    async def work() -> None:
        chosen = name or find_only_wallet(folder)
        async with open_session(folder, chosen, terminal.node_url) as session:
            tell_news(terminal, session)
            found = await get_proposals(session.client, session.address, limit)
            names = get_names(session)
            if not found:
                terminal.note(terminal.say("Nothing has been put to the vote yet."))
            terminal.answer(
                {"proposals": [_describe(terminal, session, item, names) for item in found]},
                *([_build_list(terminal, session, found, names)] * bool(found)),
            )

    run(work)


@command.command("show")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_folder
@click.pass_obj
def _show(terminal: Terminal, name: str, number: int, folder: Path) -> None:
    """Show one proposal: what it would do, how the vote stands, and what it needs."""

    async def work() -> None:
        async with open_session(folder, name, terminal.node_url) as session:
            tell_news(terminal, session)
            told = await get_proposal(session.client, number, session.address)
            names = get_names(session)
            title = terminal.say("Proposal {number}", number=number)
            terminal.answer(
                _describe(terminal, session, told, names),
                build_sheet(_build_pairs(terminal, session, told, names), title=title),
            )

    run(work)


@command.command("cast")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@click.argument("voice", metavar="{yes|no}", type=click.Choice(list(_SAID)))
@take_hand
def _cast(hand: Hand, number: int, voice: str) -> Exit:
    """Vote on a proposal; until the vote ends you may vote again, the last counts."""
    said = _SAID[voice]

    async def intend(session: Session) -> Intent:
        told = await get_proposal(session.client, number, session.address)
        if told.state != "open":
            raise Failure(Exit.USAGE, "The vote on proposal {number} is over.", number=number)
        words = hand.terminal.words
        pairs = _build_pairs(hand.terminal, session, told, get_names(session))
        pairs.append((words.say("Your vote will be"), words.say(_VOICES[said])))
        return Intent(
            actions=(CastVote(number, compute_digest(told.measure), said == "yes"),),
            title=words.say("Vote of {name} on proposal {number}", name=hand.name, number=number),
            pairs=tuple(pairs),
            document={"proposal": number, "voice": said},
        )

    return act(hand, intend)


@command.command("figures")
@click.pass_obj
def _figures(terminal: Terminal) -> None:
    """List every figure that a vote can change, with what it is now."""

    async def work() -> None:
        async with open_client(terminal.node_url) as client:
            answer = await client.get_json("/v1/parameters")
        words, told, bounds = terminal.words, answer["parameters"], answer["bounds"]
        rows = [
            (
                f"{name}\n{words.say(figure.meaning)}",
                tell_present(words, figure, str(told[name])),
                "\n".join(
                    tell_present(words, figure, str(bounds[name][end])) for end in ("least", "most")
                ),
            )
            for name, figure in PARAMETERS.items()
        ]
        columns = [
            Column(words.say("figure")),
            Column(words.say("now"), figures=True),
            Column(f"{words.say('at least')}\n{words.say('at most')}", figures=True),
        ]
        terminal.answer(
            {"figures": {name: told[name] for name in PARAMETERS}, "bounds": bounds},
            build_table(columns, rows, title=words.say("Figures that a vote can change")),
        )

    run(work)


_VOICES: Final = {"yes": mark("yes"), "no": mark("no")}
_GRADES: Final = {
    "ordinary": mark("ordinary"),
    "grave": mark("grave"),
    "deep": mark("deep: who decides, who is paid, where demurrage goes"),
}


def _describe(
    terminal: Terminal, session: Session, told: ProposalTold, names: Mapping[str, str]
) -> dict[str, object]:
    """One proposal for programs."""
    measure = told.measure
    return {
        "proposal": told.number,
        "state": told.state,
        "kind": str(type(measure).__struct_config__.tag),
        "words": tell_measure(terminal.words, measure, session.community, names),
        "grade": told.grade,
        "majority": {
            "of_cast": told.majority.of_cast,
            "more_than": told.majority.more_than,
            "of_electors": told.majority.of_electors,
            "yes_needed": told.majority.yes_needed,
        },
        "electors": told.electors,
        "yes": told.yes,
        "no": told.no,
        "carried": told.carried,
        "filed_time": told.filed_time,
        "ends_time": told.ends_time,
        "due_time": told.due_time,
        "enacted_time": told.enacted_time,
        "refused": told.refused,
        "may_vote": told.may_vote,
        "voice": told.voice,
        "encoded": bytes(told.encoded).hex(),
    }


def _build_list(
    terminal: Terminal,
    session: Session,
    found: tuple[ProposalTold, ...],
    names: Mapping[str, str],
) -> RenderableType:
    words = terminal.words
    return build_table(
        [
            Column(words.say("No."), figures=True),
            Column(words.say("What")),
            Column(words.say("State, until")),
            Column(words.say("yes"), figures=True),
            Column(words.say("no"), figures=True),
            Column(words.say("to carry"), figures=True),
            Column(words.say("your vote")),
        ],
        [
            (
                str(item.number),
                tell_measure(words, item.measure, session.community, names),
                f"{words.say(_STATES[item.state])}\n{words.date(_get_until(item))}",
                words.number(item.yes),
                words.number(item.no),
                words.number(item.majority.yes_needed),
                _tell_own(words, item),
            )
            for item in found
        ],
    )


def _get_until(told: ProposalTold) -> int:
    if told.state == "waiting":
        return told.due_time or told.ends_time
    return told.enacted_time or told.ends_time


def _tell_own(words: Words, told: ProposalTold) -> str:
    if told.voice is not None:
        return words.say(_VOICES[told.voice])
    return words.say("not yet") if told.may_vote else "—"


def _build_pairs(
    terminal: Terminal, session: Session, told: ProposalTold, names: Mapping[str, str]
) -> list[tuple[str, str]]:
    """One proposal for people."""
    words, majority = terminal.words, told.majority
    least = words.say("more than {part} of votes cast", part=majority.of_cast)
    if not majority.more_than:
        least = words.say("at least {part} of votes cast", part=majority.of_cast)
    pairs = [
        (words.say("What"), tell_measure(words, told.measure, session.community, names)),
        (words.say("State"), words.say(_STATES[told.state])),
        (words.say("Weight"), words.say(_GRADES[told.grade])),
        (
            words.say("Carried by"),
            words.say(
                "{least}, and {part} of all {electors} electors",
                least=least,
                part=majority.of_electors,
                electors=words.number(told.electors),
            ),
        ),
        (
            words.say("How it stands"),
            words.say(
                "yes {yes}, no {no}; carried with {needed} for it",
                yes=words.number(told.yes),
                no=words.number(told.no),
                needed=words.number(majority.yes_needed),
            ),
        ),
        (words.say("Vote ends"), words.date(told.ends_time)),
    ]
    if told.due_time is not None:
        pairs.append((words.say("In force, if carried, from"), words.date(told.due_time)))
    if told.enacted_time is not None and told.refused is None:
        pairs.append((words.say("In force since"), words.date(told.enacted_time)))
    if told.refused is not None:
        pairs.append((words.say("Why not"), words.refusal(told.refused)))
    if told.may_vote is False:
        pairs.append((words.say("Your vote"), words.say("you are not among the electors")))
    elif told.may_vote:
        pairs.append((words.say("Your vote"), _tell_own(words, told)))
    if not told.electors:
        pairs.append(
            (
                words.say("Nobody votes"),
                words.say(
                    "all members are persons by this authority's word alone: let another one "
                    "attest them, then propose it again"
                ),
            )
        )
    return pairs
