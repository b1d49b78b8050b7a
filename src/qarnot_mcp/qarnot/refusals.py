"""What the API refuses: the branch `ApiRefused` of the tree of errors."""

from typing import ClassVar

from qarnot_mcp.text.messages import MESSAGE_CHARACTERS, QarnotError, plain, said, shown

# ruff: noqa: N818 - the names say what happened, as those of httpx do.


class ApiRefused(QarnotError):
    """The API understood the call and refused it; nothing was done. `{said}` stands for what the API said."""

    status: int = 400
    text: ClassVar[str] = (
        "Qarnot refuses this call{said}. Nothing was done. Compare the arguments with the tool's description."
    )

    def __init__(self, api_message: str = "", *, status: int | None = None, message: str | None = None) -> None:
        self.status = status or self.status
        self.api_message = plain(api_message, MESSAGE_CHARACTERS)
        super().__init__(message or self.text.format(said=said(api_message)))


class BadRequest(ApiRefused):
    """Something in the call is not accepted (400)."""

    text = "Qarnot does not accept this call{said}. Correct the arguments and call again."


class Conflict(ApiRefused):
    """The call contradicts what is there (409)."""

    status = 409
    text = (
        "Qarnot refuses this because of what is there already{said}. Nothing was done. "
        "get_task shows how it stands; call again once that has changed."
    )


class ShortnameTaken(Conflict):
    """A task has the shortname already; no second one was started."""

    def __init__(self, shortname: str, *, uuid: str, name: str, state: str) -> None:
        self.shortname = shortname
        self.uuid = uuid
        super().__init__(
            message=f"The shortname {shown(shortname)} is taken by the task {plain(uuid, 80)} ({shown(name)}, "
            f"{plain(state, 40)}); nothing new was started. If that is the task you wanted, follow it with get_task; "
            "for another task give another shortname, or none."
        )


class NotEnoughCredits(ApiRefused):
    """The account cannot pay for this (402)."""

    status = 402
    text = (
        "The Qarnot account has not enough credits{said}. Nothing was started. "
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
        "Qarnot does not allow this with the key used{said}. It may belong to another account: "
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
        self.state = plain(state, 40)
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
        "profile": "list_profiles shows the names.",
        "bucket": "Give the name of a bucket that exists, or make it first at https://tasq.qarnot.com.",
        "instance": "get_task shows which instances there are; ids start at 0.",
    }

    def __init__(self, kind: str, identifier: object, api_message: str = "") -> None:
        self.kind = plain(kind, 40)
        self.identifier = identifier
        look = self._LOOK.get(kind, "Check the name or identifier.")
        super().__init__(
            api_message,
            message=f"There is no {self.kind} {shown(identifier)} for this key{said(api_message)}. {look}",
        )
