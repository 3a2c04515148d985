"""``pai node status``: a node at a glance, and what is wrong with it in words."""

import re
from collections.abc import Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from chain.units import MICROPAI_PER_PAI, parse_pai
from node.api.schema import StatusAnswer
from wallet.show import tell_pai
from wallet.terminal import Terminal, build_sheet, make_harmless
from wallet.words import mark

OFFSET_WARNING_MS: Final = 1_000  # from here on other nodes begin to take our blocks for late
MATCHMAKER_PAI_MIN: Final = MICROPAI_PER_PAI  # one chain of seven people weighs about 70 units
QUIET_SLOTS: Final = (
    16  # longer without a block is unusual: four ranks of secondaries had their turn
)

# What each state of signing means; the node's own sentence says more.
_SIGNING: Final = {
    "signs": mark("makes blocks"),
    "no_seat": mark("no seat here"),
    "not_in_set": mark("not among the seats that make blocks"),
    "refused": mark("may not sign"),
    "catching_up": mark("catching up first"),
    "guarded": mark("waits: its clock may be wrong"),
    "waits": mark("waits"),
}


# Why nothing becomes final; more is said in docs/operations.md.
_STANDSTILLS: Final = {
    "behind": mark("more is final elsewhere than this node has"),
    "too_few": mark("the servers that are heard weigh too little to decide"),
    "slow": mark("enough servers are heard, but their votes do not come together"),
}


def find_warnings(terminal: Terminal, status: StatusAnswer) -> list[str]:
    """What an operator should look at, the worst first; empty when all is well."""
    warnings = []
    if status.clock.slot < 0:
        begins = status.community.genesis_time
        return [terminal.say("The community begins at {date}.", date=terminal.words.date(begins))]
    behind = status.target_height - status.head.height
    if status.syncing:
        blocks = terminal.say_count("{n} block", "{n} blocks", behind)
        warnings.append(terminal.say("It is syncing: {blocks} are missing.", blocks=blocks))
    elif status.clock.slot - status.head.slot > QUIET_SLOTS:
        quiet = (status.clock.slot - status.head.slot) * status.community.slot_seconds
        duration = terminal.words.duration(quiet)
        warnings.append(terminal.say("No block has come for {duration}.", duration=duration))
    if not status.peers:
        warnings.append(
            terminal.say("It knows no other node: name one in config.toml or with --peer.")
        )
    offset = status.clock_offset_ms
    if offset is not None and abs(offset) > OFFSET_WARNING_MS:
        seconds = f"{abs(offset) / 1_000:.1f}"
        warnings.append(
            terminal.say("Its clock is {seconds} s ahead of the others'.", seconds=seconds)
            if offset < 0
            else terminal.say("Its clock is {seconds} s behind the others'.", seconds=seconds)
        )
    warnings += _find_standstill(terminal, status)
    if status.signing.state not in ("signs", "waits", "no_seat"):
        reason = terminal.words.retell(status.signing.reason)
        warnings.append(terminal.say("Its seat makes no blocks: {reason}", reason=reason))
    matchmaker = status.matchmaker
    if matchmaker is not None and parse_pai(matchmaker.spendable) < MATCHMAKER_PAI_MIN:
        warnings.append(
            terminal.say(
                "Its matchmaker has no money to propose chains with: pay some pai to {address}.",
                address=matchmaker.address,
            )
        )
    return warnings


def build_parts(
    terminal: Terminal, status: StatusAnswer, url: str, addresses: Sequence[str]
) -> list[RenderableType]:
    """The status for people: a sheet, and under it what is wrong, or that nothing is."""
    words, head = terminal.words, status.head
    signing = _SIGNING.get(status.signing.state)
    pairs = [
        (terminal.say("Node"), f"{url}  (pai {status.version})"),
        (terminal.say("Community"), f"{status.community.name}  {status.community.id[:16]}"),
        (
            terminal.say("Newest block"),
            terminal.say(
                "{height}, {date}", height=words.number(head.height), date=words.date(head.time)
            ),
        ),
        (terminal.say("Final block"), _tell_final(terminal, status)),
        *tell_blocks(terminal, status),
        (terminal.say("Votes"), _tell_votes(terminal, status)),
        (
            terminal.say("Clock"),
            terminal.say(
                "slot {slot}, period {period}, epoch {epoch}",
                slot=words.number(status.clock.slot),
                period=words.number(status.clock.period),
                epoch=words.number(status.clock.epoch),
            ),
        ),
        *((terminal.say("Others reach it at"), _name_place(terminal, it)) for it in addresses),
        (terminal.say("Other nodes"), words.number(status.peers)),
        (
            terminal.say("Waiting"),
            terminal.say_count("{n} transaction", "{n} transactions", status.mempool.transactions),
        ),
        (
            terminal.say("Seat"),
            f"{status.seat or ''}  {terminal.say(signing) if signing else ''}".strip(),
        ),
        (terminal.say("Blocks made"), words.number(status.blocks_produced)),
        (terminal.say("Memory"), f"{status.rss_mib:.0f} MiB"),
        *_tell_matchmaker(terminal, status),
    ]
    warnings = find_warnings(terminal, status)
    verdict = [Text(make_harmless(warning), style="bold red") for warning in warnings] or [
        Text(terminal.say("All is well."), style="green")
    ]
    return [build_sheet(pairs), Text(""), *verdict]


