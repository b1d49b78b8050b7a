"""Let the parts of a log pass undecoded that nobody asked for: all but its end, or what holds nothing of a search.

Most of a large log matches no search. Its parts are looked at as they came: without a match there, decoded, cleaned
and masked text has none either, as long as it differs from them in nothing but its newlines. An expression often
requires some text: where that is missing, a part need not be prepared to be searched.
"""

import re
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.text.cleaning import clean_text
from qarnot_mcp.text.expressions import line_options, load_re2, required_texts
from qarnot_mcp.text.masking import HIDDEN, LogMask
from qarnot_mcp.tools.logs.cursor import ANCHOR_LINES, CursorReader
from qarnot_mcp.tools.logs.lines import (
    BATCH_BYTES,
    MAX_LINE_CHARACTERS,
    Block,
    BlockReader,
    Line,
    batches,
    pieces_of,
    read_parts,
)
from qarnot_mcp.tools.logs.selection import Expression, Search, Tail
from qarnot_mcp.tools.logs.work import LogWork

MAX_CLUES = 8
MIN_CLUE_CHARACTERS = 2
MAX_CLUE_CHARACTERS = 8
"""RE2 needs a state for each set of places where a word may be broken off, at most 128 of them."""
# Signs that stand in a cleaned and masked text only where they stood before, but for the word of the mask: cleaning
# removes what begins with no other sign than these, tab and newline, and makes blanks of separators of lines.
_SURE = re.compile(r"[ -Z\\^-~]+")
_REMOVED = r"(?:[^ -~\t\n].*)?"
_BLANK = r"[ \x{2028}\x{2029}]"
_NEWLINE = b"\\n"  # as JSON writes it
_CONTROLS = (*range(32), 127)
# Without ^, $, \b and their kin, which ask for what stands beside a match: here that is no newline.
_ALONE = re.compile(r"(?:\[\^|[^\\^$]|\\[^AbBCQz])*")
# Without what may stand for a bracket, so that no match can reach into a mark for something hidden.
_BESIDE_BRACKETS = re.compile(r"(?:[^\\^$.\[\]]|\\(?:[dsw]|[^A-Za-z0-9\[\]]))*")
MAX_WAITING_BYTES = 2 << 20


class Clues:
    """Expressions of which one is found in each text that a search matches once it is cleaned and masked.

    There are none where they are not easily told, or many: each is looked for by itself, which RE2 does many times as
    fast.
    """

    def __init__(self, search: str) -> None:
        self._expressions = _expressions_for(search)

    def __bool__(self) -> bool:
        return bool(self._expressions)

    def are_missing_in(self, data: bytes) -> bool:
        """Return whether there are some, and a text has none of them."""
        return bool(self) and not any(expression.search(data) for expression in self._expressions)


def _expressions_for(search: str) -> Sequence[Expression]:
    re2, required = load_re2(), required_texts(search)
    if re2 is None or required is None or len(required.texts) > MAX_CLUES:
        return ()
    words = [max(_SURE.findall(text), key=len, default="")[:MAX_CLUE_CHARACTERS] for text in required.texts]
    if any(len(word) < MIN_CLUE_CHARACTERS or word.lower() in HIDDEN for word in words):
        return ()
    flag = "(?i)" if required.ignores_case else ""
    clues = [_REMOVED.join([_BLANK if sign == " " else re.escape(sign) for sign in word]) for word in words]
    return [re2.compile(f"{flag}{clue}".encode(), line_options(re2)) for clue in clues]


