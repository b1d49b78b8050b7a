"""The connections to the API, kept from one request to the next."""

import ssl
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol, cast

import httpcore
from anyio import CancelScope

from qarnot_mcp.qarnot.http.connections import network

KEEP_ALIVE_SECONDS = 30.0


class AsyncStream(Protocol):
    """A body that is on its way."""

    def __aiter__(self) -> AsyncGenerator[bytes]: ...

    async def aclose(self) -> None:
        """Let go of its connection."""


class Carrier(Protocol):
    """What carries requests to the API: kept connections, a proxy, or an application in this process."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; the body of the response is still on its way."""

    async def aclose(self) -> None:
        """Close all connections."""


class ConnectionPool:
    """Send each request over the connection that was used last, or over a new one where all are busy.

    The pool of httpcore compares all its connections with all requests that wait, each time one begins or ends
    (encode/httpcore#1035); here nothing waits, as the transport bounds the calls in flight.
    """

    def __init__(
        self, origin: httpcore.Origin, trusted: ssl.SSLContext, keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    ) -> None:
        self._origin = origin
        self._trusted = trusted
        self._keep_alive_seconds = keep_alive_seconds
        self._open = set[httpcore.AsyncHTTPConnection]()
        self._idle = deque[httpcore.AsyncHTTPConnection]()
        """Those of them that no request uses, the last used at the end."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; its connection is kept once the body has been read and closed."""
        connection = await self._living() or self._new()
        self._open.add(connection)
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            await self.give_back(connection)
            raise
        response.stream = _KeptStream(response.stream, connection, self)
        return response

    async def give_back(self, connection: httpcore.AsyncHTTPConnection) -> None:
        """Keep a connection whose response was read to its end; close any other, and those not used for long."""
        # One that never came about counts as idle and closed.
        if connection.is_idle() and not connection.is_closed():
            self._idle.append(connection)
        else:
            await self._close(connection)
        while self._idle and self._idle[0].has_expired():
            await self._close(self._idle.popleft())

    async def aclose(self) -> None:
        """Close all connections."""
        self._idle.clear()
        while self._open:
            await self._close(self._open.pop())

    async def _living(self) -> httpcore.AsyncHTTPConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await self._close(connection)
        return None

    async def _close(self, connection: httpcore.AsyncHTTPConnection) -> None:
        self._open.discard(connection)
        with CancelScope(shield=True):
            await connection.aclose()

    def _new(self) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(
            self._origin,
            ssl_context=self._trusted,
            keepalive_expiry=self._keep_alive_seconds,
            network_backend=network(),
        )


class _KeptStream:
    """A response body that gives its connection back when it is closed."""

    def __init__(self, stream: Any, connection: httpcore.AsyncHTTPConnection, pool: ConnectionPool) -> None:
        self._stream = stream
        self._connection = connection
        self._pool = pool
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return cast(AsyncIterator[bytes], aiter(self._stream))

    async def aclose(self) -> None:
        if self._is_closed:
            return  # given back twice, a connection would carry two requests
        self._is_closed = True
        # A connection that nobody closes stays open, also where the caller is gone.
        with CancelScope(shield=True):
            await self._stream.aclose()
            await self._pool.give_back(self._connection)
