"""Names: who may have which, what they cost, and that no two look alike."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.actions import Action, GiveUpAlias, Pay, RegisterAlias
from chain.errors import Code
from chain.names import compute_skeleton, is_reserved, is_well_formed
from chain.rules.aliases import find_account, find_alias, get_alias_price
from tests.community import PAI, Community, get_account_id
from tests.identity_world import PERIOD, act, build_world, get_context, refuse, wait

EMMA, FARID = get_account_id("emma"), get_account_id("farid")


def take(name: str, price_max: int = 0) -> RegisterAlias:
    return RegisterAlias(name, price_max)


def build_named() -> Community:
    community = build_world()
    act(community, "emma", take("emma"))
    return community


def build_given_up() -> Community:
    community = build_named()
    act(community, "emma", GiveUpAlias())
    return community


Case = tuple[Code, Callable[[], Community], tuple[str, Action], tuple[str, Action]]
CASES: dict[str, Case] = {
    "not well formed": (
        Code.BAD_ALIAS, build_world, ("emma", take("Emma")), ("emma", take("emma")),
    ),
    "reserved": (
        Code.ALIAS_RESERVED, build_world, ("emma", take("адми-н")), ("emma", take("админа")),
    ),
    "taken": (
        Code.ALIAS_TAKEN, build_named, ("farid", take("emma")), ("farid", take("farid")),
    ),
    "taken in other letters": (
        Code.ALIAS_TAKEN, build_named, ("farid", take("емма")), ("farid", take("эмма")),
    ),
    "one's own already": (
        Code.ALIAS_TAKEN, build_named, ("emma", take("emma", PAI)), ("emma", take("em-ma", PAI)),
    ),
    "given up lately": (
        Code.ALIAS_TAKEN, build_given_up, ("farid", take("emma")), ("emma", take("emma", PAI)),
    ),
    "no name to give up": (
        Code.NO_ALIAS, build_named, ("farid", GiveUpAlias()), ("emma", GiveUpAlias()),
    ),
    "given up before": (
        Code.NO_ALIAS, build_given_up, ("emma", GiveUpAlias()), ("farid", take("farid")),
    ),
    "a stranger's": (
        Code.ALIAS_PRICE_ABOVE_MAXIMUM, build_world,
        ("stranger", take("someone", PAI - 1)), ("stranger", take("someone", PAI)),
    ),
    "another within the year": (
        Code.ALIAS_PRICE_ABOVE_MAXIMUM, build_named,
        ("emma", take("emma-maria", PAI - 1)), ("emma", take("emma-maria", PAI)),
    ),
}  # fmt: skip
REFUSED = {case[0] for case in CASES.values()}


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_and_what_is_not(name: str) -> None:
    code, make, (bad_name, bad), (good_name, good) = CASES[name]
    community = make()
    assert refuse(community, bad_name, bad) is code
    act(community, good_name, good)


@pytest.mark.parametrize(
    "name",
    ["abc", "анна", "ab-c", "a1b2", "ғәлиә", "иван-2", "x" * 32, "й" * 32],
)
def test_good_names(name: str) -> None:
    assert is_well_formed(name)


@pytest.mark.parametrize(
    "name",
    ["", "ab", "x" * 33, "Anna", "аnna", "an na", "an_na", "-anna", "anna-", "an--na", "123", "1-2",
     "анна\u0301", "ı23", "anna\n", "Анна", "ﬁnn", "αβγ", "an.na", "①②a"],
)  # fmt: skip
def test_bad_names(name: str) -> None:
    assert not is_well_formed(name)


@pytest.mark.parametrize(
    ("first", "second"),
    [("cop", "сор"), ("paypal", "раураӏ"[:5] + "l"), ("anna", "аппа"), ("marta", "rnarta"),
     ("wolf", "vvolf"), ("bill", "bi11"), ("oleg", "0leg"), ("ivan", "lvan"), ("ёлка", "елка"),
     ("анна-к", "аннак"), ("зоя", "3оя"), ("шура", "wypa"), ("david", "clavid"),
     ("vvv", "vw"), ("vvv", "wv"), ("рыба", "рьіба"), ("юля", "іоля"), ("mama", "мама")],
)  # fmt: skip
def test_names_that_look_alike_are_one(first: str, second: str) -> None:
    assert compute_skeleton(first) == compute_skeleton(second)


@pytest.mark.parametrize(
    ("first", "second"), [("anna", "anne"), ("иван", "иванна"), ("oleg", "olga"), ("маша", "саша")]
)
def test_names_that_do_not_are_two(first: str, second: str) -> None:
    assert compute_skeleton(first) != compute_skeleton(second)


# All that Unicode's confusables.txt, version 15.1, says of the signs that names may have: signs, or
# rows of signs, with the same skeleton by UTS 39 ("ы" is "ьı" there, and "ı" is "i").
UNICODE_CONFUSABLES = (
    ("1", "l"), ("6", "б"), ("a", "а"), ("c", "с"), ("e", "е"), ("h", "һ"), ("i", "і"),
    ("m", "rn"), ("o", "о"), ("p", "р"), ("r", "г"), ("x", "х"), ("y", "у", "ү"), ("ы", "ьі"),
)  # fmt: skip
# What common fonts add: two signs that read as one, and digits.
COMMON_CONFUSABLES = (
    ("w", "vv", "uu", "ш"), ("d", "cl"), ("0", "o"), ("1", "i"), ("3", "з"), ("ё", "е"), ("й", "и"),
    ("u", "v"), ("н", "h"), ("к", "k"), ("т", "t"), ("м", "m"), ("в", "ь", "b"), ("ю", "іо"),
)  # fmt: skip
ALIKE = (*UNICODE_CONFUSABLES, *COMMON_CONFUSABLES)
SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789абвгдежзийклмнопрстуфхцчшщъыьэюя" + "ёіїєґўүөһ-"


@pytest.mark.parametrize("alike", ALIKE)
def test_unicodes_look_alikes_are_ours(alike: tuple[str, ...]) -> None:
    assert len({compute_skeleton(text) for text in alike}) == 1


@given(st.text(SIGNS, max_size=12), st.data())
def test_a_name_with_look_alikes_put_in_is_the_same_name(name: str, data: st.DataObject) -> None:
    changed = name
    for _ in range(data.draw(st.integers(1, 6))):
        places = [
            (place, old, new)
            for group in ALIKE
            for old in group
            for new in group
            if old != new
            for place in range(len(changed))
            if changed.startswith(old, place)
        ]
        if places:
            place, old, new = data.draw(st.sampled_from(places))
            changed = changed[:place] + new + changed[place + len(old) :]
        cut = data.draw(st.integers(0, len(changed)))
        changed = changed[:cut] + "-" + changed[cut:]
    assert compute_skeleton(changed) == compute_skeleton(name)
    assert is_reserved(changed) == is_reserved(name)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_none_and_never_of_two_scripts(text: str) -> None:
    if is_well_formed(text):
        scripts = {unicodedata.name(sign).split()[0] for sign in text if sign.isalpha()}
        assert scripts in ({"LATIN"}, {"CYRILLIC"})
        assert unicodedata.normalize("NFC", text) == text == text.lower()
        assert compute_skeleton(text)


def test_names_of_offices_are_nobodys() -> None:
    assert is_reserved("admin")
    assert is_reserved("раi")
    assert is_reserved("rеserve".replace("е", "e"))
    assert not is_reserved("hamit")


def test_a_name_is_found_as_it_is_written_and_no_other_way() -> None:
    community = build_named()
    state = community.ledger.state
    assert find_account(state, "emma") == EMMA
    assert find_alias(state, EMMA) == "emma"
    for other in ("емма", "em-ma", "EMMA", "", "farid"):
        assert find_account(state, other) is None
    act(community, "emma", GiveUpAlias())
    assert find_account(state, "emma") is None
    assert find_alias(state, EMMA) is None


def test_a_name_changes_hands_after_a_year_at_the_earliest() -> None:
    community = build_named()
    act(community, "emma", take("emma-maria", PAI))
    state = community.ledger.state
    assert find_account(state, "emma") is None
    assert find_account(state, "emma-maria") == EMMA
    community.extend(after=359 * PERIOD)
    assert refuse(community, "farid", take("emma")) is Code.ALIAS_TAKEN
    wait(community, 1)
    act(community, "farid", take("emma"))
    assert find_account(state, "emma") == FARID
    assert find_alias(state, EMMA) == "emma-maria"
    # After a year the next name is free again.
    assert get_alias_price(state, get_context(community), EMMA) == 0


def test_the_price_goes_to_those_who_run_the_servers() -> None:
    community = build_world(unit_fee=0)
    state = community.ledger.state
    before = state.money.require(b"current").operators
    act(community, "stranger", take("someone", 5 * PAI))
    assert state.money.require(b"current").operators >= before + PAI


def test_an_account_with_a_name_is_not_removed() -> None:
    community = build_world(unit_fee=0)
    act(community, "stranger", take("someone", PAI))
    rest = community.get_balance("stranger")
    act(community, "stranger", Pay(FARID, rest, ""))
    wait(community, 40)
    assert community.ledger.state.accounts.get(get_account_id("stranger")) is not None
