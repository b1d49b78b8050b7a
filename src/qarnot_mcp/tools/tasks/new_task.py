"""The checks of a new task before anything is sent: `task_request` answers the request or raises InvalidArgument."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.identifiers import INSTANCE_IDS, UUID, check_shortname
from qarnot_mcp.qarnot.identifiers import check_task_id as check_dependency
from qarnot_mcp.qarnot.ranges import parse_ranges
from qarnot_mcp.qarnot.tasks.models import Constant, TaskRequest
from qarnot_mcp.qarnot.tasks.vocabulary import SCHEDULING, SchedulingType
from qarnot_mcp.text.masking import HIDDEN, is_secret_name
from qarnot_mcp.tools.checks import (
    MAX_NAME_CHARACTERS,
    check_bucket,
    check_profile_name,
    check_tags,
    check_text,
    check_whole_number,
    nearest,
)

MAX_CONSTANTS = 150
MAX_CONSTANT_CHARACTERS = 2048
MAX_BUCKETS = 100
MAX_LABELS = 100
MAX_HARDWARE_CONSTRAINTS = 50
MAX_DEPENDENCIES = 1000
MAX_RETRIES = 1000
MAX_INSTANCES = 1_000_000
MAX_TIME_TO_LIVE_SECONDS = 10 * 365 * 86_400

# Each kind of hardware constraint with the field that it needs beside its discriminator.
HARDWARE_FIELDS: dict[str, tuple[str, type[float] | type[str]] | None] = {
    "MinimumCoreHardwareConstraint": ("coreCount", float),
    "MaximumCoreHardwareConstraint": ("coreCount", float),
    "MinimumRamHardwareConstraint": ("minimumMemoryMB", float),
    "MaximumRamHardwareConstraint": ("maximumMemoryMB", float),
    "MinimumRamCoreRatioHardwareConstraint": ("minimumMemoryGBCoreRatio", float),
    "MaximumRamCoreRatioHardwareConstraint": ("maximumMemoryGBCoreRatio", float),
    "SpecificHardwareConstraint": ("specificationKey", str),
    "CpuModelHardwareConstraint": ("cpuModel", str),
    "SSDHardwareConstraint": None,
    "NoSSDHardwareConstraint": None,
    "GpuHardwareConstraint": None,
    "NoGpuHardwareConstraint": None,
}

_CONSTRAINT = "HardwareConstraint"
_CONSTANT_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_TIME_SPAN = re.compile(r"(?:(\d{1,5})\.)?([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.\d{1,7})?")


class KeyAndValue(Protocol):
    """A constant as a tool receives it."""

    @property
    def key(self) -> str:
        """The name of the constant."""

    @property
    def value(self) -> str | int | float | bool:
        """Its value, which travels as a string."""


def task_request(
    *,
    name: str,
    profile: str | None = None,
    instance_count: int | None = None,
    resource_buckets: Sequence[str] | None = None,
    result_bucket: str | None = None,
    constants: Sequence[KeyAndValue] | None = None,
    tags: Sequence[str] | None = None,
    shortname: str | None = None,
    advanced_ranges: str | None = None,
    pool_uuid: str | None = None,
    job_uuid: str | None = None,
    labels: Mapping[str, str] | None = None,
    scheduling_type: str | None = None,
    hardware_constraints: Sequence[Mapping[str, object]] | None = None,
    max_retries_per_instance: int | None = None,
    results_whitelist: str | None = None,
    results_blacklist: str | None = None,
    dependencies: Sequence[str] | None = None,
    completion_time_to_live: str | float | None = None,
    auto_delete_on_completion: bool | None = None,
) -> TaskRequest:
    """Check the arguments of a new task, each and together, and answer the request that creates it.

    One of profile, pool_uuid and job_uuid is needed (a job may have a pool). Without instance_count and
    advanced_ranges, one instance runs.
    """
    _check_where_it_runs(profile, pool_uuid, job_uuid, bool(hardware_constraints))
    if instance_count is not None and advanced_ranges is not None:
        valid = "instance_count or advanced_ranges, not both"
        raise InvalidArgument("advanced_ranges", advanced_ranges, valid, "Leave instance_count out to choose the ids.")
    if dependencies and not job_uuid:
        hint = "Give job_uuid too, of a job that uses dependencies."
        raise InvalidArgument("dependencies", ", ".join(dependencies), "tasks of the same job", hint)
    if instance_count is None and advanced_ranges is None:
        instance_count = 1
    return TaskRequest(
        name=check_text("name", name, MAX_NAME_CHARACTERS),
        shortname=check_shortname(shortname) if shortname is not None else None,
        profile=check_profile_name(profile, "profile") if profile is not None else None,
        pool_uuid=check_uuid(pool_uuid, "pool_uuid") if pool_uuid is not None else None,
        job_uuid=check_uuid(job_uuid, "job_uuid") if job_uuid is not None else None,
        instance_count=_optional_number("instance_count", instance_count, 1, MAX_INSTANCES),
        advanced_ranges=check_ranges(advanced_ranges) if advanced_ranges is not None else None,
        resource_buckets=check_buckets(resource_buckets) or None,
        result_bucket=check_bucket(result_bucket, "result_bucket") if result_bucket is not None else None,
        constants=check_constants(constants) or None,
        tags=list(check_tags(tags)) or None,
        labels=check_labels(labels) or None,
        scheduling_type=check_scheduling_type(scheduling_type),
        hardware_constraints=check_hardware_constraints(hardware_constraints) or None,
        max_retries_per_instance=_optional_number("max_retries_per_instance", max_retries_per_instance, 0, MAX_RETRIES),
        results_whitelist=check_results_filter(results_whitelist, "results_whitelist"),
        results_blacklist=check_results_filter(results_blacklist, "results_blacklist"),
        dependencies=check_dependencies(dependencies) or None,
        completion_time_to_live=check_completion_time_to_live(completion_time_to_live),
        auto_delete_on_completion=auto_delete_on_completion,
    )


def check_ranges(given: str) -> str:
    """Check instance ids such as 0-2,5 (ends included) and answer them sorted and merged."""
    try:
        ranges = parse_ranges(given)
    except ValueError as error:
        valid = "instance ids and ranges with both ends included, separated by commas, such as 0-2,5"
        raise InvalidArgument("advanced_ranges", given, valid, f"In it, {error}.") from None
    if not 1 <= len(ranges) <= MAX_INSTANCES or ranges.pairs[-1][1] >= INSTANCE_IDS:
        valid = f"1 to {MAX_INSTANCES:,} instances with ids below {INSTANCE_IDS:,}, such as 0-2,5"
        raise InvalidArgument("advanced_ranges", given, valid)
    return str(ranges)


def check_uuid(given: str, parameter: str) -> str:
    """Check the UUID of a pool or a job."""
    if UUID.fullmatch(given.strip()) is None:
        raise InvalidArgument(parameter, given, "a UUID, such as 52c10b2d-0687-41e1-985e-7279f6dd543a")
    return given.strip()


def check_constants(given: Sequence[KeyAndValue] | None) -> list[Constant]:
    """Check the constants and answer them with their values as strings (true and false in lower case)."""
    entries = tuple(given or ())
    if len(entries) > MAX_CONSTANTS:
        raise InvalidArgument("constants", f"{len(entries)} constants", f"at most {MAX_CONSTANTS} constants")
    seen: set[str] = set()
    for entry in entries:
        if len(entry.key) > MAX_CONSTANT_CHARACTERS or _CONSTANT_KEY.fullmatch(entry.key) is None:
            valid = "keys of letters, digits, underscores, hyphens and dots"
            raise InvalidArgument(
                "constants", entry.key, valid, 'One constant is {"key": "DOCKER_CMD", "value": "..."}.'
            )
        if entry.key in seen:
            raise InvalidArgument("constants", entry.key, "each key once")
        seen.add(entry.key)
    return [Constant(key=entry.key, value=_constant_value(entry)) for entry in entries]


def check_buckets(given: Sequence[str] | None) -> list[str]:
    """Check the names of the buckets that hold a task's input; whether they exist is for the API to say."""
    buckets = tuple(given or ())
    if len(buckets) > MAX_BUCKETS:
        raise InvalidArgument("resource_buckets", f"{len(buckets)} buckets", f"at most {MAX_BUCKETS} buckets")
    return [check_bucket(bucket, "resource_buckets") for bucket in buckets]


