"""Skimming: what a search does not read changes nothing of what it finds."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.tasks.logs import LogDecoder, LogPart
from qarnot_mcp.text.cleaning import clean_text
from qarnot_mcp.text.masking import LogMask
from qarnot_mcp.tools.logs.cursor import CursorReader, LogCursor
from qarnot_mcp.tools.logs.lines import Block, BlockReader, LineReader
from qarnot_mcp.tools.logs.selection import Match, Search
from qarnot_mcp.tools.logs.skim import Skimmer, read_matching
from qarnot_mcp.tools.logs.work import LogWork

SECRET = "s3cr3t-value"
MASK = LogMask([SECRET])
ROOM = 100_000
WORDS = ["fail", "ed", "FAIL", "ok", " ", "a", "hidden", SECRET, SECRET[:7], "…", "[... 9 characters cut ...]", "["]
ODDITIES = ["\x1b[31m", "\x1b[0m", "\x7f", "\r", "\t", '"', "\\", "\\n", "é", "\u200b", "x" * 9000]
SPECIAL = st.lists(st.sampled_from(WORDS), max_size=5).map("".join) | st.lists(
    st.sampled_from(WORDS + ODDITIES), max_size=5
).map("".join)
# Most of a log is plain: some lines of that, and one that may be special, again and again.
LINES = st.lists(st.tuples(st.integers(0, 9), SPECIAL), max_size=6).map(
    lambda pairs: [line for count, special in pairs for line in [*["plain nofa"] * count, special]]
)
ALONE = [
    "fail",
    "failed",
    "(?i)failED",
    "fail.*ed",
    "a[^x]c",
    "hidden",
    r"\[hidden",
    "a.{8}a",
    r"\w+ \w+",
    "x{3}",
    "e|d",
]
OTHERS = ["^ok", "ok$", r"\bfail", r"fail\b", "cut", "nofail", r"\\n", "nf", SECRET, "[a-f]ail", "ok|^$", "(?:)"]
EXPRESSIONS = st.sampled_from(ALONE + OTHERS)
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=8)


async def parts_of(text: str, sizes: Sequence[int]) -> AsyncIterator[LogPart]:
    """Decode a log that arrives in chunks of these sizes, over and over; its escape characters are not even escaped."""
    body = json.dumps(text, ensure_ascii=False).replace("\\u001b", "\x1b").encode()
    decoder, start, index = LogDecoder(), 0, 0
    scale = 1 + len(body) // 1000
    while start < len(body):
        size = sizes[index % len(sizes)] * scale
        if (part := decoder.feed(body[start : start + size])).size:
            yield part
        start, index = start + size, index + 1
    if (part := decoder.finish()).size:
        yield part


def read_whole(text: str, expression: str, context: int) -> tuple[list[Match], int]:
    """Search a log as if all of it were prepared."""
    lines = LineReader()
    bounded = lines.feed(text)
    if rest := lines.finish():
        bounded += f"{rest}\n"
    search = Search(expression, context, ROOM)
    if bounded:
        search.feed(Block(MASK.hide(clean_text(bounded)), 1, bounded.count("\n")))
    return search.found, search.matches


def read_skimmed(
    text: str, expression: str, context: int, sizes: Sequence[int], batch_bytes: int
) -> tuple[list[Match], int, int, list[int]]:
    """Search a log as get_task_logs does; return what was found, the lines, and the numbers of those that were read."""
    reader = CursorReader(LogCursor("stdout.all", 1), lambda: Search(expression, context, ROOM))
    skimmer = Skimmer(expression, reader, MASK, max(context, 1))
    read: list[int] = []

    def feed(block: Block) -> None:
        read.extend(range(block.first, block.last + 1))
        skimmer.feed(block)

    async def run() -> tuple[int, bool]:
        return await read_matching(parts_of(text, sizes), BlockReader(feed), skimmer, LogWork(), batch_bytes)

    total, is_ended = asyncio.run(run())
    assert is_ended == (not text or text.endswith("\n"))
    return reader.selection.found, reader.selection.matches, total, read


@given(LINES, st.booleans(), EXPRESSIONS, st.integers(0, 2), SIZES, st.integers(1, 200))
def test_a_skimmed_log_has_the_same_matches_as_one_that_is_read_whole(
    lines: list[str], is_ended: bool, expression: str, context: int, sizes: list[int], batch_bytes: int
) -> None:
    text = "\n".join(lines) + ("\n" if is_ended and lines else "")
    found, matches, total, read = read_skimmed(text, expression, context, sizes, batch_bytes)
    assert (found, matches) == read_whole(text, expression, context)
    assert total == text.count("\n") + (0 if not text or text.endswith("\n") else 1)
    assert read == sorted(set(read))


@pytest.mark.parametrize("expression", ["failed", "(?i)FAILED in", r"step \d+ failed", "fail.*ed", "[^b]ailed"])
def test_of_a_plain_log_only_the_parts_around_a_match_and_the_end_are_read(expression: str) -> None:
    lines = [f"step {number} is done" for number in range(3000)]
    lines[1500] = "step 1500 failed in the end"
    found, matches, total, read = read_skimmed("\n".join(lines), expression, 1, [5], 1000)
    assert [match.line.number for match in found if match.matches] == [1501]
    assert matches == 1
    assert [match.line.number for match in found] == [1500, 1501, 1502]
    assert total == 3000
    assert len(read) < 600


@pytest.mark.parametrize(
    ("line", "expression"),
    [
        ("ok", "^ok"),
        ("ok", "ok$"),
        ("failed", r"\bfailed\b"),
        ("failed", r"\Bailed"),
        ("a failed b", "failed"),
        ('it "failed"', "failed"),
        ("fa\x7filed", "failed"),
        ("fa\x1b[31miled", "failed"),
        ("fa\u200biled", "failed"),
        ("\u00e9 failed", "failed"),
        ("lost\rfailed", "failed"),
        ("x" * 20_000, "characters cut"),
        (f"token {SECRET}", "hidden"),
        (f"token {SECRET}", r"token \["),
        (f"token {SECRET}", "token .{8}$"),
        (f"token {SECRET[:7]}…", "hidden"),
    ],
)
def test_a_match_in_a_plain_log_is_found_whatever_makes_it_one(line: str, expression: str) -> None:
    text = "\n".join(["plain nofa"] * 12 + [line] + ["plain nofa"] * 12)
    for size in (3, 20, 962):
        for batch_bytes in (1, 300):
            found, matches, total, _ = read_skimmed(text, expression, 1, [size], batch_bytes)
            assert [match.line.number for match in found] == [12, 13, 14]
            assert (matches, total) == (1, 25)
            assert found == read_whole(text, expression, 1)[0]


def test_a_secret_is_not_found_by_its_value() -> None:
    text = "\n".join(["plain"] * 60 + [f"token {SECRET}"] + ["plain"] * 60)
    assert read_skimmed(text, SECRET, 0, [5], 500)[1] == 0
