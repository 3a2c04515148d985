"""What a member keeps to be able to show who he is, and what of it he shows to whom.

An opening holds every field with its salt and stays with its owner. A disclosure holds the fields
he chose, and for each of the others only its leaf: whoever sees it can work out the commitment that
the authority signed into the ledger, and learns nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from genesis.attestation import SaltedField, compute_leaf, compute_root
from genesis.table import ConstitutionError

OPENING_FORMAT: Final = "pai identity opening 1"
DISCLOSURE_FORMAT: Final = "pai identity disclosure 1"
_MAKERS: Final = {
    OPENING_FORMAT: "pai identity issue --openings",
    DISCLOSURE_FORMAT: "pai identity disclose --file",
}
_OFFICE_MAKER: Final = "pai identity secret"
FILE_BYTES_MAX: Final = 1_048_576
FIELDS_MAX: Final = 256
_HASH_BYTES: Final = 32
FileT = TypeVar("FileT", bound=msgspec.Struct)


class Opening(NamedTuple):
    """Whose fields, attested by whom, in which community; addresses as people write them."""

    community: str
    authority: str
    subject: str
    kind: str
    jurisdiction: str
    fields: tuple[SaltedField, ...]


class Disclosure(NamedTuple):
    """The fields that are shown, and the commitment that all fields give."""

    community: str
    authority: str
    subject: str
    kind: str
    jurisdiction: str
    shown: tuple[tuple[str, str], ...]
    hidden: int
    commitment: bytes


class _FieldPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    value: str
    salt: str


class _OpeningFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    community: str
    authority: str
    subject: str
    kind: str
    jurisdiction: str
    fields: list[_FieldPart]


class _LeafPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A field, or the leaf of one that is kept back."""

    leaf: str = ""
    name: str = ""
    value: str = ""
    salt: str = ""


class _DisclosureFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    community: str
    authority: str
    subject: str
    kind: str
    jurisdiction: str
    leaves: list[_LeafPart]


def encode_opening(opening: Opening) -> bytes:
    """The member's private file."""
    fields = [_describe(item) for item in opening.fields]
    return _encode(_OpeningFile(OPENING_FORMAT, *opening[:5], fields))


def encode_disclosure(opening: Opening, names: Iterable[str]) -> bytes:
    """The file for whoever shall see these fields. Raises ConstitutionError on an unknown one."""
    wanted = set(names)
    unknown = wanted - {item.name for item in opening.fields}
    if unknown or not wanted:
        known = ", ".join(item.name for item in opening.fields)
        raise ConstitutionError(f"name the fields to show, each one of: {known}")
    leaves = [
        _LeafPart(name=item.name, value=item.value, salt=item.salt.hex())
        if item.name in wanted
        else _LeafPart(leaf=compute_leaf(item).hex())
        for item in opening.fields
    ]
    return _encode(_DisclosureFile(DISCLOSURE_FORMAT, *opening[:5], leaves))


def read_opening(path: Path) -> Opening:
    """A member's private file. Raises ConstitutionError, OSError."""
    file = _read(path, _OpeningFile, OPENING_FORMAT)
    try:
        fields = tuple(_read_field(item) for item in file.fields)
    except (ValueError, msgspec.ValidationError):
        raise _build_damaged(path, _MAKERS[OPENING_FORMAT]) from None
    if not 0 < len(fields) <= FIELDS_MAX:
        raise _build_damaged(path, _MAKERS[OPENING_FORMAT])
    return Opening(
        file.community, file.authority, file.subject, file.kind, file.jurisdiction, fields
    )


def read_disclosure(path: Path) -> Disclosure:
    """What a file shows, and what it must be checked against. Raises ConstitutionError, OSError."""
    file = _read(path, _DisclosureFile, DISCLOSURE_FORMAT)
    leaves: list[bytes] = []
    shown: list[tuple[str, str]] = []
    try:
        for item in file.leaves:
            if item.leaf:
                leaves.append(bytes.fromhex(item.leaf))
            else:
                field = _read_field(_FieldPart(item.name, item.value, item.salt))
                leaves.append(compute_leaf(field))
                shown.append((field.name, field.value))
    except (ValueError, msgspec.ValidationError):
        raise _build_damaged(path, _MAKERS[DISCLOSURE_FORMAT]) from None
    if not 0 < len(leaves) <= FIELDS_MAX or {len(leaf) for leaf in leaves} != {_HASH_BYTES}:
        raise _build_damaged(path, _MAKERS[DISCLOSURE_FORMAT])
    return Disclosure(
        file.community,
        file.authority,
        file.subject,
        file.kind,
        file.jurisdiction,
        tuple(shown),
        len(leaves) - len(shown),
        compute_root(leaves),
    )


class _MemberPart(msgspec.Struct, frozen=True):
    address: str
    fields: list[_FieldPart]


class _AuthorityPart(msgspec.Struct, frozen=True):
    jurisdiction: str
    group_secret: str
    address: str = ""
    key_seed: str = ""


class _SecretFile(msgspec.Struct, frozen=True):
    authority: _AuthorityPart
    community: str = ""
    members: list[_MemberPart] = []


class OfficeSecrets(NamedTuple):
    """What an authority keeps: its group's secret, and of founders the key and the members."""

    jurisdiction: str
    group_secret: bytes
    community: str
    address: str
    key_seed: bytes
    members: Mapping[str, Sequence[SaltedField]]


def read_office_secrets(path: Path) -> OfficeSecrets:
    """The founders' private file, or one that ``pai identity secret`` made."""
    with path.open("rb") as stream:
        data = stream.read(64 * FILE_BYTES_MAX)
    try:
        file = msgspec.json.decode(data, type=_SecretFile)
        secret = bytes.fromhex(file.authority.group_secret)
        members = {
            item.address: tuple(_read_field(field) for field in item.fields)
            for item in file.members
        }
        seed = bytes.fromhex(file.authority.key_seed)
    except (msgspec.MsgspecError, ValueError):
        raise _build_damaged(path, _OFFICE_MAKER) from None
    if len(secret) != _HASH_BYTES:
        raise _build_damaged(path, _OFFICE_MAKER)
    part = file.authority
    return OfficeSecrets(part.jurisdiction, secret, file.community, part.address, seed, members)


def encode_office_secrets(name: str, jurisdiction: str, group_secret: bytes) -> bytes:
    """A file with a group's secret, for an authority whose key is a wallet's."""
    return _encode(
        {
            "version": 1,
            "authority": {
                "name": name,
                "jurisdiction": jurisdiction,
                "group_secret": group_secret.hex(),
            },
        }
    )


def _read(path: Path, kind: type[FileT], written: str) -> FileT:
    with path.open("rb") as stream:
        data = stream.read(FILE_BYTES_MAX)
    try:
        file = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _build_damaged(path, _MAKERS[written]) from None
    if getattr(file, "format", None) != written:
        raise _build_damaged(path, _MAKERS[written])
    return file


def _build_damaged(path: Path, maker: str) -> ConstitutionError:
    return ConstitutionError(f"{path}: this is not what '{maker}' writes, or it is damaged")


def _read_field(part: _FieldPart) -> SaltedField:
    return msgspec.convert([part.name, part.value, bytes.fromhex(part.salt)], SaltedField)


def _describe(field: SaltedField) -> _FieldPart:
    return _FieldPart(field.name, field.value, field.salt.hex())


def _encode(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
