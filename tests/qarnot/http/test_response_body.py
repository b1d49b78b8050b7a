"""Answers that arrive: of the large ones only a few at a time are taken in."""

import asyncio
from collections.abc import AsyncGenerator

from qarnot_mcp.qarnot.http.responses import LARGE_BYTES, StreamedResponse

LIMIT = 4 * LARGE_BYTES


async def test_a_large_answer_waits_while_others_are_taken_in_and_a_small_one_does_not() -> None:
    places = asyncio.Semaphore(1)
    held, let_go, passed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def first() -> AsyncGenerator[bytes]:
        yield b"a" * (LARGE_BYTES + 1)
        held.set()
        await let_go.wait()

    async def second() -> AsyncGenerator[bytes]:
        yield b"b" * LARGE_BYTES
        yield b"b"
        passed.set()

    async def small() -> AsyncGenerator[bytes]:
        yield b"c"

    def read(chunks: AsyncGenerator[bytes]) -> asyncio.Task[bytearray]:
        return asyncio.create_task(StreamedResponse(200, {}, chunks, places).read(LIMIT))

    reading = read(first())
    await held.wait()
    waiting = read(second())
    assert await read(small()) == b"c"
    for _ in range(10):
        await asyncio.sleep(0)
    assert not passed.is_set()
    let_go.set()
    assert len(await reading) == LARGE_BYTES + 1
    assert await waiting == b"b" * (LARGE_BYTES + 1)
    assert not places.locked()


async def test_a_large_answer_that_is_given_up_leaves_its_place() -> None:
    places = asyncio.Semaphore(1)

    async def endless() -> AsyncGenerator[bytes]:
        while True:
            yield b"x" * LARGE_BYTES

    assert len(await StreamedResponse(200, {}, endless(), places).read(LIMIT, cut=True)) == LIMIT
    assert not places.locked()
