"""What is kept of a log while it streams by: its end, what matches a search, what follows a line, or some instances.

Each selection is fed blocks and keeps a bounded part of them. Only a selection that must look at every line takes
prepared blocks (cleaned, secrets hidden); the end of a log is prepared once it is known.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.text.expressions import WITHOUT_RE2, line_options, load_re2, plain_text_of
from qarnot_mcp.tools.logs.lines import Block, Line, numbered

MAX_KEPT_CHARACTERS = 1 << 20
MAX_INSTANCE_LINES = 500
MAX_PROGRAM_SIZE = 4000
"""In steps of RE2. Where it gives up its table of states it goes through all of them for each character: an expression
with a repetition such as .{0,900} has some ten thousand, and took 2 s for 256 KiB."""
_NOT_BY_LINE = re.compile(r"(?<!\\)(?:\\\\)*\\[Az]|\(\?[a-zA-Z]*-[a-zA-Z]*m")


class Expression(Protocol):
    """A compiled expression of RE2."""

    def search(self, text: bytes) -> re.Match[bytes] | None:
        """Find the first match."""

    def finditer(self, text: bytes) -> Iterator[re.Match[bytes]]:
        """Find all matches in order."""


class Selection(Protocol):
    """Takes the blocks of a log in order."""

    def feed(self, block: Block) -> None:
        """Take the next block."""


class Tail:
    """The last lines of a log."""

    def __init__(self, lines: int, max_characters: int = MAX_KEPT_CHARACTERS) -> None:
        self._lines = lines
        self._max_characters = max_characters
        self._blocks: deque[Block] = deque()
        self._kept_lines = 0
        self._kept_characters = 0

    def feed(self, block: Block) -> None:
        """Take the next block and let go of the oldest ones that are not needed."""
        blocks = self._blocks
        blocks.append(block)
        self._kept_lines += block.count
        self._kept_characters += len(block.text)
        while (
            self._kept_lines - blocks[0].count >= self._lines
            or self._kept_characters - len(blocks[0].text) >= self._max_characters
        ):
            dropped = blocks.popleft()
            self._kept_lines -= dropped.count
            self._kept_characters -= len(dropped.text)

    def result(self) -> Block:
        """Return as one block what is kept: the wanted lines, and some before them, numbered from its end."""
        if not self._blocks:
            return Block("", 1, 0)
        text = "".join([block.text for block in self._blocks])
        return Block(text, self._blocks[-1].last - self._kept_lines + 1, self._kept_lines)


class Head:
    """The first lines of what it is fed, until they have enough characters."""

    def __init__(self, max_characters: int = MAX_KEPT_CHARACTERS) -> None:
        self._room = max_characters
        self.lines: list[Line] = []

    def feed(self, block: Block) -> None:
        """Take the next block while there is room."""
        if self._room > 0:
            self._room -= len(block.text)
            self.lines.extend(numbered(block.text.split("\n")[:-1], block.first))


@dataclass(frozen=True, slots=True)
class Match:
    """A line that matches, or one that stands near it."""

    line: Line
    matches: bool


class Search:
    """The first lines that match a regular expression, with the lines around them, and how many match in all.

    The expression is matched line by line, in linear time (RE2: no look-around, no back-references).
    """

    def __init__(self, expression: str, context_lines: int, max_characters: int) -> None:
        self.anywhere, self._lines = compile_search(expression)
        self._context = context_lines
        self._room = max_characters
        self._before: deque[Line] = deque(maxlen=context_lines)
        self._wanted_after = 0
        self.found: list[Match] = []
        self.matches = 0

    @property
    def is_between_matches(self) -> bool:
        """Whether lines without a match are of no interest now, but for the last ones before a match."""
        return self._room <= 0 or not self._wanted_after

    def feed(self, block: Block) -> None:
        """Take the next block, of prepared text."""
        data = block.text.encode("utf-8", "replace")
        has_match = self.anywhere.search(data) is not None
        if self._room > 0 and (has_match or self._wanted_after):
            self._collect(block, self._matching_numbers(data, block.first))
        elif has_match:
            self.matches += sum(1 for match in self._lines.finditer(data) if match.start() < len(data))
        else:
            self._remember(block)

    def _matching_numbers(self, data: bytes, number: int) -> set[int]:
        numbers: set[int] = set()
        position = 0
        for match in self._lines.finditer(data):
            if match.start() < len(data):
                number += data.count(b"\n", position, match.start())
                position = match.start()
                numbers.add(number)
        return numbers

    def _collect(self, block: Block, matching: set[int]) -> None:
        self.matches += len(matching)
        for line in numbered(block.text.split("\n")[:-1], block.first):
            is_match = line.number in matching
            if is_match and (self._room > 0 or self._wanted_after):
                self._keep_match(line)
            elif self._wanted_after:
                self._wanted_after -= 1
                self._keep(Match(line, matches=False))
            else:
                self._before.append(line)

    def _keep_match(self, line: Line) -> None:
        for earlier in self._before:
            self._keep(Match(earlier, matches=False))
        self._before.clear()
        self._wanted_after = self._context if self._room > 0 else self._wanted_after - 1
        self._keep(Match(line, matches=True))

    def _keep(self, match: Match) -> None:
        self._room -= len(match.line.text) + 1
        self.found.append(match)

    def _remember(self, block: Block) -> None:
        if self._context and self._room > 0:
            self._before.extend(block.end(self._context))


@dataclass
class InstanceTail:
    """The last lines that one instance wrote into a log of all instances."""

    lines: deque[Line]
    total: int = 0


class InstanceTails:
    """The last lines of a few instances, and of all the others together, out of a log with instance prefixes."""

    def __init__(self, instance_ids: Sequence[int], tail_lines: int, others: Tail) -> None:
        self.others = others
        most = min(tail_lines, MAX_INSTANCE_LINES)
        self.of = {number: InstanceTail(deque(maxlen=most)) for number in instance_ids}
        self._prefix = re.compile(rf"^ *({'|'.join(map(str, instance_ids))})> ", re.MULTILINE)

    def feed(self, block: Block) -> None:
        """Take the next block; the lines of the chosen instances go to their own tails."""
        text = block.text
        number, position = block.first, 0
        rest: list[str] = []
        for match in self._prefix.finditer(text):
            number += text.count("\n", position, match.start())
            rest.append(text[position : match.start()])
            position = text.index("\n", match.end()) + 1
            tail = self.of[int(match[1])]
            tail.lines.append(Line(number, text[match.start() : position - 1]))
            tail.total += 1
            number += 1
        other = "".join([*rest, text[position:]]) if rest else text
        if other:
            self.others.feed(Block(other, block.first, other.count("\n")))


def compile_search(expression: str) -> tuple[Expression, Expression]:
    """Return the expression twice: to find out quickly whether a block matches at all, and to find its lines.

    Raises `InvalidArgument` for what is no expression of RE2.
    """
    if _NOT_BY_LINE.search(expression):
        raise InvalidArgument("search", expression, "an expression for one line, with ^ and $ for its ends")
    if (re2 := load_re2()) is None:
        return _compile_plain(expression)
    options = line_options(re2)
    try:
        anywhere = re2.compile(f"(?m)(?:{expression})".encode(), options)
        if anywhere.programsize > MAX_PROGRAM_SIZE:
            hint = "Make its repetitions shorter, such as .{0,100} for .{0,900}, or use .* for them."
            raise InvalidArgument("search", expression, "an expression that is cheaper to search for", hint)
        return anywhere, re2.compile(f"(?m)^.*(?:{expression}).*$".encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = str(error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error)
        # It ends with the expression as it was compiled, which is not the one that was given.
        reason = reason.rpartition(": ")[0] or reason
        valid = "a regular expression in the syntax of RE2, which has no look-around and no back-references"
        raise InvalidArgument("search", expression, valid, f"It says: {reason}.") from None


def _compile_plain(expression: str) -> tuple[Expression, Expression]:
    plain = plain_text_of(expression)
    try:
        if plain is not None:
            return plain.compile()
    except UnicodeEncodeError:
        pass  # half a surrogate pair is no text
    raise InvalidArgument("search", expression, "plain text", WITHOUT_RE2)
