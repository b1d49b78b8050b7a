"""The connections to the API, kept from one request to the next."""

import select
import ssl
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Any, Protocol, cast

import httpcore
from anyio import CancelScope

KEEP_ALIVE_SECONDS = 30.0
READ_BYTES = 256 * 1024


def network() -> httpcore.AsyncNetworkBackend | None:
    """Return what opens connections; None for httpcore's own.

    Before each request a kept connection is asked whether the other side has closed it: httpcore's own answer looks the
    socket up through four layers, for a tenth of a request. The body of a long log is read in larger parts.
    """
    # Windows has no poll; there all stays as it is.
    return Network() if hasattr(select, "poll") else None


class Network(httpcore.AnyIOBackend):
    """Open connections as httpcore does, and answers them as watched streams."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the name is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host."""
        return WatchedStream(await super().connect_tcp(host, port, timeout, local_address, socket_options))


class WatchedStream(httpcore.AsyncNetworkStream):
    """A stream of httpcore that knows its socket."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read what is there: more at once than httpcore asks for, which takes a third off the time of a long log."""
        return await self._stream.read(max(max_bytes, READ_BYTES), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write all of it."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt the connection."""
        return WatchedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return a fact; `is_readable` on an idle connection means that the other side has closed it."""
        if info == "is_readable":
            # A number below 0 is a closed socket, whose old number may be another connection's by now.
            return self._socket.fileno() < 0 or bool(self._poll.poll(0))
        return self._stream.get_extra_info(info)


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
