"""Checks of the job or pool that a task is to belong to, and of the tasks that it is to wait for."""

from collections.abc import Iterator, Mapping, Sequence

from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.qarnot.pools import Pool
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.answers import first_of
from qarnot_mcp.tools.submission.request import Finding, shown

MAX_TOLD = 5


def check_job(job: Job, *, has_profile: bool, has_dependencies: bool) -> Iterator[Finding]:
    """Tell a job that takes no tasks, no dependencies, or that says itself where its tasks run."""
    name = shown(job.name or job.uuid)
    if job.state != "Active":
        yield Finding(f"job_uuid: the job {name} is {shown(job.state)} and takes no tasks.", True)
    if job.pool_uuid is None and not has_profile:
        yield Finding(f"profile is missing: the job {name} has no pool, so its tasks need one.", True)
    if job.pool_uuid is not None and has_profile:
        yield Finding(f"profile: the job {name} has a pool, whose profile its tasks take; leave it out.", True)
    if has_dependencies and not job.uses_dependencies:
        yield Finding(f"dependencies: the job {name} was made without them; a job made with them is needed.", True)


def check_pool(pool: Pool) -> Iterator[Finding]:
    """Tell a pool that takes no tasks."""
    if not pool.is_open:
        name, state = shown(pool.name or pool.uuid), shown(pool.state)
        yield Finding(f"pool_uuid: the pool {name} is {state} and takes no tasks.", True)


def check_dependencies(given: Sequence[str], found: Mapping[str, Task], job: Job | None) -> Iterator[Finding]:
    """Tell tasks that are not there, and those of another job: the platform knows dependencies within a job only."""
    missing = [uuid for uuid in given if uuid.lower() not in found]
    if missing:
        yield Finding(f"dependencies: no task {first_of(missing, MAX_TOLD)} is visible to this key.", True)
    foreign = [task.uuid for task in found.values() if job is not None and task.job_uuid != job.uuid]
    if foreign:
        yield Finding(
            f"dependencies: {first_of(foreign, MAX_TOLD)} is not of the job, whose tasks alone can be waited for.", True
        )
