"""What an authority knows of a person, and the little of it that the chain learns.

The chain holds a commitment and a tag. The commitment is the Merkle root over the person's fields,
each with a salt of its own: the person can show one field and keep the others. The tag is the same
for the same document within a group of authorities, so that nobody enters twice; it is keyed by the
group's secret, for a plain hash of all document numbers there are is counted through in minutes.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from chain.codec import Bytes32, Record, encode
from chain.crypto import compute_hash
from chain.policy import AccountId

SALT_BYTES: Final = 32
SECRET_BYTES: Final = 32

Draw = Callable[[int], bytes]  # so many bytes that nobody can foresee


class SaltedField(Record, frozen=True):
    """One fact about a person, as its holder keeps it to be able to show it."""

    name: str
    value: str
    salt: Bytes32


def build_fields(facts: Iterable[tuple[str, str]], draw: Draw) -> tuple[SaltedField, ...]:
    """The facts, sorted by name, each with a fresh salt. An empty person still has one field."""
    given = sorted(facts) or [("none", "")]
    return tuple(SaltedField(name, value, draw(SALT_BYTES)) for name, value in given)


def compute_commitment(fields: Sequence[SaltedField]) -> bytes:
    """Merkle root over the fields."""
    return compute_root([compute_leaf(field) for field in fields])


def compute_leaf(field: SaltedField) -> bytes:
    """What stands for a field that is not shown: its salt keeps it from being guessed."""
    return compute_hash(b"ident-leaf", encode(field))


def compute_root(leaves: Sequence[bytes]) -> bytes:
    """Merkle root over leaves; a lone node on the right is carried up unhashed."""
    assert leaves, "a person has at least one field"
    level = list(leaves)
    while len(level) > 1:
        pairs = [
            compute_hash(b"ident-node", left, right)
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def compute_document_tag(group_secret: bytes, jurisdiction: str, document: str) -> bytes:
    """The person's tag, of the number of a document: spaces, dashes and case do not matter."""
    return _compute_tag(group_secret, ("document", jurisdiction, normalise_document(document)))


def compute_account_tag(group_secret: bytes, account: AccountId) -> bytes:
    """A tag for whom the founders know without a document: unique only as far as they look."""
    return _compute_tag(group_secret, ("account", account))


def normalise_document(document: str) -> str:
    """Letters and digits alone, capital, so that one number is written in one way."""
    text = unicodedata.normalize("NFKC", document).upper()
    return "".join(character for character in text if character.isalnum())


def _compute_tag(group_secret: bytes, person: tuple[str | bytes, ...]) -> bytes:
    assert len(group_secret) == SECRET_BYTES, "the secret's length separates it from what follows"
    return compute_hash(b"ident-tag", group_secret, encode(person))
