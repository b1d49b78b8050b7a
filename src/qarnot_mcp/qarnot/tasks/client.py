"""The calls about tasks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from qarnot_mcp.qarnot.errors import BadRequest, Forbidden, InvalidArgument, NotFound, TaskEnded, UnreadableResponse
from qarnot_mcp.qarnot.http.call import MutationOutcome, RetryingCall
from qarnot_mcp.qarnot.http.responses import Resource, read_off_loop
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import UUID, check_cursor, check_instance_id, check_task_id
from qarnot_mcp.qarnot.submission import NEW_TASK, NewResource, Submission, create
from qarnot_mcp.qarnot.tasks.logs import LogStream
from qarnot_mcp.qarnot.tasks.models import Task, TaskPage, TaskSummary
from qarnot_mcp.qarnot.tasks.pages import EVERY_TASK, PAGE_TASKS, Page, TaskFilter, next_token
from qarnot_mcp.qarnot.tasks.vocabulary import CANCELLED_STATES, FINAL_STATES, LOG_TYPES, LogType, RerunOperation


class TasksClient:
    """Calls about tasks. A task is named by its UUID or its shortname; `NotFound` where the key sees no such task."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def page(
        self,
        *,
        where: TaskFilter = EVERY_TASK,
        limit: int = PAGE_TASKS,
        cursor: str | None = None,
    ) -> TaskPage:
        """Return up to `limit` tasks (1 to 50), newest first, from the start or from `cursor` on.

        A page may hold fewer than asked for and still not be the last. Without tags in the filter they are summaries
        (`POST /tasks/summaries/paginate`); with tags whole tasks, as summaries carry none (`POST /tasks/paginate`).
        """
        if not 1 <= limit <= PAGE_TASKS:
            raise InvalidArgument("limit", limit, f"a whole number from 1 to {PAGE_TASKS}")
        token = None if cursor is None else check_cursor(cursor)
        path = "/tasks/paginate" if where.tags else "/tasks/summaries/paginate"
        body = {
            "filter": where.to_api(),
            "token": token,
            "maximumResults": limit,
            "orderBy": "creationDate",
            "orderType": "DESC",
        }
        async with self._session.call() as call:
            try:
                response = await call.send(Request("POST", path, Resource("endpoint", path)).with_json(body))
            except BadRequest as error:
                if token is None or "token" not in error.api_message.lower():
                    raise
                valid = "next_cursor of an earlier answer with the same filters, unchanged"
                raise InvalidArgument("cursor", token, valid, "Leave it out to start with the newest task.") from None
        page = Page.read(response.json("the list of tasks"))
        kind = Task if where.tags else TaskSummary
        return TaskPage.model_construct(
            tasks=[kind.read(item) for item in page.data[:limit]], total=page.total, next_cursor=next_token(page, token)
        )

    async def search(self, where: TaskFilter, fields: Sequence[str] = (), limit: int = PAGE_TASKS) -> list[Task]:
        """Return up to `limit` tasks (1 to 50) with these fields of the API only (`POST /tasks/search`).

        UUID and state are always read; without fields all of them are. The order is not known.
        """
        return [Task.read(item) for item in await self._search(where, fields, limit)]

    async def tags(self, uuids: Sequence[str]) -> dict[str, list[str]]:
        """Return the tags of at most 50 tasks by their UUIDs (`POST /tasks/search`), which summaries do not have."""
        if not uuids:
            return {}
        items = await self._search(TaskFilter(uuids=sorted(map(check_task_id, uuids))), ("Tags",), len(uuids))
        return {task.uuid: task.tags for task in map(TaskSummary.read, items)}

    async def _search(self, where: TaskFilter, fields: Sequence[str], limit: int) -> list[Any]:
        if not 1 <= limit <= PAGE_TASKS:
            raise InvalidArgument("limit", limit, f"a whole number from 1 to {PAGE_TASKS}")
        select = {"fields": ["Uuid", "State", *fields]} if fields else None
        body = {"select": select, "filter": where.to_api(), "maximumResults": limit}
        path = "/tasks/search"
        async with self._session.call() as call:
            response = await call.send(Request("POST", path, Resource("endpoint", path)).with_json(body))
        found = response.json("the tasks that were searched")
        if not isinstance(found, list):
            raise UnreadableResponse("the tasks that were searched are not a list")
        return found[:limit]

    async def select(self, uuids: Sequence[str], fields: Sequence[str] = ()) -> dict[str, Task]:
        """Return at most 50 tasks by their UUIDs, as `search` does; tasks that are gone are left out."""
        if not uuids:
            return {}
        wanted = {check_task_id(uuid) for uuid in uuids}
        tasks = await self.search(TaskFilter(uuids=sorted(wanted)), fields, len(wanted))
        return {task.uuid: task for task in tasks if task.uuid in wanted}

    async def get(self, task_id: str) -> Task:
        """Return one task (`GET /tasks/{id}`)."""
        task_id = check_task_id(task_id)
        async with self._session.call() as call:
            return await _get(call, task_id)

    async def submit(self, request: NewResource) -> Submission:
        """Start a task, exactly once even if the response is lost (`POST /tasks`, `GET /tasks/{shortname}`).

        Raises `ShortnameTaken`, `NotStarted` (nothing was started) or `SubmitUnknown`, besides what the API refuses.
        """
        self._session.check_may_write("submit tasks")
        async with self._session.call(timed=False) as call:
            return await create(call, request, self._session.owner)

    async def rerun(self, task_uuid: str, operation: RerunOperation, request: NewResource) -> Submission:
        """Start a copy of a task, as safely as `submit` does (`POST /tasks/{id}/{retry,resume,recover,clone}`).

        `request` holds what is to differ. The platform copies the rest, secret constants included.
        """
        self._session.check_may_write("submit tasks")
        path = f"/tasks/{check_task_id(task_uuid)}/{operation}"
        copy = replace(NEW_TASK, path=path, missing=Resource("task", task_uuid))
        async with self._session.call(timed=False) as call:
            return await create(call, request, self._session.owner, copy)

    async def abort(self, task_id: str) -> Task:
        """Abort a task and return its state afterwards (`POST /tasks/{id}/abort`, `GET /tasks/{id}`).

        A task that is cancelled already is no error; one that has ended otherwise raises `TaskEnded`.
        """
        self._session.check_may_write("abort tasks")
        task_id = check_task_id(task_id)
        outcome = MutationOutcome()
        with outcome.explained("aborted"):
            async with self._session.call() as call:
                outcome.call = call
                try:
                    response = await call.send(Request("POST", f"/tasks/{task_id}/abort", Resource("task", task_id)))
                except Forbidden as error:
                    task = await _get(call, task_id)
                    if task.state in CANCELLED_STATES:
                        return task
                    if task.state in FINAL_STATES:
                        raise TaskEnded(task_id, task.state, error.api_message) from None
                    raise
                outcome.is_done = response.is_bare
                call.maybe_done = True
                task = await _get(call, task_id)
                if not response.is_bare and task.state not in CANCELLED_STATES | FINAL_STATES:
                    raise UnreadableResponse("the response to the abort was unexpected, and the task goes on")
                return task

    async def delete(self, task_id: str) -> Task:
        """Delete a task and return what it was (`GET /tasks/{id}`, `DELETE /tasks/{uuid}`)."""
        self._session.check_may_write("delete tasks")
        task_id = check_task_id(task_id)
        outcome = MutationOutcome()
        with outcome.explained("deleted"):
            async with self._session.call() as call:
                task = await _get(call, task_id)
                # The shortname could pass to another task in between; the UUID cannot.
                name = task.uuid if UUID.fullmatch(task.uuid) else task_id
                call.maybe_done = False
                outcome.call = call
                try:
                    response = await call.send(Request("DELETE", f"/tasks/{name}", Resource("task", task_id)))
                except NotFound:
                    if not call.maybe_done:
                        raise
                    return task
                call.maybe_done = True
                if not response.is_bare:
                    await _check_deleted(call, name)
                return task

    @asynccontextmanager
    async def log(
        self, task_id: str, log_type: LogType = "stdout", instance_id: int | None = None
    ) -> AsyncIterator[LogStream]:
        """Open the log of a task or of one instance (`GET /tasks/{id}/{stdout,stderr}[/{instance}]`).

        Its text comes in parts, in bounded memory; the time limit of the call covers the reading, too.
        """
        if log_type not in LOG_TYPES:
            raise InvalidArgument("log_type", log_type, "stdout or stderr")
        task_id = check_task_id(task_id)
        path, resource = f"/tasks/{task_id}/{log_type}", Resource("task", task_id)
        if instance_id is not None:
            path += f"/{check_instance_id(instance_id)}"
            resource = Resource("instance", instance_id)
        async with self._session.call() as call, call.open(Request("GET", path, resource)) as response:
            yield LogStream(response, self._session.limits.max_log_bytes)


async def _get(call: RetryingCall, task_id: str) -> Task:
    response = await call.send(Request("GET", f"/tasks/{task_id}", Resource("task", task_id)))
    return await read_off_loop(response, "the task", Task.read)


async def _check_deleted(call: RetryingCall, name: str) -> None:
    """Raise `UnreadableResponse` if a task is still there after a delete with an unexpected response."""
    try:
        task = await _get(call, name)
    except NotFound:
        return
    if task.state != "PendingDelete":
        raise UnreadableResponse("the response to the delete was unexpected, and the task is still there")
