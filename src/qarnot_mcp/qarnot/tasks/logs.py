"""A log body, decoded while it arrives: never more of it in memory than one part."""

import codecs
import json
import re
from collections.abc import AsyncIterator
from functools import cache

from pydantic_core import from_json

from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.http.responses import StreamedResponse
from qarnot_mcp.text.expressions import load_re2

# What may be the start of an escape, or of a surrogate pair, that the next part completes.
_OPEN_ESCAPE = re.compile(rb"\\(?:u(?:[0-9A-Fa-f]{0,3}|[dD][89abAB][0-9A-Fa-f]{2}(?:\\(?:u[0-9A-Fa-f]{0,3})?)?))?\Z")
_LONGEST_OPEN_ESCAPE = 11
_LONGEST_NULL = 64
_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_ESCAPE = re.compile(r'(\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt]))|\\')
_BLANK = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LogPart:
    """Some of the text of a log, never a half character.

    What needs no care (no escape but that of the newline) stays as it came until somebody reads it: to decode a long
    log takes twice the time of downloading it, and of most logs only the end is read.
    """

    __slots__ = ("_raw", "_text", "is_broken")

    def __init__(self, text: str = "", raw: bytes = b"", *, is_broken: bool = False) -> None:
        self._text = text
        self._raw = raw
        self.is_broken = is_broken
        """Whether it is not quite JSON; to read it takes milliseconds then, unless `repair` was called."""

    @property
    def text(self) -> str:
        """The text, decoded anew each time."""
        if not self._raw:
            return self._text
        if self.is_broken:
            return _repaired(self._raw)
        try:
            return _parsed(self._raw)
        except ValueError:
            return _repaired(self._raw)

    @property
    def plain(self) -> bytes:
        """Its bytes as they came, the inside of a JSON string, where they need no care; else nothing."""
        return b"" if self.is_broken else self._raw

    def repair(self) -> None:
        """Decode what is broken, and keep its text."""
        self._text, self._raw, self.is_broken = _repaired(self._raw), b"", False

    @property
    def newlines(self) -> int:
        """How many newlines are in it."""
        return self._raw.count(b"\\") if self._raw and not self.is_broken else self.text.count("\n")

    @property
    def size(self) -> int:
        """How much it holds, in bytes or characters."""
        return len(self._raw) or len(self._text)


class LogDecoder:
    """Decode a body that comes in parts: a JSON string, or plain text.

    The API sends one JSON string. Other kinds are told apart by their first character: what does not start with a
    quote is plain text, and so is all that calls itself `text/plain`. `null` and an empty body are an empty log.
    """

    def __init__(self, content_type: str = "application/json") -> None:
        self._is_plain = content_type.lower().startswith("text/plain")
        self._is_started = self._is_plain
        self._is_closed = False
        self._rest = b""
        self._plain = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, part: bytes) -> LogPart:
        """Return the text of a further part; what its end leaves open waits for the next."""
        if self._is_plain:
            return LogPart(self._plain.decode(part))
        data = self._rest + part if self._rest else part
        self._rest = b""
        if not self._is_started:
            data = data.removeprefix(_BYTE_ORDER_MARK).lstrip(_BLANK)
            if len(data) <= _LONGEST_NULL and b"null".startswith(data.rstrip(_BLANK)):
                self._rest = data
                return LogPart()
            self._is_started = True
            if not data.startswith(b'"'):
                return LogPart(self._go_on_plain(data))
            data = data[1:]
        return LogPart(self._after(data)) if self._is_closed else self._inside(data)

    def finish(self) -> LogPart:
        """Return what was left at the end of the body; raises `UnreadableResponse` where the string was not closed."""
        if self._is_plain:
            return LogPart(self._plain.decode(b"", True))
        if self._is_started and not self._is_closed:
            raise UnreadableResponse("the log breaks off before its end")
        rest = self._rest.strip(_BLANK)
        return LogPart("" if rest == b"null" else rest.decode())

    def _inside(self, data: bytes) -> LogPart:
        if _ends_with_quote(data):
            head, self._is_closed = data[:-1], True
        else:
            kept = _length_of_whole(data)
            head, self._rest = data[:kept], data[kept:]
        if _has_only_newlines(head):
            return LogPart(raw=head)
        try:
            return LogPart(_parsed(head))
        except ValueError:
            # Rubbish in the text, or the closing quote with something behind it.
            string = _STRING.match(data)
            if string is None:
                return LogPart(raw=head, is_broken=True)
            self._is_closed, self._rest = True, b""
            return LogPart(_repaired(data[: string.end() - 1]) + self._after(data[string.end() :]))

    def _after(self, data: bytes) -> str:
        """Take what follows the closing quote; more than blanks means that it was plain text all along."""
        return self._go_on_plain(b'"' + data) if data.strip(_BLANK) else ""

    def _go_on_plain(self, data: bytes) -> str:
        self._is_plain = True
        return self._plain.decode(data)


class LogStream:
    """The text of a log in parts, as it arrives; go through it once.

    `cut` tells, afterwards, whether the log is longer than `max_bytes`, so that its end was not read. Raises
    `ApiUnavailable` where the connection breaks on the way.
    """

    def __init__(self, response: StreamedResponse, max_bytes: int) -> None:
        self.cut = False
        self._incoming = response
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[LogPart]:
        """Return the parts; none is empty."""
        decoder = LogDecoder(self._incoming.headers.get("content-type", ""))
        size = 0
        async for part in self._incoming.chunks():
            size += len(part)
            if size > self._max_bytes:
                self.cut = True
                part = part[: len(part) - (size - self._max_bytes)]
            if (decoded := decoder.feed(part)).size:
                yield decoded
            if self.cut:
                return
        if (decoded := decoder.finish()).size:
            yield decoded


def _ends_with_quote(data: bytes) -> bool:
    """Whether the last byte is a quote that no backslash escapes."""
    if not data.endswith(b'"'):
        return False
    before = data[:-1]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 0


def _length_of_whole(data: bytes) -> int:
    """Return how much of a part can be decoded: its end may be half an escape, surrogate pair or UTF-8 sequence."""
    start = max(0, len(data) - _LONGEST_OPEN_ESCAPE)
    while match := _OPEN_ESCAPE.search(data, start):
        before = data[: match.start()]
        if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
            return match.start()
        start = match.start() + 1
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if needed > back else len(data)
        if byte < 0x80:
            break
    return len(data)


def _has_only_newlines(inside: bytes) -> bool:
    """Whether the inside of a JSON string has no other escape than that of the newline, and no quote."""
    return inside.find(b'"') < 0 and inside.find(b"\n") < 0 and _other_escape().search(inside) is None


@cache
def _other_escape() -> "re.Pattern[bytes]":
    """Return the expression for an escape of something else than a newline."""
    # RE2 skips from one candidate to the next several times as fast as `re` does.
    expression: re.Pattern[bytes] = (load_re2() or re).compile(rb"\\[^n]")
    return expression


def _parsed(inside: bytes) -> str:
    """Decode the inside of a JSON string; raises `ValueError` where it is none."""
    text: str = from_json(b'"' + inside + b'"', cache_strings="none")
    return text


def _repaired(inside: bytes) -> str:
    """Decode the inside of a JSON string that is not quite one: what is wrong in it becomes U+FFFD or stays as is."""
    text = inside.decode("utf-8", "replace")
    try:
        decoded: str = json.loads(f'"{text}"', strict=False)
    except ValueError:
        mended = _ESCAPE.sub(lambda match: match[1] or "\\\\", text)
        decoded = json.loads(f'"{mended}"', strict=False)
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
