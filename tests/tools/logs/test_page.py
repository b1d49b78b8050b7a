"""Both logs of a task in one page, as log_type both shows them."""

from itertools import chain
from typing import Any

import pytest
from pydantic import ValidationError

from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.tools.logs.page import LogPage, combine_streams
from qarnot_mcp.tools.logs.query import LogQuery
from tests.support.log_pages import read_page


def both(stdout: str, stderr: str, failed: Ranges | None = None, **given: object) -> LogPage:
    query = LogQuery.model_validate({"task_uuid": "a-task", "log_type": "both", **given})
    room = query.room // 2
    return combine_streams(
        query,
        {
            "stdout": read_page(stdout, query=query.of_stream("stdout", room), failed=failed),
            "stderr": read_page(stderr, query=query.of_stream("stderr", room), failed=failed, marks_stderr=True),
        },
    )


def test_both_logs_are_interleaved_by_instance() -> None:
    page = both(" 0> a\n 1> b\n 0> c\n10> d\n", " 1> oh\n 0> dear\n")
    assert page.text.split("\n") == [" 0> a", " 0> c", " 0 stderr> dear", " 1> b", " 1 stderr> oh", "10> d"]
    assert page.total_lines == 6


def test_in_both_logs_of_one_instance_lines_keep_their_order_whatever_they_look_like() -> None:
    page = both("2> b\n1> a\n", "3> oh\n", instance_id=2)
    assert page.text.split("\n") == ["2> b", "1> a", "stderr> 3> oh"]


def test_of_both_logs_failed_instances_come_first() -> None:
    page = both("0> fine\n7> begun\n7> ended\n", "7> oh no\n0> hm\n", Ranges.lenient("7"))
    assert page.text.split("\n") == [
        "== instance 7, failed: stdout last 2 of 2 lines; stderr last 1 of 1 lines ==",
        "7> begun",
        "7> ended",
        "7 stderr> oh no",
        "== the other instances, last lines ==",
        "0> fine",
        "0 stderr> hm",
    ]


def test_a_failed_instance_that_wrote_to_one_of_both_logs_comes_first_with_it() -> None:
    page = both("0> fine\n", "7> oh no\n", Ranges.lenient("7"))
    assert page.text.split("\n") == [
        "== instance 7, failed: stderr last 1 of 1 lines ==",
        "7 stderr> oh no",
        "== the other instances, last lines ==",
        "0> fine",
    ]


def test_a_search_of_both_logs_tells_the_lines_of_each() -> None:
    page = both("0> loss 1\n0> x\n1> loss 2\n", "1> y\n1> loss 3\n", search="loss", context_lines=0)
    assert page.text.split("\n") == ["1: 0> loss 1", "--", "3: 1> loss 2", "2: 1 stderr> loss 3"]
    assert page.matches == 3


def test_a_cursor_of_both_logs_reads_on_in_each() -> None:
    page = both("0> a\n", "0> b\n")
    later = both("0> a\n0> c\n", "0> b\n0> d\n", cursor=page.cursor)
    assert later.text.split("\n") == ["0> c", "0 stderr> d"]
    nothing = both("0> a\n0> c\n", "0> b\n0> d\n", cursor=later.cursor)
    assert (nothing.text, nothing.cursor) == ("", later.cursor)
    assert nothing.left_out == "There is nothing after this cursor yet."


@pytest.mark.parametrize("tail_lines", [1, 7])
def test_reading_both_logs_backwards_shows_every_line_once(tail_lines: int) -> None:
    stdout, stderr = [f"0> out {n}" for n in range(15)], [f"0> err {n}" for n in range(4)]
    given: dict[str, Any] = {"tail_lines": tail_lines}
    shown: list[list[str]] = []
    while given:
        page = both("\n".join([*stdout, ""]), "\n".join([*stderr, ""]), **given)
        shown.insert(0, page.text.split("\n"))
        given = dict(page.next or {})
        given.pop("log_type", None)
        given.pop("task_uuid", None)
    lines = list(chain.from_iterable(shown))
    assert [line for line in lines if "out" in line] == stdout
    assert [line.replace(" stderr>", ">") for line in lines if "err " in line] == stderr


def test_what_is_folded_of_one_of_both_logs_is_named_and_next_shows_it() -> None:
    page = both("0> same\n" * 2000, "0> oh\n", tail_lines=2000, max_characters=1000)
    assert page.folded_lines == 1998
    assert page.next is not None
    assert (page.next["fold"], page.next["log_type"], page.next["tail_lines"]) == (False, "both", 2000)
    assert page.text.split("\n")[-1] == "0 stderr> oh"


@pytest.mark.parametrize("cursor", ["stdout.all.1", "stderr.all.1+stdout.all.1", "stdout.3.1+stderr.3.1", "+"])
def test_a_cursor_that_is_not_one_of_both_logs_is_refused(cursor: str) -> None:
    with pytest.raises(ValidationError, match="a cursor of"):
        LogQuery.model_validate({"task_uuid": "a-task", "log_type": "both", "cursor": cursor})
