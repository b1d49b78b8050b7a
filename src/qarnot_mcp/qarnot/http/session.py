"""One caller's session with the API: whose key it is, what goes into each request, and what was sent."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import SecretStr

from qarnot_mcp.qarnot.errors import ApiUnavailable, NoKey, QarnotError, ReadOnly, SubmitUncertain, TimedOut
from qarnot_mcp.qarnot.http.responses import Resource, Response, StreamedResponse, read_off_loop
from qarnot_mcp.qarnot.http.retries import Retries
from qarnot_mcp.qarnot.http.transport import Request, Transport
from qarnot_mcp.qarnot.identifiers import check_key
from qarnot_mcp.text.known_secrets import known_secrets

T = TypeVar("T")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


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


class Session:
    """What the calls of one caller share. Cheap: create one per call of a tool.

    `request_id` travels in the header X-Request-Id and ends up in errors that somebody may have to look into;
    `requests` counts the requests that were sent.
    """

    def __init__(
        self, transport: Transport, key: SecretStr | None, *, read_only: bool = False, request_id: str = ""
    ) -> None:
        self._transport = transport
        self.limits = transport.limits
        self._key = key
        self._read_only = read_only
        self._secrets = known_secrets()
        if key is not None:
            self._secrets.learn([key.get_secret_value()])
        self._request_id = request_id if _REQUEST_ID.fullmatch(request_id) else ""
        self.requests = 0

    @property
    def owner(self) -> str:
        """The digest of the caller's key; raises `KeyProblem` without a usable key."""
        return self._transport.cache.owner(self._checked_key())

    @property
    def key(self) -> SecretStr:
        """The caller's key; raises `KeyProblem` without a usable key."""
        return SecretStr(self._checked_key())

    def check_may_write(self, action: str) -> None:
        """Raise `ReadOnly` in a session that only reads; `action` is what was wanted, such as "submit tasks"."""
        if self._read_only:
            raise ReadOnly(action)

    def cached(self, name: str, kind: type[T]) -> T | None:
        """Return what `cache` kept for this caller within the last minute."""
        return self._transport.cache.get(self.owner, name, kind)

    def cache(self, name: str, value: T) -> T:
        """Keep a value for this caller for a minute, and return it."""
        return self._transport.cache.put(self.owner, name, value)

    async def get(
        self,
        path: str,
        resource: Resource,
        what: str,
        read: Callable[[Any], T],
        *,
        keyless: bool = False,
        rooted: bool = False,
    ) -> T:
        """Send a GET and return what `read` makes of its JSON; `what` names the document in errors."""
        async with self.call(keyless=keyless) as call:
            response = await call.send(Request("GET", path, resource, rooted=rooted))
            return await read_off_loop(response, what, read)

    @asynccontextmanager
    async def call(self, *, keyless: bool = False, timed: bool = True) -> AsyncIterator[RetryingCall]:
        """Open one call: its headers, its time limit and its retries.

        Raises `KeyProblem` without a usable key, unless `keyless`; with `timed=False` the caller sets the time limits.
        """
        headers = {"X-Request-Id": self._request_id} if self._request_id else {}
        if not keyless:
            headers["Authorization"] = self._checked_key()
        call = RetryingCall(self._transport, headers)
        try:
            if timed:
                async with call.within(self.limits.call_seconds):
                    yield call
            else:
                yield call
        except QarnotError as error:
            # The API, or a proxy on the way to it, may repeat what it was sent.
            error.hide(self._secrets)
            if self._request_id and isinstance(error, ApiUnavailable | SubmitUncertain):
                error.add(f"(request {self._request_id})")
            raise
        finally:
            self.requests += call.requests

    def _checked_key(self) -> str:
        if self._key is None or not self._key.get_secret_value():
            raise NoKey
        return check_key(self._key.get_secret_value()).get_secret_value()


class NounClient:
    """The calls of one caller about one noun."""

    def __init__(self, session: Session) -> None:
        self._session = session
