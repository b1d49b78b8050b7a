"""HTTP transport: pooled connections with limits on time, size and concurrency. The only module that imports httpx."""

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Self, cast
from weakref import WeakValueDictionary

import httpcore
import httpx
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from pydantic_core import to_json

from qarnot_mcp import __version__
from qarnot_mcp.metrics.recorder import recorder, status_label
from qarnot_mcp.qarnot.errors import Busy, InvalidArgument, QarnotError, TimedOut, Unreachable
from qarnot_mcp.qarnot.http.callers import Cache, Places
from qarnot_mcp.qarnot.http.connection_pool import KEEP_ALIVE_SECONDS, AsyncStream, Carrier, ConnectionPool
from qarnot_mcp.qarnot.http.responses import Resource, Response, StreamedResponse, error_for, unpacked
from qarnot_mcp.qarnot.http.retries import Clock, RetryTokens, Sleep

REFUSAL_BYTES = 64 * 1024
LARGE_ANSWERS_AT_ONCE = 4
"""Of all answers that are arriving, how many may be large: else as many as there are calls in flight could be."""
FETCHED_BYTES = 64 * 1024
WITH_BODY = ("POST", "PUT", "PATCH")
HEADERS = (
    (b"User-Agent", f"qarnot-mcp/{__version__}".encode()),
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip"),
)


@dataclass(frozen=True)
class Limits:
    """How long, how much and how many; a call is one method of the client, its retries and pages included."""

    connect_seconds: float = 5
    read_seconds: float = 30
    """The longest silence within an answer."""
    call_seconds: float = 45
    retry_budget_seconds: float = 20
    """After this time from the start of a call nothing is tried again."""
    look_up_seconds: float = 10
    """How long a task whose submit was lost may take to appear."""
    max_response_bytes: int = 6 * 1024 * 1024
    max_request_bytes: int = 1024 * 1024
    max_calls_in_flight: int = 64
    queue_seconds: float = 10
    """How long a call waits for one in flight to end."""
    max_log_bytes: int = 256 * 1024 * 1024


@cache
def tls_context() -> ssl.SSLContext:
    """Return what all connections of this process trust; reading the certificates takes 30 ms."""
    return httpx.create_ssl_context()


@dataclass(frozen=True)
class Request:
    """One request; `path` is below `/v{version}`, or with `rooted` below the address of the API itself."""

    method: str
    path: str
    resource: Resource
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    rooted: bool = False

    def with_json(self, document: object) -> Self:
        """Return the same request with a JSON body."""
        return replace(self, body=to_json(document), headers={**self.headers, "Content-Type": "application/json"})


class Transport:
    """The pool, and what else all calls of a process share; open it with `async with`.

    `application` is an ASGI application that answers in place of the API. `trust_env` says whether
    the proxies that the environment names are used. `sleep`, `clock` and `chance` are the ways to wait, to measure and
    to draw lots; tests give their own.
    """

    def __init__(
        self,
        base_url: str,
        api_version: str,
        *,
        limits: Limits | None = None,
        application: Callable[..., Any] | None = None,
        trust_env: bool = True,
        sleep: Sleep = asyncio.sleep,
        clock: Clock = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.sleep = sleep
        self.clock = clock
        self.chance = chance or random.Random()  # noqa: S311 - spreads waits, keeps no secret
        self.retry_tokens = RetryTokens()
        self.cache = Cache(clock)
        self.submits = WeakValueDictionary[Hashable, asyncio.Lock]()
        """A lock for each submit in flight: two with one shortname go one after the other."""
        self.api_url = base_url.rstrip("/")
        self._version_path = f"/v{api_version}"
        self._application = application
        self._trust_env = trust_env
        self._places = Places(self.limits.max_calls_in_flight, self.limits.queue_seconds)
        self._large = asyncio.Semaphore(LARGE_ANSWERS_AT_ONCE)
        self._timeout = httpx.Timeout(
            self.limits.read_seconds,
            connect=self.limits.connect_seconds,
            pool=self.limits.queue_seconds + self.limits.connect_seconds,
        ).as_dict()
        self._url = httpx.URL(self.api_url)
        self._carrier: Carrier | None = None

    async def __aenter__(self) -> Self:
        self._carrier = self._open_carrier()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._carrier is not None:
            await self._carrier.aclose()
        self._carrier = None

    def _open_carrier(self) -> Carrier:
        if self._application is not None:
            return _InProcess(self._application)
        connections = self.limits.max_calls_in_flight
        # Requests go past httpx: authentication, redirects and cookies, which none has, cost a third of each. It knows
        # the proxies that the environment names, and how to reach the API through one.
        limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEP_ALIVE_SECONDS
        )
        client = httpx.AsyncClient(verify=tls_context(), limits=limits, trust_env=self._trust_env)
        chosen = client._transport_for_url(self._url)
        if chosen is client._transport:
            return ConnectionPool(self._target(b"/").origin, tls_context())
        return cast(httpx.AsyncHTTPTransport, chosen)._pool

    async def exchange(self, request: Request) -> Response:
        """Send a request once and answers the whole of a success.

        Raises `ApiRefused` or `KeyRefused` for what the API refuses and `ApiUnavailable` where there is no answer.
        """
        async with self.open(request) as response:
            body = await response.read(self.limits.max_response_bytes)
            return Response(response.status, response.headers, body)

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[StreamedResponse]:
        """Send a request once and answers a success whose body is still on the way; raises as `exchange` does."""
        if request.body is not None and len(request.body) > self.limits.max_request_bytes:
            size = f"{len(request.body):,} bytes long"
            raise InvalidArgument("The request", size, f"less than {self.limits.max_request_bytes:,} bytes in all")
        carrier = self._carrier
        if carrier is None:
            raise RuntimeError("the transport is not open")
        async with self._place(request):
            outgoing = self._outgoing(request)
            with _traced(request.method, request.resource.kind) as span, _translated(self.limits):
                received = await carrier.handle_async_request(outgoing)
                stream = cast(AsyncStream, received.stream)
                span.set_attribute("http.response.status_code", received.status)
                recorder().add("api_responses", request.method, status_label(received.status))
                try:
                    headers = decoded(received.headers)
                    packing = headers.get("content-encoding", "identity")
                    async with aclosing(aiter(stream)) as raw, aclosing(unpacked(raw, packing)) as chunks:
                        response = StreamedResponse(received.status, headers, chunks, self._large)
                        if not 200 <= response.status < 300:
                            body = await response.read(REFUSAL_BYTES, cut=True)
                            raise error_for(Response(response.status, response.headers, body), request.resource)
                        yield response
                finally:
                    await stream.aclose()

    def _outgoing(self, request: Request) -> httpcore.Request:
        """Return a request as it travels; its path is quoted already."""
        url, body = self._url, request.body
        path = request.path if request.rooted else self._version_path + request.path
        headers = [(b"Host", url.netloc), *HEADERS]
        headers += [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers.items()]
        if body is not None or request.method in WITH_BODY:
            headers.append((b"Content-Length", str(len(body or b"")).encode()))
        target = (url.raw_path.rstrip(b"/") + path.encode("ascii")) or b"/"
        return httpcore.Request(
            request.method, self._target(target), headers=headers, content=body, extensions={"timeout": self._timeout}
        )

    def _target(self, path: bytes) -> httpcore.URL:
        url = self._url
        return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=path)

    @asynccontextmanager
    async def _place(self, request: Request) -> AsyncIterator[None]:
        """Hold one of the places for calls in flight; raise `Busy` if none becomes free in time."""
        owner = self.cache.owner(request.headers.get("Authorization", ""))
        async with AsyncExitStack() as held:
            recorder().add("api_calls_waiting")
            try:
                await held.enter_async_context(self._places.hold(owner))
            finally:
                recorder().add("api_calls_waiting", amount=-1)
            yield


def decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names in lower case; of a name that is repeated the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


class _InProcess:
    """An ASGI application in place of the network."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._transport = httpx.ASGITransport(application, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        body = b"".join([part async for part in cast(AsyncIterator[bytes], request.stream)])
        method, url = request.method.decode("ascii"), bytes(request.url).decode("ascii")
        response = await self._transport.handle_async_request(
            httpx.Request(method, url, headers=request.headers, content=body)
        )
        stream = cast(AsyncIterator[bytes], response.stream)
        return httpcore.Response(response.status_code, headers=response.headers.raw, content=stream)

    async def aclose(self) -> None:
        await self._transport.aclose()


async def fetch_json(url: str, timeout_seconds: float) -> Any:
    """Read a small JSON document of a service in the same network, with a connection of its own and by no proxy.

    Raises `ApiUnavailable` where it does not answer in time, answers another status than 200 to 299, or no JSON.
    """
    limits = Limits(connect_seconds=timeout_seconds, read_seconds=timeout_seconds, max_response_bytes=FETCHED_BYTES)
    try:
        async with asyncio.timeout(timeout_seconds):
            async with Transport(url, "", limits=limits, trust_env=False) as transport:
                request = Request("GET", "", Resource("page", url), rooted=True)
                return (await transport.exchange(request)).json("the document")
    except TimeoutError:
        raise TimedOut(timeout_seconds) from None


@contextmanager
def _traced(method: str, kind: str) -> Iterator[Span]:
    """Open a span named after the method and the kind of thing asked for; ids and keys are no part of it.

    It is not made the current span: a log is read by a generator, which may end in another context than it began in.
    """
    span = _tracer().start_span(f"{method} {kind}", kind=SpanKind.CLIENT, attributes={"http.request.method": method})
    try:
        yield span
    except QarnotError as error:
        span.set_status(StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        span.end()


@cache
def _tracer() -> trace.Tracer:
    return trace.get_tracer("qarnot_mcp")


@contextmanager
def _translated(limits: Limits) -> Iterator[None]:
    """Turn what httpcore raises into our own errors."""
    try:
        yield
    except httpcore.PoolTimeout:
        raise Busy(limits.max_calls_in_flight, limits.queue_seconds) from None
    except httpcore.ConnectTimeout:
        reason = f"no connection within {limits.connect_seconds:g} s"
        raise Unreachable(reason, sent=False) from None
    except httpcore.TimeoutException:
        raise TimedOut(limits.read_seconds, what="said nothing") from None
    except (httpcore.ConnectError, httpcore.ProxyError, httpcore.UnsupportedProtocol) as error:
        raise Unreachable(str(error) or "no connection", sent=False) from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Unreachable(str(error) or type(error).__name__, sent=True) from None
