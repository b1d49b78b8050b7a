"""The result of get_task: what a task is, where it stands, how to reach its instances, and why it failed."""

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Self

from pydantic import Field

from qarnot_mcp.qarnot.errors import NotFound
from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.qarnot.tasks.models import Forward, RunningInstance, Task
from qarnot_mcp.qarnot.tasks.vocabulary import CANCELLED_STATES, SCHEDULING
from qarnot_mcp.text.cleaning import one_line, shorten, visible
from qarnot_mcp.text.masking import mask_constants, mask_text, masked_line
from qarnot_mcp.tools.answers import (
    VALUE_CHARACTERS,
    Number,
    Result,
    date,
    masked_name,
    plain_name,
    plain_state,
    present,
    rounded,
    set_time,
)
from qarnot_mcp.tools.failures.report import FailureReport, TaskError
from qarnot_mcp.tools.files.results import instances_by_path, no_results
from qarnot_mcp.tools.tasks.awaited import Awaited, awaited_by, why_not_started
from qarnot_mcp.tools.tasks.energy import Energy
from qarnot_mcp.tools.tasks.view_data import InstanceRow, state_of_rest
from qarnot_mcp.tools.tasks.waiting import EstimatedEnd, now_of
from qarnot_mcp.tools.waits import Waited

FORWARDS_SHOWN = 5
SSH_PORT = 22
HTTPS_PORT = 443
LAST_PORT = 65_535
# A host becomes part of a line that a person may paste into a shell.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)
MESSAGE_CHARACTERS = 500
RANGE_CHARACTERS = 200
RUNNING_SHOWN = 5
ERRORS_SHOWN = 5
CONSTANTS_SHOWN = 30
TAGS_SHOWN = 20
LABELS_SHOWN = 10
LABEL_CHARACTERS = 80
RESULTS_SHOWN = 20
CONSTRAINTS_SHOWN = 10
CONSTRAINT_VALUES = 5


def access_of(instance: RunningInstance, task: Task) -> list[str]:
    """Return the ssh line and the web addresses of a running instance, none where no port is forwarded."""
    lines = (_line(forward, task) for forward in instance.forwards[:FORWARDS_SHOWN])
    return [line for line in lines if line]


def _line(forward: Forward, task: Task) -> str:
    host, port = forward.forwarder_host, forward.forwarder_port
    if not _HOST.fullmatch(host) or not 1 <= port <= LAST_PORT:
        return ""
    profile = task.profile or ""
    if forward.application_port == SSH_PORT:
        user = "openfoam" if profile.startswith("openfoam") else "root"
        return f"ssh -p {port} {user}@{host}"
    # A host that is named after the task stands for one port of one instance.
    is_own = host.startswith(task.uuid) or port == HTTPS_PORT
    return f"https://{host}{'' if is_own else f':{port}'}{'/vnc.html' if 'vnc' in profile else '/'}"


class Instances(Result):
    """How many instances stand where; ranges such as 0-2,5 include both ends."""

    total: int
    waiting: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    running_range: str | None = None
    succeeded_range: str | None = None
    failed_range: str | None = None
    cancelled_range: str | None = None

    @classmethod
    def of(cls, task: Task) -> Self:
        """Count the instances of a task."""
        status = task.status
        texts = (status.succeeded_range, status.failed_only_range, status.cancelled_range) if status else ("", "", "")
        ranges = [Ranges.lenient(text) for text in texts]
        succeeded, failed, cancelled = map(len, ranges)
        running = task.running_instance_count
        ids = [instance.instance_id for instance in status.running] if status else []
        return cls(
            total=task.instance_count,
            waiting=max(0, task.instance_count - running - succeeded - failed - cancelled),
            running=running,
            succeeded=succeeded,
            failed=failed,
            cancelled=cancelled,
            running_range=Ranges.of(ids).short(RANGE_CHARACTERS) or None if running else None,
            succeeded_range=ranges[0].short(RANGE_CHARACTERS) or None,
            failed_range=ranges[1].short(RANGE_CHARACTERS) or None,
            cancelled_range=ranges[2].short(RANGE_CHARACTERS) or None,
        )


class Times(Result):
    """When things happened (UTC) and how long they took."""

    created: str | None = None
    ended: str | None = None
    wall_seconds: Number | None = Field(None, description="From creation to the end, or to now.")
    execution_seconds_total: Number | None = Field(None, description="Totals are sums over the instances.")
    boot_seconds_total: Number | None = None
    download_seconds_total: Number | None = None
    upload_seconds_total: Number | None = None


