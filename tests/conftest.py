"""How hard properties are tried: ``PAI_TESTS=thorough`` takes minutes, the default seconds.

By default every run tries the same cases, so that a test is green or red and nothing between. A
thorough run tries others each time and prints what to paste to see a failure again.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "default",
    max_examples=60,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "thorough",
    max_examples=2_000,
    stateful_step_count=120,
    print_blob=True,
    deadline=None,
    database=None,
    suppress_health_check=_SLOW,
)
settings.load_profile(os.environ.get("PAI_TESTS", "default"))


@pytest.fixture(autouse=True)
def _late_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """For wallets, which believe no node that is ahead of their own clock, it is late enough."""
    monkeypatch.setattr("wallet.community.get_now", lambda: 2**33)
