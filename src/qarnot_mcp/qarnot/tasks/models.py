"""What is read from the API and sent to it: only the fields that are needed, under names of one style.

Readers are tolerant where the API is known to vary (null lists, dates that mean "none", fields left out) and strict
where a wrong type would mislead: then `read` raises `UnreadableResponse`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, FailFast, Field

from qarnot_mcp.qarnot import fields
from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.items import Page
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.vocabulary import FINAL_STATES
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.text.masking import secrets_in_task

NOT_FULFILLED = "dependencyconditionsnotfulfilled"


class Constant(fields.Record):
    """A constant of a task: its key and value are text, whatever was sent."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    key: fields.Verbatim = ""
    value: fields.Verbatim = ""


class ApiError(fields.Record):
    """An error that the platform reports about a task or an instance."""

    code: fields.OptionalText = None
    message: fields.Text = ""


class CompletedInstance(fields.Record):
    """An instance that is over."""

    instance_id: fields.InstanceId
    state: fields.OptionalState = None
    error: ApiError | None = None
    wall_seconds: fields.Seconds = Field(None, alias="wallTimeSec")
    execution_seconds: fields.Seconds = Field(None, alias="execTimeSec")
    peak_memory_mb: fields.OptionalNumber = Field(None, alias="peakMemoryMB")
    cpu_model: fields.OptionalText = None
    specification_key: fields.OptionalText = None
    attempts: fields.Count = Field(1, alias="executionAttemptCount")
    results: fields.Strings = Field(default_factory=list)


class Forward(fields.Record):
    """A port of a running instance that can be reached from outside."""

    application_port: fields.Count = 0
    forwarder_port: fields.Count = 0
    forwarder_host: fields.Text = ""


class RunningInstance(fields.Record):
    """An instance that runs now."""

    instance_id: fields.InstanceId
    phase: fields.OptionalState = None
    progress: fields.Percent = 0
    cpu_percent: fields.OptionalNumber = Field(None, alias="cpuUsage")
    memory_mb: fields.OptionalCount = Field(None, alias="currentMemoryMB")
    max_memory_mb: fields.OptionalCount = Field(None, alias="maxMemoryMB")
    execution_seconds: fields.Seconds = Field(None, alias="executionTimeSec")
    cpu_model: fields.OptionalText = None
    specification_key: fields.OptionalText = None
    attempts: fields.Count = Field(1, alias="executionAttemptCount")
    forwards: fields.Records[Forward] = Field(default_factory=list, alias="activeForwards")


class CpuTime(fields.Record):
    """How long instances executed on processors of one model, all together."""

    seconds: fields.Seconds = Field(None, alias="time")
    cores: fields.OptionalNumber = Field(None, alias="core")


class MachineTime(fields.Record):
    """How long instances executed on machines of one kind, all together."""

    specification_key: fields.Text = ""
    seconds: fields.Seconds = Field(None, alias="time")


class Status(fields.Record):
    """How far a task is. Left out: `failedRange` of the API, which includes the cancelled instances."""

    succeeded_range: fields.RangesText = ""
    failed_only_range: fields.RangesText = ""
    cancelled_range: fields.RangesText = ""
    download_seconds: fields.Seconds = Field(None, alias="downloadTimeSec")
    environment_seconds: fields.Seconds = Field(None, alias="environmentTimeSec")
    execution_seconds: fields.Seconds = Field(None, alias="executionTimeSec")
    upload_seconds: fields.Seconds = Field(None, alias="uploadTimeSec")
    by_cpu: fields.Records[CpuTime] = Field(default_factory=list, alias="executionTimeByCpuModel")
    by_machine: fields.Records[MachineTime] = Field(default_factory=list, alias="executionTimeByMachineSpecification")
    running: Annotated[list[RunningInstance], FailFast(), BeforeValidator(fields.running_instances)] = Field(
        default_factory=list, alias="runningInstancesInfo"
    )


class TaskSummary(fields.Item):
    """What a list shows of a task: reading no more takes a quarter of the time of a whole task."""

    profile: fields.OptionalText = None
    progress: fields.Percent = 0
    tags: fields.Strings = Field(default_factory=list)
    """Left out by the API's own summaries."""
    instance_count: fields.Count = Field(0, alias="totalInstanceCount")
    running_instance_count: fields.Count = 0
    created: fields.Date = Field(None, alias="creationDate")
    ended: fields.Date = Field(None, alias="endDate")

    @property
    def is_final(self) -> bool:
        """Whether the task is over and will not change any more."""
        return self.state in FINAL_STATES

    @classmethod
    def read(cls, answer: object) -> Self:
        """Read a decoded answer; the number of instances comes from the field that is set."""
        if not isinstance(answer, dict):
            raise UnreadableResponse("a task is not an object")
        return super().read(answer if answer.get("totalInstanceCount") else _with_instance_count(answer))


