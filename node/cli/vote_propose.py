"""``pai vote propose``: filing a measure, in the units people use.

Each command turns its words into a measure; ``_file`` shows that measure, asks, and sends it.
Percents are written with their sign, so that nobody means ten-thousandths.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation, localcontext
from typing import Final

import click
import msgspec

from chain.actions import (
    AdmitAuthority,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    LendByVote,
    Measure,
    Propose,
    Resolve,
    RetireAuthority,
    SetCommittee,
    SpendFund,
    WriteOff,
)
from chain.codec import Record
from chain.errors import Code, Invalid
from chain.parameters import KEEP_ONE, RewardShares, Sinks
from chain.units import parse_pai
from genesis.figures import PARAMETERS, Figure, Unit
from wallet.community import Community
from wallet.credit import get_loan
from wallet.flow import Hand, Intent, act, find_account, get_names
from wallet.measures import FUNDS, SHARE_PARTS, tell_figure, tell_measure
from wallet.options import take_hand
from wallet.requests import parse_amount
from wallet.session import Session
from wallet.show import tell_pai
from wallet.terminal import Exit, Failure
from wallet.words import Words

_PERCENT: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,9})?)\s*%")
_NONE: Final = ("none", "нет")

Drafter = Callable[[Session], Awaitable[Measure]]


@click.group("propose")
def propose() -> None:
    """Put a measure to the vote."""


def _file(hand: Hand, draft: Drafter) -> Exit:
    """Show a measure, ask, and put it to the vote."""

    async def intend(session: Session) -> Intent:
        measure, words = await draft(session), hand.terminal.words
        told = tell_measure(words, measure, session.community, get_names(session))
        return Intent(
            actions=(Propose(measure),),
            title=words.say("Put to the vote by {name}", name=hand.name),
            pairs=((words.say("What"), told),),
            document={"kind": str(type(measure).__struct_config__.tag), "words": told},
        )

    return act(hand, intend)


@propose.command("figure")
@click.argument("name")
@click.argument("figure")
@click.argument("value")
@take_hand
def _figure(hand: Hand, figure: str, value: str) -> Exit:
    """Change a figure of the rules; 'pai vote figures' lists them."""

    async def draft(session: Session) -> Measure:
        wanted = _read_figure(figure, value)
        await _check_bounds(hand, session, figure, wanted)
        return ChangeFigure(figure, wanted)

    return _file(hand, draft)


async def _check_bounds(hand: Hand, session: Session, name: str, value: int) -> None:
    """Refuse, in the figure's own unit, what the rules would. Raises Failure."""
    bounds = (await session.client.get_json("/v1/parameters"))["bounds"].get(name)
    figure, words = PARAMETERS[name], hand.terminal.words
    read = parse_pai if figure.unit is Unit.PAI else int
    if bounds and not read(bounds["least"]) <= value <= read(bounds["most"]):
        raise Failure(
            Exit.USAGE,
            "The rules admit {name} from {least} to {most}.",
            name=name,
            least=tell_present(words, figure, bounds["least"]),
            most=tell_present(words, figure, bounds["most"]),
        )


def tell_present(words: Words, figure: Figure, told: str) -> str:
    """A figure as a node tells it, in the unit people use."""
    if figure.unit is Unit.PAI:
        return tell_pai(words, parse_pai(told))
    return tell_figure(words, figure, int(told))


@propose.command("sinks")
@click.argument("name")
@click.argument("shares", nargs=-1, required=True, metavar="SINK=SHARE...")
@take_hand
def _sinks(hand: Hand, shares: tuple[str, ...]) -> Exit:
    """Let demurrage go elsewhere: reserve=20% social=50% active=30%; what is not named gets 0."""

    async def draft(_session: Session) -> Measure:
        return ChangeSinks(Sinks(**_read_shares(Sinks, shares)))

    return _file(hand, draft)


@propose.command("rewards")
@click.argument("name")
@click.argument("shares", nargs=-1, required=True, metavar="FOR=SHARE...")
@take_hand
def _rewards(hand: Hand, shares: tuple[str, ...]) -> Exit:
    """Reward servers otherwise: votes=70% blocks=10% service=15% archive=5%."""

    async def draft(_session: Session) -> Measure:
        return ChangeRewards(RewardShares(**_read_shares(RewardShares, shares)))

    return _file(hand, draft)


@propose.command("demurrage")
@click.argument("name")
@click.argument("rate")
@take_hand
def _demurrage(hand: Hand, rate: str) -> Exit:
    """Change the rate of demurrage: what a balance loses a period, such as 0.3%, or none."""

    async def draft(session: Session) -> Measure:
        return ChangeDemurrage(_read_keep(rate, session.community))

    return _file(hand, draft)


@propose.command("spend")
@click.argument("name")
@click.argument("fund", type=click.Choice(list(FUNDS)))
@click.argument("to")
@click.argument("amount")
@click.option("--purpose", default="", help="What it is for, at most 140 bytes.")
@take_hand
def _spend(hand: Hand, fund: str, to: str, amount: str, purpose: str) -> Exit:
    """Pay from a common fund."""
    wanted = parse_amount(amount)

    async def draft(session: Session) -> Measure:
        account = await find_account(session, to)
        return _build(SpendFund, fund, account, wanted, _normalize(purpose))

    return _file(hand, draft)


