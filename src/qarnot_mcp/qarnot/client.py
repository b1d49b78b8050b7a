"""One method for each call of the API, in domain terms."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from pydantic import SecretStr

from qarnot_mcp.qarnot.errors import (
    ApiUnavailable,
    BadRequest,
    Forbidden,
    InvalidArgument,
    MalformedKey,
    NoKey,
    NotFound,
    ReadOnly,
    SubmitUncertain,
    TaskEnded,
    UnreadableAnswer,
)
from qarnot_mcp.qarnot.http.call import Call, Change
from qarnot_mcp.qarnot.http.responses import Subject
from qarnot_mcp.qarnot.http.transport import Request, Transport
from qarnot_mcp.qarnot.identifiers import UUID, check_cursor, check_instance_id, check_task_id, profile_path
from qarnot_mcp.qarnot.tasks.logs import LogStream
from qarnot_mcp.qarnot.tasks.models import (
    CANCELLED_STATES,
    FINAL_STATES,
    CarbonFacts,
    Profile,
    Submission,
    Task,
    TaskPage,
    TaskRequest,
    User,
)
from qarnot_mcp.qarnot.tasks.pages import PAGE_TASKS, Page, filter_of, next_token
from qarnot_mcp.qarnot.tasks.submission import start_task

KEY_CHARACTERS = 4096

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_VISIBLE = re.compile(r"[\x21-\x7e]+", re.ASCII)


class QarnotClient:
    """The API with one caller's key; cheap to make, for each call anew.

    The methods check their arguments (`InvalidArgument`), and raise `KeyProblem`, `ApiRefused` or `ApiUnavailable`.
    With `read_only` those that write raise `ReadOnly`. `requests` counts what went to the API.
    """

    def __init__(
        self, transport: Transport, key: SecretStr | None, *, read_only: bool = False, request_id: str = ""
    ) -> None:
        self._transport = transport
        self._key = key
        self._read_only = read_only
        self._request_id = request_id if _REQUEST_ID.fullmatch(request_id) else ""
        self.requests = 0

    async def check_reachable(self) -> None:
        """Asks for the public settings, which takes no key (`GET /settings`)."""
        await self.settings()

    async def settings(self) -> dict[str, Any]:
        """Answers the public settings of the platform (`GET /settings`); takes no key."""
        async with self._call(keyless=True) as call:
            answer = await call.send(Request("GET", "/settings", Subject("endpoint", "settings")))
            settings = answer.json("the settings")
            if not isinstance(settings, dict):
                raise UnreadableAnswer("the settings are not an object")
            return settings

    async def user(self, *, cached: bool = False) -> User:
        """Answers the account of the key (`GET /info`); `cached` is content with one of the last minute."""
        if cached and (kept := self._transport.cache.get(self._owner(), "user", User)):
            return kept
        async with self._call() as call:
            answer = await call.send(Request("GET", "/info", Subject("account", "of this key")))
            return self._transport.cache.put(self._owner(), "user", User.read(answer.json("the account")))

    async def profile_names(self) -> list[str]:
        """Answers the names of the profiles that the key may use (`GET /profiles`)."""
        async with self._call() as call:
            answer = await call.send(Request("GET", "/profiles", Subject("endpoint", "profiles")))
            names = answer.json("the list of profiles")
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise UnreadableAnswer("the list of profiles is not a list of names")
            return names

    async def profile(self, name: str, *, cached: bool = False) -> Profile:
        """Answers one profile (`GET /profiles/{name}`); `cached` is content with one of the last minute."""
        path = profile_path(name)
        if cached and (kept := self._transport.cache.get(self._owner(), path, Profile)):
            return kept
        async with self._call() as call:
            answer = await call.send(Request("GET", path, Subject("profile", name)))
            profile = Profile.read(answer.json("the profile"))
            # The API may leave the name out.
            profile = profile if profile.name else profile.model_copy(update={"name": name})
            return self._transport.cache.put(self._owner(), path, profile)

    async def tasks(
        self,
        *,
        tags: Sequence[str] = (),
        states: Sequence[str] = (),
        name_prefix: str | None = None,
        limit: int = PAGE_TASKS,
        cursor: str | None = None,
    ) -> TaskPage:
        """Answers a page of up to `limit` tasks (1 to 50), newest first, from the start or from `cursor` on.

        They match one of the tags, one of the states, and the start of the name; a page may hold fewer than asked for
        and still not be the last. Without tags they are summaries (`POST /tasks/summaries/paginate`); with tags whole
        tasks, as summaries carry none (`POST /tasks/paginate`).
        """
        if not 1 <= limit <= PAGE_TASKS:
            raise InvalidArgument("limit", limit, f"a whole number from 1 to {PAGE_TASKS}")
        token = None if cursor is None else check_cursor(cursor)
        path = "/tasks/paginate" if tags else "/tasks/summaries/paginate"
        asked = {
            "filter": filter_of(tags, states, name_prefix),
            "token": token,
            "maximumResults": limit,
            "orderBy": "creationDate",
            "orderType": "DESC",
        }
        async with self._call() as call:
            try:
                answer = await call.send(Request("POST", path, Subject("endpoint", path)).sending(asked))
            except BadRequest as error:
                if token is None or "token" not in error.api_message.lower():
                    raise
                valid = "next_cursor of an earlier answer with the same filters, unchanged"
                raise InvalidArgument("cursor", token, valid, "Leave it out to start with the newest task.") from None
        page = Page.read(answer.json("the list of tasks"))
        return TaskPage.model_construct(
            tasks=[Task.read(item) for item in page.data], total=page.total, next_cursor=next_token(page, token)
        )

    async def task(self, task_id: str) -> Task:
        """Answers one task by its UUID or shortname (`GET /tasks/{id}`)."""
        task_id = check_task_id(task_id)
        async with self._call() as call:
            return await _task(call, task_id)

    async def submit(self, request: TaskRequest) -> Submission:
        """Starts a task, once whatever happens to the answer (`POST /tasks`, `GET /tasks/{shortname}`).

        Raises `ShortnameTaken`, `NotStarted` (nothing was started) or `SubmitUnknown`, beside what the API refuses.
        """
        self._refuse_to_write("submit tasks")
        async with self._counted(Call(self._transport, self._headers())) as call:
            return await start_task(call, request, self._owner())

    async def abort(self, task_id: str) -> Task:
        """Aborts a task and answers it as it is then (`POST /tasks/{id}/abort`, `GET /tasks/{id}`).

        A task that is cancelled already is no error; one that has ended otherwise raises `TaskEnded`.
        """
        self._refuse_to_write("abort tasks")
        task_id = check_task_id(task_id)
        change = Change()
        with change.told("aborted"):
            async with self._call() as call:
                change.call = call
                try:
                    answer = await call.send(Request("POST", f"/tasks/{task_id}/abort", Subject("task", task_id)))
                except Forbidden as error:
                    task = await _task(call, task_id)
                    if task.state in CANCELLED_STATES:
                        return task
                    if task.state in FINAL_STATES:
                        raise TaskEnded(task_id, task.state, error.api_message) from None
                    raise
                change.is_done = answer.is_bare
                call.maybe_done = True
                task = await _task(call, task_id)
                if not answer.is_bare and task.state not in CANCELLED_STATES | FINAL_STATES:
                    raise UnreadableAnswer("the abort was answered with something else, and the task goes on")
                return task

    async def delete(self, task_id: str) -> Task:
        """Deletes a task and answers what it was (`GET /tasks/{id}`, `DELETE /tasks/{uuid}`)."""
        self._refuse_to_write("delete tasks")
        task_id = check_task_id(task_id)
        change = Change()
        with change.told("deleted"):
            async with self._call() as call:
                task = await _task(call, task_id)
                # The name could pass to another task in between; the UUID cannot.
                name = task.uuid if UUID.fullmatch(task.uuid) else task_id
                call.maybe_done = False
                change.call = call
                try:
                    answer = await call.send(Request("DELETE", f"/tasks/{name}", Subject("task", task_id)))
                except NotFound:
                    if not call.maybe_done:
                        raise
                    return task
                call.maybe_done = True
                if not answer.is_bare:
                    await _make_sure_of_delete(call, name)
                return task

    @asynccontextmanager
    async def log(
        self, task_id: str, log_type: Literal["stdout", "stderr"] = "stdout", instance_id: int | None = None
    ) -> AsyncIterator[LogStream]:
        """Opens the log of a task or of one instance (`GET /tasks/{id}/{stdout,stderr}[/{instance}]`).

        Answers its text in parts, in bounded memory. The time of the whole call covers the reading, too.
        """
        if log_type not in ("stdout", "stderr"):
            raise InvalidArgument("log_type", log_type, "stdout or stderr")
        task_id = check_task_id(task_id)
        path, subject = f"/tasks/{task_id}/{log_type}", Subject("task", task_id)
        if instance_id is not None:
            path += f"/{check_instance_id(instance_id)}"
            subject = Subject("instance", instance_id)
        async with self._call() as call, call.open(Request("GET", path, subject)) as incoming:
            yield LogStream(incoming, self._transport.limits.max_log_bytes)

    async def carbon_facts(self, uuid: str) -> CarbonFacts | None:
        """Answers what a task used and caused, or none where the API has no such facts.

        It is `GET /carbon/v1/tasks/{uuid}/carbon-facts`, beside the versions of the compute API.
        """
        path = f"/carbon/v1/tasks/{check_task_id(uuid)}/carbon-facts"
        async with self._call() as call:
            try:
                answer = await call.send(Request("GET", path, Subject("task", uuid), rooted=True))
            except (NotFound, Forbidden):
                return None
            return CarbonFacts.read(answer.json("the carbon facts"))

    @asynccontextmanager
    async def _call(self, *, keyless: bool = False) -> AsyncIterator[Call]:
        """Begins a call: its headers, its time, its retries."""
        call = Call(self._transport, self._headers(keyless=keyless))
        async with self._counted(call), call.within(self._transport.limits.call_seconds):
            yield call

    @asynccontextmanager
    async def _counted(self, call: Call) -> AsyncIterator[Call]:
        """Counts the requests of a call, and puts its id into the errors that somebody may have to look into."""
        try:
            yield call
        except (ApiUnavailable, SubmitUncertain) as error:
            if self._request_id:
                error.add(f"(request {self._request_id})")
            raise
        finally:
            self.requests += call.requests

    def _headers(self, *, keyless: bool = False) -> dict[str, str]:
        headers = {"X-Request-Id": self._request_id} if self._request_id else {}
        if not keyless:
            headers["Authorization"] = self._checked_key()
        return headers

    def _checked_key(self) -> str:
        """Answers the key where it can stand in a header."""
        key = self._key.get_secret_value() if self._key is not None else ""
        if not key:
            raise NoKey
        if len(key) > KEY_CHARACTERS:
            raise MalformedKey(f"it has more than {KEY_CHARACTERS} characters")
        if not _VISIBLE.fullmatch(key):
            raise MalformedKey("it has blanks, control characters or characters beyond ASCII in it")
        return key

    def _owner(self) -> str:
        return self._transport.cache.owner(self._checked_key())

    def _refuse_to_write(self, action: str) -> None:
        if self._read_only:
            raise ReadOnly(action)


async def _task(call: Call, task_id: str) -> Task:
    answer = await call.send(Request("GET", f"/tasks/{task_id}", Subject("task", task_id)))
    return Task.read(answer.json("the task"))


async def _make_sure_of_delete(call: Call, name: str) -> None:
    try:
        task = await _task(call, name)
    except NotFound:
        return
    if task.state != "PendingDelete":
        raise UnreadableAnswer("the delete was answered with something else, and the task is still there")
