"""What can be counted. Nothing is, until the process installs a recorder that does.

No label takes what a caller or the API wrote: tools and outcomes are the server's own names, methods and statuses come
from fixed sets.
"""

from contextvars import ContextVar

KNOWN_STATUSES = frozenset({200, 201, 202, 204, 400, 401, 402, 403, 404, 409, 429, 500, 502, 503, 504})


class Recorder:
    """Takes what happens, and keeps nothing of it."""

    def call_started(self) -> None:
        """Take that a call of a tool began."""

    def call_ended(self, tool: str, outcome: str, seconds: float) -> None:
        """Take that a call of a tool ended; `tool` is a name that the server knows, `outcome` that of its log line."""

    def api_waiting(self, change: int) -> None:
        """Take that a call to the API began (1) or stopped (-1) to wait for one of the places in flight."""

    def api_response(self, method: str, status: int) -> None:
        """Take the status of a response of the API."""

    def api_retry(self) -> None:
        """Take that a call to the API is made again."""

    def api_bytes(self, count: int) -> None:
        """Take that this many bytes of a body came from the API, unpacked."""

    def submit_found(self) -> None:
        """Take that a task was found whose submit had lost its response."""

    def sign_in(self, outcome: str) -> None:
        """Take how a sign-in ended: `ok`, `refused` or `unavailable`."""


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
