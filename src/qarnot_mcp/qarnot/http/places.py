"""Places for work that goes on at once, shared fairly: one caller holds at most half of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from qarnot_mcp.qarnot.errors import Busy


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
