"""Requests spread over several connection pools: by how busy each is, and never counted twice."""

from collections.abc import AsyncIterator

import httpx
import pytest

from qarnot_mcp.qarnot.http.transport import SpreadTransport


class Body(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"body"


class Pool(httpx.AsyncHTTPTransport):
    """A pool that counts its requests, and cannot connect while it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.is_down = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.is_down:
            raise httpx.ConnectError("down")
        return httpx.Response(200, stream=Body(), request=request)


@pytest.fixture
def pools() -> list[Pool]:
    return [Pool(), Pool()]


async def test_a_request_goes_to_the_least_busy_pool(pools: list[Pool]) -> None:
    async with httpx.AsyncClient(transport=SpreadTransport(pools)) as client:
        async with client.stream("GET", "http://api/"), client.stream("GET", "http://api/"):
            assert [pool.requests for pool in pools] == [1, 1]
        await client.get("http://api/")
    assert [pool.requests for pool in pools] == [2, 1]


async def test_a_response_that_is_closed_early_makes_room(pools: list[Pool]) -> None:
    async with httpx.AsyncClient(transport=SpreadTransport(pools)) as client:
        for _ in range(3):
            async with client.stream("GET", "http://api/"):
                pass
    assert [pool.requests for pool in pools] == [3, 0]


async def test_a_request_that_fails_makes_room(pools: list[Pool]) -> None:
    pools[0].is_down = True
    async with httpx.AsyncClient(transport=SpreadTransport(pools)) as client:
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                await client.get("http://api/")
    assert [pool.requests for pool in pools] == [2, 0]
