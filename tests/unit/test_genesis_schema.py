"""A constitution as a file: what is written reads back, what is wrong is told with its place."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.codec import encode
from chain.genesis import (
    GENESIS_CODEC,
    GENESIS_VERSION,
    Genesis,
    GenesisDeposit,
    GenesisFunds,
    compute_chain_id,
)
from chain.parameters import KeepSegment
from genesis.schema import read_constitution, read_file, read_seat_file
from genesis.table import ConstitutionError, Table, parse_toml
from genesis.writer import write_constitution, write_seat_keys
from tests.community import PAI, build_genesis, build_seat_keys, get_account_id
from wallet.words import Language, Words

EN, RU = Words(Language.ENGLISH), Words(Language.RUSSIAN)


def parse(text: str) -> Table:
    return parse_toml(text.encode(), "community.toml")


def read(text: str) -> Genesis:
    return read_constitution(parse(text))


@pytest.fixture(scope="module")
def text() -> str:
    deposits = (GenesisDeposit(5 * PAI, 90), GenesisDeposit(PAI + 1, 360))
    genesis = build_genesis(deposits=deposits, strangers=("farm",))
    return write_constitution(
        replace(
            genesis,
            name='Кооператив «Шаг», "первый"',
            funds=GenesisFunds(1, 20 * PAI, 0),
            keep_schedule=(KeepSegment(0, 18353810417327686785), KeepSegment(40, None)),
        ),
        EN,
    )


@pytest.mark.parametrize("words", [EN, RU], ids=["en", "ru"])
def test_what_is_written_reads_back(words: Words, text: str) -> None:
    genesis = read(text)
    assert genesis.name == 'Кооператив «Шаг», "первый"'
    assert genesis.accounts[0].deposits == (
        GenesisDeposit(5 * PAI, 90),
        GenesisDeposit(PAI + 1, 360),
    )
    again = read(write_constitution(genesis, words))
    assert again == genesis
    assert compute_chain_id(again) == compute_chain_id(genesis)


@given(
    name=st.text(min_size=1, max_size=60),
    balance=st.integers(0, 2**62),
    time=st.integers(0, 253_402_300_799),
)
@settings(max_examples=60, deadline=None)
def test_any_name_amount_and_time_reads_back(name: str, balance: int, time: int) -> None:
    try:
        genesis = replace(build_genesis(balance=balance), name=name, genesis_time=time)
        GENESIS_CODEC.decode(encode(genesis))
    except Exception:  # noqa: BLE001 - whatever the chain refuses is nothing to write
        return
    if not name.strip():
        return
    assert read(write_constitution(genesis, EN)) == genesis


def test_the_order_of_lists_does_not_matter(text: str) -> None:
    head, *seats = text.split("[[seats]]\n")
    tail = "[[seats]]\n".join(["", *reversed([seat.rstrip() + "\n\n" for seat in seats])])
    assert read(head + tail) == read(text)


def test_every_comment_may_go_and_a_note_changes_nothing(text: str) -> None:
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert read(bare) == read(text)
    noted = text.replace("[[members]]\n", '[[members]]\nnote = "Emma"\n')
    assert compute_chain_id(read(noted)) == compute_chain_id(read(text))


def test_amounts_may_be_numbers(text: str) -> None:
    assert 'bond_min = "100"' in text
    assert read(text.replace('bond_min = "100"', "bond_min = 100")) == read(text)
    assert 'unit_fee = "0.01"' in text
    assert read(text.replace('unit_fee = "0.01"', "unit_fee = 0.01")) == read(text)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("slot_seconds = 1", "", "[constants] slot_seconds: this key is missing: add it"),
        ("slot_seconds = 1", "slot_second = 1", "[constants] slot_seconds: this key is missing"),
        (
            "slot_seconds = 1",
            "slot_seconds = 1\nslot_second = 2",
            "[constants] slot_second: there is no such key, did you mean slot_seconds?",
        ),
        (
            "[funds]\n",
            "[funds]\nqqq = 2\n",
            "[funds] qqq: there is no such key, remove it",
        ),
        ("slot_seconds = 1", "slot_seconds = true", "True is not a whole number from 0"),
        ("slot_seconds = 1", "slot_seconds = 11", "11 is outside what this figure may be"),
        ("slot_seconds = 1", "slot_seconds = 1.5", "is not a whole number from 0"),
        ("slot_seconds = 1", 'slot_seconds = "1"', "is not a whole number from 0"),
        ("[1, 24, 168]", "[1, 24]", "[constants] level_epochs: [1, 24] is outside"),
        ("[1, 24, 168]", "3", "[constants] level_epochs: 3 is outside"),
        ('bond_min = "100"', 'bond_min = "1e3"', "'1e3' is not an amount"),
        ('bond_min = "100"', "bond_min = -1", "'-1' is below zero"),
        ('bond_min = "100"', "bond_min = [1]", "[1] is outside what this figure may be"),
        ('unit_fee = "0.01"', "unit_fee = 0.0000001", "is not an amount"),
        ('credit_keep = "18375845621797877956"', "credit_keep = 5", "is not a fraction of 2^64"),
        ('credit_keep = "18375845621797877956"', 'credit_keep = "0"', "lies between 0 and"),
        (
            f"rules_version = {GENESIS_VERSION}",
            "rules_version = 1",
            f"rules of version {GENESIS_VERSION} alone",
        ),
        ('prefix = "pai"', 'prefix = "Pai"', "[community] prefix: the prefix of addresses is"),
        ('prefix = "pai"', 'prefix = "kop"', "belongs to another community"),
        ("genesis_time = 2027-", "genesis_time = 2027#", "[community] genesis_time: write"),
        ("[funds]", "[found]", "funds: this key is missing"),
        ("[[demurrage]]\nfrom_step = 40", "[[demurrage]]", "[demurrage 2] from_step"),
        ("\nthreshold = 1", "\nthreshold = 2", "[authorities 1] keys"),
        ('kind = "person"', "kind = 3", "[members 1.attestations 1] kind: write a text in quotes"),
        ('kind = "person"', 'kind = "\\u0007"', "text with control characters"),
        ('kind = "person"', f'kind = "{"x" * 201}"', "text of more than 200 bytes"),
        ('vote_key = "', 'vote_key = "0', "[seats 1] vote_key: write 64 hexadecimal digits"),
        ("bond_term_periods = 90", "", "[seats 1] bond_term_periods: this key is missing"),
        ('balance = "500"', 'balance = "9999999999999"', "[members 1] balance"),
    ],
)
def test_errors_name_file_table_and_key(old: str, new: str, told: str, text: str) -> None:
    assert old in text, "the case speaks of a line that is there"
    with pytest.raises(ConstitutionError) as caught:
        read(text.replace(old, new, 1))
    assert str(caught.value).startswith("community.toml: ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "the file is not UTF-8 text"),
        (b"a = ", "this is not TOML: "),
        (b"a = " + b"9" * 5_000, "this is not TOML: "),
        (b"a = " + b"[" * 5_000, "nests too deeply"),
        (b"", "community: this key is missing: add it"),
        (b"community = 3", "community: write this as a table"),
        (
            bytes([0x9C, GENESIS_VERSION, 2]),
            " is not a genesis: The bytes are not what the format asks for.",
        ),
        (bytes([0x9C, GENESIS_VERSION + 1]), "rules of another version"),
    ],
)
def test_files_that_are_no_constitution(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "community.toml"
    path.write_bytes(content)
    with pytest.raises(ConstitutionError) as caught:
        read_file(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_canonical_bytes_are_read_too(text: str, tmp_path: Path) -> None:
    genesis = read(text)
    path = tmp_path / "genesis"
    path.write_bytes(encode(genesis))
    assert read_file(path) == genesis
    path.write_text(text)
    assert read_file(path) == genesis


def test_errors_are_told_in_russian(text: str) -> None:
    with pytest.raises(ConstitutionError) as caught:
        read(text.replace("slot_seconds = 1", "slot_seconds = 1\nslot_second = 2"))
    assert RU.retell(str(caught.value)) == (
        "community.toml: [constants] slot_second: такого ключа нет, может быть, slot_seconds?"
    )


def test_seats_of_a_seat_file(tmp_path: Path) -> None:
    owner, keys = get_account_id("ann"), build_seat_keys("ann")
    path = tmp_path / "seat.toml"
    path.write_text(f"[[seats]]\n{write_seat_keys(owner, keys, 'pai')}")
    (seat,) = read_seat_file(path, "pai")
    assert (seat.owner, seat.keys, seat.bond, seat.bond_term_periods) == (owner, keys, None, None)
    path.write_text(path.read_text() + 'bond = "1500"\nbond_term_periods = 720\n')
    (seat,) = read_seat_file(path, "pai")
    assert (seat.bond, seat.bond_term_periods) == (1_500 * PAI, 720)
    with pytest.raises(ConstitutionError, match="belongs to another community"):
        read_seat_file(path, "kop")
    path.write_text("")
    with pytest.raises(ConstitutionError, match="there is no seat in this file"):
        read_seat_file(path, "pai")
