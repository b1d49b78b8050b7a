"""How the tests of logs read one: a text, in pieces, as a query wants it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any

from qarnot_mcp.tools.log_query import LogPage, LogQuery
from qarnot_mcp.tools.log_view import LogView
from qarnot_mcp.tools.secrets import LogMask


async def stream(pieces: Iterable[str]) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


def split_at(text: str, places: Iterable[int]) -> list[str]:
    ends = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


def read_page(text: str, places: Iterable[int] = (), secrets: Iterable[str] = (), **query: Any) -> LogPage:
    view = LogView(LogQuery(task_uuid="a-task", **query), LogMask(secrets))
    return asyncio.run(view.read(stream(split_at(text, places))))
