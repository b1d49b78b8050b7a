"""The rows of list_tasks: each task in a few words, with why it failed."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, STATE_CHARACTERS, Number, Result, date, rounded
from qarnot_mcp.tools.failures.reasons import failure_reasons

TAGS_SHOWN = 10
DETAILS_SECONDS = 20.0
TAG_FIELDS = ("Tags",)
FAILURE_FIELDS = ("Tags", "Errors", "Status", "Constants", "Profile")
"""What tells why a task failed. The instances one by one are left out: there may be thousands."""
NO_DETAILS = "The tags and the reasons of failures could not be read this time."


class TaskRow(Result):
    """A task in a list."""

    uuid: str
    name: str
    state: str
    progress: Number | None = Field(None, description="Percent, while the task is not over.")
    profile: str | None = None
    instances: int
    running: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    reason: str | None = Field(None, description="The cause of its failure, and what was said last.")
    created: str | None = None
    ended: str | None = None
    tags: list[str] | None = Field(None, description="Beside common_tags.")

    @classmethod
    def of(cls, task: Task, details: Task | None = None, reason: str | None = None) -> Self:
        """Shape one task; `details` knows what its summary does not say.

        What follows from the rest (all instances of a success) is left out.
        """
        known = task if details is None else details
        status = known.status if task.state != "Success" else None
        return cls(
            uuid=task.uuid,
            name=one_line(task.name, NAME_CHARACTERS),
            state=one_line(task.state, STATE_CHARACTERS),
            progress=None if task.is_final else rounded(task.progress) or None,
            profile=one_line(task.profile, NAME_CHARACTERS) if task.profile else None,
            instances=task.instance_count,
            running=task.running_instance_count or None,
            succeeded=(count_ranges(status.succeeded_range) or None) if status else None,
            failed=(count_ranges(status.failed_only_range) or None) if status else None,
            reason=reason,
            created=date(task.created),
            ended=date(task.ended),
            tags=[one_line(tag, NAME_CHARACTERS) for tag in known.tags[:TAGS_SHOWN]] or None,
        )


async def rows_of(client: QarnotClient, tasks: Sequence[Task], *, is_whole: bool) -> tuple[list[TaskRow], str | None]:
    """Return a row for each task of a page, and a sentence where not all could be read.

    Summaries have neither tags nor instances: unless the tasks are whole, one search brings the tags and another what
    tells of failures, both at once. A list without these is better than none, or a late one.
    """
    failed = [task.uuid for task in tasks if task.state == "Failure"]
    details: Mapping[str, Task] = {task.uuid: task for task in tasks} if is_whole else {}
    reasons: Mapping[str, str] = {}
    note = None
    try:
        async with asyncio.timeout(DETAILS_SECONDS):
            if not is_whole:
                others = [task.uuid for task in tasks if task.state != "Failure"]
                for found in await asyncio.gather(
                    client.tasks.select(others, TAG_FIELDS), client.tasks.select(failed, FAILURE_FIELDS)
                ):
                    details = {**details, **found}
            reasons = await failure_reasons(client, [details[uuid] for uuid in failed if uuid in details])
    except (QarnotError, TimeoutError):
        note = NO_DETAILS
    rows = [TaskRow.of(task, details.get(task.uuid), reasons.get(task.uuid)) for task in tasks]
    return rows, note


def with_common_tags(rows: Sequence[TaskRow]) -> tuple[list[TaskRow], list[str]]:
    """Return the rows without the tags that all of several have, and those tags: said once, they cost little."""
    if len(rows) < 2:
        return list(rows), []
    common = [tag for tag in rows[0].tags or () if all(tag in (row.tags or ()) for row in rows)]
    if not common:
        return list(rows), []
    left = ([tag for tag in row.tags or () if tag not in common] for row in rows)
    return [row.model_copy(update={"tags": tags or None}) for row, tags in zip(rows, left, strict=True)], common
