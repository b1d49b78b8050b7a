"""One call of the client: the requests that it takes, under one limit of time and one budget of retries."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TypeVar

from qarnot_mcp.qarnot.errors import ApiUnavailable, TimedOut
from qarnot_mcp.qarnot.http.response_body import StreamedResponse
from qarnot_mcp.qarnot.http.responses import Response
from qarnot_mcp.qarnot.http.retries import Retries
from qarnot_mcp.qarnot.http.transport import Request, Transport

T = TypeVar("T")


class RetryingCall:
    """The way of a call to the API: adds the caller's headers, tries again where that is safe, counts requests."""

    def __init__(self, transport: Transport, headers: dict[str, str]) -> None:
        self.transport = transport
        self.headers = headers
        self.requests = 0
        self.maybe_done = False
        """Whether a request without an answer may have done its work."""
        limits = transport.limits
        self.retries = Retries(limits.retry_budget_seconds, transport.retry_tokens, transport.clock, transport.chance)

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Limit the time of what is done inside; raises `TimedOut` where it is over."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise TimedOut(seconds) from None

    async def send(self, request: Request) -> Response:
        """Send a request and answers its success; tries again while that may help."""
        return await self._trying(lambda: self.send_once(request))

    async def send_once(self, request: Request) -> Response:
        """Send a request one time."""
        self.requests += 1
        return await self.transport.exchange(replace(request, headers=self.headers | dict(request.headers)))

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[StreamedResponse]:
        """Return a success whose body is still on the way; tries again as long as nothing of it was handed out."""
        async with AsyncExitStack() as opened:

            async def attempt() -> StreamedResponse:
                self.requests += 1
                asked = replace(request, headers=self.headers | dict(request.headers))
                async with AsyncExitStack() as attempted:
                    response = await attempted.enter_async_context(self.transport.open(asked))
                    await response.prefetch()
                    opened.push_async_exit(attempted.pop_all())
                return response

            yield await self._trying(attempt)

    async def _trying(self, attempt: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                result = await attempt()
            except ApiUnavailable as error:
                self.maybe_done = self.maybe_done or error.may_have_worked
                wait = self.retries.wait_before_next(error)
                if wait is None:
                    raise
                await self.transport.sleep(wait)
            else:
                self.retries.succeeded()
                return result


class MutationOutcome:
    """How far a call that changes a task, job or pool has come, for the message when its answer is lost."""

    def __init__(self, noun: str = "task") -> None:
        self.noun = noun
        self.call: RetryingCall | None = None
        self.is_done = False

    @contextmanager
    def explained(self, participle: str) -> Iterator[None]:
        """Add to an error whether it was changed, where that is not plain."""
        try:
            yield
        except ApiUnavailable as error:
            if self.is_done:
                error.add(f"The {self.noun} was {participle}; only its new state could not be read.")
            elif self.call is not None and (self.call.maybe_done or isinstance(error, TimedOut)):
                error.add(f"Whether the {self.noun} was {participle} is not known; it is safe to call again.")
            raise
