"""Waiting for any of several tasks to end within one call."""

import asyncio
from collections.abc import Mapping, Sequence

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable
from qarnot_mcp.qarnot.pages import PAGE_ITEMS
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import FINAL_STATES
from qarnot_mcp.tools.context import current_context
from qarnot_mcp.tools.tasks.task_rows import TaskRow, rows_of
from qarnot_mcp.tools.tasks.waiting import CHANGES_SHOWN, Waited
from qarnot_mcp.tools.waits import SharedWait, Wait

GONE = "Deleted"


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
