"""When a running task will probably end, from its progress and the time that took."""

from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.answers import Result, date_text

EXECUTING = frozenset({"PartiallyExecuting", "FullyExecuting"})
LEAST_PERCENT = 1.0
"""Below it, an estimate would be a guess."""
SURER_FROM_PERCENT = 50.0
LONGEST = timedelta(days=365)
UPLOAD_SECONDS = 9.5
"""How long most tasks upload their results before they end, and half a second to see it."""


class EstimatedEnd(Result):
    """When a task will probably end, as if it went on as it did so far."""

    at: str
    how_sure: Literal["low", "medium"]

    @classmethod
    def of(cls, task: Task, now: datetime) -> Self | None:
        """Estimate the end; None where the task does not execute, or tells no progress yet."""
        since = task.previous_state_changed if task.previous_state in EXECUTING else task.state_changed
        if task.state not in EXECUTING or since is None or not LEAST_PERCENT <= task.progress < 100:
            return None
        left = (now - since) * ((100 - task.progress) / task.progress)
        if not timedelta() <= left <= LONGEST:
            return None
        return cls(at=date_text(now + left), how_sure="medium" if task.progress >= SURER_FROM_PERCENT else "low")


def seconds_to_end(task: Task) -> float | None:
    """Return in how many seconds a task will probably end: 0 where it has, None where nothing tells of its end yet."""
    if task.is_final:
        return 0.0
    if task.state != "UploadingResults" or task.state_changed is None:
        return None
    uploaded = now_of(task, datetime.now(UTC)) - task.state_changed
    left = UPLOAD_SECONDS - uploaded.total_seconds()
    return left if 0 < left <= UPLOAD_SECONDS else None


def now_of(task: Task, now: datetime) -> datetime:
    """Return what time it is by the API's clock where a task tells it, else the given time."""
    if task.is_final or task.created is None or not task.wall_seconds or task.wall_seconds < 0:
        return now
    try:
        return task.created + timedelta(seconds=task.wall_seconds)
    except OverflowError:
        return now
