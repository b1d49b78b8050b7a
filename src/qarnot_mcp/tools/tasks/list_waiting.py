"""Waiting for any of several tasks to end within one call."""

import asyncio
import random
import time
from collections.abc import Sequence

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.pages import PAGE_TASKS
from qarnot_mcp.qarnot.tasks.vocabulary import FINAL_STATES
from qarnot_mcp.tools.tasks.task_rows import TaskRow, rows_of
from qarnot_mcp.tools.tasks.waiting import (
    FIRST_PAUSE_SECONDS,
    GRACE_SECONDS,
    JITTER,
    LONGEST_PAUSE_SECONDS,
    PAUSE_GROWTH,
    Waited,
)

CHANGES_SHOWN = 12
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
    started = time.monotonic()
    end = started + wait_seconds
    pause, ended = FIRST_PAUSE_SECONDS, dict[str, Task | None]()
    while not ended and (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, pause * random.uniform(1 - JITTER, 1 + JITTER)))  # noqa: S311 - no secret
        pause = min(LONGEST_PAUSE_SECONDS, pause * PAUSE_GROWTH)
        try:
            async with asyncio.timeout(max(0, end - time.monotonic()) + GRACE_SECONDS):
                ended = await _ended(client, list(active))
        except (ApiUnavailable, TimeoutError):
            continue
    whole = [task for task in ended.values() if task is not None]
    shaped, _ = await rows_of(client, whole)
    fresh = {row.uuid: row for row in shaped}
    after = [fresh.get(row.uuid) or (_gone(row) if row.uuid in ended else row) for row in rows]
    changes = [f"{active[uuid].name}: {active[uuid].state} -> {_state(task)}" for uuid, task in ended.items()]
    return after, Waited(seconds=round(time.monotonic() - started, 1), changes=changes[:CHANGES_SHOWN])


async def _ended(client: QarnotClient, uuids: Sequence[str]) -> dict[str, Task | None]:
    """Return those that have ended, whole as far as they are shown; None where a task is gone."""
    batches = [uuids[first : first + PAGE_TASKS] for first in range(0, len(uuids), PAGE_TASKS)]
    found: dict[str, Task] = {}
    for batch in await asyncio.gather(*(client.tasks.select(batch, ("Name",)) for batch in batches)):
        found |= batch
    ended = [uuid for uuid in uuids if uuid not in found or found[uuid].is_final][:PAGE_TASKS]
    whole = await client.tasks.select([uuid for uuid in ended if uuid in found])
    return {uuid: whole.get(uuid) for uuid in ended}


def _gone(row: TaskRow) -> TaskRow:
    return row.model_copy(update={"state": GONE, "progress": None, "running": None})


def _state(task: Task | None) -> str:
    return task.state if task else GONE