def _tell_matchmaker(terminal: Terminal, status: StatusAnswer) -> list[tuple[str, str]]:
    """The account that proposes chains, if this node does."""
    found = status.matchmaker
    if found is None:
        return []
    words = terminal.words
    told = words.say(
        "{address}, has {amount}",
        address=found.address,
        amount=tell_pai(words, parse_pai(found.spendable)),
    )
    return [(words.say("Matchmaker"), told)]


def tell_blocks(terminal: Terminal, status: StatusAnswer) -> list[tuple[str, str]]:
    """Which blocks a node holds and has executed that began with a snapshot; none of others."""
    blocks, words = status.blocks, terminal.words
    if blocks.executed_from == 1:
        return []
    missing = blocks.from_height - 1
    first, executed = words.number(blocks.from_height), words.number(blocks.executed_from)
    if not missing:
        held = terminal.say("all")
    elif blocks.fetching:
        count = words.number(missing)
        held = terminal.say(
            "from {height} on; {count} before are to come", height=first, count=count
        )
    else:
        held = terminal.say("from {height} on; those before are not fetched", height=first)
    ran = terminal.say("from {height} on", height=executed)
    if not missing:
        ran = terminal.say(
            "from {height} on; 'pai audit replay HOME' executes those before as well",
            height=executed,
        )
    return [(terminal.say("Blocks held"), held), (terminal.say("Blocks executed"), ran)]


def _tell_final(terminal: Terminal, status: StatusAnswer) -> str:
    """Height, how long ago it became final, and at which level."""
    seconds = status.final.gap_slots * status.community.slot_seconds
    return terminal.say(
        "{height}, by votes of {duration} ago, level {level}",
        height=terminal.words.number(status.final.height),
        duration=terminal.words.duration(seconds),
        level=status.final.level,
    )


def _tell_votes(terminal: Terminal, status: StatusAnswer) -> str:
    """How much of the weight is heard, and how much decides."""
    voting, words = status.voting, terminal.words
    return terminal.say(
        "{online} of the weight is heard, {quorum} decides at level {level}",
        online=words.percent(voting.online_weight, voting.total_weight),
        quorum=words.percent(voting.quorum, voting.total_weight),
        level=voting.level,
    )


def _find_standstill(terminal: Terminal, status: StatusAnswer) -> list[str]:
    """Why nothing becomes final, and that our seat waits to be released."""
    voting, found = status.voting, []
    if voting.standstill == "conflict":
        found.append(_tell_conflict(terminal, status))
    reason = _STANDSTILLS.get(voting.standstill)
    if reason is not None:
        duration = terminal.words.duration(status.final.gap_slots * status.community.slot_seconds)
        found.append(
            terminal.say(
                "Nothing has become final for {duration}: {reason}.",
                duration=duration,
                reason=terminal.say(reason),
            )
        )
    wait_seconds = voting.release_slots * status.community.slot_seconds
    if voting.activation_slot is not None and voting.justified_slot <= voting.activation_slot:
        found.append(
            terminal.say(
                "Its seat has lost its journal and votes again when something newer than slot "
                "{slot} is justified; if that does not happen for {duration}: pai node release.",
                slot=terminal.words.number(voting.activation_slot),
                duration=terminal.words.duration(wait_seconds),
            )
        )
    return found


def _tell_conflict(terminal: Terminal, status: StatusAnswer) -> str:
    """That decisions contradict each other, and who is guilty as far as that is known."""
    voting = status.voting
    told = terminal.say(
        "Two decisions contradict each other: this node signs nothing more and keeps both. Talk to "
        "the other operators."
    )
    if voting.guilty:
        seats = ", ".join(voting.guilty)
        told += " " + terminal.say("Seats that contradict themselves: {seats}.", seats=seats)
    if not voting.named:
        told += " " + terminal.say(
            "Not all who did it are known yet: it asks the other nodes for what shows them."
        )
    return told


def _name_place(terminal: Terminal, address: str) -> str:
    """An address for others' ``--peer``: who listens everywhere has to say where that is."""
    return re.sub(r"^/(ip4/0\.0\.0\.0|ip6/::)/", f"/ip4/{terminal.say('THIS-MACHINE')}/", address)
