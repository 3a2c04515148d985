"""One stream to one peer, in frames: a varint of the length, then so many bytes.

Frames are read whole or not at all, and never longer than the reader says beforehand. Whatever
goes wrong below comes out as a TransportError; deadlines are the caller's.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from p2p.mends import Stream, containing, let_go, translating
from p2p.rpc import encode_varint
from p2p.transport import PeerId, TransportError

READ_BYTES: Final = 64 * 1_024
LENGTH_BYTES_MAX: Final = 5  # 35 bits; every limit of ours is far below


class StreamChannel:
    """One stream, with frames of a varint length. Everything raises TransportError."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    async def _read_more(self) -> None:
        with translating():
            data = await self._stream.read(READ_BYTES)
        if not data:
            raise TransportError("the stream ended")
        self._buffer += data

    async def read_frame(self, limit_bytes: int) -> bytes:
        """The next frame: a varint of its length, then so many bytes."""
        length = shift = 0
        for place in range(LENGTH_BYTES_MAX):
            while len(self._buffer) <= place:
                await self._read_more()
            length |= (self._buffer[place] & 0x7F) << shift
            shift += 7
            if self._buffer[place] < 0x80:
                break
        else:
            raise TransportError("a length without end")
        if length > limit_bytes:
            raise TransportError(f"a frame of {length} bytes, at most {limit_bytes}")
        end = place + 1 + length
        while len(self._buffer) < end:
            await self._read_more()
        frame = bytes(self._buffer[place + 1 : end])
        del self._buffer[:end]
        return frame

    async def write(self, data: bytes) -> None:
        """Write it all."""
        with translating():
            await self._stream.write(data)

    async def write_last_frame(self, data: bytes) -> None:
        """Write a frame and say that no more comes."""
        await self.write(encode_varint(len(data)) + data)
        with translating():
            await self._stream.close_write()

    async def finish(self) -> None:
        """End the stream when all that was wanted has come. Does not raise."""
        with containing():
            await let_go(self._stream)

    async def abort(self) -> None:
        """Give the stream up. Does not raise."""
        with containing():
            await self._stream.reset()


# What is done with a stream that a peer opened.
Talk = Callable[[PeerId, StreamChannel], Awaitable[None]]


async def close_quietly(close: Callable[[], Awaitable[None]]) -> None:
    """Close something of the library's. Does not raise."""
    with containing():
        await close()
