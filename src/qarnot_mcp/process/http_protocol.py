"""The bounds on a request that is arriving: uvicorn's fast parser takes headers of any size, and any time for them."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
REQUEST_SECONDS = 60.0


def refused(status: str, words: str) -> bytes:
    """Answers the bytes of a refusal after which the connection is closed."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(words)}"
    return f"{head}\r\nconnection: close\r\n\r\n{words}".encode()


TOO_LARGE = refused("431 Request Header Fields Too Large", "The headers are larger than this server reads")
TOO_SLOW = refused("408 Request Timeout", "The request did not arrive in time")


class BoundedHeadProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which answers 431 to a head over 64 KiB, and 408 to a request that has not come in a minute.

    The bytes are counted as they arrive, so a head may be larger by what one read of the socket brings.
    """

    request_seconds = REQUEST_SECONDS
    _head_bytes = 0
    _is_reading_head = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for the first request."""
        super().connection_made(transport)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what the socket brought."""
        super().data_received(data)
        if self._is_reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begins to count a new head."""
        self._head_bytes = 0
        self._is_reading_head = True
        self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Ends the count: the head fitted."""
        self._is_reading_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Ends the time: the whole request is there."""
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
