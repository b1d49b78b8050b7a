"""The lines of a log, out of chunks of text that break anywhere, in bounded memory."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.tools.logs.work import LogWork

MAX_LINE_CHARACTERS = 16_384
"""A longer line keeps its first and its last part; the middle is dropped while it streams."""

PIECE_CHARACTERS = 1 << 16
"""What is worked on at a time: an expression holds up all others in Python until it is through with its text."""

BATCH_BYTES = 1 << 19
"""What is looked through at a time: a step to another thread takes as long as a part of it does."""

_MARK_CHARACTERS = 48


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log: its number, from 1, and its text without the newline."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of a log, each ended by a newline."""

    text: str
    first: int
    """The number of the first line."""
    count: int

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.first + self.count - 1

    def end(self, lines: int) -> list[Line]:
        """Return its last lines, as many as are asked for or as there are."""
        texts = self.text.rsplit("\n", lines + 1)[-lines - 1 : -1]
        return numbered(texts, self.last - len(texts) + 1)

    def last_lines(self, lines: int) -> "Block":
        """Return its end as a block of its own."""
        kept = self.end(lines)
        return Block("".join(f"{line.text}\n" for line in kept), self.last - len(kept) + 1, len(kept))

    def after(self, number: int) -> "Block":
        """Return the lines after the one of this number."""
        dropped = max(0, number - self.first + 1)
        lines = self.text.split("\n")[dropped:]
        return Block("\n".join(lines), self.first + dropped, len(lines) - 1)


class LineReader:
    """Turns chunks into blocks of whole lines, none longer than the limit, however the chunks break.

    Of a line over the limit that was overwritten with ``\\r`` (a progress bar) only the last state counts.
    """

    def __init__(self, max_line_characters: int = MAX_LINE_CHARACTERS) -> None:
        self._limit = max_line_characters
        self._is_over = False
        self._head = ""
        self._dropped = 0
        self._tail = ""

    def feed(self, chunk: str) -> str:
        """Return the lines that the chunk completes, each ended by a newline."""
        first_end = chunk.find("\n")
        if first_end < 0:
            self._keep(chunk)
            return ""
        last_end = chunk.rfind("\n")
        self._keep(chunk[:first_end])
        first_line = self.finish()
        self._keep(chunk[last_end + 1 :])
        return f"{first_line}\n{self._bounded(chunk[first_end + 1 : last_end + 1])}"

    def finish(self) -> str:
        """Return the line that no newline has ended so far, and forget it."""
        mark = _cut_mark(self._dropped) if self._dropped else ""
        line = f"{self._head}{mark}{self._tail}"
        self._is_over, self._head, self._dropped, self._tail = False, "", 0, ""
        return line

    def _keep(self, part: str) -> None:
        tail = self._tail + part
        if self._is_over or len(tail) > self._limit:
            self._is_over = True
            overwritten = tail.rstrip("\r").rfind("\r") + 1
            if overwritten:
                tail, self._head, self._dropped = tail[overwritten:], "", 0
            end_characters = (self._limit - _MARK_CHARACTERS) // 2
            if not self._head and len(tail) > self._limit:
                self._head, tail = tail[:end_characters], tail[end_characters:]
            if self._head and len(tail) > end_characters:
                self._dropped += len(tail) - end_characters
                tail = tail[-end_characters:]
        self._tail = tail

    def _bounded(self, block: str) -> str:
        if not _has_longer_line(block, self._limit):
            return block
        return "\n".join([_bounded_line(line, self._limit) for line in block.split("\n")])


class BlockReader:
    """Feeds a selection the blocks of a log, and counts its lines.

    `lines_before` are lines that nobody wants to see: the text that is fed first goes on in the line after them, which
    nobody wants either.
    """

    def __init__(self, feed: Callable[[Block], None], lines_before: int = 0) -> None:
        self._feed = feed
        self._lines = LineReader()
        self._is_inside_unwanted = lines_before > 0
        self.total_lines = lines_before
        """How many lines have ended."""

    def feed(self, chunk: str) -> None:
        """Take the next text."""
        if self._is_inside_unwanted:
            _, end, chunk = chunk.partition("\n")
            if not end:
                return
            self._is_inside_unwanted = False
            self.total_lines += 1
        if text := self._lines.feed(chunk):
            count = text.count("\n")
            self._feed(Block(text, self.total_lines + 1, count))
            self.total_lines += count

    def skip(self, lines: int) -> None:
        """Let lines pass, and what came of the one before: the next text goes on in the line after them."""
        self._lines.finish()
        self._is_inside_unwanted = True
        self.total_lines += lines

    def finish(self) -> tuple[int, bool]:
        """Return the number of lines, and whether the last one has its newline."""
        open_line = self._lines.finish()
        if open_line:
            self.total_lines += 1
            self._feed(Block(f"{open_line}\n", self.total_lines, 1))
        return self.total_lines, not open_line


async def read_blocks(parts: AsyncIterator[LogPart], feed: Callable[[Block], None], work: LogWork) -> tuple[int, bool]:
    """Feed the blocks of a log, and answer its number of lines and whether the last one has its newline."""
    reader = BlockReader(feed)
    async for batch in batches(parts):
        await read_parts(reader, batch, work)
    return await work.do(reader.finish)


async def read_parts(reader: BlockReader, parts: Iterable[LogPart], work: LogWork) -> None:
    """Feed parts of a log, piece by piece."""
    texts = (part.text for part in parts)
    await work.do_all(
        partial(reader.feed, text[start : start + PIECE_CHARACTERS])
        for text in texts
        for start in range(0, len(text), PIECE_CHARACTERS)
    )


async def batches(parts: AsyncIterator[LogPart], batch_bytes: int = BATCH_BYTES) -> AsyncIterator[Sequence[LogPart]]:
    """Yield parts some at a time: all of a batch are plain, or none is."""
    batch, size = list[LogPart](), 0
    async for part in parts:
        if batch and (size >= batch_bytes or bool(part.plain) != bool(batch[0].plain)):
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += part.size
    if batch:
        yield batch


def pieces_of(text: str) -> Iterator[str]:
    """Yield the text in pieces of whole lines, each of some 64,000 characters where its lines are not longer."""
    start = 0
    while len(text) - start > PIECE_CHARACTERS:
        end = text.rfind("\n", start, start + PIECE_CHARACTERS) + 1
        if not end:
            break
        yield text[start:end]
        start = end
    yield text[start:]


def cut_middle(line: str, limit: int) -> str:
    """Return a line of at most `limit` characters (60 or more), cut in the middle, with a mark that says how much."""
    if len(line) <= limit:
        return line
    kept = limit - _MARK_CHARACTERS
    end = kept // 3
    return f"{line[: kept - end]}{_cut_mark(len(line) - kept)}{line[len(line) - end :]}"


def numbered(texts: Iterable[str], first: int) -> list[Line]:
    """Return lines with their numbers, counted from `first`."""
    return [Line(number, text) for number, text in enumerate(texts, first)]


def _cut_mark(characters: int) -> str:
    return f"[... {characters:,} characters cut ...]"


def _has_longer_line(block: str, limit: int) -> bool:
    """Return whether a line is over the limit, looking at one newline for each `limit` characters."""
    start = 0
    while len(block) - start > limit:
        end = block.rfind("\n", start, start + limit + 1)
        if end < 0:
            return True
        start = end + 1
    return False


def _bounded_line(line: str, limit: int) -> str:
    if len(line) <= limit:
        return line
    reader = LineReader(limit)
    reader._keep(line)
    return reader.finish()
