"""The states of tasks as callers name them: the API's names in any case, groups of them, and everyday words."""

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
