"""What can go wrong, as one tree; the text of each error says what happened, why, and what to do next.

QarnotError
├── InvalidArgument         checked here, before anything is sent
├── KeyProblem
│   ├── NoKey
│   ├── MalformedKey
│   └── KeyRefused          401
├── ReadOnly                a call that writes, in read-only mode
├── LimitReached            beyond a limit of whoever runs this server (tools/limits.py)
├── MistakenTask            hardly meant, so not started (tools/submission/request.py)
├── PipelineNotStarted      taken back, as a step was refused (tools/jobs/pipeline_start.py)
├── NoStorage               the platform or this server has none
├── TooCostly               reading this log would take too much computing
├── ApiRefused              the API understood the call and said no; nothing was done
│   ├── BadRequest          400
│   ├── Conflict            409
│   │   └── ShortnameTaken
│   ├── NotEnoughCredits    402
│   ├── HardwareUnavailable 402
│   ├── Forbidden           403
│   │   ├── QuotaReached
│   │   └── TaskEnded
│   ├── StorageRefused      the storage said no
│   └── NotFound            404
├── ApiUnavailable          no usable response; a read can be tried again
│   ├── Unreachable         no connection, or a broken one
│   ├── TimedOut
│   ├── RateLimited         429
│   ├── ServerFailed        5xx, and every other status without a meaning here
│   ├── UnreadableResponse
│   ├── ResponseTooLarge
│   ├── StorageUnavailable  no usable response of the storage
│   └── Busy                too many calls of this server in flight
└── SubmitUncertain         the response to a submit was lost
    ├── NotStarted          looked up: there is no such task
    ├── NoTimeLimit         no task, as its job was lost (tools/tasks/time_limit.py)
    └── SubmitUnknown       it could not be looked up either
"""

from typing import ClassVar

from qarnot_mcp.text.cleaning import one_line, said, seconds_text, shown
from qarnot_mcp.text.known_secrets import KnownSecrets

# ruff: noqa: N818 - the names say what happened, as those of httpx do.
KEYS = "https://tasq.qarnot.com/settings/access-token"
MESSAGE_CHARACTERS = 1500  # what the API said (500), what a submit was about, and what to do next


class QarnotError(Exception):
    """Base of all errors. `str(error)` is the complete message shown to the model, at most 1,500 characters."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message, MESSAGE_CHARACTERS))

    def add(self, note: str) -> None:
        """Add a sentence to the message."""
        self.args = (one_line(f"{self} {note}", MESSAGE_CHARACTERS),)

    def hide(self, secrets: KnownSecrets) -> None:
        """Replace what was echoed into the message and is secret, such as the caller's key."""
        self.args = (secrets.hide(str(self)),)


class InvalidArgument(QarnotError, ValueError):
    """An argument that is not valid; nothing was sent. A `ValueError`, so that models of arguments collect it."""

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
        super().__init__(f"The API key sent with this call is malformed: {reason}. Copy it again from {KEYS}.")


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


