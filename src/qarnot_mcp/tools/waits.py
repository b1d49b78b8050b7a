"""Waiting within one call: how long it may be, how often to look, and what a client that listens hears meanwhile."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastmcp.server.dependencies import get_context
from pydantic import AfterValidator, ValidationInfo

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.checks import parameter_of
from qarnot_mcp.tools.context import current_context

MAX_WAIT_SECONDS = 45.0
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 10.0
PAUSE_GROWTH = 1.5
JITTER = 0.2
GRACE_SECONDS = 5.0
"""How much longer than the wait the last look may take."""
LEAST_SECONDS_BETWEEN_REPORTS = 1.0
REPORT_STEP = 0.01
"""What a report rises by where what it tells of did not: its message may be new."""
TOP = 100.0


def check_wait_seconds(given: float, info: ValidationInfo) -> float:
    """Check a wait; one that is longer than a call may take is shortened by the tool, which says so."""
    if not 0 <= given < float("inf"):
        valid = f"a number of seconds from 0 to {MAX_WAIT_SECONDS:g}"
        raise InvalidArgument(parameter_of(info), given, valid)
    return given


WaitSeconds = Annotated[float, AfterValidator(check_wait_seconds)]


def longest_wait_seconds() -> float:
    """Return how long one call of this server may wait."""
    return min(MAX_WAIT_SECONDS, current_context().max_wait_seconds)


def note_on_wait(asked_seconds: float, most_seconds: float, *, is_over: bool) -> str:
    """Return a sentence about a wait that was shortened, empty for others.

    `is_over` says that there is nothing left to wait for.
    """
    if asked_seconds <= most_seconds:
        return ""
    more = "" if is_over else " Call again to wait on."
    return f"wait_seconds was {asked_seconds:g}; one call waits at most {most_seconds:g} seconds.{more}"


class Wait:
    """The wait of one call: pauses of 2 seconds at first and 10 at last, none of them even."""

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._started = clock()
        self._pause = FIRST_PAUSE_SECONDS
        self._told = -1.0
        self._told_at = float("-inf")

    @property
    def waited_seconds(self) -> float:
        """How long the wait has lasted so far."""
        return self._clock() - self._started

    async def pause(self) -> bool:
        """Wait until it is time for the next look; return False where the whole wait is over."""
        left = self.seconds - self.waited_seconds
        if left <= 0:
            return False
        await self._sleep(min(left, self._pause * random.uniform(1 - JITTER, 1 + JITTER)))  # noqa: S311 - no secret
        self._pause = min(LONGEST_PAUSE_SECONDS, self._pause * PAUSE_GROWTH)
        return True

    def look(self) -> asyncio.Timeout:
        """Return the time limit of one look: what is left of the wait, and some grace."""
        return asyncio.timeout(max(0.0, self.seconds - self.waited_seconds) + GRACE_SECONDS)

    async def report(self, message: str | Callable[[], Awaitable[str]], percent: float | None = None) -> None:
        """Tell a client that sent a progress token how far the task is, or without `percent` how much time is over.

        Each report is above the one before, as the protocol demands, and comes at least a second after it.
        """
        context = get_context()
        request = context.request_context
        if request is None or "progressToken" not in (request.meta or {}):
            return
        progress = self.next_report(percent)
        if progress is not None:
            await context.report_progress(progress, TOP, message if isinstance(message, str) else await message())

    def next_report(self, percent: float | None = None) -> float | None:
        """Return the progress to report now, or None where it is too early or the top is reached."""
        given = min(TOP, TOP * self.waited_seconds / self.seconds if percent is None else percent)
        progress = max(given, round(self._told + REPORT_STEP, 2)) if self._told >= 0 else max(given, 0.0)
        now = self._clock()
        if now - self._told_at < LEAST_SECONDS_BETWEEN_REPORTS or progress > TOP:
            return None
        self._told, self._told_at = progress, now
        return progress
