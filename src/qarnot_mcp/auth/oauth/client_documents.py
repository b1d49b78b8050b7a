"""Fetch the documents by which clients describe themselves, from addresses that strangers choose."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from threading import Thread

from fastmcp.server.auth.cimd import CIMDDocument, CIMDFetcher, CIMDFetchError, CIMDValidationError
from httpx2 import InvalidURL

FETCH_SECONDS = 5.0
MAX_FETCHES = 8
# A look-up of a name outlives the fetch that gave up on it, for as long as the resolver tries.
MAX_LOOKUPS = 4 * MAX_FETCHES


class UnreadableDocument(Exception):  # noqa: N818 - a state of the document, not a mistake
    """The document cannot be fetched, or is not one; the text says why."""


class ClientDocuments:
    """Fetch documents within one time limit each and a few at once, in an event loop of their own.

    FastMCP looks names up in the default threads of the running loop. In the server's loop a name that a stranger lets
    hang would keep a thread from everybody else's look-ups.
    """

    def __init__(
        self, fetch: Callable[[str], Awaitable[CIMDDocument]] | None = None, *, fetch_seconds: float = FETCH_SECONDS
    ) -> None:
        self._fetch = fetch or CIMDFetcher(timeout=fetch_seconds).fetch
        self._fetch_seconds = fetch_seconds
        self._places = asyncio.Semaphore(MAX_FETCHES)

    async def read(self, address: str) -> CIMDDocument:
        """Return the document at an address; raises `UnreadableDocument`."""
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._read(address), self._loop))
        except TimeoutError:
            raise UnreadableDocument(f"it did not arrive within {self._fetch_seconds:g} s") from None
        except (CIMDFetchError, CIMDValidationError, InvalidURL, OSError) as error:
            raise UnreadableDocument(str(error)) from error
        except (ValueError, OverflowError, RecursionError) as error:  # an impossible name, date, number or nesting
            raise UnreadableDocument(f"it is malformed ({type(error).__name__})") from error

    def close(self) -> None:
        """End the event loop, if it has begun."""
        if "_loop" in self.__dict__:
            self._loop.call_soon_threadsafe(self._loop.stop)

    async def _read(self, address: str) -> CIMDDocument:
        async with asyncio.timeout(self._fetch_seconds), self._places:
            return await self._fetch(address)

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(MAX_LOOKUPS, thread_name_prefix="client-documents"))

        def run() -> None:
            with closing(loop):
                loop.run_forever()

        Thread(target=run, name="client-documents", daemon=True).start()
        return loop
