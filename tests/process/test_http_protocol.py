import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from qarnot_mcp.process.http_protocol import MAX_HEAD_BYTES, PIECE_BYTES, BoundedHeadProtocol
from tests.support.serving import serve

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def names(request: Request) -> PlainTextResponse:
    await request.body()
    return PlainTextResponse(" ".join(request.headers))


class Waiting:
    """An application that answers nothing and knows when its client is gone."""

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()
        self.is_left = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            while (await receive())["type"] != "http.disconnect":
                self.has_begun.set()
            self.is_left.set()


class Hasty(BoundedHeadProtocol):
    """Waits for half a second where the real one waits for a minute."""

    request_seconds = 0.5
    part_seconds = 10.0


class LoopTime:
    """The clock of the event loop, which a test can let run ahead."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead_seconds = 0.0

    def __call__(self) -> float:
        return self._clock() + self._ahead_seconds

    async def skip(self, seconds: float) -> None:
        """Let this much time pass at once, with all that is due in it."""
        self._ahead_seconds += seconds
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def time(monkeypatch: pytest.MonkeyPatch) -> LoopTime:
    """The time of the server and of the test."""
    loop = asyncio.get_running_loop()
    ahead = LoopTime(loop.time)
    monkeypatch.setattr(loop, "time", ahead)
    return ahead


@pytest.fixture
def protocol() -> type[BoundedHeadProtocol]:
    return BoundedHeadProtocol


@pytest.fixture
async def connection(protocol: type[BoundedHeadProtocol]) -> AsyncIterator[Connection]:
    app = Starlette(
        routes=[
            Route("/", length, methods=["GET", "POST"]),
            Route("/names", names, methods=["POST"]),
            Route("/files/api/file", length, methods=["PUT"]),
        ]
    )
    async with serve(app, http=protocol) as url:  # type: ignore[arg-type]
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        yield reader, writer
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The status line and the body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].split()[0])
    return head.split(b"\r\n")[0], await reader.readexactly(size)


async def test_many_requests_on_a_connection_are_counted_each_for_itself(connection: Connection) -> None:
    reader, writer = connection
    for _ in range(4):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (MAX_HEAD_BYTES // 2) + b"\r\n\r\n")
        assert (await answer(reader))[0] == b"HTTP/1.1 200 OK"


async def test_a_large_body_is_no_head(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 1_000_000)
    assert await answer(reader) == (b"HTTP/1.1 200 OK", b"1000000")


async def test_a_head_without_an_end_is_refused(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (MAX_HEAD_BYTES + PIECE_BYTES))
    status, text = await answer(reader)
    assert status.startswith(b"HTTP/1.1 431 ")
    assert text == b"The headers are larger than this server reads"
    assert await reader.read() == b""


@pytest.mark.parametrize("protocol", [Hasty])
@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: a", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na"],
)
async def test_a_request_that_does_not_come_to_its_end_is_given_up(connection: Connection, sent: bytes) -> None:
    reader, writer = connection
    writer.write(sent)
    assert await answer(reader) == (b"HTTP/1.1 408 Request Timeout", b"The request did not arrive in time")
    assert await reader.read() == b""


@pytest.mark.parametrize("protocol", [Hasty])
async def test_the_time_that_a_test_skips_is_that_of_the_server(connection: Connection, time: LoopTime) -> None:
    reader, writer = connection
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await answer(reader))[0] == b"HTTP/1.1 200 OK"
    writer.write(b"GET ")
    refused = asyncio.create_task(answer(reader))
    while not refused.done():
        await time.skip(1)
    assert refused.result()[0] == b"HTTP/1.1 408 Request Timeout"


@pytest.mark.parametrize("protocol", [Hasty])
async def test_a_connection_may_rest_between_requests(connection: Connection, time: LoopTime) -> None:
    reader, writer = connection
    for seconds in (0.0, 2 * Hasty.request_seconds):
        await time.skip(seconds)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await answer(reader))[0] == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("protocol", [Hasty])
async def test_a_part_of_a_file_may_take_longer_than_other_requests(connection: Connection, time: LoopTime) -> None:
    reader, writer = connection
    writer.write(b"PUT /files/api/file?path=a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    await writer.drain()
    await asyncio.sleep(0)
    await time.skip(Hasty.request_seconds * 10)
    writer.write(b"lo")
    assert await answer(reader) == (b"HTTP/1.1 200 OK", b"5")
    writer.write(b"PUT /files/api/file?path=a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
    refused = asyncio.create_task(answer(reader))
    while not refused.done():
        await time.skip(1)
    assert refused.result()[0] == b"HTTP/1.1 408 Request Timeout"


H2C = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n"


@pytest.mark.parametrize(
    "body", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
async def test_a_client_that_offers_h2c_keeps_its_body(connection: Connection, body: bytes) -> None:
    reader, writer = connection
    for _ in range(2):
        writer.write(H2C + body)
        assert await answer(reader) == (b"HTTP/1.1 200 OK", b"5")


async def test_a_body_behind_an_offer_of_h2c_may_come_later(connection: Connection) -> None:
    reader, writer = connection
    writer.write(H2C + b"Content-Length: 5\r\n\r\n")
    await writer.drain()
    for byte in b"hello":
        writer.write(bytes([byte]))
        await writer.drain()
    assert await answer(reader) == (b"HTTP/1.1 200 OK", b"5")


async def test_many_offers_at_once_are_all_ignored(connection: Connection) -> None:
    reader, writer = connection
    writer.write((H2C + b"Content-Length: 5\r\n\r\nhello") * 1_500)
    for _ in range(1_500):
        assert await answer(reader) == (b"HTTP/1.1 200 OK", b"5")


async def test_a_tunnel_is_refused(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n")
    assert (await answer(reader))[0] == b"HTTP/1.1 400 Bad Request"
    assert await reader.read() == b""


@pytest.mark.parametrize("protocol", [Hasty])
async def test_line_ends_between_requests_hold_no_connection(connection: Connection) -> None:
    reader, writer = connection
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await answer(reader))[0] == b"HTTP/1.1 200 OK"
    writer.write(b"\r\n")
    assert (await answer(reader))[0] == b"HTTP/1.1 408 Request Timeout"
    assert await reader.read() == b""


async def test_trailers_are_no_headers(connection: Connection) -> None:
    reader, writer = connection
    writer.write(
        b"POST /names HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\na\r\n0\r\nAuthorization: Bearer stolen\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
    )
    assert await answer(reader) == (b"HTTP/1.1 200 OK", b"host transfer-encoding")


async def test_pipelined_requests_larger_than_one_head_are_all_answered(connection: Connection) -> None:
    reader, writer = connection
    request = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 1_000 + b"\r\n\r\n"
    count = 2 * MAX_HEAD_BYTES // len(request)
    writer.write(count * request + request[:500])
    for _ in range(count):
        assert (await answer(reader))[0] == b"HTTP/1.1 200 OK"


async def test_a_head_without_an_end_behind_a_request_ends_both() -> None:
    app = Waiting()
    async with serve(app, http=BoundedHeadProtocol) as url:  # type: ignore[arg-type]
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await app.has_begun.wait()
        writer.write(b"GET / HTTP/1.1\r\nX-Long: " + b"a" * (MAX_HEAD_BYTES + PIECE_BYTES))
        async with asyncio.timeout(10):
            await app.is_left.wait()
        assert (await answer(reader))[0].startswith(b"HTTP/1.1 431 ")
        writer.close()
