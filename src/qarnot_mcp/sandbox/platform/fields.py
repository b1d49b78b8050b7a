"""The fields of what a caller creates: how each is read and checked, and what the API shows of it afterwards."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qarnot_mcp.sandbox.platform.machines import CONSTRAINTS
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import ApiError, api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_TAGS = 10
MAX_CONSTANTS = 150
MAX_BUCKETS = 100
MAX_LABELS = 100
_MAX_TAG_LENGTH = 511
_MAX_TEXT_LENGTH = 2048
_MAX_BUCKET_LENGTH = 255

_SHORTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_CONSTANT_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_BUCKET = re.compile(r"[^\x00-\x1f]+")
_SCHEDULING = {"flex": "flex", "ondemand": "onDemand", "reserved": "reserved"}

Reader = Callable[[Body, str], Any]
"""Reads the field of a name from a body and checks it; None stands for a field that is not set."""

LEFT_OUT = object()
"""The default of a field that the API leaves out when it is not set."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a creation, under its API name."""

    name: str
    read: Reader
    default: Any = LEFT_OUT
    """The value when the caller sets none."""
    is_shown: bool = True
    """Whether the object shows the field as it was set; False when it shows another or no value."""


LIFETIME_FIELDS = (
    Field("autoDeleteOnCompletion", Body.flag, default=False),
    Field("completionTimeToLive", Body.span, default="00:00:00"),
)


def read_fields(fields: Sequence[Field], body: Body) -> JsonObject:
    """Return the values of the fields in a body, with defaults; raises a 400 for a value that breaks a rule."""
    values: JsonObject = {}
    for field in fields:
        value = field.read(body, field.name)
        if value is None:
            value = field.default
        if value is not LEFT_OUT:
            values[field.name] = value
    return values


def given_fields(fields: Sequence[Field], body: Body) -> JsonObject:
    """Return the values of the fields that a body sets, as they are."""
    values = {field.name: body.value(field.name) for field in fields}
    return {name: value for name, value in values.items() if value is not None}


def shown_fields(fields: Sequence[Field], values: JsonObject) -> JsonObject:
    """Return the fields that the object shows as they were set."""
    return {field.name: values[field.name] for field in fields if field.is_shown and field.name in values}


def invalid_fields(names: str) -> ApiError:
    """Return the 400 of a creation that cannot be done, naming the fields that are wrong."""
    return api_error(400, f"Invalid task file. Invalid fields: {names}")


def read_pattern(body: Body, name: str) -> str | None:
    """Read a regular expression over paths."""
    return body.text(name, 2047)


def read_uuid(body: Body, name: str) -> str | None:
    """Read a UUID; that of zeros is none."""
    value = body.text(name, 256)
    return value if value and value.replace("-", "").strip("0") else None


def read_count(body: Body, name: str) -> int | None:
    """Read a whole number that is not negative."""
    number = body.integer(name)
    if number is not None and number < 0:
        raise invalid_fields(name)
    return number


def read_name(body: Body, field: str) -> str:
    """Read the name, which every creation needs."""
    value = body.text(field, 2047)
    if value is None or not value.strip():
        raise invalid_fields(field)
    return value


def read_shortname(body: Body, field: str) -> str | None:
    """Read a shortname: letters, digits and dashes."""
    value = body.text(field, 256)
    if value and not _SHORTNAME.fullmatch(value):
        raise invalid_fields(field)
    return value or None


def read_tags(body: Body, field: str) -> list[str] | None:
    """Read the tags."""
    return body.texts(field, MAX_TAGS, _MAX_TAG_LENGTH)


def read_labels(body: Body, field: str) -> dict[str, str] | None:
    """Read the labels."""
    return body.text_map(field, MAX_LABELS, _MAX_TEXT_LENGTH)


def read_constants(body: Body, name: str) -> list[JsonObject] | None:
    """Read a list of `{key, value}`; the last value of a key counts."""
    given = body.objects(name, MAX_CONSTANTS)
    if given is None:
        return None
    values: dict[str, str] = {}
    for constant in given:
        key, value = constant.text("key", _MAX_TEXT_LENGTH), constant.text("value", _MAX_TEXT_LENGTH)
        if key is None or value is None:
            raise api_error(400, "Invalid constants: neither key nor value may be null")
        if not _CONSTANT_KEY.fullmatch(key):
            raise api_error(400, f"Invalid constants: the key {key[:80]!r} has characters other than A-Z a-z 0-9 _ - .")
        values[key] = value
    return constant_list(values)


