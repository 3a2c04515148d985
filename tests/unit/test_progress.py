"""Whoever waits for long work is told how far it is, beside the results and not among them."""

from collections.abc import Iterator

import pytest

from tests.simulation import progress


def play(seconds: float, count: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Items that take so long each."""
    now = [0.0]
    monkeypatch.setattr("tests.simulation.progress.time.monotonic", lambda: now[0])

    def work() -> Iterator[int]:
        for number in range(count):
            now[0] += seconds
            yield number

    return list(progress.tell_progress(work(), count, "seeds"))


def test_long_work_says_now_and_then_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play(6, 100, monkeypatch) == list(range(100))
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0] == "3 of 100 seeds, about 10 more minutes"
    assert len(lines) == 33, "every third of a hundred, and none at the end"


def test_short_work_is_done_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play(0.1, 100, monkeypatch) == list(range(100))
    assert capsys.readouterr().err == ""
