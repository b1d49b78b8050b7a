"""What the dashboard draws of a task beyond what the model reads: its instances one by one, and how to run it again.

It travels in the `_meta` of the result of `get_task` with detail=full, which hosts hand to the view and not to the
model.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal, Self

from pydantic import Field

from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.qarnot.tasks.models import CompletedInstance, RunningInstance, Task
from qarnot_mcp.text.cleaning import clean_text, one_line
from qarnot_mcp.text.masking import HIDDEN, is_secret_name, mask_text, masked_line
from qarnot_mcp.tools.answers import Number, Result, date, first_within, plain_name, plain_state, rounded
from qarnot_mcp.tools.checks import MAX_NAME_CHARACTERS

META_KEY = "com.qarnot/dashboard"
MAX_INSTANCES = 200
MAX_CANCELLED = 100_000
ERROR_CHARACTERS = 240
COPY_CHARACTERS = 60_000
"""Of the constants that can be changed before a second run."""

InstanceState = Literal["queued", "booting", "running", "uploading", "success", "failure", "cancelled"]
FIRST: tuple[InstanceState, ...] = ("failure", "running", "uploading", "booting")


class InstanceRow(Result):
    """One instance; the memory is its peak where it has ended, else what it uses now."""

    instance_id: int
    state: InstanceState
    wall_seconds: Number | None = None
    execution_seconds: Number | None = None
    cpu_percent: Number | None = None
    memory_mb: Number | None = None
    max_memory_mb: int | None = None
    attempts: int | None = None
    error: str | None = None

    @classmethod
    def of_completed(cls, instance: CompletedInstance, is_cancelled: bool) -> Self:
        """Shape an instance that has ended."""
        ended: InstanceState = "success" if instance.state == "Success" else "failure"
        return cls(
            instance_id=instance.instance_id,
            state="cancelled" if is_cancelled else ended,
            wall_seconds=rounded(instance.wall_seconds),
            execution_seconds=rounded(instance.execution_seconds),
            memory_mb=rounded(instance.peak_memory_mb),
            attempts=instance.attempts,
            error=masked_line(instance.error.message, ERROR_CHARACTERS) if instance.error else None,
        )

    @classmethod
    def of_running(cls, instance: RunningInstance) -> Self:
        """Shape an instance that runs now; it still boots while it has computed nothing."""
        has_started = instance.phase == "execution" or bool(instance.execution_seconds)
        state: InstanceState = "uploading" if instance.phase == "upload" else "running" if has_started else "booting"
        return cls(
            instance_id=instance.instance_id,
            state=state,
            execution_seconds=rounded(instance.execution_seconds),
            cpu_percent=rounded(instance.cpu_percent),
            memory_mb=instance.memory_mb,
            max_memory_mb=instance.max_memory_mb,
            attempts=instance.attempts,
        )


class CopiedConstant(Result):
    """A constant of a second run; a hidden one stays as it is unless another is typed."""

    key: str
    value: str = ""
    is_hidden: bool = False


class Resubmission(Result):
    """What a person may change before a second run; the platform copies all that is not changed."""

    name: str
    instance_count: int | None = None
    advanced_ranges: str | None = None
    constants: list[CopiedConstant]

    @classmethod
    def of(cls, task: Task) -> Self:
        """Shape the parts of a task that are offered; constants that are too long to show are left out."""
        shown = (_copied(one.key, one.value) for one in task.constants if clean_text(one.key) == one.key)
        ranges = one_line(task.advanced_ranges, COPY_CHARACTERS) if task.advanced_ranges else None
        return cls(
            name=one_line(task.name, MAX_NAME_CHARACTERS),
            instance_count=None if ranges else task.instance_count,
            advanced_ranges=ranges,
            constants=first_within(shown, COPY_CHARACTERS, lambda constant: len(constant.model_dump_json())),
        )


class TaskViewData(Result):
    """What the dashboard draws of a task beside the result."""

    instances: list[InstanceRow] = Field(description=f"At most {MAX_INSTANCES}, failed and running ones first to stay.")
    previous_state: str | None = None
    previous_state_since: str | None = None
    cpu_model: str | None = None
    resubmission: Resubmission

    @classmethod
    def of(cls, task: Task) -> Self:
        """Shape one task."""
        running = task.status.running if task.status else []
        models = [one.cpu_model for one in running[:1]] + [one.cpu_model for one in task.completed_instances[:1]]
        cpu_model = next(filter(None, models), None)
        return cls(
            instances=instance_rows(task),
            previous_state=plain_state(task.previous_state) if task.previous_state else None,
            previous_state_since=date(task.previous_state_changed),
            cpu_model=plain_name(cpu_model) if cpu_model else None,
            resubmission=Resubmission.of(task),
        )


def view_meta(task: Task) -> dict[str, Any]:
    """Return the `_meta` of a result that shows this task."""
    return {META_KEY: TaskViewData.of(task).model_dump(mode="json", exclude_none=True)}


def instance_rows(task: Task) -> list[InstanceRow]:
    """Return the instances in the order of their ids; where there are too many, failed and running ones stay."""
    running = task.status.running if task.status else []
    cancelled = set(islice(Ranges.lenient(task.status.cancelled_range if task.status else ""), MAX_CANCELLED))
    completed = sorted(
        task.completed_instances,
        key=lambda one: (one.state == "Success" or one.instance_id in cancelled, one.instance_id),
    )
    rows = [
        *(InstanceRow.of_completed(one, one.instance_id in cancelled) for one in completed[:MAX_INSTANCES]),
        *(InstanceRow.of_running(one) for one in running[:MAX_INSTANCES]),
    ]
    started = {one.instance_id for one in completed} | {one.instance_id for one in running}
    if len(started) < task.instance_count:
        state = state_of_rest(task.state)
        others = (number for number in _all_ids(task) if number not in started)
        rows += [InstanceRow(instance_id=number, state=state) for number in islice(others, MAX_INSTANCES)]
    rows.sort(key=lambda row: (row.state not in FIRST, row.instance_id))
    return sorted(rows[:MAX_INSTANCES], key=lambda row: row.instance_id)


def _all_ids(task: Task) -> Iterator[int]:
    return iter(Ranges.lenient(task.advanced_ranges or "") or range(task.instance_count))


def state_of_rest(state: str) -> InstanceState:
    """Return the state of the instances that the API tells nothing of: that of their task once it is over."""
    over: dict[str, InstanceState] = {"Success": "success", "Failure": "failure", "Cancelled": "cancelled"}
    return over.get(state, "queued")


def _copied(key: str, value: str) -> CopiedConstant:
    """Hide a value that cannot be shown as it is, because it is secret or holds invisible characters."""
    says_hidden = any(mark in value.lower() for mark in (HIDDEN, "[secret]"))
    is_hidden = bool(value) and (is_secret_name(key) or says_hidden or mask_text(clean_text(value)) != value)
    return CopiedConstant(key=key, value="" if is_hidden else value, is_hidden=is_hidden)
