"""Which tasks a page holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qarnot_mcp.qarnot.pages import PAGE_ITEMS, ListFilter, dates, leaf

PAGE_TASKS = PAGE_ITEMS
_NOT_ENDED = "0001-01-01T00:00:00Z"
"""The end of a task that has not ended, as the API writes it: a date before all others."""


@dataclass(frozen=True)
class TaskFilter(ListFilter):
    """Which tasks are asked for: one of the tags, one of the states, and all else that is set."""

    profile: str | None = None
    pool_uuid: str | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None

    def parts(self) -> list[dict[str, Any]]:
        """Return the filters that must all hold, in the words of the API."""
        equal = (("Profile", self.profile), ("PoolUuid", self.pool_uuid))
        parts = [leaf("Equal", field, value) for field, value in equal if value is not None]
        bounds = dates(("GreaterThan", "EndDate", self.ended_after), ("LessThan", "EndDate", self.ended_before))
        if self.ended_before is not None:
            bounds.append(leaf("GreaterThan", "EndDate", _NOT_ENDED))
        return super().parts() + parts + bounds


EVERY_TASK = TaskFilter()
