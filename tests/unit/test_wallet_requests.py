"""What people hand each other: payment requests, names, payroll files, half-signed transactions."""

import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.actions import MEMO_BYTES_MAX, Pay, Save
from chain.address import encode_address
from chain.policy import Policy
from tests.community import PAI, get_account_id, get_key
from tests.wallet_node import WalletNode
from wallet.build import Draft, Envelope, build_body
from wallet.client import CommunityAnswer, Octets
from wallet.community import Community, pin_community, read_community
from wallet.contacts import (
    add_contact,
    is_like_address,
    normalize_name,
    read_contacts,
    remove_contact,
)
from wallet.partial import Partial, add_signatures, read_partial, write_partial
from wallet.payroll import read_payroll
from wallet.requests import (
    Request,
    build_payment,
    draw_qr,
    format_request,
    is_request,
    parse_amount,
    parse_request,
)
from wallet.terminal import Failure

CHAIN = bytes(range(32))
COMMUNITY = Community(
    id=CHAIN.hex(),
    name="Test",
    prefix="pai",
    genesis_time=1_800_000_000,
    slot_seconds=4,
    slots_per_step=900,
    slots_per_period=21_600,
    transaction_life_slots=21_600,
)
EMMA = get_account_id("emma")
ADDRESS = encode_address("pai", EMMA)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(amount=st.none() | st.integers(1, 10**15), memo=TEXTS)
def test_a_request_is_read_as_it_was_written(amount: int | None, memo: str) -> None:
    request = Request(EMMA, amount, memo)
    text = format_request(request, COMMUNITY)
    assert is_request(text)
    assert parse_request(text, COMMUNITY) == request
    assert parse_request(f"  {text}\n", COMMUNITY) == request
    assert text.isascii()
    assert " " not in text


def test_a_request_may_come_in_capitals() -> None:
    text = f"PAI:{ADDRESS.upper()}?AMOUNT=2,5&Memo=milk"
    assert parse_request(text, COMMUNITY) == Request(EMMA, 2_500_000, "milk")


@pytest.mark.parametrize(
    "query",
    [
        "amount=0",
        "amount=-1",
        "amount=1.0000001",
        "amount=",
        "amount=1&amount=2",
        "amount=1&AMOUNT=1",
        "community=ff00ff00ff00ff00",
        "community=00",
        "amount",
        "&".join(f"x{number}=1" for number in range(40)),
        "memo=" + "a" * 3_000,
    ],
)
def test_requests_that_mislead_are_refused(query: str) -> None:
    with pytest.raises(Failure):
        parse_request(f"pai:{ADDRESS}?{query}", COMMUNITY)


@pytest.mark.parametrize("address", ["", "pai1qqq", ADDRESS[:-1], encode_address("other", EMMA)])
def test_requests_to_nobody_are_refused(address: str) -> None:
    with pytest.raises(Failure):
        parse_request(f"pai:{address}?amount=1", COMMUNITY)


@given(text=TEXTS)
def test_any_request_is_read_or_refused(text: str) -> None:
    try:
        parse_request(f"pai:{text}", COMMUNITY)
    except Failure as failure:
        str(failure)


def test_a_qr_code_is_drawn_of_blocks() -> None:
    drawn = draw_qr(format_request(Request(EMMA, PAI, "молоко"), COMMUNITY))
    lines = drawn.splitlines()
    assert len(lines) > 20
    assert set(drawn) <= set(" █▀▄\n")
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("text", ["0", "-5", "0.0000001", "abc", "", "1e5"])
def test_amounts_to_pay_are_above_zero(text: str) -> None:
    with pytest.raises(Failure):
        parse_amount(text)


