"""Waits: how long after a task's end `wait_seconds` is answered, and how many requests it takes, in simulated time."""

import asyncio
import random
import statistics
from datetime import UTC, datetime, timedelta

from benchmarks.answers import ZERO_DATE
from benchmarks.report import Table
from qarnot_mcp.qarnot.fields import time_span
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.polls import Polls
from qarnot_mcp.tools.tasks.waiting import seconds_to_end
from qarnot_mcp.tools.waits import MAX_WAIT_SECONDS, SharedWait, Wait

TASKS = 2000
WINDOW_SECONDS = 10
UUID = "5a5a5a5a-0000-4000-8000-000000000001"
# The seconds from the first look to the end, and those of them in which results are uploaded, drawn evenly.
KINDS = {
    "ends without a sign": (0.0, 0.0),
    "uploads results for 9 s": (9.0, 9.0),
    "uploads results for 2 to 20 s": (2.0, 20.0),
}


class SimulatedTask:
    """A task that ends some time after the wait for it has begun; time passes only in the pauses."""

    def __init__(self, chance: random.Random, upload: tuple[float, float]) -> None:
        self.now = 0.0
        self.looks: list[float] = []
        self.ends = chance.uniform(0, MAX_WAIT_SECONDS)
        self._uploads = self.ends - chance.uniform(*upload)
        self._created = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=chance.uniform(0, 60))
        self._waited_before = chance.uniform(60, 3600)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    async def look(self) -> Task:
        """Return the task as the API tells it, in whole seconds."""
        self.looks.append(self.now)
        state = "Success" if self.now >= self.ends else "UploadingResults" if self.now >= self._uploads else ""
        changed = self._created + timedelta(seconds=self._waited_before + self._uploads)
        return Task.read(
            {
                "uuid": UUID,
                "name": "simulated",
                "state": state or "FullyExecuting",
                "creationDate": self._created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "stateTransitionTime": changed.strftime("%Y-%m-%dT%H:%M:%SZ") if state else ZERO_DATE,
                "wallTime": time_span(int(self._waited_before + self.now)),
            }
        )

    async def followed(self) -> None:
        """Wait for its end as get_task does, in calls that follow each other."""
        polls = Polls(lambda: self.now)
        while self.now < self.ends:
            wait = Wait(MAX_WAIT_SECONDS, clock=lambda: self.now, sleep=self.sleep)
            looks = SharedWait(polls.of("", UUID), wait, self.look, seconds_to_end)
            task = await looks.look()
            while not task.is_final and await looks.pause():
                task = await looks.look()


async def measure() -> list[Table]:
    """Follow many tasks of each kind."""
    table = Table(
        "Waits",
        f"Seconds from a task's end to the look that sees it, and the most requests within {WINDOW_SECONDS} s, for "
        f"{TASKS:,} tasks of each kind that end at any time of a wait of {MAX_WAIT_SECONDS:g} s. Time is simulated, "
        "the answer's own takes some milliseconds more. With three looks in ten seconds no schedule has a median below "
        "1.67 s where nothing foretells the end.",
        ("task", "median", "90 %", "most", "requests in 10 s"),
    )
    chance = random.Random(19)
    for kind, upload in KINDS.items():
        tasks = [SimulatedTask(chance, upload) for _ in range(TASKS)]
        for task in tasks:
            await task.followed()
        late = [task.now - task.ends for task in tasks]
        figures = (statistics.median(late), statistics.quantiles(late, n=10)[8], max(late))
        requests = max(most_requests(task.looks) for task in tasks)
        table.rows.append([kind, *(f"{figure:.2f}" for figure in figures), str(requests)])
        await asyncio.sleep(0)
    return [table]


def most_requests(looks: list[float]) -> int:
    """Return the most looks within the window."""
    return max(sum(first <= look < first + WINDOW_SECONDS for look in looks) for first in looks)
