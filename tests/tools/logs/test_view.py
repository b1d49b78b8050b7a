import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.text.masking import HIDDEN
from qarnot_mcp.tools.logs.page import LogPage
from tests.support.log_pages import read_page

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


def words(number: int) -> str:
    """A line that is like no neighbour, so that nothing is folded."""
    return f"{WORDS[number % 10]} {WORDS[number // 10 % 10]} line {number}"


def log(lines: int, start: int = 1) -> str:
    return "".join(f"{words(number)}\n" for number in range(start, start + lines))


def page_after(text: str, page: LogPage) -> LogPage:
    assert page.next is not None
    return read_page(text, **{key: value for key, value in page.next.items() if key != "task_uuid"})


def test_a_short_log_is_shown_whole() -> None:
    page = read_page("one\ntwo\n")
    assert (page.text, page.total_lines, page.first_line, page.last_line) == ("one\ntwo", 2, 1, 2)
    assert page.left_out == ""
    assert page.next is None


def test_an_empty_log_is_an_empty_answer_with_a_cursor() -> None:
    page = read_page("")
    assert (page.text, page.total_lines, page.first_line) == ("", 0, None)
    assert read_page("one\n", cursor=page.cursor).text == "one"


def test_the_end_of_a_long_log_is_shown() -> None:
    page = read_page(log(1000), tail_lines=50)
    assert page.text == log(50, start=951).rstrip("\n")
    assert (page.first_line, page.last_line, page.total_lines) == (951, 1000, 1000)
    assert page.left_out == "Lines 1 to 950 are not shown."


def test_the_next_call_shows_the_lines_before_the_tail() -> None:
    page = read_page(log(1000), tail_lines=50)
    earlier = page_after(log(1000), page)
    assert earlier.first_line == 901
    assert earlier.last_line is not None
    assert earlier.last_line >= 950


@pytest.mark.parametrize(("tail_lines", "max_characters"), [(100, 20_000), (37, 20_000), (100, 900)])
def test_reading_backwards_shows_every_line_once(tail_lines: int, max_characters: int) -> None:
    text = log(430)
    page = read_page(text, tail_lines=tail_lines, max_characters=max_characters)
    seen: list[str] = []
    while True:
        seen += page.text.split("\n")
        if page.next is None:
            break
        assert "not shown" in page.left_out
        page = page_after(text, page)
    assert sorted(seen) == sorted(text.splitlines())


def test_the_tail_keeps_the_last_line_when_the_limit_cuts() -> None:
    page = read_page(log(1000), tail_lines=1000, max_characters=500)
    assert page.text.endswith(words(1000))
    assert len(page.text) <= 500
    assert page.first_line is not None
    assert page.text.startswith(words(page.first_line))
    assert f"Lines 1 to {page.first_line - 1} are not shown." == page.left_out


def test_a_line_longer_than_the_answer_is_cut_in_the_middle() -> None:
    page = read_page("short\n" + "x" * 5000 + " the end\n", max_characters=1000)
    assert len(page.text) <= 1000
    assert page.text.startswith("short\nxxx")
    assert page.text.endswith("x the end")
    assert "characters cut" in page.text


def test_similar_lines_that_do_not_fit_are_folded_unless_told_otherwise() -> None:
    text = "".join(f"step {number}\n" for number in range(1, 501))
    page = read_page(text, tail_lines=1000, max_characters=600)
    assert page.text.startswith("step 1\n... 54 similar lines\nstep 56\n")
    assert page.text.endswith("\nstep 500")
    assert page.folded_lines == 490
    unfolded = read_page(text, tail_lines=1000, fold=False)
    assert unfolded.text == text.rstrip("\n")
    assert (unfolded.folded_lines, unfolded.next) == (0, None)


@pytest.mark.parametrize(
    "query", [{"tail_lines": 1000}, {"cursor": "stdout.all.1"}, {"failed": Ranges.parse("0"), "tail_lines": 400}]
)
def test_where_something_is_folded_the_next_call_shows_all_of_it(query: dict[str, Any]) -> None:
    texts = [f" 0> step {number}" for number in range(1, 301)]
    page = read_page("\n".join(texts), max_characters=600, **query)
    assert page.folded_lines > 0
    seen: set[str] = set()
    while page.next is not None:
        assert page.next["fold"] is False
        page = read_page("\n".join(texts), **{key: value for key, value in page.next.items() if key != "task_uuid"})
        seen |= set(page.text.split("\n"))
    assert seen == set(texts)


def test_text_is_cleaned_and_secrets_are_hidden() -> None:
    page = read_page("\x1b[31mred\x1b[0m\r\nlogin s3cr3t-\x1b[1mvalue\n10%\r100%\n", secrets=["s3cr3t-value"])
    assert page.text == f"red\nlogin {HIDDEN}\n100%"


def test_a_search_cannot_find_a_secret() -> None:
    assert read_page("login s3cr3t-value\n", secrets=["s3cr3t-value"], search="s3cr3t").matches == 0


