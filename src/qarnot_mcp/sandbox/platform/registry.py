"""What an account holds of one kind, found by UUID or shortname."""

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from qarnot_mcp.sandbox.platform.transitions import Timestamp
from qarnot_mcp.sandbox.wire.errors import api_error


class Registered(Protocol):
    """A task, job or pool."""

    uuid: str
    shortname: str
    visible_from: float
    """The seconds of the caller's clock before which the item is out of sight."""

    def is_gone(self, now: int) -> bool:
        """Return whether the platform has forgotten the item."""


Item = TypeVar("Item", bound=Registered)


class Registry(Generic[Item]):
    """The tasks, jobs or pools of an account, the oldest first."""

    def __init__(self, noun: str, on_removal: Callable[[Item], None] = lambda item: None) -> None:
        self._noun = noun
        self._on_removal = on_removal
        self._by_uuid: dict[str, Item] = {}
        self._by_shortname: dict[str, Item] = {}

    def __iter__(self) -> Iterator[Item]:
        return iter(list(self._by_uuid.values()))

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
        return [item for item in self._by_uuid.values() if item.visible_from <= timestamp.clock_seconds]

    def find(self, identifier: str, timestamp: Timestamp, *, status: int = 404) -> Item:
        """Return the item of a UUID or shortname; raises an error of that status when there is none."""
        item = self._by_uuid.get(identifier.lower()) or self._by_shortname.get(identifier.lower())
        if item is None or item.visible_from > timestamp.clock_seconds or item.is_gone(timestamp.now):
            raise api_error(status, f"No such {self._noun}: {identifier[:256]}")
        return item

    def make_room(self, limit: int, timestamp: Timestamp, is_disposable: Callable[[Item], bool]) -> None:
        """Forget disposable items until another one fits; raises a 403 when none is left to forget."""
        self.visible(timestamp)
        for item in self:
            if len(self._by_uuid) < limit:
                return
            if is_disposable(item):
                self.remove(item)
        if len(self._by_uuid) >= limit:
            raise api_error(403, f"Maximum number of {self._noun}s reached ({limit})")
