"""The demonstration's live view fits the terminal it has, whatever stands on the board."""

import io

import pytest
from rich.console import Console

from chain.actions import AcceptChain, ConfirmDelivery
from chain.units import MICROPAI_PER_PAI
from node.cli.demo_live import Room, Scene, build_view
from node.ops.watch import Board, ChainTrade, MemberView, ServerView
from tests.community import build_genesis
from wallet.words import Language, Words

PAI = MICROPAI_PER_PAI
SIZES = [(80, 24), (100, 30), (120, 40), (200, 60)]


def build_board(servers: int = 4, members: int = 12) -> Board:
    board = Board(
        20,
        [
            ServerView(f"seat{n}", f"Owner{n}", 41, 0, 43, "9f1a93702db1891c" * 4, 3, 12, 101.3, 10)
            for n in range(servers)
        ],
        [
            MemberView(f"Member{n}", "shopkeeper", n < servers, (n + 100) * PAI + 5_000, 343 * PAI)
            for n in range(members)
        ],
        clock_slot=43,
    )
    payment = {"kind": "pay", "to": "B", "amount": "12.345678", "memo": "bread for the shop\x1b[2J"}
    for height in range(1, 42):
        block = {
            "height": height,
            "slot": height,
            "hash": f"{height}",
            "parent_hash": f"{height - 1}",
            "seat": f"seat{height % servers}",
            "transactions": [{"account": "A", "actions": [payment]}],
        }
        assert board.follow_block(block, {"A": "Payer", "B": "Payee"})
    shares = dict.fromkeys(("reserve", "social", "operators", "active"), "52.83")
    board.follow_funds({"settlement": "5889.67", "pot": "0", **shares})
    return board


def draw(board: Board, size: tuple[int, int], language: Language = Language.ENGLISH) -> list[str]:
    scene = Scene(build_genesis(), board, 43, False)
    # Wider than the room, so that a line that is too long would show itself.
    console = Console(file=io.StringIO(), width=size[0], height=size[1], color_system=None)
    view = build_view(Words(language), scene, Room(size[0], size[1] - 1))
    return [
        "".join(segment.text for segment in line).rstrip()
        for line in console.render_lines(view, pad=False)
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", list(Language))
def test_the_usual_village_is_shown_whole(size: tuple[int, int], language: Language) -> None:
    lines = draw(build_board(), size, language)
    assert len(lines) < size[1]
    text = "\n".join(lines)
    for number in range(12):
        assert sum(f"Member{number} " in line and "343" in line for line in lines) == 1
    for number in range(4):
        (line,) = (line for line in lines if f"Owner{number}" in line)
        assert "101" in line, "a server's last column"
    assert "52" in text
    assert text.count("→") >= 3, "trades"


@pytest.mark.parametrize("size", [*SIZES, (60, 16)])
@pytest.mark.parametrize(("servers", "members"), [(16, 200), (1, 2), (2, 30)])
def test_no_village_is_too_large(size: tuple[int, int], servers: int, members: int) -> None:
    lines = draw(build_board(servers, members), size)
    assert all(len(line) <= size[0] for line in lines)
    if size != (60, 16):
        assert len(lines) < size[1]
    shown = sum(line.lstrip("│ ").startswith("Member") for line in lines)
    said = any(f"And {members - shown} more." in line for line in lines)
    assert said == (shown < members)


def test_what_a_stranger_writes_does_not_drive_the_terminal() -> None:
    assert not any("\x1b" in line for line in draw(build_board(), (120, 40)))


def test_finality_has_a_column_once_there_is_some() -> None:
    board = build_board()
    assert not any("final" in line for line in draw(board, (120, 40)))
    board.servers[0].final_height = 37
    (line,) = (line for line in draw(board, (120, 40)) if "Owner0" in line)
    assert "37" in line


def test_what_needed_no_money_is_shown() -> None:
    board = build_board()
    board.chains.note([ChainTrade(7, 2, "A", "B", 30 * PAI), ChainTrade(8, 2, "B", "A", 20 * PAI)])
    board.chains.note([ChainTrade(7, 2, "A", "B", 10 * PAI)])
    assert (board.chains.number, board.chains.amount, board.chains.moved) == (1, 50 * PAI, 10 * PAI)
    text = "\n".join(draw(board, (80, 24))).replace("\u00a0", " ")
    assert "7.2 %" in text, "40 of 506.17 paid and 50 traded"
    board.chains.note_sent(
        [ConfirmDelivery(7, 3), ConfirmDelivery(99, 1), AcceptChain(2, bytes(32))]
    )
    assert (board.chains.delivered, board.chains.accepted) == (30 * PAI, 1)


def test_servers_that_differ_are_said_to_catch_up() -> None:
    board = build_board()
    assert any("All servers follow one chain." in line for line in draw(board, (80, 24)))
    board.servers[1].hash = "other"
    assert any("catching up" in line for line in draw(board, (80, 24)))
