from qarnot_mcp.auth.oauth.throttle import FORGET_SECONDS, MAX_ADDRESSES, MAX_WAIT_SECONDS, Throttle


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def give_wrong_key(throttle: Throttle, address: str = "192.0.2.1") -> float:
    """Give a wrong key and return how many seconds the address had to wait instead."""
    wait_seconds = throttle.begin_try(address)
    if wait_seconds == 0:
        throttle.end_try(address, was_wrong=True)
    return wait_seconds


def give_right_key(throttle: Throttle, address: str = "192.0.2.1") -> float:
    wait_seconds = throttle.begin_try(address)
    if wait_seconds == 0:
        throttle.end_try(address, was_wrong=False)
    return wait_seconds


def test_three_tries_are_free_and_the_fourth_has_to_wait() -> None:
    throttle = Throttle(FakeClock())
    assert [give_wrong_key(throttle) for _ in range(4)] == [0, 0, 0, 2.0]


def test_the_wait_doubles_up_to_its_bound() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(16):
        wait_seconds = give_wrong_key(throttle)
        if wait_seconds:
            waits.append(wait_seconds)
            clock.seconds += wait_seconds
            assert give_wrong_key(throttle) == 0
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert max(waits) == MAX_WAIT_SECONDS


def test_asking_again_too_early_does_not_lengthen_the_wait() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    for _ in range(3):
        give_wrong_key(throttle)
    clock.seconds += 0.5
    assert [give_wrong_key(throttle) for _ in range(5)] == [1.5] * 5


def test_many_tries_at_the_same_time_gain_nothing() -> None:
    throttle = Throttle(FakeClock())
    assert [throttle.begin_try("192.0.2.1") for _ in range(5)] == [0, 0, 0, 2.0, 2.0]
    throttle.end_try("192.0.2.1", was_wrong=False)
    assert throttle.begin_try("192.0.2.1") == 0


def test_other_addresses_are_not_held_up() -> None:
    throttle = Throttle(FakeClock())
    for _ in range(4):
        give_wrong_key(throttle)
    assert give_wrong_key(throttle, "192.0.2.2") == 0
    assert give_wrong_key(throttle, "unknown") == 0


def test_an_ipv6_network_counts_as_one_address() -> None:
    throttle = Throttle(FakeClock())
    for host in range(3):
        give_wrong_key(throttle, f"2001:db8::{host}")
    assert give_wrong_key(throttle, "2001:db8::ffff") > 0
    assert give_wrong_key(throttle, "2001:db8:0:1::1") == 0


def test_a_stranger_on_ipv4_locks_out_nobody_else_where_the_socket_listens_on_both_families() -> None:
    throttle = Throttle(FakeClock())
    for _ in range(4):
        give_wrong_key(throttle, "::ffff:192.0.2.1")
    assert give_wrong_key(throttle, "::ffff:192.0.2.2") == 0
    assert give_wrong_key(throttle, "192.0.2.1") > 0


def test_a_key_of_ones_own_does_not_buy_free_tries_of_others_keys() -> None:
    throttle = Throttle(FakeClock())
    waits = [give(throttle) for _ in range(3) for give in (give_wrong_key, give_right_key)]
    assert waits == [0, 0, 0, 0, 0, 2.0]


def test_right_keys_are_never_held_up_where_nobody_gives_a_wrong_one() -> None:
    throttle = Throttle(FakeClock())
    assert [give_right_key(throttle) for _ in range(20)] == [0] * 20


def test_an_hour_without_a_wrong_key_forgets_the_earlier_ones() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    for _ in range(3):
        give_wrong_key(throttle)
    clock.seconds += FORGET_SECONDS + 1
    assert [give_wrong_key(throttle) for _ in range(3)] == [0, 0, 0]


def test_the_memory_of_addresses_is_bounded() -> None:
    throttle = Throttle(FakeClock())
    for number in range(MAX_ADDRESSES + 50):
        throttle.begin_try(f"host-{number}")
    assert len(throttle._records) == MAX_ADDRESSES
