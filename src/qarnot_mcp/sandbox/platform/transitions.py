"""States over time, of whatever has a life: tasks, jobs and pools."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time: whole platform seconds since 1970, and the seconds of the clock that the platform was given."""

    now: int
    clock_seconds: float


@dataclass(frozen=True, slots=True)
class StateAt:
    """The state, since when, and the one before it with its time; None before the first change."""

    state: str
    since: int
    previous: str | None
    previous_since: int | None


def state_among(transitions: Sequence[tuple[int, str]], at: int) -> StateAt:
    """Return the state at a time among the times and states of a life, in order."""
    position = max(1, bisect_right(transitions, at, key=lambda change: change[0]))
    since, state = transitions[position - 1]
    previous_since, previous = transitions[position - 2] if position > 1 else (None, None)
    return StateAt(state, since, previous, previous_since)
