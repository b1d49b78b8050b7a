"""How one call waits: its pauses, and the progress that it reports, counted on a clock that only the waits move."""

from itertools import pairwise

import pytest

from qarnot_mcp.tools.waits import JITTER, LONGEST_PAUSE_SECONDS, Wait, note_on_wait
from tests.support.qarnot_api import FakeClock


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


async def test_a_wait_looks_seldom_and_ends_in_time() -> None:
    clock = FakeClock()
    wait = Wait(45, clock=clock.clock, sleep=clock.sleep)
    while await wait.pause():
        pass
    assert sum(clock.waits) == pytest.approx(45)
    assert len(clock.waits) < 12
    assert max(clock.waits) <= LONGEST_PAUSE_SECONDS * (1 + JITTER)


@pytest.mark.parametrize("seconds", [0, 45])
def test_a_wait_within_the_bound_needs_no_word(seconds: float) -> None:
    assert note_on_wait(seconds, 45, is_over=False) == ""


@pytest.mark.parametrize(("is_over", "more"), [(False, " Call again to wait on."), (True, "")])
def test_a_longer_wait_is_shortened_and_says_so(is_over: bool, more: str) -> None:
    note = note_on_wait(600, 45, is_over=is_over)
    assert note == f"wait_seconds was 600; one call waits at most 45 seconds.{more}"
