"""What the API said a moment ago, kept for each key apart, in bounded memory."""

import hashlib
import secrets
from collections import OrderedDict
from typing import TypeVar

from qarnot_mcp.qarnot.http.retries import Clock

KEPT_SECONDS = 60.0
KEPT_ENTRIES = 1024

T = TypeVar("T")


class Cache:
    """Answers that change rarely (profiles, the account), each kept for a minute; the oldest make room.

    Entries belong to the digest of a key. The digest is salted for each process, so that it tells nothing outside.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._entries: OrderedDict[tuple[str, str], tuple[float, object]] = OrderedDict()

    def owner(self, key: str) -> str:
        """Return the digest under which the entries of a key are kept."""
        return hashlib.blake2b(key.encode(), key=self._salt, digest_size=16).hexdigest()

    def get(self, owner: str, name: str, kind: type[T]) -> T | None:
        """Return what was kept, or none where there is nothing or it is too old."""
        ends, value = self._entries.get((owner, name), (0.0, None))
        return value if isinstance(value, kind) and self._clock() < ends else None

    def put(self, owner: str, name: str, value: T) -> T:
        """Keep a value in place of what was there, and answers it."""
        self._entries.pop((owner, name), None)
        self._entries[owner, name] = (self._clock() + KEPT_SECONDS, value)
        if len(self._entries) > KEPT_ENTRIES:
            self._entries.popitem(last=False)
        return value
