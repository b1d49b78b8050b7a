"""What a finished task needs beside its own answer: the logs that say why it failed, and what energy it used."""

import asyncio
from collections.abc import AsyncIterator

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.failures.grouping import LogTail, explain, groups_to_explain
from qarnot_mcp.tools.logs.get_task_logs import mask_of
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.logs.view import LogView
from qarnot_mcp.tools.tasks.details import Energy, FailureReport

TAIL_LINES = 30
TAIL_CHARACTERS = 2_000
LOGS_SECONDS = 15.0
LINE_SECONDS = 2.0
LINE_CHARACTERS = 200
LINE_LOG_BYTES = 1_000_000
ENERGY_SECONDS = 5.0


async def explain_failure(client: QarnotClient, task: Task) -> FailureReport | None:
    """Answers why a task failed, with the end of one log of each kind of failure; none for a task that did not."""
    if task.state != "Failure":
        return None
    ids = [group.instance_id for group in groups_to_explain(task)]
    try:
        async with asyncio.timeout(LOGS_SECONDS):
            tails = await asyncio.gather(*(tail_of(client, task, instance_id) for instance_id in ids))
    except TimeoutError:
        tails = [LogTail("stderr", "(the log could not be read in time; get_task_logs reads it)")] * len(ids)
    return explain(task, {i: tail for i, tail in zip(ids, tails, strict=True) if tail is not None})


async def tail_of(client: QarnotClient, task: Task, instance_id: int | None) -> LogTail | None:
    """Answers the end of an instance's stderr, of its stdout where that is empty, none where both are."""
    for log_type in ("stderr", "stdout"):
        query = LogQuery(
            task.uuid, log_type, instance_id, tail_lines=TAIL_LINES, max_characters=TAIL_CHARACTERS, cursor=None
        )
        try:
            async with client.tasks.log(task.uuid, log_type, instance_id) as parts:
                page = await LogView(query, mask_of(task)).read(aiter(parts))
        except QarnotError as error:
            return LogTail(log_type, f"(the log could not be read: {error})")
        if page.text.strip():
            return LogTail(log_type, page.text)
    return None


async def last_line(client: QarnotClient, task: Task) -> str:
    """Answers the last line of a running task's stdout; nothing where there is none, or none to be had quickly."""
    query = LogQuery(task.uuid, tail_lines=1, max_characters=LINE_CHARACTERS)
    try:
        async with asyncio.timeout(LINE_SECONDS), client.tasks.log(task.uuid) as parts:
            return (await LogView(query, mask_of(task)).read(small(aiter(parts)))).text.strip()
    except (QarnotError, TimeoutError):
        return ""


async def small(parts: AsyncIterator[LogPart]) -> AsyncIterator[LogPart]:
    """Goes through a log of at most a million bytes; raises `TimeoutError` for one that takes longer to read."""
    size = 0
    async for part in parts:
        size += part.size
        if size > LINE_LOG_BYTES:
            raise TimeoutError
        yield part


async def energy_of(client: QarnotClient, task: Task) -> tuple[Energy | None, str]:
    """Answers what a finished task used, and a sentence where that could not be read in time.

    The facts are an extra: the task is answered without them rather than late or not at all.
    """
    if not task.is_final:
        return None, ""
    try:
        async with asyncio.timeout(ENERGY_SECONDS):
            facts = await client.carbon.facts(task.uuid)
    except (QarnotError, TimeoutError):
        return None, "Its energy and carbon facts could not be read this time."
    return (Energy.of(facts) if facts else None), ""
