"""How every result is made: small by default, nulls left out, the same facts in text and in structure."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastmcp.tools.base import ToolResult
from mcp_types import TextContent
from pydantic import BaseModel, ConfigDict, WithJsonSchema
from pydantic_core import to_json

from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import masked_line

# How many characters of JSON one result may have. Clients cut or refuse longer ones without a word to the model.
RESULT_CHARACTERS = 100_000
LIST_BYTES = 46_000
"""The rows of list_tasks: at two bytes a token, as UUIDs and dates take, under the 25,000 of Claude Code."""
LOG_CHARACTERS = 96_000
"""The text of get_task_logs: what is left holds left_out, next (with the search in it) and the cursor."""
ROWS_CHARACTERS = 90_000
"""The names of profiles, the constants of one: what is left holds twenty licences."""
TASK_CHARACTERS = 47_000
"""All of get_task: twice as many characters as tokens, under the 25,000 of Claude Code."""
API_CHARACTERS = 32_000
"""What the API said, with detail=full: it comes beside all that a summary has, a failure report included."""
FAILURE_CHARACTERS = 4_000
"""A failure report: short, as every look at a failed task brings it."""

# How much is shown of one text from a stranger: enough to recognise it.
NAME_CHARACTERS = 120
STATE_CHARACTERS = 40
VALUE_CHARACTERS = 300

# A whole number stays one: "12", where a float would be written as "12.0".
Number = Annotated[int | float, WithJsonSchema({"type": "number"})]
T = TypeVar("T")


class Result(BaseModel):
    """What a tool returns; fields that are None are not sent."""

    model_config = ConfigDict(frozen=True)


def answer(result: Result | ToolResult) -> ToolResult:
    """Return what a tool returned as it is sent: the structure, and as text the same facts as compact JSON."""
    if isinstance(result, ToolResult):
        return result
    structure = result.model_dump(mode="json", exclude_none=True)
    text = TextContent(type="text", text=to_json(structure).decode())
    # Its constructor would walk through the whole structure again, to make JSON of what is JSON.
    return ToolResult.model_construct(content=[text], structured_content=structure, meta=None, is_error=False)


def json_length(value: object) -> int:
    """Return how many characters a result, or a part of one, takes as JSON."""
    if isinstance(value, BaseModel):
        return len(value.model_dump_json(exclude_none=True))
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def json_bytes(value: BaseModel | Sequence[BaseModel]) -> int:
    """Return how many bytes a part of a result takes as JSON: tokens follow them more closely than characters."""
    return len(to_json(value, by_alias=False, exclude_none=True))


def first_within(entries: Iterable[T], room: int, size: Callable[[T], int]) -> list[T]:
    """Return the first entries, as many as take at most `room` together."""
    kept: list[T] = []
    for entry in entries:
        room -= size(entry)
        if room < 0:
            break
        kept.append(entry)
    return kept


def truncate_to_budget(rows: Sequence[T], kind: str) -> tuple[list[T], str | None]:
    """Return the first rows, as many as fit into 90,000 characters, and a sentence if some do not.

    A profile's constants and an account's profiles are few; nothing but this bounds them.
    """
    shown = first_within(rows, ROWS_CHARACTERS, lambda row: json_length(row) + 1)
    return shown, None if len(shown) == len(rows) else f"These are the first {len(shown):,} of {len(rows):,} {kind}."


def first_of(texts: Sequence[str], most: int) -> str:
    """Return the first texts, and how many more there are."""
    return ", ".join(texts[:most]) + (f" and {len(texts) - most:,} more" if len(texts) > most else "")


def masked_name(text: str) -> str:
    """Return a name that somebody chose as it is shown: on one line, recognisable, without what looks like a secret."""
    return masked_line(text, NAME_CHARACTERS)


def plain_name(text: str) -> str:
    """Return a name that the platform chose as it is shown."""
    return one_line(text, NAME_CHARACTERS)


def plain_state(text: str) -> str:
    """Return a state as it is shown."""
    return one_line(text, STATE_CHARACTERS)


def set_time(text: str | None) -> str | None:
    """Return a length of time as it is shown; None where none is set, which the API writes as zeros."""
    return plain_state(text) if text and text.strip("0:.") else None


def date(moment: datetime | None) -> str | None:
    """Write a moment as `date_text` does, where there is one."""
    return date_text(moment) if moment else None


def date_text(moment: datetime) -> str:
    """Write a moment in UTC as the API does, to the second."""
    return f"{moment.isoformat()[:19]}Z"  # a tenth of the time of strftime


def present(now: datetime, *told: str | None) -> str:
    """Return the present as it is written: this server's clock, or the latest time told, as Qarnot's may be ahead."""
    return max(date_text(now), *filter(None, told), "")


def rounded(value: float | None, digits: int = 1) -> Number | None:
    """Round a number for reading; whole numbers lose their point in JSON."""
    if value is None:
        return None
    short = round(value, digits)
    return int(short) if short == int(short) else short
