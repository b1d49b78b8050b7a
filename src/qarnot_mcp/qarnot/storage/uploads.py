"""Uploads: a file that is sent as it comes, whole or in parts that can be sent again one by one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from qarnot_mcp.qarnot.storage.client import StorageClient

PART_BYTES = 8 * 1024 * 1024
MAX_PARTS = 10_000
MAX_FILE_BYTES = PART_BYTES * MAX_PARTS
_ACTION = "upload files"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an upload that the storage has."""

    number: int
    size_bytes: int
    etag: str


class UploadsClient:
    """The uploads of a caller. Paths and names are checked by who calls (`qarnot.storage.names`)."""

    def __init__(self, storage: StorageClient) -> None:
        self._storage = storage

    async def put(
        self, bucket: str, path: str, pieces: AsyncIterator[bytes], size_bytes: int, content_type: str
    ) -> None:
        """Write a file of this size as its pieces come, whole or not at all (PutObject)."""
        async with self._storage.transfer(bucket, path, writes=_ACTION) as send:
            body = _Streamed(pieces, size_bytes) if size_bytes else b""
            await send(
                "put_object", Bucket=bucket, Key=path, Body=body, ContentLength=size_bytes, ContentType=content_type
            )

    async def begin(self, bucket: str, path: str, content_type: str) -> str:
        """Begin an upload in parts and return its id (CreateMultipartUpload)."""
        async with self._storage.call(bucket, writes=_ACTION) as s3:
            begun = await s3.create_multipart_upload(Bucket=bucket, Key=path, ContentType=content_type)
        return str(begun["UploadId"])

    async def put_part(
        self, bucket: str, path: str, upload_id: str, number: int, pieces: AsyncIterator[bytes], size_bytes: int
    ) -> None:
        """Send one part as its pieces come; one of the same number is replaced (UploadPart)."""
        async with self._storage.transfer(bucket, path, writes=_ACTION) as send:
            await send(
                "upload_part",
                Bucket=bucket,
                Key=path,
                UploadId=upload_id,
                PartNumber=number,
                Body=_Streamed(pieces, size_bytes),
                ContentLength=size_bytes,
            )

    async def parts(self, bucket: str, path: str, upload_id: str) -> list[Part]:
        """Return the parts that the storage has, in order (ListParts); raise `NotFound` for an upload that is over."""
        parts: list[Part] = []
        marker = 0
        while len(parts) <= MAX_PARTS:
            async with self._storage.call(bucket, path) as s3:
                page = await s3.list_parts(Bucket=bucket, Key=path, UploadId=upload_id, PartNumberMarker=marker)
            parts += [Part(each["PartNumber"], each["Size"], each["ETag"]) for each in page.get("Parts", [])]
            if not page.get("IsTruncated") or not parts or parts[-1].number <= marker:
                break
            marker = parts[-1].number
        return parts

    async def complete(self, bucket: str, path: str, upload_id: str, parts: list[Part]) -> None:
        """Make the file of its parts (CompleteMultipartUpload)."""
        named = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        async with self._storage.call(bucket, path, writes=_ACTION) as s3:
            await s3.complete_multipart_upload(
                Bucket=bucket, Key=path, UploadId=upload_id, MultipartUpload={"Parts": named}
            )

    async def abort(self, bucket: str, path: str, upload_id: str) -> None:
        """Forget an upload and its parts (AbortMultipartUpload)."""
        async with self._storage.call(bucket, path, writes=_ACTION) as s3:
            await s3.abort_multipart_upload(Bucket=bucket, Key=path, UploadId=upload_id)


class _Streamed:
    """A body that the S3 library takes for a file and its HTTP library sends piece by piece."""

    def __init__(self, pieces: AsyncIterator[bytes], size_bytes: int) -> None:
        self._pieces = pieces
        self._size_bytes = size_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._size_bytes
        async for piece in self._pieces:
            left -= len(piece)
            yield piece
        if left:
            raise ConnectionError("the body broke off")  # else the storage would wait for the rest of it

    def read(self, size: int = -1) -> bytes:
        """Refuse: nothing may collect the pieces."""
        raise TypeError("a streamed body is not read")
