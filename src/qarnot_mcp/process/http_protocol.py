"""Bounds on an arriving request, which uvicorn's fast parser lacks: the size of its head, and the time it takes."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
REQUEST_SECONDS = 60.0


def refused(status: str, words: str) -> bytes:
    """Return the bytes of a refusal after which the connection is closed."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(words)}"
    return f"{head}\r\nconnection: close\r\n\r\n{words}".encode()


TOO_LARGE = refused("431 Request Header Fields Too Large", "The headers are larger than this server reads")
TOO_SLOW = refused("408 Request Timeout", "The request did not arrive in time")


class BoundedHeadProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a 431 for a head over 64 KiB and a 408 for a request that takes over a minute.

    Bytes are counted as they arrive, so a head may be larger by what one read of the socket brings.
    """

    request_seconds = REQUEST_SECONDS
    _head_bytes = 0
    _is_reading_head = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request."""
        super().connection_made(transport)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what the socket brought, and count it while it is part of a head."""
        super().data_received(data)
        if self._is_reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Start to count a new head, and its time."""
        self._head_bytes = 0
        self._is_reading_head = True
        self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop the count: the head fitted."""
        self._is_reading_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the time: the whole request has arrived."""
        self._expect_nothing()
        super().on_message_complete()

    def _expect_request(self) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(self.request_seconds, self._give_up)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(TOO_SLOW)
        self.transport.close()
