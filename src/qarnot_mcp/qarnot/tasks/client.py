"""The calls about tasks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from pydantic import FailFast, TypeAdapter

from qarnot_mcp.qarnot.errors import InvalidArgument, UnreadableResponse
from qarnot_mcp.qarnot.http.responses import Resource, Response
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import check_instance_id, check_task_id
from qarnot_mcp.qarnot.items import EVERY_ITEM, PAGE_ITEMS, ItemPage, ItemsClient, ListFilter, TaskFilter, read_page
from qarnot_mcp.qarnot.submission import Endpoint, NewResource, Submission, create
from qarnot_mcp.qarnot.tasks.logs import LogStream
from qarnot_mcp.qarnot.tasks.models import PlainSummaries, PlainTags, TagsOfTask, Task, TaskSummary
from qarnot_mcp.qarnot.tasks.vocabulary import CANCELLED_STATES, FINAL_STATES, LOG_TYPES, LogType, RerunOperation

NEW_TASK = Endpoint("task", "/tasks", Resource("profile, pool, job or bucket", "of this task"))
SEARCHED = "the tasks that were searched"


class TasksClient:
    """Calls about tasks. A task is named by its UUID or its shortname; `NotFound` where the key sees no such task."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tasks = ItemsClient(session, NEW_TASK, Task.read)

    async def page(
        self, *, where: ListFilter = EVERY_ITEM, limit: int = PAGE_ITEMS, cursor: str | None = None
    ) -> ItemPage[TaskSummary]:
        """Return up to `limit` tasks (1 to 50), newest first, from the start or from `cursor` on.

        A page may hold fewer than asked for and still not be the last. Without tags in the filter they are summaries
        (`POST /tasks/summaries/paginate`); with tags whole tasks, as summaries carry none (`POST /tasks/paginate`).
        """
        path = "/tasks/paginate" if where.tags else "/tasks/summaries/paginate"
        kind, plain = (Task, None) if where.tags else (TaskSummary, _plain_summaries())
        page = await read_page(self._session, path, "task", where, limit, cursor, plain)
        tasks = [item if isinstance(item, TaskSummary) else kind.read(item) for item in page.data]
        return ItemPage(tasks, page.total, page.next_token)

    async def search(self, where: TaskFilter, fields: Sequence[str] = (), limit: int = PAGE_ITEMS) -> list[Task]:
        """Return up to `limit` tasks (1 to 50) with these fields of the API only (`POST /tasks/search`).

        UUID and state are always read; without fields all of them are. The order is not known.
        """
        return [Task.read(item) for item in _items(await self._search(where, fields, limit), limit)]

    async def tags(self, uuids: Sequence[str]) -> dict[str, list[str]]:
        """Return the tags of at most 50 tasks by their UUIDs (`POST /tasks/search`), which summaries do not have."""
        if not uuids:
            return {}
        limit = len(uuids)
        response = await self._search(TaskFilter(uuids=sorted(map(check_task_id, uuids))), ("Tags",), limit)
        found = response.plain(_plain_tags(), SEARCHED) or map(TagsOfTask.read, _items(response, limit))
        return {task.uuid: task.tags for task in found}

    async def _search(self, where: TaskFilter, fields: Sequence[str], limit: int) -> Response:
        if not 1 <= limit <= PAGE_ITEMS:
            raise InvalidArgument("limit", limit, f"a whole number from 1 to {PAGE_ITEMS}")
        select = {"fields": ["Uuid", "State", *fields]} if fields else None
        body = {"select": select, "filter": where.to_api(), "maximumResults": limit}
        path = "/tasks/search"
        async with self._session.call() as call:
            return await call.send(Request("POST", path, Resource("endpoint", path)).with_json(body))

    async def select(self, uuids: Sequence[str], fields: Sequence[str] = ()) -> dict[str, Task]:
        """Return at most 50 tasks by their UUIDs, as `search` does; tasks that are gone are left out."""
        if not uuids:
            return {}
        wanted = {check_task_id(uuid) for uuid in uuids}
        tasks = await self.search(TaskFilter(uuids=sorted(wanted)), fields, len(wanted))
        return {task.uuid: task for task in tasks if task.uuid in wanted}

    async def get(self, task_id: str) -> Task:
        """Return one task (`GET /tasks/{id}`)."""
        return await self._tasks.get(task_id)

    async def submit(self, request: NewResource) -> Submission:
        """Start a task, exactly once even if the response is lost, as `ItemsClient.create` does (`POST /tasks`)."""
        self._session.check_may_write("submit tasks")
        return await create(self._session, request, NEW_TASK)

    async def rerun(self, task_uuid: str, operation: RerunOperation, request: NewResource) -> Submission:
        """Start a copy of a task, as safely as `submit` does (`POST /tasks/{id}/{retry,resume,recover,clone}`).

        `request` holds what is to differ. The platform copies the rest, secret constants included.
        """
        self._session.check_may_write("submit tasks")
        path = f"/tasks/{check_task_id(task_uuid)}/{operation}"
        copy = replace(NEW_TASK, path=path, missing=Resource("task", task_uuid))
        return await create(self._session, request, copy)

    async def abort(self, task_id: str) -> Task:
        """Abort a task and return its state afterwards (`POST /tasks/{id}/abort`, `GET /tasks/{id}`).

        A task that is cancelled already is no error; one that has ended otherwise raises `TaskEnded`.
        """
        return await self._tasks.stop(task_id, "abort", "aborted", CANCELLED_STATES, FINAL_STATES)

    async def delete(self, task_id: str) -> Task:
        """Delete a task and return what it was (`GET /tasks/{id}`, `DELETE /tasks/{uuid}`)."""
        return await self._tasks.delete(task_id)

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


def _items(response: Response, limit: int) -> list[Any]:
    """Return what a search has found, as it was decoded."""
    found = response.json(SEARCHED)
    if not isinstance(found, list):
        raise UnreadableResponse(f"{SEARCHED} are not a list")
    return found[:limit]


@cache
def _plain_summaries() -> TypeAdapter[PlainSummaries]:
    return TypeAdapter(PlainSummaries)


@cache
def _plain_tags() -> TypeAdapter[list[PlainTags]]:
    return TypeAdapter(Annotated[list[PlainTags], FailFast()])
