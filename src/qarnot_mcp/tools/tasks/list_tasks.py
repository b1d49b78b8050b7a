"""The tool that lists tasks."""

import asyncio
from collections.abc import Collection
from typing import Annotated, Self

from fastmcp.tools.base import ToolResult
from pydantic import AfterValidator, Field, ValidationInfo

from qarnot_mcp.qarnot import identifiers
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.pages import PAGE_TASKS
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import (
    LIST_CHARACTERS,
    NAME_CHARACTERS,
    STATE_CHARACTERS,
    Number,
    Result,
    answer,
    date,
    json_length,
    rounded,
)
from qarnot_mcp.tools.checks import MAX_NAME_CHARACTERS, Arguments, Tags, parameter_of, text_line, whole_number
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.tasks.states import States, states_named

LIST_SECONDS = 50.0
"""More than one page may take, so that the first always has its own result."""
MAX_PAGES = 50
"""Filters may leave pages empty; a call ends after so many, and the cursor reads on."""


def check_cursor(given: str, info: ValidationInfo) -> str:
    """Check the form of a cursor, which only the API can read."""
    return identifiers.check_cursor(given.strip(), parameter_of(info))


class ListTasks(Arguments):
    """The arguments of list_tasks."""

    tags: Annotated[Tags | None, Field(description="Only tasks with at least one of these tags.")] = None
    state: Annotated[
        States | None,
        Field(
            description="Only tasks in these states, separated by commas: a state such as Success or FullyExecuting, "
            "or active, waiting, running, finished, succeeded, failed."
        ),
    ] = None
    name: Annotated[
        Annotated[str, text_line(MAX_NAME_CHARACTERS)] | None,
        Field(description="Only tasks whose name starts with this."),
    ] = None
    limit: Annotated[
        int,
        whole_number(1, 500, "next_cursor of the answer reads on."),
        Field(description="How many tasks at most, 1 to 500."),
    ] = 50
    cursor: Annotated[
        Annotated[str, AfterValidator(check_cursor)] | None,
        Field(description="next_cursor of the answer before, to read on."),
    ] = None


class TaskRow(Result):
    """A task in a list."""

    uuid: str
    name: str
    state: str
    progress: Number | None = Field(None, description="Percent, while the task is not over.")
    profile: str | None = None
    instances: int
    running: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    created: str | None = None
    ended: str | None = None
    tags: list[str] | None = Field(None, description="Beside those asked for; known only where some were.")

    @classmethod
    def of(cls, task: Task, tags_asked_for: Collection[str] = ()) -> Self:
        """Shape one task of a page; what follows from the rest (all instances of a success) is left out."""
        status = task.status if task.state != "Success" else None
        tags = [one_line(tag, NAME_CHARACTERS) for tag in task.tags if tag not in tags_asked_for]
        return cls(
            uuid=task.uuid,
            name=one_line(task.name, NAME_CHARACTERS),
            state=one_line(task.state, STATE_CHARACTERS),
            progress=None if task.is_final else rounded(task.progress) or None,
            profile=one_line(task.profile, NAME_CHARACTERS) if task.profile else None,
            instances=task.instance_count,
            running=task.running_instance_count or None,
            succeeded=(count_ranges(status.succeeded_range) or None) if status else None,
            failed=(count_ranges(status.failed_only_range) or None) if status else None,
            created=date(task.created),
            ended=date(task.ended),
            tags=tags or None,
        )


class TaskList(Result):
    """A page of tasks, newest first."""

    tasks: list[TaskRow]
    count: int = Field(description="Tasks in this answer.")
    total: int | None = Field(None, description="Tasks that match in all.")
    next_cursor: str | None = Field(None, description="Give it as cursor to read on.")
    hint: str | None = None


async def list_tasks(arguments: ListTasks) -> ToolResult:
    """List Qarnot tasks (batch jobs, computations), newest first, with state, progress and instance counts.

    Filters by tag, state and name prefix combine. total tells how many match; next_cursor reads on.
    """
    return answer(await read_list(current_client(), arguments))


async def read_list(client: QarnotClient, arguments: ListTasks) -> TaskList:
    """Read pages of tasks until there are enough, or until one more would make the result too long or too late.

    When a later page fails, the pages already read are returned: the hint says so, and the cursor reads on.
    """
    tags, states = tuple(arguments.tags or ()), states_named(arguments.state or "")
    limit, cursor = arguments.limit, arguments.cursor
    rows: list[TaskRow] = []
    total: int | None = None
    characters, hint = 0, ""
    try:
        async with asyncio.timeout(LIST_SECONDS):
            for _ in range(MAX_PAGES):
                page = await client.tasks.page(
                    limit=min(PAGE_TASKS, limit - len(rows)),
                    cursor=cursor,
                    tags=tags,
                    states=states,
                    name_prefix=arguments.name,
                )
                more = [TaskRow.of(task, tags) for task in page.tasks]
                characters += sum(json_length(row) + 1 for row in more)
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
