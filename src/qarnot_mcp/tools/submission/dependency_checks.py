"""Checks of the tasks that a task is to wait for."""

from collections.abc import Iterator, Mapping, Sequence

from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.submission.findings import Finding

MAX_TOLD = 5


def check_dependencies(given: Sequence[str], found: Mapping[str, Task], job: Job | None) -> Iterator[Finding]:
    """Tell tasks that are not there, and those of another job: the platform knows dependencies within a job only."""
    missing = [uuid for uuid in given if uuid.lower() not in found]
    if missing:
        yield Finding(f"dependencies: no task {_told(missing)} is visible to this key.", True)
    foreign = [task.uuid for task in found.values() if job is not None and task.job_uuid != job.uuid]
    if foreign:
        yield Finding(f"dependencies: {_told(foreign)} is not of the job, whose tasks alone can be waited for.", True)


def _told(uuids: Sequence[str]) -> str:
    more = f" and {len(uuids) - MAX_TOLD:,} more" if len(uuids) > MAX_TOLD else ""
    return f"{', '.join(uuids[:MAX_TOLD])}{more}"
