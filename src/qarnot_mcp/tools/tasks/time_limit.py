"""A task that may not run longer than so long: it gets a job of its own, whose maximum time the platform keeps.

There is no other limit of time on the platform. The job carries a tag, by which delete_task knows it and removes it.
"""

from dataclasses import dataclass
from typing import Any

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError, SubmitUncertain
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import shown
from qarnot_mcp.tools.context import where_listed

TAG = "mcp-time-limit"


@dataclass(frozen=True)
class TimeLimit:
    """The job to make."""

    task_name: str
    max_wall_time: str
    pool_uuid: str | None = None
    shortname: str | None = None

    @property
    def name(self) -> str:
        """The name of the job, which says what it is for."""
        return f"at most {self.max_wall_time}: {self.task_name}"[:2047]

    def to_api(self) -> dict[str, Any]:
        """Return the body of `POST /jobs`; where the quota of jobs is reached, those that are over make room."""
        body = {"name": self.name, "maxWallTime": self.max_wall_time, "tags": [TAG], "autoDeleteOnCompletion": True}
        return body if self.pool_uuid is None else body | {"poolUuid": self.pool_uuid}


class NoTimeLimit(SubmitUncertain):
    """No answer told of the job that was to keep a task's time; no task was started."""

    def __init__(self, shortname: str, cause: QarnotError) -> None:
        super().__init__(
            "No task was started, and it is safe to call again: the job that keeps its max_wall_time could not be made "
            f"for certain. If there is a job {shown(shortname)} (its shortname), it is empty and costs nothing. "
            f"{where_listed('job')}",
            shortname=shortname,
            cause=cause,
        )


async def make_job(client: QarnotClient, limit: TimeLimit) -> Submission:
    """Create the job of a task; raises `NoTimeLimit` where it is not known whether it was created."""
    try:
        return await client.jobs.create(limit)
    except SubmitUncertain as error:
        raise NoTimeLimit(error.shortname, error.cause) from None


async def limit_of(client: QarnotClient, task: Task) -> str | None:
    """Return the time limit that a task was submitted with; None where it has none, or that cannot be read."""
    if task.job_uuid is None:
        return None
    try:
        job = await client.jobs.get(task.job_uuid)
    except QarnotError:
        return None
    return job.max_wall_time if TAG in job.tags else None


async def take_back(client: QarnotClient, job_uuid: str, reason: QarnotError) -> None:
    """Delete a job whose task could not be started; where that fails, the error that is told names it."""
    try:
        await client.jobs.delete(job_uuid)
    except QarnotError:
        reason.add(f"The job {job_uuid}, made for its max_wall_time, is left; it ends after that time.")


async def remove_with(client: QarnotClient, task: Task) -> None:
    """Delete the job of a deleted task if it was made for its time limit alone; a failure leaves it to the quota."""
    if task.job_uuid is None:
        return
    try:
        job = await client.jobs.get(task.job_uuid)
        if TAG not in job.tags:
            return
        # A task that still ran shows for some seconds, and the API refuses to delete a job with tasks.
        others = [other for other in await client.jobs.tasks(job.uuid) if other.uuid != task.uuid]
        if not others:
            await client.jobs.delete(job.uuid, with_tasks=True)
    except QarnotError:
        return
