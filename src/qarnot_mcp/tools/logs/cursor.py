"""Where reading a log goes on: a line's number, and a digest that tells whether the log has rotated since.

The platform keeps the newest part of a log. Once the oldest lines are gone, the numbers of all others shrink: the
digest of the last lines that were shown finds the place again.
"""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Self, TypeVar

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.tasks.vocabulary import LOG_TYPES, LogType
from qarnot_mcp.tools.logs.lines import Block, Line
from qarnot_mcp.tools.logs.selection import Selection

ANCHOR_LINES = 3
"""One line is often said twice ("done"); three in a row seldom are."""

CURSOR_SEPARATOR = "+"

SelectionT = TypeVar("SelectionT", bound=Selection)

_CURSOR = re.compile(r"(stdout|stderr)\.(all|\d{1,10})\.(\d{1,12})(?:-(\d{1,12})|\.(\d{1,7})\.([0-9a-f]{8}))?")


@dataclass(frozen=True)
class LogCursor:
    """The line to read next, and what the lines before it were, where that is known."""

    log: str
    line: int
    anchor_characters: int | None = None
    anchor_digest: str = ""
    last_line: int | None = None
    """Where to stop reading, for a part between two that are known; none reads on to the end."""

    @classmethod
    def parse(cls, given: str, log: str) -> Self:
        """Read a cursor of an earlier answer about this log; raises InvalidArgument."""
        match = _CURSOR.fullmatch(given.strip())
        if match is None or int(match[3]) < 1:
            raise InvalidArgument(
                "cursor", given, "the cursor of an earlier answer, unchanged", "Leave it out to start."
            )
        if f"{match[1]}.{match[2]}" != log:
            hint = "Use a cursor with the log_type and instance_id of the answer that it came with."
            raise InvalidArgument("cursor", given, f"a cursor of this log, which starts with {log}", hint)
        last_line, anchor_characters = (int(text) if text else None for text in match.group(4, 5))
        return cls(log, int(match[3]), anchor_characters, match[6] or "", last_line)

    @classmethod
    def after(cls, log: str, lines: Sequence[Line]) -> Self:
        """Make the cursor that reads on after the last of these lines."""
        if not lines:
            return cls(log, 1)
        last = lines[-1]
        texts = [line.text for line in lines[-min(ANCHOR_LINES, last.number) :]]
        if len(texts) < min(ANCHOR_LINES, last.number):
            return cls(log, last.number + 1)
        return cls(log, last.number + 1, len(last.text), _digest(texts))

    def __str__(self) -> str:
        place = f"{self.log}.{self.line}"
        if self.last_line is not None:
            return f"{place}-{self.last_line}"
        return place if self.anchor_characters is None else f"{place}.{self.anchor_characters}.{self.anchor_digest}"


def join_cursors(cursors: Mapping[LogType, str | None]) -> str | None:
    """Return the cursors of both logs as one, or None where one of them has none."""
    given = [cursors.get(log_type) for log_type in LOG_TYPES]
    return CURSOR_SEPARATOR.join(filter(None, given)) if all(given) else None


def split_cursors(given: str) -> dict[LogType, str]:
    """Return the cursor of each log out of one of both; raises InvalidArgument."""
    parts = given.strip().split(CURSOR_SEPARATOR)
    if len(parts) != len(LOG_TYPES) or not all(parts):
        hint = "Use a cursor with the log_type and instance_id of the answer that it came with."
        raise InvalidArgument("cursor", given, "a cursor of both logs, unchanged", hint)
    return dict(zip(LOG_TYPES, parts, strict=True))


class Position(Enum):
    """Where the line of a cursor was found."""

    SAME = "same"
    SHIFTED = "shifted"
    LOST = "lost"


class CursorReader(Generic[SelectionT]):
    """Feeds a selection with what follows a cursor, wherever that is by now, in one pass.

    A line that looks like the anchor but comes earlier is taken until the line at the cursor's own number proves
    right; where neither is found, everything that is left follows.
    """

    def __init__(self, cursor: LogCursor, make: Callable[[], SelectionT]) -> None:
        self._cursor = cursor
        self._make = make
        self._window: list[str] = []
        self.is_settled = cursor.line == 1
        """Whether all that comes now follows the cursor."""
        self.selection = make()
        self.position = Position.SAME if self.is_settled or cursor.anchor_characters is None else Position.LOST
        self.shifted_lines = 0
        self.before: list[str] = []
        """The last lines before what the selection got."""
        self._seen = 0

    def feed(self, block: Block) -> None:
        """Take the next block, of prepared text."""
        if self.is_settled:
            self.selection.feed(block)
            return
        anchor = self._cursor.line - 1
        self.is_settled = block.last >= anchor
        texts = [*self._window, *block.text.split("\n")[:-1]]
        if self._cursor.anchor_characters is None:
            found = anchor if self.is_settled else 0
        else:
            found = self._find(texts, block.first - len(self._window), anchor)
        if found:
            kept = found - block.first + len(self._window) + 1
            self.before = texts[max(0, kept - ANCHOR_LINES) : kept]
            self.position = Position.SAME if found == anchor else Position.SHIFTED
            self.shifted_lines = anchor - found
            self.selection = self._make()
        self._window = texts[-ANCHOR_LINES:]
        if self._cursor.anchor_characters is not None or found:
            self.selection.feed(block.after(found))

    def _find(self, texts: list[str], first: int, anchor: int) -> int:
        """Return the number of the line that the cursor was made after, or 0 where it is not among these."""
        found = 0
        for number, text in enumerate(texts[: anchor - first + 1], first):
            if len(text) != self._cursor.anchor_characters or number <= self._seen:
                continue
            if number == anchor or (self.position is Position.LOST and not found):
                last = number - first + 1
                if _digest(texts[max(0, last - min(ANCHOR_LINES, anchor)) : last]) == self._cursor.anchor_digest:
                    found = number
        self._seen = first + len(texts) - 1
        return found


def _digest(texts: Sequence[str]) -> str:
    return f"{zlib.crc32(chr(10).join(texts).encode('utf-8', 'replace')):08x}"
