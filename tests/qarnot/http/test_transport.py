"""The pool over real sockets: bounded in time, size and number, and nothing of one caller for the next."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpcore
import pytest
import respx
from pydantic import SecretStr

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import Busy, ResponseTooLarge, ServerFailed, TimedOut, Unreachable, UnreadableResponse
from qarnot_mcp.qarnot.http.transport import Limits, Transport, fetch_json
from tests.support.qarnot_api import BASE, KEY, FakeClock, opened, task_document

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    """Serve whatever bytes the handler writes, and return the address."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(run, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def asked(reader: asyncio.StreamReader) -> bytes:
    """Read the head of a request."""
    return await reader.readuntil(b"\r\n\r\n")


def answered(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(data: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await asked(reader)
            writer.write(data)
            await writer.drain()

    return handler


async def text_of(client: QarnotClient) -> tuple[str, bool]:
    async with client.tasks.log("hello-1", "stdout") as log:
        return "".join([part.text async for part in log]), log.cut


async def test_a_connection_is_kept_for_the_next_call() -> None:
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await always(answered(b"[]"))(reader, writer)

    async with listening(handler) as url, opened(base_url=url) as client:
        for _ in range(3):
            await client.profiles.names()
    assert connections == 1


async def test_a_cookie_of_one_caller_never_goes_out_with_the_next() -> None:
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await asked(reader))
            writer.write(answered(b"[]", "Set-Cookie: session=of-the-first; Path=/"))
            await writer.drain()

    async with listening(handler) as url, opened(base_url=url) as client:
        await client.profiles.names()
        await client.profiles.names()
    assert len(heads) == 2
    assert b"of-the-first" not in heads[1]


async def test_a_redirect_is_not_followed_with_the_key(api: respx.MockRouter) -> None:
    api.get("/profiles").respond(302, headers={"Location": "https://elsewhere.example.org/"})
    async with opened(FakeClock()) as client:
        with pytest.raises(UnreadableResponse, match="redirects"):
            await client.profiles.names()
    assert api.calls.call_count == 1


async def test_silence_ends_in_time() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        await reader.read()

    async with listening(handler) as url, opened(base_url=url, limits=Limits(read_seconds=0.02)) as client:
        with pytest.raises(TimedOut, match=r"said nothing within 0\.02 s"):
            await client.profiles.names()


async def test_an_answer_that_trickles_ends_with_the_time_of_the_call() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(answered(b"[", length=10**9))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with listening(handler) as url, opened(base_url=url, limits=Limits(call_seconds=0.05)) as client:
        with pytest.raises(TimedOut, match=r"did not answer within 0\.05 s"):
            await client.profiles.names()
        with pytest.raises(TimedOut):
            await text_of(client)


async def test_a_call_that_is_cancelled_ends_its_request() -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        arrived.set()
        assert await reader.read() == b""
        gone.set()

    async with listening(handler) as url, opened(base_url=url) as client:
        call = asyncio.create_task(client.profiles.names())
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(5):
            await gone.wait()


async def test_an_endless_body_is_left_alone() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
        while True:
            writer.write(b" " * 10_000)
            await writer.drain()

    limits = Limits(max_response_bytes=100_000, max_log_bytes=500_000)
    async with listening(handler) as url, opened(base_url=url, limits=limits) as client:
        with pytest.raises(ResponseTooLarge, match="larger than 100,000 bytes"):
            await client.profiles.names()
        text, cut = await text_of(client)
        assert cut
        assert len(text) == 500_000


async def test_an_endless_refusal_is_read_only_to_the_length_of_a_message() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"no " * 10_000)
            await writer.drain()

    async with listening(handler) as url, opened(base_url=url) as client:
        with pytest.raises(ServerFailed, match="no no no"):
            await client.profiles.names()


async def test_a_body_that_is_cut_is_asked_for_again() -> None:
    time, bodies = FakeClock(), [answered(b'["a', length=100), answered(b'["a"]')]

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(bodies.pop(0))
        await writer.drain()

    async with listening(handler) as url, opened(time, base_url=url) as client:
        assert await client.profiles.names() == ["a"]
    assert time.waits == [0.5]


async def test_a_short_log_that_is_cut_is_asked_for_again() -> None:
    bodies = [answered(b'"line', length=100), answered(b'"line"')]

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(bodies.pop(0))
        await writer.drain()

    async with listening(handler) as url, opened(FakeClock(), base_url=url) as client:
        assert await text_of(client) == ("line", False)
        assert client.requests == 2


async def test_a_long_log_that_is_cut_is_told() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(answered(b'"' + b"x" * 1_000_000, length=2_000_000))
        await writer.drain()

    async with listening(handler) as url, opened(FakeClock(), base_url=url) as client:
        with pytest.raises(Unreachable, match="The connection to the Qarnot API broke"):
            await text_of(client)


async def test_a_packed_answer_is_unpacked() -> None:
    document = [f"profile-{number}" for number in range(2_000)]
    packed = gzip.compress(json.dumps(document).encode())
    data = answered(packed, "Content-Encoding: gzip")
    async with listening(always(data)) as url, opened(base_url=url) as client:
        assert await client.profiles.names() == document


