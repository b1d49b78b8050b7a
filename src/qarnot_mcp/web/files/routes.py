"""The routes of the files page. Each needs the link, which comes in a header or in a form, never in an address."""

import mimetypes
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from posixpath import basename
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument, QarnotError, StorageUnavailable
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.qarnot.storage.names import check_path, check_prefix
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.qarnot.storage.uploads import MAX_FILE_BYTES, MAX_PARTS, PART_BYTES
from qarnot_mcp.text.cleaning import clean_text, one_line
from qarnot_mcp.tools.files.content import MAX_FILE_BYTES as MAX_PICTURE_BYTES
from qarnot_mcp.tools.files.content import PICTURES, decode, kind_of, scaled
from qarnot_mcp.web.files import requests
from qarnot_mcp.web.files.page import files_page, page_headers
from qarnot_mcp.web.files.requests import HEADERS, PATH, FilesLinks, PageRefused, Places, TimedBody, folder, refusal_of
from qarnot_mcp.web.files.zip_stream import ZippedFile, safe_name, zip_stream

if TYPE_CHECKING:
    from qarnot_mcp.auth.oauth.sealing import FilesGrant

UPLOAD_CHARACTERS = 256
PAGE_ROWS = 500
ZIPPED_FILES = 100_000
TEXT_BYTES = 16 * 1024
PICTURE_SIDE = 1024


@dataclass(frozen=True)
class Visit:
    """One request of the page: what its link allows, and a client with the key in it."""

    request: Request
    grant: "FilesGrant"
    client: QarnotClient
    fields: dict[str, str]

    @property
    def bucket(self) -> str:
        """The bucket of the link."""
        return self.grant.bucket

    @property
    def path(self) -> str:
        """The path in the bucket of the file that is asked for; raises `InvalidArgument` for one outside the link's."""
        return check_path(self.grant.prefix + check_path(self.fields.get("path", "")))

    @property
    def prefix(self) -> str:
        """The prefix in the bucket that is asked for; raises `InvalidArgument` for one outside the link's."""
        return check_prefix(self.grant.prefix + check_prefix(folder(self.fields.get("prefix", ""))))

    @property
    def upload_id(self) -> str:
        """The id that the storage gave an upload."""
        given = self.fields.get("upload_id", "")
        if not 0 < len(given) <= UPLOAD_CHARACTERS or not given.isascii() or not given.isprintable():
            raise InvalidArgument("upload_id", given, "the id of an upload that was begun")
        return given

    @property
    def content_type(self) -> str:
        """The type that the storage keeps of a new file."""
        return mimetypes.guess_type(self.path)[0] or "application/octet-stream"

    def below(self, path: str) -> str:
        """Return a path of the bucket as the page sees it."""
        return path.removeprefix(self.grant.prefix)


Answer = Callable[[Visit], Awaitable[Response]]


