"""The end of a log, without a look at what comes before it."""

from collections import deque
from collections.abc import AsyncIterator

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.tools.logs.lines import BlockReader
from qarnot_mcp.tools.logs.selection import Tail

MAX_WAITING_BYTES = 2 << 20


async def read_end(
    parts: AsyncIterator[LogPart], lines: int, max_waiting_bytes: int = MAX_WAITING_BYTES
) -> tuple[Tail, int, bool]:
    """Read a log of which only the last lines are wanted; the parts before them are counted, not decoded.

    Answers the end, the number of lines of the whole log, and whether the last one has its newline.
    """
    waiting: deque[tuple[LogPart, int]] = deque()
    newlines = size = 0
    tail = Tail(lines)
    reader = BlockReader(tail.feed)
    async for part in parts:
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
            reader.feed(oldest.text)
    for part, _ in waiting:
        reader.feed(part.text)
    return tail, *reader.finish()
