import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.tools.logs.folding import fits, fold
from qarnot_mcp.tools.logs.lines import numbered

ROOM = 1000


def folded(texts: list[str], room: int = ROOM) -> str:
    return "\n".join(span.text for span in fold(numbered(texts, 1), room))


def small_room_for(texts: list[str]) -> int:
    """Room in which the lines do not all fit."""
    return len("\n".join(texts)) // 2


def test_nothing_is_folded_that_fits() -> None:
    texts = ["wait"] * 50 + [f"epoch {number} loss {1 / number:.2f}" for number in range(1, 30)]
    assert folded(texts, 1000) == "\n".join(texts)
    assert "..." in folded(texts, 800)


def test_of_lines_whose_numbers_change_ten_stay_evenly_spaced() -> None:
    texts = ["start", *[f"step {number} of 500, {number / 5:.1f} %" for number in range(1, 501)], "end"]
    lines = folded(texts).split("\n")
    steps = [int(line.split()[1]) for line in lines if line.startswith("step")]
    assert steps == [1, 56, 112, 167, 223, 278, 334, 389, 445, 500]
    assert (lines[0], lines[1], lines[2], lines[-1]) == ("start", "step 1 of 500, 0.2 %", "... 54 similar lines", "end")


def test_a_run_of_equal_lines_keeps_its_first_and_its_last() -> None:
    assert folded(["wait"] * 1000) == "wait\n... 998 equal lines\nwait"


def test_three_equal_lines_stay_as_they_are() -> None:
    texts = ["wait"] * 3 + ["go on"] * 500
    assert folded(texts).startswith("wait\nwait\nwait\ngo on\n... 498")


def test_four_lines_with_other_numbers_stay_however_little_fits() -> None:
    texts = [f"epoch {number} loss 0.{10 - number}" for number in range(1, 5)]
    assert folded(texts + ["wait"] * 500).startswith("\n".join(texts))


def test_instances_are_folded_apart() -> None:
    texts = [f" {instance}> epoch {epoch} loss {9 / epoch:.2f}" for epoch in range(1, 101) for instance in (0, 1)]
    lines = folded(texts, 1500).split("\n")
    shown = {instance: [line for line in lines if line.startswith(f" {instance}>")] for instance in (0, 1)}
    assert [len(own) for own in shown.values()] == [10, 10]
    for instance, own in shown.items():
        assert own[0] == f" {instance}> epoch 1 loss 9.00"
        assert own[-1] == f" {instance}> epoch 100 loss 0.09"


def test_the_results_of_a_sweep_all_stay() -> None:
    texts = [f" {number}> alpha 0.{number} score {number * 7}" for number in range(100)]
    assert folded(texts) == "\n".join(texts)


def test_an_instance_that_says_something_else_in_between_breaks_no_run() -> None:
    texts = [line for epoch in range(100) for line in (f" 0> epoch {epoch}", f" 1> {'abcdefghij'[epoch % 10]} is read")]
    assert " 0> epoch 99" in folded(texts)
    assert sum(line.startswith(" 0>") for line in folded(texts).split("\n")) == 10


def test_where_many_runs_share_the_room_fewer_lines_of_each_stay() -> None:
    texts = [f"{word} {number}" for word in ("read", "sort", "join", "write") for number in range(100)]
    spans = fold(numbered(texts, 1), 500)
    assert len(spans) == 4 * 2
    assert fits(spans, 500)


@pytest.mark.parametrize(
    "lines",
    [
        [f"2026-11-22T10:00:{second:02}.123Z tick" for second in range(29)],
        [f"at 0x{number * 7919:x} read" for number in range(29)],
        [f"id 52c10b2d-0687-41e1-985e-7279f6dd54{number:02x} done" for number in range(29)],
        [f" 3> hello {number}" for number in range(29)],
        [f"[{'=' * number}>{' ' * (29 - number)}] {number:3}%" for number in range(29)],
        [f"{'█' * number}{'░' * (29 - number)} {number * 3}%" for number in range(29)],
    ],
)
def test_numbers_times_identifiers_and_bars_count_as_the_same(lines: list[str]) -> None:
    shown = folded(lines, small_room_for(lines)).split("\n")
    assert (shown[0], shown[-1]) == (lines[0], lines[-1])
    assert "similar line" in shown[1]


@pytest.mark.parametrize(
    "line",
    ["ERROR {}: disk", "Traceback {}", "task {} failed", "warning: {}", "{} Killed", "Exception in {}", "FATAL {}"],
)
def test_lines_that_speak_of_trouble_are_not_folded_where_they_differ(line: str) -> None:
    lines = [line.format(number) for number in range(20)]
    assert folded(lines, small_room_for(lines)) == "\n".join(lines)


def test_equal_lines_of_trouble_are_folded() -> None:
    assert folded([" 7> ERROR: no disk"] * 100) == " 7> ERROR: no disk\n... 98 equal lines\n 7> ERROR: no disk"


def test_long_lines_are_cut() -> None:
    spans = fold(numbered(["x" * 500] * 50, 1), 800)
    assert len(spans) == 2
    assert all(len(line) <= 100 for span in spans for line in span.text.split("\n"))


@given(
    st.lists(st.sampled_from(["step 1", "step 2", " 0> step 3", "other", "error 1", "error 2", ""]), max_size=60),
    st.integers(500, 600),
)
def test_folding_accounts_for_every_line(texts: list[str], room: int) -> None:
    spans = fold(numbered(texts * 4, 1), room)
    lines = [number for span in spans for number in range(span.first, span.last + 1)]
    assert lines == list(range(1, 4 * len(texts) + 1))
    for span in spans:
        assert span.text.split("\n")[-1] == (texts * 4)[span.last - 1]
        assert span.folded_lines == span.last - span.first
