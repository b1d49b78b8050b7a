"""How the JSON of the API becomes objects: the types of its fields, and the base of all models.

Every field is bounded and cleaned here, where it enters: no text, list or number of the API is as long as it likes.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.identifiers import INSTANCE_IDS
from qarnot_mcp.qarnot.ranges import RANGES_CHARACTERS
from qarnot_mcp.text.cleaning import clean_text, one_line

T = TypeVar("T")
NIL_UUID = "00000000-0000-0000-0000-000000000000"
_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+", re.ASCII)
_USUAL_DATE_CHARACTERS = len("2026-11-20T20:56:24Z")
_TIME_SPAN = re.compile(r"(-?)(?:(\d{1,9})\.)?(\d|[01]\d|2[0-3]):([0-5]\d):([0-5]\d(?:\.\d{1,9})?)", re.ASCII)


def _date(value: object) -> object:
    """`0001-01-01` is how the API says "none"; dates without a zone are UTC."""
    if value is None or value == "" or (isinstance(value, str) and value.startswith("0001-01-01")):
        return None
    if isinstance(value, str) and len(value) == _USUAL_DATE_CHARACTERS and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value)  # a fifth of the time of pydantic's reading and a change of zone
        except ValueError:
            return value
    if isinstance(value, str) and _WITHOUT_ZONE.fullmatch(value):
        return f"{value}Z"
    return value


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None


def parse_time_span(text: str) -> float:
    """Return the seconds of a time span `[days.]hours:minutes:seconds[.fraction]`; raise `ValueError` for others."""
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a time span")
    sign, days, hours, minutes, seconds = match.groups()
    total = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return -total if sign else total


def time_span(seconds: int) -> str:
    """Write seconds as the API does, `[days.]hh:mm:ss`."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days}.{hour:02}:{minute:02}:{second:02}" if days else f"{hour:02}:{minute:02}:{second:02}"


def _seconds(value: object) -> object:
    """Read a time span; a number is seconds already."""
    return parse_time_span(value) if isinstance(value, str) else value


def _cleaned(most_characters: int) -> AfterValidator:
    """Return the reading of a text: cut, then without control and invisible characters."""

    def read(text: str) -> str:
        if len(text) <= most_characters and text.isascii() and text.isprintable():
            return text
        return clean_text(text[:most_characters])

    return AfterValidator(read)


def _id(text: str) -> str:
    """Read an id; one that is longer than any, or is none, stays recognisable and bounded."""
    return (
        text if len(text) <= ID_CHARACTERS and text.isascii() and text.isprintable() else one_line(text, ID_CHARACTERS)
    )


def _within(number: Any) -> Any:
    """Bound a number: no count, size or time of the platform comes near."""
    return max(-MAX_NUMBER, min(MAX_NUMBER, number)) if number is not None else None


def _first_entries(value: object) -> object:
    """Read a list, the first entries of it; null is an empty one."""
    return [] if value is None else value[:MAX_ENTRIES] if isinstance(value, list) else value


def _first_labels(value: object) -> object:
    if isinstance(value, Mapping):
        return {name[:LONG_CHARACTERS]: value[name] for name in islice(value, MAX_ENTRIES)}
    return {} if value is None else value


def _plain_objects(value: object) -> object:
    """Read a list of small objects: the first fields of each, their texts cut, what is nested in them left out."""
    if not isinstance(value, list):
        return [] if value is None else value
    return [_plain_object(entry) if isinstance(entry, dict) else entry for entry in value[:MAX_OBJECTS]]


def _plain_object(entry: dict[str, Any]) -> dict[str, Any]:
    fields = {str(name)[:ID_CHARACTERS]: entry[name] for name in islice(entry, MAX_OBJECTS)}
    return {
        name: value[:TEXT_CHARACTERS] if isinstance(value, str) else value
        for name, value in fields.items()
        if not isinstance(value, list | dict)
    }


def instances(value: object) -> object:
    """Read a list of instances: the first 20,000 of those that have an id."""
    if not isinstance(value, list):
        return [] if value is None else value
    return list(islice(filter(_has_instance_id, value), MAX_INSTANCES))


def _has_instance_id(entry: object) -> bool:
    number = entry.get("instanceId") if isinstance(entry, dict) else None
    # An entry without an id, or of another type, is told as a fault of the API.
    return not isinstance(number, int) or 0 <= number < INSTANCE_IDS


ID_CHARACTERS = 300
STATE_CHARACTERS = 64
TEXT_CHARACTERS = 4096
LONG_CHARACTERS = 65_536
MAX_NUMBER = 10**15
MAX_ENTRIES = 2_000
MAX_OBJECTS = 100
MAX_INSTANCES = 20_000

