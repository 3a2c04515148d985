"""One encrypted file a wallet: the entropy of its keys under a password, Argon2id and XChaCha20.

The file states its own parameters, so that they can rise without a migration. The account stands
in clear: a list of wallets needs no password. The cipher also seals what stands in clear, and a
check value tells a damaged file from a wrong password. Opening never changes the file.
"""

import secrets
import unicodedata
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta
from nacl import bindings
from nacl.exceptions import CryptoError

from chain.codec import Bytes32, Codec, Record, encode
from chain.crypto import KeyPair, compute_hash
from chain.errors import Invalid
from chain.policy import AccountId, Policy, compute_account_id
from wallet.folder import build_damaged, check_name, open_folder, read_private, write_private
from wallet.phrase import derive_key
from wallet.terminal import Exit, Failure

ENDING: Final = ".wallet"
_FAMILY: Final = "pai wallet "
FORMAT: Final = _FAMILY + "1"
PASSWORD_LENGTH_MIN: Final = 8  # Argon2id makes a guess dear; it cannot make a short word long
ENTROPIES_MAX: Final = 64  # one a change of keys; all stay, for a change may turn out not to count
_KEYSTORE_BYTES_MAX: Final = 16_384
# What a file may ask of the machine that opens it: above our own figures, below its memory.
_MEMORY_BYTES_MAX: Final = 1 << 30
_OPERATIONS_MAX: Final = 16


class Cost(NamedTuple):
    """What one guess at the password costs: passes over memory, and its bytes."""

    operations: int
    memory_bytes: int


COST: Final = Cost(
    operations=bindings.crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
    memory_bytes=bindings.crypto_pwhash_argon2id_MEMLIMIT_MODERATE,
)  # libsodium's middle: 256 MiB and about a second


class Secrets(Record, frozen=True):
    """What the password protects: the account and all entropies that were ever its keys."""

    account: Bytes32
    entropies: Annotated[tuple[Bytes32, ...], Meta(min_length=1, max_length=ENTROPIES_MAX)]

    @property
    def keys(self) -> tuple[KeyPair, ...]:
        """The key of each entropy, oldest first."""
        return tuple(derive_key(entropy) for entropy in self.entropies)

    def find_keys(self, policy: Policy) -> list[tuple[int, KeyPair]]:
        """Those of our keys that the policy names, with their index in it; no more than it asks."""
        owned = {key.public: key for key in self.keys}
        found = [
            (index, owned[public]) for index, public in enumerate(policy.keys) if public in owned
        ]
        return found[: policy.threshold]

    def find_first_policy(self) -> Policy | None:
        """The policy that founded the account, if one of our keys did."""
        for key in self.keys:
            policy = Policy(1, (key.public,))
            if compute_account_id(policy) == self.account:
                return policy
        return None


class _Derivation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    algorithm: str
    operations: Annotated[int, Meta(ge=1, le=_OPERATIONS_MAX)]
    memory_bytes: Annotated[int, Meta(ge=8_192, le=_MEMORY_BYTES_MAX)]
    salt: str


