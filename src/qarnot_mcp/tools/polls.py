"""Looks at the API that all calls share which wait for the same thing with the same key."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.text.known_secrets import known_secrets

T = TypeVar("T")


class Poll(Generic[T]):
    """The newest look at one thing, and when the next is due.

    No task of its own makes the looks: whoever of the waiting calls comes first does, with its own client, and the
    others take what it saw. So a call that is cancelled stops nobody, and with the last call the looks end.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._outcome: T | QarnotError | None = None
        self._secrets: tuple[str, ...] = ()
        self._due = float("-inf")
        self.looks = 0
        """How many looks there were."""

    @property
    def due_in_seconds(self) -> float:
        """How long it is until the next look."""
        return max(0.0, self._due - self._clock())

    @property
    def is_fresh(self) -> bool:
        """Whether a call that begins to wait now can go by the newest look."""
        return self.due_in_seconds > 0 and not isinstance(self._outcome, QarnotError)

    async def look(
        self, seen: int, make: Callable[[], Awaitable[T]], pause_after: Callable[[T | None], float]
    ) -> T | QarnotError:
        """Return the newest look, or its error; make one where there is none after the first `seen`.

        `pause_after` tells how many seconds later the next is due; it gets None for a look that failed. A look whose
        call ends meanwhile does not count, and the next call makes it.
        """
        async with self._lock:
            if self._outcome is None or self.looks == seen:
                try:
                    self._outcome = await make()
                    pause = pause_after(self._outcome)
                except QarnotError as error:
                    self._outcome, pause = error, pause_after(None)
                self._secrets = known_secrets().values
                self.looks += 1
                self._due = self._clock() + pause
            # What one call learned to hide, the others have to hide, too.
            known_secrets().learn(self._secrets)
            return self._outcome


class Polls:
    """The polls of a server, those of each key apart; each is kept while a call waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept = WeakValueDictionary[tuple[str, str], Poll[Any]]()

    def of(self, owner: str, name: str) -> Poll[Any]:
        """Return the poll of this name; `owner` is the digest of the caller's key."""
        return self._kept.setdefault((owner, name), Poll(self._clock))
