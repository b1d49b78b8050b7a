"""The tools that end jobs, and tell what becomes of their tasks: terminate_job and delete_job."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable, Forbidden, InvalidArgument, QarnotError
from qarnot_mcp.qarnot.items import PAGE_ITEMS
from qarnot_mcp.qarnot.jobs import ENDED_STATES
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import STATE_CHARACTERS, Result, masked_name
from qarnot_mcp.tools.checks import Arguments, JobIdParameter
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.jobs.job_tasks import names_of, states_of

NAMES_SHOWN = 20
ENDED_ALONE = frozenset({"Success", "Failure"})
GOING = "PendingDelete"


class TerminateJob(Arguments):
    """The arguments of terminate_job."""

    job_uuid: JobIdParameter


class DeleteJob(Arguments):
    """The arguments of delete_job."""

    job_uuid: JobIdParameter
    with_tasks: bool = Field(False, description="Stop and delete its tasks and their logs.")


class JobTerminated(Result):
    """A job after its end, and what became of its tasks."""

    uuid: str
    name: str
    state: str
    stopped_count: int | None = Field(None, description="Tasks that were waiting or running.")
    stopped: list[str] | None = Field(None, description=f"Their names, the first {NAMES_SHOWN}.")
    states: dict[str, int] | None = Field(None, description="How many of its tasks are in each state now.")
    note: str | None = None


class JobDeleted(Result):
    """What was deleted."""

    uuid: str
    name: str
    deleted: Literal[True] = True
    tasks: int = Field(description="How many it had; they are deleted with it but for tasks_left.")
    stopped: list[str] | None = Field(None, description=f"Names of those that went on, the first {NAMES_SHOWN}.")
    tasks_left: list[str] | None = Field(None, description="UUIDs of tasks that outlive it.")
    note: str | None = None


async def terminate_job(arguments: TerminateJob) -> JobTerminated:
    """Terminate (stop) a Qarnot job and its tasks that wait or run; what they computed may be lost."""
    client = current_client()
    before = await client.jobs.get(arguments.job_uuid)
    was_over = before.state in ENDED_STATES
    active = set() if was_over else {task.uuid for task in active_among(await client.jobs.tasks(before.uuid))}
    job = await client.jobs.terminate(before.uuid)
    tasks, note = list[Task](), "It was over already." if was_over else None
    try:
        tasks = await client.jobs.tasks(job.uuid)
    except ApiUnavailable as error:
        note = f"The job was terminated; how its {len(active)} active tasks stand could not be read: {error}"
    stopped = [task for task in tasks if task.uuid in active and task.state not in ENDED_ALONE]
    return JobTerminated(
        uuid=job.uuid,
        name=masked_name(job.name),
        state=masked_line(job.state, STATE_CHARACTERS),
        stopped_count=len(stopped) or None,
        stopped=names_of(stopped, NAMES_SHOWN) or None,
        states=states_of(tasks) or None,
        note=note,
    )


async def delete_job(arguments: DeleteJob) -> JobDeleted:
    """Delete a Qarnot job for good; one that has tasks only with_tasks."""
    client = current_client()
    job = await client.jobs.get(arguments.job_uuid)
    tasks = await client.jobs.tasks(job.uuid)
    if tasks and not arguments.with_tasks:
        raise has_tasks(tasks)
    try:
        await client.jobs.delete(job.uuid, with_tasks=arguments.with_tasks)
    except Forbidden:
        if arguments.with_tasks or not (tasks := await client.jobs.tasks(job.uuid)):
            raise
        raise has_tasks(tasks) from None
    left, note = await tasks_left(client, tasks)
    return JobDeleted(
        uuid=job.uuid,
        name=masked_name(job.name),
        tasks=len(tasks),
        stopped=names_of(active_among(tasks), NAMES_SHOWN) or None,
        tasks_left=left or None,
        note=note,
    )


def active_among(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that wait or run; one that is being deleted does neither."""
    return [task for task in tasks if not task.is_final and task.state != GOING]


def has_tasks(tasks: Sequence[Task]) -> InvalidArgument:
    """Return the refusal to delete a job that has tasks."""
    active = active_among(tasks)
    going_on = f", {len(active)} of which go on ({', '.join(names_of(active, 3))})" if active else ""
    valid = f"true, which deletes its {len(tasks)} tasks with their logs, too{going_on}"
    return InvalidArgument("with_tasks", False, valid, "Nothing was deleted. get_job shows the tasks.")


async def tasks_left(client: QarnotClient, tasks: Sequence[Task]) -> tuple[list[str], str | None]:
    """Return which of the first 50 tasks outlive their job, and a sentence on it: no document says whether they do."""
    try:
        found = await client.tasks.select([task.uuid for task in tasks[:PAGE_ITEMS]], ("Name",))
    except QarnotError as error:
        return [], f"The job was deleted; whether its tasks went with it could not be read: {error}"
    left = [task.uuid for task in found.values() if task.state != GOING]
    return left, "delete_task removes the tasks that are left." if left else None
