"""The small parts that the rest stands on: ranges, times, random numbers, and what can be made again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.sandbox.platform.lru_cache import LruCache
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.wire.formats import NEVER, date_text, range_ids, ranges_text, span_seconds, span_text


@given(st.sets(st.integers(0, 3000), max_size=60))
def test_ranges_are_read_as_they_are_written(ids: set[int]) -> None:
    text = ranges_text(ids)
    assert text == "" if not ids else set(range_ids(text, 60)) == ids


def test_ranges_have_the_form_of_the_api() -> None:
    assert ranges_text([4, 0, 1, 2, 17, 5, 5]) == "0-2,4-5,17"
    assert range_ids(" 4,0-2,1 ", 10) == (0, 1, 2, 4)


@given(st.integers(0, 10**9))
def test_spans_are_read_as_they_are_written(seconds: int) -> None:
    assert span_seconds(span_text(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("1.03:16:50.5000000", 98210.5), ("00:00:00", 0), ("10:00:00", 36000), ("0.00:00:01", 1)]
)
def test_spans_may_have_days_and_fractions(text: str, seconds: float) -> None:
    assert span_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "1:2", "00:00", "-00:00:01", "00:00:00.", "٠٠:٠٠:٠٠", "0" * 99])
def test_other_texts_are_no_spans(text: str) -> None:
    with pytest.raises(ValueError, match="not a time span"):
        span_seconds(text)


def test_dates_have_whole_seconds_and_a_way_to_say_never() -> None:
    assert date_text(1_795_168_800) == "2026-11-20T10:00:00Z"
    assert date_text(None) == NEVER == "0001-01-01T00:00:00Z"
    assert date_text(-5) == "1970-01-01T00:00:00Z"


def test_the_same_seed_draws_the_same() -> None:
    assert SeededRandom(1).uuid("a") == SeededRandom(1).uuid("a") != SeededRandom(2).uuid("a")
    draws = [SeededRandom(3).integer(number, 5, 7) for number in range(100)]
    assert set(draws) == {5, 6, 7}
    assert 0.3 < sum(SeededRandom(3).fraction(number) for number in range(100)) / 100 < 0.7


def test_a_cache_lets_go_of_what_has_not_been_used_for_longest() -> None:
    cache: LruCache[str] = LruCache(max_cost=10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get("a") == "A"
    cache.put("c", "C", 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")
    cache.put("a", "larger", 6)
    assert (cache.get("a"), cache.get("c")) == ("larger", "C")
    cache.put("huge", "H", 11)
    assert cache.get("huge") is None
    cache.drop("a")
    assert cache.get("a") is None
