import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.tools.logs.folding import fold, unfolded
from qarnot_mcp.tools.logs.lines import Line, numbered


def folded(texts: list[str]) -> str:
    return "\n".join(span.text for span in fold(numbered(texts, 1), 1000))


def test_a_run_of_similar_lines_becomes_its_first_a_count_and_its_last() -> None:
    texts = ["start", *[f"step {number} of 500, {number / 5:.1f} %" for number in range(1, 501)], "end"]
    assert folded(texts) == "start\nstep 1 of 500, 0.2 %\n... 498 similar lines\nstep 500 of 500, 100.0 %\nend"


def test_a_run_of_equal_lines_is_called_equal() -> None:
    assert folded(["wait"] * 10) == "wait\n... 8 equal lines\nwait"


def test_three_lines_stay_as_they_are() -> None:
    assert folded(["wait"] * 3) == "wait\nwait\nwait"


def test_the_results_of_ten_instances_all_stay() -> None:
    lines = [f" {number}> hello from {number}" for number in range(10)]
    assert folded(lines) == "\n".join(lines)


@pytest.mark.parametrize(
    "lines",
    [
        [f"2026-11-22T10:00:{second:02}.123Z tick" for second in range(29)],
        [f"at 0x{number * 7919:x} read" for number in range(29)],
        [f"id 52c10b2d-0687-41e1-985e-7279f6dd54{number:02x} done" for number in range(29)],
        [f" {number}> hello" for number in range(29)],
        [f"[{'=' * number}>{' ' * (29 - number)}] {number:3}%" for number in range(29)],
        [f"{'█' * number}{'░' * (29 - number)} {number * 3}%" for number in range(29)],
    ],
)
def test_numbers_times_identifiers_and_bars_count_as_the_same(lines: list[str]) -> None:
    assert folded(lines) == f"{lines[0]}\n... 27 similar lines\n{lines[-1]}"


@pytest.mark.parametrize(
    "line",
    ["ERROR {}: disk", "Traceback {}", "task {} failed", "warning: {}", "{} Killed", "Exception in {}", "FATAL {}"],
)
def test_lines_that_speak_of_trouble_are_not_folded_where_they_differ(line: str) -> None:
    lines = [line.format(number) for number in range(20)]
    assert folded(lines) == "\n".join(lines)


def test_equal_lines_of_trouble_are_folded_whichever_instance_wrote_them() -> None:
    assert folded([f" {number}> ERROR: no disk" for number in range(20)]) == (
        " 0> ERROR: no disk\n... 18 similar lines\n 19> ERROR: no disk"
    )


def test_lines_that_are_not_neighbours_are_not_folded() -> None:
    lines = [Line(number, "same") for number in (1, 2, 4, 5)]
    assert fold(lines, 100) == unfolded(lines, 100)


def test_long_lines_are_cut() -> None:
    spans = fold(numbered(["x" * 500] * 5, 1), 100)
    assert len(spans) == 1
    assert all(len(line) <= 100 for line in spans[0].text.split("\n"))


@given(st.lists(st.sampled_from(["step 1", "step 2", "other", "error 1", "error 2", ""]), max_size=60))
def test_folding_accounts_for_every_line(texts: list[str]) -> None:
    spans = fold(numbered(texts, 1), 1000)
    assert [number for span in spans for number in range(span.first, span.last + 1)] == list(range(1, len(texts) + 1))
    for span in spans:
        shown = span.text.split("\n")
        assert shown[0] == texts[span.first - 1]
        assert shown[-1] == texts[span.last - 1]
        lines = span.last - span.first + 1
        assert span.folded_lines == (lines - 2 if lines > 1 else 0)