def _with_instance_count(answer: dict[str, Any]) -> dict[str, Any]:
    instances, ranges = answer.get("instanceCount"), answer.get("advancedRanges")
    if not instances and isinstance(ranges, str):
        instances = count_ranges(ranges)
    return answer | {"totalInstanceCount": instances}


class PlainSummary(TaskSummary):
    """A summary as nearly all are: nothing is to be cleaned, cut or read from another field."""

    uuid: fields.PlainId
    name: fields.PlainText
    shortname: fields.PlainText | None = None
    profile: fields.PlainText | None = None
    state: fields.PlainState
    progress: fields.PlainPercent
    instance_count: Annotated[fields.PlainCount, Field(alias="totalInstanceCount", gt=0)]
    running_instance_count: fields.PlainCount


class PlainSummaries(Page):
    """A page of such summaries: pydantic reads it from its bytes in one pass, in a third of the time."""

    data: Annotated[list[PlainSummary], FailFast()]
    total: fields.PlainCount | None = None
    next_token: fields.PlainText | None = None


class PlainTags(fields.Record):
    """The tags of a task that need no cleaning."""

    uuid: fields.PlainId
    tags: fields.PlainTexts


class TagsOfTask(fields.Record):
    """The tags of a task."""

    uuid: fields.Id
    tags: fields.Strings = Field(default_factory=list)


class Dependency(fields.Record):
    """A task that another one waits for. Without conditions any end will do; with some, another cancels what waits."""

    task_uuid: fields.Id
    conditions: fields.Strings = Field(default_factory=list, alias="taskFinalStateCondition")
    state: fields.OptionalState = None
    final_state: fields.OptionalState = Field(None, alias="actualFinalState")

    @property
    def is_unmet(self) -> bool:
        """Whether the task has ended in another way than was asked for."""
        return (self.state or "").lower() == NOT_FULFILLED


def both_forms(value: object) -> object:
    """Turn `dependsOn`, which has no conditions, into the form of `advancedDependsOn`."""
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise ValueError("not an object")
    plain, advanced = value.get("dependsOn") or [], value.get("advancedDependsOn") or []
    if not isinstance(plain, list) or not isinstance(advanced, list):
        raise ValueError("not lists")
    return [*({"taskUuid": uuid} for uuid in plain[: fields.MAX_ENTRIES]), *advanced[: fields.MAX_ENTRIES]]


Dependencies = Annotated[list[Dependency], FailFast(), BeforeValidator(both_forms)]


class Task(TaskSummary):
    """A whole task, or some fields of one."""

    previous_state: fields.OptionalState = None
    pool_uuid: fields.Uuid = None
    job_uuid: fields.Uuid = None
    labels: fields.Labels = Field(default_factory=dict)
    errors: fields.Records[ApiError] = Field(default_factory=list)
    advanced_ranges: fields.OptionalRanges = None
    resource_buckets: fields.Strings = Field(default_factory=list)
    result_bucket: fields.OptionalText = None
    results_count: fields.Count = 0
    constants: fields.Records[Constant] = Field(default_factory=list)
    state_changed: fields.Date = Field(None, alias="stateTransitionTime")
    previous_state_changed: fields.Date = Field(None, alias="previousStateTransitionTime")
    execution_seconds: fields.Seconds = Field(None, alias="executionTime")
    wall_seconds: fields.Seconds = Field(None, alias="wallTime")
    scheduling_type: fields.OptionalState = None
    hardware_constraints: fields.Objects = Field(default_factory=list)
    results_whitelist: fields.OptionalVerbatim = None
    results_blacklist: fields.OptionalVerbatim = None
    max_retries_per_instance: fields.Count = 0
    completion_time_to_live: fields.OptionalText = None
    dependencies: Dependencies = Field(default_factory=list)
    completed_instances: Annotated[list[CompletedInstance], FailFast(), fields.INSTANCES] = Field(default_factory=list)
    status: Status | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)  # all that the API said

    @property
    def core_hours(self) -> float | None:
        """The hours of executing times the cores of the machines; None where the API does not say."""
        times = self.status.by_cpu if self.status else []
        return sum((one.seconds or 0) * (one.cores or 0) for one in times) / 3600 if times else None

    @classmethod
    def read(cls, answer: object) -> Self:
        """Read a decoded answer; fields that the API has under two names come from the one that is set.

        What is secret in the task is from now on hidden in all that the request being served says.
        """
        if not isinstance(answer, dict):
            raise UnreadableResponse("a task is not an object")
        known_secrets().learn(secrets_in_task(answer))
        buckets = answer.get("resourceBuckets") or fields.bucket_names(answer.get("advancedResourceBuckets"))
        result_bucket = answer.get("resultBucket") or answer.get("resultsBucket")
        return super().read(answer | {"resourceBuckets": buckets, "resultBucket": result_bucket, "raw": answer})
