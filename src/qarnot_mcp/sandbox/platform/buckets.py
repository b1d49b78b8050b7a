"""The storage of one account: its buckets, the objects in them, and uploads in parts. It does no I/O.

Contents are kept in memory, 256 MiB of them for each account.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.wire.errors import StorageError

MAX_BUCKETS = 100
MAX_BYTES = 256 * 1024 * 1024
"""Bytes that all objects and unfinished parts of an account may take."""
MAX_OBJECTS = 200_000
"""Objects that an account may keep."""
MAX_KEY_BYTES = 1024
MAX_UPLOADS = 100
MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * 1024 * 1024
"""Bytes of a part that is not the last."""

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file in a bucket; `modified` is in platform seconds."""

    content: bytes
    etag: str
    modified: int
    content_type: str = "binary/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Upload:
    """An upload in parts that is not complete yet."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)
    etags: dict[int, str] = field(default_factory=dict)


class Bucket:
    """Objects by their key."""

    def __init__(self, name: str, created: int) -> None:
        self.name = name
        self.created = created
        self.uploads: dict[str, Upload] = {}
        self._objects: dict[str, StoredObject] = {}
        self._sorted_keys: list[str] | None = None

    def __len__(self) -> int:
        return len(self._objects)

    @property
    def used_bytes(self) -> int:
        """The bytes of all objects."""
        return sum(len(stored.content) for stored in self._objects.values())

    def get(self, key: str) -> StoredObject | None:
        """Return the object of a key, if there is one."""
        return self._objects.get(key)

    def put(self, key: str, stored: StoredObject) -> None:
        """Keep an object in place of what was there."""
        if key not in self._objects:
            self._sorted_keys = None
        self._objects[key] = stored

    def remove(self, key: str) -> None:
        """Forget an object, if there is one."""
        if self._objects.pop(key, None) is not None:
            self._sorted_keys = None

    def keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """Yield the keys that begin with a prefix and come after a key, in order."""
        if self._sorted_keys is None:
            self._sorted_keys = sorted(self._objects)
        found = self._sorted_keys
        for position in range(bisect_left(found, max(prefix, after)), len(found)):
            if not found[position].startswith(prefix):
                return
            if found[position] > after:
                yield found[position]


class Buckets:
    """The buckets of one account."""

    def __init__(self, random: SeededRandom, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._random = random
        self._by_name: dict[str, Bucket] = {}
        self.used_bytes = 0
        """The bytes of all objects and unfinished parts."""
        self._object_count = 0
        self._upload_count = 0

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Bucket]:
        return iter(sorted(self._by_name.values(), key=lambda bucket: bucket.name))

    def find(self, name: str) -> Bucket:
        """Return a bucket; raises NoSuchBucket when there is none."""
        bucket = self._by_name.get(name)
        if bucket is None:
            raise StorageError(404, "NoSuchBucket", "The specified bucket does not exist")
        return bucket

    def find_object(self, name: str, key: str) -> StoredObject:
        """Return an object; raises NoSuchBucket or NoSuchKey when there is none."""
        stored = self.find(name).get(key)
        if stored is None:
            raise StorageError(404, "NoSuchKey", "The specified key does not exist")
        return stored

    def create(self, name: str, now: int) -> None:
        """Create a bucket; one that is there stays as it is."""
        if name in self._by_name:
            return
        if not _BUCKET_NAME.fullmatch(name):
            raise StorageError(400, "InvalidBucketName", "The specified bucket is not valid")
        if len(self._by_name) >= MAX_BUCKETS:
            raise StorageError(400, "TooManyBuckets", f"An account has at most {MAX_BUCKETS} buckets")
        self._by_name[name] = Bucket(name, now)

    def delete(self, name: str) -> None:
        """Delete a bucket that is empty."""
        bucket = self.find(name)
        if len(bucket):
            raise StorageError(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
        for upload_id in list(bucket.uploads):
            self.abort(name, upload_id)
        del self._by_name[name]

    def put(
        self, name: str, key: str, content: bytes, now: int, content_type: str = "", metadata: Mapping[str, str] = {}
    ) -> StoredObject:
        """Keep an object; raises QuotaExceeded where it does not fit."""
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        stored = StoredObject(content, etag, now, content_type or "binary/octet-stream", metadata)
        self.keep(name, key, stored)
        return stored

    def keep(self, name: str, key: str, stored: StoredObject) -> None:
        """Keep an object that is made already, such as a copy."""
        bucket = self.find(name)
        if not key or len(key.encode(errors="replace")) > MAX_KEY_BYTES:
            raise StorageError(400, "KeyTooLongError", f"A key has 1 to {MAX_KEY_BYTES} bytes")
        before = bucket.get(key)
        if before is None and self._object_count >= MAX_OBJECTS:
            raise StorageError(403, "QuotaExceeded", f"An account keeps at most {MAX_OBJECTS} objects")
        self._take(len(stored.content) - (0 if before is None else len(before.content)))
        self._object_count += before is None
        bucket.put(key, stored)

    def remove(self, name: str, key: str) -> None:
        """Forget an object, if there is one."""
        bucket = self.find(name)
        before = bucket.get(key)
        if before is not None:
            self.used_bytes -= len(before.content)
            self._object_count -= 1
            bucket.remove(key)

    def begin(self, name: str, upload: Upload) -> str:
        """Begin an upload in parts and return its id."""
        bucket = self.find(name)
        if sum(len(each.uploads) for each in self) >= MAX_UPLOADS:
            raise StorageError(403, "QuotaExceeded", f"At most {MAX_UPLOADS} uploads are open at once")
        self._upload_count += 1
        upload_id = self._random.uuid(("upload", self._upload_count))
        bucket.uploads[upload_id] = upload
        return upload_id

    def find_upload(self, name: str, upload_id: str) -> Upload:
        """Return an upload in parts; raises NoSuchUpload when there is none."""
        upload = self.find(name).uploads.get(upload_id)
        if upload is None:
            raise StorageError(404, "NoSuchUpload", "The specified upload does not exist")
        return upload

    def put_part(self, name: str, upload_id: str, number: int, content: bytes) -> str:
        """Keep a part and return its ETag."""
        upload = self.find_upload(name, upload_id)
        if not 1 <= number <= MAX_PARTS:
            raise StorageError(400, "InvalidArgument", f"Part numbers are 1 to {MAX_PARTS}")
        self._take(len(content) - len(upload.parts.get(number, b"")))
        upload.parts[number] = content
        upload.etags[number] = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return upload.etags[number]

    def complete(self, name: str, upload_id: str, parts: list[tuple[int, str]], now: int) -> StoredObject:
        """Make an object of the parts that are named, each with its number and ETag."""
        upload = self.find_upload(name, upload_id)
        if not parts or [number for number, _ in parts] != sorted({number for number, _ in parts}):
            raise StorageError(400, "InvalidPartOrder", "The list of parts was not in ascending order")
        digests = b""
        for position, (number, etag) in enumerate(parts):
            content = upload.parts.get(number)
            if content is None or upload.etags[number] != etag:
                raise StorageError(400, "InvalidPart", "One or more of the specified parts could not be found")
            if len(content) < MIN_PART_BYTES and position < len(parts) - 1:
                raise StorageError(400, "EntityTooSmall", "A part that is not the last has at least 5 MiB")
            digests += bytes.fromhex(etag)
        content = b"".join(upload.parts[number] for number, _ in parts)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
        self.abort(name, upload_id)
        stored = StoredObject(content, etag, now, upload.content_type, upload.metadata)
        self.keep(name, upload.key, stored)
        return stored

    def abort(self, name: str, upload_id: str) -> None:
        """Forget an upload and its parts."""
        upload = self.find_upload(name, upload_id)
        self.used_bytes -= sum(len(part) for part in upload.parts.values())
        del self.find(name).uploads[upload_id]

    def _take(self, size: int) -> None:
        if size > 0 and self.used_bytes + size > self.max_bytes:
            raise StorageError(403, "QuotaExceeded", f"The account keeps at most {self.max_bytes} bytes")
        self.used_bytes += size