class Running(Result):
    """An instance that runs now."""

    instance_id: int
    phase: str | None = None
    progress: Number | None = None
    cpu_percent: Number | None = None
    memory_mb: int | None = None
    max_memory_mb: int | None = None
    execution_seconds: Number | None = None
    cpu_model: str | None = None
    attempts: int | None = Field(None, description="More than 1: preempted or retried.")
    access: list[str] | None = Field(None, description="How to reach it: an ssh line, web addresses.")

    @classmethod
    def of(cls, instance: RunningInstance, task: Task) -> Self:
        """Shape one running instance."""
        return cls(
            instance_id=instance.instance_id,
            phase=plain_state(instance.phase) if instance.phase else None,
            progress=rounded(instance.progress),
            cpu_percent=rounded(instance.cpu_percent),
            memory_mb=instance.memory_mb,
            max_memory_mb=instance.max_memory_mb,
            execution_seconds=rounded(instance.execution_seconds),
            cpu_model=plain_name(instance.cpu_model) if instance.cpu_model else None,
            attempts=instance.attempts if instance.attempts > 1 else None,
            access=access_of(instance, task) or None,
        )


class ResultFile(Result):
    """A file that an instance left in the result bucket."""

    path: str
    instance_id: int


class TaskDetails(Result):
    """What a task is and where it stands."""

    now: str
    uuid: str
    name: str
    shortname: str | None = None
    state: str
    state_since: str | None = None
    profile: str | None = None
    pool_uuid: str | None = None
    job_uuid: str | None = None
    after: list[Awaited] | None = Field(None, description="The tasks that it waits for, the first 20.")
    tags: list[str] | None = None
    labels: dict[str, str] | None = None
    progress: Number | None = Field(None, description="Percent; none of a task that failed or was cancelled.")
    estimated_end: EstimatedEnd | None = None
    instances: Instances
    times: Times
    running: list[Running] | None = Field(None, description=f"The first {RUNNING_SHOWN}, or the one asked for.")
    running_not_shown: int | None = None
    instance: InstanceRow | None = Field(None, description="The one asked for by instance_id, where it is not running.")
    errors: list[TaskError] | None = None
    resource_buckets: list[str] | None = None
    result_bucket: str | None = None
    results_count: int | None = None
    results: list[ResultFile] | None = Field(None, description=f"The first {RESULTS_SHOWN}, by path in result_bucket.")
    results_note: str | None = None
    constants: dict[str, str] | None = Field(None, description="Secrets are masked.")
    scheduling_type: str | None = None
    hardware_constraints: list[str] | None = None
    results_whitelist: str | None = None
    results_blacklist: str | None = None
    max_retries_per_instance: int | None = None
    completion_time_to_live: str | None = None
    console_url: str | None = Field(None, description="The task in Qarnot's console, for a person.")
    failure: FailureReport | None = None
    energy: Energy | None = None
    waited: Waited | None = None
    note: str | None = None
    api: dict[str, Any] | None = Field(None, description="With detail=full: all that the API said, secrets masked.")

    @classmethod
    def of(
        cls,
        task: Task,
        *,
        now: datetime,
        instance_id: int | None = None,
        console_url: str | None = None,
        failure: FailureReport | None = None,
        energy: Energy | None = None,
        waited: Waited | None = None,
        note: str | None = None,
    ) -> Self:
        """Shape one task, and beside it what was read or done apart from it."""
        status = task.status
        now = now_of(task, now)
        running = running_shown(task, instance_id)
        labels = list(mask_constants(task.labels).items())
        constants = list(mask_constants({c.key: c.value for c in task.constants[:CONSTANTS_SHOWN]}).items())
        return cls(
            now=present(now, date(task.state_changed), date(task.ended)),
            uuid=task.uuid,
            name=masked_name(task.name),
            shortname=masked_name(task.shortname) if task.shortname not in (None, task.uuid) else None,
            state=plain_state(task.state),
            state_since=date(task.state_changed),
            profile=plain_name(task.profile) if task.profile else None,
            pool_uuid=task.pool_uuid,
            job_uuid=task.job_uuid,
            after=awaited_by(task) or None,
            tags=[masked_name(tag) for tag in task.tags[:TAGS_SHOWN]] or None,
            labels={one_line(k, 80): shorten(v, LABEL_CHARACTERS) for k, v in labels[:LABELS_SHOWN]} or None,
            progress=rounded(task.progress) if not task.is_final or task.state == "Success" else None,
            estimated_end=EstimatedEnd.of(task, now),
            instances=Instances.of(task),
            times=Times(
                created=date(task.created),
                ended=date(task.ended),
                wall_seconds=rounded(task.wall_seconds),
                execution_seconds_total=rounded(task.execution_seconds),
                boot_seconds_total=rounded(status.environment_seconds) if status else None,
                download_seconds_total=(rounded(status.download_seconds) or None) if status else None,
                upload_seconds_total=rounded(status.upload_seconds) if status else None,
            ),
            running=[Running.of(instance, task) for instance in running] or None,
            running_not_shown=max(0, task.running_instance_count - len(running)) or None if running else None,
            instance=instance_asked_for(task, instance_id) if instance_id is not None and not running else None,
            errors=None if failure else errors_shown(task) or None,
            resource_buckets=[masked_name(bucket) for bucket in task.resource_buckets[:20]] or None,
            result_bucket=masked_name(task.result_bucket) if task.result_bucket else None,
            results_count=task.results_count or None,
            results=[
                ResultFile(path=masked_line(path, VALUE_CHARACTERS), instance_id=instance_id)
                for path, instance_id in islice(instances_by_path(task).items(), RESULTS_SHOWN)
            ]
            or None,
            results_note=no_results(task),
            constants={one_line(k, 80): shorten(v, VALUE_CHARACTERS) for k, v in constants} or None,
            scheduling_type=SCHEDULING.get((task.scheduling_type or "").lower(), task.scheduling_type),
            hardware_constraints=[constraint_text(c) for c in task.hardware_constraints[:CONSTRAINTS_SHOWN]] or None,
            results_whitelist=as_set(task.results_whitelist),
            results_blacklist=as_set(task.results_blacklist),
            max_retries_per_instance=task.max_retries_per_instance or None,
            completion_time_to_live=set_time(task.completion_time_to_live),
            console_url=console_url,
            failure=failure,
            energy=energy,
            waited=waited,
            note=" ".join(filter(None, (why_not_started(task), note))) or None,
        )


