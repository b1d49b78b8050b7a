import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.logs.cursor import CursorReader, LogCursor, Position
from qarnot_mcp.tools.logs.lines import Block, numbered
from qarnot_mcp.tools.logs.selection import Head

LOG = "stdout.all"


def read_on(cursor: LogCursor, lines: list[str], block_lines: int = 1000) -> CursorReader[Head]:
    reader = CursorReader(cursor, Head)
    for start in range(0, len(lines), block_lines):
        part = lines[start : start + block_lines]
        reader.feed(Block("\n".join(part) + "\n", start + 1, len(part)))
    return reader


def cursor_after(lines: list[str]) -> LogCursor:
    return LogCursor.after(LOG, numbered(lines, 1))


def texts(reader: CursorReader[Head]) -> list[str]:
    return [line.text for line in reader.selection.lines]


@given(st.lists(st.text("ab é", max_size=5), max_size=20))
def test_a_cursor_is_read_as_it_was_written(lines: list[str]) -> None:
    cursor = cursor_after(lines)
    assert LogCursor.parse(str(cursor), LOG) == cursor


@pytest.mark.parametrize("given", ["", "x", "stdout.all", "stdout.all.0", "stdout.all.1.2", "stdout.all.1.2.zzzzzzzz"])
def test_a_text_that_is_no_cursor_is_refused(given: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor of an earlier answer"):
        LogCursor.parse(given, LOG)


def test_a_cursor_of_another_log_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"starts with stderr\.3"):
        LogCursor.parse("stdout.all.7", "stderr.3")


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=40),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=20),
    st.integers(1, 9),
)
def test_a_log_that_only_grows_goes_on_where_it_was_left(old: list[str], new: list[str], block_lines: int) -> None:
    reader = read_on(cursor_after(old), [*old, *new], block_lines)
    assert reader.position is Position.SAME
    assert texts(reader) == new
    assert [line.number for line in reader.selection.lines] == list(range(len(old) + 1, len(old) + len(new) + 1))


@given(st.integers(3, 60), st.integers(0, 30), st.integers(1, 60), st.integers(1, 9))
def test_a_rotated_log_goes_on_at_the_same_line(old: int, new: int, gone: int, block_lines: int) -> None:
    lines = [f"line {number}" for number in range(old + new)]
    reader = read_on(cursor_after(lines[:old]), lines[gone:], block_lines)
    if gone <= old - 3:
        assert reader.position is Position.SHIFTED
        assert reader.shifted_lines == gone
        assert texts(reader) == lines[old:]
    else:
        assert reader.position is Position.LOST
        assert texts(reader) == lines[gone:]


def test_a_line_that_is_said_again_and_again_does_not_mislead() -> None:
    lines = ["tick"] * 50
    reader = read_on(cursor_after(lines[:30]), lines)
    assert reader.position is Position.SAME
    assert len(texts(reader)) == 20


def test_a_cursor_without_anchor_goes_by_the_number() -> None:
    reader = read_on(LogCursor(LOG, 4), ["a", "b", "c", "d", "e"], block_lines=2)
    assert reader.position is Position.SAME
    assert texts(reader) == ["d", "e"]
    assert reader.before == ["a", "b", "c"][-len(reader.before) :]


def test_a_cursor_behind_the_end_finds_nothing() -> None:
    assert texts(read_on(LogCursor(LOG, 9), ["a"])) == []


def test_a_cursor_knows_what_came_before_it_so_that_the_next_one_can_be_anchored() -> None:
    reader = read_on(cursor_after(["a", "b", "c", "d"]), ["a", "b", "c", "d", "e"])
    assert reader.before == ["b", "c", "d"]
    context = numbered([*reader.before, *texts(reader)], 2)
    assert LogCursor.after(LOG, context) == cursor_after(["a", "b", "c", "d", "e"])


def test_a_cursor_after_too_few_known_lines_has_no_anchor() -> None:
    assert LogCursor.after(LOG, numbered(["e"], 5)) == LogCursor(LOG, 6)
