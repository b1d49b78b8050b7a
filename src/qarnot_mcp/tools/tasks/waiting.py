"""Waiting for a task, or any of several, to end within one call: polite polls, and what changed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.pages import PAGE_ITEMS
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import FINAL_STATES
from qarnot_mcp.tools.context import current_context
from qarnot_mcp.tools.tasks.estimate import seconds_to_end
from qarnot_mcp.tools.tasks.task_rows import TaskRow, rows_of
from qarnot_mcp.tools.waits import CHANGES_SHOWN, Wait, Waited, WaitResult, wait_for_end

BOOTING = "Booting takes two to three minutes on Qarnot; get_task with wait_seconds waits on."
NOTES = {
    "Submitted": f"It waits for a free machine, which takes seconds to hours. {BOOTING}",
    "PartiallyDispatched": BOOTING,
    "FullyDispatched": BOOTING,
}
MISSED = "Qarnot did not answer the last look: this is how the task stood before. Call again to see it now."
ProgressCallback = Callable[[Task, Wait], Awaitable[None]]
GONE = "Deleted"


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
        result = await wait_for_end(
            current_context().polls.of(client.owner, f"task {task_id}"),
            wait,
            lambda: client.tasks.get(task_id),
            seconds_to_end,
            lambda task: report(task, wait),
            lambda *looks: [f"after {wait.waited_seconds:.0f} s: {change}" for change in changes_between(*looks)],
        )
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
    result = await wait_for_end(
        current_context().polls.of(client.owner, f"tasks {sorted(active)}"),
        wait,
        lambda: _ended(client, list(active)),
        lambda ended: 0.0 if ended else None,
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
