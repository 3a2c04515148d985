"""Signing together: a transaction travels as a file, as a line of text, or before a camera.

A reader that is not ours decodes the codes, as the next signer's telephone would.
"""

from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wallet_desk import ACCOUNTS, ADDRESSES, ENTROPIES, PASSWORD, Desk, open_desk
from tests.wallet_node import build_member_genesis
from wallet.keystore import build_secrets, save_secrets
from wallet.phrase import derive_key
from wallet.requests import draw_qr
from wallet.terminal import Exit, Failure

KEYS = {name: derive_key(entropy).public.hex() for name, entropy in ENTROPIES.items()}
BLOCKS = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}  # upper and lower half, lit or not
PIXELS = 4  # to a module


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    genesis = build_member_genesis(*ENTROPIES.values())
    desk = open_desk(genesis, tmp_path / "wallets", capsys, monkeypatch)
    firm = ["wallet", "keys", "change", "anna", "--keep", "--threshold", "2", "--yes"]
    desk.ask(*firm, "--key", KEYS["boris"], "--key", KEYS["vera"])
    for name in ("boris", "vera"):
        secrets = build_secrets(ENTROPIES[name], ACCOUNTS["anna"])
        save_secrets(tmp_path / "wallets", f"{name}-for-anna", PASSWORD, secrets, replace=False)
    return desk


def read_screen(shown: str) -> str:
    """What a camera reads off a terminal."""
    rows = [line for line in shown.splitlines() if line and set(line) <= set(BLOCKS)]
    width = max(map(len, rows))
    halves = [[BLOCKS[sign][half] for sign in row.ljust(width)] for row in rows for half in (0, 1)]
    image = np.kron(np.array(halves, dtype=np.uint8) * 255, np.ones((PIXELS, PIXELS), np.uint8))
    (found,) = zxingcpp.read_barcodes(image)
    return found.text


def test_a_firms_payment_goes_from_screen_to_screen(desk: Desk, tmp_path: Path) -> None:
    path, line = tmp_path / "pay.json", tmp_path / "line.txt"
    asked = ["wallet", "pay", "anna", ADDRESSES["till"], "5", "--out", str(path), "--yes"]
    assert desk.ask(*asked)["missing_signatures"] == 1
    shown = desk.run("wallet", "sign", "anna", str(path), "--qr", "--yes")
    line.write_text(read_screen(shown))  # vera's telephone reads anna's screen
    shown = desk.run("wallet", "sign", "vera-for-anna", str(line), "--qr", "--yes")
    line.write_text(read_screen(shown))  # and whoever sends it, hers
    assert desk.ask("wallet", "send", "boris-for-anna", str(line), "--yes")["status"] == "in_block"


def test_an_officer_signs_with_a_wallet_of_his_own(desk: Desk, tmp_path: Path) -> None:
    """Vera's wallet is of her own account; one of its keys may act for the firm."""
    path = tmp_path / "pay.json"
    desk.ask("wallet", "pay", "anna", ADDRESSES["till"], "5", "--out", str(path), "--yes")
    assert desk.ask("wallet", "sign", "vera", str(path), "--yes")["missing_signatures"] == 0
    assert ADDRESSES["anna"] in desk.shown, "she reads whose money it is"
    said = desk.run("wallet", "send", "vera", str(path), "--yes", code=Exit.USAGE)
    assert f"pai wallet new NAME --address {ADDRESSES['anna']}" in said
    desk.run("wallet", "sign", "till", str(path), "--yes", code=Exit.WRONG_KEY)
    assert desk.ask("wallet", "send", "anna", str(path), "--yes")["status"] == "in_block"


def test_an_officers_new_wallet_says_which_key_to_hand_over(desk: Desk) -> None:
    shown = desk.run("wallet", "new", "clerk", "--address", ADDRESSES["anna"], "--yes")
    assert desk.ask("wallet", "keys", "show", "clerk")["own_key"] in shown


def test_a_full_payroll_fits_a_code(desk: Desk, tmp_path: Path) -> None:
    table = tmp_path / "wages.csv"
    table.write_text("".join(f"{ADDRESSES['till']};1;week {week}\n" for week in range(24)))
    path = tmp_path / "pay.json"
    desk.ask("wallet", "pay", "anna", "--file", str(table), "--out", str(path), "--yes")
    shown = desk.run("wallet", "sign", "vera-for-anna", str(path), "--qr", "--yes")
    code = tmp_path / "line.txt"
    code.write_text(read_screen(shown))
    assert desk.ask("wallet", "send", "anna", str(code), "--yes")["status"] == "in_block"


def test_what_no_code_can_hold_is_passed_on_as_a_file(desk: Desk, tmp_path: Path) -> None:
    table = tmp_path / "wages.csv"
    table.write_text("".join(f"{ADDRESSES['till']};1;{'w' * 100}\n" for _ in range(40)))
    path = tmp_path / "pay.json"
    desk.ask("wallet", "pay", "anna", "--file", str(table), "--out", str(path), "--yes")
    said = desk.run("wallet", "sign", "vera-for-anna", str(path), "--qr", "--yes", code=Exit.USAGE)
    assert "too long for a QR code" in said
    assert desk.ask("wallet", "send", "anna", str(path), "--yes")["status"] == "in_block"


@settings(max_examples=30, deadline=None)
@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=1, max_size=2_000))
def test_whatever_line_is_drawn_is_read(letters: str) -> None:
    line = f"PAI-SIGN:{letters}"
    assert read_screen(draw_qr(line)) == line


def test_a_line_without_an_end_is_refused() -> None:
    with pytest.raises(Failure):
        draw_qr("PAI-SIGN:" + "A" * 5_000)


def ask_line(desk: Desk, path: Path) -> str:
    """The line of a payment that anna has signed."""
    asked = ["wallet", "pay", "anna", ADDRESSES["till"], "5", "--out", str(path), "--yes"]
    line = desk.ask(*asked)["line"]
    assert isinstance(line, str)
    return line


def test_a_line_of_text_carries_a_transaction_to_the_next_signer(
    desk: Desk, tmp_path: Path
) -> None:
    line = ask_line(desk, tmp_path / "pay.json")
    assert line.startswith("PAI-SIGN:")
    assert line == line.upper()
    copied = tmp_path / "line.txt"
    copied.write_text("\n".join(line[start : start + 60] for start in range(0, len(line), 60)))
    assert "PAI-SIGN:" in desk.run("wallet", "sign", "vera-for-anna", str(copied), "--qr", "--yes")
    assert desk.ask("wallet", "send", "anna", str(copied), "--yes")["status"] == "in_block"


def test_a_line_that_was_copied_wrong_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "pay.json"
    line = ask_line(desk, path)
    for bad in (line[:-9], line.replace("A", "B"), "PAI-SIGN:", "PAI-SIGN:0"):
        path.write_text(bad)
        said = desk.run("wallet", "sign", "anna", str(path), "--yes", code=Exit.USAGE)
        assert "not a partly signed transaction" in said
