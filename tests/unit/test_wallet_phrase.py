"""24 words: they bring the same key back, and a slip of the pen is found and named."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemonic import Mnemonic

from chain.crypto import compute_hash
from wallet.keystore import build_secrets
from wallet.phrase import PHRASE_LENGTH_MAX, decode_phrase, derive_key, encode_phrase, get_word_list
from wallet.terminal import Failure
from wallet.words import Language

ENGLISH, RUSSIAN = Language.ENGLISH, Language.RUSSIAN
ENTROPIES = st.binary(min_size=32, max_size=32)

# The vectors of docs/wallet.md, "From words to a key". The words are also those of BIP 39's own
# test vectors for this entropy.
VECTORS = [
    (
        "00" * 32,
        "abandon " * 23 + "art",
        "абзац " * 23 + "большой",
        "d1ca53dbbc105007c164feb45e409c21d8399e7df68daf737bd395ac004fa517",
        "ceb0b32e6595152c7996da39393e2960d25f4a3041ffe9bf7cb2ff8b6ba17a32",
    ),
    (
        "7f" * 32,
        "legal winner thank year wave sausage worth useful " * 2
        + "legal winner thank year wave sausage worth title",
        "обед эпизод уважение якорь шланг скот юстиция хутор " * 2
        + "обед эпизод уважение якорь шланг скот юстиция улыбка",
        "97dbe6e3f32f1f2eca4d3fa70bb25f2f6c9c06fe47c632e72da010e2ea8855b4",
        "0a4bc0fa2683106d7f330f64736b9a9ef610ae4af36cff85053c75dc03eee005",
    ),
    (
        "0123456789abcdef" * 4,
        (
            "abuse boss fly battle rubber wasp afraid hamster guide essence vibrant task "
            "banana pencil owner cube social job emotion member joy sting dash trouble"
        ),
        (
            "агитация владелец костюм вдова симфония шкаф апрель мало люстра каждый черта тумбочка "
            "валюта приют посол дождь стричь например изучение отрывок наука теперь дремать философ"
        ),
        "dbcea6dbbea9fd2351b3edf5f89b6f4208911c89cbf64f12bbd0a05e9e387890",
        "63ee5c0af0b6d52868d8d34524c66f4b4a1d0adcc756edb77860f96c86da718e",
    ),
]
LISTS = {
    ENGLISH: "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda",
    RUSSIAN: "c9458f1997f6a6e0e8b4b691de850aa6af15fabca197e56baa6234933af1fffc",
}


@given(entropy=ENTROPIES, language=st.sampled_from(Language))
def test_words_bring_the_entropy_back(entropy: bytes, language: Language) -> None:
    words = encode_phrase(entropy, language)
    assert len(words) == 24
    assert decode_phrase(" ".join(words)) == entropy


@given(entropy=ENTROPIES, language=st.sampled_from(Language))
def test_paper_is_read_as_people_write_it(entropy: bytes, language: Language) -> None:
    words = encode_phrase(entropy, language)
    numbered = "\n".join(f"{number}. {word.upper()}," for number, word in enumerate(words, 1))
    assert decode_phrase(numbered) == entropy


def test_yo_is_written_either_way() -> None:
    entropy = next(
        entropy
        for entropy in (compute_hash(b"test", bytes([n])) for n in range(256))
        if any("е" in word for word in encode_phrase(entropy, RUSSIAN))
    )
    text = " ".join(encode_phrase(entropy, RUSSIAN))
    assert decode_phrase(text.replace("е", "ё")) == entropy


@given(entropy=ENTROPIES, position=st.integers(0, 23), language=st.sampled_from(Language))
def test_an_unknown_word_is_named(entropy: bytes, position: int, language: Language) -> None:
    words = list(encode_phrase(entropy, language))
    words[position] = {ENGLISH: "abandom", RUSSIAN: "абзацц"}[language]
    with pytest.raises(Failure) as caught:
        decode_phrase(" ".join(words))
    assert caught.value.values["number"] == position + 1
    assert caught.value.values["word"] == words[position]
    assert {ENGLISH: "abandon", RUSSIAN: "абзац"}[language] in str(caught.value)


def test_a_word_like_none_is_named_without_a_guess() -> None:
    words = ["qqqqqq", *encode_phrase(bytes(32), ENGLISH)[1:]]
    with pytest.raises(Failure, match=r"Word 1, 'qqqqqq', is not in the list of words\.$"):
        decode_phrase(" ".join(words))


@given(entropy=ENTROPIES, positions=st.lists(st.integers(0, 23), min_size=2, max_size=2))
def test_two_changed_places_do_not_pass_as_another_wallet_unless_the_checksum_fits(
    entropy: bytes, positions: list[int]
) -> None:
    words = list(encode_phrase(entropy, ENGLISH))
    first, second = positions
    words[first], words[second] = words[second], words[first]
    fits = Mnemonic("english").check(" ".join(words))
    if fits:
        assert list(encode_phrase(decode_phrase(" ".join(words)), ENGLISH)) == words
    else:
        with pytest.raises(Failure, match="checksum"):
            decode_phrase(" ".join(words))


def test_a_wrong_checksum_is_told() -> None:
    with pytest.raises(Failure, match="checksum"):
        decode_phrase(" ".join(["abandon"] * 24))


@pytest.mark.parametrize("count", [0, 12, 23, 25])
def test_another_number_of_words_is_told(count: int) -> None:
    with pytest.raises(Failure) as caught:
        decode_phrase(" ".join(["abandon"] * count))
    assert caught.value.values["found"] == count


def test_a_book_is_not_a_phrase() -> None:
    with pytest.raises(Failure, match="too long"):
        decode_phrase("abandon " * PHRASE_LENGTH_MAX)


@given(text=st.text(max_size=300))
def test_any_text_is_answered_with_a_sentence(text: str) -> None:
    with pytest.raises(Failure):
        decode_phrase(text)


@pytest.mark.parametrize(("entropy", "english", "russian", "public", "account"), VECTORS)
def test_vectors(entropy: str, english: str, russian: str, public: str, account: str) -> None:
    data = bytes.fromhex(entropy)
    assert " ".join(encode_phrase(data, ENGLISH)) == english
    assert " ".join(encode_phrase(data, RUSSIAN)) == russian
    assert derive_key(data).public.hex() == public
    assert build_secrets(data).account.hex() == account


@pytest.mark.parametrize("language", Language)
def test_the_lists_are_the_ones_people_have_on_paper(language: Language) -> None:
    words = get_word_list(language)
    assert len(set(words)) == 2_048
    assert len({word[:4] for word in words}) == 2_048
    assert all(word.isalpha() and word == word.lower() and "ё" not in word for word in words)
    assert (
        hashlib.sha256("".join(f"{word}\n" for word in words).encode()).hexdigest()
        == LISTS[language]
    )


def test_no_word_stands_in_both_lists() -> None:
    assert not set(get_word_list(ENGLISH)) & set(get_word_list(RUSSIAN))


def test_the_document_gives_these_vectors() -> None:
    written = (Path(__file__).resolve().parents[2] / "docs" / "wallet.md").read_text()
    for _, english, russian, public, account in VECTORS:
        first, last = english.split()[0], english.split()[-1]
        row = next(line for line in written.splitlines() if public in line)
        assert account in row
        assert f"{first} ... {last}; {russian.split()[0]} ... {russian.split()[-1]}" in row


def test_each_index_is_another_key() -> None:
    keys = {derive_key(bytes(32), index).public for index in range(16)}
    assert len(keys) == 16
