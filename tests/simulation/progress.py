"""How far long work is: a line for people, now and then, beside the results and not among them."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

ItemT = TypeVar("ItemT")

EVERY_SECONDS: Final = 15.0


def tell_progress(items: Iterable[ItemT], total: int, what: str) -> Iterator[ItemT]:
    """Pass items through; every quarter of a minute say how many of them there were."""
    began = told = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - told >= EVERY_SECONDS and done < total:
            told = now
            left_minutes = (now - began) * (total - done) / done / 60
            print(
                f"{done} of {total} {what}, about {left_minutes:.0f} more minutes",
                file=sys.stderr,
                flush=True,
            )
