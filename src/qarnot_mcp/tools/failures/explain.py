"""Why a task failed, with the logs that show it."""

import asyncio
from collections.abc import Sequence

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import LOG_TYPES
from qarnot_mcp.tools.failures.grouping import LogTail, explain, groups_to_explain
from qarnot_mcp.tools.failures.later_success import find_later_success
from qarnot_mcp.tools.failures.report import FailureReport
from qarnot_mcp.tools.logs.mask import mask_of
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.logs.view import LogView
from qarnot_mcp.tools.logs.work import LogWork

TAIL_LINES = 30
TAIL_CHARACTERS = 2_000
LOGS_SECONDS = 15.0


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
