"""The tool that reads one job and its tasks, and follows them while they run."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.answers import date, masked_name, present
from qarnot_mcp.tools.checks import Arguments, JobIdParameter
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.jobs.job_tasks import JobTask, job_tasks, states_of
from qarnot_mcp.tools.jobs.list_jobs import JobRow
from qarnot_mcp.tools.tasks.filters import States, states_named
from qarnot_mcp.tools.waits import (
    SharedWait,
    Wait,
    Waited,
    WaitResult,
    WaitSeconds,
    longest_wait_seconds,
    note_on_wait,
)

MISSED = "Qarnot did not answer the last look: this is how the tasks stood before. Call again to see them now."
EMPTY = "It has no tasks: submit_task with job_uuid puts some in."


class GetJob(Arguments):
    """The arguments of get_job."""

    job_uuid: JobIdParameter
    state: States | None = Field(None, description="Show only such tasks: failed, running, or as in list_tasks.")
    wait_seconds: WaitSeconds = Field(0, description="Wait, up to 45, until its tasks have ended.")


class JobDetails(JobRow):
    """What a job is, and where its tasks stand."""

    now: str
    state_since: str | None = None
    states: dict[str, int] = Field(description="How many of all its tasks are in each state.")
    tasks: list[JobTask] = Field(description="Each after those it waits for.")
    waited: Waited | None = None
    note: str | None = None


async def get_job(arguments: GetJob) -> JobDetails:
    """Get one Qarnot job: its tasks, what each waits for, their states, and why one failed or never started."""
    client = current_client()
    most_seconds = longest_wait_seconds()
    job = await client.jobs.get(arguments.job_uuid)
    result = await wait_for_tasks(client, job, min(arguments.wait_seconds, most_seconds))
    tasks = result.seen
    if result.waited:
        job = await client.jobs.get(job.uuid)
    states = states_named(arguments.state or "")
    shown, notes = await job_tasks(client, [task for task in tasks if not states or task.state in states])
    notes.append(note_on_wait(arguments.wait_seconds, most_seconds, is_over=seconds_to_end(tasks) == 0))
    notes += [MISSED] if result.is_missed else [] if tasks else [EMPTY]
    return JobDetails(
        **dict(JobRow.of(job)),
        now=present(datetime.now(UTC), date(job.created), date(job.state_changed)),
        state_since=date(job.state_changed),
        states=states_of(tasks),
        tasks=shown,
        waited=result.waited,
        note=" ".join(filter(None, notes)) or None,
    )


async def wait_for_tasks(client: QarnotClient, job: Job, wait_seconds: float) -> WaitResult[Sequence[Task]]:
    """Read the tasks of a job, again and again until all have ended or the time is over."""
    if wait_seconds <= 0:
        return WaitResult(await client.jobs.tasks(job.uuid))
    wait = Wait(wait_seconds)

    async def report(tasks: Sequence[Task]) -> None:
        ended = sum(task.is_final for task in tasks)
        await wait.report(f"{ended} of {len(tasks)} tasks have ended", 100 * ended / len(tasks))

    poll = current_context().polls.of(client.owner, f"job {job.uuid}")
    looks = SharedWait(poll, wait, lambda: client.jobs.tasks(job.uuid), seconds_to_end)
    return await looks.until_end(report, changes_between)


def seconds_to_end(tasks: Sequence[Task]) -> float | None:
    """Return 0 where all tasks have ended; nothing tells when they will."""
    return 0.0 if all(task.is_final for task in tasks) else None


def changes_between(before: Sequence[Task], after: Sequence[Task]) -> list[str]:
    """Return which tasks are in another state than before, and which are new or gone."""
    earlier = {task.uuid: task.state for task in before}
    changes = [
        f"{masked_name(task.name)}: {earlier.get(task.uuid, 'new')} -> {task.state}"
        for task in after
        if earlier.get(task.uuid) != task.state
    ]
    gone = len(earlier.keys() - {task.uuid for task in after})
    return [*changes, f"{gone} gone"] if gone else changes
