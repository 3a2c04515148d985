"""How a community of processes looks from outside: what every server says of its chain."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import trio

from chain.errors import Invalid
from node.ops.servers import Server
from wallet.client import NodeClient
from wallet.terminal import Failure

T = TypeVar("T")

POLL_SECONDS: Final = 0.25
TOGETHER: Final = 2  # blocks that heads may lie apart in passing


async def ask(server: Server, path: str) -> Any | None:
    """An answer of a server, or None when it gives none."""
    async with NodeClient(server.place.url) as client:
        try:
            return await client.get_json(path)
        except (Failure, Invalid):
            return None


async def get_head(server: Server) -> tuple[int, str] | None:
    """Height and hash of a server's head."""
    status = await ask(server, "/v1/status")
    return None if status is None else (status["head"]["height"], status["head"]["hash"])


async def get_hash(server: Server, height: int) -> str | None:
    """The hash of a server's block at a height."""
    block = await ask(server, f"/v1/blocks/{height}")
    return None if block is None else str(block["hash"])


async def wait_for(seconds: float, condition: Callable[[], Awaitable[T | None]]) -> T:
    """Ask again and again until there is an answer: processes tell no events."""
    with trio.fail_after(seconds):
        while True:
            answer = await condition()
            if answer is not None:
                return answer
            await trio.sleep(POLL_SECONDS)


async def ask_all(servers: Sequence[Server], question: Callable[[Server], Awaitable[T]]) -> list[T]:
    """Every server's answer to a question, asked at one moment: heads move while one asks."""
    answers: dict[int, T] = {}

    async def ask_one(place: int, server: Server) -> None:
        answers[place] = await question(server)

    async with trio.open_nursery() as nursery:
        for place, server in enumerate(servers):
            nursery.start_soon(ask_one, place, server)
    return [answers[place] for place in range(len(servers))]


async def find_lowest_head(servers: Sequence[Server]) -> int | None:
    """The lowest head's height when all follow one chain, close together; None else."""
    heights = [head[0] for head in await ask_all(servers, get_head) if head is not None]
    lowest = min(heights, default=0)
    if len(heights) < len(servers) or not lowest or max(heights) - lowest > TOGETHER:
        return None
    hashes = set(await ask_all(servers, partial(get_hash, height=lowest)))
    return lowest if len(hashes) == 1 and None not in hashes else None


async def find_first_block(servers: Sequence[Server]) -> bool | None:
    """True when a server has a block."""
    heads = await ask_all(servers, get_head)
    return True if any(head is not None and head[0] for head in heads) else None
