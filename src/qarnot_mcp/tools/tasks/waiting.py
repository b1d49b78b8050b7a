"""Waiting for a task, or any of several, to end within one call: polite polls, and what changed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable
from qarnot_mcp.qarnot.pages import PAGE_ITEMS
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import FINAL_STATES
from qarnot_mcp.tools.answers import Number, Result
from qarnot_mcp.tools.context import current_context
from qarnot_mcp.tools.tasks.estimate import seconds_to_end
from qarnot_mcp.tools.tasks.task_rows import TaskRow, rows_of
from qarnot_mcp.tools.waits import SharedWait, Wait

CHANGES_SHOWN = 12
BOOTING = "Booting takes two to three minutes on Qarnot; get_task with wait_seconds waits on."
NOTES = {
    "Submitted": f"It waits for a free machine, which takes seconds to hours. {BOOTING}",
    "PartiallyDispatched": BOOTING,
    "FullyDispatched": BOOTING,
}
MISSED = "Qarnot did not answer the last look: this is how the task stood before. Call again to see it now."
ProgressCallback = Callable[[Task, Wait], Awaitable[None]]
GONE = "Deleted"


class Waited(Result):
    """How long the call waited and what changed meanwhile."""

    seconds: Number
    changes: list[str]


@dataclass(frozen=True)
class WaitResult:
    """A task as the wait left it."""

    task: Task
    waited: Waited | None
    note: str | None


async def wait_for_task(
    client: QarnotClient, task_id: str, wait_seconds: float, report: ProgressCallback
) -> WaitResult:
    """Read a task, again and again until it has ended or the time is over; `report` is called after each look.

    Calls with the same key that wait for the same task share its looks.
    """
    if wait_seconds <= 0:
        task = await client.tasks.get(task_id)
        return WaitResult(task, None, NOTES.get(task.state))
    wait = Wait(wait_seconds)
    poll = current_context().polls.of(client.owner, f"task {task_id}")
    looks = SharedWait(poll, wait, lambda: client.tasks.get(task_id), seconds_to_end)
    task = await looks.look()
    if task.is_final:
        return WaitResult(task, None, NOTES.get(task.state))
    changes, is_missed = list[str](), False
    while not task.is_final:
        await report(task, wait)
        if not await looks.pause():
            break
        try:
            async with wait.look():
                before, task = task, await looks.look()
        except (ApiUnavailable, TimeoutError):
            is_missed = True
            continue
        is_missed = False
        changes += [f"after {wait.waited_seconds:.0f} s: {change}" for change in changes_between(before, task)]
    waited = Waited(seconds=round(wait.waited_seconds, 1), changes=changes[-CHANGES_SHOWN:])
    return WaitResult(task, waited, MISSED if is_missed else NOTES.get(task.state))


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
    wait, ended = Wait(wait_seconds), dict[str, Task | None]()
    poll = current_context().polls.of(client.owner, f"tasks {sorted(active)}")
    looks = SharedWait(poll, wait, lambda: _ended(client, list(active)), _seconds_to_end)
    while not ended:
        await wait.report(f"{len(active)} of the listed tasks go on")
        if not await looks.pause():
            break
        try:
            async with wait.look():
                ended = await looks.look()
        except (ApiUnavailable, TimeoutError):
            continue
    whole = [task for task in ended.values() if task is not None]
    shaped, _ = await rows_of(client, whole)
    fresh = {row.uuid: row for row in shaped}
    after = [fresh.get(row.uuid) or (_gone(row) if row.uuid in ended else row) for row in rows]
    changes = [f"{active[uuid].name}: {active[uuid].state} -> {_state(task)}" for uuid, task in ended.items()]
    return after, Waited(seconds=round(wait.waited_seconds, 1), changes=changes[:CHANGES_SHOWN])


async def _ended(client: QarnotClient, uuids: Sequence[str]) -> dict[str, Task | None]:
    """Return those that have ended, whole as far as they are shown; None where a task is gone."""
    batches = [uuids[first : first + PAGE_ITEMS] for first in range(0, len(uuids), PAGE_ITEMS)]
    found: dict[str, Task] = {}
    for batch in await asyncio.gather(*(client.tasks.select(batch, ("Name",)) for batch in batches)):
        found |= batch
    ended = [uuid for uuid in uuids if uuid not in found or found[uuid].is_final][:PAGE_ITEMS]
    whole = await client.tasks.select([uuid for uuid in ended if uuid in found])
    return {uuid: whole.get(uuid) for uuid in ended}


def _seconds_to_end(ended: Mapping[str, Task | None]) -> float | None:
    return 0.0 if ended else None


def _gone(row: TaskRow) -> TaskRow:
    return row.model_copy(update={"state": GONE, "progress": None, "running": None})


def _state(task: Task | None) -> str:
    return task.state if task else GONE
