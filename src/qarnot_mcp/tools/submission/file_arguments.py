"""The parameters of a new task that are about files: its buckets, and which results are kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ValidationInfo

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.storage import names
from qarnot_mcp.text.expressions import load_re2
from qarnot_mcp.tools.checks import (
    FIRST_FAULT,
    MAX_NAME_CHARACTERS,
    STRIPPED,
    MostCharacters,
    at_most,
    check_text_line,
    checked_by,
    parameter_of,
)

MAX_BUCKETS = 100

_GLOB = re.compile(r"[\w./-]*[\w-]\*\.\w+", re.ASCII)
"""How a shell would name files: a star behind a letter and before an ending."""
_PATTERN_MEMORY_BYTES = 1 << 20
_CONSTANT = re.compile(r"\$\{\w{1,100}\}", re.ASCII)


@dataclass(frozen=True)
class ResourceBucket:
    """A bucket whose files the instances see, all of them or those below a prefix."""

    name: str
    prefix: str = ""

    @classmethod
    def parse(cls, given: str) -> Self:
        """Read `bucket` or `bucket/prefix`; a prefix whose last part has no ending is a folder."""
        name, _, prefix = given.partition("/")
        is_folder = bool(prefix) and not prefix.endswith("/") and "." not in prefix.rpartition("/")[2]
        return cls(name, f"{prefix}/" if is_folder else prefix)

    @property
    def folder(self) -> str:
        """What is taken off the paths of its files."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    def to_api(self) -> dict[str, Any]:
        """Return the bucket as an entry of `advancedResourceBuckets`."""
        entry: dict[str, Any] = {"bucketName": self.name}
        if self.prefix:
            entry["filtering"] = {"prefixFiltering": {"prefix": self.prefix}}
        if self.folder:
            entry["resourcesTransformation"] = {"stripPrefix": {"prefix": self.folder}}
        return entry

    def __str__(self) -> str:
        return f"{self.name}/{self.prefix}" if self.prefix else self.name


def buckets_to_api(given: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a task that name its resource buckets; the API takes one of its two forms."""
    buckets = [ResourceBucket.parse(entry) for entry in given]
    if any(bucket.prefix for bucket in buckets):
        return {"advancedResourceBuckets": [bucket.to_api() for bucket in buckets]}
    return {"resourceBuckets": list(given)}


def check_resource_bucket(given: str, info: ValidationInfo) -> str:
    """Check `bucket` or `bucket/prefix`."""
    name, _, prefix = given.strip().partition("/")
    try:
        names.check_bucket(name)
    except InvalidArgument:
        valid = "a bucket's name: letters, digits, dots, hyphens and underscores, at most 255 in all"
        hint = "Give the name, without s3://; in resource_buckets a folder in it may follow: bucket/folder."
        raise InvalidArgument(parameter_of(info), given, valid, hint) from None
    return f"{name}/{names.check_prefix(prefix, parameter_of(info))}" if prefix else name


def check_file_pattern(given: str, info: ValidationInfo) -> str:
    """Check a regular expression of paths, which the platform runs with RE2."""
    parameter = parameter_of(info)
    pattern = check_text_line(parameter, given, MAX_NAME_CHARACTERS)
    valid = "a regular expression in the syntax of RE2"
    meant = f"For files as a shell names them: {as_expression(pattern)}" if pattern.startswith(("*", "?")) else ""
    reason = "" if meant else _fault_of(pattern)
    if meant or reason:
        raise InvalidArgument(parameter, given, valid, meant or f"It says: {reason}.")
    return pattern


def is_glob(pattern: str) -> bool:
    """Return whether a pattern reads as a shell's, such as out*.csv, where a regular expression is meant."""
    return _GLOB.fullmatch(pattern) is not None


def as_expression(glob: str) -> str:
    """Return the regular expression that takes the files of a shell's pattern."""
    words = {"*": ".*", "?": ".", ".": r"\."}
    return "".join(words.get(letter, letter) for letter in glob)


def _fault_of(pattern: str) -> str:
    """Return what RE2 says against a pattern, empty where it takes it; without RE2 the platform says it alone."""
    if (re2 := load_re2()) is None:
        return ""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY_BYTES
    try:
        re2.compile(_CONSTANT.sub("x", pattern), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        return (reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)).rstrip(".")
    return ""


ResultBucketName = Annotated[str, STRIPPED, checked_by(names.check_new_bucket)]
ResultsPrefix = Annotated[str, STRIPPED, checked_by(names.check_prefix)]
ResourceBuckets = Annotated[
    list[Annotated[str, AfterValidator(check_resource_bucket)]], FIRST_FAULT, at_most(MAX_BUCKETS, "buckets")
]
FilePattern = Annotated[str, MostCharacters(check_file_pattern, count=MAX_NAME_CHARACTERS)]