def check_labels(given: Mapping[str, str] | None) -> dict[str, str]:
    """Check labels, which are texts by name."""
    labels = dict(given or {})
    if len(labels) > MAX_LABELS:
        raise InvalidArgument("labels", f"{len(labels)} labels", f"at most {MAX_LABELS} labels")
    for name, text in labels.items():
        check_text("labels", name, MAX_CONSTANT_CHARACTERS)
        if len(text) > MAX_CONSTANT_CHARACTERS:
            valid = f"texts of at most {MAX_CONSTANT_CHARACTERS:,} characters"
            raise InvalidArgument("labels", f"{name}: {len(text):,} characters", valid)
    return labels


def check_scheduling_type(given: str | None) -> SchedulingType | None:
    """Check a scheduling type, in any case, and answer it as the API writes it."""
    if given is None:
        return None
    scheduling_type = SCHEDULING.get(re.sub(r"[\s_-]", "", given).lower())
    if scheduling_type is None:
        raise InvalidArgument("scheduling_type", given, "Flex, OnDemand or Reserved")
    return scheduling_type


def check_hardware_constraints(given: Sequence[Mapping[str, object]] | None) -> list[dict[str, object]]:
    """Check that each constraint is of a known kind and has the field of its kind."""
    constraints = [dict(constraint) for constraint in given or ()]
    if len(constraints) > MAX_HARDWARE_CONSTRAINTS:
        valid = f"at most {MAX_HARDWARE_CONSTRAINTS} constraints"
        raise InvalidArgument("hardware_constraints", f"{len(constraints)} constraints", valid)
    for constraint in constraints:
        kind = constraint.get("discriminator")
        if not isinstance(kind, str) or kind not in HARDWARE_FIELDS:
            near = nearest(f"{str(kind).removesuffix(_CONSTRAINT)}{_CONSTRAINT}", HARDWARE_FIELDS, most=2)
            hint = f"Did you mean {' or '.join(near)}?" if near else ""
            valid = f"a discriminator of {', '.join(HARDWARE_FIELDS)}"
            raise InvalidArgument("hardware_constraints", constraint, valid, hint)
        _check_hardware_field(constraint, HARDWARE_FIELDS[kind])
    return constraints


