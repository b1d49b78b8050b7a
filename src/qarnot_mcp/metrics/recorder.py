"""What can be counted. Nothing is, until the process installs a recorder that does.

No label takes what a caller or the API wrote: tools and outcomes are the server's own names, methods and statuses come
from fixed sets.
"""

from contextvars import ContextVar
from typing import Literal

KNOWN_STATUSES = frozenset({200, 201, 202, 204, 400, 401, 402, 403, 404, 409, 429, 500, 502, 503, 504})

Metric = Literal[
    "calls_in_flight",
    "calls",
    "call_seconds",
    "api_calls_waiting",
    "api_responses",
    "api_retries",
    "api_received_bytes",
    "submits_found",
    "sign_ins",
]


class Recorder:
    """Takes what happens, and keeps nothing of it."""

    def add(self, metric: Metric, *labels: str, amount: float = 1) -> None:
        """Take that a metric has grown, or with an amount below 0 shrunk; `labels` are those that it has."""


_NOBODY = Recorder()
_installed: ContextVar[Recorder] = ContextVar("recorder", default=_NOBODY)


def recorder() -> Recorder:
    """Return the recorder of this process."""
    return _installed.get()


def install(new: Recorder) -> None:
    """Let a recorder take what happens from now on, in everything that is started from here."""
    _installed.set(new)


def status_label(status: int) -> str:
    """Return a status of a fixed set: itself where it is a usual one, else its hundred."""
    if status in KNOWN_STATUSES:
        return str(status)
    return f"{status // 100}xx" if 100 <= status <= 599 else "other"
