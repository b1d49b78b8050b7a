"""The connections to the API, over real sockets: which are kept, and which are closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpcore
import pytest
from anyio import CancelScope

from qarnot_mcp.qarnot.http.connection_pool import ConnectionPool
from qarnot_mcp.qarnot.http.transport import tls_context
from tests.support.ports import free_port

BODY = b"x" * 300_000
"""More than one read brings."""


@dataclass
class Api:
    """Answers every request; `opened` counts its connections, `ended` those that the other side has closed."""

    opened: int = 0
    ended: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.writers.append(writer)
        try:
            while await reader.readline():
                while await reader.readline() != b"\r\n":
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY))
        except ConnectionError:
            pass
        self.ended += 1
        self.has_ended.set()
        writer.close()

    async def has_closed(self, connections: int) -> None:
        """Wait until so many connections are closed."""
        async with asyncio.timeout(20):
            while self.ended < connections:
                self.has_ended.clear()
                await self.has_ended.wait()


class Pool(ConnectionPool):
    """The connections to a port of this machine."""

    def __init__(self, port: int, keep_alive_seconds: float = 30) -> None:
        self.url = httpcore.URL(f"http://127.0.0.1:{port}/")
        super().__init__(self.url.origin, tls_context(), keep_alive_seconds)


@asynccontextmanager
async def connected(keep_alive_seconds: float = 30) -> AsyncIterator[tuple[Api, Pool]]:
    api = Api()
    async with await asyncio.start_server(api.serve, "127.0.0.1", 0) as listener:
        pool = Pool(listener.sockets[0].getsockname()[1], keep_alive_seconds)
        try:
            yield api, pool
        finally:
            await pool.aclose()
            await api.has_closed(api.opened)


async def begin(pool: Pool) -> httpcore.Response:
    return await pool.handle_async_request(httpcore.Request("GET", pool.url, headers=[(b"Host", b"api")]))


async def read(response: httpcore.Response) -> None:
    assert await response.aread() == BODY
    await response.aclose()


async def test_a_connection_is_used_again_once_its_response_was_read() -> None:
    async with connected() as (api, pool):
        for _ in range(3):
            await read(await begin(pool))
        assert api.opened == 1


async def test_requests_at_the_same_time_have_connections_of_their_own_which_are_kept() -> None:
    async with connected() as (api, pool):
        for _ in range(2):
            responses = [await begin(pool) for _ in range(3)]
            await asyncio.gather(*map(read, responses))
        assert (api.opened, api.ended) == (3, 0)


async def test_a_connection_whose_response_is_left_unread_is_closed() -> None:
    async with connected() as (api, pool):
        await (await begin(pool)).aclose()
        await api.has_closed(1)
        await read(await begin(pool))
        assert api.opened == 2


async def test_a_response_that_is_closed_twice_gives_its_connection_back_once() -> None:
    async with connected() as (api, pool):
        response = await begin(pool)
        await read(response)
        await response.aclose()
        await asyncio.gather(*[read(await begin(pool)) for _ in range(2)])
        assert api.opened == 2


async def test_a_connection_is_let_go_of_by_a_caller_who_is_gone() -> None:
    async with connected() as (api, pool):
        response = await begin(pool)
        with CancelScope() as scope:
            scope.cancel()
            await response.aclose()
        await api.has_closed(1)


async def test_a_caller_who_is_gone_before_a_request_is_sent_leaves_the_connection_to_others() -> None:
    async with connected() as (api, pool):
        await read(await begin(pool))
        with CancelScope() as scope:
            scope.cancel()
            await begin(pool)
        assert scope.cancelled_caught
        await read(await begin(pool))
        assert api.opened == 1


async def test_a_caller_who_goes_at_any_time_leaves_no_connection_open() -> None:
    async with connected() as (api, pool):
        for turns in range(40):
            asking = asyncio.create_task(begin(pool))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            answered = await asyncio.gather(asking, return_exceptions=True)
            if isinstance(answered[0], httpcore.Response):
                await answered[0].aclose()
        await pool.aclose()
        await api.has_closed(api.opened)


async def test_a_connection_that_the_api_has_closed_is_not_used_again() -> None:
    async with connected() as (api, pool):
        await read(await begin(pool))
        api.writers[0].close()
        await api.writers[0].wait_closed()
        await read(await begin(pool))
        assert api.opened == 2


async def test_connections_that_nobody_has_used_for_long_are_closed_when_others_are_given_back() -> None:
    async with connected(keep_alive_seconds=0) as (api, pool):
        responses = [await begin(pool) for _ in range(3)]
        for response in responses:
            await read(response)
        await api.has_closed(2)
        await read(await begin(pool))
        assert api.opened == 4


async def test_a_closed_pool_has_closed_all_its_connections() -> None:
    async with connected() as (api, pool):
        response, other = await begin(pool), await begin(pool)
        await read(other)
        await pool.aclose()
        await api.has_closed(2)
        await response.aclose()


async def test_an_address_where_nobody_listens_is_an_error_each_time() -> None:
    pool = Pool(free_port())
    for _ in range(2):
        with pytest.raises(httpcore.ConnectError):
            await begin(pool)