class FilesPage:
    """The page and what it calls. Nothing is kept between its requests but how many there are."""

    def __init__(self, links: FilesLinks, transport: Transport, storage: StoragePool, *, read_only: bool) -> None:
        self._links = links
        self._transport = transport
        self._storage = storage
        self._read_only = read_only
        self._places = Places()
        self.silence_seconds = requests.SILENCE_SECONDS
        self.body_seconds = requests.BODY_SECONDS

    def add_to(self, route: Callable[..., Callable[[Callable[..., Any]], Any]]) -> None:
        """Add the routes with FastMCP's `custom_route`."""
        route(PATH, methods=["GET"])(self._show)
        for path, method, answer in (
            ("/place", "GET", self._place),
            ("/list", "GET", self._list),
            ("/preview", "GET", self._moving(self._preview)),
            ("/file", "PUT", self._writing(self._moving(self._put))),
            ("/uploads", "POST", self._writing(self._begin)),
            ("/uploads", "DELETE", self._writing(self._abort)),
            ("/uploads/part", "PUT", self._writing(self._moving(self._put_part))),
            ("/uploads/complete", "POST", self._writing(self._complete)),
        ):
            route(f"{PATH}/api{path}", methods=[method])(self._for_scripts(answer))
        route(f"{PATH}/download", methods=["POST"])(self._for_forms(self._download))
        route(f"{PATH}/zip", methods=["POST"])(self._for_forms(self._zip))

    async def _show(self, request: Request) -> Response:
        return HTMLResponse(files_page(), headers=page_headers())

    def _for_scripts(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            sealed = request.headers.get(requests.LINK_HEADER, "")
            return await self._answer(answer, request, sealed, dict(request.query_params))

        return handle

    def _for_forms(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """Browsers save what a form gives them as it comes, where a script would have to collect it."""

        async def handle(request: Request) -> Response:
            try:
                fields = await requests.read_form(request)
            except (PageRefused, ValueError):
                return refusal_of(PageRefused("too_large", "This form cannot be read."), is_page=True)
            return await self._answer(answer, request, fields.pop("link", ""), fields, is_page=True)

        return handle

    async def _answer(
        self, answer: Answer, request: Request, sealed: str, fields: dict[str, str], *, is_page: bool = False
    ) -> Response:
        try:
            grant = await self._links.open(sealed)
            requests.check_origin(request, grant)
            may_not_write = self._read_only or not grant.may_write
            client = QarnotClient(self._transport, grant.key, read_only=may_not_write, storage=self._storage)
            response = await answer(Visit(request, grant, client, fields))
        except (PageRefused, QarnotError) as error:
            return refusal_of(error, is_page=is_page)
        except ClientDisconnect:
            return Response(status_code=400)  # for nobody
        response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
        return response

    def _writing(self, answer: Answer) -> Answer:
        async def handle(visit: Visit) -> Response:
            requests.check_may_write(visit.grant)
            return await answer(visit)

        return handle

    def _moving(self, answer: Answer) -> Answer:
        async def handle(visit: Visit) -> Response:
            with self._places.take(self._owner(visit)):
                return await answer(visit)

        return handle

    def _owner(self, visit: Visit) -> str:
        return self._transport.cache.owner(visit.grant.key.get_secret_value())

    async def _place(self, visit: Visit) -> Response:
        """Return where the link leads, what it allows, and what is left of the storage."""
        await visit.client.storage.files(visit.bucket, limit=1)
        user = await visit.client.account.get()
        quota, used = user.quota_bytes_bucket, user.used_quota_bytes_bucket
        left = max(0, quota - used) if quota and used is not None else None
        return JSONResponse(
            {
                "bucket": visit.bucket,
                "prefix": visit.grant.prefix,
                "may_write": visit.grant.may_write and not self._read_only,
                "ends_at": visit.grant.ends_at,
                "left_bytes": left,
                "part_bytes": PART_BYTES,
            }
        )

    async def _list(self, visit: Visit) -> Response:
        """Return what is in a folder, from a path on."""
        after = visit.fields.get("after", "")[:1024]
        page = await visit.client.storage.files(visit.bucket, visit.prefix, after=after, folded=True, limit=PAGE_ROWS)
        files = [
            {
                "path": visit.below(file.path),
                "size_bytes": file.size_bytes,
                "modified": file.modified.isoformat() if file.modified else None,
            }
            for file in page.files
            if file.path != visit.prefix
        ]
        folders = [visit.below(path) for path in page.folders]
        return JSONResponse({"folders": folders, "files": files, "next": page.next_marker})

    async def _preview(self, visit: Visit) -> Response:
        """Return what can be shown without a download: a small picture, or the beginning of a text."""
        storage, bucket, path = visit.client.storage, visit.bucket, visit.path
        size = (await storage.file(bucket, path)).size_bytes
        head = await storage.read(bucket, path, 0, TEXT_BYTES) if size else b""
        kind = kind_of(head) if size else "text"
        if kind == "text":
            return JSONResponse({"kind": kind, "text": clean_text(decode(head, head)), "is_cut": size > len(head)})
        if kind in PICTURES and size <= MAX_PICTURE_BYTES:
            content = head if size <= len(head) else await storage.read(bucket, path, 0, size)
            if (small := await scaled(content, PICTURE_SIDE)) is not None:
                return Response(small[0], media_type=small[1])
        return JSONResponse({"kind": "binary", "text": None, "is_cut": False})

    async def _put(self, visit: Visit) -> Response:
        """Write a file of at most one part."""
        size = requests.body_size(visit.request, PART_BYTES)
        put, bucket = visit.client.uploads.put, visit.bucket
        return await self._receive(visit, lambda pieces: put(bucket, visit.path, pieces, size, visit.content_type))

    async def _begin(self, visit: Visit) -> Response:
        """Begin an upload, or go on with one: return its id and the parts that need not be sent again."""
        uploads, size = visit.client.uploads, requests.number(visit.request, "size", 1, MAX_FILE_BYTES)
        sizes = [min(PART_BYTES, size - start) for start in range(0, size, PART_BYTES)]
        if "upload_id" not in visit.fields:
            upload_id = await uploads.begin(visit.bucket, visit.path, visit.content_type)
            return JSONResponse({"upload_id": upload_id, "parts": []})
        there = [
            part.number
            for part in await uploads.parts(visit.bucket, visit.path, visit.upload_id)
            if part.number <= len(sizes) and part.size_bytes == sizes[part.number - 1]
        ]
        return JSONResponse({"upload_id": visit.upload_id, "parts": there})

    async def _put_part(self, visit: Visit) -> Response:
        """Send one part of an upload."""
        size = requests.body_size(visit.request, PART_BYTES)
        number = requests.number(visit.request, "number", 1, MAX_PARTS)
        put, bucket, upload_id = visit.client.uploads.put_part, visit.bucket, visit.upload_id
        return await self._receive(visit, lambda pieces: put(bucket, visit.path, upload_id, number, pieces, size))

    async def _receive(self, visit: Visit, send: Callable[[AsyncIterator[bytes]], Awaitable[None]]) -> Response:
        body = TimedBody(visit.request, self.silence_seconds, self.body_seconds)
        try:
            await send(body.pieces())
        except (TimeoutError, StorageUnavailable):
            if body.is_late:
                raise PageRefused("slow", "The part did not arrive in time. It is sent again.") from None
            raise
        return JSONResponse({})

    async def _complete(self, visit: Visit) -> Response:
        """Make the file of its parts, if all of them are there."""
        size = requests.number(visit.request, "size", 1, MAX_FILE_BYTES)
        parts = await visit.client.uploads.parts(visit.bucket, visit.path, visit.upload_id)
        if sum(part.size_bytes for part in parts) != size:
            raise PageRefused("incomplete", "Some parts of the file are not there yet.")
        await visit.client.uploads.complete(visit.bucket, visit.path, visit.upload_id, parts)
        return JSONResponse({})

    async def _abort(self, visit: Visit) -> Response:
        """Cancel an upload: nothing of it stays."""
        await visit.client.uploads.abort(visit.bucket, visit.path, visit.upload_id)
        return JSONResponse({})

    async def _download(self, visit: Visit) -> Response:
        """Return one file, to be saved."""
        file = await visit.client.storage.file(visit.bucket, visit.path)
        pieces = visit.client.storage.stream(visit.bucket, visit.path)
        headers = {**attachment(basename(visit.path)), "Content-Length": str(file.size_bytes)}
        return await self._saved(visit, pieces, headers)

    async def _zip(self, visit: Visit) -> Response:
        """Return everything below a folder as one zip, to be saved."""
        prefix = visit.prefix
        name = basename(prefix.rstrip("/")) or visit.bucket
        return await self._saved(visit, zip_stream(zipped_files(visit, prefix)), attachment(f"{name}.zip"))

    async def _saved(self, visit: Visit, pieces: AsyncGenerator[bytes, None], headers: dict[str, str]) -> Response:
        """Stream pieces as a file to save; what goes wrong before the first of them is still told."""
        held = self._held(self._owner(visit), pieces)
        first = await anext(held, b"")

        async def all_pieces() -> AsyncIterator[bytes]:
            async with aclosing(held):
                yield first
                async for piece in held:
                    yield piece

        return StreamingResponse(all_pieces(), media_type="application/octet-stream", headers=headers)

    async def _held(self, owner: str, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        with self._places.take(owner):
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece


async def zipped_files(visit: Visit, prefix: str) -> AsyncIterator[ZippedFile]:
    """Yield all files below a prefix, each to be read when its turn has come."""
    storage, count = visit.client.storage, 0
    marker: str | None = ""
    while marker is not None:
        page = await storage.files(visit.bucket, prefix, after=marker)
        for file in page.files:
            if file.path.endswith("/"):
                continue  # the mark of an empty folder
            count += 1
            if count > ZIPPED_FILES:
                raise PageRefused("too_many", f"A zip holds at most {ZIPPED_FILES:,} files.")
            yield ZippedFile(file.path.removeprefix(prefix), file.modified, storage.stream(visit.bucket, file.path))
        marker = page.next_marker


def attachment(name: str) -> dict[str, str]:
    """Return the header that makes a browser save a file under a name, whatever kind of file it is."""
    saved = safe_name(one_line(name, 200)).rpartition("/")[2] or "file"
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(saved, safe='')}"}
