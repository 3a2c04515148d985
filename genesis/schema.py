"""The readable constitution, TOML, to the ``Genesis`` the chain is founded on.

Amounts are pai, hashes and keys hexadecimal, accounts bech32m addresses, fractions of 2^64 texts.
Lists may stand in any order; the chain sorts them. Whether the figures fit each other is not asked
here but by ``genesis.verify``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec.structs import fields

from chain.actions import SeatKeys
from chain.codec import encode
from chain.errors import Code, Invalid
from chain.genesis import (
    GENESIS_BYTES_MAX,
    GENESIS_CODEC,
    GENESIS_VERSION,
    Genesis,
    GenesisAccount,
    GenesisAttestation,
    GenesisAuthority,
    GenesisDeposit,
    GenesisFunds,
    GenesisSeat,
)
from chain.parameters import Constants, KeepSchedule, KeepSegment, Parameters
from chain.policy import AccountId, Policy, compute_account_id
from genesis.figures import CONSTANTS, FUNDS, PARAMETERS, Unit
from genesis.table import (
    ConstitutionError,
    Table,
    parse_address,
    parse_amount,
    parse_count,
    parse_fraction,
    parse_hash,
    parse_list,
    parse_prefix,
    parse_signature,
    parse_text,
    parse_time,
    parse_toml,
)

RecordT = TypeVar("RecordT", bound=msgspec.Struct)

FILE_BYTES_MAX: Final = 3 * GENESIS_BYTES_MAX  # a text takes more room than the bytes it means
SEAT_FILE_BYTES_MAX: Final = 1_024 * 1_024  # 256 seats with their proofs are a fifth of that
_ARRAYS: Final = range(0x90, 0xA0)  # first bytes of canonical MessagePack; no TOML begins so
_FIGURES: Final = {**CONSTANTS, **PARAMETERS}
_PARSERS: Final[dict[Unit, Callable[[Any], int]]] = {
    Unit.PAI: parse_amount,
    Unit.FRACTION: parse_fraction,
}


class FoundingSeat(NamedTuple):
    """A seat to begin with; None: what the preset asks for."""

    owner: AccountId
    keys: SeatKeys
    bond: int | None = None
    bond_term_periods: int | None = None


def read_file(path: Path) -> Genesis:
    """The genesis in a file: a constitution in TOML, or canonical bytes.

    Raises ConstitutionError, OSError.
    """
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise ConstitutionError(f"{path}: a constitution has at most {FILE_BYTES_MAX} bytes")
    if data[:1] and data[0] in _ARRAYS:
        try:
            return GENESIS_CODEC.decode(data)
        except Invalid as error:
            if error.code is Code.OTHER_RULES:
                raise ConstitutionError(f"{path}: {error}") from None
            raise ConstitutionError(f"{path} is not a genesis: {error}") from None
    return read_constitution(parse_toml(data, str(path)))


def read_constitution(root: Table) -> Genesis:
    """The genesis of a whole constitution. Raises ConstitutionError."""
    community = root.table("community")
    version = community.read("rules_version", parse_count)
    if version != GENESIS_VERSION:
        raise community.fault(
            "rules_version",
            f"this program knows the rules of version {GENESIS_VERSION} alone: install the "
            "version of Pai that the community uses",
        )
    prefix = community.read("prefix", parse_prefix)
    authorities = [_read_authority(item, prefix) for item in root.tables("authorities")]
    members = [_read_member(item, prefix) for item in root.tables("members")]
    seats = [_read_seat(item, prefix) for item in root.tables("seats")]
    attestations = [item for _, given in members for item in given]
    genesis = Genesis(
        version=version,
        name=community.read("name", parse_text),
        prefix=prefix,
        genesis_time=community.read("genesis_time", parse_time),
        constants=read_figures(root.table("constants"), Constants),
        parameters=read_figures(root.table("parameters"), Parameters),
        keep_schedule=read_schedule(root),
        authorities=tuple(sorted(authorities, key=lambda item: item.id)),
        accounts=tuple(sorted((account for account, _ in members), key=lambda item: item.id)),
        attestations=tuple(sorted(attestations, key=lambda item: (item.authority, item.subject))),
        seats=tuple(sorted(seats, key=lambda item: item.account)),
        funds=read_funds(root),
    )
    community.close()
    root.close()
    try:
        return GENESIS_CODEC.decode(encode(genesis))
    except Invalid as error:
        raise root.fault("community", str(error)) from None


def read_figures(table: Table, kind: type[RecordT]) -> RecordT:
    """A record of figures: each field under its own name, nested records as tables."""
    values: list[object] = []
    for field in fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            values.append(read_figures(table.table(field.name), field.type))
        else:
            figure = _FIGURES.get(field.name)
            parse = _PARSERS.get(figure.unit, parse_count) if figure else parse_count
            values.append(table.read(field.name, _build_parser(parse, field.type)))
    table.close()
    return kind(*values)


def read_schedule(root: Table) -> KeepSchedule:
    """The schedule of demurrage; a segment without ``keep`` takes nothing."""
    segments = []
    for item in root.tables("demurrage"):
        keep = item.read_or("keep", parse_fraction, None)
        segments.append(KeepSegment(item.read("from_step", parse_count), keep))
        item.close()
    return tuple(segments)


def read_funds(root: Table) -> GenesisFunds:
    """What the common funds hold at the start."""
    table = root.table("funds")
    reserve, social, operators = (table.read(name, parse_amount) for name in FUNDS)
    table.close()
    return GenesisFunds(reserve, social, operators)


def read_seat_file(path: Path, prefix: str) -> list[FoundingSeat]:
    """The seats in a file as ``pai seat keys`` writes it. Raises ConstitutionError, OSError."""
    with path.open("rb") as file:
        root = parse_toml(file.read(SEAT_FILE_BYTES_MAX), str(path))
    seats = [_read_founding_seat(item, prefix) for item in root.tables("seats")]
    if not seats:
        raise root.fault("seats", "there is no seat in this file: make one with 'pai seat keys'")
    root.close()
    return seats


def _read_seat(table: Table, prefix: str) -> GenesisSeat:
    seat = _read_founding_seat(table, prefix)
    return GenesisSeat(
        account=seat.owner,
        keys=seat.keys,
        bond=table.read("bond", parse_amount),
        bond_term_periods=table.read("bond_term_periods", parse_count),
    )


def _read_founding_seat(table: Table, prefix: str) -> FoundingSeat:
    seat = FoundingSeat(
        owner=table.read("owner", lambda value: parse_address(prefix, value)),
        keys=SeatKeys(
            vote=table.read("vote_key", parse_hash),
            vrf=table.read("vrf_key", parse_hash),
            standby=table.read("standby_key", parse_hash),
            proofs=table.read("proofs", _parse_proofs),
        ),
        bond=table.read_or("bond", parse_amount, None),
        bond_term_periods=table.read_or("bond_term_periods", parse_count, None),
    )
    table.close()
    return seat


def _read_authority(table: Table, prefix: str) -> GenesisAuthority:
    keys = table.read("keys", lambda value: parse_list(value, parse_hash))
    threshold = table.read("threshold", parse_count)
    try:
        policy = msgspec.convert([threshold, sorted(keys)], Policy)
    except msgspec.ValidationError as error:
        raise table.fault("keys", str(error)) from None
    account = table.read_or(
        "address", lambda value: parse_address(prefix, value), compute_account_id(policy)
    )
    authority = GenesisAuthority(
        id=account,
        name=table.read("name", parse_text),
        jurisdiction=table.read("jurisdiction", parse_text),
        policy=policy,
        group=table.read("group", parse_count),
    )
    table.close()
    return authority


def _read_member(table: Table, prefix: str) -> tuple[GenesisAccount, list[GenesisAttestation]]:
    account = table.read("address", lambda value: parse_address(prefix, value))
    balance = table.read_or("balance", parse_amount, 0)
    deposits = tuple(_read_deposit(item) for item in table.tables("deposits"))
    attestations = [
        _read_attestation(item, prefix, account) for item in table.tables("attestations")
    ]
    table.close()
    return GenesisAccount(account, balance, deposits), attestations


def _read_deposit(table: Table) -> GenesisDeposit:
    deposit = GenesisDeposit(
        table.read("amount", parse_amount), table.read("term_periods", parse_count)
    )
    table.close()
    return deposit


def _read_attestation(table: Table, prefix: str, subject: AccountId) -> GenesisAttestation:
    attestation = GenesisAttestation(
        authority=table.read("authority", lambda value: parse_address(prefix, value)),
        subject=subject,
        kind=table.read("kind", parse_text),
        jurisdiction=table.read("jurisdiction", parse_text),
        commitment=table.read("commitment", parse_hash),
        tag=table.read("tag", parse_hash),
        from_slot=table.read("from_slot", parse_count),
        until_slot=table.read("until_slot", parse_count),
    )
    table.close()
    return attestation


def _parse_proofs(value: object) -> tuple[bytes, bytes, bytes]:
    proofs = parse_list(value, parse_signature)
    if len(proofs) != 3:
        raise ValueError("a seat has three proofs: of its vote key, VRF key and standby key")
    return proofs[0], proofs[1], proofs[2]


def _build_parser(parse: Callable[[Any], int], kind: Any) -> Callable[[Any], Any]:
    """A parser that also asks for what the field's type admits; lists are read item by item."""

    def parse_figure(value: object) -> object:
        plain = parse_list(value, parse) if isinstance(value, list) else parse(value)
        try:
            return msgspec.convert(plain, kind)
        except msgspec.ValidationError:
            raise ValueError(f"{value!r} is outside what this figure may be") from None

    return parse_figure
