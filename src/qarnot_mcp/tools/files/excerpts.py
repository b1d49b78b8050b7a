"""Parts of a text file: its end, its start, bytes from an offset, and the lines that match a search."""

import codecs
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from qarnot_mcp.text.cleaning import clean_text
from qarnot_mcp.tools.answers import first_within, json_length
from qarnot_mcp.tools.files.content import encoding_of
from qarnot_mcp.tools.logs.lines import PIECE_CHARACTERS, Block, BlockReader, cut_middle
from qarnot_mcp.tools.logs.selection import Search
from qarnot_mcp.tools.logs.skim import Clues
from qarnot_mcp.tools.logs.work import LogWork

LINE_PART = 8


@dataclass(frozen=True)
class Excerpt:
    """A part of a text, ready to show."""

    text: str | None
    start_byte: int | None = None
    next_offset: int | None = None
    matches: int | None = None
    left_out: str = ""


def last_lines(text: str, start: int, most_lines: int, most_characters: int) -> Excerpt:
    """Return the end of a text that was read from the byte `start` on; a line that is cut there is left out."""
    lines = clean_text(text).removesuffix("\n").split("\n")
    if start > 0 and len(lines) > 1:
        lines = lines[1:]
    cut = (cut_middle(line, max(60, most_characters // LINE_PART)) for line in reversed(lines[-most_lines:]))
    kept = first_within(cut, most_characters, json_length)
    is_whole = start == 0 and len(kept) == len(lines)
    return Excerpt("\n".join(reversed(kept)), left_out="" if is_whole else f"These are the last {len(kept):,} lines.")


def first_lines(
    content: bytes, head: bytes, start: int, most_lines: int | None, most_characters: int, size: int
) -> Excerpt:
    """Return a text from the byte `start` on, at most so many lines and characters, and where it goes on."""
    encoding = encoding_of(head)
    lines = content.splitlines(keepends=True) if "16" not in encoding else [content]
    kept = b""
    room = most_characters
    for line in lines[:most_lines]:
        cost = json_length(line.decode(encoding, errors="replace"))
        if cost > room:
            if not kept:
                kept = line[: max(2, room // 2 // 2 * 2)]
            break
        room -= cost
        kept += line
    end = start + len(kept)
    text = clean_text(kept.decode(encoding, errors="replace").removeprefix("\ufeff"))
    left_out = "" if end >= size else f"{size - end:,} bytes come after this."
    return Excerpt(text, start, end if end < size else None, left_out=left_out)


async def search_lines(
    pieces: AsyncGenerator[bytes, None], expression: str, most_characters: int, head: bytes, work: LogWork
) -> Excerpt:
    """Return the lines that match, each with its number, and how many match in all."""
    search = Search(expression, 0, most_characters)
    clues = Clues(expression)

    def feed(block: Block) -> None:
        if not clues.are_missing_in(block.text.encode("utf-8", "replace")):
            search.feed(Block(clean_text(block.text), block.first, block.count))

    reader = BlockReader(feed)
    decoder = codecs.getincrementaldecoder(encoding_of(head))(errors="replace")
    async with aclosing(pieces):
        async for piece in pieces:
            for start in range(0, len(piece), PIECE_CHARACTERS):
                await work.do(partial(_feed, reader, decoder, piece[start : start + PIECE_CHARACTERS]))
    await work.do(partial(_feed, reader, decoder, b"", is_last=True))
    await work.do(reader.finish)
    line_limit = max(60, most_characters // LINE_PART)
    lines = (f"{match.line.number}: {cut_middle(match.line.text, line_limit)}" for match in search.found)
    shown = first_within(lines, most_characters, json_length)
    left_out = "" if len(shown) == search.matches else f"These are the first {len(shown):,} matches."
    return Excerpt("\n".join(shown), matches=search.matches, left_out=left_out)


def _feed(reader: BlockReader, decoder: codecs.IncrementalDecoder, content: bytes, *, is_last: bool = False) -> None:
    reader.feed(decoder.decode(content, final=is_last))