def test_memos_are_brought_into_the_form_of_the_ledger() -> None:
    decomposed = "e\u0301"
    assert build_payment(EMMA, PAI, decomposed).memo == "\u00e9"
    build_payment(EMMA, PAI, "ы" * (MEMO_BYTES_MAX // 2))
    for memo in ("ы" * (MEMO_BYTES_MAX // 2 + 1), "a\x1b[2J", "\ud800"):
        with pytest.raises(Failure):
            build_payment(EMMA, PAI, memo)


# The community.


def build_answer(**changes: Any) -> CommunityAnswer:
    answer = CommunityAnswer(
        id=Octets(CHAIN),
        name="Test",
        prefix="pai",
        genesis_time=1_800_000_000,
        slot_seconds=4,
        slots_per_step=900,
        slots_per_period=21_600,
        slots_per_epoch=900,
        transaction_life_slots=21_600,
    )
    return replace(answer, **changes)


def test_the_first_node_pins_and_the_same_one_passes(tmp_path: Path) -> None:
    assert read_community(tmp_path) is None
    assert pin_community(tmp_path, build_answer(), "http://a") == (COMMUNITY, True)
    assert pin_community(tmp_path, build_answer(), "http://b") == (COMMUNITY, False)
    assert read_community(tmp_path) == COMMUNITY
    assert stat.S_IMODE((tmp_path / "community.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "changes",
    [{"id": Octets(bytes(32))}, {"slot_seconds": 5}, {"prefix": "tok"}, {"genesis_time": 1}],
)
def test_another_community_is_refused_with_both_names(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    pin_community(tmp_path, build_answer(), "http://a")
    with pytest.raises(Failure) as caught:
        pin_community(tmp_path, build_answer(name="Other", **changes), "http://b")
    for part in ("Other", "Test", "http://b", str(tmp_path)):
        assert part in str(caught.value)
    assert read_community(tmp_path) == COMMUNITY


@pytest.mark.parametrize(
    "changes",
    [
        {"id": Octets(b"short")},
        {"prefix": "PAI"},
        {"prefix": ""},
        {"slot_seconds": 0},
        {"slots_per_step": -1},
        {"slots_per_period": 901},
        {"genesis_time": -1},
        {"genesis_time": 2**60},
    ],
)
def test_figures_that_would_mislead_are_not_pinned(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(Failure):
        pin_community(tmp_path, build_answer(**changes), "http://a")
    assert read_community(tmp_path) is None


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"\xff"])
def test_a_damaged_pin_is_told(tmp_path: Path, damage: bytes) -> None:
    pin_community(tmp_path, build_answer(), "http://a")
    (tmp_path / "community.json").write_bytes(damage)
    with pytest.raises(Failure, match="damaged"):
        read_community(tmp_path)


def test_terms_end_where_the_ledger_ends_them() -> None:
    node = WalletNode()
    community = node.community
    community.extend([community.sign("emma", Save(10 * PAI, 5))])
    deposit = community.ledger.open_view().savings.require(EMMA).deposits[0]
    constants = community.genesis.constants
    pinned = replace(
        COMMUNITY,
        slot_seconds=constants.slot_seconds,
        slots_per_step=constants.slots_per_step,
        slots_per_period=constants.slots_per_period,
    )
    due = pinned.get_term_end(deposit.since_step, 5)
    assert due == pinned.get_step_time(deposit.until_step)


# Contacts.


def test_contacts_are_kept_found_and_forgotten(tmp_path: Path) -> None:
    assert read_contacts(tmp_path) == {}
    assert add_contact(tmp_path, COMMUNITY, "  Эмма   М. ", ADDRESS.upper()) == ("Эмма М.", ADDRESS)
    assert read_contacts(tmp_path) == {"Эмма М.": ADDRESS}
    assert remove_contact(tmp_path, "Эмма М.") == "Эмма М."
    assert read_contacts(tmp_path) == {}
    with pytest.raises(Failure):
        remove_contact(tmp_path, "Эмма М.")


@pytest.mark.parametrize("name", ["", " ", "a:b", "x" * 65, "a\u202eb", "a\x00"])
def test_names_that_could_deceive_are_refused(name: str) -> None:
    with pytest.raises(Failure):
        normalize_name(name)


def test_a_name_cannot_look_like_an_address(tmp_path: Path) -> None:
    assert is_like_address(ADDRESS[:-1], COMMUNITY)
    with pytest.raises(Failure):
        add_contact(tmp_path, COMMUNITY, ADDRESS[:-1], ADDRESS)
    with pytest.raises(Failure):
        add_contact(tmp_path, COMMUNITY, "emma", ADDRESS[:-1] + "q")


# Payroll.


@pytest.mark.parametrize(
    "text",
    [
        "emma,12.50,wages\nfarid,1,\n",
        "address,amount,memo\nemma,12.50,wages\nfarid,1\n",
        "\ufeffадрес;сумма;назначение\r\nemma;12,50;wages\r\nfarid;1;\r\n",
        "emma\t12,50\twages\nfarid\t1\n\n",
        '"emma",12.50,"wages"\n\nfarid , 1 ,\n',
    ],
)
def test_tables_of_any_program_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wages.csv"
    path.write_text(text, encoding="utf-8", newline="")
    lines = [(line.to, line.amount, line.memo) for line in read_payroll(path)]
    assert lines == [("emma", 12_500_000, "wages"), ("farid", PAI, "")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no payment"),
        ("address,amount\n", "holds no payment"),
        ("emma,5\nfarid\n", "Line 2"),
        ("emma,5\nfarid,5,a,b\n", "Line 2"),
        ("emma,5\n,5\n", "Line 2"),
        ("emma,5\nfarid,five\n", "Line 2"),
        ("emma,5\nfarid,0\n", "Line 2"),
        ("emma,5\nfarid,-5\n", "Line 2"),
        ('emma,5\n"farid,5\n', "not CSV"),
        ("emma,5\n" * 65, "At most 64"),
        ("x" * 70_000, "too long"),
    ],
)
def test_the_line_that_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wages.csv"
    path.write_text(text)
    with pytest.raises(Failure, match=says):
        read_payroll(path)


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read"):
        read_payroll(tmp_path / "absent.csv")
    path = tmp_path / "old.csv"
    path.write_bytes("эмма;5\n".encode("cp1251"))
    with pytest.raises(Failure, match="UTF-8"):
        read_payroll(path)


@given(data=st.binary(max_size=300))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("payroll") / "file.csv"
    path.write_bytes(data)
    try:
        lines = read_payroll(path)
    except Failure as failure:
        str(failure)
    else:
        assert all(line.amount > 0 and line.to for line in lines)


# Half-signed transactions.

NAMES = ("emma", "farid", "galina")
POLICY = Policy(2, tuple(sorted(get_key(name).public for name in NAMES)))
INDEXES = {name: POLICY.keys.index(get_key(name).public) for name in NAMES}


def build_partial(*names: str) -> Partial:
    draft = Draft(POLICY, (Pay(EMMA, PAI, "milk"),), 5, 0)
    body = build_body(draft, Envelope(CHAIN, bytes(32), 0, 100, None, CHAIN[:16]))
    keys = [(INDEXES[name], get_key(name)) for name in names]
    return add_signatures(Partial(CHAIN, POLICY, body, ()), keys)


@pytest.mark.parametrize("names", [(), ("emma",), ("galina", "farid")])
def test_files_for_other_signers_come_back(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = tmp_path / "payment.json"
    partial = build_partial(*names)
    write_partial(path, partial)
    assert read_partial(path, CHAIN) == partial


def test_a_file_of_another_community_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "payment.json"
    write_partial(path, build_partial())
    with pytest.raises(Failure, match="another community"):
        read_partial(path, bytes(32))


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    """Each hexadecimal digit of a signed body, policy or signature that changes is noticed."""
    path = tmp_path / "payment.json"
    write_partial(path, build_partial("emma"))
    whole = path.read_text()
    digits = [
        position
        for position, character in enumerate(whole)
        if character in "0123456789abcdef" and whole[position - 8 : position].isalnum()
    ]
    assert len(digits) > 300
    for position in digits[::7]:
        if _is_of_an_unused_key(whole, position):
            continue
        other = "1" if whole[position] != "1" else "2"
        path.write_text(whole[:position] + other + whole[position + 1 :])
        with pytest.raises(Failure):
            read_partial(path, CHAIN)


def _is_of_an_unused_key(whole: str, position: int) -> bool:
    """Other signers' keys are not covered by a signature; the ledger holds the policy to them."""
    keys = [get_key(name).public.hex() for name in ("farid", "galina")]
    return any((start := whole.find(key)) <= position < start + len(key) for key in keys)


@pytest.mark.parametrize(
    "text", ["", "{}", "null", '{"format":"pai partly signed transaction 1"}', "x" * 200_000]
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "payment.json"
    path.write_text(text)
    with pytest.raises(Failure):
        read_partial(path, CHAIN)
    with pytest.raises(Failure):
        read_partial(tmp_path / "absent.json", CHAIN)
