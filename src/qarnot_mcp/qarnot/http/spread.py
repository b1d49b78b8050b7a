"""Requests spread over several connection pools: httpcore compares all connections of one with all that wait."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol, cast

import httpcore

from qarnot_mcp.qarnot.http.connections import network

KEEP_ALIVE_SECONDS = 30.0
POOLS = 8
"""At each request (encode/httpcore#1035): one large pool is slow, as `python -m benchmarks connections` shows."""


class AsyncStream(Protocol):
    """A body that is on its way."""

    def __aiter__(self) -> AsyncGenerator[bytes]: ...

    async def aclose(self) -> None:
        """Let go of its connection."""


class Carrier(Protocol):
    """What carries requests to the API: pools of connections, a proxy, or an application in this process."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; the body of the response is still on its way."""

    async def aclose(self) -> None:
        """Close all connections."""


def open_pools(trusted: ssl.SSLContext, connections: int) -> "SpreadPools":
    """Return pools that have together at least so many connections."""
    share = -(-connections // POOLS)
    return SpreadPools(
        [
            httpcore.AsyncConnectionPool(
                ssl_context=trusted,
                max_connections=share,
                max_keepalive_connections=share,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
                network_backend=network(),
            )
            for _ in range(POOLS)
        ]
    )


class SpreadPools:
    """Send each request through the first of the least busy pools."""

    def __init__(self, pools: list[httpcore.AsyncConnectionPool]) -> None:
        self._pools = pools
        self._in_flight = [0] * len(pools)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its pool counts as busy until the stream of the response is closed."""
        index = min(range(len(self._pools)), key=self._in_flight.__getitem__)
        self._in_flight[index] += 1
        try:
            response = await self._pools[index].handle_async_request(request)
        except BaseException:
            self._in_flight[index] -= 1
            raise
        response.stream = _CountedStream(response.stream, self._in_flight, index)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.aclose()


class _CountedStream:
    """A response body that tells its pool when it is closed, which is done once."""

    def __init__(self, stream: Any, in_flight: list[int], index: int) -> None:
        self._stream = stream
        self._in_flight = in_flight
        self._index = index

    def __aiter__(self) -> AsyncIterator[bytes]:
        return cast(AsyncIterator[bytes], aiter(self._stream))

    async def aclose(self) -> None:
        self._in_flight[self._index] -= 1
        await self._stream.aclose()
