"""HTTP transport: pooled connections with limits on time, size and concurrency. The only module that imports httpx."""

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Self, cast

import httpx
from pydantic_core import to_json

from qarnot_mcp import __version__
from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot.errors import Busy, InvalidArgument, TimedOut, Unreachable
from qarnot_mcp.qarnot.http.cache import Cache
from qarnot_mcp.qarnot.http.connections import use_network
from qarnot_mcp.qarnot.http.locks import Locks
from qarnot_mcp.qarnot.http.places import Places
from qarnot_mcp.qarnot.http.response_body import StreamedResponse, unpacked
from qarnot_mcp.qarnot.http.responses import Resource, Response, error_for
from qarnot_mcp.qarnot.http.retries import Clock, RetryTokens, Sleep
from qarnot_mcp.qarnot.http.tracing import traced

REFUSAL_BYTES = 64 * 1024
LARGE_ANSWERS_AT_ONCE = 4
"""Of all answers that are arriving, how many may be large: else as many as there are calls in flight could be."""
KEEP_ALIVE_SECONDS = 30.0
POOLS = 8
"""httpcore compares all connections of a pool with all waiting requests at each request (encode/httpcore#1035), so that
one large pool is slow; `python -m benchmarks connections` measures it with and without."""
FETCHED_BYTES = 64 * 1024
HEADERS = {"User-Agent": f"qarnot-mcp/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip"}


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
        self.submits = Locks()
        self._root = base_url.rstrip("/")
        self._base = f"{self._root}/v{api_version}"
        self._application = application
        self._trust_env = trust_env
        self._places = Places(self.limits.max_calls_in_flight, self.limits.queue_seconds)
        self._large = asyncio.Semaphore(LARGE_ANSWERS_AT_ONCE)
        self._timeout = httpx.Timeout(
            self.limits.read_seconds,
            connect=self.limits.connect_seconds,
            pool=self.limits.queue_seconds + self.limits.connect_seconds,
        ).as_dict()
        self._client: httpx.AsyncClient | None = None
        self._network: httpx.AsyncBaseTransport | None = None

    @property
    def api_url(self) -> str:
        """The address of the API."""
        return self._root

    async def __aenter__(self) -> Self:
        self._client = self._open_client()
        # Requests go past the client to what would carry them to the API, a proxy or not: authentication, redirects and
        # cookies, which none has, cost a quarter of each.
        self._network = self._client._transport_for_url(httpx.URL(self._root))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()
        self._client = self._network = None

    def _open_client(self) -> httpx.AsyncClient:
        limits = self.limits
        trusted = tls_context()
        client = httpx.AsyncClient(
            verify=trusted, limits=_pool_limits(limits.max_calls_in_flight), trust_env=self._trust_env
        )
        # Replaced here, since the argument `transport` would switch off the proxies that the environment names.
        if self._application is not None:
            client._transport = httpx.ASGITransport(self._application, raise_app_exceptions=False)
            client._mounts = {}
        else:
            share = _pool_limits(-(-limits.max_calls_in_flight // POOLS))
            client._transport = SpreadTransport(
                [httpx.AsyncHTTPTransport(verify=trusted, limits=share) for _ in range(POOLS)]
            )
        return client

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
        network = self._network
        if network is None:
            raise RuntimeError("the transport is not open")
        async with self._place(request):
            outgoing = httpx.Request(
                request.method,
                (self._root if request.rooted else self._base) + request.path,
                headers={**HEADERS, **request.headers},
                content=request.body,
                extensions={"timeout": self._timeout},
            )
            with traced(request.method, request.resource.kind) as span, _translated(self.limits):
                received = await network.handle_async_request(outgoing)
                stream = cast(httpx.AsyncByteStream, received.stream)
                span.set_attribute("http.response.status_code", received.status_code)
                recorder().api_response(request.method, received.status_code)
                try:
                    packing = received.headers.get("content-encoding", "identity")
                    async with (
                        aclosing(aiter(stream)) as raw,  # type: ignore[type-var]
                        aclosing(unpacked(raw, packing)) as chunks,
                    ):
                        response = StreamedResponse(received.status_code, received.headers, chunks, self._large)
                        if not 200 <= response.status < 300:
                            body = await response.read(REFUSAL_BYTES, cut=True)
                            raise error_for(Response(response.status, response.headers, body), request.resource)
                        yield response
                finally:
                    await stream.aclose()

    @asynccontextmanager
    async def _place(self, request: Request) -> AsyncIterator[None]:
        """Hold one of the places for calls in flight; raise `Busy` if none becomes free in time."""
        owner = self.cache.owner(request.headers.get("Authorization", ""))
        async with AsyncExitStack() as held:
            recorder().api_waiting(1)
            try:
                await held.enter_async_context(self._places.hold(owner))
            finally:
                recorder().api_waiting(-1)
            yield


class SpreadTransport(httpx.AsyncBaseTransport):
    """Spread requests over several connection pools, each in the first of the least busy ones."""

    def __init__(self, pools: Sequence[httpx.AsyncHTTPTransport]) -> None:
        self._pools = pools
        self._in_flight = [0] * len(pools)
        for pool in pools:
            use_network(pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its pool counts as busy until the response is closed."""
        index = min(range(len(self._pools)), key=self._in_flight.__getitem__)
        self._in_flight[index] += 1
        try:
            response = await self._pools[index].handle_async_request(request)
        except BaseException:
            self._in_flight[index] -= 1
            raise
        response.stream = _CountedStream(cast(httpx.AsyncByteStream, response.stream), self._in_flight, index)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.aclose()


class _CountedStream(httpx.AsyncByteStream):
    """A response body that tells its pool when it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, in_flight: list[int], index: int) -> None:
        self._stream = stream
        self._in_flight = in_flight
        self._index = index

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        # httpx closes a response once.
        self._in_flight[self._index] -= 1
        await self._stream.aclose()


def _pool_limits(connections: int) -> httpx.Limits:
    return httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEP_ALIVE_SECONDS
    )


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
def _translated(limits: Limits) -> Iterator[None]:
    """Turn what httpx raises into our own errors."""
    try:
        yield
    except httpx.PoolTimeout:
        raise Busy(limits.max_calls_in_flight, limits.queue_seconds) from None
    except httpx.ConnectTimeout:
        reason = f"no connection within {limits.connect_seconds:g} s"
        raise Unreachable(reason, sent=False) from None
    except httpx.TimeoutException:
        raise TimedOut(limits.read_seconds, what="said nothing") from None
    except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
        raise Unreachable(str(error) or "no connection", sent=False) from None
    except httpx.TransportError as error:
        raise Unreachable(str(error) or type(error).__name__, sent=True) from None
