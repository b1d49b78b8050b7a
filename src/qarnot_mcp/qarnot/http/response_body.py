"""An answer that is arriving: its body is read in parts, unpacked, and never more of it than there is room for."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack

from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot.errors import ResponseTooLarge, UnreadableResponse

UNPACKED_BYTES = 256 * 1024
PREFETCHED_BYTES = 256 * 1024
LARGE_BYTES = 1024 * 1024


class StreamedResponse:
    """An answer that is arriving: its status and headers are there, its body is still on the way.

    `large` holds the places for answers that turn out to be large; one that finds none waits on its connection.
    """

    def __init__(
        self, status: int, headers: Mapping[str, str], chunks: AsyncGenerator[bytes], large: asyncio.Semaphore
    ) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks
        self._large = large
        self._prefetched: list[bytes] = []

    async def read(self, limit_bytes: int, *, cut: bool = False) -> bytearray:
        """Return the body; one beyond the limit is cut, or raises `ResponseTooLarge`."""
        # One buffer that grows and is not copied: a large one goes back to the system as a whole, many parts would not.
        body = bytearray()
        async with AsyncExitStack() as places:
            async for part in self._chunks:
                if len(body) <= LARGE_BYTES < len(body) + len(part):
                    await places.enter_async_context(self._large)
                body += part
                if len(body) > limit_bytes:
                    if not cut:
                        raise ResponseTooLarge(limit_bytes)
                    del body[limit_bytes:]
                    break
            return body

    async def prefetch(self) -> None:
        """Take in the first part of the body, so that a connection that breaks in it is noticed now."""
        size = 0
        async for part in self._chunks:
            self._prefetched.append(part)
            size += len(part)
            if size >= PREFETCHED_BYTES:
                return

    async def chunks(self) -> AsyncIterator[bytes]:
        """Return the body in parts as it arrives."""
        for part in self._prefetched:
            yield part
        self._prefetched.clear()
        async for part in self._chunks:
            yield part


async def unpacked(parts: AsyncIterator[bytes], packing: str) -> AsyncGenerator[bytes]:
    """Return a body in parts of bounded size, unpacked: a small packed body can hold a huge one."""
    packing = packing.strip().lower()
    if packing not in ("identity", "gzip", "x-gzip"):
        raise UnreadableResponse(f"it is packed as {packing}, which was not asked for")
    unpacker = None if packing == "identity" else zlib.decompressobj(wbits=31)
    is_empty = True
    async for part in parts:
        if unpacker is None:
            recorder().add("api_received_bytes", amount=len(part))
            yield part
            continue
        is_empty = False
        try:
            while text := unpacker.decompress(part, UNPACKED_BYTES):
                recorder().add("api_received_bytes", amount=len(text))
                yield text
                part = unpacker.unconsumed_tail
        except zlib.error:
            raise UnreadableResponse("it is not packed as it says") from None
    if unpacker is not None and not unpacker.eof and not is_empty:
        raise UnreadableResponse("its packed body is cut")
