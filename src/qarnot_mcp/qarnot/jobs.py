"""Jobs: tasks that belong together, may wait for each other, and share a maximum time."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from qarnot_mcp.qarnot.endings import Items
from qarnot_mcp.qarnot.errors import QuotaReached, UnreadableResponse
from qarnot_mcp.qarnot.fields import MAX_ENTRIES, Date, Id, OptionalText, Record, State, Strings, Text, Uuid
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.identifiers import check_identifier
from qarnot_mcp.qarnot.pages import PAGE_ITEMS, ListFilter, read_page
from qarnot_mcp.qarnot.submission import NEW_JOB, NewResource, Submission, create
from qarnot_mcp.qarnot.tasks.models import Task

JOB_STATES = ("Active", "Terminating", "Completed", "Deleting")
ENDED_STATES = frozenset({"Terminating", "Completed", "Deleting"})
EVERY_JOB = ListFilter()
_QUOTA = (
    "The Qarnot account has as many jobs as it may have. Nothing was started. Completed jobs count until they are "
    "deleted: with delete_job, where the tool set jobs is on, or at https://tasq.qarnot.com. Then call again."
)


class Job(Record):
    """A job; `max_wall_time` is `[days.]hh:mm:ss`, all zeros where it has no limit."""

    uuid: Id
    name: Text = ""
    shortname: OptionalText = None
    state: State
    pool_uuid: Uuid = None
    uses_dependencies: bool = Field(False, alias="useDependencies")
    max_wall_time: OptionalText = None
    tags: Strings = Field(default_factory=list)
    created: Date = Field(None, alias="creationDate")
    state_changed: Date = Field(None, alias="stateTransitionTime")


@dataclass(frozen=True)
class JobPage:
    """Some jobs, newest first; `next_cursor` reads on, `total` is how many match in all."""

    jobs: Sequence[Job]
    total: int | None = None
    next_cursor: str | None = None


class JobsClient:
    """Calls about jobs. A job is named by its UUID or its shortname; `NotFound` where the key sees no such job."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._jobs = Items(session, "job", Job.read, "Deleting")

    async def page(
        self, *, where: ListFilter = EVERY_JOB, limit: int = PAGE_ITEMS, cursor: str | None = None
    ) -> JobPage:
        """Return up to `limit` jobs (1 to 50), newest first, from `cursor` on (`POST /jobs/paginate`)."""
        page = await read_page(self._session, "/jobs/paginate", "job", where, limit, cursor)
        return JobPage([Job.read(item) for item in page.data], page.total, page.next_token)

    async def get(self, job_id: str) -> Job:
        """Return one job (`GET /jobs/{id}`)."""
        return await self._jobs.get(job_id)

    async def tasks(self, job_id: str) -> list[Task]:
        """Return the first 2,000 tasks of a job, whole (`GET /jobs/{id}/tasks`)."""
        job_id = check_identifier(job_id, "job")
        resource, what = Resource("job", job_id), "the tasks of the job"
        return await self._session.get(f"/jobs/{job_id}/tasks", resource, what, _read_tasks)

    async def create(self, new: NewResource) -> Submission:
        """Create a job, exactly once even if the response is lost (`POST /jobs`, `GET /jobs/{shortname}`).

        Raises `ShortnameTaken`, `NotStarted` (nothing was created) or `SubmitUnknown`, besides what the API refuses.
        """
        self._session.check_may_write("create jobs")
        async with self._session.call(timed=False) as call:
            try:
                return await create(call, new, self._session.owner, NEW_JOB)
            except QuotaReached as error:
                raise QuotaReached(error.api_message, message=_QUOTA) from None

    async def terminate(self, job_id: str) -> Job:
        """End a job and its tasks, and return it as it is afterwards (`POST /jobs/{id}/terminate`).

        A job that is over already is no error.
        """
        self._session.check_may_write("terminate jobs")
        return await self._jobs.stop(job_id, "terminate", "terminated", ENDED_STATES)

    async def delete(self, job_id: str, *, with_tasks: bool = False) -> Job:
        """Delete a job and return what it was (`DELETE /jobs/{uuid}?force=`).

        Without `with_tasks` the API refuses (`Forbidden`) while the job has tasks.
        """
        self._session.check_may_write("delete jobs")
        return await self._jobs.delete(job_id, "?force=true" if with_tasks else "")


def _read_tasks(items: object) -> list[Task]:
    if not isinstance(items, list):
        raise UnreadableResponse("the tasks of the job are not a list")
    return [Task.read(item) for item in items[:MAX_ENTRIES]]
