"""The tasks of a job, as results show them: in the order in which they run, and bounded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from typing import Self

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.answers import first_within, json_bytes, masked_name, plain_state
from qarnot_mcp.tools.tasks.awaited import Awaited, awaited_by, why_not_started
from qarnot_mcp.tools.tasks.task_rows import TaskRow, rows_of

ROWS_BYTES = 40_000
SHAPED_TASKS = 400
"""More rows than these do not fit."""
LATEST = datetime.max.replace(tzinfo=UTC)
RANKS = {"Failure": 0, "Cancelled": 2, "Success": 3}
"""Which tasks are shown where not all are, the least first; all others go on, and are 1."""


class JobTask(TaskRow):
    """A task of a job."""

    reason: str | None = Field(None, description="Why it failed, or was cancelled before it started.")
    after: list[Awaited] | None = Field(None, description="The tasks that it waits for.")
    after_not_shown: int | None = None

    @classmethod
    def in_job(cls, row: TaskRow, task: Task, names: Mapping[str, str]) -> Self:
        """Shape one task, with what it waits for."""
        after = awaited_by(task, names)
        return cls(
            **{
                **dict(row),
                "reason": row.reason or why_not_started(task, names),
                "tags": None,
                "after": after or None,
                "after_not_shown": len(task.dependencies) - len(after) or None,
            }
        )


async def job_tasks(client: QarnotClient, tasks: Sequence[Task]) -> tuple[list[JobTask], list[str]]:
    """Return the rows that fit, in the order in which the tasks run, and sentences about what is not shown."""
    ordered = in_order(tasks)
    chosen = sorted(ordered, key=rank)[:SHAPED_TASKS]
    rows, note = await rows_of(client, chosen)
    names = {task.uuid: task.name for task in tasks}
    shaped = (JobTask.in_job(row, task, names) for row, task in zip(rows, chosen, strict=True))
    fitting = {row.uuid: row for row in first_within(shaped, ROWS_BYTES, lambda row: json_bytes(row) + 1)}
    left_out = [task for task in ordered if task.uuid not in fitting]
    notes = [note] if note else []
    if left_out:
        told = ", ".join(f"{count} {state}" for state, count in states_of(left_out).items())
        notes.append(f"Not shown, as they did not fit: {len(left_out):,} tasks ({told}). state shows some alone.")
    return [fitting[task.uuid] for task in ordered if task.uuid in fitting], notes


def in_order(tasks: Sequence[Task]) -> list[Task]:
    """Return tasks so that each comes after those it waits for, and otherwise the oldest first."""
    by_uuid = {task.uuid: task for task in sorted(tasks, key=lambda task: task.created or LATEST)}
    graph = {
        uuid: [one.task_uuid for one in task.dependencies if one.task_uuid in by_uuid] for uuid, task in by_uuid.items()
    }
    try:
        return [by_uuid[uuid] for uuid in TopologicalSorter(graph).static_order()]
    except CycleError:
        return list(by_uuid.values())


def rank(task: Task) -> int:
    """Return how early a task is shown."""
    return RANKS.get(task.state, 1)


def states_of(tasks: Sequence[Task]) -> dict[str, int]:
    """Return how many tasks are in each state."""
    return dict(Counter(plain_state(task.state) for task in tasks))


def names_of(tasks: Sequence[Task], most: int) -> list[str]:
    """Return the names of the first tasks."""
    return [masked_name(task.name or task.uuid) for task in tasks[:most]]
