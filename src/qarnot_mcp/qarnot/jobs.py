"""Jobs: tasks that belong together, may wait for each other, and share a maximum time."""

from pydantic import Field

from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.fields import MAX_ENTRIES, Date, Item, OptionalText, Strings, Uuid
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.identifiers import check_identifier
from qarnot_mcp.qarnot.items import ItemsClient
from qarnot_mcp.qarnot.submission import Endpoint
from qarnot_mcp.qarnot.tasks.models import Task

ENDED_STATES = frozenset({"Terminating", "Completed", "Deleting"})
NEW_JOB = Endpoint(
    "job",
    "/jobs",
    Resource("pool", "of this job"),
    "Active",
    "The Qarnot account has as many jobs as it may have. Nothing was started. Completed jobs count until they are "
    "deleted: with delete_job, where the tool set jobs is on, or at https://tasq.qarnot.com. Then call again.",
)


class Job(Item):
    """A job; `max_wall_time` is `[days.]hh:mm:ss`, all zeros where it has no limit."""

    pool_uuid: Uuid = None
    uses_dependencies: bool = Field(False, alias="useDependencies")
    max_wall_time: OptionalText = None
    tags: Strings = Field(default_factory=list)
    created: Date = Field(None, alias="creationDate")
    state_changed: Date = Field(None, alias="stateTransitionTime")


class JobsClient(ItemsClient[Job]):
    """Calls about jobs."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, NEW_JOB, Job.read, "Deleting")

    async def tasks(self, job_id: str) -> list[Task]:
        """Return the first 2,000 tasks of a job, whole (`GET /jobs/{id}/tasks`)."""
        job_id = check_identifier(job_id, "job")
        resource, what = Resource("job", job_id), "the tasks of the job"
        return await self._session.get(f"/jobs/{job_id}/tasks", resource, what, _read_tasks)

    async def terminate(self, job_id: str) -> Job:
        """End a job and its tasks, and return it (`POST /jobs/{id}/terminate`); one that is over is no error."""
        return await self.stop(job_id, "terminate", "terminated", ENDED_STATES)

    async def delete(self, job_id: str, *, with_tasks: bool = False) -> Job:
        """Delete a job and return what it was (`DELETE /jobs/{uuid}?force=`).

        Without `with_tasks` the API refuses (`Forbidden`) while the job has tasks.
        """
        return await self._delete(job_id, "?force=true" if with_tasks else "")


def _read_tasks(items: object) -> list[Task]:
    if not isinstance(items, list):
        raise UnreadableResponse("the tasks of the job are not a list")
    return [Task.read(item) for item in items[:MAX_ENTRIES]]
