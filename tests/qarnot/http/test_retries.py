"""When a call is tried again, and after which wait."""

import random

import pytest

from qarnot_mcp.qarnot.errors import (
    ApiUnavailable,
    RateLimited,
    ServerFailed,
    TimedOut,
    Unreachable,
    UnreadableResponse,
)
from qarnot_mcp.qarnot.http.retries import MOST_RETRIES, MOST_TOKENS, Retries, RetryTokens
from tests.support.qarnot_api import FakeClock, MaxRandom


def retries(budget_seconds: float = 20, tokens: RetryTokens | None = None, time: FakeClock | None = None) -> Retries:
    return Retries(budget_seconds, tokens or RetryTokens(), (time or FakeClock()).clock, MaxRandom())


@pytest.mark.parametrize(
    "error",
    [
        RateLimited(None),
        ServerFailed(502),
        ServerFailed(503),
        ServerFailed(504),
        Unreachable("x", sent=True),
        Unreachable("x", sent=False),
    ],
)
def test_what_may_pass_is_tried_again(error: ApiUnavailable) -> None:
    assert retries().wait_before_next(error) == 0.5


@pytest.mark.parametrize("error", [ServerFailed(500), TimedOut(30), UnreadableResponse("x")])
def test_what_will_not_pass_is_not(error: ApiUnavailable) -> None:
    assert retries().wait_before_next(error) is None


def test_the_limit_of_the_wait_doubles_up_to_its_end() -> None:
    some = retries(budget_seconds=100)
    waits = [some.wait_before_next(ServerFailed(503)) for _ in range(MOST_RETRIES + 1)]
    assert waits == [0.5, 1, 2, 4, 8, 8, 8, 8, None]


def test_the_wait_is_drawn_between_nothing_and_the_limit() -> None:
    drawn = [
        Retries(20, RetryTokens(), FakeClock().clock, random.Random(seed)).wait_before_next(ServerFailed(503))
        for seed in range(50)
    ]
    waits = [wait for wait in drawn if wait is not None]
    assert len(waits) == 50
    assert 0 <= min(waits) < 0.1
    assert 0.4 < max(waits) <= 0.5


@pytest.mark.parametrize("error", [RateLimited(10), ServerFailed(503, wait_seconds=10)])
def test_a_wait_that_was_asked_for_is_honoured(error: ApiUnavailable) -> None:
    wait = retries().wait_before_next(error)
    assert wait is not None
    assert 10 <= wait <= 11


def test_nobody_waits_for_what_does_not_fit_the_budget() -> None:
    assert retries().wait_before_next(RateLimited(21)) is None


def test_the_budget_covers_the_tries_as_well() -> None:
    time = FakeClock()
    some = retries(time=time)
    time.now += 19.8
    assert some.wait_before_next(ServerFailed(503)) is None


def test_without_a_budget_nothing_is_tried_again() -> None:
    assert retries(budget_seconds=0).wait_before_next(ServerFailed(503)) is None


def test_when_most_calls_fail_the_process_stops_trying_again() -> None:
    tokens = RetryTokens()
    allowed = [retries(tokens=tokens).wait_before_next(ServerFailed(503)) for _ in range(int(MOST_TOKENS) + 5)]
    assert allowed.count(None) == 5


def test_successes_allow_retries_again_but_never_more_than_at_the_start() -> None:
    tokens = RetryTokens()
    for _ in range(1000):
        retries(tokens=tokens).succeeded()
    while retries(tokens=tokens).wait_before_next(ServerFailed(503)) is not None:
        pass
    retries(tokens=tokens).succeeded()
    assert retries(tokens=tokens).wait_before_next(ServerFailed(503)) is None
    retries(tokens=tokens).succeeded()
    assert retries(tokens=tokens).wait_before_next(ServerFailed(503)) is not None
