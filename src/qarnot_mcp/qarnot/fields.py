"""How the JSON of the API becomes objects: the types of its fields, and the base of all models."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from qarnot_mcp.qarnot.errors import UnreadableResponse

NIL_UUID = "00000000-0000-0000-0000-000000000000"
_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+", re.ASCII)
_TIME_SPAN = re.compile(r"(-?)(?:(\d{1,9})\.)?(\d|[01]\d|2[0-3]):([0-5]\d):([0-5]\d(?:\.\d{1,9})?)", re.ASCII)


def _date(value: object) -> object:
    """`0001-01-01` is how the API says "none"; dates without a zone are UTC."""
    if value is None or value == "" or (isinstance(value, str) and value.startswith("0001-01-01")):
        return None
    if isinstance(value, str) and _WITHOUT_ZONE.fullmatch(value):
        return f"{value}Z"
    return value


def _utc(moment: datetime | None) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment else None
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


def _none_as_list(value: object) -> object:
    return [] if value is None else value


def _none_as_labels(value: object) -> object:
    return {} if value is None else value


def _none_as_text(value: object) -> object:
    return "" if value is None else value


def _none_as_zero(value: object) -> object:
    return 0 if value is None else value


def _uuid(value: object) -> object:
    return None if value in ("", NIL_UUID) else value


def _dependencies(value: object) -> object:
    """Both forms, `dependsOn` and `advancedDependsOn`, as the UUIDs they name."""
    if not isinstance(value, Mapping):
        return [] if value is None else value
    plain, advanced = value.get("dependsOn") or [], value.get("advancedDependsOn") or []
    if not isinstance(plain, list) or not isinstance(advanced, list):
        raise ValueError("not lists")
    return [*plain, *(item.get("taskUuid") if isinstance(item, Mapping) else item for item in advanced)]


NONE_AS_LIST = BeforeValidator(_none_as_list)
Date = Annotated[datetime | None, BeforeValidator(_date), AfterValidator(_utc)]
Seconds = Annotated[float | None, BeforeValidator(_seconds)]
Text = Annotated[str, BeforeValidator(_none_as_text)]
Count = Annotated[int, BeforeValidator(_none_as_zero)]
Percent = Annotated[float, BeforeValidator(_none_as_zero)]
Uuid = Annotated[str | None, BeforeValidator(_uuid)]
Strings = Annotated[list[str], NONE_AS_LIST]
Labels = Annotated[dict[str, Text], BeforeValidator(_none_as_labels)]
Objects = Annotated[list[dict[str, Any]], NONE_AS_LIST]
Dependencies = Annotated[list[str], BeforeValidator(_dependencies)]


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
            missing = first["type"] == "missing"
            raise UnreadableResponse(
                f"{cls._noun()}: {where} is {'missing' if missing else 'not of the documented type'}"
            ) from None

    @classmethod
    def _noun(cls) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()


def running_instances(value: object) -> object:
    """Take the list out of `runningInstancesInfo`."""
    if isinstance(value, Mapping):
        return value.get("perRunningInstanceInfo") or []
    return [] if value is None else value


def bucket_names(value: object) -> object:
    """Take the names out of `advancedResourceBuckets`."""
    if isinstance(value, list):
        return [bucket.get("bucketName") if isinstance(bucket, Mapping) else bucket for bucket in value]
    return value