NONE_AS_LIST = BeforeValidator(_first_entries)
INSTANCES = BeforeValidator(instances)
_NOT_NONE = BeforeValidator(lambda value: "" if value is None else value)
_NONE_AS_ZERO = BeforeValidator(lambda value: 0 if value is None else value)
_NOT_NIL = BeforeValidator(lambda value: None if value in ("", NIL_UUID) else value)
# A part of some ranges would be others, so that those which are too long are none.
_RANGES = AfterValidator(lambda text: text if len(text) <= RANGES_CHARACTERS else "")
PLAIN = r"^[ -~]*$"
"""Text that needs no cleaning."""
PlainText = Annotated[str, Field(pattern=PLAIN, max_length=TEXT_CHARACTERS)]
PlainTexts = Annotated[list[PlainText], FailFast(), Field(max_length=MAX_ENTRIES)]
PlainState = Annotated[str, Field(pattern=PLAIN, min_length=1, max_length=STATE_CHARACTERS)]
PlainId = Annotated[str, Field(pattern=r"^[!-~]+$", max_length=ID_CHARACTERS)]
PlainCount = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
PlainPercent = Annotated[float, Field(ge=0, le=100)]

Date = Annotated[datetime | None, BeforeValidator(_date), AfterValidator(_utc)]
Seconds = Annotated[float | None, BeforeValidator(_seconds), AfterValidator(_within)]
Count = Annotated[int, _NONE_AS_ZERO, AfterValidator(_within)]
OptionalCount = Annotated[int, AfterValidator(_within)] | None
OptionalNumber = Annotated[float, AfterValidator(_within)] | None
InstanceId = Annotated[int, Field(ge=0, lt=INSTANCE_IDS)]
Percent = Annotated[float, _NONE_AS_ZERO, AfterValidator(_within)]
Id = Annotated[str, Field(min_length=1), AfterValidator(_id)]
Uuid = Annotated[Annotated[str, AfterValidator(_id)] | None, _NOT_NIL]
State = Annotated[str, Field(min_length=1), _cleaned(STATE_CHARACTERS)]
OptionalState = Annotated[str, _cleaned(STATE_CHARACTERS)] | None
Text = Annotated[str, _NOT_NONE, _cleaned(TEXT_CHARACTERS)]
OptionalText = Annotated[str, _cleaned(TEXT_CHARACTERS)] | None
RangesText = Annotated[str, _NOT_NONE, _RANGES]
OptionalRanges = Annotated[str, _RANGES] | None
# It ends at the first wrong entry: each of 100,000 would be an error of its own, of 300 bytes.
Records = Annotated[list[T], FailFast(), NONE_AS_LIST]
Strings = Records[Annotated[str, _cleaned(TEXT_CHARACTERS)]]
Objects = Annotated[list[dict[str, Any]], BeforeValidator(_plain_objects)]

# What a second run of a task takes over is bounded, but not cleaned: it would be something else.
Verbatim = Annotated[str, _NOT_NONE, AfterValidator(lambda text: text[:LONG_CHARACTERS])]
OptionalVerbatim = Annotated[str, AfterValidator(lambda text: text[:LONG_CHARACTERS])] | None
Labels = Annotated[dict[str, Verbatim], BeforeValidator(_first_labels)]


def first_of(*names: str) -> Any:
    """Return a field that is read under the first of these names that is there, else None."""
    return Field(None, validation_alias=AliasChoices(*names))


class Record(BaseModel):
    """An object of the API; fields that are not listed are ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    @classmethod
    def read(cls, answer: object) -> Self:
        """Read a decoded answer; raises `UnreadableResponse` where it has another shape."""
        try:
            return cls.model_validate(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            noun = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()
            fault = "missing" if first["type"] == "missing" else "not of the documented type"
            raise UnreadableResponse(f"{noun}: {where} is {fault}") from None


class Item(Record):
    """What tasks, jobs and pools have in common."""

    uuid: Id
    name: Text = ""
    shortname: OptionalText = None
    state: State


def running_instances(value: object) -> object:
    """Take the list out of `runningInstancesInfo`."""
    return instances(value.get("perRunningInstanceInfo") if isinstance(value, Mapping) else value)


def bucket_names(value: object) -> object:
    """Take the names out of `advancedResourceBuckets`."""
    if isinstance(value, list):
        some = value[:MAX_ENTRIES]
        return [bucket.get("bucketName") if isinstance(bucket, Mapping) else bucket for bucket in some]
    return value