def running_shown(task: Task, instance_id: int | None) -> list[RunningInstance]:
    """Return the first running instances, or the one that was asked for where it is running."""
    running = task.status.running if task.status else []
    if instance_id is None:
        return running[:RUNNING_SHOWN]
    return [instance for instance in running if instance.instance_id == instance_id][:1]


def instance_asked_for(task: Task, instance_id: int) -> InstanceRow:
    """Return one instance that is not running; raise `NotFound` where the task has no such instance."""
    cancelled = Ranges.lenient(task.status.cancelled_range if task.status else "")
    for instance in task.completed_instances:
        if instance.instance_id == instance_id:
            return InstanceRow.of_completed(instance, instance_id in cancelled)
    ids = Ranges.lenient(task.advanced_ranges or "")
    if instance_id not in ids if ids else instance_id >= task.instance_count:
        raise NotFound("instance", instance_id)
    return InstanceRow(instance_id=instance_id, state=state_of_rest(task.state))


def errors_shown(task: Task) -> list[TaskError]:
    """Return the errors of a task; that it was cancelled is a state and no error."""
    errors = [] if task.state in CANCELLED_STATES else task.errors
    return [
        TaskError(
            code=masked_name(error.code) if error.code else None, message=masked_line(error.message, MESSAGE_CHARACTERS)
        )
        for error in errors[:ERRORS_SHOWN]
    ]


def constraint_text(constraint: Mapping[str, object]) -> str:
    """Write a hardware constraint on one line, such as `MinimumCore coreCount=16`."""
    kind = str(constraint.get("discriminator", "")).removesuffix("HardwareConstraint")
    values = [f"{name}={value}" for name, value in constraint.items() if name != "discriminator"]
    return masked_name(" ".join([kind, *values[:CONSTRAINT_VALUES]]))


def as_set(pattern: str | None) -> str | None:
    """Return a filter as the task has it, its control characters escaped; None where there is none."""
    return shorten(mask_text(visible(pattern)), VALUE_CHARACTERS) if pattern else None