class _Stamp(msgspec.Struct, frozen=True):
    format: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as JSON; bytes are hexadecimal."""

    format: str
    account: str
    password: _Derivation
    cipher: str
    nonce: str
    sealed: str
    check: str


_SECRETS: Final = Codec(Secrets, _KEYSTORE_BYTES_MAX)
_ARGON: Final = "argon2id13"
_CIPHER: Final = "xchacha20poly1305-ietf"


def build_secrets(entropy: bytes, account: AccountId | None = None) -> Secrets:
    """The secrets of a wallet with this key; its own account, or one that was given this key."""
    founded = compute_account_id(Policy(1, (derive_key(entropy).public,)))
    return Secrets(founded if account is None else account, (entropy,))


def get_path(folder: Path, name: str) -> Path:
    """The keystore of a wallet. Raises Failure on a name that is none."""
    check_name(name)
    return folder / f"{name}{ENDING}"


def list_names(folder: Path) -> list[str]:
    """The wallets of a folder, by name."""
    if not folder.is_dir():
        return []
    return sorted(path.name.removesuffix(ENDING) for path in folder.glob(f"[!.]*{ENDING}"))


def check_password(password: str) -> None:
    """Refuse a password for a new wallet that is too short to hold."""
    if len(unicodedata.normalize("NFKC", password)) < PASSWORD_LENGTH_MIN:
        raise Failure(
            Exit.USAGE,
            "The password is too short: at least {count} characters; several words are best.",
            count=PASSWORD_LENGTH_MIN,
        )


def save_secrets(
    folder: Path,
    name: str,
    password: str,
    kept: Secrets,
    *,
    replace: bool,
    cost: Cost | None = None,
) -> None:
    """Encrypt the secrets and put the file in place. Without ``replace`` the name must be free."""
    cost = cost or COST
    path = get_path(folder, name)
    open_folder(folder)
    salt = secrets.token_bytes(bindings.crypto_pwhash_SALTBYTES)
    nonce = secrets.token_bytes(bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
    derivation = _Derivation(_ARGON, cost.operations, cost.memory_bytes, salt.hex())
    key = _derive(password, derivation)
    public = _File(FORMAT, kept.account.hex(), derivation, _CIPHER, nonce.hex(), "", "")
    sealed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        encode(kept), _encode_file(public), nonce, key
    )
    whole = msgspec.structs.replace(public, sealed=sealed.hex())
    write_private(path, _encode_file(_with_check(whole)), replace=replace)


def find_only_wallet(folder: Path) -> str:
    """The wallet that is meant when none is named: the only one. Raises Failure."""
    names = list_names(folder)
    if len(names) == 1:
        return names[0]
    if not names:
        raise Failure(
            Exit.USAGE, "No wallets in {path} yet: 'pai wallet new NAME' makes one.", path=folder
        )
    raise Failure(Exit.USAGE, "Which wallet? There are: {names}.", names=", ".join(names))


def read_account(folder: Path, name: str) -> AccountId:
    """The account of a wallet, without its password."""
    return bytes.fromhex(_read_file(get_path(folder, name)).account)


def open_secrets(folder: Path, name: str, password: str) -> Secrets:
    """The secrets of a wallet. Raises Failure: no such wallet, damaged, or WRONG_KEY."""
    path = get_path(folder, name)
    file = _read_file(path)
    public = msgspec.structs.replace(file, sealed="", check="")
    try:
        opened = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            bytes.fromhex(file.sealed),
            _encode_file(public),
            bytes.fromhex(file.nonce),
            _derive(password, file.password),
        )
    except (ValueError, TypeError):
        raise build_damaged(path) from None
    except CryptoError:
        raise Failure(
            Exit.WRONG_KEY, "This is not the password of the wallet {name}.", name=name
        ) from None
    try:
        kept = _SECRETS.decode(opened)
    except Invalid:
        raise build_damaged(path) from None
    if kept.account.hex() != file.account:
        raise build_damaged(path)
    return kept


def _read_file(path: Path) -> _File:
    """The file's parts. Raises Failure unless they are to the byte what was written."""
    data = read_private(path)
    if data is None:
        raise Failure(
            Exit.USAGE,
            "There is no wallet {name} in {path}: 'pai wallet list' shows which there are.",
            name=path.name.removesuffix(ENDING),
            path=path.parent,
        )
    try:
        stamp = msgspec.json.decode(data, type=_Stamp).format
        if stamp != FORMAT and stamp.startswith(_FAMILY):
            raise Failure(
                Exit.USAGE, "{path} was written by a newer version of this program.", path=path
            )
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise build_damaged(path) from None
    stated = (file.format, file.password.algorithm, file.cipher)
    if stated != (FORMAT, _ARGON, _CIPHER) or _encode_file(_with_check(file)) != data:
        raise build_damaged(path)
    return file


def _with_check(file: _File) -> _File:
    """The file with its check value, which finds damage and is no secret."""
    bare = msgspec.structs.replace(file, check="")
    return msgspec.structs.replace(
        file, check=compute_hash(b"wallet-file", _encode_file(bare)).hex()[:16]
    )


def _encode_file(file: _File) -> bytes:
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def _derive(password: str, derivation: _Derivation) -> bytes:
    try:
        key: bytes = bindings.crypto_pwhash_alg(
            bindings.crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
            _normalize(password),
            bytes.fromhex(derivation.salt),
            derivation.operations,
            derivation.memory_bytes,
            bindings.crypto_pwhash_ALG_ARGON2ID13,
        )
    except (MemoryError, RuntimeError):
        raise Failure(
            Exit.USAGE,
            "The password needs {size} MiB of memory to be checked: close other programs.",
            size=derivation.memory_bytes >> 20,
        ) from None
    return key


def _normalize(password: str) -> bytes:
    """The same bytes whichever keyboard composed the letters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
