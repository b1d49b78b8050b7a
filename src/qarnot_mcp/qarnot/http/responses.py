"""An answer of the API: its body while it arrives, never more of it than there is room for, and what it says.

That is its JSON, or a refusal in one of all the shapes that they come in.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot import errors
from qarnot_mcp.text.cleaning import SAID_CHARACTERS, one_line

UNPACKED_BYTES = 256 * 1024
PREFETCHED_BYTES = 256 * 1024
LARGE_BYTES = 1024 * 1024
MESSAGES_JOINED = 5
LONGEST_WAIT_SECONDS = 7 * 86400.0
_NO_SUCH = re.compile(r"no such (\w+): (.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Resource:
    """What a call is about, for the message when it is not found."""

    kind: str
    identifier: object


# Each part of a document takes up to ninety bytes once it is decoded, which may be thirty times its own size.
PARTS = (b"[", b"{", b",")
BARE_BYTES = 64
MOST_PARTS = 200_000
"""Of 50 tasks with 200 running instances each, or one with 10,000."""
LONG_DOCUMENT_BYTES = 256 * 1024
"""Some hundreds of instances: reading them takes a few milliseconds."""

T = TypeVar("T")


@dataclass(frozen=True)
class Response:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | bytearray = b""

    @property
    def is_bare(self) -> bool:
        """Whether it says no more than its status, as the API does after a delete or an abort.

        More, such as a page of a proxy, does not tell that the API did what was asked.
        """
        return self.body[:BARE_BYTES].strip() in (b"", b"null", b"{}", b'""') and len(self.body) <= BARE_BYTES

    def plain(self, kind: TypeAdapter[T], what: str) -> T | None:
        """Read the body in one pass; None where it does not fit, so that tolerant models read it, or say why not."""
        self._check_parts(what)
        try:
            return kind.validate_json(self.body)
        except ValidationError:
            return None

    def _check_parts(self, what: str) -> None:
        if sum(map(self.body.count, PARTS)) > MOST_PARTS:
            raise errors.UnreadableResponse(f"{what}: it is made of more than {MOST_PARTS:,} parts")

    def json(self, what: str) -> Any:
        """Decode the body; raises `UnreadableResponse` where it is not JSON, is nested too deep or has NaN in it."""
        self._check_parts(what)
        try:
            return from_json(self.body, allow_inf_nan=False, cache_strings="keys")
        except ValueError as error:
            kind = self.headers.get("content-type", "no content type")
            reason = "it is empty" if not self.body.strip() else f"it is not usable JSON ({error})"
            raise errors.UnreadableResponse(f"{what}: {reason}, {kind}") from None


class StreamedResponse:
    """An answer that is arriving: its status and headers are there, its body is still on the way.

    `large` holds the places for answers that turn out to be large; one that finds none waits on its connection.
    """

    def __init__(
        self, status: int, headers: Mapping[str, str], chunks: AsyncGenerator[bytes], large: asyncio.Semaphore
    ) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks
        self._large = large
        self._prefetched: list[bytes] = []

    async def read(self, limit_bytes: int, *, cut: bool = False) -> bytearray:
        """Return the body; one beyond the limit is cut, or raises `ResponseTooLarge`."""
        # One buffer that grows and is not copied: a large one goes back to the system as a whole, many parts would not.
        body = bytearray()
        async with AsyncExitStack() as places:
            async for part in self._chunks:
                if len(body) <= LARGE_BYTES < len(body) + len(part):
                    await places.enter_async_context(self._large)
                body += part
                if len(body) > limit_bytes:
                    if not cut:
                        raise errors.ResponseTooLarge(limit_bytes)
                    del body[limit_bytes:]
                    break
            return body

    async def prefetch(self) -> None:
        """Take in the first part of the body, so that a connection that breaks in it is noticed now."""
        size = 0
        async for part in self._chunks:
            self._prefetched.append(part)
            size += len(part)
            if size >= PREFETCHED_BYTES:
                return

    async def chunks(self) -> AsyncIterator[bytes]:
        """Return the body in parts as it arrives."""
        for part in self._prefetched:
            yield part
        self._prefetched.clear()
        async for part in self._chunks:
            yield part


async def unpacked(parts: AsyncIterator[bytes], packing: str) -> AsyncGenerator[bytes]:
    """Return a body in parts of bounded size, unpacked: a small packed body can hold a huge one."""
    packing = packing.strip().lower()
    if packing not in ("identity", "gzip", "x-gzip"):
        raise errors.UnreadableResponse(f"it is packed as {packing}, which was not asked for")
    unpacker = None if packing == "identity" else zlib.decompressobj(wbits=31)
    is_empty = True
    async for part in parts:
        if unpacker is None:
            recorder().add("api_received_bytes", amount=len(part))
            yield part
            continue
        is_empty = False
        try:
            while text := unpacker.decompress(part, UNPACKED_BYTES):
                recorder().add("api_received_bytes", amount=len(text))
                yield text
                part = unpacker.unconsumed_tail
        except zlib.error:
            raise errors.UnreadableResponse("it is not packed as it says") from None
    if unpacker is not None and not unpacker.eof and not is_empty:
        raise errors.UnreadableResponse("its packed body is cut")


async def read_off_loop(response: Response, what: str, read: Callable[[Any], T]) -> T:
    """Return what `read` makes of the JSON; a large document is read in a thread, where it holds up nobody else.

    The threads are of its own: those of the event loop look names up.
    """

    def work() -> T:
        return read(response.json(what))

    if len(response.body) < LONG_DOCUMENT_BYTES:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_threads(), copy_context().run, work)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="document")


def error_for(answer: Response, resource: Resource) -> errors.QarnotError:
    """Return the error that a status outside 200 to 299 stands for."""
    status, said = answer.status, message_of(answer)
    if status == 400:
        return errors.BadRequest(said)
    if status == 401:
        return errors.KeyRefused(said)
    if status == 402:
        is_about_hardware = "hardware constraint" in said.lower()
        return errors.HardwareUnavailable(said) if is_about_hardware else errors.NotEnoughCredits(said)
    if status == 403:
        return errors.QuotaReached(said) if "maximum number of" in said.lower() else errors.Forbidden(said)
    if status == 404:
        return _not_found(resource, said)
    if status == 409:
        return errors.Conflict(said)
    if status == 429:
        return errors.RateLimited(wait_seconds(answer.headers))
    if 300 <= status < 400:
        return errors.UnreadableResponse(f"it redirects (status {status}), which is not followed")
    if status == 408 or status >= 500 or status < 200:
        return errors.ServerFailed(status, said, wait_seconds=wait_seconds(answer.headers))
    return errors.ApiRefused(said, status=status)


def message_of(answer: Response) -> str:
    """Return the message of a refusal, on one line.

    The API has five shapes: `message`, `error` as text, `error.message`, the `errors`, `detail` and `title` of problem
    details, and an element of a bulk answer; a proxy before it sends HTML or text.
    """
    try:
        body = from_json(answer.body, allow_inf_nan=False)
    except ValueError:
        text = answer.body[: 8 * SAID_CHARACTERS].decode("utf-8", "replace")
        return "" if "<" in text else one_line(text, SAID_CHARACTERS)
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, str):
        return one_line(body, SAID_CHARACTERS)
    if not isinstance(body, Mapping):
        return ""
    error = body.get("error")
    nested = error.get("message") if isinstance(error, Mapping) else error
    for found in (body.get("message"), nested, _joined(body.get("errors")), body.get("detail"), body.get("title")):
        if isinstance(found, str) and found.strip():
            return one_line(found, SAID_CHARACTERS)
    return ""


def wait_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long `Retry-After` asks to wait, given in seconds or as a date; none where it cannot be read."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value, re.ASCII):
        return min(float(value), LONGEST_WAIT_SECONDS)
    until, now = http_date(value), http_date(headers.get("date", "")) or datetime.now(UTC)
    # The answer's own date comes first: the two clocks need not agree.
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT_SECONDS) if until else None


def http_date(value: str) -> datetime | None:
    """Return the moment that a header gives; None where it cannot be read."""
    try:
        moment = parsedate_to_datetime(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # OverflowError for a year of many digits
        return None


def _not_found(resource: Resource, said: str) -> errors.NotFound:
    """Return what a refusal is about: it may name another thing, such as a bucket of a new task."""
    match = _NO_SUCH.fullmatch(said.rstrip("."))
    if match and match[1].lower() != resource.kind:
        return errors.NotFound(match[1].lower(), match[2])
    return errors.NotFound(resource.kind, resource.identifier, "" if match else said)


def _joined(found: object) -> str:
    """Join the messages of problem details, each behind the name of its field."""
    if not isinstance(found, Mapping):
        return ""
    parts = []
    for name, messages in list(found.items())[:MESSAGES_JOINED]:
        texts = messages[:MESSAGES_JOINED] if isinstance(messages, list) else [messages]
        text = " ".join(one_line(str(message), SAID_CHARACTERS) for message in texts)
        parts.append(f"{one_line(str(name), 80)}: {text}" if name else text)
    return "; ".join(parts)
