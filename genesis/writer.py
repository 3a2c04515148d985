"""The readable constitution of a genesis: TOML with a comment on every figure.

What is written here reads back to the same genesis, whatever the language of its comments. The
reader's language comes in as a ``Teller``; this room knows none.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from textwrap import wrap
from typing import Final, Protocol

import msgspec
from msgspec.structs import fields

from chain.actions import SeatKeys
from chain.address import encode_address
from chain.genesis import (
    Genesis,
    GenesisAccount,
    GenesisAttestation,
    GenesisAuthority,
    GenesisSeat,
)
from chain.parameters import Constants, KeepSegment
from chain.policy import AccountId
from chain.units import format_pai
from genesis.figures import (
    CONSTANTS,
    FUNDS,
    PARAMETERS,
    REWARD_SHARES,
    SINKS,
    Figure,
    Unit,
)
from genesis.outlook import compute_outlook

_WIDTH: Final = 96
_NESTED: Final = {"sinks": SINKS, "reward_shares": REWARD_SHARES}


class Teller(Protocol):
    """The reader's language: texts, amounts, and lengths of time."""

    def say(self, text: str, /, **values: object) -> str:
        """The text in the reader's language."""
        ...

    def amount(self, amount_micropai: int, /) -> str:
        """An amount of pai."""
        ...

    def duration(self, seconds: int, /) -> str:
        """A length of time."""
        ...


def write_constitution(genesis: Genesis, teller: Teller) -> str:
    """The whole constitution as TOML."""
    lines = [
        *_write_head(genesis, teller),
        *_write_figures("constants", CONSTANTS, genesis.constants, genesis.constants, teller),
        *_write_figures("parameters", PARAMETERS, genesis.parameters, genesis.constants, teller),
        *_write_schedule(genesis, teller),
        *_write_figures("funds", FUNDS, genesis.funds, genesis.constants, teller),
        *_write_authorities(genesis, teller),
        *_write_members(genesis, teller),
        *_write_seats(genesis, teller),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def write_seat_keys(owner: AccountId, keys: SeatKeys, prefix: str) -> str:
    """The part of a seat that its owner gives to whoever writes the constitution."""
    return "\n".join(
        [
            f"owner = {_text(encode_address(prefix, owner))}",
            f"vote_key = {_text(keys.vote.hex())}",
            f"vrf_key = {_text(keys.vrf.hex())}",
            f"standby_key = {_text(keys.standby.hex())}",
            "proofs = [",
            *(f"    {_text(proof.hex())}," for proof in keys.proofs),
            "]\n",
        ]
    )


def _write_head(genesis: Genesis, teller: Teller) -> Iterator[str]:
    yield from _comment(
        teller.say("The constitution of a community. Whoever changes it founds another community.")
    )
    yield "[community]"
    yield f"name = {_text(genesis.name)}"
    yield from _comment(teller.say("what the addresses of this community begin with"))
    yield f"prefix = {_text(genesis.prefix)}"
    yield from _comment(teller.say("version of the rules; it changes with the program"))
    yield f"rules_version = {genesis.version}"
    yield from _comment(teller.say("when slot 0 begins"))
    moment = datetime.fromtimestamp(genesis.genesis_time, UTC)
    yield f"genesis_time = {moment:%Y-%m-%dT%H:%M:%SZ}"
    yield ""


def _write_figures(
    name: str,
    figures: Mapping[str, Figure],
    record: msgspec.Struct,
    constants: Constants,
    teller: Teller,
) -> Iterator[str]:
    """A table of figures, each under what it means; nested tables last, as TOML asks."""
    yield f"[{name}]"
    nested = []
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, msgspec.Struct):
            nested.append((field.name, value))
            continue
        figure = figures[field.name]
        meaning = teller.say(figure.meaning)
        yield from _comment(f"{meaning}{_tell_unit(figure.unit, value, constants, teller)}")
        yield f"{field.name} = {_write_value(figure.unit, value)}"
    yield ""
    for key, value in nested:
        yield from _write_figures(f"{name}.{key}", _NESTED[key], value, constants, teller)


def _tell_unit(unit: Unit, value: object, constants: Constants, teller: Teller) -> str:
    """The unit behind a figure, with what a length of time comes to."""
    if unit is Unit.COUNT:
        return ""
    slots = {
        Unit.SLOTS: 1,
        Unit.EPOCHS: constants.slots_per_epoch,
        Unit.PERIODS: constants.slots_per_period,
    }
    text = f", {teller.say(unit.value)}"
    if unit not in slots:
        return text
    counts = value if isinstance(value, tuple) else (value,)
    lengths = [
        teller.duration(int(count) * slots[unit] * constants.slot_seconds) for count in counts
    ]
    return f"{text} ({', '.join(lengths)})"