class LastParts:
    """The last parts of a log, as many as hold the last `lines` lines whole."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._kept: deque[tuple[LogPart, int]] = deque()
        self._newlines = 0
        self.size = 0
        """How much they hold, in bytes or characters."""

    def __iter__(self) -> Iterator[LogPart]:
        return (part for part, _ in self._kept)

    def add(self, part: LogPart) -> int | None:
        """Take the next part, let go of those before that are not needed, and return their newlines; None for none."""
        self._kept.append((part, part.newlines))
        self._newlines += self._kept[-1][1]
        self.size += part.size
        dropped = None
        # One newline more than lines: the first ends a line whose start is let go of.
        while self._newlines - self._kept[0][1] > self._lines:
            dropped = (dropped or 0) + self._kept[0][1]
            self.take_first()
        return dropped

    def take_first(self) -> LogPart:
        """Take out the first part."""
        part, newlines = self._kept.popleft()
        self._newlines -= newlines
        self.size -= part.size
        return part


class Skimmer:
    """Feeds a search what it has to read of a log, prepared, and of what passes unread the last `lines` lines.

    Parts pass as they came, and blocks where a search looks at text: each is kept until something after it is read.
    """

    def __init__(self, search: str, found: CursorReader[Search], mask: LogMask, lines: int) -> None:
        self._found = found
        self._expression = found.selection.anywhere
        self._clues = Clues(search)
        self._is_alone = _ALONE.fullmatch(search) is not None
        is_beside = _BESIDE_BRACKETS.fullmatch(search) is not None and not self._expression.search(HIDDEN.encode())
        self._mask = mask
        self._matched_mask = LogMask() if is_beside else mask
        """What is hidden where the search may find the mark of it."""
        self._lines = lines
        self._passed = Tail(lines)
        self.last_lines: deque[Line] = deque(maxlen=ANCHOR_LINES + 1)
        """The last lines of the log, prepared; the last of them may have no newline yet."""
        self._kept = LastParts(lines)
        self._dropped_newlines: int | None = None
        self._open_line: bytes | None = b""
        """What has come of the line that the next part goes on with; None where that was not plain."""

    @property
    def may_skim(self) -> bool:
        """Whether a block without a match is of no interest now."""
        return self._found.is_settled and self._found.selection.is_between_matches

    def feed(self, block: Block) -> None:
        """Take the next block, as it came."""
        if self.may_skim and self._clues.are_missing_in(block.text.encode("utf-8", "replace")):
            self._passed.feed(block)
            return
        self.read_passed()
        self._read(block)

    def read_passed(self) -> None:
        """Read the end of the blocks that passed."""
        block, self._passed = self._passed.result().last_lines(self._lines), Tail(self._lines)
        if block.count:
            self._read(block)

    def _read(self, block: Block) -> None:
        cleaned = Block("".join(map(clean_text, pieces_of(block.text))), block.first, block.count)
        if self.may_skim and self._has_nothing(cleaned.text.encode("utf-8", "replace"), cleaned.text):
            cleaned = cleaned.last_lines(self._lines)
        prepared = Block(self._mask.hide(cleaned.text), cleaned.first, cleaned.count)
        self._found.feed(prepared)
        self.last_lines.extend(prepared.end(ANCHOR_LINES + 1))

    def _has_nothing(self, data: bytes, text: str) -> bool:
        """Return whether cleaned text has no match once it is masked; False where that is not certain."""
        return not self._expression.search(data) and not self._matched_mask.may_hide_in(text)

    def pass_over(self, parts: Sequence[LogPart]) -> Sequence[LogPart]:
        """Let parts pass, up to the first that may hold a match; return that and the others, which are to be read."""
        for index, part in enumerate(parts):
            if not self._passes(part):
                self.go_past(parts[index + 1 :])
                return parts[index:]
            if (dropped := self._kept.add(part)) is not None:
                self._dropped_newlines = (self._dropped_newlines or 0) + dropped
        return ()

    def go_past(self, parts: Sequence[LogPart]) -> None:
        """Note parts that are read anyway: the next ones go on with their last line."""
        for part in parts:
            self._with_open_line(part)

    def read_on(self, reader: BlockReader) -> list[LogPart]:
        """Return what was kept, for a reader that is told how many lines have passed before it."""
        if self._dropped_newlines is not None:
            reader.skip(self._dropped_newlines)
        kept, self._kept, self._dropped_newlines = list(self._kept), LastParts(self._lines), None
        return kept

    def _passes(self, part: LogPart) -> bool:
        is_known = self._open_line is not None
        data = self._with_open_line(part)
        if not data or not is_known or not data.isascii() or _has_long_line(data):
            return False
        if self._clues:
            return self._clues.are_missing_in(data)
        return (
            self._is_alone
            and not any(control in data for control in _CONTROLS)
            and self._has_nothing(data, data.decode())
        )

    def _with_open_line(self, part: LogPart) -> bytes:
        """Return a plain part behind the line that it goes on with, else nothing."""
        if not part.plain:
            self._open_line = None
            return b""
        data = (self._open_line or b"") + part.plain
        end = data.rfind(_NEWLINE)
        if end >= 0:
            self._open_line = data[end + len(_NEWLINE) :]
        elif self._open_line is not None:
            self._open_line = data if len(data) <= MAX_LINE_CHARACTERS else None
        return data


async def read_matching(
    parts: AsyncIterator[LogPart], reader: BlockReader, skimmer: Skimmer, work: LogWork, batch_bytes: int = BATCH_BYTES
) -> tuple[int, bool]:
    """Feed the blocks of a log that may match, and the last ones; return what `read_blocks` does."""
    async for batch in batches(parts, batch_bytes):
        if skimmer.may_skim:
            batch = await work.do(partial(skimmer.pass_over, batch))
            if not batch:
                continue
        else:
            skimmer.go_past(batch)
        await read_parts(reader, [*skimmer.read_on(reader), *batch], work)
    await read_parts(reader, skimmer.read_on(reader), work)
    ended = await work.do(reader.finish)
    await work.do(skimmer.read_passed)
    return ended


def _has_long_line(data: bytes) -> bool:
    """Return whether the inside of a JSON string may have a line that is cut."""
    start, most = 0, MAX_LINE_CHARACTERS + len(_NEWLINE)
    while len(data) - start > MAX_LINE_CHARACTERS:
        end = data.rfind(_NEWLINE, start, start + most)
        if end < 0:
            return True
        start = end + len(_NEWLINE)
    return False


async def read_end(
    parts: AsyncIterator[LogPart], lines: int, work: LogWork, max_waiting_bytes: int = MAX_WAITING_BYTES
) -> tuple[Tail, int, bool]:
    """Read the last lines of a log, not yet prepared, and return what `read_blocks` does beside them.

    The parts before them are counted, not decoded.
    """
    waiting, tail = LastParts(lines), Tail(lines)
    reader = BlockReader(tail.feed)
    async for part in parts:
        if part.is_broken:
            await work.do(part.repair)
        if (dropped := waiting.add(part)) is not None:
            tail = Tail(lines)
            reader = BlockReader(tail.feed, reader.total_lines + dropped)
        # So much without enough lines: they are long, and the reader cuts them.
        while waiting.size > max_waiting_bytes:
            await work.do(partial(_feed, reader, waiting.take_first()))
    for part in waiting:
        await work.do(partial(_feed, reader, part))
    return tail, *reader.finish()


def _feed(reader: BlockReader, part: LogPart) -> None:
    reader.feed(part.text)
