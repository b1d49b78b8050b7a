"""What a caller asks for when a task is created: read, checked, and kept under the API's own names.

A parameter of a task is one row of `FIELDS`: from it follow how a creation is read, what a clone or a retry may
override, and what the task's object shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import to_json

from qarnot_mcp.sandbox.platform import fields
from qarnot_mcp.sandbox.platform.dependencies import read_dependencies
from qarnot_mcp.sandbox.platform.fields import Field, invalid_fields, read_fields
from qarnot_mcp.sandbox.platform.machines import Machine, fitting_machines
from qarnot_mcp.sandbox.platform.plan import MAX_ATTEMPTS, Work
from qarnot_mcp.sandbox.platform.profiles import Profile
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, range_ids

MAX_INSTANCES = 2048
"""Instances that one task may have."""
_MAX_RANGES_LENGTH = 16384

BUCKET_FIELDS = (
    Field("resourceBuckets", fields.read_bucket_names, default=[]),
    Field("advancedResourceBuckets", fields.read_buckets_with_prefixes),
)
MACHINE_FIELDS = (
    Field("hardwareConstraints", fields.read_hardware_constraints),
    Field("secretsAccessRights", fields.read_secrets_access_rights),
    Field("privileges", fields.read_privileges),
    Field("schedulingType", fields.read_scheduling_type),
    Field("targetedReservedMachineKey", Body.text),
    Field("targetedReservationName", Body.text),
)
FIELDS = (
    Field("name", fields.read_name),
    Field("shortname", fields.read_shortname, is_shown=False),
    Field("profile", Body.text),
    Field("poolUuid", fields.read_uuid, is_shown=False),
    Field("jobUuid", fields.read_uuid, is_shown=False),
    Field("dependencies", read_dependencies, is_shown=False),
    Field("instanceCount", Body.integer),
    Field("advancedRanges", lambda body, name: (body.text(name, _MAX_RANGES_LENGTH) or "").strip() or None),
    *BUCKET_FIELDS,
    Field("resultBucket", fields.read_bucket, default=None),
    Field("constants", fields.read_constants, default=[], is_shown=False),
    Field("tags", fields.read_tags, default=[], is_shown=False),
    Field("labels", fields.read_labels, default={}),
    *MACHINE_FIELDS,
    Field("retrySettings", fields.read_retry_settings),
    Field("maxRetriesPerInstance", fields.read_count, default=0),
    Field("snapshotWhitelist", fields.read_pattern),
    Field("snapshotBlacklist", fields.read_pattern),
    Field("snapshotBucket", Body.text),
    Field("snapshotBucketPrefix", Body.text),
    Field("resultsWhitelist", fields.read_pattern),
    Field("resultsBlacklist", fields.read_pattern),
    Field("resultsBucket", Body.text),
    Field("resultsBucketPrefix", Body.text),
    Field("resultsCacheTTLSec", fields.read_count),
    Field("defaultResourcesCacheTTLSec", fields.read_count),
    Field("uploadResultsOnCancellation", Body.flag, default=None),
    *fields.LIFETIME_FIELDS,
    Field("maxTimeQueueSeconds", fields.read_count),
    Field("waitForPoolResourcesSynchronization", Body.flag, default=None),
)


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """What a task takes over from its pool."""

    profile: Profile
    machines: tuple[Machine, ...]
    constants: Mapping[str, str]
    retry_settings: JsonObject


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A checked task creation; `fields` holds the values of `FIELDS`."""

    fields: JsonObject
    profile: Profile
    instance_ids: tuple[int, ...]
    machines: tuple[Machine, ...]
    pool_constants: Mapping[str, str]

    size: int
    """Bytes of the fields as JSON."""

    @property
    def constants(self) -> dict[str, str]:
        """The constants that the task sets."""
        return fields.constant_values(self.fields["constants"])

    def work(self, seed: str, inputs: Mapping[str, bytes]) -> Work:
        """Return what the plan of the task is made from."""
        constants = {
            **{constant.name: constant.value for constant in self.profile.constants},
            **self.pool_constants,
            **self.constants,
        }
        settings = self.fields["retrySettings"]
        each = settings["maxPerInstanceRetries"] or self.fields["maxRetriesPerInstance"]
        total = settings["maxTotalRetries"]
        return Work(
            seed=seed,
            profile=self.profile.name,
            command=(constants.get(self.profile.command) or None) if self.profile.command else None,
            constants=constants,
            inputs=inputs,
            instance_ids=self.instance_ids,
            machines=self.machines,
            is_flex=self.fields["schedulingType"] == "flex",
            max_instance_retries=each if each else (MAX_ATTEMPTS if total else 0),
            max_queue_seconds=self.fields.get("maxTimeQueueSeconds", 0),
            max_total_retries=total if total else (MAX_ATTEMPTS * len(self.instance_ids) if each else 0),
        )


