"""A slice of the run behind ``make finality``: figures of real processes; one dies, then two."""

from pathlib import Path
from statistics import median

import pytest

from tests.e2e.finality_run import run_all

SECONDS = 15.0


@pytest.mark.slow
def test_blocks_become_final_soon_and_finality_survives_a_server(tmp_path: Path) -> None:
    """``run_all`` fails unless finality goes on, stops with a reason, and resumes."""
    figures = run_all(SECONDS, print, tmp_path)
    assert len(figures.of_blocks) >= 20
    assert median(figures.of_blocks) <= 1.5
    assert len(figures.of_primaries) >= 4
    assert median(figures.of_primaries) <= 0.5
    assert len(figures.of_payments) >= 10
    assert median(figures.of_payments) <= 3.0
