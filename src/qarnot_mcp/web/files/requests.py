"""What the routes of the files page share: links, the fields of a request, bodies that are bounded, refusals.

A link carries what it allows, sealed, behind the `#` that browsers send to nobody.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from qarnot_mcp.qarnot.errors import InvalidArgument, QarnotError
from qarnot_mcp.qarnot.storage.names import check_bucket, check_prefix

if TYPE_CHECKING:
    # A server of which nobody asks for a link stays without them.
    from qarnot_mcp.auth.oauth.sealing import FilesGrant, Sealer

PATH = "/files"
MIN_SECONDS, MAX_SECONDS = 900, 86_400
LINK_HEADER = "x-qarnot-files"
MAX_FORM_BYTES = 65_536
SILENCE_SECONDS = 30.0
BODY_SECONDS = 600.0
AT_ONCE = 8
"""Requests that move a file for one key at a time; a page has four."""

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The headers of everything but the page: nothing of what a stranger wrote runs or shows in its origin."""

_CODES = {
    "QuotaExceeded": "quota",
    "EntityTooLarge": "too_large",
    "InvalidAccessKeyId": "key",
    "SignatureDoesNotMatch": "key",
    "NotFound": "not_found",
    "InvalidArgument": "path",
    "ReadOnly": "rights",
    "KeyRefused": "key",
    "Busy": "busy",
    "StorageUnavailable": "again",
    "RateLimited": "again",
}
"""The word by which the page knows what went wrong, by the code or the class of an error."""
_STATUS = {
    "link": 401,
    "expired": 401,
    "key": 401,
    "rights": 403,
    "origin": 403,
    "quota": 403,
    "not_found": 404,
    "slow": 408,
    "length": 411,
    "too_large": 413,
    "busy": 429,
    "again": 503,
}


class PageRefused(Exception):  # noqa: N818 - says what happened, as the errors of the API do
    """A link or a request that is refused; `code` is what the page goes by."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class FilesLinks:
    """Makes links to the files page of this server, and opens what they carry.

    `origin` is the address of the server. Where there are no `sealing_secrets` a link ends with the process.
    """

    def __init__(
        self, origin: str, sealing_secrets: Sequence[SecretStr] = (), now: Callable[[], float] = time.time
    ) -> None:
        self.origin = origin
        self._secrets = sealing_secrets or [SecretStr(secrets.token_urlsafe(48))]
        self._now = now
        self._sealer: Sealer | None = None

    async def make(self, key: SecretStr, bucket: str, prefix: str, seconds: int, *, may_write: bool) -> str:
        """Return a link to the files of a bucket whose paths begin with a prefix, which is empty or a folder's.

        Whoever has it can use these files for `seconds`, 15 minutes to a day, with the rights of the key.
        """
        from qarnot_mcp.auth.oauth.sealing import FilesGrant

        seconds = min(max(seconds, MIN_SECONDS), MAX_SECONDS)
        grant = FilesGrant(
            key=key,
            origin=self.origin,
            bucket=check_bucket(bucket),
            prefix=check_prefix(folder(prefix)),
            may_write=may_write,
            ends_at=self._now() + seconds,
        )
        return f"{self.origin}{PATH}#{(await self._opened()).seal(grant)}"

    async def open(self, sealed: str) -> "FilesGrant":
        """Return what a link carries; raise `PageRefused` for one that was changed, is another server's, or is over."""
        from qarnot_mcp.auth.oauth.sealing import FilesGrant

        grant = (await self._opened()).open(FilesGrant, sealed)
        if grant is None or grant.origin != self.origin:
            message = "This link is not complete, or it is not one of this server. Ask the assistant for a new one."
            raise PageRefused("link", message)
        if grant.ends_at <= self._now():
            raise PageRefused("expired", "This link has expired. Ask the assistant for a new one.")
        return grant

    async def _opened(self) -> "Sealer":
        if self._sealer is None:
            self._sealer = await asyncio.to_thread(_load_sealer, self._secrets)
        return self._sealer


def folder(prefix: str) -> str:
    """Return the prefix of a folder, with a slash at its end; the empty one is the whole bucket."""
    return f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""


def _load_sealer(sealing_secrets: Sequence[SecretStr]) -> "Sealer":
    from qarnot_mcp.auth.oauth.sealing import Sealer

    return Sealer(sealing_secrets)


def check_origin(request: Request, grant: "FilesGrant") -> None:
    """Raise `PageRefused` for a request of another page than the one of this server."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    if origin not in (None, grant.origin) or site not in ("same-origin", "none"):
        raise PageRefused("origin", "Only the files page of this server may use its link.")


def check_may_write(grant: "FilesGrant") -> None:
    """Raise `PageRefused` for a link that only reads."""
    if not grant.may_write:
        raise PageRefused("rights", "This link only shows files. Ask the assistant for one to upload with.")


def number(request: Request, name: str, least: int, most: int) -> int:
    """Return a whole number of the query; raise `InvalidArgument` for anything else."""
    given = request.query_params.get(name, "")
    if not (given.isascii() and given.isdigit() and len(given) <= 16 and least <= int(given) <= most):
        raise InvalidArgument(name, given, f"a whole number from {least:,} to {most:,}")
    return int(given)


def body_size(request: Request, most: int) -> int:
    """Return how large the body says to be; raise `PageRefused` for one that does not say, or is too large."""
    given = request.headers.get("content-length", "")
    if not (given.isascii() and given.isdigit()):
        raise PageRefused("length", "The request has to say how large its body is.")
    if len(given) > 16 or int(given) > most:
        raise PageRefused("too_large", f"A part has at most {most:,} bytes.")
    return int(given)


class TimedBody:
    """The body of a request, as it comes; it may neither pause for long nor go on forever."""

    def __init__(self, request: Request, silence_seconds: float, body_seconds: float) -> None:
        self._request = request
        self._silence_seconds = silence_seconds
        self._deadline = asyncio.get_running_loop().time() + body_seconds
        self.is_late = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the pieces; raise TimeoutError for a body that is late, and say so in `is_late`."""
        stream = self._request.stream()
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout_at(min(loop.time() + self._silence_seconds, self._deadline)):
                    piece = await anext(stream, None)
            except TimeoutError:
                self.is_late = True
                raise
            if piece is None:
                return
            if piece:
                yield piece


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise PageRefused("too_large", "The form is too large.")
    fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=10, keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


class Places:
    """How many requests move files for each key, so that one caller leaves room for others."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, owner: str) -> Iterator[None]:
        """Take a place; raise `PageRefused` where the owner has as many as it may have."""
        if self._taken[owner] >= AT_ONCE:
            raise PageRefused("busy", "Too many transfers at once for this account. It goes on in a moment.")
        self._taken[owner] += 1
        try:
            yield
        finally:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]


def refusal_of(error: PageRefused | QarnotError, *, is_page: bool = False) -> Response:
    """Return the response for an error: JSON for the script of the page, a page of its own where a person sees it."""
    code: str = getattr(error, "code", "")
    if isinstance(error, QarnotError):
        code = _CODES.get(code) or _CODES.get(type(error).__name__, "storage")
    status = _STATUS.get(code, 400)
    # What is left of a body is not read.
    headers = {**HEADERS, "Connection": "close"} if status in (408, 411, 413) else HEADERS
    if is_page:
        page = f'<!doctype html><meta charset="utf-8"><title>Qarnot files</title><p>{escape(str(error))}'
        return HTMLResponse(page, status, headers=headers)
    return JSONResponse({"error": code, "message": str(error)}, status, headers=headers)
