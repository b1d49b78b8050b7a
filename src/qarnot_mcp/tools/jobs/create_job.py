"""The tool that creates a job."""

from typing import Annotated, Self

from pydantic import Field

from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import STATE_CHARACTERS, Result, masked_name
from qarnot_mcp.tools.checks import ApiPath, CreateArguments, Name, Shortname, Tags
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.limits import SubmitLimits
from qarnot_mcp.tools.tasks.new_task import Uuid, WallTime

FOUND = "The answer of Qarnot was lost on the way; the job was found by its shortname. It was created once."


class CreateJob(CreateArguments):
    """The arguments of create_job, and what a new job is to be."""

    name: Name
    max_wall_time: WallTime | None = Field(
        None, description="Qarnot ends it and its tasks after this long, such as 02:00:00."
    )
    uses_dependencies: Annotated[bool, ApiPath("useDependencies")] = Field(
        True, description="Its tasks may wait for each other."
    )
    pool_uuid: Uuid | None = Field(None, description="Its tasks run in this pool.")
    tags: Tags | None = None
    shortname: Shortname | None = Field(None, description="A unique id; makes a second try safe.")

    def within(self, limits: SubmitLimits) -> Self:
        """Return the job with the maximum time that the server allows; raises `LimitReached` for a longer one."""
        return self.model_copy(update={"max_wall_time": limits.wall_time(self.max_wall_time)})


class JobCreated(Result):
    """The job that was created."""

    uuid: str
    shortname: str
    name: str
    state: str
    max_wall_time: str | None = Field(None, description="Qarnot ends the job and its tasks after this long.")
    uses_dependencies: bool
    pool_uuid: str | None = None
    note: str | None = None
    hint: str


async def create_job(arguments: CreateJob) -> JobCreated:
    """Create an empty Qarnot job, for tasks that wait for each other or share a maximum time."""
    client = current_client()
    job = arguments.within(current_context().limits)
    created = await client.jobs.create(job)
    waiting = ", dependencies those they wait for" if job.uses_dependencies else ""
    return JobCreated(
        uuid=created.uuid,
        shortname=created.shortname,
        name=masked_name(created.name),
        state=masked_line(created.state, STATE_CHARACTERS),
        max_wall_time=job.max_wall_time,
        uses_dependencies=job.uses_dependencies,
        pool_uuid=job.pool_uuid,
        note=FOUND if created.found_again else None,
        hint=f"submit_task with job_uuid puts tasks in{waiting}. The job counts against the quota of jobs until it is "
        "deleted.",
    )
