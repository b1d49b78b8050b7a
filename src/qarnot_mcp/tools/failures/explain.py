"""Why a task failed, with the logs that show it; in one line for lists; and a later task that did what it did not."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.items import TaskFilter
from qarnot_mcp.qarnot.tasks.models import Task, TaskSummary
from qarnot_mcp.qarnot.tasks.vocabulary import LOG_TYPES
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import mask_text
from qarnot_mcp.tools.answers import date, masked_name
from qarnot_mcp.tools.failures.grouping import (
    LogTail,
    cause_of,
    command_of,
    evidence_of,
    explain,
    failure_groups,
    groups_to_explain,
)
from qarnot_mcp.tools.failures.report import FailureReport, LaterSuccess
from qarnot_mcp.tools.failures.signatures import recognise
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.logs.reading import mask_of
from qarnot_mcp.tools.logs.view import LogView
from qarnot_mcp.tools.logs.work import LogWork

TAIL_LINES = 30
TAIL_CHARACTERS = 2_000
LOGS_SECONDS = 15.0
REASON_CHARACTERS = 80
LOGS_READ = 10
"""The newest failed tasks of a list: the reason of the others comes from the platform's errors alone."""
LOG_SECONDS = 8.0
LOOK_SECONDS = 5.0
SUCCEEDED = ("Success",)
FIELDS = ("Name", "Constants", "CreationDate")


async def explain_failure(client: QarnotClient, task: Task) -> FailureReport | None:
    """Return why a task failed, with the end of one log for each kind of failure; None if it did not fail."""
    if task.state != "Failure":
        return None
    ids = [group.instance_id for group in groups_to_explain(task)]
    tails, later = await asyncio.gather(_tails_of(client, task, ids), find_later_success(client, task))
    report = explain(task, {i: tail for i, tail in zip(ids, tails, strict=True) if tail is not None})
    return report.model_copy(update={"later_success": later}) if later else report


async def _tails_of(client: QarnotClient, task: Task, ids: Sequence[int | None]) -> Sequence[LogTail | None]:
    try:
        async with asyncio.timeout(LOGS_SECONDS):
            return await asyncio.gather(*(tail_of(client, task, instance_id) for instance_id in ids))
    except TimeoutError:
        return [LogTail("stderr", "(the log could not be read in time; get_task_logs reads it)")] * len(ids)


async def tail_of(client: QarnotClient, task: Task, instance_id: int | None) -> LogTail | None:
    """Return the end of an instance's stderr, or of its stdout if that is empty; None if both are."""
    for log_type in reversed(LOG_TYPES):
        query = LogQuery(
            task_uuid=task.uuid,
            log_type=log_type,
            instance_id=instance_id,
            tail_lines=TAIL_LINES,
            max_characters=TAIL_CHARACTERS,
        )
        try:
            async with client.tasks.log(task.uuid, log_type, instance_id) as parts:
                page = await LogView(query, mask_of(task), work=LogWork(client.owner)).read(aiter(parts))
        except QarnotError as error:
            return LogTail(log_type, f"(the log could not be read: {error})")
        if page.text.strip():
            return LogTail(log_type, page.text)
    return None


async def failure_reasons(client: QarnotClient, tasks: Sequence[Task]) -> dict[str, str]:
    """Return the reason of each failed task by UUID; logs that cannot be read in time are left out of it."""
    tails = await asyncio.gather(*(_tail(client, task) for task in tasks[:LOGS_READ]))
    rest = [None] * (len(tasks) - len(tails))
    return {task.uuid: one_line_reason(task, tail) for task, tail in zip(tasks, [*tails, *rest], strict=True)}


def one_line_reason(task: Task, tail: LogTail | None) -> str:
    """Return the cause of the largest group of failed instances, and what was said last, in 80 characters."""
    group = failure_groups(task)[0]
    signature = recognise(evidence_of(task, group, tail))
    cause = cause_of(group, signature)
    printed = (tail.text.strip().split("\n")[-1] if tail else "").strip()
    message = mask_text(group.error.message) if group.error else ""
    parts = [f"exit code {group.exit_code}", printed] if group.exit_code is not None else [message or printed]
    said = ": ".join(filter(None, parts)) or "no error reported"
    reason = one_line(f"{cause}: {said}", 5 * REASON_CHARACTERS)
    return reason if len(reason) <= REASON_CHARACTERS else f"{reason[: REASON_CHARACTERS - 1]}…"


async def _tail(client: QarnotClient, task: Task) -> LogTail | None:
    try:
        async with asyncio.timeout(LOG_SECONDS):
            return await tail_of(client, task, failure_groups(task)[0].instance_id)
    except TimeoutError:
        return None


async def find_later_success(client: QarnotClient, task: Task) -> LaterSuccess | None:
    """Return a later task of the same name, or profile and command, that succeeded.

    It is an extra: None also where it could not be looked for in time.
    """
    if task.state != "Failure" or task.created is None:
        return None
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            named = TaskFilter(states=SUCCEEDED, name=task.name, created_after=task.created)
            page = await client.tasks.page(where=named, limit=1)
            if page.items:
                return _shape(page.items[0], "name")
            command = command_of(task)
            if not command or not task.profile:
                return None
            alike = TaskFilter(states=SUCCEEDED, profile=task.profile, created_after=task.created)
            for found in await client.tasks.search(alike, FIELDS):
                if command_of(found) == command:
                    return _shape(found, "command")
    except (QarnotError, TimeoutError):
        return None
    return None


def _shape(task: TaskSummary, same: Literal["name", "command"]) -> LaterSuccess:
    return LaterSuccess(uuid=task.uuid, name=masked_name(task.name), created=date(task.created), same=same)
