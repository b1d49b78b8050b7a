"""When a failed call is tried again, and how long to wait before.

Reads, deletes and aborts come here, and a submit that was refused before any work. The rules:

- A failure must be one that may pass: 429, 502, 503, 504, no connection or a broken one.
- The wait is random between 0 and a limit that doubles (full jitter), so that callers do not come back all at once.
- A wait that the API asks for (`Retry-After`) is honoured; where it does not fit the call's budget, nobody waits.
- Each retry takes a token that the process shares, and each success gives half of one back: when more than a third
  of the calls fail, retries would only add to the load, and they stop.
"""

import random
from collections.abc import Awaitable, Callable

from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot.errors import ApiUnavailable, RateLimited, ServerFailed

FIRST_LIMIT_SECONDS = 0.5
LAST_LIMIT_SECONDS = 8.0
MOST_RETRIES = 8
MOST_TOKENS = 64.0
TOKENS_FOR_SUCCESS = 0.5

Sleep = Callable[[float], Awaitable[object]]
Clock = Callable[[], float]


class RetryTokens:
    """How many retries the process may still make; starts full."""

    def __init__(self) -> None:
        self._tokens = MOST_TOKENS

    def take(self) -> bool:
        """Take one token where there is one."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def give_back(self) -> None:
        """Count a success."""
        self._tokens = min(MOST_TOKENS, self._tokens + TOKENS_FOR_SUCCESS)


class Retries:
    """The retries of one call; `budget_seconds` is counted from now on and covers tries and waits."""

    def __init__(self, budget_seconds: float, tokens: RetryTokens, clock: Clock, chance: random.Random) -> None:
        self._ends = clock() + budget_seconds
        self._tokens = tokens
        self._clock = clock
        self._chance = chance
        self._made = 0

    def wait_before_next(self, error: ApiUnavailable) -> float | None:
        """Return how many seconds to wait before the next try, or none where there is to be no other."""
        if not error.retryable or self._made >= MOST_RETRIES:
            return None
        wait = self._chance.uniform(0, min(LAST_LIMIT_SECONDS, FIRST_LIMIT_SECONDS * 2**self._made))
        if isinstance(error, RateLimited | ServerFailed) and error.wait_seconds is not None:
            # The random part on top keeps apart those who were told the same time.
            wait = error.wait_seconds + min(wait, 0.1 * error.wait_seconds)
        if self._clock() + wait > self._ends or not self._tokens.take():
            return None
        self._made += 1
        recorder().add("api_retries")
        return wait

    def succeeded(self) -> None:
        """Count a success for the process."""
        self._tokens.give_back()
