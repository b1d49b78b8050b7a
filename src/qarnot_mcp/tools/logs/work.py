"""The computing that a log takes, off the event loop, in two threads, and no more of it than a call may cost."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import TypeVar

from qarnot_mcp.qarnot.errors import TooCostly
from qarnot_mcp.qarnot.http.callers import Places

THREADS = 2
MAX_CPU_SECONDS = 10.0
"""A log of 100 MB that is searched takes less than one."""

TURN_SECONDS = 0.002
"""Pieces share a turn of a thread until it took so long: to change threads costs as much as a short piece."""

T = TypeVar("T")


class LogWork:
    """The computing of one call, done piece by piece: between two of them it can end, and others get their turn.

    Nothing ends a thread from outside, so that a piece has to be short: the lines of one part of a log. `clock`
    measures what the thread itself computed, so that a busy machine fails nobody. `owner` is the digest of the caller's
    key: one caller keeps one thread busy, and leaves the other to the others.
    """

    def __init__(
        self, owner: str = "", max_cpu_seconds: float = MAX_CPU_SECONDS, clock: Callable[[], float] = time.thread_time
    ) -> None:
        self._owner = owner
        self._max_cpu_seconds = max_cpu_seconds
        self._clock = clock
        self._left = max_cpu_seconds

    async def do(self, piece: Callable[[], T]) -> T:
        """Return what a piece returns; raise `TooCostly` if the call has computed for too long."""
        loop = asyncio.get_running_loop()
        async with _places(loop).hold(self._owner):
            return await loop.run_in_executor(_threads(), self._measured, piece)

    async def do_all(self, pieces: Iterable[Callable[[], object]]) -> None:
        """Do pieces in order, short ones in one turn; raise `TooCostly` as `do` does."""
        left = iter(pieces)
        while await self.do(lambda: self._is_more_left(left)):
            pass

    def _is_more_left(self, pieces: Iterator[Callable[[], object]]) -> bool:
        """Do pieces for one turn; return whether it ended before they did."""
        begun = self._clock()
        for piece in pieces:
            piece()
            if self._clock() - begun > TURN_SECONDS:
                return True
        return False

    def _measured(self, piece: Callable[[], T]) -> T:
        if self._left <= 0:
            raise TooCostly(self._max_cpu_seconds)
        begun = self._clock()
        try:
            return piece()
        finally:
            self._left -= self._clock() - begun


@lru_cache(1)
def _places(_: asyncio.AbstractEventLoop) -> Places:
    return Places(THREADS)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="log")
