"""The tool that lists tasks."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable
from qarnot_mcp.qarnot.items import PAGE_ITEMS, TaskFilter
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import LIST_BYTES, Result, date, date_text, first_within, json_bytes, present
from qarnot_mcp.tools.checks import Arguments, Cursor, Name, Tags, whole_number
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.tasks.filters import Moment, States, moment_named, states_named
from qarnot_mcp.tools.tasks.task_rows import TaskRow, rows_of, take_common_tags
from qarnot_mcp.tools.tasks.waiting import wait_for_any
from qarnot_mcp.tools.waits import Waited, WaitSeconds, longest_wait_seconds, note_on_wait

LIST_SECONDS = 50.0
"""More than one page may take, so that the first always has its own result."""
MAX_PAGES = 50
"""Filters may leave pages empty; a call ends after so many, and the cursor reads on."""
SAID_CHARACTERS = 80


class ListTasks(Arguments):
    """The arguments of list_tasks."""

    tags: Tags | None = Field(None, description="Only tasks with at least one of these tags.")
    state: States | None = Field(
        None,
        description="Only tasks in these states, separated by commas: a state such as Success or FullyExecuting, "
        "or active, waiting, running, finished, succeeded, failed.",
    )
    name: Name | None = Field(None, description="Only tasks whose name holds this, in any case.")
    limit: Annotated[int, whole_number(1, 500, "next_cursor of the answer reads on.")] = Field(
        50, description="How many tasks at most, 1 to 500."
    )
    cursor: Cursor | None = Field(None, description="next_cursor of the answer before, to read on.")
    created_after: Moment | None = Field(None, description="A date (UTC), or how long ago: 24h, 7d.")
    created_before: Moment | None = Field(None, description="As created_after.")
    ended_after: Moment | None = Field(None, description="As created_after: what ended, or failed, since.")
    ended_before: Moment | None = Field(None, description="As created_after.")
    detail: Literal["rows", "uuids"] = Field("rows", description="uuids: nothing else, such as for delete_task.")
    wait_seconds: WaitSeconds = Field(
        0, description="Wait up to this long, 0 to 45, for one of the listed tasks to end."
    )

    def where(self, now: datetime) -> TaskFilter:
        """Return the filter of the API."""

        def moment(given: str | None) -> datetime | None:
            return moment_named(given, now) if given else None

        return TaskFilter(
            self.tags or (),
            states_named(self.state or ""),
            self.name,
            created_after=moment(self.created_after),
            created_before=moment(self.created_before),
            ended_after=moment(self.ended_after),
            ended_before=moment(self.ended_before),
        )


class TaskList(Result):
    """A page of tasks, newest first."""

    now: str
    tasks: list[TaskRow] = Field(default_factory=list)
    uuids: list[str] | None = Field(None, description="With detail=uuids.")
    common_tags: list[str] | None = Field(None, description="Tags that all of these tasks have.")
    count: int = Field(description="Tasks in this answer.")
    total: int | None = Field(None, description="Tasks that match in all.")
    next_cursor: str | None = Field(None, description="Give it as cursor to read on.")
    waited: Waited | None = None
    hint: str | None = None


async def list_tasks(arguments: ListTasks) -> TaskList:
    """List Qarnot tasks (batch jobs, computations), newest first: state, progress, instance counts, why one failed.

    Filters combine. total tells how many match; next_cursor reads on.
    """
    client = current_client()
    listed = await read_list(client, arguments)
    most_seconds = longest_wait_seconds()
    if min(arguments.wait_seconds, most_seconds) > 0:
        rows, waited = await wait_for_any(client, listed.tasks, min(arguments.wait_seconds, most_seconds))
        note = note_on_wait(arguments.wait_seconds, most_seconds, is_over=waited is None or bool(waited.changes))
        listed = listed.model_copy(
            update={
                "tasks": rows,
                "waited": waited,
                "now": date_text(datetime.now(UTC)),
                "hint": " ".join(filter(None, (listed.hint, note))) or None,
            }
        )
    if arguments.detail == "uuids":
        return listed.model_copy(update={"tasks": [], "uuids": [row.uuid for row in listed.tasks]})
    return listed.model_copy(update={"common_tags": take_common_tags(listed.tasks) or None})


async def read_list(client: QarnotClient, arguments: ListTasks) -> TaskList:
    """Read pages of tasks until there are enough, or until one more would make the result too long or too late.

    When a later page fails, the pages already read are returned: the hint says so, and the cursor reads on.
    """
    now = datetime.now(UTC)
    where, limit, cursor = arguments.where(now), arguments.limit, arguments.cursor
    is_detailed = arguments.detail == "rows"
    rows: list[TaskRow] = []
    total: int | None = None
    room, page_tasks = LIST_BYTES, PAGE_ITEMS
    hints: list[str] = []
    try:
        async with asyncio.timeout(LIST_SECONDS):
            for _ in range(MAX_PAGES):
                page = await client.tasks.page(where=where, limit=min(page_tasks, limit - len(rows)), cursor=cursor)
                if is_detailed:
                    more, note = await rows_of(client, page.items)
                else:
                    more, note = [TaskRow(uuid=t.uuid, name="", state=t.state, instances=0) for t in page.items], None
                used = json_bytes(more) - 1  # as many commas as rows, and no brackets
                if used > room:
                    fitting = len(first_within(more, room, lambda row: json_bytes(row) + 1))
                    hints = ["The list was cut to keep it readable; next_cursor reads on."]
                    if fitting == 0 or page_tasks < PAGE_ITEMS:
                        break
                    page_tasks = fitting  # A cursor stands at the end of a page: this one is read again, shorter.
                    continue
                if note and note not in hints:
                    hints.append(note)
                room -= used
                rows, cursor, total = rows + more, page.next_cursor, page.total
                if cursor is None or len(rows) >= limit or page_tasks < PAGE_ITEMS:
                    break
    except (TimeoutError, ApiUnavailable) as error:
        if not rows:
            raise
        reason = str(error) or "It took too long."
        hints = [f"The tasks after these {len(rows)} could not be read this time; next_cursor reads on. {reason}"]
    if not rows and cursor is None:
        hints.append(nothing_found(arguments, where))
    return TaskList(
        now=present(now, *(at for row in rows for at in (row.created, row.ended))),
        tasks=rows,
        count=len(rows),
        total=total,
        next_cursor=cursor,
        hint=" ".join(hints) or None,
    )


def nothing_found(arguments: ListTasks, where: TaskFilter) -> str:
    """Say what was looked for in vain, and what would widen it."""
    looked_for = {
        "tags": f"a tag of {', '.join(arguments.tags)}" if arguments.tags else "",
        "state": f"state {' or '.join(where.states)}" if where.states else "",
        "name": f"'{arguments.name}' in the name" if arguments.name else "",
        "created_after": f"created after {date(where.created_after)}" if where.created_after else "",
        "created_before": f"created before {date(where.created_before)}" if where.created_before else "",
        "ended_after": f"ended after {date(where.ended_after)}" if where.ended_after else "",
        "ended_before": f"ended before {date(where.ended_before)}" if where.ended_before else "",
    }
    said = {name: one_line(text, SAID_CHARACTERS) for name, text in looked_for.items() if text}
    if not said:
        return "This account has no tasks."
    return f"No task has {', '.join(said.values())}. To find more, leave out {' or '.join(said)}."