def read_task_spec(body: Body, profiles: Mapping[str, Profile], pool: PoolSettings | None) -> TaskSpec:
    """Check the body of a task creation; `pool` is the pool that the task or its job names.

    Raises a 400 for a field that is ill-typed, out of its bounds or against a rule, and a 402 when no machine
    satisfies the hardware constraints.
    """
    values = read_fields(FIELDS, body)
    if pool is not None:
        _take_over(values, pool)
    profile = find_profile(values, profiles)
    instance_ids = _instance_ids(values)
    check_buckets(values)
    machines = find_machines(values, profile) if pool is None else pool.machines
    constants = {} if pool is None else pool.constants
    return TaskSpec(values, profile, instance_ids, machines, constants, len(to_json(values)))


def _take_over(values: JsonObject, pool: PoolSettings) -> None:
    for name in ("profile", "hardwareConstraints"):
        if values.get(name):
            raise api_error(400, f"Invalid task file. Invalid fields: {name}; a task in a pool takes that of the pool")
    values["profile"] = pool.profile.name
    if not any(values["retrySettings"].values()):
        values["retrySettings"] = pool.retry_settings


def find_profile(values: JsonObject, profiles: Mapping[str, Profile]) -> Profile:
    """Return the profile that a creation names; raises a 400 when there is none."""
    name = values.get("profile")
    if not name:
        raise invalid_fields("profile")
    if name not in profiles:
        raise api_error(400, f"No such profile: {name[:80]}")
    return profiles[name]


def find_machines(values: JsonObject, profile: Profile) -> tuple[Machine, ...]:
    """Return the machines that a creation may run on; raises a 402 when there are none."""
    machines = fitting_machines(values["hardwareConstraints"], profile.needs_gpu)
    if not machines:
        raise api_error(402, "No machine satisfies every hardware constraint")
    return machines


def check_buckets(values: JsonObject) -> None:
    """Raise a 400 for a creation with both forms of resource buckets."""
    if values["resourceBuckets"] and values["advancedResourceBuckets"]:
        raise api_error(400, "Only one of resourceBuckets and advancedResourceBuckets may be set")


def resource_buckets(values: JsonObject) -> list[str]:
    """Return the names of all buckets that a creation reads."""
    advanced = values["advancedResourceBuckets"]
    return [*values["resourceBuckets"], *(bucket["bucketName"] for bucket in advanced)]


def unmarked(constants: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Return constants in which `[SECRET]`, as the API shows secret ones, stands for what they are known to be."""
    return {key: known.get(key, value) if value == "[SECRET]" else value for key, value in constants.items()}


def creation_of_copy(
    source: TaskSpec, changed: JsonObject, body: Body, instances: str | None, known: Mapping[str, str]
) -> Body:
    """Return the creation of a new task from an older one.

    `changed` holds what the older task has changed since its creation; what `body` sets overrides both. `instances`
    are the ranges to run again, which `body` cannot override; `known` are the constants that fill in those which it
    marks as secret.
    """
    copied = {**source.fields, **changed, "shortname": None}
    overrides = fields.given_fields(FIELDS, body)
    if (constants := fields.read_constants(body, "constants")) is not None:
        overrides["constants"] = fields.constant_list(unmarked(fields.constant_values(constants), known))
    if instances is not None:
        overrides["advancedRanges"] = instances
    elif "instanceCount" in overrides:
        overrides.setdefault("advancedRanges", None)
    return Body(copied | overrides)


def _instance_ids(values: JsonObject) -> tuple[int, ...]:
    """Return the ids of the instances; ranges replace the count, which becomes 0."""
    ranges, count = values.get("advancedRanges"), values.get("instanceCount")
    if ranges is not None:
        values["instanceCount"] = 0
        try:
            return range_ids(ranges, MAX_INSTANCES)
        except ValueError as error:
            raise invalid_fields(f"advancedRanges ({error})") from error
    if count is None or not 1 <= count <= MAX_INSTANCES:
        shown = "is missing" if count is None else f"is {count}"
        raise invalid_fields(f"instanceCount {shown}, 1 to {MAX_INSTANCES} are possible")
    return tuple(range(count))
