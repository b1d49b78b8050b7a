"""Bounds on an arriving request, which uvicorn's fast parser lacks: the size of its head, and the time it takes."""

import asyncio

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
PIECE_BYTES = 16_384
REQUEST_SECONDS = 60.0
PART_SECONDS = 660.0
"""For a part of a file, which a person sends over a slow line; the files page itself ends one that pauses."""
PART_PATH = b"/files/api/"


def refused(status: str, words: str) -> bytes:
    """Return the bytes of a refusal after which the connection is closed."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(words)}"
    return f"{head}\r\nconnection: close\r\n\r\n{words}".encode()


TOO_LARGE = refused("431 Request Header Fields Too Large", "The headers are larger than this server reads")
INVALID = refused("400 Bad Request", "Invalid HTTP request received.")
TOO_SLOW = refused("408 Request Timeout", "The request did not arrive in time")


class BoundedHeadProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a 431 for a head over 64 KiB and a 408 for a request that takes over a minute.

    A part of a file may take eleven. Bytes are counted in pieces of 16 KiB, so a head may be larger by one. An offer to
    change the protocol (`Upgrade: h2c`, as some clients send with every request) is ignored, as HTTP allows.
    """

    request_seconds = REQUEST_SECONDS
    part_seconds = PART_SECONDS
    _head_bytes = 0
    _is_in_head = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request."""
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what the socket brought, and count it while it is part of a head."""
        self._unset_keepalive_if_required()
        if self._deadline is None and not self._is_responding:
            self._start_deadline()  # also for bytes that begin no request, such as a line end between two
        received = memoryview(data)
        try:
            for start in range(0, len(data), PIECE_BYTES):
                piece = received[start : start + PIECE_BYTES]
                self._parse(piece)
                # A head that began in this piece counts all of it.
                self._head_bytes += len(piece)
                if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES + PIECE_BYTES:
                    self._refuse(TOO_LARGE)
                    return
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(INVALID)

    def _parse(self, piece: memoryview) -> None:
        while piece:
            try:
                self.parser.feed_data(piece)
                return
            except httptools.HttpParserUpgrade as upgrade:
                # The parser takes what follows for another protocol; give it the head again, without the offer.
                if self.parser.get_method() == b"CONNECT":
                    raise
                self.parser.feed_data(self._head_without_upgrade())
                piece = piece[upgrade.args[0] :]

    def _head_without_upgrade(self) -> bytes:
        first = (self.parser.get_method(), self.url, b"HTTP/" + self.parser.get_http_version().encode())
        headers = (b"%b: %b" % header for header in self.headers if header[0] != b"upgrade")
        return b"\r\n".join([b" ".join(first), *headers, b"", b""])

    def on_message_begin(self) -> None:
        """Start to count a new head, and its time."""
        self._head_bytes = 0
        self._is_in_head = True
        self._start_deadline()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; the trailers of a chunked body, which a proxy never saw as headers, are none."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the count: the head fitted."""
        self._is_in_head = False
        if self.parser.get_method() == b"PUT" and self.url.startswith(PART_PATH):
            self._start_deadline(self.part_seconds)
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the time: the whole request has arrived."""
        if not self.parser.should_upgrade():
            self._stop_deadline()
            super().on_message_complete()

    @property
    def _is_responding(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_deadline(self, seconds: float | None = None) -> None:
        self._stop_deadline()
        self._deadline = self.loop.call_later(seconds or self.request_seconds, self._refuse, TOO_SLOW)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, refusal: bytes) -> None:
        """Close the connection, with the refusal unless a response has begun; nobody is there for that any more."""
        if self._is_responding:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not self._is_responding or not self.cycle.response_started:
            self.transport.write(refusal)
        self.transport.close()