class NoStorage(QarnotError):
    """There is no storage to read files from or write files to."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Files cannot be read or written here{said(reason)}. Tasks and their logs work without it.")


class TooCostly(QarnotError):
    """A call computed for so long that it was ended."""

    def __init__(self, cpu_seconds: float) -> None:
        super().__init__(
            f"Reading this log took more than {cpu_seconds:g} s of computing, so it was stopped. Read a smaller part "
            "of it (instance_id, cursor), or search for something simpler."
        )


class ApiRefused(QarnotError):
    """The API understood the call and refused it; nothing was done. `{said}` stands for what the API said."""

    status: int = 400
    text: ClassVar[str] = (
        "Qarnot refused this call{said}. Nothing was done. Compare the arguments with the tool's description."
    )

    def __init__(self, api_message: str = "", *, status: int | None = None, message: str | None = None) -> None:
        self.status = status or self.status
        self.api_message = one_line(api_message, MESSAGE_CHARACTERS)
        super().__init__(message or self.text.format(said=said(api_message)))


class BadRequest(ApiRefused):
    """Something in the call is not accepted (400)."""

    text = "Qarnot rejected the arguments of this call{said}. Correct the arguments and call again."


class Conflict(ApiRefused):
    """The call contradicts what is there (409)."""

    status = 409
    text = (
        "Qarnot refused this: it conflicts with the current state{said}. Nothing was done. "
        "get_task shows the current state; call again once that has changed."
    )


class ShortnameTaken(Conflict):
    """A task, job or pool has the shortname already; no second one was started."""

    def __init__(self, shortname: str, *, uuid: str, name: str, state: str, noun: str = "task") -> None:
        self.shortname = shortname
        self.uuid = uuid
        super().__init__(
            message=f"The shortname {shown(shortname)} is taken by the {noun} {one_line(uuid, 80)} ({shown(name)}, "
            f"{one_line(state, 40)}); nothing new was started. If that is the {noun} you wanted, follow it with "
            f"get_{noun}; for another {noun} give another shortname, or none."
        )


class NotEnoughCredits(ApiRefused):
    """The account cannot pay for this (402)."""

    status = 402
    text = (
        "The Qarnot account does not have enough credits{said}. Nothing was started. "
        "Add credits at https://tasq.qarnot.com, then call again."
    )


class HardwareUnavailable(ApiRefused):
    """No machine that this account may use fits the hardware constraints (402)."""

    status = 402
    text = (
        "Qarnot has no machine for these hardware constraints{said}. Nothing was started. "
        "Loosen or drop hardware_constraints and call again."
    )


class Forbidden(ApiRefused):
    """The key may not do this (403)."""

    status = 403
    text = (
        "Qarnot does not allow this with this API key{said}. It may belong to another account: "
        "check the identifier, or use the key of the account that owns it."
    )


class QuotaReached(Forbidden):
    """The account has as many as it may have (403)."""

    text = (
        "A quota of the Qarnot account is reached{said}. Nothing was started. Finished tasks count until they are "
        "deleted: find them with list_tasks, delete finished tasks with delete_task, then call again."
    )


class TaskEnded(Forbidden):
    """A task that is over cannot be aborted (403)."""

    def __init__(self, identifier: str, state: str, api_message: str = "") -> None:
        self.state = one_line(state, 40)
        super().__init__(
            api_message,
            message=f"The task {shown(identifier)} cannot be aborted: it has ended with state {self.state}. "
            "get_task shows its results; delete_task removes it.",
        )


class NotFound(ApiRefused):
    """There is no such thing for this key (404)."""

    status = 404
    _LOOK: ClassVar[dict[str, str]] = {
        "task": "list_tasks shows the tasks; deleted ones are gone.",
        "job": "People find the jobs at https://tasq.qarnot.com; deleted ones are gone.",
        "pool": "People find the pools at https://tasq.qarnot.com; deleted ones are gone.",
        "profile": "list_profiles shows the names.",
        "bucket": "Give the name of a bucket that exists, or make it first at https://tasq.qarnot.com.",
        "file": "list_files shows the paths; they are case-sensitive.",
        "instance": "get_task shows which instances there are; ids start at 0.",
    }

    def __init__(self, kind: str, identifier: object, api_message: str = "") -> None:
        self.kind = one_line(kind, 40)
        self.identifier = identifier
        look = self._LOOK.get(kind, "Check the name or identifier.")
        super().__init__(
            api_message,
            message=f"No {self.kind} {shown(identifier)} is visible to this API key{said(api_message)}. {look}",
        )


class StorageRefused(ApiRefused):
    """The storage said no; `code` is what S3 calls it."""

    _TEXTS: ClassVar[dict[str, str]] = {
        "AccessDenied": "this key may not do this in the bucket, which may belong to another account",
        "InvalidAccessKeyId": "it does not know the account of this key yet: call again in a moment",
        "SignatureDoesNotMatch": "the API key does not fit the account: copy it again",
        "QuotaExceeded": "the storage quota of the account is reached: delete what is not needed with delete_files",
        "TooManyBuckets": "the account has as many buckets as it may have: delete an empty one with delete_files",
        "InvalidBucketName": "the name of a bucket has 3 to 63 lower-case letters, digits and dashes",
        "BucketAlreadyExists": "the name of the bucket is taken, maybe by another account: choose another name",
        "BucketNotEmpty": "the bucket still holds files: delete them first with delete_files",
        "EntityTooLarge": "the file is too large for one upload: use rclone",
        "RequestTimeTooSkewed": "the clock of this server is wrong by over 15 minutes: whoever runs it must set it",
        "InvalidRange": "the file ends before this byte",
    }

    def __init__(self, code: str, bucket: str, api_message: str = "") -> None:
        self.code = one_line(code, 60)
        reason = self._TEXTS.get(code, f"{self.code}{said(api_message)}")
        where = f" (bucket {shown(bucket)})" if bucket else ""
        super().__init__(api_message, message=f"The storage of Qarnot refused this{where}: {reason}.")


class ApiUnavailable(QarnotError):
    """The API gave no usable response."""

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
            f"{what}{said(reason)}. Try again in a moment; if this persists, whoever runs the server should check "
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
    """The API sent something other than what it documents."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The response from the Qarnot API cannot be read{said(what)}. Try again; if this persists, "
            "QARNOT_BASE_URL or a proxy on the way may be wrong."
        )


class ResponseTooLarge(ApiUnavailable):
    """The API sent more than is read."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The response from the Qarnot API is larger than {limit_bytes:,} bytes, so it was not read to the end. "
            "Ask for less: a smaller limit, or fewer tasks."
        )


class StorageUnavailable(ApiUnavailable):
    """The storage gave no usable response."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"The storage of Qarnot gave no answer{said(reason)}. Try again in a moment.")


class Busy(ApiUnavailable):
    """This server, or one caller of it, has as many calls to the API in flight as it may have."""

    may_have_worked = False

    def __init__(self, calls: int, waited_seconds: float, who_has: str = "This server has") -> None:
        super().__init__(
            f"{who_has} {calls} calls to Qarnot in flight, and none of them ended within {waited_seconds:g} s. "
            "Nothing was sent. Call again in a moment."
        )


class SubmitUncertain(QarnotError):
    """The response to a submit was lost."""

    def __init__(self, message: str, *, shortname: str, cause: QarnotError) -> None:
        self.shortname = shortname
        self.cause = cause
        super().__init__(f"{message} What happened: {cause}")


class NotStarted(SubmitUncertain):
    """Nothing was started: it was never sent, or nothing has the shortname."""

    def __init__(self, shortname: str, cause: QarnotError) -> None:
        # With the same shortname, so that even a task that shows up very late is met and not doubled.
        message = f"Nothing was started, and it is safe to submit again with shortname={shown(shortname)}."
        super().__init__(message, shortname=shortname, cause=cause)


class SubmitUnknown(SubmitUncertain):
    """Whether the task, job or pool was started is not known."""

    def __init__(self, shortname: str, cause: QarnotError, noun: str = "task") -> None:
        super().__init__(
            f"It is not known whether the {noun} was started. Before you submit again call get_{noun} with "
            f"{noun}_uuid={shown(shortname)} (its shortname): a {noun} means that it was started; no such {noun} means "
            "that it was not, and a new submit with the same shortname is safe.",
            shortname=shortname,
            cause=cause,
        )
