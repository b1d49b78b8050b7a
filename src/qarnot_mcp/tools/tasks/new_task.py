"""The arguments of submit_task: each parameter of a new task stands here once.

Its type, its description, its check and, where it differs from the parameter's in camel case, its name in the API.
"""

import math
import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.fields import parse_time_span, time_span
from qarnot_mcp.qarnot.identifiers import INSTANCE_IDS, UUID
from qarnot_mcp.qarnot.ranges import Ranges, count_ranges
from qarnot_mcp.qarnot.tasks.vocabulary import SCHEDULING
from qarnot_mcp.text.masking import HIDDEN, is_secret_name, mask_text
from qarnot_mcp.tools.checks import (
    FIRST_FAULT,
    ApiPath,
    CreateArguments,
    Name,
    ProfileName,
    Shortname,
    Tags,
    TaskId,
    at_most,
    check_text_line,
    parameter_of,
    whole_number,
)
from qarnot_mcp.tools.hardware import HardwareConstraints
from qarnot_mcp.tools.submission.file_arguments import (
    FilePattern,
    ResourceBuckets,
    ResultBucketName,
    ResultsPrefix,
    buckets_to_api,
)

MAX_CONSTANTS = 150
MAX_TEXT_CHARACTERS = 2048
"""Of the key and the value of a constant or a label."""
MAX_LABELS = 100
MAX_DEPENDENCIES = 1000
MAX_RETRIES = 1000
MAX_INSTANCES = 1_000_000
MAX_TIME_TO_LIVE_SECONDS = 10 * 365 * 86_400


_CONSTANT_KEY = re.compile(r"[A-Za-z0-9_.-]+")


def check_uuid(given: str, info: ValidationInfo) -> str:
    """Check the UUID of a pool or a job."""
    if UUID.fullmatch(given.strip()) is None:
        raise InvalidArgument(parameter_of(info), given, "a UUID, such as 52c10b2d-0687-41e1-985e-7279f6dd543a")
    return given.strip()


def check_ranges(given: str, info: ValidationInfo) -> str:
    """Check instance ids such as 0-2,5 (ends included) and return them sorted and merged."""
    try:
        ranges = Ranges.parse(given)
    except ValueError as error:
        valid = "instance ids and ranges with both ends included, separated by commas, such as 0-2,5"
        raise InvalidArgument(parameter_of(info), given, valid, f"In it, {error}.") from None
    if not 1 <= len(ranges) <= MAX_INSTANCES or ranges.pairs[-1][1] >= INSTANCE_IDS:
        valid = f"1 to {MAX_INSTANCES:,} instances with ids below {INSTANCE_IDS:,}, such as 0-2,5"
        raise InvalidArgument(parameter_of(info), given, valid)
    return str(ranges)


