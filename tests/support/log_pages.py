"""How the tests of logs read one: a text, in pieces, as a query wants it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any

from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.text.masking import LogMask
from qarnot_mcp.tools.logs.page import LogPage
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.logs.view import LogView


async def stream(pieces: Iterable[str]) -> AsyncIterator[LogPart]:
    """Return the pieces as they come from the API: those that need no care are not decoded."""
    for piece in pieces:
        raw = json.dumps(piece)[1:-1].encode()
        is_plain = '"' not in piece and raw.count(b"\\") == piece.count("\n")
        yield LogPart(raw=raw) if is_plain else LogPart(piece)


def split_at(text: str, places: Iterable[int]) -> list[str]:
    ends = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


def read_page(
    text: str,
    places: Iterable[int] = (),
    secrets: Iterable[str] = (),
    failed: Ranges | None = None,
    max_characters: int = 20_000,
    query: LogQuery | None = None,
    marks_stderr: bool = False,
    **given: Any,
) -> LogPage:
    """Read a page as a query, or one of what is given, wants it; here it may be shorter than callers may ask for."""
    if query is None:
        query = LogQuery(**{"task_uuid": "a-task", **given}).model_copy(update={"max_characters": max_characters})
    view = LogView(query, LogMask(secrets), failed, marks_stderr=marks_stderr)
    return asyncio.run(view.read(stream(split_at(text, places))))
