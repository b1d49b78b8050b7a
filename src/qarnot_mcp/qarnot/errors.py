"""What can go wrong, as one tree; the text of each error says what happened, why, and what to do next.

QarnotError
├── InvalidArgument         checked here, before anything is sent
├── KeyProblem
│   ├── NoKey
│   ├── MalformedKey
│   └── KeyRefused          401
├── ReadOnly                a call that writes, in read-only mode
├── ApiRefused              the API understood the call and said no; nothing was done
│   ├── BadRequest          400
│   ├── Conflict            409
│   │   └── ShortnameTaken
│   ├── NotEnoughCredits    402
│   ├── HardwareUnavailable 402
│   ├── Forbidden           403
│   │   ├── QuotaReached
│   │   └── TaskEnded
│   └── NotFound            404
├── ApiUnavailable          no usable answer; a read can be tried again
│   ├── Unreachable         no connection, or a broken one
│   ├── TimedOut
│   ├── RateLimited         429
│   ├── ServerFailed        5xx, and whatever else is no answer
│   ├── UnreadableResponse
│   ├── ResponseTooLarge
│   └── Busy                too many calls of our own
└── SubmitUncertain         the answer to a submit was lost
    ├── NotStarted          looked up: there is no such task
    └── SubmitUnknown       it could not be looked up either
"""

from qarnot_mcp.qarnot.refusals import (
    ApiRefused,
    BadRequest,
    Conflict,
    Forbidden,
    HardwareUnavailable,
    NotEnoughCredits,
    NotFound,
    QuotaReached,
    ShortnameTaken,
    TaskEnded,
)
from qarnot_mcp.text.messages import QarnotError, plain, said, seconds_text, shown

# ruff: noqa: N818 - the names say what happened, as those of httpx do.

__all__ = [
    "ApiRefused",
    "ApiUnavailable",
    "BadRequest",
    "Busy",
    "Conflict",
    "Forbidden",
    "HardwareUnavailable",
    "InvalidArgument",
    "KeyProblem",
    "KeyRefused",
    "MalformedKey",
    "NoKey",
    "NotEnoughCredits",
    "NotFound",
    "NotStarted",
    "QarnotError",
    "QuotaReached",
    "RateLimited",
    "ReadOnly",
    "ResponseTooLarge",
    "ServerFailed",
    "ShortnameTaken",
    "SubmitUncertain",
    "SubmitUnknown",
    "TaskEnded",
    "TimedOut",
    "Unreachable",
    "UnreadableResponse",
    "plain",
]

KEYS = "https://tasq.qarnot.com/settings/access-token"


class InvalidArgument(QarnotError):
    """An argument that cannot be right; nothing was sent."""

    def __init__(self, parameter: str, given: object, valid: str, hint: str = "") -> None:
        self.parameter = parameter
        wrong = "missing" if given is None else f"{shown(given)}, which is not valid"
        super().__init__(f"{parameter} is {wrong}: give {valid.rstrip('.')}. {hint}")


class KeyProblem(QarnotError):
    """The call has no key that works."""


class NoKey(KeyProblem):
    """No key came with the call, and the server has none of its own to use."""

    def __init__(self, hint: str = "") -> None:
        hint = hint or "Send it in the Authorization header, or set QARNOT_API_KEY where the server runs."
        super().__init__(f"This call carries no Qarnot API key. {hint} Keys are made at {KEYS}.")