def check_labels(given: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    """Check labels, which are texts by name."""
    for name, text in given.items():
        check_text_line(parameter_of(info), name, MAX_TEXT_CHARACTERS)
        if len(text) > MAX_TEXT_CHARACTERS:
            valid = f"texts of at most {MAX_TEXT_CHARACTERS:,} characters"
            raise InvalidArgument(parameter_of(info), f"{name}: {len(text):,} characters", valid)
    return given


def check_scheduling_type(given: str, info: ValidationInfo) -> str:
    """Check a scheduling type, in any case, and return it as the API writes it."""
    scheduling_type = SCHEDULING.get(re.sub(r"[\s_-]", "", given).lower())
    if scheduling_type is None:
        raise InvalidArgument(parameter_of(info), given, "Flex, OnDemand or Reserved")
    return scheduling_type


def check_time_span(given: str, info: ValidationInfo) -> str:
    """Return a length of time as [days.]hh:mm:ss.

    Takes that form, such as 10:00:00 or 1.03:16:50, or a number of seconds.
    """
    seconds = _seconds(given)
    if seconds is None or seconds > MAX_TIME_TO_LIVE_SECONDS:
        valid = "a length of time such as 10:00:00 or 1.00:00:00 (a day), or a number of seconds"
        raise InvalidArgument(parameter_of(info), given, valid, "The most is ten years.")
    return time_span(seconds)


def check_wall_time(given: str, info: ValidationInfo) -> str:
    """Check a maximum time: the API takes zeros for no limit at all."""
    if parse_time_span(given) < 1:
        valid = "a length of time of at least a second, such as 02:00:00"
        raise InvalidArgument(parameter_of(info), given, valid, "Leave it out for no limit of your own.")
    return given


def check_constant_key(given: str) -> str:
    """Check the key of a constant."""
    if len(given) > MAX_TEXT_CHARACTERS or _CONSTANT_KEY.fullmatch(given) is None:
        valid = "keys of letters, digits, underscores, hyphens and dots"
        hint = 'One constant is {"key": "DOCKER_CMD", "value": "..."}.'
        raise InvalidArgument("constants", mask_text(given), valid, hint)
    return given


def check_constant_value(given: object, info: ValidationInfo) -> str:
    """Return the value of a constant as text (true and false in lower case); a secret one is not repeated."""
    key = info.data.get("key", "")
    if not isinstance(given, str | int | float):
        kind = "list" if isinstance(given, list) else "object" if isinstance(given, dict) else "null"
        raise InvalidArgument("constants", f"{kind} as the value of {key}", "a text, a number, true or false as value")
    value = str(given).lower() if isinstance(given, bool) else str(given)
    if len(value) > MAX_TEXT_CHARACTERS or "\0" in value:
        shown = HIDDEN if is_secret_name(key) else mask_text(value)
        valid = f"a value of at most {MAX_TEXT_CHARACTERS:,} characters without NUL"
        hint = f"{key} has {len(value):,}. Put a long script into a file of a resource bucket."
        raise InvalidArgument("constants", shown, valid, hint)
    return value


class ConstantArgument(BaseModel):
    """One constant of the profile, which the task also sees as an environment variable."""

    model_config = ConfigDict(frozen=True, json_schema_extra=lambda schema: schema.pop("description", None) and None)

    key: Annotated[str, AfterValidator(check_constant_key)]
    value: Annotated[
        str,
        BeforeValidator(check_constant_value),
        WithJsonSchema({"type": "string"}),  # numbers and flags are taken, too
    ]


def as_pairs(given: object) -> object:
    """Turn a map of constants, or a single pair, into the list of pairs that is meant; models often send one."""
    if isinstance(given, dict):
        if given.keys() == {"key", "value"}:
            return [given]
        return [{"key": key, "value": value} for key, value in given.items()]
    return given


def check_keys_differ(given: list[ConstantArgument]) -> list[ConstantArgument]:
    """Check that no constant is given twice."""
    seen: set[str] = set()
    for constant in given:
        if constant.key in seen:
            raise InvalidArgument("constants", constant.key, "each key once")
        seen.add(constant.key)
    return given


SchedulingType = Annotated[
    str, AfterValidator(check_scheduling_type), WithJsonSchema({"type": "string", "enum": list(SCHEDULING.values())})
]
Uuid = Annotated[str, AfterValidator(check_uuid)]
TimeSpan = Annotated[str, AfterValidator(check_time_span)]
WallTime = Annotated[TimeSpan, AfterValidator(check_wall_time)]
Dependencies = Annotated[list[TaskId], FIRST_FAULT, at_most(MAX_DEPENDENCIES, "tasks")]
CONSTANTS_BY_KEY = {"type": "object", "maxProperties": MAX_CONSTANTS}
"""The form of constants that takes the fewest words in a schema; a list of pairs is taken wherever it stands, too."""
Constants = Annotated[
    list[ConstantArgument],
    FIRST_FAULT,
    AfterValidator(check_keys_differ),
    BeforeValidator(as_pairs),
    at_most(MAX_CONSTANTS, "constants"),
]


class NewTask(CreateArguments):
    """What a new task is to be; of profile, pool_uuid and job_uuid one is needed, and a job may bring a pool."""

    name: Name = Field(description="Its name.")
    profile: ProfileName | None = Field(
        None, description="A name from list_profiles, such as docker-batch; none with pool_uuid."
    )
    instance_count: Annotated[int, whole_number(1, MAX_INSTANCES)] | None = Field(
        None, description="How many instances run the same command; default 1. INSTANCE_ID is 0 to n-1."
    )
    resource_buckets: ResourceBuckets | None = Field(
        None, description="Existing buckets with input files, or bucket/folder.", exclude=True
    )
    result_bucket: ResultBucketName | None = Field(
        None, description="Bucket for the results; made where it is missing."
    )
    constants: Constants | None = Field(
        None, description='Constants of the profile, such as [{"key": "DOCKER_CMD", "value": "sh -c \'echo hi\'"}].'
    )
    tags: Tags | None = Field(None, description="At most 10 tags to find the task by.")
    shortname: Shortname | None = Field(
        None, description="A unique id of your own: letters, digits, hyphens. Makes a second try safe."
    )
    advanced_ranges: Annotated[str, AfterValidator(check_ranges)] | None = Field(
        None, description="Instance ids instead of instance_count, such as 0-2,5 (ends included)."
    )
    pool_uuid: Uuid | None = Field(None, description="An open pool to run in, instead of a profile.")
    job_uuid: Uuid | None = Field(None, description="An active job that the task belongs to.")
    labels: Annotated[dict[str, str], AfterValidator(check_labels), at_most(MAX_LABELS, "labels")] | None = Field(
        None, description="Key and value pairs to find the task by."
    )
    scheduling_type: SchedulingType | None = Field(
        None, description="Default Flex: cheaper, may be preempted; OnDemand is not; Reserved: own machines."
    )
    hardware_constraints: HardwareConstraints | None = Field(
        None,
        description='{"min_cores": 16, "min_ram_gb": 64, "gpu": true, "ssd": true, "machine": "96c-512g"}, some '
        "of these, or the API's list.",
    )
    max_retries_per_instance: Annotated[
        Annotated[int, whole_number(0, MAX_RETRIES)] | None, ApiPath("retrySettings.maxPerInstanceRetries")
    ] = Field(None, description="How often a failed instance runs again.")
    results_whitelist: FilePattern | None = Field(None, description="Regular expression of result files to keep.")
    results_blacklist: FilePattern | None = Field(None, description="Regular expression of result files to drop.")
    results_prefix: Annotated[ResultsPrefix | None, ApiPath("resultsBucketPrefix")] = Field(
        None, description="Put before the paths of results, such as run-1/."
    )
    upload_results_on_cancellation: bool | None = Field(None, description="Keep the results of a task that is aborted.")
    dependencies: Annotated[Dependencies | None, ApiPath("dependencies.dependsOn")] = Field(
        None, description="UUIDs of tasks of the same job that end first."
    )
    completion_time_to_live: TimeSpan | None = Field(
        None, description="Delete the task this long after its end, such as 10:00:00 or 1.00:00:00."
    )
    auto_delete_on_completion: bool | None = Field(
        None, description="Delete the finished task when the task quota is reached."
    )
    max_time_queue_seconds: Annotated[int, whole_number(1, MAX_TIME_TO_LIVE_SECONDS)] | None = Field(
        None, description="Give up with an error when the task has not started after this long."
    )
    validate_only: bool = Field(False, description="Only check it, buckets too.", exclude=True)
    accept_warnings: bool = Field(False, description="Start what was refused as hardly meant.", exclude=True)

    @model_validator(mode="after")
    def check_together(self) -> Self:
        """Check what the parameters say together."""
        self.check_where_it_runs()
        if self.instance_count is not None and self.advanced_ranges is not None:
            valid = "instance_count or advanced_ranges, not both"
            hint = "Leave instance_count out to choose the ids."
            raise InvalidArgument("advanced_ranges", self.advanced_ranges, valid, hint)
        if self.dependencies and self.job_uuid is None:
            hint = "Give job_uuid too, of a job that uses dependencies."
            raise InvalidArgument("dependencies", ", ".join(self.dependencies), "tasks of the same job", hint)
        return self

    def check_where_it_runs(self) -> None:
        """Check that one thing says where the task runs."""
        if self.profile is None and self.pool_uuid is None and self.job_uuid is None:
            hint = "Give profile (list_profiles shows the names), or pool_uuid to run in a pool."
            raise InvalidArgument("profile", None, "a profile, or a pool instead of it", hint)
        if self.profile is not None and self.pool_uuid is not None:
            valid = "profile or pool_uuid, not both"
            raise InvalidArgument("profile", self.profile, valid, "A pool has its own profile.")
        if self.pool_uuid is not None and self.job_uuid is not None:
            valid = "pool_uuid or job_uuid, not both"
            raise InvalidArgument("pool_uuid", self.pool_uuid, valid, "A job's pool is used by its tasks.")
        if self.pool_uuid is not None and self.hardware_constraints:
            hint = "A pool has its own hardware."
            raise InvalidArgument("hardware_constraints", "constraints with pool_uuid", "none in a pool", hint)

    @property
    def wanted_instances(self) -> int:
        """How many instances are to run; one where nothing says how many."""
        return count_ranges(self.advanced_ranges) if self.advanced_ranges else self.instance_count or 1

    def to_api(self) -> dict[str, Any]:
        """Return the body of `POST /tasks`; what is not set is not sent."""
        body = super().to_api()
        if self.advanced_ranges is None:
            body["instanceCount"] = self.wanted_instances
        return body | (buckets_to_api(self.resource_buckets) if self.resource_buckets else {})


def _seconds(given: str) -> int | None:
    """Read a length of time; parts of a second are dropped."""
    text = given.strip()
    if ":" in text:
        try:
            seconds = parse_time_span(text)
        except ValueError:
            return None
        return math.floor(seconds) if seconds >= 0 else None
    if re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", text) is None:
        return None
    return math.floor(float(text))