@pytest.mark.parametrize("text", ["1> select", "1> select\nplain", "1> 1> a\n1> b"])
def test_what_looks_like_a_prefix_in_the_log_of_one_instance_is_shown_as_it_was_printed(text: str) -> None:
    assert read_page(f"{text}\n", instance_id=1).text == text
    assert read_page(f"{text}\n", instance_id=1, search="[a-z]", context_lines=0).text.startswith("1: 1> ")


def test_the_one_error_of_a_long_log_is_found_with_its_number() -> None:
    text = log(100_000) + "ERROR: disk full\n" + log(100_000)
    page = read_page(text, search="ERROR", context_lines=1)
    assert page.text == f"100000- {words(100_000)}\n100001: ERROR: disk full\n100002- {words(1)}"
    assert (page.matches, page.total_lines, page.first_line, page.last_line) == (1, 200_001, 100_000, 100_002)
    assert page.left_out == ""
    assert page.next is None


def test_matches_apart_are_told_apart() -> None:
    page = read_page(log(20), search="line (5|9)$", context_lines=1)
    assert [line.split(" ")[0] for line in page.text.split("\n")] == ["4-", "5:", "6-", "--", "8-", "9:", "10-"]


def test_a_search_without_a_match_says_so() -> None:
    page = read_page(log(1200), search="nope")
    assert (page.text, page.matches) == ("", 0)
    assert page.left_out == "None of 1,200 lines matches. Capital letters count; (?i) before it ignores them."


@pytest.mark.parametrize("before", ["", log(2), log(1200), log(5) + "half a"])
def test_after_a_search_without_a_match_the_cursor_searches_what_is_new(before: str) -> None:
    page = read_page(before, search="nope")
    again = read_page(before + " line\nnope\nmore\n", search="nope", cursor=page.cursor, context_lines=0)
    assert (again.matches, again.text.partition(": ")[2]) == (1, "nope")
    assert page.next is None
    assert read_page(before, search="nope", cursor=page.cursor).matches == 0


def test_after_all_matches_the_cursor_finds_only_new_ones() -> None:
    page = read_page(log(50) + "here\n", search="here")
    assert page.matches == 1
    again = read_page(log(50) + "here\n" + log(3) + "here it is\n", search="here", cursor=page.cursor, context_lines=0)
    assert again.text == "55: here it is"


def test_a_match_is_shown_where_the_lines_before_it_fill_the_answer() -> None:
    page = read_page(f"{log(60)}the error\nthe error\n", search="error", context_lines=50, max_characters=500)
    assert page.text.endswith("60- alpha eta line 60\n61: the error")
    assert page.next is not None
    assert page_after(f"{log(60)}the error\nthe error\n", page).matches == 1


def test_many_matches_are_read_on_until_all_were_shown() -> None:
    text = log(200)
    page = read_page(text, search="alpha", context_lines=0, max_characters=500)
    assert page.matches is not None
    expected = [number for number in range(1, 201) if "alpha" in words(number)]
    assert page.matches == len(expected)
    assert page.left_out.startswith("The first ")
    seen: list[int] = []
    while True:
        seen += [int(found) for found in re.findall(r"^(\d+):", page.text, re.MULTILINE)]
        if page.next is None:
            break
        page = page_after(text, page)
    assert seen == expected


def test_the_lines_around_a_match_are_asked_for_again_only_where_they_were_asked_for() -> None:
    page = read_page(log(500), search="alpha", max_characters=500)
    assert page.next is not None
    assert "context_lines" not in page.next


def test_reading_forward_shows_every_line_once() -> None:
    text = log(300)
    page = read_page(text, cursor="stdout.all.1", max_characters=1000)
    seen = page.text.split("\n")
    while page.next is not None:
        page = page_after(text, page)
        seen += page.text.split("\n")
    assert seen == text.splitlines()


def test_reading_on_after_the_end_shows_what_is_new() -> None:
    page = read_page(log(10))
    assert read_page(log(15), cursor=page.cursor).text == log(5, start=11).rstrip("\n")


def test_reading_on_when_nothing_is_new_says_so_and_keeps_the_cursor() -> None:
    page = read_page(log(10))
    again = read_page(log(10), cursor=page.cursor)
    assert (again.text, again.cursor) == ("", page.cursor)
    assert again.left_out == "There is nothing after this cursor yet."


def test_a_line_that_was_not_finished_is_shown_again_when_it_is() -> None:
    page = read_page(log(10) + "half a")
    assert page.text.endswith("half a")
    assert read_page(log(10) + "half a line\nnext\n", cursor=page.cursor).text == "half a line\nnext"
    forward = read_page(log(10) + "half a", cursor=read_page(log(9)).cursor)
    assert forward.text == f"{words(10)}\nhalf a"
    assert read_page(log(10) + "half a line\n", cursor=forward.cursor).text == "half a line"


def test_reading_on_in_a_rotated_log_finds_the_place_again() -> None:
    page = read_page(log(100))
    rotated = log(90, start=31)
    again = read_page(rotated, cursor=page.cursor)
    assert again.text == log(20, start=101).rstrip("\n")
    assert "rotated" in again.gap
    assert "Nothing in between is missing" in again.gap
    assert again.first_line == 71