def constant_list(values: Mapping[str, str]) -> list[JsonObject]:
    """Return constants in the API's form."""
    return [{"key": key, "value": value} for key, value in values.items()]


def shown_constants(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of constants by key, those of secret ones hidden."""
    return {key: "[SECRET]" if key.startswith("QARNOT_SECRET__") else value for key, value in values.items()}


def constant_values(constants: Sequence[JsonObject]) -> dict[str, str]:
    """Return the values of constants by key."""
    return {constant["key"]: constant["value"] for constant in constants}


def read_bucket(body: Body, field: str) -> str | None:
    """Read the name of a bucket."""
    value = body.text(field, _MAX_BUCKET_LENGTH) or None
    if value is not None and not _BUCKET.fullmatch(value):
        raise invalid_fields(field)
    return value


def read_bucket_names(body: Body, field: str) -> list[str] | None:
    """Read a list of names of buckets."""
    return body.texts(field, MAX_BUCKETS, _MAX_BUCKET_LENGTH)


def read_buckets_with_prefixes(body: Body, field: str) -> list[JsonObject]:
    """Read buckets of which a prefix chooses files, or is stripped from their names."""
    buckets: list[JsonObject] = []
    for given in body.objects(field, MAX_BUCKETS) or []:
        bucket_name = given.text("bucketName", _MAX_BUCKET_LENGTH)
        if not bucket_name:
            raise invalid_fields(field)
        prefixes = {
            "filtering": _nested_prefix(given, "filtering", "prefixFiltering"),
            "resourcesTransformation": _nested_prefix(given, "resourcesTransformation", "stripPrefix"),
            "cacheTTLSec": given.integer("cacheTTLSec"),
        }
        buckets.append(
            {"bucketName": bucket_name} | {key: value for key, value in prefixes.items() if value is not None}
        )
    return buckets


def _nested_prefix(bucket_body: Body, outer: str, inner: str) -> JsonObject | None:
    holder = bucket_body.nested(outer)
    nested = None if holder is None else holder.nested(inner)
    return None if nested is None else {inner: {"prefix": nested.text("prefix")}}


def read_scheduling_type(body: Body, field: str) -> str:
    """Read the scheduling type; flex is the default."""
    given = body.text(field) or "flex"
    scheduling = _SCHEDULING.get(given.lower())
    if scheduling is None:
        raise body.problem(field, f'Error converting value "{given[:40]}" to a scheduling type.')
    return scheduling


def read_retry_settings(body: Body, field: str) -> JsonObject:
    """Read how often instances are tried again."""
    settings = body.nested(field)
    values = {
        key: None if settings is None else settings.integer(key) for key in ("maxTotalRetries", "maxPerInstanceRetries")
    }
    if any(value is not None and value < 0 for value in values.values()):
        raise invalid_fields(field)
    return values


def read_privileges(body: Body, field: str) -> JsonObject:
    """Read what instances may see of the account."""
    given = body.nested(field)
    key = "exportApiAndStorageCredentialsInEnvironment"
    return {key: bool(given and given.flag(key))}


def read_secrets_access_rights(body: Body, field: str) -> JsonObject:
    """Read which secrets instances may read."""
    rights = body.nested(field)
    read: JsonObject = {"bySecret": [], "byPrefix": []}
    for listed, key in (("bySecret", "key"), ("byPrefix", "prefix")):
        for right in (rights.objects(listed, MAX_CONSTANTS) if rights else None) or []:
            read[listed].append({key: right.text(key)})
    return read


def read_hardware_constraints(body: Body, field: str) -> list[JsonObject]:
    """Read the constraints on machines."""
    constraints: list[JsonObject] = []
    for given in body.objects(field, 50) or []:
        name = given.text("discriminator") or ""
        if name not in CONSTRAINTS:
            raise api_error(400, f"Invalid hardware constraint: {name[:80]!r}")
        constraint: JsonObject = {"discriminator": name}
        kind = CONSTRAINTS[name]
        if kind.field is not None:
            constraint[kind.field] = kind.read(given, kind.field)
            if constraint[kind.field] is None:
                raise api_error(400, f"Invalid hardware constraint: {name} needs {kind.field}")
        constraints.append(constraint)
    return constraints
