"""Let the parts of a log pass undecoded that hold nothing of what is searched for.

Most of a large log matches no search. Its parts are looked at as they came: without a match there, decoded, cleaned
and masked text has none either, as long as it differs from them in nothing but its newlines. An expression often
requires some text: where that is missing, a part need not be prepared to be searched.
"""

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.text.expressions import line_options, load_re2, required_texts
from qarnot_mcp.text.masking import HIDDEN, LogMask
from qarnot_mcp.tools.logs.lines import BATCH_BYTES, MAX_LINE_CHARACTERS, BlockReader, batches, read_parts
from qarnot_mcp.tools.logs.selection import Expression
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


class Skimmer:
    """Tells what a search need not read, and keeps the last `lines` lines of that for what is read next."""

    def __init__(self, search: str, expression: Expression, mask: LogMask, lines: int) -> None:
        self._expression = expression
        self._clues = Clues(search)
        self._is_alone = _ALONE.fullmatch(search) is not None
        is_beside = _BESIDE_BRACKETS.fullmatch(search) is not None and not expression.search(HIDDEN.encode())
        self._mask = LogMask() if is_beside else mask
        self._lines = lines
        self._kept: deque[tuple[LogPart, int]] = deque()
        self._newlines = 0
        self._dropped_newlines: int | None = None
        self._open_line: bytes | None = b""
        """What has come of the line that the next part goes on with; None where that was not plain."""

    def has_no_clue(self, text: str) -> bool:
        """Return whether text has no match once it is cleaned and masked; False where that is not certain."""
        return self._clues.are_missing_in(text.encode("utf-8", "replace"))

    def has_nothing(self, text: str) -> bool:
        """Return whether cleaned text has no match once it is masked; False where that is not certain."""
        return not self._expression.search(text.encode("utf-8", "replace")) and not self._mask.may_hide_in(text)

    def pass_over(self, parts: Sequence[LogPart]) -> Sequence[LogPart]:
        """Let parts pass, up to the first that may hold a match; return that and the others, which are to be read."""
        for index, part in enumerate(parts):
            if not self._passes(part):
                self.go_past(parts[index + 1 :])
                return parts[index:]
            self._keep(part)
        return ()

    def go_past(self, parts: Sequence[LogPart]) -> None:
        """Note parts that are read anyway: the next ones go on with their last line."""
        for part in parts:
            self._with_open_line(part)

    def read_on(self, reader: BlockReader) -> list[LogPart]:
        """Return what was kept, for a reader that is told how many lines have passed before it."""
        if self._dropped_newlines is not None:
            reader.skip(self._dropped_newlines)
        kept = [part for part, _ in self._kept]
        self._kept.clear()
        self._newlines, self._dropped_newlines = 0, None
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
            and not self._expression.search(data)
            and not self._mask.may_hide_in(data.decode())
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

    def _keep(self, part: LogPart) -> None:
        self._kept.append((part, part.newlines))
        self._newlines += self._kept[-1][1]
        # One newline more than lines: the first ends a line whose start is let go of.
        while self._newlines - self._kept[0][1] > self._lines:
            dropped = self._kept.popleft()[1]
            self._newlines -= dropped
            self._dropped_newlines = (self._dropped_newlines or 0) + dropped


async def read_matching(
    parts: AsyncIterator[LogPart],
    reader: BlockReader,
    skimmer: Skimmer,
    may_skim: Callable[[], bool],
    work: LogWork,
    batch_bytes: int = BATCH_BYTES,
) -> tuple[int, bool]:
    """Feed the blocks of a log that may match, and the last ones; return what `read_blocks` does.

    `may_skim` says whether a block without a match is of no interest now.
    """
    async for batch in batches(parts, batch_bytes):
        if may_skim():
            batch = await work.do(partial(skimmer.pass_over, batch))
            if not batch:
                continue
        else:
            skimmer.go_past(batch)
        await read_parts(reader, [*skimmer.read_on(reader), *batch], work)
    await read_parts(reader, skimmer.read_on(reader), work)
    return await work.do(reader.finish)


def _has_long_line(data: bytes) -> bool:
    """Return whether the inside of a JSON string may have a line that is cut."""
    start, most = 0, MAX_LINE_CHARACTERS + len(_NEWLINE)
    while len(data) - start > MAX_LINE_CHARACTERS:
        end = data.rfind(_NEWLINE, start, start + most)
        if end < 0:
            return True
        start = end + len(_NEWLINE)
    return False
