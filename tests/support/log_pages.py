"""How the tests of logs read one: a text, in pieces, as a query wants it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.text.masking import LogMask
from qarnot_mcp.tools.logs.query import LogPage, LogQuery
from qarnot_mcp.tools.logs.view import LogView


async def stream(pieces: Iterable[str]) -> AsyncIterator[LogPart]:
    """Answers the pieces as they come from the API: those that need no care are not decoded."""
    for piece in pieces:
        raw = json.dumps(piece)[1:-1].encode()
        is_plain = '"' not in piece and raw.count(b"\\") == piece.count("\n")
        yield LogPart(raw=raw) if is_plain else LogPart(piece)


def split_at(text: str, places: Iterable[int]) -> list[str]:
    ends = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


def read_page(text: str, places: Iterable[int] = (), secrets: Iterable[str] = (), **query: Any) -> LogPage:
    view = LogView(LogQuery(task_uuid="a-task", **query), LogMask(secrets))
    return asyncio.run(view.read(stream(split_at(text, places))))