class MalformedKey(KeyProblem):
    """The key cannot be one, so it is not sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The Qarnot API key of this call cannot be right: {reason}. Copy it again from {KEYS}.")


class KeyRefused(KeyProblem):
    """The API does not know the key (401)."""

    def __init__(self, api_message: str = "") -> None:
        super().__init__(
            f"Qarnot refused the API key{said(api_message)}. It may be mistyped, expired or revoked: "
            f"copy it again from {KEYS}."
        )


class ReadOnly(QarnotError):
    """The call would change something, and the server only reads."""

    def __init__(self, action: str) -> None:
        super().__init__(
            f"This server is in read-only mode, so it does not {action}. "
            "Whoever runs it can change that with QARNOT_MCP_READ_ONLY=false."
        )


class ApiUnavailable(QarnotError):
    """The API gave no usable answer."""

    retryable = False
    """Whether the same call may work in a moment."""
    may_have_worked = True
    """Whether the API may have done what was asked, although it did not say so."""


class Unreachable(ApiUnavailable):
    """No connection, or one that broke."""

    retryable = True

    def __init__(self, reason: str, *, sent: bool) -> None:
        self.may_have_worked = sent
        what = "The connection to the Qarnot API broke" if sent else "The Qarnot API cannot be reached"
        super().__init__(
            f"{what}{said(reason)}. Try again in a moment; if it stays, whoever runs the server should check "
            "its network and QARNOT_BASE_URL."
        )


class TimedOut(ApiUnavailable):
    """The API did not answer in time."""

    def __init__(self, seconds: float, *, what: str = "did not answer") -> None:
        super().__init__(f"The Qarnot API {what} within {seconds:g} s. Try again in a moment.")


class RateLimited(ApiUnavailable):
    """Too many calls (429): the API did nothing."""

    retryable = True
    may_have_worked = False

    def __init__(self, wait_seconds: float | None) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(
            "Qarnot limits the number of calls (429), and nothing was done. "
            f"Wait {seconds_text(wait_seconds)}, then call again."
        )


class ServerFailed(ApiUnavailable):
    """The API, or a proxy before it, failed (5xx)."""

    def __init__(self, status: int, api_message: str = "", *, wait_seconds: float | None = None) -> None:
        self.status = status
        self.wait_seconds = wait_seconds
        self.retryable = status in (502, 503, 504)
        when = f"in {seconds_text(wait_seconds)}" if wait_seconds else "in a moment"
        super().__init__(f"The Qarnot API failed with status {status}{said(api_message)}. Try again {when}.")


class UnreadableResponse(ApiUnavailable):
    """The API answered something that is not what it documents."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The answer of the Qarnot API cannot be read{said(what)}. Try again; if it stays, "
            "QARNOT_BASE_URL or a proxy on the way may be wrong."
        )


class ResponseTooLarge(ApiUnavailable):
    """The API answered more than is read."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The answer of the Qarnot API is larger than {limit_bytes:,} bytes, so it was not read to the end. "
            "Ask for less: a smaller limit, or fewer tasks."
        )


class Busy(ApiUnavailable):
    """This server has as many calls to the API under way as it may have."""

    may_have_worked = False

    def __init__(self, calls: int, waited_seconds: float) -> None:
        super().__init__(
            f"This server has {calls} calls to Qarnot under way, and none of them ended within {waited_seconds:g} s. "
            "Nothing was sent. Call again in a moment."
        )


class SubmitUncertain(QarnotError):
    """The answer to a submit was lost."""

    def __init__(self, message: str, *, shortname: str, cause: QarnotError) -> None:
        self.shortname = shortname
        self.cause = cause
        super().__init__(f"{message} What happened: {cause}")


class NotStarted(SubmitUncertain):
    """Nothing was started: it was never sent, or there is no task with the shortname."""

    def __init__(self, shortname: str, cause: QarnotError) -> None:
        # With the same shortname, so that even a task that shows up very late is met and not doubled.
        super().__init__(
            f"Nothing was started, and it is safe to submit again with shortname={shown(shortname)}.",
            shortname=shortname,
            cause=cause,
        )


class SubmitUnknown(SubmitUncertain):
    """Whether the task was started is not known."""

    def __init__(self, shortname: str, cause: QarnotError) -> None:
        super().__init__(
            "It is not known whether the task was started. Before you submit again call get_task with "
            f"task_uuid={shown(shortname)} (its shortname): a task means that it was started; no such task means that "
            "it was not, and a new submit with the same shortname is safe.",
            shortname=shortname,
            cause=cause,
        )
