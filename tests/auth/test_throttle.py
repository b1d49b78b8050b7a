from qarnot_mcp.auth.oauth.throttle import FORGET_SECONDS, MAX_ADDRESSES, MAX_WAIT_SECONDS, Throttle


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_three_tries_are_free_and_the_fourth_has_to_wait() -> None:
    throttle = Throttle(Clock())
    assert [throttle.begin_try("192.0.2.1") for _ in range(3)] == [0, 0, 0]
    assert throttle.begin_try("192.0.2.1") == 2.0


def test_the_wait_doubles_up_to_its_bound() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(16):
        wait_seconds = throttle.begin_try("192.0.2.1")
        if wait_seconds:
            waits.append(wait_seconds)
            clock.seconds += wait_seconds
            assert throttle.begin_try("192.0.2.1") == 0
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert max(waits) == MAX_WAIT_SECONDS


def test_asking_again_too_early_does_not_lengthen_the_wait() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(3):
        throttle.begin_try("192.0.2.1")
    clock.seconds += 0.5
    assert [throttle.begin_try("192.0.2.1") for _ in range(5)] == [1.5] * 5


def test_other_addresses_are_not_held_up() -> None:
    throttle = Throttle(Clock())
    for _ in range(4):
        throttle.begin_try("192.0.2.1")
    assert throttle.begin_try("192.0.2.2") == 0
    assert throttle.begin_try("unknown") == 0


def test_an_ipv6_network_counts_as_one_address() -> None:
    throttle = Throttle(Clock())
    for host in range(3):
        throttle.begin_try(f"2001:db8::{host}")
    assert throttle.begin_try("2001:db8::ffff") > 0
    assert throttle.begin_try("2001:db8:0:1::1") == 0


def test_a_right_key_and_an_hour_of_rest_forgive() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(3):
        throttle.begin_try("192.0.2.1")
        throttle.begin_try("192.0.2.2")
    throttle.forgive("192.0.2.1")
    assert throttle.begin_try("192.0.2.1") == 0
    clock.seconds += FORGET_SECONDS + 1
    assert [throttle.begin_try("192.0.2.2") for _ in range(3)] == [0, 0, 0]


def test_the_memory_of_addresses_is_bounded() -> None:
    throttle = Throttle(Clock())
    for number in range(MAX_ADDRESSES + 50):
        throttle.begin_try(f"host-{number}")
    assert len(throttle._records) == MAX_ADDRESSES
