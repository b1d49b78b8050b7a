"""How the arguments of a tool are declared: one model for each tool, and the types that several of them share.

A check is part of a parameter's type. It returns the value that travels, or raises `InvalidArgument` under the name of
the parameter, before anything is sent; pydantic collects what the checks of one call raise.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from qarnot_mcp.qarnot import identifiers
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.storage import names
from qarnot_mcp.text.cleaning import clean_text

MAX_NAME_CHARACTERS = 2047
MAX_TAGS = 10
MAX_TAG_CHARACTERS = 511
COMPARED_CHARACTERS = 256
"""Comparing two texts takes quadratic time, and no name that is known is longer."""


class FirstFault(FailFast):
    """Ends the reading of a list at its first fault, the only one that is told; can be hashed, as unions need it."""

    def __hash__(self) -> int:
        return hash(FirstFault)


FIRST_FAULT = FirstFault()


class Arguments(BaseModel):
    """The arguments of one tool: each field is a parameter with its type, description, check and default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ApiPath(str):
    """The name of a parameter in the API; dots lead into objects. Without one it is the parameter's in camel case."""


class CreateArguments(Arguments):
    """Arguments that say what a new task, job or pool is to be."""

    def to_api(self) -> dict[str, Any]:
        """Return the body of the request that creates it; what is not set is not sent."""
        body: dict[str, Any] = {}
        for name, value in self.model_dump(exclude_none=True).items():
            if value not in ("", [], {}):
                metadata = type(self).model_fields[name].metadata
                path = next((entry for entry in metadata if isinstance(entry, ApiPath)), to_camel(name))
                *objects, last = path.split(".")
                place = body
                for part in objects:
                    place = place.setdefault(part, {})
                place[last] = value
        return body


class NoArguments(Arguments):
    """The arguments of a tool that takes none."""


@dataclass(frozen=True)
class MostEntries(BeforeValidator):
    """A check of how many entries there are, which the schema says, too."""

    count: int = 0

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema with the bound."""
        schema = handler(core)
        return {**schema, "maxItems" if schema.get("type") == "array" else "maxProperties": self.count}


@dataclass(frozen=True)
class MostCharacters(AfterValidator):
    """A check of a text's length, which the schema says, too."""

    count: int = 0

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema with the bound."""
        return {**handler(core), "maxLength": self.count}


def parameter_of(info: ValidationInfo) -> str:
    """Return the name of the parameter that is being checked."""
    return info.field_name or "argument"


def whole_number(least: int, most: int, hint: str = "") -> AfterValidator:
    """Return the check of a whole number between two bounds, both included."""

    def check(given: int, info: ValidationInfo) -> int:
        if not least <= given <= most:
            raise InvalidArgument(parameter_of(info), given, f"a whole number from {least:,} to {most:,}", hint)
        return given

    return AfterValidator(check)


def checked_by(check: Callable[..., object]) -> AfterValidator:
    """Return the check by a function of the API's client, which takes the value and the name of the parameter."""

    def run(given: object, info: ValidationInfo) -> object:
        return check(given, parameter=parameter_of(info))

    return AfterValidator(run)


def text_line(most_characters: int, hint: str = "") -> AfterValidator:
    """Return the check of a text that is neither blank nor too long and holds no control character."""

    def check(given: str, info: ValidationInfo) -> str:
        return check_text_line(parameter_of(info), given, most_characters, hint)

    return MostCharacters(check, count=most_characters)


def at_most(count: int, noun: str) -> BeforeValidator:
    """Return the check of how many entries a list or a map has; `noun` is what they are, in the plural.

    It comes before anything is made of the entries: stand it behind other checks in the type, as pydantic runs those
    that come before from the last to the first.
    """

    def check(given: object, info: ValidationInfo) -> object:
        if isinstance(given, list | dict) and len(given) > count:
            raise InvalidArgument(parameter_of(info), f"{len(given)} {noun}", f"at most {count:,} {noun}")
        return given

    return MostEntries(check, count=count)


def check_text_line(parameter: str, given: str, most_characters: int, hint: str = "") -> str:
    """Check a text that is neither blank nor too long and holds no control character."""
    if not given.strip() or len(given) > most_characters or clean_text(given) != given or "\n" in given:
        valid = f"a text on one line of 1 to {most_characters:,} characters without control characters"
        raise InvalidArgument(parameter, given, valid, hint)
    return given


def closest_matches(name: str, known: Iterable[str], most: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return the known names that are most like a name, best first, ignoring case.

    `cutoff` is from 0 (anything) to 1 (the same name only).
    """
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name[:COMPARED_CHARACTERS].casefold(), by_folded, n=most, cutoff=cutoff)
    return [by_folded[folded] for folded in found]


STRIPPED = AfterValidator(str.strip)
TaskId = Annotated[str, STRIPPED, checked_by(identifiers.check_task_id)]
TaskIdParameter = Annotated[TaskId, Field(description="The task's UUID or its shortname.")]
JobId = Annotated[str, STRIPPED, checked_by(partial(identifiers.check_identifier, noun="job"))]
JobIdParameter = Annotated[JobId, Field(description="The job's UUID or its shortname.")]
PoolId = Annotated[str, STRIPPED, checked_by(partial(identifiers.check_identifier, noun="pool"))]
PoolIdParameter = Annotated[PoolId, Field(description="Its UUID or shortname.")]
Shortname = Annotated[str, checked_by(identifiers.check_shortname)]
InstanceId = Annotated[int, checked_by(identifiers.check_instance_id)]
ProfileName = Annotated[str, STRIPPED, checked_by(identifiers.check_profile_name)]
Cursor = Annotated[str, STRIPPED, checked_by(identifiers.check_cursor)]
Bucket = Annotated[str, STRIPPED, checked_by(names.check_bucket)]
BucketParameter = Annotated[Bucket, Field(description="A bucket's name.")]
Path = Annotated[str, checked_by(names.check_path)]
PathParameter = Annotated[Path, Field(description="Its path, such as folder/a.csv.")]
Prefix = Annotated[str, checked_by(names.check_prefix)]
Name = Annotated[str, text_line(MAX_NAME_CHARACTERS)]
Tags = Annotated[list[Annotated[str, text_line(MAX_TAG_CHARACTERS)]], FIRST_FAULT, at_most(MAX_TAGS, "tags")]
