"""The sockets below httpcore, over real connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore

from qarnot_mcp.qarnot.http.connection_pool import WatchedStream, network

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers every request, and can close its kept connections; `connections` counts them."""

    def __init__(self) -> None:
        self.connections = 0
        self.url = ""
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        while await reader.readline():
            while await reader.readline() != b"\r\n":
                continue
            writer.write(ANSWER)
        writer.close()

    async def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()
            await writer.wait_closed()
        self._writers.clear()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Server, httpcore.AsyncConnectionPool]]:
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener, httpcore.AsyncConnectionPool(network_backend=network()) as pool:
        try:
            yield server, pool
        finally:
            await pool.aclose()
            await server.hang_up()


async def test_a_living_connection_is_kept() -> None:
    async with connected() as (server, pool):
        for _ in range(3):
            assert (await pool.request("GET", server.url)).status == 200
        assert server.connections == 1


async def test_a_connection_that_the_other_side_closed_is_not_used_again() -> None:
    async with connected() as (server, pool):
        async with pool.stream("GET", server.url) as response:
            await response.aread()
            stream = response.extensions["network_stream"]
        assert isinstance(stream, WatchedStream)
        assert not stream.get_extra_info("is_readable")
        await server.hang_up()
        assert stream.get_extra_info("is_readable")
        assert (await pool.request("GET", server.url)).status == 200
        assert server.connections == 2
