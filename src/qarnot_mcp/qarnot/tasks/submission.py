"""Starting a task so that a lost answer neither loses nor doubles it.

Each submit carries a shortname, which the API keeps unique. When the answer is lost, the shortname tells whether the
task is there. A shortname that the caller chose is looked up before, too: otherwise an older task with the same
shortname could pass for the new one.
"""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import AsyncExitStack

from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot.errors import (
    ApiRefused,
    ApiUnavailable,
    BadRequest,
    Conflict,
    NotFound,
    NotStarted,
    QarnotError,
    RateLimited,
    ShortnameTaken,
    SubmitUnknown,
    TimedOut,
    UnreadableResponse,
)
from qarnot_mcp.qarnot.fields import NIL_UUID
from qarnot_mcp.qarnot.http.call import RetryingCall
from qarnot_mcp.qarnot.http.responses import Resource, Response
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import UUID, check_shortname
from qarnot_mcp.qarnot.tasks.models import Submission, Task, TaskRequest

NAME_CHARACTERS = 40
RANDOM_CHARACTERS = 12
# When to look for a task whose answer was lost, as parts of the time it may take to appear.
LOOKS = (0.0, 0.05, 0.15, 0.35, 0.65, 1.0, 1.1, 1.2)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def make_shortname(name: str) -> str:
    """Make a shortname from a task's name: its letters and digits, and 12 random characters (59 bits)."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", letters)[:NAME_CHARACTERS].strip("-").lower() or "task"
    return f"{slug}-{''.join(secrets.choice(_ALPHABET) for _ in range(RANDOM_CHARACTERS))}"


NEW_TASK = Resource("profile, pool, job or bucket", "of this task")


async def start_task(
    call: RetryingCall, request: TaskRequest, owner: str, path: str = "/tasks", resource: Resource = NEW_TASK
) -> Submission:
    """Start a task by a POST to `path`, and return it; `owner` is the digest of the caller's key.

    `resource` is what a 404 speaks of. Raises `ShortnameTaken`, `NotStarted` or `SubmitUnknown`, beside what the API
    refuses.
    """
    return await _Submit(call, request, owner, path, resource).run()


class _Submit:
    """One submit: two thirds of the call's time to send it, the rest to look for it where the answer is lost."""

    def __init__(self, call: RetryingCall, request: TaskRequest, owner: str, path: str, resource: Resource) -> None:
        self._call = call
        self._limits = call.transport.limits
        self._name = request.name
        self._is_own = request.shortname is None
        self._shortname = make_shortname(request.name) if request.shortname is None else request.shortname
        self._owner = owner
        check_shortname(self._shortname)
        self._post = Request("POST", path, resource).with_json(request.to_api() | {"shortname": self._shortname})
        self._get = Request("GET", f"/tasks/{self._shortname}", Resource("task", self._shortname))
        self._is_posted = False

    async def run(self) -> Submission:
        """Go through all of it, in the time of one call."""
        look_up_seconds = self._limits.call_seconds / 3
        async with AsyncExitStack() as held:
            try:
                async with self._call.within(self._limits.call_seconds - look_up_seconds):
                    # Two submits with one shortname, of one caller: the second one finds the task of the first.
                    await held.enter_async_context(self._call.transport.submits.hold((self._owner, self._shortname)))
                    if not self._is_own:
                        await self._refuse_taken()
                    return await self._send()
            except ApiUnavailable as error:
                if not self._is_posted:
                    raise NotStarted(self._shortname, error) from error
                return await self._look_for_it(error, look_up_seconds)

    async def _send(self) -> Submission:
        """Send it; again only after an answer, or a failure to connect, that means that nothing was begun."""
        while True:
            is_first, self._is_posted = not self._is_posted, True
            try:
                answer = await self._call.send_once(self._post)
            except (BadRequest, Conflict) as error:
                if isinstance(error, BadRequest) and "shortname" not in error.api_message.lower():
                    raise
                return await self._explain_taken(error, is_ours=not is_first)
            except ApiUnavailable as error:
                if error.may_have_worked:
                    raise
                self._is_posted = isinstance(error, RateLimited) or not is_first
                wait = self._call.retries.wait_before_next(error)
                if wait is None:
                    raise
                await self._call.transport.sleep(wait)
            else:
                self._call.retries.succeeded()
                return Submission(uuid=_new_uuid(answer), shortname=self._shortname, name=self._name, state="Submitted")

    async def _refuse_taken(self) -> None:
        """Raise `ShortnameTaken` where a task has the shortname already."""
        try:
            task = self._read(await self._call.send(self._get))
        except NotFound:
            return
        raise ShortnameTaken(self._shortname, uuid=task.uuid, name=task.name, state=task.state)

    async def _explain_taken(self, error: ApiRefused, *, is_ours: bool) -> Submission:
        """Say which task has the shortname that the API refused; after a first try it is the one wanted."""
        try:
            task = self._read(await self._call.send(self._get))
        except (ApiUnavailable, NotFound):
            raise error from None
        if is_ours:
            return self._found(task)
        raise ShortnameTaken(self._shortname, uuid=task.uuid, name=task.name, state=task.state) from None

    async def _look_for_it(self, cause: ApiUnavailable, seconds: float) -> Submission:
        """Look for the task, more than once, as it may appear late; only a last look that finds none is a no."""
        # A 429 says that nothing was begun: one look makes sure, and a failure of that look changes nothing.
        looks = LOOKS if cause.may_have_worked else (0.0,)
        patience = min(self._limits.look_up_seconds, seconds * 2 / 3)
        waited, is_missing = 0.0, not cause.may_have_worked
        try:
            async with self._call.within(seconds):
                for part in looks:
                    await self._call.transport.sleep(part * patience - waited)
                    waited = part * patience
                    try:
                        return self._found(self._read(await self._call.send_once(self._get)))
                    except NotFound:
                        is_missing = True
                        if part >= 1:
                            break
                    except QarnotError:
                        is_missing = not cause.may_have_worked
        except TimedOut:
            is_missing = not cause.may_have_worked
        if is_missing:
            raise NotStarted(self._shortname, cause) from cause
        raise SubmitUnknown(self._shortname, cause) from cause

    def _read(self, answer: Response) -> Task:
        """Read the task that was found, and makes sure that it is the one with the shortname."""
        task = Task.read(answer.json("the task"))
        if (task.shortname or "").lower() != self._shortname.lower():
            raise UnreadableResponse("the task found by its shortname has another one")
        return task

    def _found(self, task: Task) -> Submission:
        recorder().submit_found()
        return Submission(uuid=task.uuid, shortname=self._shortname, name=task.name, state=task.state, found_again=True)


def _new_uuid(answer: Response) -> str:
    created = answer.json("the new task")
    uuid = created.get("uuid") if isinstance(created, Mapping) else None
    if not isinstance(uuid, str) or not UUID.fullmatch(uuid) or uuid == NIL_UUID:
        raise UnreadableResponse("the new task: uuid is missing")
    return uuid