def _write_value(unit: Unit, value: object) -> str:
    match value:
        case tuple():
            return f"[{', '.join(str(item) for item in value)}]"
        case int() if unit is Unit.PAI:
            return _text(format_pai(value))
        case int() if unit is Unit.FRACTION:
            return _text(str(value))
    return str(value)


def _write_schedule(genesis: Genesis, teller: Teller) -> Iterator[str]:
    yield from _comment(
        teller.say(
            "Demurrage: from this step on a balance keeps keep / 2^64 of itself at every step; "
            "without keep it keeps all. Savings bear none."
        )
    )
    for segment in genesis.keep_schedule:
        yield "[[demurrage]]"
        yield f"from_step = {segment.from_step}"
        if segment.keep is not None:
            alone = (KeepSegment(0, segment.keep),)
            for horizon in compute_outlook(genesis.constants, alone)[:3]:
                yield from _comment(
                    teller.say(
                        "of 1,000 pai {remains} remain after {time}",
                        remains=teller.amount(horizon.remains),
                        time=teller.duration(horizon.seconds),
                    )
                )
            yield f"keep = {_text(str(segment.keep))}"
        yield ""


def _write_authorities(genesis: Genesis, teller: Teller) -> Iterator[str]:
    if genesis.authorities:
        yield from _comment(
            teller.say(
                "Authorities say that an account is a person's. Group 0 is the home group: its "
                "word gives credit, vote and seat. Any threshold of the keys act together."
            )
        )
    for item in genesis.authorities:
        yield from _write_authority(item, genesis.prefix)


def _write_authority(item: GenesisAuthority, prefix: str) -> Iterator[str]:
    yield "[[authorities]]"
    yield f"address = {_text(encode_address(prefix, item.id))}"
    yield f"name = {_text(item.name)}"
    yield f"jurisdiction = {_text(item.jurisdiction)}"
    yield f"group = {item.group}"
    yield f"threshold = {item.policy.threshold}"
    yield f"keys = [{', '.join(_text(key.hex()) for key in item.policy.keys)}]"
    yield ""


def _write_members(genesis: Genesis, teller: Teller) -> Iterator[str]:
    if genesis.accounts:
        yield from _comment(
            teller.say(
                "Accounts at the start, in pai. No name stands here: the commitment hides what an "
                "authority has seen, and the tag is one for one person."
            )
        )
    attestations: dict[AccountId, list[GenesisAttestation]] = {}
    for item in genesis.attestations:
        attestations.setdefault(item.subject, []).append(item)
    for account in genesis.accounts:
        yield from _write_account(account, genesis.prefix)
        for item in attestations.get(account.id, ()):
            yield from _write_attestation(item, genesis.prefix)
        yield ""


def _write_account(account: GenesisAccount, prefix: str) -> Iterator[str]:
    yield "[[members]]"
    yield f"address = {_text(encode_address(prefix, account.id))}"
    yield f"balance = {_text(format_pai(account.balance))}"
    if account.deposits:
        yield "deposits = ["
        for deposit in account.deposits:
            amount = _text(format_pai(deposit.amount))
            yield f"    {{ amount = {amount}, term_periods = {deposit.term_periods} }},"
        yield "]"


def _write_attestation(item: GenesisAttestation, prefix: str) -> Iterator[str]:
    yield "[[members.attestations]]"
    yield f"authority = {_text(encode_address(prefix, item.authority))}"
    yield f"kind = {_text(item.kind)}"
    yield f"jurisdiction = {_text(item.jurisdiction)}"
    yield f"commitment = {_text(item.commitment.hex())}"
    yield f"tag = {_text(item.tag.hex())}"
    yield f"from_slot = {item.from_slot}"
    yield f"until_slot = {item.until_slot}"


def _write_seats(genesis: Genesis, teller: Teller) -> Iterator[str]:
    if genesis.seats:
        yield from _comment(
            teller.say("Seats: the servers that make blocks, and what their owners bond for them.")
        )
    for seat in genesis.seats:
        yield from _write_seat(seat, genesis.prefix)


def _write_seat(seat: GenesisSeat, prefix: str) -> Iterator[str]:
    yield "[[seats]]"
    yield write_seat_keys(seat.account, seat.keys, prefix).rstrip("\n")
    yield f"bond = {_text(format_pai(seat.bond))}"
    yield f"bond_term_periods = {seat.bond_term_periods}"
    yield ""


def _comment(text: str) -> Iterator[str]:
    for line in wrap(text, _WIDTH):
        yield f"# {line}"


def _text(text: str) -> str:
    """A basic string of TOML, which escapes as JSON does, and the delete character besides."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
