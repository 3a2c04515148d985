"""Two files that pass between an owner and his guardians: who they are, and what they agree to.

The first tells guardians what to open when keys are lost; it names people, so the owner gives it
to them alone. The second collects their signatures under new keys for one account.
"""

from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from chain.actions import GuardianSignature, StartRecovery
from chain.crypto import KeyPair, Signed, is_signed, sign
from chain.guardians import SALT_BYTES, get_recovery_message
from chain.policy import AccountId, Policy
from wallet.terminal import Exit, Failure

GUARDIANS_FORMAT: Final = "pai guardians 1"
CONSENT_FORMAT: Final = "pai recovery consent 1"
_FILE_BYTES_MAX: Final = 65_536
FileT = TypeVar("FileT", bound=msgspec.Struct)


class Guardians(NamedTuple):
    """Who may recover an account, and the salt under which the ledger knows them."""

    chain: bytes
    account: AccountId
    policy: Policy
    salt: bytes


class Consent(NamedTuple):
    """New keys for an account, and which guardians have agreed; every signature verifies."""

    guardians: Guardians
    started: int
    policy: Policy
    signatures: tuple[GuardianSignature, ...]

    @property
    def missing(self) -> int:
        """How many guardians have still to agree."""
        return self.guardians.policy.threshold - len(self.signatures)


class _PolicyPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: int
    keys: list[str]


class _GuardiansFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    community: str
    account: str
    guardians: _PolicyPart
    salt: str


class _SignaturePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key_index: int
    signature: str


class _ConsentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    community: str
    account: str
    guardians: _PolicyPart
    salt: str
    started: int
    policy: _PolicyPart
    signatures: list[_SignaturePart]


def add_consents(consent: Consent, keys: list[tuple[int, KeyPair]]) -> Consent:
    """The same with signatures by these keys of the guardians; never more than are asked for."""
    there = {item.key_index: item for item in consent.signatures}
    for index, key in sorted(keys):
        if index not in there and len(there) < consent.guardians.policy.threshold:
            there[index] = GuardianSignature(index, sign(key, _get_message(consent)))
    return consent._replace(signatures=tuple(there[index] for index in sorted(there)))


def build_start(consent: Consent) -> StartRecovery:
    """The action that begins the recovery. Raises Failure while consents are missing."""
    if consent.missing > 0:
        raise Failure(
            Exit.USAGE, "Guardians who have still to agree: {count}.", count=consent.missing
        )
    guardians = consent.guardians
    return StartRecovery(
        account=guardians.account,
        guardians=guardians.policy,
        salt=guardians.salt,
        policy=consent.policy,
        signatures=consent.signatures,
    )


def find_present_keys(consent: Consent, present: Policy | None) -> frozenset[bytes]:
    """Which of the new keys may act for the account already.

    Raises Failure when the new policy is the present one: a recovery would bring nothing.
    """
    if consent.policy == present:
        raise Failure(
            Exit.USAGE,
            "These are the very keys that the account has now: to recover it with them would "
            "change nothing. Let its owner make a new key ('pai wallet new NAME --address "
            "ADDRESS') and tell you that one.",
        )
    return frozenset(consent.policy.keys) & frozenset(present.keys if present else ())


def encode_guardians(guardians: Guardians) -> bytes:
    """The file for the guardians."""
    return _encode(
        _GuardiansFile(
            format=GUARDIANS_FORMAT,
            community=guardians.chain.hex(),
            account=guardians.account.hex(),
            guardians=_describe(guardians.policy),
            salt=guardians.salt.hex(),
        )
    )


def encode_consent(consent: Consent) -> bytes:
    """The file for the next guardian."""
    guardians = consent.guardians
    return _encode(
        _ConsentFile(
            format=CONSENT_FORMAT,
            community=guardians.chain.hex(),
            account=guardians.account.hex(),
            guardians=_describe(guardians.policy),
            salt=guardians.salt.hex(),
            started=consent.started,
            policy=_describe(consent.policy),
            signatures=[
                _SignaturePart(item.key_index, item.signature.hex()) for item in consent.signatures
            ],
        )
    )


def read_guardians(path: Path, chain: bytes) -> Guardians:
    """The guardians of a file. Raises Failure."""
    file = _read(path, _GuardiansFile)
    try:
        guardians = _read_guardians(file)
    except ValueError:
        raise _build_unreadable(path) from None
    return _check(path, guardians, chain, file.format == GUARDIANS_FORMAT)


def read_consent(path: Path, chain: bytes) -> Consent:
    """The consents of a file. Raises Failure, also when one does not verify."""
    file = _read(path, _ConsentFile)
    try:
        consent = Consent(
            _read_guardians(file),
            file.started,
            _read_policy(file.policy),
            tuple(
                GuardianSignature(item.key_index, bytes.fromhex(item.signature))
                for item in file.signatures
            ),
        )
    except ValueError:
        raise _build_unreadable(path) from None
    _check(path, consent.guardians, chain, file.format == CONSENT_FORMAT and _holds(consent))
    return consent


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole, in place of what was there."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be written: {reason}.", path=path, reason=error.strerror
        ) from None


def _check(path: Path, guardians: Guardians, chain: bytes, good: bool) -> Guardians:
    if not good or len(guardians.salt) != SALT_BYTES:
        raise _build_unreadable(path)
    if guardians.chain != chain:
        raise Failure(Exit.USAGE, "{path} belongs to another community.", path=path)
    return guardians


def _read(path: Path, kind: type[FileT]) -> FileT:
    try:
        with path.open("rb") as stream:
            data = stream.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise Failure(
            Exit.USAGE, "{path} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from None
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _build_unreadable(path) from None


def _build_unreadable(path: Path) -> Failure:
    return Failure(Exit.USAGE, "{path} is no file of guardians, or it is damaged.", path=path)


def _read_guardians(file: _GuardiansFile | _ConsentFile) -> Guardians:
    return Guardians(
        bytes.fromhex(file.community),
        bytes.fromhex(file.account),
        _read_policy(file.guardians),
        bytes.fromhex(file.salt),
    )


def _read_policy(part: _PolicyPart) -> Policy:
    keys = tuple(bytes.fromhex(key) for key in part.keys)
    return msgspec.convert([part.threshold, keys], Policy)


def _describe(policy: Policy) -> _PolicyPart:
    return _PolicyPart(policy.threshold, [key.hex() for key in policy.keys])


def _encode(file: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def _get_message(consent: Consent) -> bytes:
    guardians = consent.guardians
    return get_recovery_message(guardians.chain, guardians.account, consent.started, consent.policy)


def _holds(consent: Consent) -> bool:
    """Whether there are no more signatures than asked for, each by another guardian, each good."""
    indexes = [item.key_index for item in consent.signatures]
    keys = consent.guardians.policy.keys
    return (
        indexes == sorted(set(indexes))
        and consent.missing >= 0
        and all(
            0 <= item.key_index < len(keys)
            and is_signed(Signed(keys[item.key_index], _get_message(consent), item.signature))
            for item in consent.signatures
        )
    )
