"""What a caller asks for when a task is created: read, checked, and kept in the API's own form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from qarnot_mcp.sandbox.platform.machines import CONSTRAINT_FIELDS, Machine, fitting_machines
from qarnot_mcp.sandbox.platform.plan import MAX_ATTEMPTS, Work
from qarnot_mcp.sandbox.platform.profiles import Profile
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, range_ids

MAX_INSTANCES = 2048
"""Instances that one task may have."""
MAX_TAGS = 10
MAX_CONSTANTS = 150
MAX_BUCKETS = 100
MAX_LABELS = 100
_MAX_TAG_LENGTH = 511
_MAX_TEXT_LENGTH = 2048
_MAX_PATTERN_LENGTH = 2047
_MAX_RANGES_LENGTH = 16384

_SHORTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_CONSTANT_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_BUCKET = re.compile(r"[^\x00-\x1f]+")
_SCHEDULING = {"flex": "flex", "ondemand": "onDemand", "reserved": "reserved"}
_ECHOED_TEXTS = (
    "snapshotBucket",
    "snapshotBucketPrefix",
    "resultsBucket",
    "resultsBucketPrefix",
    "targetedReservedMachineKey",
    "targetedReservationName",
)
_ECHOED_PATTERNS = ("snapshotWhitelist", "snapshotBlacklist", "resultsWhitelist", "resultsBlacklist")


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A checked task creation; `fields` holds what was asked for in the API's own names, nulls left out."""

    fields: Mapping[str, Any]
    profile: Profile
    instance_ids: tuple[int, ...]
    machines: tuple[Machine, ...]

    size: int
    """Bytes of the fields as JSON."""

    @property
    def constants(self) -> dict[str, str]:
        """The constants that the task sets."""
        return {constant["key"]: constant["value"] for constant in self.fields["constants"]}

    @property
    def resource_buckets(self) -> list[str]:
        """The names of all buckets that the task reads."""
        advanced = self.fields.get("advancedResourceBuckets", [])
        return [*self.fields.get("resourceBuckets", []), *(bucket["bucketName"] for bucket in advanced)]

    def work(self, seed: str) -> Work:
        """What the plan of the task is made from."""
        constants = {
            **{constant.name: constant.value for constant in self.profile.constants},
            **self.constants,
        }
        settings = self.fields["retrySettings"]
        each = settings["maxPerInstanceRetries"] or self.fields.get("maxRetriesPerInstance")
        total = settings["maxTotalRetries"]
        return Work(
            seed=seed,
            profile=self.profile.name,
            command=(constants.get(self.profile.command) or None) if self.profile.command else None,
            constants=constants,
            instance_ids=self.instance_ids,
            machines=self.machines,
            is_flex=self.fields["schedulingType"] == "flex",
            max_instance_retries=each if each else (MAX_ATTEMPTS if total else 0),
            max_total_retries=total if total else (MAX_ATTEMPTS * len(self.instance_ids) if each else 0),
        )


def read_task_spec(body: Body, profiles: Mapping[str, Profile]) -> TaskSpec:
    """Check the body of a task creation.

    Raises a 400 for a field that is ill-typed, out of its bounds or against a rule, and a 402 where no machine
    satisfies the hardware constraints.
    """
    profile = _profile(body, profiles)
    fields: JsonObject = {"name": _name(body), "profile": profile.name}
    fields |= _optional(body)
    instances, instance_ids = _instances(body)
    fields |= instances
    fields["constants"] = read_constants(body) or []
    fields["tags"] = read_tags(body) or []
    fields["labels"] = body.text_map("labels", MAX_LABELS, _MAX_TEXT_LENGTH) or {}
    fields["schedulingType"] = _scheduling(body)
    fields["retrySettings"] = _retry_settings(body)
    fields["privileges"] = _privileges(body)
    fields["secretsAccessRights"] = _secrets_access_rights(body)
    fields["hardwareConstraints"] = constraints = _constraints(body)
    machines = fitting_machines(constraints, profile.needs_gpu)
    if not machines:
        raise api_error(402, "No machine satisfies every hardware constraint of the task")
    return TaskSpec(fields, profile, instance_ids, machines, len(to_json(fields)))


def read_constants(body: Body) -> list[JsonObject] | None:
    """The constants in a body, None where it has none."""
    given = body.objects("constants", MAX_CONSTANTS)
    if given is None:
        return None
    constants: dict[str, str] = {}
    for constant in given:
        key, value = constant.text("key", _MAX_TEXT_LENGTH), constant.text("value", _MAX_TEXT_LENGTH)
        if key is None or value is None:
            raise api_error(400, "Invalid constants: neither key nor value may be null")
        if not _CONSTANT_KEY.fullmatch(key):
            raise api_error(400, f"Invalid constants: the key {key[:80]!r} has characters other than A-Z a-z 0-9 _ - .")
        constants[key] = value
    return [{"key": key, "value": value} for key, value in constants.items()]


def read_tags(body: Body) -> list[str] | None:
    """The tags in a body, None where it has none."""
    return body.texts("tags", MAX_TAGS, _MAX_TAG_LENGTH)


def _name(body: Body) -> str:
    name = body.text("name", 2047)
    if name is None or not name.strip():
        raise api_error(400, "Invalid task file. Invalid fields: name")
    return name


def _profile(body: Body, profiles: Mapping[str, Profile]) -> Profile:
    for field, noun in (("poolUuid", "pool"), ("jobUuid", "job")):
        identifier = body.text(field)
        if identifier and identifier.replace("-", "").strip("0"):
            raise api_error(400, f"No such {noun}: {identifier[:80]}")
    name = body.text("profile")
    if not name:
        raise api_error(400, "Invalid task file. Invalid fields: profile")
    if name not in profiles:
        raise api_error(400, f"No such profile: {name[:80]}")
    return profiles[name]


