"""The rows of list_tasks: each task in a few words, with why it failed."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import ConfigDict, Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Status, Task, TaskSummary
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, STATE_CHARACTERS, Number, Result, date, rounded
from qarnot_mcp.tools.failures.explain import failure_reasons

TAGS_SHOWN = 10
DETAILS_SECONDS = 20.0
FAILURE_FIELDS = ("Tags", "Errors", "Status", "Constants", "Profile")
"""What tells why a task failed. The instances one by one are left out: there may be thousands."""
NO_DETAILS = "The tags and the reasons of failures could not be read this time."


class TaskRow(Result):
    """A task in a list."""

    model_config = ConfigDict(frozen=False)

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
    def of(
        cls, task: TaskSummary, tags: Sequence[str] = (), status: Status | None = None, reason: str | None = None
    ) -> Self:
        """Shape one task; what follows from the rest (all instances of a success) is left out."""
        status = None if task.state == "Success" else status
        return cls(
            uuid=task.uuid,
            name=masked_line(task.name, NAME_CHARACTERS),
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
            tags=[masked_line(tag, NAME_CHARACTERS) for tag in tags[:TAGS_SHOWN]] or None,
        )


async def rows_of(client: QarnotClient, tasks: Sequence[TaskSummary]) -> tuple[list[TaskRow], str | None]:
    """Return a row for each task of a page, and a sentence where not all could be read.

    Summaries have neither tags nor instances: for those, one search brings the tags and another what tells of failures,
    both at once. A list without these is better than none, or a late one.
    """
    whole: Mapping[str, Task] = {task.uuid: task for task in tasks if isinstance(task, Task)}
    tags: Mapping[str, Sequence[str]] = {}
    reasons: Mapping[str, str] = {}
    failed = [task.uuid for task in tasks if task.state == "Failure"]
    note = None
    try:
        async with asyncio.timeout(DETAILS_SECONDS):
            if not whole:
                tags, whole = await asyncio.gather(
                    client.tasks.tags([task.uuid for task in tasks if task.state != "Failure"]),
                    client.tasks.select(failed, FAILURE_FIELDS),
                )
            reasons = await failure_reasons(client, [whole[uuid] for uuid in failed if uuid in whole])
    except (QarnotError, TimeoutError):
        note = NO_DETAILS
    return [_row(task, whole.get(task.uuid), tags, reasons) for task in tasks], note


def _row(
    task: TaskSummary, whole: Task | None, tags: Mapping[str, Sequence[str]], reasons: Mapping[str, str]
) -> TaskRow:
    if whole is None:
        return TaskRow.of(task, tags.get(task.uuid, ()))
    return TaskRow.of(task, whole.tags, whole.status, reasons.get(task.uuid))


def take_common_tags(rows: Sequence[TaskRow]) -> list[str]:
    """Take from the rows the tags that all of several have, and return those: said once, they cost little."""
    if len(rows) < 2:
        return []
    common = [tag for tag in rows[0].tags or () if all(tag in (row.tags or ()) for row in rows)]
    if common:
        for row in rows:
            row.tags = [tag for tag in row.tags or () if tag not in common] or None
    return common
