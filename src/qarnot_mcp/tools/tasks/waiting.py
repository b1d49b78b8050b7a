"""When a running task will probably end, and waiting for it, or for any of several, within one call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.items import PAGE_ITEMS
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import FINAL_STATES
from qarnot_mcp.tools.answers import Result, date_text
from qarnot_mcp.tools.context import current_context
from qarnot_mcp.tools.tasks.task_rows import TaskRow, rows_of
from qarnot_mcp.tools.waits import CHANGES_SHOWN, SharedWait, Wait, Waited, WaitResult

EXECUTING = frozenset({"PartiallyExecuting", "FullyExecuting"})
LEAST_PERCENT = 1.0
"""Below it, an estimate would be a guess."""
SURER_FROM_PERCENT = 50.0
LONGEST = timedelta(days=365)
UPLOAD_SECONDS = 9.5
"""How long most tasks upload their results before they end, and half a second to see it."""
BOOTING = "Booting takes two to three minutes on Qarnot; get_task with wait_seconds waits on."
NOTES = {
    "Submitted": f"It waits for a free machine, which takes seconds to hours. {BOOTING}",
    "PartiallyDispatched": BOOTING,
    "FullyDispatched": BOOTING,
}
MISSED = "Qarnot did not answer the last look: this is how the task stood before. Call again to see it now."
ProgressCallback = Callable[[Task, Wait], Awaitable[None]]
GONE = "Deleted"


class EstimatedEnd(Result):
    """When a task will probably end, as if it went on as it did so far."""

    at: str
    how_sure: Literal["low", "medium"]

    @classmethod
    def of(cls, task: Task, now: datetime) -> Self | None:
        """Estimate the end; None where the task does not execute, or tells no progress yet."""
        since = task.previous_state_changed if task.previous_state in EXECUTING else task.state_changed
        if task.state not in EXECUTING or since is None or not LEAST_PERCENT <= task.progress < 100:
            return None
        left = (now - since) * ((100 - task.progress) / task.progress)
        if not timedelta() <= left <= LONGEST:
            return None
        return cls(at=date_text(now + left), how_sure="medium" if task.progress >= SURER_FROM_PERCENT else "low")


def seconds_to_end(task: Task) -> float | None:
    """Return in how many seconds a task will probably end: 0 where it has, None where nothing tells of its end yet."""
    if task.is_final:
        return 0.0
    if task.state != "UploadingResults" or task.state_changed is None:
        return None
    uploaded = now_of(task, datetime.now(UTC)) - task.state_changed
    left = UPLOAD_SECONDS - uploaded.total_seconds()
    return left if 0 < left <= UPLOAD_SECONDS else None


def now_of(task: Task, now: datetime) -> datetime:
    """Return what time it is by the API's clock where a task tells it, else the given time."""
    if task.is_final or task.created is None or not task.wall_seconds or task.wall_seconds < 0:
        return now
    try:
        return task.created + timedelta(seconds=task.wall_seconds)
    except OverflowError:
        return now


async def wait_for_task(
    client: QarnotClient, task_id: str, wait_seconds: float, report: ProgressCallback
) -> tuple[WaitResult[Task], str | None]:
    """Read a task, again and again until it has ended or the time is over; return it with a note on its state.

    Calls with the same key that wait for the same task share its looks. `report` is called after each look.
    """
    if wait_seconds <= 0:
        result = WaitResult(await client.tasks.get(task_id))
    else:
        wait = Wait(wait_seconds)
        poll = current_context().polls.of(client.owner, f"task {task_id}")

        def changes(before: Task, after: Task) -> list[str]:
            return [f"after {wait.waited_seconds:.0f} s: {change}" for change in changes_between(before, after)]

        looks = SharedWait(poll, wait, lambda: client.tasks.get(task_id), seconds_to_end)
        result = await looks.until_end(lambda task: report(task, wait), changes)
    return result, MISSED if result.is_missed else NOTES.get(result.seen.state)


def changes_between(before: Task, after: Task) -> list[str]:
    """Return what changed between two looks at a task, as short sentences."""
    changes = []
    if before.state != after.state:
        changes.append(f"{before.state} -> {after.state}")
    for name, first, second in (
        ("succeeded", _count(before, "succeeded_range"), _count(after, "succeeded_range")),
        ("failed", _count(before, "failed_only_range"), _count(after, "failed_only_range")),
    ):
        if second > first:
            changes.append(f"{second - first} more {'instance' if second - first == 1 else 'instances'} {name}")
    first, second = round(before.progress), round(after.progress)
    if second > first and not after.is_final:
        changes.append(f"progress {first} -> {second} %")
    return changes


def _count(task: Task, name: str) -> int:
    return count_ranges(getattr(task.status, name)) if task.status else 0


async def wait_for_any(
    client: QarnotClient, rows: Sequence[TaskRow], wait_seconds: float
) -> tuple[list[TaskRow], Waited | None]:
    """Wait until one of the rows that are not over has ended; return the rows as they stand then.

    A task that is deleted meanwhile has ended, too. Rows that are over already are not waited for.
    """
    active = {row.uuid: row for row in rows if row.state not in FINAL_STATES}
    if not active:
        return list(rows), None
    wait = Wait(wait_seconds)
    poll = current_context().polls.of(client.owner, f"tasks {sorted(active)}")
    looks = SharedWait(poll, wait, lambda: _ended(client, list(active)), lambda ended: 0.0 if ended else None)
    result = await looks.until_end(
        lambda _: wait.report(f"{len(active)} of the listed tasks go on"),
        lambda _, ended: [
            f"{active[uuid].name}: {active[uuid].state} -> {task.state if task else GONE}"
            for uuid, task in list(ended.items())[:CHANGES_SHOWN]
        ],
        first={},
    )
    ended = result.seen
    whole = [task for task in ended.values() if task is not None]
    shaped, _ = await rows_of(client, whole)
    fresh = {row.uuid: row for row in shaped}
    after = [fresh.get(row.uuid) or (_gone(row) if row.uuid in ended else row) for row in rows]
    return after, result.waited


async def _ended(client: QarnotClient, uuids: Sequence[str]) -> Mapping[str, Task | None]:
    """Return those that have ended, whole as far as they are shown; None where a task is gone."""
    batches = [uuids[first : first + PAGE_ITEMS] for first in range(0, len(uuids), PAGE_ITEMS)]
    found: dict[str, Task] = {}
    for batch in await asyncio.gather(*(client.tasks.select(batch, ("Name",)) for batch in batches)):
        found |= batch
    ended = [uuid for uuid in uuids if uuid not in found or found[uuid].is_final][:PAGE_ITEMS]
    whole = await client.tasks.select([uuid for uuid in ended if uuid in found])
    return {uuid: whole.get(uuid) for uuid in ended}


def _gone(row: TaskRow) -> TaskRow:
    return row.model_copy(update={"state": GONE, "progress": None, "running": None})