def check_results_filter(given: str | None, parameter: str) -> str | None:
    """Check a regular expression that chooses result files; its syntax is the platform's."""
    return check_text(parameter, given, MAX_NAME_CHARACTERS) if given else None


def check_dependencies(given: Sequence[str] | None) -> list[str]:
    """Check the tasks that must end before this one starts."""
    tasks = tuple(given or ())
    if len(tasks) > MAX_DEPENDENCIES:
        raise InvalidArgument("dependencies", f"{len(tasks)} tasks", f"at most {MAX_DEPENDENCIES:,} tasks")
    return [check_dependency(task.strip(), "dependencies") for task in tasks]


def check_completion_time_to_live(given: str | float | None) -> str | None:
    """Answer how long a finished task is kept, as [days.]hh:mm:ss.

    Takes that form, such as 10:00:00 or 1.03:16:50, or a number of seconds.
    """
    if given is None:
        return None
    seconds = _seconds(given)
    if seconds is None or not 0 <= seconds <= MAX_TIME_TO_LIVE_SECONDS:
        valid = "hours:minutes:seconds such as 10:00:00, days.hours:minutes:seconds such as 1.03:16:50, or seconds"
        raise InvalidArgument("completion_time_to_live", given, valid, "The most is ten years.")
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days}.{hour:02}:{minute:02}:{second:02}" if days else f"{hour:02}:{minute:02}:{second:02}"


def _optional_number(parameter: str, given: int | None, least: int, most: int) -> int | None:
    return None if given is None else check_whole_number(parameter, given, least, most)


def _check_where_it_runs(profile: str | None, pool: str | None, job: str | None, has_hardware: bool) -> None:
    if profile is None and pool is None and job is None:
        hint = "Give profile (list_profiles shows the names), or pool_uuid to run in a pool."
        raise InvalidArgument("profile", None, "a profile, or a pool instead of it", hint)
    if profile is not None and pool is not None:
        raise InvalidArgument("profile", profile, "profile or pool_uuid, not both", "A pool has its own profile.")
    if pool is not None and job is not None:
        raise InvalidArgument(
            "pool_uuid", pool, "pool_uuid or job_uuid, not both", "A job's pool is used by its tasks."
        )
    if pool is not None and has_hardware:
        hint = "A pool has its own hardware."
        raise InvalidArgument("hardware_constraints", "constraints with pool_uuid", "none in a pool", hint)


def _check_hardware_field(constraint: Mapping[str, object], field: tuple[str, type] | None) -> None:
    if field is None:
        return
    name, kind = field
    value = constraint.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if not (is_number if kind is float else isinstance(value, str) and value.strip()):
        valid = f"{name} with {'a number above 0' if kind is float else 'a text'}"
        raise InvalidArgument("hardware_constraints", constraint, valid)


def _constant_value(entry: KeyAndValue) -> str:
    given = entry.value
    value = str(given).lower() if isinstance(given, bool) else str(given)
    if len(value) > MAX_CONSTANT_CHARACTERS or "\0" in value:
        shown = HIDDEN if is_secret_name(entry.key) else value
        valid = f"a value of at most {MAX_CONSTANT_CHARACTERS:,} characters without NUL"
        hint = f"{entry.key} has {len(value):,}. Put a long script into a file of a resource bucket."
        raise InvalidArgument("constants", shown, valid, hint)
    return value


def _seconds(given: str | float) -> int | None:
    """Read a length of time; parts of a second are dropped."""
    text = str(given).strip()
    match = _TIME_SPAN.fullmatch(text)
    if match is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", text) is None:
        return None
    return math.floor(float(text))
