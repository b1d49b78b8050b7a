"""Jobs: tasks that belong together, may wait for each other, and share a maximum time."""

from pydantic import Field

from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.fields import Id, OptionalText, Record, State, Strings, Text, Uuid
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import check_task_id
from qarnot_mcp.qarnot.submission import NEW_JOB, NewResource, Submission, create
from qarnot_mcp.qarnot.tasks.models import Task


class Job(Record):
    """A job; `max_wall_time` is `[days.]hh:mm:ss`, all zeros where it has no limit."""

    uuid: Id
    name: Text = ""
    state: State
    pool_uuid: Uuid = None
    uses_dependencies: bool = Field(False, alias="useDependencies")
    max_wall_time: OptionalText = None
    tags: Strings = Field(default_factory=list)


class JobsClient:
    """Calls about jobs. A job is named by its UUID or its shortname; `NotFound` where the key sees no such job."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, job_id: str) -> Job:
        """Return one job (`GET /jobs/{id}`)."""
        job_id = check_task_id(job_id, "job_uuid")
        return await self._session.get(f"/jobs/{job_id}", Resource("job", job_id), "the job", Job.read)

    async def tasks(self, job_id: str) -> list[Task]:
        """Return the tasks of a job, whole (`GET /jobs/{id}/tasks`)."""
        job_id = check_task_id(job_id, "job_uuid")
        resource, what = Resource("job", job_id), "the tasks of the job"
        items = await self._session.get(f"/jobs/{job_id}/tasks", resource, what, lambda items: items)
        if not isinstance(items, list):
            raise UnreadableResponse("the tasks of the job are not a list")
        return [Task.read(item) for item in items]

    async def create(self, new: NewResource) -> Submission:
        """Create a job, exactly once even if the response is lost (`POST /jobs`, `GET /jobs/{shortname}`).

        Raises `ShortnameTaken`, `NotStarted` (nothing was created) or `SubmitUnknown`, besides what the API refuses.
        """
        self._session.check_may_write("create jobs")
        async with self._session.call(timed=False) as call:
            return await create(call, new, self._session.owner, NEW_JOB)

    async def delete(self, job_id: str, *, with_tasks: bool = False) -> Job:
        """Delete a job and return what it was (`GET /jobs/{id}`, `DELETE /jobs/{uuid}?force=`).

        Without `with_tasks` the API refuses (`Forbidden`) while the job has tasks.
        """
        self._session.check_may_write("delete jobs")
        job = await self.get(job_id)
        resource, force = Resource("job", job_id), "?force=true" if with_tasks else ""
        async with self._session.call() as call:
            await call.send(Request("DELETE", f"/jobs/{check_task_id(job.uuid)}{force}", resource))
        return job