async def test_a_bomb_in_a_packed_answer_does_not_go_off() -> None:
    packed = gzip.compress(b" " * 50_000_000)
    data = answered(packed, "Content-Encoding: gzip")
    async with (
        listening(always(data)) as url,
        opened(base_url=url, limits=Limits(max_response_bytes=1_000_000)) as client,
    ):
        with pytest.raises(ResponseTooLarge):
            await client.profiles.names()


@pytest.mark.parametrize(
    ("body", "packing", "reason"),
    [
        (b"[]", "br", "packed as br"),
        (b"[]", "gzip", "not packed as it says"),
        (gzip.compress(b"[]")[:-9], "gzip", "packed body is cut"),
        (zlib.compress(b"[]"), "gzip", "not packed as it says"),
    ],
    ids=["an unknown packing", "not packed at all", "cut", "packed otherwise"],
)
async def test_an_answer_that_cannot_be_unpacked_is_told(body: bytes, packing: str, reason: str) -> None:
    data = answered(body, f"Content-Encoding: {packing}")
    async with listening(always(data)) as url, opened(base_url=url) as client:
        with pytest.raises(UnreadableResponse, match=reason):
            await client.profiles.names()


async def test_a_call_that_finds_no_place_is_told_so() -> None:
    arrived = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        arrived.set()
        await reader.read()

    limits = Limits(max_calls_in_flight=1, queue_seconds=0.01)
    async with listening(handler) as url, opened(base_url=url, limits=limits) as client:
        first = asyncio.create_task(client.profiles.names())
        await arrived.wait()
        with pytest.raises(Busy, match="has 1 calls to Qarnot in flight"):
            await client.profiles.names()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_one_caller_holds_at_most_half_of_the_places() -> None:
    hanging: list[bytes] = []
    is_full, goes_on = asyncio.Event(), asyncio.Event()

    async def api(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"greedy" in await asked(reader):
            hanging.append(b"")
            if len(hanging) == 2:
                is_full.set()
            await goes_on.wait()
        writer.write(answered(b"[]"))
        await writer.drain()
        writer.close()

    async with (
        listening(api) as url,
        Transport(url, "1", limits=Limits(max_calls_in_flight=4, queue_seconds=30)) as transport,
    ):
        greedy, other = (QarnotClient(transport, SecretStr(f"the-key-of-{name}")) for name in ("greedy", "other"))
        calls = [asyncio.create_task(greedy.profiles.names()) for _ in range(20)]
        await is_full.wait()
        for _ in range(5):
            assert await other.profiles.names() == []
        assert len(hanging) == 2
        goes_on.set()
        assert await asyncio.gather(*calls) == [[]] * 20


async def test_more_callers_than_places_are_served_in_turn() -> None:
    limits = Limits(max_calls_in_flight=2)
    async with listening(always(answered(b"[]"))) as url, opened(base_url=url, limits=limits) as client:
        assert await asyncio.gather(*(client.profiles.names() for _ in range(20))) == [[]] * 20


async def test_nothing_listens_where_the_api_should_be() -> None:
    async with listening(always(b"")) as url:
        pass
    async with opened(FakeClock(), base_url=url) as client:
        with pytest.raises(Unreachable, match="cannot be reached"):
            await client.profiles.names()


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (httpcore.PoolTimeout(""), Busy, "calls to Qarnot in flight"),
        (httpcore.ProxyError("proxy says no"), Unreachable, "cannot be reached: proxy says no"),
        (httpcore.ConnectTimeout(""), Unreachable, "no connection within 5 s"),
        (httpcore.LocalProtocolError("odd"), Unreachable, "broke: odd"),
        (httpcore.ReadError(""), Unreachable, "broke: ReadError"),
    ],
)
async def test_what_httpcore_says_becomes_our_own_error(
    api: respx.MockRouter, failure: Exception, kind: type[Exception], words: str
) -> None:
    api.get("/profiles").mock(side_effect=failure)
    async with opened(FakeClock()) as client:
        with pytest.raises(kind, match=words):
            await client.profiles.names()


async def test_an_application_stands_in_for_the_api() -> None:
    async def application(scope: dict[str, object], receive: object, send: Callable[..., Awaitable[None]]) -> None:
        assert scope["path"] == "/v1/tasks/hello-1"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(task_document()).encode()})

    async with opened(application=application) as client:
        assert (await client.tasks.get("hello-1")).name == "hello"


async def test_an_application_that_fails_is_a_server_that_failed() -> None:
    async def application(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("inside")

    async with opened(application=application) as client:
        with pytest.raises(ServerFailed, match="status 500") as caught:
            await client.tasks.get("hello-1")
    assert "inside" not in str(caught.value)


async def test_a_transport_that_is_not_open_is_a_mistake_of_ours() -> None:
    transport = Transport(BASE, "1")
    with pytest.raises(RuntimeError, match="not open"):
        await QarnotClient(transport, SecretStr(KEY)).profiles.names()


async def test_another_service_is_read_once_and_in_time() -> None:
    async with listening(always(answered(b'{"hostname": "a.example.org"}'))) as url:
        assert await fetch_json(f"{url}/quicktunnel", 5) == {"hostname": "a.example.org"}


async def test_another_service_that_is_silent_is_given_up() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with listening(handler) as url:
        with pytest.raises(TimedOut):
            await fetch_json(url, 0.2)
