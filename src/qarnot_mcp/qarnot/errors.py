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
│   ├── UnreadableAnswer
│   ├── AnswerTooLarge
│   └── Busy                too many calls of our own
└── SubmitUncertain         the answer to a submit was lost
    ├── NotStarted          looked up: there is no such task
    └── SubmitUnknown       it could not be looked up either
"""

import re
from typing import ClassVar

# ruff: noqa: N818 - the names say what happened, as those of httpx do.

MESSAGE_CHARACTERS = 1500
GIVEN_CHARACTERS = 80

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]+")


def plain(text: str, limit: int) -> str:
    """Answers text from strangers on one line, without control characters, of at most `limit` characters."""
    # Cut first: a message can be as long as an answer may be.
    words = " ".join(_UNPRINTABLE.sub(" ", text[: 4 * limit]).split())
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def shown(value: object) -> str:
    """Answers a given value as it appears in a message."""
    return repr(plain(value, GIVEN_CHARACTERS)) if isinstance(value, str) else plain(repr(value), GIVEN_CHARACTERS)


class QarnotError(Exception):
    """Every error of ours; its text is the whole message for the reader."""

    def __init__(self, message: str) -> None:
        super().__init__(plain(message, MESSAGE_CHARACTERS))

    def add(self, note: str) -> None:
        """Adds a sentence to the message."""
        self.args = (plain(f"{self} {note}", MESSAGE_CHARACTERS),)


class InvalidArgument(QarnotError):
    """An argument that cannot be right; nothing was sent."""

    def __init__(self, parameter: str, given: object, valid: str, hint: str = "") -> None:
        self.parameter = parameter
        super().__init__(f"{parameter} is {shown(given)}, which is not valid: give {valid.rstrip('.')}. {hint}")


class KeyProblem(QarnotError):
    """The call has no key that works."""


class NoKey(KeyProblem):
    """No key came with the call, and the server has none of its own to use."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(
            "This call carries no Qarnot API key. "
            + (hint or "Send it in the Authorization header, or set QARNOT_API_KEY where the server runs.")
            + " Keys are made at https://tasq.qarnot.com/settings/access-token."
        )


