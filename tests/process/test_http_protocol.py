import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from qarnot_mcp.process.http_protocol import MAX_HEAD_BYTES, BoundedHeadProtocol
from tests.support.serving import serve

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


class Hasty(BoundedHeadProtocol):
    """Waits for half a second where the real one waits for a minute."""

    request_seconds = 0.5


@pytest.fixture
def protocol() -> type[BoundedHeadProtocol]:
    return BoundedHeadProtocol


@pytest.fixture
async def connection(protocol: type[BoundedHeadProtocol]) -> AsyncIterator[Connection]:
    app = Starlette(routes=[Route("/", length, methods=["GET", "POST"])])
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
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * MAX_HEAD_BYTES)
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
async def test_a_connection_may_rest_between_requests(connection: Connection) -> None:
    reader, writer = connection
    for seconds in (0.0, 2 * Hasty.request_seconds):
        await asyncio.sleep(seconds)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await answer(reader))[0] == b"HTTP/1.1 200 OK"
