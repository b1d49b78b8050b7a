"""A bounded cache."""

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class LruCache(Generic[Value]):
    """Keeps the most recently used values whose costs together stay under `max_cost`."""

    def __init__(self, max_cost: int) -> None:
        self._max_cost = max_cost
        self._cost = 0
        self._values: OrderedDict[str, tuple[int, Value]] = OrderedDict()

    def get(self, name: str) -> Value | None:
        """Return the value of a name, or None."""
        entry = self._values.get(name)
        if entry is None:
            return None
        self._values.move_to_end(name)
        return entry[1]

    def put(self, name: str, value: Value, cost: int) -> None:
        """Keep a value and drop the least recently used ones; a value that costs more than the bound is not kept."""
        self.drop(name)
        if cost > self._max_cost:
            return
        self._values[name] = (cost, value)
        self._cost += cost
        while self._cost > self._max_cost:
            _, (freed, _) = self._values.popitem(last=False)
            self._cost -= freed

    def drop(self, name: str) -> None:
        """Drop the value of a name, if there is one."""
        entry = self._values.pop(name, None)
        if entry is not None:
            self._cost -= entry[0]