def test_reading_on_after_all_known_lines_are_gone_says_that_there_is_a_gap() -> None:
    page = read_page(log(100))
    again = read_page(log(50, start=400), cursor=page.cursor)
    assert again.first_line == 1
    assert again.text == log(50, start=400).rstrip("\n")
    assert "There is a gap" in again.gap


@given(st.integers(5, 60), st.integers(0, 20), st.integers(0, 40), st.integers(500, 900))
def test_following_a_log_that_grows_and_rotates_misses_nothing_it_does_not_tell(
    old: int, new: int, gone: int, max_characters: int
) -> None:
    gone = min(gone, old - 1)
    seen = read_page(log(old), cursor="stdout.all.1", max_characters=max_characters)
    everything = log(old + new).splitlines()
    kept = "\n".join(everything[gone:]) + "\n"
    page = read_page(kept, cursor=seen.cursor, max_characters=100_000)
    shown = [*seen.text.split("\n"), *(page.text.split("\n") if page.text else [])]
    if "gap" not in page.gap:
        assert shown == everything
    else:
        assert shown[-len(everything[gone:]) :] == everything[gone:]


@given(
    st.text(st.sampled_from("ab1 \n\r\x1b[m0> é"), max_size=300),
    st.lists(st.integers(0, 300), max_size=20),
    st.sampled_from(
        [
            {},
            {"tail_lines": 2},
            {"search": "a"},
            {"search": "b$", "context_lines": 0},
            {"cursor": "stdout.all.3"},
            {"cursor": "stdout.all.4.1.00000000"},
            {"instance_id": 0},
            {"failed": Ranges.parse("0-1")},
            {"fold": False, "max_characters": 500},
        ]
    ),
)
def test_the_answer_does_not_depend_on_where_the_chunks_break(text: str, places: list[int], query: Any) -> None:
    assert read_page(text, places, **query) == read_page(text, **query)


@given(
    st.lists(st.text(st.sampled_from("ab1 é"), max_size=700), max_size=20),
    st.integers(500, 2000),
    st.sampled_from([{}, {"search": "a"}, {"cursor": "stdout.all.1"}, {"failed": Ranges.parse("0-5")}]),
)
def test_the_text_is_never_longer_than_asked_for(lines: list[str], max_characters: int, query: Any) -> None:
    text = "".join(f"{number % 8}> {line}\n" for number, line in enumerate(lines))
    page = read_page(text, max_characters=max_characters, **query)
    assert len(page.text) <= max_characters


def test_failed_instances_come_first() -> None:
    text = "".join(f" {number % 6}> {words(number)}\n" for number in range(600)) + " 5> last\n 2> ERROR: no input\n"
    page = read_page(text, failed=Ranges.parse("2,4"), tail_lines=3)
    assert page.text.split("\n") == [
        "== instance 2, failed: last 3 of 101 lines ==",
        f" 2> {words(590)}",
        f" 2> {words(596)}",
        " 2> ERROR: no input",
        "== instance 4, failed: last 3 of 100 lines ==",
        f" 4> {words(586)}",
        f" 4> {words(592)}",
        f" 4> {words(598)}",
        "== the other instances, last lines ==",
        f" 3> {words(597)}",
        f" 5> {words(599)}",
        " 5> last",
    ]
    assert page.total_lines == 602
    assert page.next == {"task_uuid": "a-task", "log_type": "stdout", "instance_id": 2}


def test_of_many_failed_instances_the_first_are_shown_and_the_rest_is_told() -> None:
    text = "".join(f"{number:2}> failed\n" for number in range(50))
    page = read_page(text, failed=Ranges.parse("0-49"))
    assert page.text.count("== instance") == 4
    assert "46 more failed instances are not shown: 0-49 failed." in page.left_out
    assert page.next is None


def test_a_failed_instance_that_wrote_nothing_is_named() -> None:
    page = read_page(" 1> oops\n", failed=Ranges.parse("0-1"), log_type="stderr")
    assert (
        page.text
        == "== instance 0, failed: nothing in stderr ==\n== instance 1, failed: last 1 of 1 lines ==\n 1> oops"
    )


def test_a_log_without_instances_is_shown_from_its_end() -> None:
    page = read_page(log(200), failed=Ranges.parse("0"), tail_lines=10)
    assert page.text == log(10, start=191).rstrip("\n")
    assert page.first_line == 191


def test_the_next_call_keeps_what_was_asked_for() -> None:
    page = read_page(
        log(2000), instance_id=4, log_type="stderr", fold=False, max_characters=500, search="alpha", context_lines=0
    )
    assert page.next is not None
    assert page.next | {"cursor": ""} == {
        "task_uuid": "a-task",
        "log_type": "stderr",
        "instance_id": 4,
        "fold": False,
        "max_characters": 500,
        "search": "alpha",
        "context_lines": 0,
        "cursor": "",
    }


@pytest.mark.parametrize("query", [{"search": "("}, {"cursor": "nope"}, {"cursor": "stderr.all.3"}])
def test_a_query_that_cannot_work_is_refused_before_the_log_is_read(query: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        read_page("text\n", **query)  # type: ignore[arg-type]
