"""What may become part of a URL or header of the API: nothing a model writes can reach another endpoint."""

import re
from urllib.parse import quote

from pydantic import SecretStr

from qarnot_mcp.qarnot.errors import InvalidArgument, MalformedKey

INSTANCE_IDS = 2**31
"""The API counts instances in 32 bits, with a sign."""
MAX_KEY_CHARACTERS = 256
"""Several times the length of a key; a longer text in its place is something else."""

UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)
SHORTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,253}[A-Za-z0-9])?", re.ASCII)
# Endpoints beside /tasks/{id}, /jobs/{id} and /pools/{id}; as a shortname they would be reached in place of one.
RESERVED = frozenset({"summaries", "search", "paginate", "force"})
_KEY = re.compile(r"[\x21-\x7e]+")
# What a client sends where it did not put the value in: ${NAME}, $NAME, %NAME%, {{ name }}, <your key>, undefined.
_PLACEHOLDER = re.compile(
    r"\$\{.*|\$[A-Za-z_]+|%[A-Za-z_]+%|\{\{.*|<.*>|\[.*\]|undefined|null|none|nil|your[ _-].*|api[ _-]?key|key|token",
    re.IGNORECASE | re.DOTALL,
)
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_CURSOR = re.compile(r"[A-Za-z0-9_.=+/:~-]{1,512}", re.ASCII)
_PROFILE = re.compile(r"[^\x00-\x1f\x7f-\x9f/\\%?#\ud800-\udfff]{1,256}")


def check_identifier(given: object, noun: str, parameter: str = "") -> str:
    """Return the identifier of a task, job or pool if it is a UUID or a shortname, else raise `InvalidArgument`."""
    if isinstance(given, str) and SHORTNAME.fullmatch(given) and given.lower() not in RESERVED:
        return given
    raise InvalidArgument(
        parameter or f"{noun}_uuid",
        given,
        f"the UUID of a {noun} such as 52c10b2d-0687-41e1-985e-7279f6dd543a, or its shortname "
        "(letters, digits and hyphens)",
        f"list_{noun}s shows the UUIDs.",
    )


def check_task_id(given: object, parameter: str = "task_uuid") -> str:
    """Return the identifier if it is a UUID or a shortname, else raise `InvalidArgument`."""
    return check_identifier(given, "task", parameter)


def check_shortname(given: object, parameter: str = "shortname") -> str:
    """Return the shortname if a new task can have it, else raise `InvalidArgument`."""
    # Looked up, a shortname in the form of a UUID could find another task by its UUID.
    can_be_one = isinstance(given, str) and SHORTNAME.fullmatch(given) and not UUID.fullmatch(given)
    if isinstance(given, str) and can_be_one and given.lower() not in RESERVED:
        return given
    raise InvalidArgument(
        parameter,
        given,
        "letters, digits and hyphens, the first and the last no hyphen, at most 255 in all, not in the form of a UUID, "
        "and none of " + ", ".join(sorted(RESERVED)),
        "Leave it out to have one made.",
    )


def check_profile_name(given: object, parameter: str = "profile_name") -> str:
    """Return the name of a profile if it can be one, else raise `InvalidArgument`."""
    if isinstance(given, str) and _PROFILE.fullmatch(given) and given.strip() == given and given not in (".", ".."):
        return given
    raise InvalidArgument(
        parameter, given, "the name of a profile such as docker-batch", "list_profiles shows the names."
    )


def profile_path(name: str) -> str:
    """Return the path of a profile below the version of the API, its name checked and quoted."""
    return f"/profiles/{quote(check_profile_name(name), safe='')}"


def check_cursor(given: object, parameter: str = "cursor") -> str:
    """Return the cursor if it has the form of one, else raise `InvalidArgument`."""
    if isinstance(given, str) and _CURSOR.fullmatch(given):
        return given
    raise InvalidArgument(
        parameter, given, "next_cursor of an earlier answer, unchanged", "Leave it out to start with the newest task."
    )


def check_instance_id(given: object, parameter: str = "instance_id") -> int:
    """Return the id of an instance if it can be one, else raise `InvalidArgument`."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < INSTANCE_IDS:
        return given
    raise InvalidArgument(parameter, given, "the id of an instance: a whole number from 0", "get_task shows the ids.")


def check_key(text: str) -> SecretStr:
    """Return the text as an API key that can stand in a header, else raise `MalformedKey`."""
    if not text:
        raise MalformedKey("it is empty")
    if len(text) > MAX_KEY_CHARACTERS:
        raise MalformedKey(f"it is longer than {MAX_KEY_CHARACTERS} characters")
    if _PLACEHOLDER.fullmatch(text):
        raise MalformedKey(
            "it is a placeholder such as ${QARNOT_API_KEY}, undefined or <your key>, so your client did not put the "
            "value in; set the variable where the client runs, or write the key itself"
        )
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        raise MalformedKey("it stands in quotes, which are no part of a key; take them off")
    if not _KEY.fullmatch(text):
        raise MalformedKey("it holds characters that no key has, such as spaces")
    return SecretStr(text)
