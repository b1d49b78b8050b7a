"""Waiting within one call: how long it may be, how often to look, and what a client that listens hears meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastmcp.server.dependencies import get_context
from pydantic import AfterValidator, ValidationInfo

from qarnot_mcp.qarnot.errors import ApiUnavailable, InvalidArgument, QarnotError
from qarnot_mcp.tools.answers import Number, Result
from qarnot_mcp.tools.checks import parameter_of
from qarnot_mcp.tools.context import current_context
from qarnot_mcp.tools.polls import Poll

T = TypeVar("T")

MAX_WAIT_SECONDS = 45.0
LEAST_PAUSE_SECONDS = 3.35
"""Between two looks, so that there are at most three in ten seconds."""
ROUNDING_SECONDS = 0.001
GRACE_SECONDS = 5.0
"""How much longer than the wait the last look may take."""
LEAST_SECONDS_BETWEEN_REPORTS = 1.0
REPORT_STEP = 0.01
"""What a report rises by where what it tells of did not: its message may be new."""
TOP = 100.0
CHANGES_SHOWN = 12


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
    """The wait of one call, in pauses; `requests` is how many each of its looks takes."""

    def __init__(
        self,
        seconds: float,
        *,
        requests: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._started = clock()
        self._requests = requests
        self._has_paused = False
        self._told = -1.0
        self._told_at = float("-inf")

    @property
    def waited_seconds(self) -> float:
        """How long the wait has lasted so far."""
        return self._clock() - self._started

    @property
    def left_seconds(self) -> float:
        """How long the wait may still last."""
        return max(0.0, self.seconds - self.waited_seconds)

    def next_pause(self, seconds_to_end: float | None = None) -> float:
        """Return how long to pause so that a look falls on the end, of the wait or of what is waited for.

        0 where that has ended already; more than is left where the rest is too short for another look.
        """
        if seconds_to_end is not None and seconds_to_end <= 0:
            return 0.0
        least, left = LEAST_PAUSE_SECONDS * self._requests, self.left_seconds
        if left < least:
            return least if self._has_paused else left
        aim = left if seconds_to_end is None else seconds_to_end
        return min(left, max(least, aim / max(1, int(aim / least))))

    async def pause(self, seconds: float | None = None) -> bool:
        """Wait until it is time for the next look, or for so long; return False where the wait is over before.

        A rest that is too short for another look is not waited, unless nothing was waited yet.
        """
        pause = self.next_pause() if seconds is None else seconds
        left = self.left_seconds
        is_in_time = left > 0 and pause <= left + ROUNDING_SECONDS
        if is_in_time or not self._has_paused:
            self._has_paused = True
            await self._sleep(min(pause, left))
        return is_in_time

    def look(self) -> asyncio.Timeout:
        """Return the time limit of one look: what is left of the wait, and some grace."""
        return asyncio.timeout(self.left_seconds + GRACE_SECONDS)

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


class Waited(Result):
    """How long the call waited and what changed meanwhile."""

    seconds: Number
    changes: list[str]


@dataclass(frozen=True)
class WaitResult(Generic[T]):
    """What was seen last, and whether a later look was missed."""

    seen: T
    waited: Waited | None = None
    is_missed: bool = False


class SharedWait(Generic[T]):
    """The wait of one call for what others with the same key may wait for, too: all of them share each look.

    `make` looks itself. `seconds_to_end` tells of what was seen how long it will probably go on: 0 where it has ended,
    None where that is not known.
    """

    def __init__(
        self, poll: Poll[T], wait: Wait, make: Callable[[], Awaitable[T]], seconds_to_end: Callable[[T], float | None]
    ) -> None:
        self._poll = poll
        self._wait = wait
        self._make = make
        self._seconds_to_end = seconds_to_end
        self._seen = poll.looks - 1 if poll.is_fresh else poll.looks
        self._has_looked = False

    async def look(self) -> T:
        """Return the next look, which may be one that another call has made."""
        seen = await self._poll.look(
            self._seen,
            self._make,
            lambda new: self._wait.next_pause(None if new is None else self._seconds_to_end(new)),
        )
        self._seen, self._has_looked = self._poll.looks, True
        if isinstance(seen, QarnotError):
            raise seen
        return seen

    async def pause(self) -> bool:
        """Wait until the next look is due; return False where the wait is over before."""
        if self._seen == self._poll.looks:
            is_due = await self._wait.pause(self._poll.due_in_seconds if self._has_looked else None)
            return is_due or self._seen < self._poll.looks
        return True

    async def until_end(
        self,
        report: Callable[[T], Awaitable[None]],
        changes_between: Callable[[T, T], list[str]],
        first: T | None = None,
    ) -> WaitResult[T]:
        """Look until what is waited for has ended or the time is over; `report` is called after each look.

        `first` is what was seen before, in place of a first look.
        """
        seen = await self.look() if first is None else first
        if self._seconds_to_end(seen) == 0:
            return WaitResult(seen)
        changes, is_missed = list[str](), False
        while self._seconds_to_end(seen) != 0:
            await report(seen)
            if not await self.pause():
                break
            try:
                async with self._wait.look():
                    before, seen = seen, await self.look()
            except (ApiUnavailable, TimeoutError):
                is_missed = True
                continue
            is_missed = False
            changes += changes_between(before, seen)
        waited = Waited(seconds=round(self._wait.waited_seconds, 1), changes=changes[-CHANGES_SHOWN:])
        return WaitResult(seen, waited, is_missed)
