import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.logs.lines import Block
from qarnot_mcp.tools.logs.selection import Head, InstanceTails, Search, Tail

LINES = st.lists(st.text(st.sampled_from("abé ."), max_size=6), max_size=40)
SIZES = st.lists(st.integers(1, 7), max_size=40)


def blocks_of(lines: list[str], sizes: list[int]) -> list[Block]:
    blocks: list[Block] = []
    start = 0
    for size in [*sizes, len(lines)]:
        part = lines[start : start + size]
        if part:
            blocks.append(Block("\n".join(part) + "\n", start + 1, len(part)))
        start += size
    return blocks


@given(LINES, SIZES, st.integers(1, 50))
def test_the_tail_is_the_end_of_the_whole_however_it_came(lines: list[str], sizes: list[int], wanted: int) -> None:
    tail = Tail(wanted)
    for block in blocks_of(lines, sizes):
        tail.feed(block)
    kept = tail.result().end(wanted)
    assert [line.text for line in kept] == lines[-wanted:]
    assert [line.number for line in kept] == list(range(1, len(lines) + 1))[-wanted:]


def test_the_tail_holds_a_bounded_part_of_a_long_log() -> None:
    tail = Tail(1000, max_characters=500)
    for number in range(1, 1001):
        tail.feed(Block("x" * 99 + "\n", number, 1))
    assert len(tail.result().text) == 500
    assert tail.result().last == 1000


def test_the_head_stops_when_it_has_enough() -> None:
    head = Head(max_characters=150)
    for number in range(1, 10):
        head.feed(Block("x" * 99 + "\n", number, 1))
    assert [line.number for line in head.lines] == [1, 2]


@given(LINES, SIZES, st.sampled_from(["a", "^a", "b$", "^$", "a*", "[^a]b", "a.b", "é", "(?i)A", r"\bab\b", "a|b+"]))
def test_a_search_finds_the_lines_that_match(lines: list[str], sizes: list[int], expression: str) -> None:
    search = Search(expression, context_lines=0, max_characters=100_000)
    for block in blocks_of(lines, sizes):
        search.feed(block)
    expected = [number for number, line in enumerate(lines, 1) if re.search(expression, line, re.ASCII)]
    assert [match.line.number for match in search.found] == expected
    assert search.matches == len(expected)


@given(LINES, SIZES, st.integers(0, 4))
def test_a_search_shows_the_lines_around_a_match_once(lines: list[str], sizes: list[int], context: int) -> None:
    search = Search("ab", context, max_characters=100_000)
    for block in blocks_of(lines, sizes):
        search.feed(block)
    matching = {number for number, line in enumerate(lines, 1) if "ab" in line}
    near = {n for n in range(1, len(lines) + 1) if any(abs(n - number) <= context for number in matching)}
    assert [match.line.number for match in search.found] == sorted(near)
    assert {match.line.number for match in search.found if match.matches} == matching
    assert [match.line.text for match in search.found] == [lines[number - 1] for number in sorted(near)]


def test_a_search_goes_on_counting_when_it_has_enough() -> None:
    search = Search("a", context_lines=1, max_characters=20)
    for block in blocks_of(["a"] * 1000, [10] * 100):
        search.feed(block)
    assert search.matches == 1000
    assert len(search.found) == 10


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(a", "missing )"),
        ("(?=a)", "look-around"),
        (r"(a)\1", "back-references"),
        ("[z-a]", "range"),
        (r"\Aa", "^ and $"),
        (r"a\z", "^ and $"),
        ("(?-m:^a)", "^ and $"),
        ("a{2000}", "repetition"),
        ("\ud800", "RE2"),
    ],
)
def test_an_expression_that_cannot_be_used_says_why(expression: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        Search(expression, 0, 1000)
    assert str(raised.value).startswith("search is ")
    assert words in str(raised.value)


def test_an_escaped_backslash_is_no_anchor() -> None:
    search = Search(r"C:\\A", 0, 1000)
    search.feed(Block("dir C:\\A\n", 1, 1))
    assert search.matches == 1


def test_an_expression_that_would_take_others_for_ever_is_quick() -> None:
    search = Search("(a+)+$", 0, 1000)
    search.feed(Block("a" * 16_000 + "b\n", 1, 1))
    assert search.matches == 0


def test_chosen_instances_have_tails_of_their_own() -> None:
    tails = InstanceTails([3, 31], tail_lines=2, others=Tail(2))
    tails.feed(Block(" 0> a\n 3> b\n31> c\n 3> d\n", 1, 4))
    tails.feed(Block(" 3> e\n13> f\nplain\n", 5, 3))
    assert [(line.number, line.text) for line in tails.of[3].lines] == [(4, " 3> d"), (5, " 3> e")]
    assert tails.of[3].total == 3
    assert [(line.number, line.text) for line in tails.of[31].lines] == [(3, "31> c")]
    assert [line.text for line in tails.others.result().end(2)] == ["13> f", "plain"]


def test_instances_that_wrote_everything_leave_nothing_to_the_others() -> None:
    tails = InstanceTails([0], tail_lines=5, others=Tail(5))
    tails.feed(Block(" 0> a\n 0> b\n", 1, 2))
    assert tails.others.result() == Block("", 1, 0)
