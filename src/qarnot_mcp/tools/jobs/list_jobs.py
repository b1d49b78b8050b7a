"""The tool that lists jobs, and a job in a few words, as every tool about jobs shows it."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from qarnot_mcp.qarnot.items import PAGE_ITEMS, ListFilter
from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.tools.answers import (
    LIST_BYTES,
    Result,
    date,
    first_within,
    json_bytes,
    masked_name,
    plain_state,
    present,
    set_time,
)
from qarnot_mcp.tools.checks import Arguments, Cursor, Name, Tags, whole_number
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.tasks.time_limit import TAG

TAGS_SHOWN = 10


class JobRow(Result):
    """A job in a list."""

    uuid: str
    name: str
    shortname: str | None = None
    state: str = Field(description="Active, Terminating, Completed or Deleting; Active takes tasks.")
    created: str | None = None
    max_wall_time: str | None = Field(None, description="Qarnot ends the job and its tasks after this long.")
    uses_dependencies: bool | None = Field(None, description="Whether its tasks may wait for each other.")
    pool_uuid: str | None = None
    tags: list[str] | None = None
    keeps_time_limit: Literal[True] | None = Field(
        None, description="Made by submit_task for the max_wall_time of its one task; delete_task removes both."
    )

    @classmethod
    def of(cls, job: Job) -> Self:
        """Shape one job."""
        return cls(
            uuid=job.uuid,
            name=masked_name(job.name),
            shortname=masked_name(job.shortname) if job.shortname not in (None, job.uuid) else None,
            state=plain_state(job.state),
            created=date(job.created),
            max_wall_time=set_time(job.max_wall_time),
            uses_dependencies=job.uses_dependencies or None,
            pool_uuid=job.pool_uuid,
            tags=[masked_name(tag) for tag in job.tags[:TAGS_SHOWN] if tag != TAG] or None,
            keeps_time_limit=True if TAG in job.tags else None,
        )


class ListJobs(Arguments):
    """The arguments of list_jobs."""

    tags: Tags | None = Field(None, description="Any of these.")
    state: Literal["Active", "Terminating", "Completed", "Deleting"] | None = None
    name: Name | None = Field(None, description="A part of it.")
    limit: Annotated[int, whole_number(1, PAGE_ITEMS, "next_cursor of the answer reads on.")] = PAGE_ITEMS
    cursor: Cursor | None = Field(None, description="next_cursor, to read on.")

    @property
    def where(self) -> ListFilter:
        """The filter of the API."""
        return ListFilter(tags=self.tags or (), states=(self.state,) if self.state else (), name_part=self.name)


class JobList(Result):
    """A page of jobs, newest first."""

    now: str
    jobs: list[JobRow]
    count: int = Field(description="Jobs in this answer.")
    total: int | None = Field(None, description="Jobs that match in all.")
    next_cursor: str | None = Field(None, description="Give it as cursor to read on.")
    hint: str | None = None


async def list_jobs(arguments: ListJobs) -> JobList:
    """List Qarnot jobs, which are groups of tasks, newest first."""
    client = current_client()
    page = await client.jobs.page(where=arguments.where, limit=arguments.limit, cursor=arguments.cursor)
    fitting = max(1, len(first_within(map(JobRow.of, page.items), LIST_BYTES, lambda row: json_bytes(row) + 1)))
    hint = None if page.items else nothing_found(arguments)
    if fitting < len(page.items):  # read again, shorter: a cursor stands at the end of a page
        page = await client.jobs.page(where=arguments.where, limit=fitting, cursor=arguments.cursor)
        hint = "The list was cut to keep it readable; next_cursor reads on."
    rows = [JobRow.of(job) for job in page.items]
    return JobList(
        now=present(datetime.now(UTC), *(row.created for row in rows)),
        jobs=rows,
        count=len(rows),
        total=page.total,
        next_cursor=page.next_cursor,
        hint=hint,
    )


def nothing_found(arguments: ListJobs) -> str:
    """Say what was looked for in vain, and what would widen it."""
    given = [name for name in ("tags", "state", "name", "cursor") if getattr(arguments, name) is not None]
    if not given:
        return "This account has no jobs; create_job makes one."
    return f"No job fits. To find more, leave out {' or '.join(given)}."
