import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.tools.logs.lines import Block, Line, LineReader, cut_middle, numbered, read_blocks
from qarnot_mcp.tools.logs.work import LogWork
from tests.support.log_pages import split_at, stream

LIMIT = 80
TEXTS = st.text(st.sampled_from("abc \r\n\r\n0123"), max_size=400)
PLACES = st.lists(st.integers(0, 400), max_size=30)


def lines_of(pieces: list[str], limit: int = LIMIT) -> list[str]:
    reader = LineReader(limit)
    text = "".join([reader.feed(piece) for piece in pieces]) + reader.finish()
    return text.split("\n")


@given(TEXTS, PLACES)
def test_lines_do_not_depend_on_where_the_chunks_break(text: str, places: list[int]) -> None:
    assert lines_of(split_at(text, places)) == lines_of([text])


@given(st.text(st.sampled_from("ab\r\n"), max_size=200), PLACES)
def test_lines_within_the_limit_are_unchanged(text: str, places: list[int]) -> None:
    assert lines_of(split_at(text, places), 1000) == text.split("\n")


@given(TEXTS, PLACES)
def test_no_line_is_longer_than_the_limit(text: str, places: list[int]) -> None:
    assert all(len(line) <= LIMIT for line in lines_of(split_at(text, places)))


def test_a_line_without_end_keeps_its_first_and_its_last_part() -> None:
    reader = LineReader()
    reader.feed("start ")
    for _ in range(200):
        assert reader.feed("x" * 65_536) == ""
    line = reader.feed(" end\nnext")
    assert line.startswith("start xxx")
    assert line.endswith("xxx end\n")
    assert "[... 13,0" in line
    assert len(line) <= 16_384
    assert reader.finish() == "next"


def test_the_last_state_of_an_endless_progress_bar_is_kept() -> None:
    reader = LineReader()
    for percent in range(101):
        reader.feed(f"\r{percent:3}% " + "#" * 1000)
    assert reader.feed("\r\n") == "100% " + "#" * 1000 + "\r\n"


def test_a_long_line_inside_a_chunk_is_cut_too() -> None:
    text = LineReader(LIMIT).feed("a\n" + "x" * 500 + "\nb\n")
    first, long, last, _ = text.split("\n")
    assert (first, last) == ("a", "b")
    assert long == "x" * 16 + "[... 468 characters cut ...]" + "x" * 16


def test_blocks_are_numbered_and_an_open_last_line_counts() -> None:
    blocks: list[Block] = []
    total, is_ended = asyncio.run(read_blocks(stream(["a\nb", "\nc\n", "d"]), blocks.append, LogWork()))
    assert (total, is_ended) == (4, False)
    assert [(block.text, block.first, block.count, block.last) for block in blocks] == [
        ("a\n", 1, 1, 1),
        ("b\nc\n", 2, 2, 3),
        ("d\n", 4, 1, 4),
    ]


def test_an_empty_log_has_no_lines() -> None:
    blocks: list[Block] = []
    assert asyncio.run(read_blocks(stream(["", ""]), blocks.append, LogWork())) == (0, True)
    assert blocks == []


@pytest.mark.parametrize(("lines", "numbers"), [(0, []), (2, [6, 7]), (3, [5, 6, 7]), (9, [5, 6, 7])])
def test_the_end_of_a_block_is_its_last_lines(lines: int, numbers: list[int]) -> None:
    assert [line.number for line in Block("a\nb\nc\n", 5, 3).end(lines)] == numbers


def test_an_empty_block_has_no_end() -> None:
    assert Block("", 1, 0).end(3) == []


def test_a_block_after_a_line_starts_with_the_next() -> None:
    block = Block("a\nb\nc\n", 5, 3)
    assert block.after(5) == Block("b\nc\n", 6, 2)
    assert block.after(2) == block
    assert block.after(7) == Block("", 8, 0)


@given(st.text(min_size=1), st.integers(60, 200))
def test_a_cut_line_is_within_its_limit_and_keeps_both_ends(line: str, limit: int) -> None:
    cut = cut_middle(line * 50, limit)
    assert len(cut) <= limit
    assert cut == line * 50 or "characters cut" in cut


def test_lines_are_numbered_from_the_first() -> None:
    assert numbered(["a", "b"], 7) == [Line(7, "a"), Line(8, "b")]
