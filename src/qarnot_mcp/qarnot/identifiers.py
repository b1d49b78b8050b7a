"""What may stand in an address of the API: nothing that a model writes can reach another endpoint."""

import re
from urllib.parse import quote

from qarnot_mcp.qarnot.errors import InvalidArgument

INSTANCE_IDS = 2**31

UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)
SHORTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,253}[A-Za-z0-9])?", re.ASCII)
# Endpoints beside /tasks/{id}; as a shortname they would be reached in place of a task.
RESERVED = frozenset({"summaries", "search", "paginate", "force"})
_CURSOR = re.compile(r"[A-Za-z0-9_.=+/:~-]{1,512}", re.ASCII)
_PROFILE = re.compile(r"[^\x00-\x1f\x7f-\x9f/\\%?#\ud800-\udfff]{1,256}")


def check_task_id(given: object, parameter: str = "task_uuid") -> str:
    """Answers the identifier where it is a UUID or a shortname, else raises `InvalidArgument`."""
    if isinstance(given, str) and SHORTNAME.fullmatch(given) and given.lower() not in RESERVED:
        return given
    raise InvalidArgument(
        parameter,
        given,
        "the UUID of a task such as 52c10b2d-0687-41e1-985e-7279f6dd543a, or its shortname "
        "(letters, digits and hyphens)",
        "list_tasks shows the UUIDs.",
    )


def check_shortname(given: object, parameter: str = "shortname") -> str:
    """Answers the shortname for a new task where it can be one, else raises `InvalidArgument`."""
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
    """Answers the name of a profile where it can be one, else raises `InvalidArgument`."""
    if isinstance(given, str) and _PROFILE.fullmatch(given) and given.strip() == given and given not in (".", ".."):
        return given
    raise InvalidArgument(
        parameter, given, "the name of a profile such as docker-batch", "list_profiles shows the names."
    )


def profile_path(name: str) -> str:
    """Answers the path of a profile, its name checked and quoted."""
    return f"/profiles/{quote(check_profile_name(name), safe='')}"


def check_cursor(given: object, parameter: str = "cursor") -> str:
    """Answers the cursor where it has the form of one, else raises `InvalidArgument`."""
    if isinstance(given, str) and _CURSOR.fullmatch(given):
        return given
    raise InvalidArgument(
        parameter, given, "next_cursor of an earlier answer, unchanged", "Leave it out to start with the newest task."
    )


def check_instance_id(given: object, parameter: str = "instance_id") -> int:
    """Answers the id of an instance where it can be one, else raises `InvalidArgument`."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < INSTANCE_IDS:
        return given
    raise InvalidArgument(parameter, given, "the id of an instance: a whole number from 0", "get_task shows the ids.")
