"""Ranges of instance ids."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.ranges import Ranges, count_ranges


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        ("7", [7]),
        ("0-2,4-5,17", [0, 1, 2, 4, 5, 17]),
        (" 3 - 4 , 1 ", [1, 3, 4]),
        ("1-3,2-5,6", [*range(1, 7)]),
    ],
)
def test_ids_come_in_order_and_once(text: str, ids: list[int]) -> None:
    ranges = Ranges.parse(text)
    assert list(ranges) == ids
    assert len(ranges) == count_ranges(text) == len(ids)
    assert all(number in ranges for number in ids)
    assert 1_000_000 not in ranges
    assert "1" not in ranges


@pytest.mark.parametrize("text", ["a", "1-", "-1", "5-3", "1,,2", "1;2", "²", "1-2-3", "12345678901"])
def test_what_is_no_range_is_refused_and_counts_as_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"a number|before it starts"):
        Ranges.parse(text)
    assert count_ranges(text) == 0


def test_a_huge_range_is_never_expanded() -> None:
    ranges = Ranges.parse("0-9999999999")
    assert len(ranges) == 10_000_000_000
    assert 9_999_999_999 in ranges
    assert list(islice(ranges, 2)) == [0, 1]


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 100,000"):
        Ranges.parse("1," * 60_000 + "1")


@given(st.sets(st.integers(0, 60)))
def test_ranges_are_written_as_they_are_read(ids: set[int]) -> None:
    ranges = Ranges.parse(",".join(map(str, ids)))
    assert list(ranges) == sorted(ids)
    assert Ranges.parse(str(ranges)) == ranges


@given(st.lists(st.integers(0, 300)))
def test_ranges_of_ids_hold_each_id_once(ids: list[int]) -> None:
    ranges = Ranges.of(ids)
    assert list(ranges) == sorted(set(ids))
    assert Ranges.parse(str(ranges)) == ranges


def test_what_the_api_wrote_wrongly_is_no_ids() -> None:
    assert Ranges.lenient("0-2,x") == Ranges()
    assert str(Ranges.lenient("0-2,3")) == "0-3"


def test_a_short_text_is_cut_between_ranges_and_says_how_many_are_missing() -> None:
    ranges = Ranges.of(range(0, 100, 2))
    assert ranges.short(10) == "0,2,4,6,8,... (45 more ranges)"
    assert Ranges.of([1, 2, 5]).short(10) == "1-2,5"
    assert Ranges().short(10) == ""
