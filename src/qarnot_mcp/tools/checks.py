"""The checks of arguments before anything is sent; each answers the value that travels or raises InvalidArgument."""

import difflib
import re
from collections.abc import Iterable, Sequence

from qarnot_mcp.qarnot import identifiers
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.tasks.vocabulary import STATE_GROUPS, STATES, LogType
from qarnot_mcp.text.cleaning import clean_text

MAX_SEARCH_CHARACTERS = 1000
MAX_NAME_CHARACTERS = 2047
MAX_TAGS = 10
MAX_TAG_CHARACTERS = 511
MAX_LIST_LIMIT = 500
MAX_TAIL_LINES = 10_000
MAX_CONTEXT_LINES = 50
MIN_ANSWER_CHARACTERS = 500
MAX_ANSWER_CHARACTERS = 100_000
MAX_WAIT_SECONDS = 45.0

# What people say instead.
EVERYDAY_STATES = {
    "pending": "waiting",
    "queued": "waiting",
    "executing": "running",
    "completed": "finished",
    "done": "finished",
    "ended": "finished",
    "error": "failed",
    "canceled": "cancelled",
}

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII)


def check_task_id(given: str) -> str:
    """Check a task's UUID or shortname."""
    return identifiers.check_task_id(given.strip())


def check_profile_name(given: str, parameter: str = "profile_name") -> str:
    """Check the form of a profile's name; whether there is such a profile is for the API to say."""
    return identifiers.check_profile_name(given.strip(), parameter)


def check_instance_id(given: int | None) -> int | None:
    """Check the id of one instance; none means all of them."""
    return None if given is None else identifiers.check_instance_id(given)


def check_bucket(given: str, parameter: str) -> str:
    """Check the form of a bucket's name."""
    name = given.strip()
    if _BUCKET.fullmatch(name) is None:
        valid = "a bucket's name: letters, digits, dots, hyphens and underscores, at most 255 in all"
        raise InvalidArgument(parameter, given, valid, "Give the name alone, without s3:// and without a path.")
    return name


def check_log_type(given: str) -> LogType:
    """Check which of a task's two logs is meant."""
    match given.strip().lower():
        case "stdout":
            return "stdout"
        case "stderr":
            return "stderr"
        case _:
            raise InvalidArgument("log_type", given, "stdout or stderr")


def check_limit(given: int) -> int:
    """Check how many tasks a list may hold."""
    return check_whole_number("limit", given, 1, MAX_LIST_LIMIT, "next_cursor of the answer reads on.")


def check_tail_lines(given: int) -> int:
    """Check how many lines of the end of a log are wanted."""
    return check_whole_number("tail_lines", given, 1, MAX_TAIL_LINES)


def check_context_lines(given: int) -> int:
    """Check how many lines around a match are wanted."""
    return check_whole_number("context_lines", given, 0, MAX_CONTEXT_LINES)


def check_max_characters(given: int) -> int:
    """Check how long the text of an answer may be."""
    return check_whole_number("max_characters", given, MIN_ANSWER_CHARACTERS, MAX_ANSWER_CHARACTERS)


def check_wait_seconds(given: float) -> tuple[float, str]:
    """Answer the seconds that a call may wait, and a sentence about it where that is less than what was asked for."""
    if not 0 <= given < float("inf"):
        raise InvalidArgument("wait_seconds", given, f"a number of seconds from 0 to {MAX_WAIT_SECONDS:g}")
    if given <= MAX_WAIT_SECONDS:
        return float(given), ""
    note = f"wait_seconds was {given:g}; one call waits at most {MAX_WAIT_SECONDS:g} seconds."
    return MAX_WAIT_SECONDS, note


def check_cursor(given: str | None) -> str | None:
    """Check the form of a cursor of a list, which only the API can read."""
    if given is None or not given.strip():
        return None
    return identifiers.check_cursor(given.strip())


def check_name_prefix(given: str | None) -> str | None:
    """Check the start of a name to look for."""
    return check_text("name", given, MAX_NAME_CHARACTERS) if given else None


def check_states(given: str | None) -> tuple[str, ...]:
    """Answer the API's names of the wanted states: names in any case, or a group, separated by commas."""
    states: list[str] = []
    for name in filter(None, (part.strip() for part in (given or "").split(","))):
        states.extend(_states_called(name))
    return tuple(dict.fromkeys(states))


def check_tags(given: Sequence[str] | None) -> tuple[str, ...]:
    """Check tags, to set or to look for."""
    tags = tuple(given or ())
    if len(tags) > MAX_TAGS:
        raise InvalidArgument("tags", f"{len(tags)} tags", f"at most {MAX_TAGS} tags")
    return tuple(check_text("tags", tag, MAX_TAG_CHARACTERS) for tag in tags)


def check_search(given: str | None) -> str | None:
    """Check the length of a search; whether it is a regular expression is checked where it is used."""
    return check_text("search", given, MAX_SEARCH_CHARACTERS) if given else None


def check_whole_number(parameter: str, given: int, least: int, most: int, hint: str = "") -> int:
    """Check a whole number between two bounds, both included."""
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise InvalidArgument(parameter, given, f"a whole number from {least:,} to {most:,}", hint)
    return given


def check_text(parameter: str, given: str, most_characters: int, hint: str = "") -> str:
    """Check a text that is neither blank nor too long and holds no control character."""
    if not given.strip() or len(given) > most_characters or clean_text(given) != given or "\n" in given:
        valid = f"a text on one line of 1 to {most_characters:,} characters without control characters"
        raise InvalidArgument(parameter, given, valid, hint)
    return given


def nearest(name: str, known: Iterable[str], most: int = 3, likeness: float = 0.6) -> list[str]:
    """Answer the known names that are most like a name, best first, whatever the case of their letters."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=most, cutoff=likeness)
    return [by_folded[folded] for folded in found]


def _states_called(name: str) -> tuple[str, ...]:
    known = {state.casefold(): (state,) for state in STATES} | dict(STATE_GROUPS)
    folded = name.casefold().replace("_", "").replace(" ", "")
    folded = EVERYDAY_STATES.get(folded, folded)
    if folded in known:
        return known[folded]
    near = nearest(name, (*STATES, *STATE_GROUPS))
    hint = f"Did you mean {' or '.join(near)}?" if near else ""
    raise InvalidArgument("state", name, f"{', '.join(STATE_GROUPS)}, {', '.join(STATES)}", hint)