def _instances(body: Body) -> tuple[JsonObject, tuple[int, ...]]:
    ranges = body.text("advancedRanges", _MAX_RANGES_LENGTH)
    if ranges:
        try:
            return {"advancedRanges": ranges.strip()}, range_ids(ranges, MAX_INSTANCES)
        except ValueError as error:
            raise api_error(400, f"Invalid task file. Invalid fields: advancedRanges ({error})") from error
    count = body.integer("instanceCount")
    if count is None or not 1 <= count <= MAX_INSTANCES:
        shown = "is missing" if count is None else f"is {count}"
        message = f"Invalid task file. Invalid fields: instanceCount {shown}, 1 to {MAX_INSTANCES} are possible"
        raise api_error(400, message)
    return {"instanceCount": count}, tuple(range(count))


def _optional(body: Body) -> JsonObject:
    fields: JsonObject = {name: body.text(name) for name in _ECHOED_TEXTS}
    fields |= {name: body.text(name, _MAX_PATTERN_LENGTH) for name in _ECHOED_PATTERNS}
    shortname = body.text("shortname", 256)
    if shortname and not _SHORTNAME.fullmatch(shortname):
        raise api_error(400, "Invalid task file. Invalid fields: shortname")
    fields["shortname"] = shortname or None
    for name in ("uploadResultsOnCancellation", "autoDeleteOnCompletion", "waitForPoolResourcesSynchronization"):
        fields[name] = body.flag(name)
    for name in ("defaultResourcesCacheTTLSec", "resultsCacheTTLSec", "maxRetriesPerInstance", "maxTimeQueueSeconds"):
        fields[name] = number = body.integer(name)
        if number is not None and number < 0:
            raise api_error(400, f"Invalid task file. Invalid fields: {name}")
    fields["completionTimeToLive"] = body.span("completionTimeToLive")
    fields |= _buckets(body)
    return {name: value for name, value in fields.items() if value is not None}


def _buckets(body: Body) -> JsonObject:
    result = body.text("resultBucket", 255) or None
    if result is not None and not _BUCKET.fullmatch(result):
        raise api_error(400, "Invalid task file. Invalid fields: resultBucket")
    simple = body.texts("resourceBuckets", MAX_BUCKETS, 255) or None
    advanced: list[JsonObject] = []
    for bucket in body.objects("advancedResourceBuckets", MAX_BUCKETS) or []:
        name = bucket.text("bucketName", 255)
        if not name:
            raise api_error(400, "Invalid task file. Invalid fields: advancedResourceBuckets")
        prefixes = {
            "filtering": _nested_prefix(bucket, "filtering", "prefixFiltering"),
            "resourcesTransformation": _nested_prefix(bucket, "resourcesTransformation", "stripPrefix"),
            "cacheTTLSec": bucket.integer("cacheTTLSec"),
        }
        advanced.append({"bucketName": name} | {key: value for key, value in prefixes.items() if value is not None})
    if simple and advanced:
        raise api_error(400, "Only one of resourceBuckets and advancedResourceBuckets may be set")
    return {"resultBucket": result, "resourceBuckets": simple, "advancedResourceBuckets": advanced or None}


def _nested_prefix(bucket: Body, outer: str, inner: str) -> JsonObject | None:
    holder = bucket.nested(outer)
    nested = None if holder is None else holder.nested(inner)
    return None if nested is None else {inner: {"prefix": nested.text("prefix")}}


def _scheduling(body: Body) -> str:
    given = body.text("schedulingType") or "flex"
    scheduling = _SCHEDULING.get(given.lower())
    if scheduling is None:
        raise body.problem("schedulingType", f'Error converting value "{given[:40]}" to a scheduling type.')
    return scheduling


def _retry_settings(body: Body) -> JsonObject:
    settings = body.nested("retrySettings")
    values = {
        name: None if settings is None else settings.integer(name)
        for name in ("maxTotalRetries", "maxPerInstanceRetries")
    }
    if any(value is not None and value < 0 for value in values.values()):
        raise api_error(400, "Invalid task file. Invalid fields: retrySettings")
    return values


def _privileges(body: Body) -> JsonObject:
    name = "exportApiAndStorageCredentialsInEnvironment"
    privileges = body.nested("privileges")
    return {name: bool(privileges and privileges.flag(name))}


def _secrets_access_rights(body: Body) -> JsonObject:
    rights = body.nested("secretsAccessRights")
    read: JsonObject = {"bySecret": [], "byPrefix": []}
    for listed, field in (("bySecret", "key"), ("byPrefix", "prefix")):
        for right in (rights.objects(listed, MAX_CONSTANTS) if rights else None) or []:
            read[listed].append({field: right.text(field)})
    return read


def _constraints(body: Body) -> list[JsonObject]:
    constraints: list[JsonObject] = []
    for given in body.objects("hardwareConstraints", 50) or []:
        kind = given.text("discriminator") or ""
        if kind not in CONSTRAINT_FIELDS:
            raise api_error(400, f"Invalid hardware constraint: {kind[:80]!r}")
        constraint: JsonObject = {"discriminator": kind}
        field = CONSTRAINT_FIELDS[kind]
        if field is not None:
            is_text = field in ("specificationKey", "cpuModel")
            value = (
                given.text(field) if is_text else given.integer(field) if field == "coreCount" else given.number(field)
            )
            if value is None:
                raise api_error(400, f"Invalid hardware constraint: {kind} needs {field}")
            constraint[field] = value
        constraints.append(constraint)
    return constraints
