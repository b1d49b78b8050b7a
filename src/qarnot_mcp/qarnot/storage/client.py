"""Calls to the storage with one caller's key: S3 at the address that the platform names."""

import difflib
import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from qarnot_mcp.qarnot.account import AccountClient
from qarnot_mcp.qarnot.errors import NoStorage, NotFound, UnreadableResponse
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.platform import PlatformClient
from qarnot_mcp.qarnot.storage.pool import StorageCredentials, StoragePool
from qarnot_mcp.text.cleaning import one_line

DEFAULT_ADDRESS = "https://storage.qarnot.com"
PAGE_FILES = 1000
PATH_CHARACTERS = 1024
MAX_DELETED = 1000
STREAM_BYTES = 256 * 1024
_CACHED = "storage address"


@dataclass(frozen=True, slots=True)
class BucketName:
    """A bucket of the account."""

    name: str
    created: datetime | None


@dataclass(frozen=True, slots=True)
class BucketStatistics:
    """What a bucket holds."""

    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a bucket."""

    path: str
    size_bytes: int
    modified: datetime | None
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class FilePage:
    """Files of one page and the folders between them; `next_marker` is where the next page begins."""

    files: tuple[StoredFile, ...]
    folders: tuple[str, ...]
    next_marker: str | None


class StorageClient:
    """The buckets and files of a caller. Paths and names are checked by who calls (`qarnot.storage.names`)."""

    def __init__(
        self, session: Session, account: AccountClient, platform: PlatformClient, pool: StoragePool | None
    ) -> None:
        self._session = session
        self._account = account
        self._platform = platform
        self._pool = pool

    async def address(self) -> str:
        """Return where the storage is (`storage` of `GET /settings`); raise `NoStorage` where there is none."""
        if kept := self._session.cached(_CACHED, str):
            return kept
        address = (await self._platform.settings()).get("storage", DEFAULT_ADDRESS)
        if address is None:
            raise NoStorage("this platform has none")
        if not isinstance(address, str) or urlsplit(address).scheme not in ("https", "http"):
            raise NoStorage("the platform gives no usable address for it")
        return self._session.cache(_CACHED, address.rstrip("/"))

    async def buckets(self) -> list[BucketName]:
        """Return the buckets of the account (ListBuckets)."""
        async with self.call() as s3:
            listed = (await s3.list_buckets()).get("Buckets", [])
        return [BucketName(one_line(str(each.get("Name", "")), 255), each.get("CreationDate")) for each in listed]

    async def statistics(self, bucket: str) -> BucketStatistics | None:
        """Return what a bucket holds (HeadBucket); None where the storage does not say."""
        async with self.call(bucket) as s3:
            response = await s3.head_bucket(Bucket=bucket)
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        count, size = headers.get("x-rgw-object-count", ""), headers.get("x-rgw-bytes-used", "")
        known = all(re.fullmatch("[0-9]{1,18}", number) for number in (count, size))
        return BucketStatistics(int(count), int(size)) if known else None

    async def files(
        self, bucket: str, prefix: str = "", *, after: str = "", folded: bool = False, limit: int = PAGE_FILES
    ) -> FilePage:
        """Return one page of files in order of their paths (ListObjects); `folded` keeps what is below folders out."""
        async with self.call(bucket) as s3:
            page = await s3.list_objects(
                Bucket=bucket, Prefix=prefix, Marker=after, MaxKeys=limit, **({"Delimiter": "/"} if folded else {})
            )
        found = page.get("Contents", [])[:PAGE_FILES]
        files = tuple(_stored(each.get("Key"), each.get("Size"), each.get("LastModified")) for each in found)
        folders = tuple(str(each.get("Prefix", ""))[:PATH_CHARACTERS] for each in page.get("CommonPrefixes", []))
        marker = None
        if page.get("IsTruncated"):
            marker = page.get("NextMarker") or max((*(file.path for file in files), *folders), default=None)
        return FilePage(files, folders, marker)

    async def file(self, bucket: str, path: str) -> StoredFile:
        """Return what is known of a file (HeadObject); raise `NotFound` where there is none."""
        try:
            async with self.call(bucket, path) as s3:
                found = await s3.head_object(Bucket=bucket, Key=path)
        except NotFound:
            await self.statistics(bucket)  # a HEAD does not say which of the two is missing
            raise
        return _stored(path, found.get("ContentLength"), found.get("LastModified"), str(found.get("ContentType", "")))

    async def read(self, bucket: str, path: str, start: int, size: int) -> bytes:
        """Return at most `size` bytes from `start` on (GetObject with a range); the file must not be empty there."""
        async with self.call(bucket, path) as s3:
            response = await s3.get_object(Bucket=bucket, Key=path, Range=f"bytes={start}-{start + size - 1}")
            content = bytearray()
            async with response["Body"] as body:
                # A read gives what has arrived; a storage that knows no ranges would send more.
                while len(content) < size and (piece := await body.read(size - len(content))):
                    content += piece
        return bytes(content)

    async def stream(self, bucket: str, path: str, max_bytes: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the content of a file in pieces, at most `max_bytes` of it; it takes as long as the file is large."""
        left = math.inf if max_bytes is None else max_bytes
        async with self.transfer(bucket, path) as send:
            response = await send("get_object", Bucket=bucket, Key=path)
            async with response["Body"] as body:
                while left and (piece := await body.read(min(STREAM_BYTES, left))):
                    left -= len(piece)
                    yield piece

    async def write(self, bucket: str, path: str, content: bytes, content_type: str) -> None:
        """Write a file, in place of what was there (PutObject)."""
        async with self.call(bucket, writes="write files") as s3:
            await s3.put_object(Bucket=bucket, Key=path, Body=content, ContentType=content_type)

    async def create_bucket(self, bucket: str) -> None:
        """Create a bucket; one of this account that is there stays as it is (CreateBucket)."""
        async with self.call(bucket, writes="make buckets") as s3:
            await s3.create_bucket(Bucket=bucket)

    async def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket (DeleteBucket)."""
        async with self.call(bucket, writes="delete buckets") as s3:
            await s3.delete_bucket(Bucket=bucket)

    async def delete(self, bucket: str, paths: Sequence[str]) -> None:
        """Delete at most 1,000 files (DeleteObjects); those that are not there are no error."""
        self._session.check_may_write("delete files")
        if not paths:
            return
        async with self.call(bucket) as s3:
            objects = [{"Key": path} for path in paths[:MAX_DELETED]]
            await s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})

    async def link(self, method: Literal["GET", "PUT"], bucket: str, path: str, seconds: int) -> str:
        """Return a presigned address by which anyone can read or write one file for some seconds."""
        if method == "PUT":
            self._session.check_may_write("hand out links for uploads")
        operation = "get_object" if method == "GET" else "put_object"
        async with self.call(bucket, path) as s3:
            address = await s3.generate_presigned_url(operation, {"Bucket": bucket, "Key": path}, seconds)
        return str(address)

    @asynccontextmanager
    async def transfer(
        self, bucket: str, path: str, *, writes: str = ""
    ) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
        """Open a transfer of this caller, as `StoragePool.transfer` does; `writes` is as that of `call`."""
        self._check(writes)
        pool, address, credentials = await self._connection()
        async with pool.transfer(address, credentials, bucket, path) as send:
            yield send

    @asynccontextmanager
    async def call(self, bucket: str = "", path: str = "", *, writes: str = "") -> AsyncIterator[Any]:
        """Open a call of this caller, as `StoragePool.call` does; a bucket that is missing is told with its nearest.

        `writes` is what the call changes, such as "write files": a caller who only reads gets `ReadOnly`.
        """
        self._check(writes)
        pool, address, credentials = await self._connection()
        try:
            async with pool.call(address, credentials, bucket, path) as s3:
                yield s3
        except NotFound as error:
            if error.kind == "bucket" and bucket:
                raise await self._no_bucket(bucket) from None
            raise

    def _check(self, writes: str) -> None:
        if writes:
            self._session.check_may_write(writes)

    async def _connection(self) -> tuple[StoragePool, str, StorageCredentials]:
        if self._pool is None:
            raise NoStorage("this server does not offer it")
        address = await self.address()
        email = (await self._account.get(cached=True)).email
        return self._pool, address, StorageCredentials(email, self._session.key)

    async def _no_bucket(self, bucket: str) -> NotFound:
        names = [each.name for each in await self.buckets()]
        nearest = difflib.get_close_matches(bucket, names, 3, 0.5)
        return NotFound("bucket", bucket, f"the nearest names are {', '.join(nearest)}" if nearest else "")


def _stored(path: str | None, size: int | None, modified: Any, content_type: str = "") -> StoredFile:
    if path is None or size is None:
        raise UnreadableResponse("the storage does not say the path or the size of a file")
    return StoredFile(path[:PATH_CHARACTERS], size, modified, one_line(content_type, 100))
