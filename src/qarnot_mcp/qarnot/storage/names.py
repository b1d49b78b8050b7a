"""What may be the name of a bucket or the path of a file in it."""

import re

from qarnot_mcp.qarnot.errors import InvalidArgument

MAX_PATH_BYTES = 1024
MAX_BUCKET_CHARACTERS = 63
SUGGESTED_CHARACTERS = 200

_NEW_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_bucket(given: str, parameter: str = "bucket") -> str:
    """Return the name of a bucket that may exist, else raise `InvalidArgument`."""
    if _BUCKET.fullmatch(given) is None:
        hint = "Give the name alone, without s3:// and without a path."
        raise InvalidArgument(parameter, given, "the name of a bucket", hint)
    return given


def check_new_bucket(given: str, parameter: str = "bucket") -> str:
    """Return a name that a new bucket can have, else raise `InvalidArgument` with the nearest one that it can."""
    if _NEW_BUCKET.fullmatch(given) is None:
        valid = "3 to 63 lower-case letters, digits and dashes, no dash at the ends"
        name = given.removeprefix("s3://").partition("/")[0]
        corrected = re.sub(r"[^a-z0-9]+", "-", name[:MAX_BUCKET_CHARACTERS].lower()).strip("-")
        hint = f"{corrected} would do." if _NEW_BUCKET.fullmatch(corrected) else ""
        raise InvalidArgument(parameter, given, valid, hint)
    return given


def check_path(given: str, parameter: str = "path") -> str:
    """Return the path of a file in a bucket, else raise `InvalidArgument`.

    Paths are made as Qarnot's console needs them: no `/` at the start, no `//`, no backslash.
    """
    if not given or given.endswith("/") or not _is_plain(given):
        corrected = _corrected(given).rstrip("/")
        hint = f"{corrected} would do." if 0 < len(corrected) <= SUGGESTED_CHARACTERS else ""
        valid = "the path of a file in the bucket, such as folder/data.csv: no slash at the ends, no //, no .., no \\"
        raise InvalidArgument(parameter, given, valid, hint)
    return given


def check_prefix(given: str, parameter: str = "prefix") -> str:
    """Return the start of paths in a bucket, such as `folder/`, else raise `InvalidArgument`."""
    if given and not _is_plain(given):
        raise InvalidArgument(parameter, given, "the start of paths, such as folder/: no slash at its start, no //")
    return given


def _is_plain(path: str) -> bool:
    is_short = len(path.encode(errors="replace")) <= MAX_PATH_BYTES
    has_oddity = path.startswith("/") or "//" in path or "\\" in path or _CONTROL.search(path) is not None
    return is_short and not has_oddity and ".." not in path.split("/")


def _corrected(path: str) -> str:
    parts = path[:MAX_PATH_BYTES].replace("\\", "/").split("/")
    corrected = "/".join(part for part in parts if part not in ("", ".", ".."))
    return corrected if corrected and _is_plain(corrected) else ""
