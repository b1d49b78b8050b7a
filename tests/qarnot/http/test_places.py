"""Places for calls in flight: one caller holds at most half of them, whatever it does."""

import asyncio

import pytest

from qarnot_mcp.qarnot.errors import Busy
from qarnot_mcp.qarnot.http.callers import Places


async def test_who_finds_no_place_reads_whose_calls_fill_them() -> None:
    places = Places(2, wait_seconds=0.01)
    async with places.hold("a"):
        with pytest.raises(Busy, match=r"^This API key has 1 calls"):
            await places.hold("a").__aenter__()
        async with places.hold("b"):
            with pytest.raises(Busy, match=r"^This server has 2 calls"):
                await places.hold("c").__aenter__()
    async with places.hold("a"), places.hold("c"):
        pass
    assert not places._callers


async def test_a_call_that_is_cancelled_while_it_waits_leaves_no_place_taken() -> None:
    places = Places(2)
    async with places.hold("a"):
        waiting = asyncio.create_task(places.hold("a").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with places.hold("a"), places.hold("b"):
        pass