@propose.command("admit")
@click.argument("name")
@click.argument("authority")
@click.argument("title")
@click.argument("jurisdiction")
@click.option(
    "--group", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
    help="Authorities of one group tell the same person from others; 0 is the home group.",
)  # fmt: skip
@take_hand
def _admit(hand: Hand, authority: str, title: str, jurisdiction: str, group: int) -> Exit:
    """Let an account say who is who."""

    async def draft(session: Session) -> Measure:
        account = await find_account(session, authority)
        return _build(AdmitAuthority, account, _normalize(title), _normalize(jurisdiction), group)

    return _file(hand, draft)


@propose.command("retire")
@click.argument("name")
@click.argument("authority")
@take_hand
def _retire(hand: Hand, authority: str) -> Exit:
    """Take no more attestations from an authority."""

    async def draft(session: Session) -> Measure:
        return RetireAuthority(await find_account(session, authority))

    return _file(hand, draft)


@propose.command("loan")
@click.argument("name")
@click.argument("number", type=click.IntRange(0))
@take_hand
def _loan(hand: Hand, number: int) -> Exit:
    """Grant a loan that is asked for, where the committee cannot."""

    async def draft(session: Session) -> Measure:
        loan = await get_loan(session.client, number)
        debtor = session.community.parse_address(loan.debtor)
        return LendByVote(number, debtor, int(loan.amount), loan.term_periods)

    return _file(hand, draft)


@propose.command("committee")
@click.argument("name")
@click.argument("account")
@take_hand
def _committee(hand: Hand, account: str) -> Exit:
    """Make an account the credit committee; 'none': have no committee."""

    async def draft(session: Session) -> Measure:
        if account in _NONE:
            return SetCommittee(None)
        return SetCommittee(await find_account(session, account))

    return _file(hand, draft)


@propose.command("write-off")
@click.argument("name")
@click.argument("debtor")
@click.argument("amount")
@take_hand
def _write_off(hand: Hand, debtor: str, amount: str) -> Exit:
    """Let the reserve take over what somebody owes."""
    wanted = parse_amount(amount)

    async def draft(session: Session) -> Measure:
        return WriteOff(await find_account(session, debtor), wanted)

    return _file(hand, draft)


@propose.command("resolve")
@click.argument("name")
@click.argument("text")
@take_hand
def _resolve(hand: Hand, text: str) -> Exit:
    """Decide something in words, which no rule carries out."""

    async def draft(_session: Session) -> Measure:
        return _build(Resolve, _normalize(text))

    return _file(hand, draft)


def _normalize(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _build(kind: Callable[..., Measure], *values: object) -> Measure:
    """A measure with a text in it. Raises Failure when the ledger would not take the text."""
    try:
        return kind(*values)
    except (ValueError, UnicodeEncodeError) as error:
        raise Failure(
            Exit.USAGE, "This text cannot be sent: {reason}.", reason=str(error)
        ) from None


def _read_figure(name: str, text: str) -> int:
    """A figure in the unit of its field. Raises Invalid and Failure."""
    figure = PARAMETERS.get(name)
    if figure is None:
        raise Invalid(Code.UNKNOWN_FIGURE, name)
    if figure.unit is Unit.PAI:
        return parse_amount(text)
    if figure.unit is Unit.SHARE:
        return _read_share(text)
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Failure(Exit.USAGE, "{name} is a whole number: {text} is not.", name=name, text=text)
    return int(text)


def _read_percent(text: str) -> Decimal:
    """A percentage as a fraction of one. Raises Failure."""
    found = _PERCENT.fullmatch(text.strip())
    try:
        share = Decimal(found[1].replace(",", ".")) / 100 if found else None
    except InvalidOperation:
        share = None
    if share is None or share > 1:
        raise Failure(
            Exit.USAGE, "{text} is no percentage: write it with its sign, as 12.5%.", text=text
        )
    return share


def _read_share(text: str) -> int:
    """A percentage in ten-thousandths. Raises Failure."""
    parts = _read_percent(text) * SHARE_PARTS
    if parts != int(parts):
        raise Failure(
            Exit.USAGE, "{text} is too fine: shares have two decimals of a percent.", text=text
        )
    return int(parts)


def _read_shares(kind: type[Record], texts: tuple[str, ...]) -> dict[str, int]:
    """Shares by name, which make up the whole. Raises Failure."""
    shares = dict.fromkeys((field.name for field in msgspec.structs.fields(kind)), 0)
    for text in texts:
        name, _, value = text.partition("=")
        if name not in shares:
            raise Failure(
                Exit.USAGE,
                "There is no {name} among these: {names}.",
                name=name,
                names=", ".join(shares),
            )
        shares[name] = _read_share(value)
    if sum(shares.values()) != SHARE_PARTS:
        raise Failure(Exit.USAGE, "The shares do not make up 100%.")
    return shares


def _read_keep(text: str, community: Community) -> int | None:
    """What a balance keeps a step, of 2^64, to lose this part of itself a period."""
    if text in _NONE:
        return None
    lost = _read_percent(text)
    if not 0 < lost < 1:
        raise Failure(Exit.USAGE, "A rate lies above 0% and below 100%; or write none.")
    steps = community.slots_per_period // community.slots_per_step
    with localcontext(prec=50):
        return int((1 - lost) ** (Decimal(1) / steps) * KEEP_ONE)
