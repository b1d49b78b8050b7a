"""The last line that a running task printed, for who watches its progress."""

import asyncio
from collections.abc import AsyncIterator

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.logs.folding import LINE_PART
from qarnot_mcp.tools.logs.mask import mask_of
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.logs.view import LogView
from qarnot_mcp.tools.logs.work import LogWork

LINE_SECONDS = 2.0
LINE_CHARACTERS = 200
LINE_LOG_BYTES = 1_000_000


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
