"""A search prepares only the parts of a log where something may match, and finds the same as one that prepares all."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qarnot_mcp.text.masking import LogMask
from qarnot_mcp.tools.logs.page import LogPage
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.logs.skim import Clues
from qarnot_mcp.tools.logs.view import LogView
from tests.support.log_pages import read_page, stream

SECRET = "hunter2-skor"
SEARCHES = [
    "error",
    "(?i)error",
    "r or",
    "kr|error",
    "(?i)(sk|fail)",
    "hunter2",
    "hid",
    r"er.*ror\d?",
    "31m",
    "^error$",
]
TEXTS = st.lists(
    st.sampled_from(
        ["er", "ror", "r", "or", "OR", "sk", "\u017f\u212a", " ", "\t", "1", "é", "[", "hidden", "]", SECRET, "hunter2"]
        + ["\n"] * 4
        + ["\x1b[31m", "\x1b]0;error\x07", "\x1b]0;", "\x1b", "\x9b1m", "\u200b", "\u2028", "\r", "\r\n", "\ud800"]
    ),
    max_size=60,
).map("".join)


def unhurried(search: str) -> str:
    """Return an expression that matches the same and gives no clue."""
    flag = "(?i)" if search.startswith("(?i)") else ""
    return f"{flag}(({search.removeprefix(flag)}))"


def told(page: LogPage) -> list[object]:
    return [page.text, page.matches, page.total_lines, page.first_line, page.last_line, page.left_out, page.cursor]


@given(
    TEXTS,
    st.lists(st.integers(0, 200), max_size=12),
    st.sampled_from(SEARCHES),
    st.integers(0, 4),
    st.sampled_from([None, "stdout.all.4"]),
    st.sampled_from([500, 20_000]),
    st.sampled_from([1, 8]),
)
@example("er\x1b[31mror\n", [], "error", 2, None, 20_000, 1)
@example(f"{SECRET}\nhid\n", [3], "hid", 2, None, 20_000, 1)
@example("a\nb\nc\nd\ne\nerror\nf\ng\nh\n", [2, 4, 10, 16, 18], "error", 2, None, 20_000, 1)
def test_a_search_with_clues_shows_what_one_without_shows(
    text: str, places: list[int], search: str, context_lines: int, cursor: str | None, max_characters: int, repeats: int
) -> None:
    with_clues, without = (
        read_page(
            text * repeats,
            places,
            [SECRET],
            max_characters=max_characters,
            search=expression,
            context_lines=context_lines,
            cursor=cursor,
        )
        for expression in (search, unhurried(search))
    )
    assert told(with_clues) == told(without)


@pytest.mark.parametrize("search", SEARCHES)
def test_the_searches_of_these_tests_have_clues_or_none_as_they_should(search: str) -> None:
    assert bool(Clues(search)) == (search != "hid")
    assert not Clues(unhurried(search))


@pytest.mark.parametrize("search", [".", "a", "ab?", "[ab]{3}", "den", "|".join(["error"] * 9)])
def test_what_gives_no_clue_is_searched_for_everywhere(search: str) -> None:
    assert not Clues(search)


class Watched(LogMask):
    """Counts what is masked."""

    masked_characters = 0

    def hide(self, text: str) -> str:
        self.masked_characters += len(text)
        return super().hide(text)


def test_only_the_part_with_the_match_is_prepared() -> None:
    pieces = ["all is well here\n" * 3_000] * 20
    pieces[7] = pieces[7].replace("here\n", "\x1b[31mhe\x1b[0mre, error 7\n", 1)
    mask = Watched([SECRET])
    view = LogView(LogQuery(task_uuid="a-task", search=r"here, error \d"), mask)
    page = asyncio.run(view.read(stream(pieces)))
    assert "21001: all is well here, error 7\n" in page.text
    assert len(pieces[7]) <= mask.masked_characters < 2 * len(pieces[7])


def test_lines_keep_their_numbers_where_plain_parts_pass_between_others() -> None:
    pieces = ["\x1b[31mred\x1b[0m\n" * 3, *["plain\n"] * 40, "a\n\x1b[1mthe er\x1b[0mror\n"]
    view = LogView(LogQuery(task_uuid="a-task", search="error", context_lines=6), LogMask())
    page = asyncio.run(view.read(stream(pieces)))
    assert page.text == "".join(f"{number}- plain\n" for number in range(39, 44)) + "44- a\n45: the error"
    assert page.total_lines == 45
