"""A zip that is sent while it is made: of all that it holds, memory keeps one piece and the names."""

import re
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_NAME_CHARACTERS = 200
FIRST_YEAR, LAST_YEAR = 1980, 2107
"""The years that a zip can tell."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2066-\u2069<>:"|?*]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")


@dataclass(frozen=True)
class ZippedFile:
    """A file to put into a zip."""

    path: str
    modified: datetime | None
    pieces: AsyncGenerator[bytes, None]


async def zip_stream(files: AsyncIterator[ZippedFile]) -> AsyncGenerator[bytes, None]:
    """Yield a zip of files, uncompressed, under safe names; larger ones than 4 GiB are no difference."""
    sink = _Sink()
    taken: dict[str, int] = {}
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        async for file in files:
            entry = zipfile.ZipInfo(unused_name(safe_name(file.path), taken), _date(file.modified))
            async with aclosing(file.pieces) as pieces:
                with archive.open(entry, "w", force_zip64=True) as target:
                    async for piece in pieces:
                        target.write(piece)
                        yield sink.take()
    yield sink.take()


def safe_name(path: str) -> str:
    """Return a name that unpacks below the folder it is unpacked in, on every system, whatever a stranger chose."""
    parts = []
    for part in _UNSAFE.sub("_", path.replace("\\", "/")).split("/"):
        kept = part.strip().rstrip(".")[:MAX_NAME_CHARACTERS]
        if kept:
            parts.append(f"_{kept}" if _DEVICES.match(kept) else kept)
    return "/".join(parts) or "file"


def unused_name(name: str, taken: dict[str, int]) -> str:
    """Return the name, with a number where it is taken; systems that do not tell cases apart are thought of.

    `taken` holds the last number of each name.
    """
    stem, dot, ending = name.rpartition(".") if "." in name.rpartition("/")[2] else (name, "", "")
    unused = name
    while unused.casefold() in taken:
        taken[name.casefold()] += 1
        unused = f"{stem} ({taken[name.casefold()]}){dot}{ending}"
    taken[unused.casefold()] = 1
    return unused


def _date(modified: datetime | None) -> tuple[int, int, int, int, int, int]:
    moment = (modified or datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)).astimezone(UTC)
    year = min(max(moment.year, FIRST_YEAR), LAST_YEAR)
    return (year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


class _Sink:
    """What the archive writes into; it cannot seek, so the archive says sizes behind each file."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, content: bytes, /) -> int:
        self._written += content
        return len(content)

    def flush(self) -> None:
        """Keep what is written until it is taken."""

    def close(self) -> None:
        """Do nothing: what is written is still taken."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
