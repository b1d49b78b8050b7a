"""The bound on the head of a request: uvicorn's fast parser has none, and would keep headers of any size in memory."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 45\r\nconnection: close\r\n\r\nThe headers are larger than this server reads"
)


class BoundedHeadProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which answers 431 and hangs up once a head is larger than 64 KiB.

    The bytes are counted as they arrive, so a head may be larger by what one read of the socket brings.
    """

    _head_bytes = 0
    _is_reading_head = False

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
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Ends the count: the head fitted."""
        self._is_reading_head = False
        super().on_headers_complete()
