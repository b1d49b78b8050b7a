"""States and moments as callers name them: groups of states and everyday words; a date, or how long ago."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.tasks.vocabulary import STATE_GROUPS, STATES
from qarnot_mcp.tools.checks import closest_matches, parameter_of

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
MOMENT_CHARACTERS = 40
FIRST_YEAR = 1970
_AGO = re.compile(r"(\d{1,5})\s?([mhdw])", re.ASCII | re.IGNORECASE)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def states_named(given: str, parameter: str = "state") -> tuple[str, ...]:
    """Return the API's names of the states and groups that a text names, separated by commas.

    Raises `InvalidArgument` for a name that no state and no group has.
    """
    names = filter(None, (part.strip() for part in given.split(",")))
    return tuple(dict.fromkeys(state for name in names for state in _states_of(name, parameter)))


def check_states(given: str, info: ValidationInfo) -> str:
    """Check the names of states; `states_named` reads them."""
    states_named(given, parameter_of(info))
    return given


def _states_of(name: str, parameter: str) -> tuple[str, ...]:
    known = {state.casefold(): (state,) for state in STATES} | dict(STATE_GROUPS)
    folded = name.casefold().replace("_", "").replace(" ", "")
    folded = EVERYDAY_STATES.get(folded, folded)
    if folded in known:
        return known[folded]
    near = closest_matches(name, (*STATES, *STATE_GROUPS))
    hint = f"Did you mean {' or '.join(near)}?" if near else ""
    raise InvalidArgument(parameter, name, f"{', '.join(STATE_GROUPS)}, {', '.join(STATES)}", hint)


States = Annotated[str, AfterValidator(check_states)]


def moment_named(given: str, now: datetime, parameter: str = "moment") -> datetime:
    """Return the moment that a text names, in UTC: `2026-11-20`, `2026-11-20T08:00Z`, or `24h`, `7d` before now.

    Raises `InvalidArgument` for anything else.
    """
    text = given.strip()
    try:
        moment = _read(text, now)
    except (ValueError, OverflowError):
        moment = None
    if moment is not None and moment.year >= FIRST_YEAR:
        return moment
    valid = "a date such as 2026-11-20, a time such as 2026-11-20T08:00Z (UTC), or how long ago: 30m, 24h, 7d, 2w"
    raise InvalidArgument(parameter, given, valid)


def _read(text: str, now: datetime) -> datetime | None:
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _UNITS[ago[2].lower()]
    if len(text) > MOMENT_CHARACTERS or "-" not in text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def check_moment(given: str, info: ValidationInfo) -> str:
    """Check that a text names a moment; `moment_named` reads it."""
    moment_named(given, datetime.now(UTC), parameter_of(info))
    return given


Moment = Annotated[str, AfterValidator(check_moment)]
