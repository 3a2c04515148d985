"""Key policies as people write them on a command line: public keys in hexadecimal, and a number."""

from collections.abc import Sequence
from typing import Final

from chain.crypto import is_public_key
from chain.policy import KEYS_MAX, Policy
from wallet.terminal import Exit, Failure

_KEY_DIGITS: Final = 64


def parse_key(text: str) -> bytes:
    """A public key as people write it. Raises Failure."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if not is_public_key(key):
        raise Failure(
            Exit.USAGE,
            "{text} is not a public key: it has {count} hexadecimal digits, as 'pai wallet keys "
            "show' prints it.",
            text=text,
            count=_KEY_DIGITS,
        )
    return key


def parse_new_policy(threshold: int, texts: Sequence[str]) -> Policy:
    """The new keys of an account that is to be recovered. Raises Failure."""
    if not texts:
        raise Failure(
            Exit.USAGE,
            "Give the account's new key with --key: the owner reads it off 'pai wallet new NAME "
            "--address ADDRESS'.",
        )
    return build_policy(threshold, [parse_key(text) for text in texts])


def build_policy(threshold: int, keys: list[bytes]) -> Policy:
    """So many of these keys must sign. Raises Failure when that cannot be."""
    if len(keys) > KEYS_MAX:
        raise Failure(Exit.USAGE, "An account has at most {count} keys.", count=KEYS_MAX)
    try:
        return Policy(threshold, tuple(sorted(set(keys))))
    except ValueError:
        raise Failure(
            Exit.USAGE,
            "{needed} signatures cannot come from {count} keys.",
            needed=threshold,
            count=len(set(keys)),
        ) from None
