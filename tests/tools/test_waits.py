"""How one call waits: its pauses, and the progress that it reports, counted on a clock that only the waits move."""

import asyncio
from itertools import pairwise

import pytest

from qarnot_mcp.qarnot.errors import TimedOut
from qarnot_mcp.text.known_secrets import known_secrets, serving
from qarnot_mcp.tools.polls import Polls
from qarnot_mcp.tools.waits import LEAST_PAUSE_SECONDS, SharedWait, Wait, note_on_wait
from tests.support.qarnot_api import FakeClock
from tests.support.virtual_time import VirtualTime


async def reports(seconds: float, percents: list[float] | None = None) -> list[tuple[float, float]]:
    """Return when a wait reported and what, from a look at each of its pauses; `percents` are what the looks saw."""
    clock = FakeClock()
    wait = Wait(seconds, clock=clock.clock, sleep=clock.sleep)
    told = []
    seen = iter(percents or ())
    while True:
        progress = wait.next_report(next(seen, 100.0) if percents else None)
        if progress is not None:
            told.append((wait.waited_seconds, progress))
        if not await wait.pause():
            return told


@pytest.mark.parametrize(
    "percents", [None, [0.0] * 20, [0.0, 12.5, 12.5, 50.0, 40.0, 99.999, 100.0], [100.0] * 20], ids=str
)
async def test_progress_rises_with_each_notification_at_least_a_second_apart(percents: list[float] | None) -> None:
    told = await reports(45, percents)
    assert told
    assert all(first < second for (_, first), (_, second) in pairwise(told))
    assert all(second - first >= 1 for (first, _), (second, _) in pairwise(told))
    assert all(0 <= progress <= 100 for _, progress in told)


async def test_looks_that_follow_each_other_within_a_second_report_once() -> None:
    clock = FakeClock()
    wait = Wait(45, clock=clock.clock, sleep=clock.sleep)
    assert wait.next_report(10) == 10
    assert wait.next_report(20) is None
    await clock.sleep(1)
    assert wait.next_report(20) == 20
    await clock.sleep(1)
    assert wait.next_report(20) == 20.01


@pytest.mark.parametrize("seconds", [0.5, 2, 5, 9.9, 44, 45])
async def test_a_wait_takes_at_most_three_requests_in_ten_seconds_and_looks_at_its_end(seconds: float) -> None:
    clock = FakeClock()
    wait = Wait(seconds, clock=clock.clock, sleep=clock.sleep)
    looks = [0.0]
    while await wait.pause():
        looks.append(wait.waited_seconds)
    assert looks[-1] == pytest.approx(seconds)
    assert most_in_ten_seconds(looks) <= 3


@pytest.mark.parametrize("requests", [2, 3])
async def test_looks_that_take_more_requests_are_made_less_often(requests: int) -> None:
    clock = FakeClock()
    wait = Wait(45, requests=requests, clock=clock.clock, sleep=clock.sleep)
    while await wait.pause():
        pass
    assert len(clock.waits) * requests <= 45 * 3 / 10


async def test_looks_fall_on_the_end_that_is_foreseen() -> None:
    clock = FakeClock()
    wait = Wait(45, clock=clock.clock, sleep=clock.sleep)
    assert wait.next_pause(8) == 4
    assert wait.next_pause(5) == 5
    assert wait.next_pause(1) == LEAST_PAUSE_SECONDS
    assert wait.next_pause(0) == 0


