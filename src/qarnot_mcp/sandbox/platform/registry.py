"""What an account holds of one kind, found by UUID or shortname, and the states that each goes through over time."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, span_seconds

DELETE_SECONDS = 4


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time: whole platform seconds since 1970, and the seconds of the clock that the platform was given."""

    now: int
    clock_seconds: float
    late_seconds: float = 0.0
    """How long what is created at that time stays out of sight, by the clock."""


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


def turned(transitions: Sequence[tuple[int, str]], *instead: tuple[int, str]) -> list[tuple[int, str]]:
    """Return a life that took another turn: what came up to then, and what comes instead."""
    return [*(change for change in transitions if change[0] <= instead[0][0]), *instead]


@dataclass(slots=True, eq=False, kw_only=True)
class Resource:
    """A task, job or pool; times are platform seconds since 1970. `fields` is what its creation set."""

    uuid: str
    fields: JsonObject
    timestamp: Timestamp
    """When it was created."""
    deleted: int | None = None

    @property
    def shortname(self) -> str:
        """Another name by which it is found."""
        return str(self.fields.get("shortname") or self.uuid)

    @property
    def created(self) -> int:
        """When it was created."""
        return self.timestamp.now

    def ended(self, now: int) -> int | None:
        """Return when it came to its end; None before."""
        raise NotImplementedError

    def is_gone(self, now: int) -> bool:
        """Return whether the platform has forgotten it: deleted, or past its time to live."""
        if self.deleted is not None:
            return now >= self.deleted + DELETE_SECONDS
        seconds = span_seconds(self.fields["completionTimeToLive"])
        ended = self.ended(now) if seconds else None
        return ended is not None and now >= ended + seconds

    def is_visible(self, timestamp: Timestamp) -> bool:
        """Return whether it can be seen: neither created too late for that, nor gone."""
        late_seconds = self.timestamp.late_seconds
        is_late = late_seconds and timestamp.clock_seconds < self.timestamp.clock_seconds + late_seconds
        return not is_late and not self.is_gone(timestamp.now)


Item = TypeVar("Item", bound=Resource)


class Registry(Generic[Item]):
    """The tasks, jobs or pools of an account, the oldest first."""

    def __init__(
        self, noun: str, random: SeededRandom, limit: int, on_removal: Callable[[Item], None] = lambda item: None
    ) -> None:
        self._noun = noun
        self._random = random
        self._limit = limit
        self._on_removal = on_removal
        self._created_count = 0
        self._by_uuid: dict[str, Item] = {}
        self._by_shortname: dict[str, Item] = {}

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._by_uuid.values()))

    def new_uuid(self) -> str:
        """Return the UUID of the next item."""
        self._created_count += 1
        return self._random.uuid((self._noun, self._created_count))

    def add(self, item: Item) -> None:
        """Keep an item; raises a 400 when its shortname is taken."""
        if item.shortname.lower() in self._by_shortname:
            raise api_error(400, f"A {self._noun} with the shortname {item.shortname} already exists")
        self._by_uuid[item.uuid] = self._by_shortname[item.shortname.lower()] = item

    def remove(self, item: Item) -> None:
        """Forget an item."""
        if self._by_uuid.pop(item.uuid, None) is not None:
            del self._by_shortname[item.shortname.lower()]
            self._on_removal(item)

    def visible(self, timestamp: Timestamp) -> list[Item]:
        """Return every item that can be seen, and forget those that are gone."""
        for item in self:
            if item.is_gone(timestamp.now):
                self.remove(item)
        return [item for item in self if item.is_visible(timestamp)]

    def find(self, identifier: str, timestamp: Timestamp, *, status: int = 404) -> Item:
        """Return the item of a UUID or shortname; raises an error of that status when there is none."""
        item = self._by_uuid.get(identifier.lower()) or self._by_shortname.get(identifier.lower())
        if item is None or not item.is_visible(timestamp):
            raise api_error(status, f"No such {self._noun}: {identifier[:256]}")
        return item

    def make_room(self, timestamp: Timestamp) -> None:
        """Forget items that ended and ask for it, until another one fits; raises a 403 when none is left to forget."""
        self.visible(timestamp)
        for item in self:
            if len(self._by_uuid) < self._limit:
                return
            if item.fields["autoDeleteOnCompletion"] and item.deleted is None and item.ended(timestamp.now) is not None:
                self.remove(item)
        if len(self._by_uuid) >= self._limit:
            raise api_error(403, f"Maximum number of {self._noun}s reached ({self._limit})")
