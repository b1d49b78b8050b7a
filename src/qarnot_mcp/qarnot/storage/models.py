"""What the storage says of buckets and files, bounded and typed."""

from dataclasses import dataclass
from datetime import datetime


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
