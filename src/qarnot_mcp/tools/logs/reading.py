"""Reading a task's log as a query wants it: once, until there is something to show, or its last line only."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable, QarnotError
from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import LogType
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.text.masking import LogMask, secret_values
from qarnot_mcp.tools.answers import json_length
from qarnot_mcp.tools.context import current_key
from qarnot_mcp.tools.logs.folding import LINE_PART
from qarnot_mcp.tools.logs.page import LogPage, combine_streams
from qarnot_mcp.tools.logs.query import BOTH, LogQuery
from qarnot_mcp.tools.logs.view import LogView
from qarnot_mcp.tools.logs.work import LogWork
from qarnot_mcp.tools.waits import Wait

STDERR_PART = 4
FAILED_STDERR_PART = 2
"""Of both logs together stderr gets a quarter of the room, half of it where a task failed; stdout what is left."""
LINE_SECONDS = 2.0
LINE_CHARACTERS = 200
LINE_LOG_BYTES = 1_000_000


def mask_of(task: Task) -> LogMask:
    """Return the mask for the task's secrets, as far as the API tells them, and for the caller's key.

    A task that may see its owner's credentials can print them.
    """
    secrets = known_secrets()
    secrets.learn([current_key().get_secret_value()])
    secrets.learn(secret_values({constant.key: constant.value for constant in task.constants}))
    return secrets.mask


@dataclass(frozen=True)
class LogReading:
    """A task, and what a query shows of its log."""

    task: Task
    page: LogPage
    is_cut: bool = False
    """Whether the log is longer than the server reads."""
    waited_seconds: float | None = None


async def read_log(client: QarnotClient, query: LogQuery, wait_seconds: float = 0) -> LogReading:
    """Read a log, again and again until it has something new to show, the task has ended or the time is over.

    What was read without a match is not searched again.
    """
    work = LogWork(client.owner)
    reading = await _read(client, query, work)
    if wait_seconds <= 0:
        return reading
    # Each look takes the task and a log, or both.
    wait = Wait(wait_seconds, requests=3 if query.log_type == BOTH else 2)
    while not (_has_news(reading.page, query) or reading.task.is_final):
        await wait.report(_progress(reading, query))
        if not await wait.pause():
            break
        query = query.model_copy(update={"cursor": reading.page.cursor or query.cursor})
        try:
            async with wait.look():
                seen = await _read(client, query, work)
        except (ApiUnavailable, TimeoutError):
            continue
        gap = reading.page.gap or seen.page.gap
        reading = replace(seen, page=replace(seen.page, gap=gap))
    return replace(reading, waited_seconds=round(wait.waited_seconds, 1))


def failed_instances(task: Task) -> Ranges:
    """Return the instances that failed by themselves; those of a cancelled task did not."""
    if task.state != "Failure" or task.status is None:
        return Ranges()
    return Ranges.lenient(task.status.failed_only_range)


def _has_news(page: LogPage, query: LogQuery) -> bool:
    """Return whether there is what a wait is for: a match, or a line that has ended since the cursor was made."""
    if query.search is not None:
        return bool(page.matches)
    return bool(page.text) and (query.cursor is None or page.cursor != query.cursor)


def _progress(reading: LogReading, query: LogQuery) -> str:
    nothing = "nothing new" if query.search is None else "no match"
    return f"{reading.task.state}, {nothing} in {reading.page.total_lines:,} lines so far"


async def _read(client: QarnotClient, query: LogQuery, work: LogWork) -> LogReading:
    task = await client.tasks.get(query.task_uuid)
    if query.log_type != BOTH:
        page, is_cut = await _read_stream(client, task, query, query.log_type, work)
        return LogReading(task, page, is_cut)
    part = FAILED_STDERR_PART if len(failed_instances(task)) else STDERR_PART
    error_query = query.of_stream("stderr", query.room // part)
    errors, is_cut = await _read_stream(client, task, error_query, "stderr", work, marks_stderr=True)
    output_query = query.of_stream("stdout", query.room - json_length(errors.text))
    output, is_output_cut = await _read_stream(client, task, output_query, "stdout", work)
    return LogReading(task, combine_streams(query, {"stdout": output, "stderr": errors}), is_cut or is_output_cut)


async def _read_stream(
    client: QarnotClient, task: Task, query: LogQuery, log_type: LogType, work: LogWork, *, marks_stderr: bool = False
) -> tuple[LogPage, bool]:
    async with client.tasks.log(task.uuid, log_type, query.instance_id) as parts:
        view = LogView(query, mask_of(task), failed_instances(task), work=work, marks_stderr=marks_stderr)
        page = await view.read(aiter(parts))
    return page, parts.cut


async def last_line(client: QarnotClient, task: Task) -> str:
    """Return the last line of a running task's stdout; empty if it has none, or if it cannot be read quickly."""
    query = LogQuery(task_uuid=task.uuid, tail_lines=1, max_characters=LINE_CHARACTERS * LINE_PART)
    try:
        async with asyncio.timeout(LINE_SECONDS), client.tasks.log(task.uuid) as parts:
            return (
                await LogView(query, mask_of(task), work=LogWork(client.owner)).read(
                    within_a_million_bytes(aiter(parts))
                )
            ).text.strip()
    except (QarnotError, TimeoutError):
        return ""


async def within_a_million_bytes(parts: AsyncIterator[LogPart]) -> AsyncIterator[LogPart]:
    """Yield the parts of a log of at most a million bytes; raise `TimeoutError` for a longer one."""
    size = 0
    async for part in parts:
        size += part.size
        if size > LINE_LOG_BYTES:
            raise TimeoutError
        yield part
