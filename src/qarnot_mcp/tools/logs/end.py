"""Read the last lines of a log without decoding what precedes them."""

from collections import deque
from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.tools.logs.lines import BlockReader
from qarnot_mcp.tools.logs.selection import Tail
from qarnot_mcp.tools.logs.work import LogWork

MAX_WAITING_BYTES = 2 << 20


class LogEnd(NamedTuple):
    """The end of a log."""

    tail: Tail
    """Its last lines, not yet prepared."""
    total_lines: int
    """How many lines the whole log has."""
    is_ended: bool
    """Whether the last one has its newline; if not, it may still grow."""


async def read_end(
    parts: AsyncIterator[LogPart], lines: int, work: LogWork, max_waiting_bytes: int = MAX_WAITING_BYTES
) -> LogEnd:
    """Read the last lines of a log; the parts before them are counted, not decoded."""
    waiting: deque[tuple[LogPart, int]] = deque()
    newlines = size = 0
    tail = Tail(lines)
    reader = BlockReader(tail.feed)
    async for part in parts:
        if part.is_broken:
            await work.do(part.repair)
        waiting.append((part, part.newlines))
        newlines += waiting[-1][1]
        size += part.size
        # One newline more than lines: the first ends a line whose start is let go of.
        while newlines - waiting[0][1] > lines:
            oldest, its_newlines = waiting.popleft()
            newlines -= its_newlines
            size -= oldest.size
            tail = Tail(lines)
            reader = BlockReader(tail.feed, reader.total_lines + its_newlines)
        # So much without enough lines: they are long, and the reader cuts them.
        while size > max_waiting_bytes:
            oldest, its_newlines = waiting.popleft()
            newlines -= its_newlines
            size -= oldest.size
            await work.do(partial(_feed, reader, oldest))
    for part, _ in waiting:
        await work.do(partial(_feed, reader, part))
    return LogEnd(tail, *reader.finish())


def _feed(reader: BlockReader, part: LogPart) -> None:
    reader.feed(part.text)
