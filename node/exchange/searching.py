"""A search for chains in a process of its own, within bounds of time and memory."""

from collections.abc import Iterable
from typing import Final

import msgspec

from node.exchange.apart import begin_work, end_work, work_apart
from node.exchange.market import Market
from node.exchange.matchmaker import Found, Terms, find_chains


class Task(msgspec.Struct, frozen=True):
    """What the process is given."""

    market: Market
    avoided: tuple[Terms, ...]


_TASKS: Final = msgspec.msgpack.Decoder(Task)
_FOUND: Final = msgspec.msgpack.Decoder(Found)


async def search_apart(market: Market, avoided: Iterable[Terms], seconds_max: float) -> Found:
    """What ``find_chains`` finds. Raises WorkFailed."""
    data = msgspec.msgpack.encode(Task(market, tuple(avoided)))
    return _FOUND.decode(await work_apart(__name__, data, seconds_max))


def main() -> None:
    """What that process does: a task in, what it finds out."""
    task = _TASKS.decode(begin_work(is_urgent=False))
    end_work(msgspec.msgpack.encode(find_chains(task.market, task.avoided)))


if __name__ == "__main__":
    main()
