"""The tools that list, read, abort and delete tasks."""

import asyncio
from typing import Annotated, Any, Literal

from fastmcp.server.dependencies import get_context
from fastmcp.tools.base import ToolResult
from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.pages import PAGE_TASKS
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Aborted, Deleted, TaskList, TaskRow, answer
from qarnot_mcp.tools.checks import (
    check_cursor,
    check_limit,
    check_name_prefix,
    check_states,
    check_tags,
    check_task_id,
    check_wait_seconds,
)
from qarnot_mcp.tools.context import calling_client
from qarnot_mcp.tools.failures.explain import energy_of, explain_failure, last_line
from qarnot_mcp.tools.tasks.details import TaskDetails
from qarnot_mcp.tools.tasks.raw import whole_answer
from qarnot_mcp.tools.tasks.view_data import view_meta
from qarnot_mcp.tools.tasks.waiting import Tell, see_task

LIST_CHARACTERS = 95_000
LIST_SECONDS = 50.0
"""More than one page may take, so that the first always has its own answer."""
MOST_PAGES = 50

TaskId = Annotated[str, Field(description="The task's UUID or its shortname.")]


async def list_tasks(
    tags: Annotated[list[str] | None, Field(description="Only tasks with at least one of these tags.")] = None,
    state: Annotated[
        str | None,
        Field(
            description="Only tasks in these states, separated by commas: a state such as Success or FullyExecuting, "
            "or active, waiting, running, finished, succeeded, failed."
        ),
    ] = None,
    name: Annotated[str | None, Field(description="Only tasks whose name starts with this.")] = None,
    limit: Annotated[int, Field(description="How many tasks at most, 1 to 500.")] = 50,
    cursor: Annotated[str | None, Field(description="next_cursor of the answer before, to read on.")] = None,
) -> ToolResult:
    """List Qarnot tasks (batch jobs, computations), newest first, with state, progress and instance counts.

    Filters by tag, state and name prefix combine. total tells how many match; next_cursor reads on.
    """
    filters = {
        "tags": check_tags(tags),
        "states": check_states(state),
        "name_prefix": check_name_prefix(name),
    }
    return answer(await listed(calling_client(), check_limit(limit), check_cursor(cursor), filters))


async def listed(client: QarnotClient, limit: int, cursor: str | None, filters: dict[str, Any]) -> TaskList:
    """Reads pages of tasks until there are enough, or until one more would make the answer too long or too late.

    Pages that were read are not lost where a later one fails: the hint says so, and the cursor reads on.
    """
    rows: list[TaskRow] = []
    total: int | None = None
    characters, hint = 0, ""
    try:
        async with asyncio.timeout(LIST_SECONDS):
            for _ in range(MOST_PAGES):
                page = await client.tasks.page(limit=min(PAGE_TASKS, limit - len(rows)), cursor=cursor, **filters)
                more = [TaskRow.of(task, filters["tags"]) for task in page.tasks]
                characters += sum(len(row.model_dump_json(exclude_none=True)) + 1 for row in more)
                if rows and characters > LIST_CHARACTERS:
                    hint = f"The list was cut at {len(rows)} tasks to keep it readable; next_cursor reads on."
                    break
                rows, cursor, total = rows + more, page.next_cursor, page.total
                if cursor is None or len(rows) >= limit:
                    break
    except (TimeoutError, ApiUnavailable) as error:
        if not rows:
            raise
        reason = str(error) or "It took too long."
        hint = f"The tasks after these {len(rows)} could not be read this time; next_cursor reads on. {reason}"
    return TaskList(tasks=rows, count=len(rows), total=total, next_cursor=cursor, hint=hint or None)


async def get_task(
    task_uuid: TaskId,
    detail: Annotated[
        Literal["summary", "full"], Field(description="full adds everything the API said, secrets masked.")
    ] = "summary",
    wait_seconds: Annotated[
        float, Field(description="Wait up to this long, 0 to 45, for the task to end; tells what changed meanwhile.")
    ] = 0,
) -> ToolResult:
    """Get one Qarnot task (batch job): its state and progress, instances, times, errors, constants, buckets, tags.

    A failed task carries why: the failed instances grouped, with the last lines of their output. A finished task
    carries its energy and carbon facts. wait_seconds follows a running task without polling.
    """
    task_id = check_task_id(task_uuid)
    seconds, shortened = check_wait_seconds(wait_seconds)
    client = calling_client()
    seen = await see_task(client, task_id, seconds, progress_teller(client))
    task = seen.task
    if shortened and not task.is_final:
        shortened += " Call again to wait on."
    failure, (energy, no_energy) = await asyncio.gather(explain_failure(client, task), energy_of(client, task))
    result = answer(
        TaskDetails.of(
            task,
            failure=failure,
            energy=energy,
            waited=seen.waited,
            note=" ".join(filter(None, (shortened, seen.note, no_energy))) or None,
            api=whole_answer(task.raw) if detail == "full" else None,
        )
    )
    if detail == "full":
        result.meta = view_meta(task)
    return result


def progress_teller(client: QarnotClient) -> Tell:
    """Makes what tells a client that listens where its task stands, and what it printed last."""

    async def tell(task: Task) -> None:
        context = get_context()
        request = context.request_context
        if request is None or "progressToken" not in (request.meta or {}):
            return
        message = f"{task.state}, {task.running_instance_count} of {task.instance_count} instances running"
        line = await last_line(client, task) if task.running_instance_count else ""
        await context.report_progress(task.progress, 100, f"{message}: {line}" if line else message)

    return tell


async def abort_task(task_uuid: TaskId) -> ToolResult:
    """Abort (cancel, stop) a Qarnot task that is waiting or running; what it has computed so far may be lost."""
    task = await calling_client().tasks.abort(check_task_id(task_uuid))
    return answer(Aborted(uuid=task.uuid, name=one_line(task.name, NAME_CHARACTERS), state=task.state))


async def delete_task(task_uuid: TaskId) -> ToolResult:
    """Delete a Qarnot task for good, aborting it first where it runs; its logs go with it, its buckets stay."""
    task = await calling_client().tasks.delete(check_task_id(task_uuid))
    return answer(Deleted(uuid=task.uuid, name=one_line(task.name, NAME_CHARACTERS)))
