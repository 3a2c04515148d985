"""What members vote on, in words and in the units people use: percents, pai, periods.

A measure is told from the bytes that are signed, never from what a node says of it.
"""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from chain.actions import (
    AdmitAuthority,
    ChangeDemurrage,
    ChangeFigure,
    ChangeRewards,
    ChangeSinks,
    LendByVote,
    Measure,
    Resolve,
    RetireAuthority,
    SetCommittee,
    SpendFund,
    WriteOff,
)
from chain.codec import Record
from genesis.figures import PARAMETERS, REWARD_SHARES, SINKS, Figure, Unit
from wallet.community import Community
from wallet.show import tell_account, tell_pai
from wallet.words import Words, mark

SHARE_PARTS: Final = 10_000
_RATE_DECIMALS: Final = 4
FUNDS: Final = {
    "reserve": mark("reserve fund"),
    "social": mark("fund for social ends"),
    "municipality": mark("fund of the municipality"),
}


def tell_measure(
    words: Words, measure: Measure, community: Community, names: Mapping[str, str]
) -> str:
    """A measure as one sentence."""
    match measure:
        case ChangeFigure():
            return _tell_figure(words, measure)
        case ChangeSinks():
            return words.say(
                "let demurrage go: {shares}", shares=_tell_shares(words, measure.sinks, SINKS)
            )
        case ChangeRewards():
            return words.say(
                "reward servers for: {shares}",
                shares=_tell_shares(words, measure.shares, REWARD_SHARES),
            )
        case ChangeDemurrage():
            rate = tell_rate(words, measure.keep, community)
            return words.say("take demurrage of {rate}", rate=rate)
        case Resolve():
            return f"«{measure.text}»"
        case _:
            return _tell_deed(words, measure, community, names)


def _tell_deed(
    words: Words,
    measure: SpendFund | AdmitAuthority | RetireAuthority | LendByVote | SetCommittee | WriteOff,
    community: Community,
    names: Mapping[str, str],
) -> str:
    """A measure that is about somebody."""

    def tell(account: bytes) -> str:
        return tell_account(account, community, names)

    match measure:
        case SpendFund():
            text = words.say(
                "pay {amount} out of the {fund} to {whom}",
                amount=tell_pai(words, measure.amount),
                fund=tell_fund(words, measure.fund),
                whom=tell(measure.to),
            )
            return f"{text}: {measure.purpose}" if measure.purpose else text
        case AdmitAuthority():
            return words.say(
                "let {whom} say who is who, as {name} ({jurisdiction}), group {group}",
                whom=tell(measure.authority),
                name=measure.name,
                jurisdiction=measure.jurisdiction,
                group=measure.group,
            )
        case RetireAuthority():
            return words.say("take no more attestations of {whom}", whom=tell(measure.authority))
        case _:
            return _tell_credit(words, measure, tell)


def _tell_credit(
    words: Words, measure: LendByVote | SetCommittee | WriteOff, tell: Callable[[bytes], str]
) -> str:
    match measure:
        case LendByVote():
            return words.say(
                "grant loan {loan}: {amount} to {whom} for periods: {count}",
                loan=measure.loan,
                amount=tell_pai(words, measure.amount),
                whom=tell(measure.debtor),
                count=measure.term_periods,
            )
        case SetCommittee():
            if measure.committee is None:
                return words.say("have no credit committee")
            return words.say("make {whom} the credit committee", whom=tell(measure.committee))
        case WriteOff():
            return words.say(
                "let the reserve take over {amount} of what {whom} owes",
                amount=tell_pai(words, measure.amount),
                whom=tell(measure.debtor),
            )


def tell_fund(words: Words, fund: str) -> str:
    """A fund that votes can spend."""
    return words.say(FUNDS[fund]) if fund in FUNDS else fund


def _tell_figure(words: Words, measure: ChangeFigure) -> str:
    figure = PARAMETERS.get(measure.name)
    if figure is None:
        return f"{measure.name} = {words.number(measure.value)}"
    return words.say(
        "{meaning}: {value} ({name})",
        meaning=words.say(figure.meaning),
        value=tell_figure(words, figure, measure.value),
        name=measure.name,
    )


def tell_figure(words: Words, figure: Figure, value: int) -> str:
    """A parameter's value, which the chain counts in integers, in the unit people use."""
    match figure.unit:
        case Unit.PAI:
            return tell_pai(words, value)
        case Unit.SHARE:
            return tell_share(words, value)
        case Unit.PERIODS:
            return words.say_count("{n} period", "{n} periods", value)
        case Unit.COUNT:
            return words.number(value)
        case _:
            return f"{words.number(value)}, {words.say(figure.unit.value)}"


def tell_share(words: Words, value: int) -> str:
    """Ten-thousandths as a percentage."""
    return words.percent(value, SHARE_PARTS, decimals=2 if value % 100 else 0)


def _tell_shares(words: Words, record: Record, figures: Mapping[str, Figure]) -> str:
    return "; ".join(
        f"{words.say(figures[name].meaning)} {tell_share(words, value)}"
        for name in record.__struct_fields__
        if (value := getattr(record, name))
    )


def tell_rate(words: Words, keep: int | None, community: Community) -> str:
    """What a balance loses a period, for a share that it keeps each step, of 2^64."""
    if keep is None:
        return words.say("nothing at all")
    steps = community.slots_per_period // community.slots_per_step
    lost = 1 - (Decimal(keep) / 2**64) ** steps
    scale = 10 ** (_RATE_DECIMALS + 2)
    parts = int((lost * scale).to_integral_value(ROUND_HALF_EVEN))
    percent = words.percent(parts, scale, decimals=_RATE_DECIMALS)
    return words.say("{percent} a period", percent=percent)
