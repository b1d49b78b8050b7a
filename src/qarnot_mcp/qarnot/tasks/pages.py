"""Pages of tasks: what is asked for, and where the next one starts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from qarnot_mcp.qarnot.errors import InvalidArgument, UnreadableResponse
from qarnot_mcp.qarnot.fields import NONE_AS_LIST, OptionalCount, OptionalText, Record
from qarnot_mcp.qarnot.identifiers import check_cursor

PAGE_TASKS = 50
_NOT_ENDED = "0001-01-01T00:00:00Z"
"""The end of a task that has not ended, as the API writes it: a date before all others."""


class Page(Record):
    """One page as the API answers it."""

    data: Annotated[list[Any], NONE_AS_LIST]
    total: OptionalCount = None
    is_truncated: bool | None = None
    next_token: OptionalText = None


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks are asked for: one of the tags, one of the states, and all else that is set."""

    tags: Sequence[str] = ()
    states: Sequence[str] = ()
    name_part: str | None = None
    """A part of the name, in any case."""
    name: str | None = None
    """The whole name, as it is written."""
    profile: str | None = None
    uuids: Sequence[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None

    def to_api(self) -> dict[str, Any] | None:
        """Return the filter of a page, None for all tasks."""
        parts: list[dict[str, Any]] = []
        if self.tags:
            leaves = [_leaf("Equal", "Tags", tag) for tag in self.tags]
            parts.append(leaves[0] if len(leaves) == 1 else {"operator": "Or", "filters": leaves})
        if self.states:
            parts.append({"operator": "In", "field": "State", "values": list(self.states)})
        if self.name_part:
            # `Like` takes a regular expression between slashes.
            pattern = re.escape(self.name_part).replace("/", r"\/")
            parts.append(_leaf("Like", "Name", f"/(?i){pattern}/"))
        if self.name is not None:
            parts.append(_leaf("Equal", "Name", self.name))
        if self.profile is not None:
            parts.append(_leaf("Equal", "Profile", self.profile))
        if self.uuids:
            parts.append({"operator": "In", "field": "Uuid", "values": list(self.uuids)})
        for operator, field, moment in (
            ("GreaterThan", "CreationDate", self.created_after),
            ("LessThan", "CreationDate", self.created_before),
            ("GreaterThan", "EndDate", self.ended_after),
            ("LessThan", "EndDate", self.ended_before),
        ):
            if moment is not None:
                parts.append(_leaf(operator, field, moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
        if self.ended_before is not None:
            parts.append(_leaf("GreaterThan", "EndDate", _NOT_ENDED))
        if len(parts) > 1:
            return {"operator": "And", "filters": parts}
        return parts[0] if parts else None


EVERY_TASK = TaskFilter()


def next_token(page: Page, token: str | None) -> str | None:
    """Return the token of the next page, or none after the last one."""
    if not page.is_truncated:
        return None
    if page.next_token is None or page.next_token == token:
        raise UnreadableResponse("a page of tasks does not say where the next one starts")
    try:
        return check_cursor(page.next_token)
    except InvalidArgument:
        raise UnreadableResponse("the token of a page of tasks has an unknown form") from None


def _leaf(operator: str, field: str, value: str) -> dict[str, Any]:
    return {"operator": operator, "field": field, "value": value}
