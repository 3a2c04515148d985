"""Founding from parts: who is in it, what the chain learns of people, what is warned of."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from chain.address import encode_address
from chain.crypto import build_key_pair, compute_hash
from chain.genesis import Genesis, GenesisDeposit, compute_chain_id
from chain.ledger import Ledger
from chain.policy import Policy, compute_account_id
from chain.store import MemoryStore
from genesis.attestation import (
    SaltedField,
    build_fields,
    compute_account_tag,
    compute_commitment,
    compute_document_tag,
)
from genesis.build import Founder, Founding, build_community, draw_founders
from genesis.people import read_members_file
from genesis.preset import PRESETS, read_preset
from genesis.private import encode_private_document, write_new_file
from genesis.schema import FoundingSeat
from genesis.table import ConstitutionError
from genesis.verify import compute_seat_weights, find_findings
from tests.community import PAI, build_genesis, build_seat_keys, get_account_id, get_policy

SEATS = ("ann", "boris", "clara", "daniil")


def draw_by_count() -> Callable[[int], bytes]:
    """Bytes that differ from call to call and are the same in every run."""
    count = 0

    def draw(length: int) -> bytes:
        nonlocal count
        count += 1
        return compute_hash(b"test-draw", count.to_bytes(4, "big"))[:length]

    return draw


def build_seats(*names: str) -> list[FoundingSeat]:
    return [FoundingSeat(get_account_id(name), build_seat_keys(name)) for name in names]


def found(preset: str = "demo", members: tuple[str, ...] = ("emma", "farid")) -> Founding:
    return build_community(
        read_preset(preset),
        "Test",
        [Founder(get_account_id(name)) for name in members],
        build_seats(*SEATS),
        1_800_000_000,
        draw=draw_by_count(),
    )


def get_warnings(genesis: Genesis) -> str:
    findings = find_findings(genesis)
    assert not any(item.is_fault for item in findings), findings
    return "\n".join(item.text for item in findings)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_ledger_opens_on_what_was_built(preset: str) -> None:
    genesis = found(preset).genesis
    assert not any(item.is_fault for item in find_findings(genesis))
    ledger = Ledger(MemoryStore(), genesis)
    assert ledger.head.hash == compute_chain_id(genesis)
    assert all(ledger.state.accounts.require(item.id).person for item in genesis.accounts)


def test_balances_bonds_and_issue() -> None:
    preset = read_preset("village-2010")
    founding = build_community(
        preset,
        "Test",
        [
            Founder(get_account_id("emma"), balance=7),
            Founder(get_account_id("farid"), deposits=(GenesisDeposit(PAI, 90),)),
            Founder(get_account_id("hamit"), balance=5, identified=False),
        ],
        [
            FoundingSeat(get_account_id("ann"), build_seat_keys("ann"), 2_000 * PAI, 720),
            *build_seats("boris", "clara", "daniil"),
        ],
        0,
        issue_to=get_account_id("farm"),
    )
    genesis = founding.genesis
    balances = {item.id: item.balance for item in genesis.accounts}
    assert balances[get_account_id("emma")] == 7
    assert balances[get_account_id("farid")] == 0
    assert balances[get_account_id("ann")] == 0
    assert balances[get_account_id("farm")] == 180_000 * PAI
    bonds = {seat.account: (seat.bond, seat.bond_term_periods) for seat in genesis.seats}
    assert bonds[get_account_id("ann")] == (2_000 * PAI, 720)
    assert bonds[get_account_id("boris")] == (1_000 * PAI, preset.start.bond_term_periods)
    persons = {item.subject for item in genesis.attestations}
    assert get_account_id("emma") in persons
    assert not persons & {get_account_id("hamit"), get_account_id("farm")}
    assert "accounts without an identified owner: 2" in get_warnings(genesis)


def test_the_issue_may_go_to_a_member_and_adds_to_what_he_has() -> None:
    founding = build_community(
        read_preset("village-2010"),
        "Test",
        [Founder(get_account_id("emma"), balance=7)],
        build_seats(*SEATS),
        0,
        issue_to=get_account_id("emma"),
    )
    balances = {item.id: item.balance for item in founding.genesis.accounts}
    assert balances[get_account_id("emma")] == 180_000 * PAI + 7


def test_a_member_named_twice_is_refused() -> None:
    emma = get_account_id("emma")
    with pytest.raises(ConstitutionError, match="is named twice among the members"):
        build_community(
            read_preset("demo"), "Test", [Founder(emma, 5), Founder(emma, 7)], build_seats("ann"), 0
        )


def test_the_same_draws_give_the_same_community_and_others_another() -> None:
    assert found().genesis == found().genesis
    assert found().genesis != found(members=("emma",)).genesis
    first, second = (
        build_community(read_preset("demo"), "Test", [], build_seats(*SEATS), 0) for _ in range(2)
    )
    assert first.founders.key != second.founders.key
    assert first.founders.group_secret != second.founders.group_secret


def test_the_chain_learns_nothing_of_a_person() -> None:
    facts = (("name", "Эмма Сафина"), ("born", "1980-05-01"))
    emma = Founder(get_account_id("emma"), facts=facts, document="8005 № 123456")
    founding = build_community(read_preset("demo"), "Test", [emma], build_seats(*SEATS), 0)
    data = repr(founding.genesis).encode() + b"".join(
        item.commitment + item.tag for item in founding.genesis.attestations
    )
    for secret in ("Эмма", "Сафина", "1980", "123456"):
        assert secret.encode() not in data
        assert secret not in repr(founding.genesis)
    fields = founding.fields[get_account_id("emma")]
    assert {item.name: item.value for item in fields} == dict(facts)
    (attestation,) = [
        item for item in founding.genesis.attestations if item.subject == get_account_id("emma")
    ]
    assert attestation.commitment == compute_commitment(fields)


def test_one_document_is_one_person() -> None:
    secret, other = bytes(32), bytes([1]) * 32
    tag = compute_document_tag(secret, "RU", "8005 123456")
    assert tag == compute_document_tag(secret, "RU", " 8005-123456 ")
    assert compute_document_tag(secret, "RU", "ab 12") == compute_document_tag(secret, "RU", "AB12")
    assert tag != compute_document_tag(other, "RU", "8005 123456")
    assert tag != compute_document_tag(secret, "KZ", "8005 123456")
    assert tag != compute_document_tag(secret, "RU", "8005 123457")
    assert compute_account_tag(secret, bytes(32)) != compute_account_tag(other, bytes(32))
    twice = [Founder(get_account_id(name), document="8005 123456") for name in ("emma", "farid")]
    genesis = build_community(read_preset("demo"), "T", twice, build_seats(*SEATS), 0).genesis
    assert [item.text for item in find_findings(genesis) if item.is_fault] == [
        "within a group of authorities a person has one tag and one account"
    ]


def test_a_commitment_binds_every_field_and_hides_equal_ones() -> None:
    facts = [("name", "Emma"), ("born", "1980"), ("place", "Ufa")]
    draw = draw_by_count()
    fields = build_fields(facts, draw)
    assert [item.name for item in fields] == ["born", "name", "place"]
    root = compute_commitment(fields)
    for index, field in enumerate(fields):
        for changed in (
            replace(field, value=field.value + "x"),
            replace(field, name=field.name + "x"),
            replace(field, salt=bytes(32)),
        ):
            assert compute_commitment((*fields[:index], changed, *fields[index + 1 :])) != root
    assert compute_commitment(fields[:2]) != root
    assert compute_commitment(build_fields(facts, draw)) != root
    assert compute_commitment(build_fields([], draw)) != compute_commitment(build_fields([], draw))


def test_the_shape_of_a_commitment() -> None:
    a, b, c = (SaltedField(name, "", bytes(32)) for name in "abc")
    leaves = [
        compute_hash(b"ident-leaf", b"\x93\xa1" + item.name.encode() + b"\xa0\xc4\x20" + bytes(32))
        for item in (a, b, c)
    ]
    pair = compute_hash(b"ident-node", leaves[0], leaves[1])
    assert compute_commitment([a]) == leaves[0]
    assert compute_commitment([a, b]) == pair
    assert compute_commitment([a, b, c]) == compute_hash(b"ident-node", pair, leaves[2])


def test_the_founders_file_opens_what_the_genesis_hides(tmp_path: Path) -> None:
    founding = build_community(
        read_preset("demo"),
        "Test",
        [Founder(get_account_id("emma"), facts=(("name", "Emma"),))],
        build_seats(*SEATS),
        0,
        founders=draw_founders("Собрание", "RU"),
    )
    path = tmp_path / "private"
    write_new_file(path, encode_private_document(founding), private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = json.loads(path.read_text())
    assert document["community"] == compute_chain_id(founding.genesis).hex()
    key = build_key_pair(bytes.fromhex(document["authority"]["key_seed"]))
    assert founding.genesis.authorities[0].policy.keys == (key.public,)
    assert founding.genesis.authorities[0].name == "Собрание"
    commitments = {item.commitment for item in founding.genesis.attestations}
    for member in document["members"]:
        fields = [
            SaltedField(item["name"], item["value"], bytes.fromhex(item["salt"]))
            for item in member["fields"]
        ]
        assert compute_commitment(fields) in commitments
    assert len(document["members"]) == 5
    with pytest.raises(ConstitutionError, match="exists already"):
        write_new_file(path, b"", private=True)


def write_members(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "members.csv"
    path.write_bytes(text.encode(encoding))
    return path


def get_address(name: str) -> str:
    return encode_address("pai", get_account_id(name))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_members_of_a_spreadsheet(delimiter: str, tmp_path: Path) -> None:
    rows = [
        ("Name", "Address", "Balance", "Document"),
        ('"Сафина, Эмма"', get_address("emma"), "12.5", "8005 123456"),
        ("Фарид", get_address("farid"), "", ""),
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    emma, farid = read_members_file(write_members(tmp_path, text, "utf-8-sig"), "pai")
    assert emma == Founder(
        get_account_id("emma"),
        balance=12_500_000,
        facts=(("name", "Сафина, Эмма"), ("document", "8005 123456")),
        document="8005 123456",
    )
    assert farid == Founder(get_account_id("farid"), facts=(("name", "Фарид"),))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the first line names the columns"),
        ("name,balance\nx,1\n", "one of them 'address'"),
        ("address,name,name\n", "each once"),
        ("address,balance\npai1qqq,5\n", "line 2: 'pai1qqq' has a typing error"),
        ("address,balance\n{emma},-5\n", "line 2: '-5' is below zero"),
        ("address,balance\n{emma},5\n{farid},x\n", "line 3: 'x' is not an amount"),
        ("address,balance\n{emma},5,7\n", "line 2: this line has not as many columns"),
        ("address,balance\n{emma}\n", "line 2: this line has not as many columns"),
        ("address,name\n{emma},\x07\n", "line 2: text with control characters"),
    ],
)
def test_errors_of_a_spreadsheet_name_the_line(text: str, told: str, tmp_path: Path) -> None:
    filled = text.format(emma=get_address("emma"), farid=get_address("farid"))
    with pytest.raises(ConstitutionError) as caught:
        read_members_file(write_members(tmp_path, filled), "pai")
    assert told in str(caught.value)


def test_a_spreadsheet_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = write_members(tmp_path, "address,name\nx,Эмма\n", "cp1251")
    with pytest.raises(ConstitutionError, match="not UTF-8"):
        read_members_file(path, "pai")


def test_warnings() -> None:
    whole = found().genesis
    usual = get_warnings(whole)
    assert "one authority alone" in usual
    assert "acts by one key" in usual
    assert "seat" not in usual.replace("makes votes and seats", "")
    one = replace(whole, seats=whole.seats[:1])
    assert "one seat alone decides" in get_warnings(one)
    for count in (2, 3):
        few = replace(whole, seats=whole.seats[:count])
        assert f"with {count} seats every single one" in get_warnings(few)
    heavy = replace(whole, seats=(replace(whole.seats[0], bond=1_600 * PAI), *whole.seats[1:]))
    # However large his bond, nobody begins with a third of the weight when there are four seats.
    assert 3 * max(compute_seat_weights(heavy)) < sum(compute_seat_weights(heavy))
    rich = replace(
        whole, accounts=(replace(whole.accounts[0], balance=10**6 * PAI), *whole.accounts[1:])
    )
    assert "cheating could pay" in get_warnings(rich)
    short = replace(whole, seats=tuple(replace(item, bond_term_periods=30) for item in whole.seats))
    assert "a bond's term" in get_warnings(short)
    again = tuple(replace(item, commitment=bytes(32)) for item in whole.attestations)
    assert "salts were used twice" in get_warnings(replace(whole, attestations=again))
    soon = tuple(replace(item, until_slot=100) for item in whole.attestations)
    assert "end within the first 90 periods" in get_warnings(replace(whole, attestations=soon))


def test_two_authorities_of_several_keys_are_not_warned_of() -> None:
    genesis = build_genesis()
    policies = [
        Policy(2, tuple(sorted(get_policy(name).keys[0] for name in names)))
        for names in (("first", "second"), ("third", "fourth"))
    ]
    authorities = sorted(
        (
            replace(genesis.authorities[0], id=compute_account_id(policy), policy=policy)
            for policy in policies
        ),
        key=lambda item: item.id,
    )
    moved = tuple(replace(item, authority=authorities[0].id) for item in genesis.attestations)
    both = replace(genesis, authorities=tuple(authorities), attestations=moved)
    assert get_warnings(both) == ""
    alone = replace(both, authorities=both.authorities[:1])
    assert get_warnings(alone).startswith("one authority alone")


def test_faults_come_before_warnings() -> None:
    genesis = replace(found().genesis, seats=())
    findings = find_findings(genesis)
    assert findings
    assert all(item.is_fault for item in findings)
