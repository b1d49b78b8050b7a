"""The types of settings: how a text becomes a value, which values are valid, and the words that say so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr
from pydantic.fields import FieldInfo

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
RESERVED_PATHS = ("/health", "/ready", "/files", "/authorize", "/login", "/register", "/revoke", "/token")
MIN_SECRET_CHARACTERS = 32


class SettingsError(Exception):
    """A setting that cannot be used; the text is one line that names the variable, the value and what is valid."""


@dataclass(frozen=True)
class Valid:
    """What a type accepts, as the end of "give ..."."""

    words: str


def setting(
    default: object,
    meaning: str,
    *,
    variables: tuple[str, ...] = (),
    secret: bool = False,
    valid: str | None = None,
    **rules: Any,
) -> Any:
    """Declare a setting.

    `meaning` is one sentence of Markdown for the README. `variables` replaces the name that is derived from the
    field's, the preferred one first. A `secret` is never shown. `valid` is only needed where neither the type nor the
    rules (those of `pydantic.Field`) say what is accepted.
    """
    if variables:
        rules["validation_alias"] = AliasChoices(*variables)
    if valid is not None:
        rules["json_schema_extra"] = {"valid": valid}
    return Field(default, description=meaning, repr=not secret, **rules)


def valid_values(name: str, field: FieldInfo) -> str:
    """Return the words for what a setting accepts, read from its rules so that each bound is said once."""
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["valid"])
    unit = name.rpartition("_")[2]
    words = _words_of(field.annotation, field.metadata, f" of {unit}" if unit in ("bytes", "seconds") else "")
    if words is None:
        raise TypeError(f"nothing says which values of {name} are valid")
    return words


def _words_of(annotation: Any, metadata: Sequence[Any], of_unit: str) -> str | None:
    for mark in metadata:
        if isinstance(mark, Valid):
            return mark.words
    if annotation is bool:
        return "true or false"
    if annotation in (int, float):
        limits = {rule: getattr(mark, rule) for mark in metadata for rule in ("ge", "gt", "le") if hasattr(mark, rule)}
        span = (
            f"from {limits['ge']} to {limits['le']}"
            if "ge" in limits
            else f"above {limits['gt']}, at most {limits['le']}"
        )
        return f"a {'whole number' if annotation is int else 'number'}{of_unit} {span.format(**limits)}"
    if get_origin(annotation) is Literal:
        *others, last = map(str, get_args(annotation))
        return f"{', '.join(others)} or {last}"
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _words_of(parts[0], parts[1:], of_unit)
    return next((words for part in parts if (words := _words_of(part, metadata, of_unit)) is not None), None)


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _web_address(value: str) -> str:
    """Return the address, its host in the form that travels (punycode); raise ValueError for any other text."""
    if not value.isascii():
        scheme, slashes, rest = value.partition("://")
        host, mark, path = re.fullmatch(r"([^:/]*)([:/]?)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
        value = f"{scheme}{slashes}{host.encode('idna').decode('ascii')}{mark}{path}"
    # urlsplit alone takes blanks, backslashes and an empty port.
    if not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[^\s\\@?#]*)?", value):
        raise ValueError("not a web address of scheme, host, port and path")
    _ = urlsplit(value).port  # raises for a port above 65535
    return value.rstrip("/")


def _path(value: str) -> str:
    path = value.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", path) or path in RESERVED_PATHS or path.startswith("/."):
        raise ValueError("not a path")
    return path


def _wall_time(value: object) -> object:
    """Return a length of time in seconds; raise ValueError for a text that is none."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(?:([0-9]{1,4})\.)?([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])", value.strip(), re.ASCII)
    if match is None:
        return int(value)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


LEVELS = {"WARN": "WARNING", "FATAL": "CRITICAL", "TRACE": "DEBUG", "ERR": "ERROR", "INFORMATION": "INFO"}
"""How other loggers spell the levels."""
LogLevel = BeforeValidator(
    lambda value: LEVELS.get(value.strip().upper(), value.strip().upper()) if isinstance(value, str) else value
)
LowerCase = BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)
CommaSeparated = BeforeValidator(_split)
WithoutSlash = AfterValidator(lambda value: value.rstrip("/"))

WebAddress = Annotated[
    str,
    AfterValidator(_web_address),
    Valid("an address such as https://api.qarnot.com, without user, query or fragment"),
]
EndpointPath = Annotated[
    str,
    AfterValidator(_path),
    Valid(f"a path such as /mcp, without a dot at its start, and none of {', '.join(RESERVED_PATHS)}"),
]
HostNames = Annotated[
    list[Annotated[str, Field(pattern="^[^/]+$")]],
    CommaSeparated,
    Valid("host names separated by commas, * as a wildcard, such as mcp.example.org,*.trycloudflare.com"),
]
Origins = Annotated[
    list[
        Annotated[
            str,
            Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*://[^/\s]+/*$"),
            AfterValidator(lambda value: value.rstrip("/")),
        ]
    ],
    CommaSeparated,
    Valid("origins separated by commas, such as https://inspector.example.org"),
]
Callbacks = Annotated[
    list[Annotated[str, Field(pattern="://")]],
    CommaSeparated,
    Valid("https addresses separated by commas"),
]
Secrets = Annotated[
    list[Annotated[SecretStr, Field(min_length=MIN_SECRET_CHARACTERS)]],
    CommaSeparated,
    Valid(f"one or more random texts of at least {MIN_SECRET_CHARACTERS} characters, separated by commas"),
]
Seconds = Annotated[float, Field(gt=0, le=3600)]
ToolsetNames = Annotated[str, Field(max_length=400), Valid("all, or names separated by commas, such as storage,jobs")]
WallTime = Annotated[
    int,
    BeforeValidator(_wall_time),
    Field(ge=60, le=10 * 365 * 86_400),
    Valid("a length of time such as 02:00:00 or 1.00:00:00 (a day), or a whole number of seconds from 60"),
]