class Calls:
    """Calls that wait for one thing, whose looks are counted; it ends with the look of this number."""

    def __init__(self, ends_with: int) -> None:
        self.time = VirtualTime()
        self.looks: list[float] = []
        self.failing: set[int] = set()
        self.is_looking = asyncio.Event()
        self._polls = Polls(self.time.clock)
        self._ends_with = ends_with

    async def follow(self, owner: str = "one", seconds: float = 45, *, after: float = 0) -> list[int | str]:
        """Return what one call saw that begins some seconds later."""
        await self.time.sleep(after)
        wait = Wait(seconds, clock=self.time.clock, sleep=self.time.sleep)
        looks = SharedWait(self._polls.of(owner, "task"), wait, self._look, self._seconds_to_end)
        seen: list[int | str] = []
        while not seen or (seen[-1] != self._ends_with and await looks.pause()):
            try:
                seen.append(await looks.look())
            except TimedOut:
                seen.append("failed")
        return seen

    async def _look(self) -> int:
        self.looks.append(self.time.now)
        self.is_looking.set()
        await self.time.sleep(0.1)
        if len(self.looks) in self.failing:
            raise TimedOut(1)
        known_secrets().learn(["what the look told"])
        return len(self.looks)

    def _seconds_to_end(self, seen: int) -> float | None:
        return 0.0 if seen == self._ends_with else None


async def test_calls_that_wait_for_the_same_with_the_same_key_share_each_look() -> None:
    calls = Calls(ends_with=4)
    assert await calls.time.run(*(calls.follow() for _ in range(16))) == [[1, 2, 3, 4]] * 16
    assert len(calls.looks) == 4


async def test_calls_that_begin_at_any_time_take_at_most_three_requests_in_ten_seconds() -> None:
    calls = Calls(ends_with=0)
    await calls.time.run(*(calls.follow(seconds=number % 9 + 4, after=number * 1.7) for number in range(40)))
    assert most_in_ten_seconds(calls.looks) <= 3


async def test_another_key_has_looks_of_its_own() -> None:
    calls = Calls(ends_with=4)
    assert await calls.time.run(calls.follow("one"), calls.follow("other")) == [[2, 4], [2, 4]]


async def test_what_one_call_learns_to_hide_all_hide_that_share_the_look() -> None:
    calls = Calls(ends_with=1)

    async def knows() -> tuple[str, ...]:
        with serving():
            await calls.follow()
            return known_secrets().values

    assert await calls.time.run(knows(), knows()) == [("what the look told",)] * 2
    assert len(calls.looks) == 1


async def test_a_look_that_fails_fails_for_each_call_and_all_go_on() -> None:
    calls = Calls(ends_with=3)
    calls.failing = {2}
    assert await calls.time.run(calls.follow(), calls.follow()) == [[1, "failed", 3]] * 2


async def test_a_call_that_is_cancelled_in_its_look_leaves_it_to_the_next() -> None:
    calls = Calls(ends_with=2)
    first = asyncio.create_task(calls.follow(after=0))
    second = asyncio.create_task(calls.follow(after=0.01))

    async def cancel() -> None:
        await calls.is_looking.wait()
        first.cancel()

    assert await calls.time.run(second, cancel()) == [[2], None]
    assert first.cancelled()


async def test_looks_end_with_the_last_call() -> None:
    calls = Calls(ends_with=0)
    before = asyncio.all_tasks()
    await calls.time.run(calls.follow(seconds=1))
    assert asyncio.all_tasks() == before
    assert len(calls.looks) == 2


async def test_a_call_that_joins_goes_by_the_newest_look_but_not_by_one_that_saw_the_end() -> None:
    calls = Calls(ends_with=2)
    first, joined, late = await calls.time.run(calls.follow(), calls.follow(after=1), calls.follow(after=4))
    assert first == joined == [1, 2]
    assert late[0] == 3


def most_in_ten_seconds(times: list[float]) -> int:
    """Return how many of these moments lie within ten seconds at most."""
    return max(sum(first <= time < first + 10 for time in times) for first in times)


@pytest.mark.parametrize("seconds", [0, 45])
def test_a_wait_within_the_bound_needs_no_word(seconds: float) -> None:
    assert note_on_wait(seconds, 45, is_over=False) == ""


@pytest.mark.parametrize(("is_over", "more"), [(False, " Call again to wait on."), (True, "")])
def test_a_longer_wait_is_shortened_and_says_so(is_over: bool, more: str) -> None:
    note = note_on_wait(600, 45, is_over=is_over)
    assert note == f"wait_seconds was 600; one call waits at most 45 seconds.{more}"
