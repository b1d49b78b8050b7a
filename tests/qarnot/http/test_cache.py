"""What is kept for a minute, for each key apart."""

from qarnot_mcp.qarnot.http.callers import KEPT_ENTRIES, KEPT_SECONDS, Cache
from tests.support.qarnot_api import FakeClock


def test_a_value_is_kept_for_a_minute() -> None:
    time = FakeClock()
    cache = Cache(time.clock)
    cache.put("owner", "name", "value")
    time.now += KEPT_SECONDS - 1
    assert cache.get("owner", "name", str) == "value"
    time.now += 1
    assert cache.get("owner", "name", str) is None


def test_each_key_has_its_own() -> None:
    cache = Cache(FakeClock().clock)
    first, second = cache.owner("key 1"), cache.owner("key 2")
    cache.put(first, "name", "value")
    assert cache.get(second, "name", str) is None
    assert cache.get(cache.owner("key 1"), "name", str) == "value"


def test_the_digest_of_a_key_tells_nothing_outside_the_process() -> None:
    one, other = Cache(FakeClock().clock), Cache(FakeClock().clock)
    assert "key" not in one.owner("key")
    assert one.owner("key") != other.owner("key")


def test_the_oldest_make_room() -> None:
    cache = Cache(FakeClock().clock)
    for number in range(KEPT_ENTRIES + 1):
        cache.put("owner", str(number), number)
    assert cache.get("owner", "0", int) is None
    assert cache.get("owner", "1", int) == 1


def test_a_value_of_another_kind_is_not_taken_for_one() -> None:
    cache = Cache(FakeClock().clock)
    cache.put("owner", "name", "value")
    assert cache.get("owner", "name", int) is None
