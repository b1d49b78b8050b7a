"""A bounded store of things that can be made again."""

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
        """The value of that name, if it is still here."""
        entry = self._values.get(name)
        if entry is None:
            return None
        self._values.move_to_end(name)
        return entry[1]

    def put(self, name: str, value: Value, cost: int) -> None:
        """Keep a value, and let go of what has not been used for longest; one that costs too much is not kept."""
        self.drop(name)
        if cost > self._max_cost:
            return
        self._values[name] = (cost, value)
        self._cost += cost
        while self._cost > self._max_cost:
            _, (freed, _) = self._values.popitem(last=False)
            self._cost -= freed

    def drop(self, name: str) -> None:
        """Let go of the value of that name, if it is here."""
        entry = self._values.pop(name, None)
        if entry is not None:
            self._cost -= entry[0]
