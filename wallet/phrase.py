"""A member's key as 24 words on paper: BIP 39, 256 bits and 8 bits of checksum.

Words are English or Russian, whichever the person reads; they write the same entropy. The key is
derived from the entropy and not from the words, so that both lists bring back the same wallet.
Nothing here touches a file.
"""

import secrets
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from mnemonic import Mnemonic

from chain.crypto import KeyPair, build_key_pair, compute_hash, u32
from wallet.terminal import Exit, Failure
from wallet.words import Language

ENTROPY_BYTES: Final = 32
WORDS: Final = 24
ACCOUNT_KEY: Final = 0  # the index of the key that acts for the account; others are for later uses
PHRASE_LENGTH_MAX: Final = 2_000  # characters of a file or line that may be a phrase; 24 words: 230

_LISTS: Final = {Language.ENGLISH: "english", Language.RUSSIAN: "russian"}
# In the library's Russian list one letter of one word is lost: two replacement characters stand
# for its two bytes. A test holds both lists, as they are used here, to their hashes.
_MENDED: Final = {"сно\ufffd\ufffdа": "снова"}


def draw_entropy() -> bytes:
    """Fresh entropy from the system's generator."""
    return secrets.token_bytes(ENTROPY_BYTES)


def derive_key(entropy: bytes, index: int = ACCOUNT_KEY) -> KeyPair:
    """The key of an index; docs/wallet.md, "From words to a key", with vectors."""
    return build_key_pair(compute_hash(b"wallet-key", entropy, u32(index)))


def encode_phrase(entropy: bytes, language: Language) -> tuple[str, ...]:
    """The 24 words of an entropy."""
    english = _get_indexes(Language.ENGLISH)
    words = get_word_list(language)
    return tuple(words[english[word]] for word in _load_bip39().to_mnemonic(entropy).split())


def decode_phrase(text: str) -> bytes:
    """The entropy of 24 words, however they are spaced, numbered or capitalised.

    Raises Failure that says how many words there are, which one is unknown and what it may have
    been, or that the checksum does not fit.
    """
    if len(text) > PHRASE_LENGTH_MAX:
        raise Failure(Exit.USAGE, "This is too long to be {count} words.", count=WORDS)
    words = _split(text)
    if len(words) != WORDS:
        raise Failure(
            Exit.USAGE,
            "A backup phrase has {count} words, these are {found}.",
            count=WORDS,
            found=len(words),
        )
    language = _guess_language(words)
    indexes, english = _get_indexes(language), get_word_list(Language.ENGLISH)
    for number, word in enumerate(words, 1):
        if word not in indexes:
            raise _build_unknown(number, word, get_word_list(language))
    try:
        return bytes(_load_bip39().to_entropy([english[indexes[word]] for word in words]))
    except ValueError:
        raise Failure(
            Exit.USAGE,
            "Each word is in the list, but together they do not fit their checksum: "
            "a word is another one, or two have changed places.",
        ) from None


def _build_unknown(number: int, word: str, words: Sequence[str]) -> Failure:
    similar = get_close_matches(word, words, n=3, cutoff=0.6)
    if not similar:
        return Failure(
            Exit.USAGE,
            "Word {number}, '{word}', is not in the list of words.",
            number=number,
            word=word,
        )
    return Failure(
        Exit.USAGE,
        "Word {number}, '{word}', is not in the list of words. Similar ones: {similar}.",
        number=number,
        word=word,
        similar=", ".join(similar),
    )


def _split(text: str) -> list[str]:
    """The words alone: people number them, and put commas or line ends between."""
    letters = unicodedata.normalize("NFC", text).lower().replace("ё", "е")
    return "".join(character if character.isalpha() else " " for character in letters).split()


def _guess_language(words: list[str]) -> Language:
    """The list in which more of the words stand; they have none in common."""
    counts = {
        language: sum(word in _get_indexes(language) for word in words) for language in _LISTS
    }
    if not any(counts.values()):
        return Language.ENGLISH if words[0].isascii() else Language.RUSSIAN
    return max(counts, key=lambda language: counts[language])


@lru_cache(maxsize=2)
def get_word_list(language: Language) -> tuple[str, ...]:
    """The 2,048 words of a language; a word's place is what it means."""
    words = Mnemonic(_LISTS[language]).wordlist
    return tuple(_MENDED.get(word, word) for word in words)


@lru_cache(maxsize=2)
def _get_indexes(language: Language) -> dict[str, int]:
    return {word: index for index, word in enumerate(get_word_list(language))}


@lru_cache(maxsize=1)
def _load_bip39() -> Mnemonic:
    """Encodes and decodes by the English list; of other lists only the places are used."""
    return Mnemonic(_LISTS[Language.ENGLISH])
