"""Requests spread over several connection pools: by how busy each is, and never counted twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore
import pytest

from qarnot_mcp.qarnot.http.spread import SpreadPools


class Body:
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"body"

    async def aclose(self) -> None:
        pass


class Pool(httpcore.AsyncConnectionPool):
    """A pool that counts its requests, and cannot connect while it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.is_down = False

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        self.requests += 1
        if self.is_down:
            raise httpcore.ConnectError("down")
        return httpcore.Response(200, content=Body())


@pytest.fixture
def pools() -> list[Pool]:
    return [Pool(), Pool()]


@asynccontextmanager
async def sent(spread: SpreadPools) -> AsyncIterator[bytes]:
    """What the API answers, as long as it is open."""
    response = await spread.handle_async_request(httpcore.Request("GET", "http://api/"))
    try:
        yield b"".join([part async for part in response.stream])  # type: ignore[union-attr]
    finally:
        await response.aclose()


async def test_a_request_goes_to_the_least_busy_pool(pools: list[Pool]) -> None:
    spread = SpreadPools([*pools])
    async with sent(spread) as body, sent(spread):
        assert body == b"body"
        assert [pool.requests for pool in pools] == [1, 1]
    async with sent(spread):
        assert [pool.requests for pool in pools] == [2, 1]


async def test_a_response_that_is_closed_makes_room(pools: list[Pool]) -> None:
    spread = SpreadPools([*pools])
    for _ in range(3):
        async with sent(spread):
            pass
    assert [pool.requests for pool in pools] == [3, 0]


async def test_a_request_that_fails_makes_room(pools: list[Pool]) -> None:
    pools[0].is_down = True
    spread = SpreadPools([*pools])
    for _ in range(2):
        with pytest.raises(httpcore.ConnectError):
            await spread.handle_async_request(httpcore.Request("GET", "http://api/"))
    assert [pool.requests for pool in pools] == [2, 0]
