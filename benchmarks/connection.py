"""A connection of HTTP/1.1 that costs next to nothing, so that the server is what is measured."""

import asyncio
from typing import Self, cast

import httptools


class Connection(asyncio.Protocol):
    """One kept connection; one request at a time, as bytes. Open it with `Connection.to(port)`."""

    def __init__(self) -> None:
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None
        self._parts: list[bytes] = []

    @classmethod
    async def to(cls, port: int) -> Self:
        """Connect to a port of this machine."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return the status and the body; raises `ConnectionError` where it breaks."""
        if self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        """Close the connection, whatever is under way."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpResponseParser(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fails the request that waits."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionResetError("the connection broke before the answer"))

    def data_received(self, data: bytes) -> None:
        """Read a part of an answer."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Return the request that waits."""
        body = b"".join(self._parts)
        self._parts.clear()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((self._parser.get_status_code(), body))
