"""What is kept and held for each caller apart, told apart by a digest: what the API said, and places for work."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from qarnot_mcp.qarnot.errors import Busy
from qarnot_mcp.qarnot.http.retries import Clock

KEPT_SECONDS = 60.0
KEPT_ENTRIES = 1024

T = TypeVar("T")


class Cache:
    """Answers that change rarely (profiles, the account), each kept for a minute; the oldest make room.

    Entries belong to the digest of a key. The digest is salted for each process, so that it tells nothing outside.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._entries: OrderedDict[tuple[str, str], tuple[float, object]] = OrderedDict()

    def owner(self, key: str) -> str:
        """Return the digest under which the entries of a key are kept."""
        return hashlib.blake2b(key.encode(), key=self._salt, digest_size=16).hexdigest()

    def get(self, owner: str, name: str, kind: type[T]) -> T | None:
        """Return what was kept, or none where there is nothing or it is too old."""
        ends, value = self._entries.get((owner, name), (0.0, None))
        return value if isinstance(value, kind) and self._clock() < ends else None

    def put(self, owner: str, name: str, value: T) -> T:
        """Keep a value in place of what was there, and answers it."""
        self._entries.pop((owner, name), None)
        self._entries[owner, name] = (self._clock() + KEPT_SECONDS, value)
        if len(self._entries) > KEPT_ENTRIES:
            self._entries.popitem(last=False)
        return value


class Places:
    """A number of places; those of one caller wait for each other first, and hold up nobody else.

    Without `wait_seconds` a call waits for as long as it takes. Callers are told apart by the digest of their key.
    """

    def __init__(self, count: int, wait_seconds: float | None = None) -> None:
        self._count = count
        self._share = max(1, count // 2)
        self._wait_seconds = wait_seconds
        self._all = asyncio.Semaphore(count)
        self._callers: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def hold(self, owner: str) -> AsyncIterator[None]:
        """Hold a place; raise `Busy` if none becomes free in time."""
        own, users = self._callers.get(owner, (asyncio.Semaphore(self._share), 0))
        self._callers[owner] = (own, users + 1)
        try:
            async with AsyncExitStack() as held:
                is_own_share_full = own.locked()
                try:
                    async with asyncio.timeout(self._wait_seconds):
                        await held.enter_async_context(own)
                        is_own_share_full = False
                        await held.enter_async_context(self._all)
                except TimeoutError:
                    waited_seconds = self._wait_seconds or 0.0
                    if is_own_share_full:
                        raise Busy(self._share, waited_seconds, "This API key has") from None
                    raise Busy(self._count, waited_seconds) from None
                yield
        finally:
            own, users = self._callers.pop(owner)
            if users > 1:
                self._callers[owner] = (own, users - 1)