class MalformedKey(KeyProblem):
    """The key cannot be one, so it is not sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The Qarnot API key of this call cannot be right: {reason}. "
            "Copy it again from https://tasq.qarnot.com/settings/access-token."
        )


class KeyRefused(KeyProblem):
    """The API does not know the key (401)."""

    def __init__(self, api_message: str = "") -> None:
        self.api_message = plain(api_message, 300)
        super().__init__(
            f"Qarnot refused the API key{_said(self.api_message)}. It may be mistyped, expired or revoked: "
            "copy it again from https://tasq.qarnot.com/settings/access-token."
        )


class ReadOnly(QarnotError):
    """The call would change something, and the server only reads."""

    def __init__(self, action: str) -> None:
        super().__init__(
            f"This server is in read-only mode, so it does not {action}. "
            "Whoever runs it can change that with QARNOT_MCP_READ_ONLY=false."
        )


class ApiRefused(QarnotError):
    """The API understood the call and refused it; nothing was done."""

    def __init__(self, message: str, *, status: int, api_message: str = "") -> None:
        self.status = status
        self.api_message = plain(api_message, 500)
        super().__init__(message)


class BadRequest(ApiRefused):
    """Something in the call is not accepted (400)."""

    def __init__(self, api_message: str, status: int = 400) -> None:
        said = plain(api_message, 500)
        super().__init__(
            f"Qarnot does not accept this call ({status}){_said(said)}. Correct the arguments and call again.",
            status=status,
            api_message=said,
        )


class Conflict(ApiRefused):
    """The call contradicts what is there (409)."""

    def __init__(self, message: str, *, status: int = 409, api_message: str = "") -> None:
        super().__init__(message, status=status, api_message=api_message)


class ShortnameTaken(Conflict):
    """A task has the shortname already; no second one was started."""

    def __init__(self, shortname: str, *, uuid: str, name: str, state: str) -> None:
        self.shortname = shortname
        self.uuid = uuid
        super().__init__(
            f"The shortname {shown(shortname)} is taken by the task {uuid} ({shown(name)}, {plain(state, 40)}); "
            "nothing new was started. If that is the task you wanted, follow it with get_task; "
            "for another task give another shortname, or none."
        )


class NotEnoughCredits(ApiRefused):
    """The account cannot pay for this (402)."""

    def __init__(self, api_message: str = "") -> None:
        said = plain(api_message, 300)
        super().__init__(
            f"The Qarnot account has not enough credits{_said(said)}. Nothing was started. "
            "Add credits at https://tasq.qarnot.com, then call again.",
            status=402,
            api_message=said,
        )


class HardwareUnavailable(ApiRefused):
    """No machine that this account may use fits the hardware constraints (402)."""

    def __init__(self, api_message: str = "") -> None:
        said = plain(api_message, 300)
        super().__init__(
            f"Qarnot has no machine for these hardware constraints{_said(said)}. Nothing was started. "
            "Loosen or drop hardware_constraints and call again.",
            status=402,
            api_message=said,
        )


class Forbidden(ApiRefused):
    """The key may not do this (403)."""

    def __init__(self, message: str = "", *, api_message: str = "") -> None:
        said = plain(api_message, 300)
        super().__init__(
            message
            or f"Qarnot does not allow this with the key used{_said(said)}. It may belong to another account: "
            "check the identifier, or use the key of the account that owns it.",
            status=403,
            api_message=said,
        )


class QuotaReached(Forbidden):
    """The account has as many as it may have (403)."""

    def __init__(self, api_message: str = "") -> None:
        said = plain(api_message, 300)
        super().__init__(
            f"A quota of the Qarnot account is reached{_said(said)}. Nothing was started. Finished tasks count until "
            "they are deleted: find them with list_tasks, delete finished tasks with delete_task, then call again.",
            api_message=said,
        )


class TaskEnded(Forbidden):
    """A task that is over cannot be aborted (403)."""

    def __init__(self, identifier: str, state: str, api_message: str = "") -> None:
        self.state = plain(state, 40)
        super().__init__(
            f"The task {shown(identifier)} cannot be aborted: it has ended with state {self.state}. "
            "get_task shows its results; delete_task removes it.",
            api_message=api_message,
        )


class NotFound(ApiRefused):
    """There is no such thing for this key (404)."""

    _LOOK: ClassVar[dict[str, str]] = {
        "task": "list_tasks shows the tasks; deleted ones are gone.",
        "profile": "list_profiles shows the names.",
        "bucket": "Give the name of a bucket that exists, or make it first at https://tasq.qarnot.com.",
        "instance": "get_task shows which instances there are; ids start at 0.",
    }

    def __init__(self, kind: str, identifier: object, api_message: str = "") -> None:
        self.kind = kind
        self.identifier = identifier
        said = plain(api_message, 300)
        super().__init__(
            f"There is no {kind} {shown(identifier)} for this key{_said(said)}. "
            + self._LOOK.get(kind, "Check the name or identifier."),
            status=404,
            api_message=said,
        )


class ApiUnavailable(QarnotError):
    """The API gave no usable answer."""

    retryable = False
    """Whether the same call may work in a moment."""
    may_have_worked = True
    """Whether the API may have done what was asked, although it did not say so."""

    def __init__(self, message: str, *, request_id: str = "") -> None:
        self.message = message
        self.request_id = request_id
        super().__init__(f"{message} (request {plain(request_id, 64)})" if request_id else message)


class Unreachable(ApiUnavailable):
    """No connection, or one that broke."""

    retryable = True

    def __init__(self, reason: str, *, sent: bool, request_id: str = "") -> None:
        self.may_have_worked = sent
        what = "The connection to the Qarnot API broke" if sent else "The Qarnot API cannot be reached"
        super().__init__(
            f"{what}: {plain(reason, 200)}. Try again in a moment; if it stays, whoever runs the server should check "
            "its network and QARNOT_BASE_URL.",
            request_id=request_id,
        )


class TimedOut(ApiUnavailable):
    """The API did not answer in time."""

    def __init__(self, seconds: float, *, what: str = "did not answer", request_id: str = "") -> None:
        super().__init__(
            f"The Qarnot API {what} within {seconds:g} s. Try again in a moment.",
            request_id=request_id,
        )


class RateLimited(ApiUnavailable):
    """Too many calls (429): the API did nothing."""

    retryable = True
    may_have_worked = False

    def __init__(self, wait_seconds: float | None, *, request_id: str = "") -> None:
        self.wait_seconds = wait_seconds
        wait = "a minute" if wait_seconds is None else f"{max(1, round(wait_seconds))} s"
        super().__init__(
            f"Qarnot limits the number of calls (429), and nothing was done. Wait {wait}, then call again.",
            request_id=request_id,
        )


class ServerFailed(ApiUnavailable):
    """The API, or a proxy before it, failed."""

    def __init__(
        self, status: int, api_message: str = "", *, wait_seconds: float | None = None, request_id: str = ""
    ) -> None:
        self.status = status
        self.wait_seconds = wait_seconds
        self.retryable = status in (502, 503, 504)
        wait = "in a moment" if wait_seconds is None else f"in {max(1, round(wait_seconds))} s"
        super().__init__(
            f"The Qarnot API failed with status {status}{_said(plain(api_message, 200))}. Try again {wait}.",
            request_id=request_id,
        )


class UnreadableAnswer(ApiUnavailable):
    """The API answered something that is not what it documents."""

    def __init__(self, what: str, *, request_id: str = "") -> None:
        super().__init__(
            f"The answer of the Qarnot API cannot be read: {plain(what, 200)}. Try again; if it stays, "
            "QARNOT_BASE_URL or a proxy on the way may be wrong.",
            request_id=request_id,
        )


class AnswerTooLarge(ApiUnavailable):
    """The API answered more than is read."""

    def __init__(self, limit_bytes: int, *, request_id: str = "") -> None:
        super().__init__(
            f"The answer of the Qarnot API is larger than {limit_bytes:,} bytes, so it was not read to the end. "
            "Ask for less: a smaller limit, or fewer tasks.",
            request_id=request_id,
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

    def __init__(self, message: str, *, shortname: str) -> None:
        self.shortname = shortname
        super().__init__(message)


class NotStarted(SubmitUncertain):
    """Nothing was started: it was never sent, or there is no task with the shortname."""

    def __init__(self, shortname: str, cause: QarnotError) -> None:
        super().__init__(
            f"Nothing was started, and it is safe to submit again. What happened: {cause}", shortname=shortname
        )


class SubmitUnknown(SubmitUncertain):
    """Whether the task was started is not known."""

    def __init__(self, shortname: str, cause: QarnotError) -> None:
        super().__init__(
            f"It is not known whether the task was started. Before you submit again call get_task with "
            f"task_uuid={shown(shortname)} (its shortname): a task means that it was started; no such task means that "
            f"it was not, and a new submit with the same shortname is safe. What happened: {cause}",
            shortname=shortname,
        )


def _said(api_message: str) -> str:
    return f": {api_message.rstrip('.')}" if api_message else ""
