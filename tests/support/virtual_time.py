"""Time for several tasks that wait at once: it passes only when all of them wait, and then at once."""

import asyncio
import heapq
from collections.abc import Awaitable
from itertools import count
from typing import TypeVar

T = TypeVar("T")

TURNS = 50
"""How often each task may go on before the time passes."""


class VirtualTime:
    """A clock, and a way to wait for it; `run` lets it pass."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until so much of it has passed."""
        done = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._numbers), done))
        await done

    async def run(self, *work: Awaitable[T]) -> list[T]:
        """Return what the work comes to, which all begins now."""
        running = asyncio.gather(*work)
        while not running.done():
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if self._waiting:
                due, _, done = heapq.heappop(self._waiting)
                self.now = max(self.now, due)
                if not done.done():
                    done.set_result(None)
        return await running
