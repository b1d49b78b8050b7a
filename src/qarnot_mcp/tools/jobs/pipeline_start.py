"""Starting a pipeline: its job, then its tasks in order; where one cannot be started, all of it is removed again.

Only between two requests is a call given up, so that what was made is known: a client that goes away leaves nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

import anyio

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiRefused, NotFound, QarnotError, SubmitUncertain, SubmitUnknown
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.messages import shown as shown_value
from qarnot_mcp.tools.jobs.create_job import CreateJob
from qarnot_mcp.tools.jobs.pipeline_steps import Step, StepTask, shown

log = logging.getLogger(__name__)
REASON_CHARACTERS = 500
AT_ONCE = 8
REMOVAL_SECONDS = 45.0


class PipelineNotStarted(QarnotError):  # noqa: N818 - as the others of the tree in qarnot/errors.py
    """A step, or the job, could not be started; the message says what is left, if anything is."""


@dataclass(frozen=True)
class StartedPipeline:
    """A pipeline that was started: its job, and the tasks by the names of their steps."""

    job: Submission
    tasks: Mapping[str, Submission]


async def start_pipeline(client: QarnotClient, job: CreateJob, steps: Sequence[Step]) -> StartedPipeline:
    """Make the job of a pipeline and a task for each step, which come in an order in which they can be started.

    Raises `PipelineNotStarted` where one of them cannot be started, after all of it was removed, or what the API
    refuses for the job.
    """
    with anyio.CancelScope(shield=True):
        made = await make_job(client, job)
    start = _Start(client, made)
    try:
        for step in steps:
            await anyio.lowlevel.checkpoint()
            await start.add(step)
    except QarnotError as error:
        left = await start.remove(error)
        raise not_started(error, steps[len(start.tasks)], len(start.tasks) + 1, len(steps), left) from error
    except asyncio.CancelledError:
        if left := await start.remove(None):
            log.warning("a call was given up; of its pipeline the job %s is left", made.uuid)
        raise
    return StartedPipeline(made, start.tasks)


async def make_job(client: QarnotClient, job: CreateJob) -> Submission:
    """Create the job; where it is not known whether it was, remove it or name it."""
    try:
        return await client.jobs.create(job)
    except SubmitUnknown as error:
        is_removed = await _succeeds(client.jobs.delete(error.shortname), [])
        left = (
            ""
            if is_removed
            else f"If there is a job {shown_value(error.shortname)} (its shortname), it is empty and costs nothing; "
            "delete_job removes it. "
        )
        reason = one_line(str(error.cause), REASON_CHARACTERS)
        raise PipelineNotStarted(
            "No step was started, and it is safe to call again: the job of the pipeline could not be made for certain. "
            f"{left}What happened: {reason}"
        ) from error


class _Start:
    """What has been made of a pipeline so far."""

    def __init__(self, client: QarnotClient, job: Submission) -> None:
        self._client = client
        self._job = job
        self.tasks: dict[str, Submission] = {}

    async def add(self, step: Step) -> None:
        """Start the task of a step."""
        uuids = {name: task.uuid for name, task in self.tasks.items()}
        with anyio.CancelScope(shield=True):
            self.tasks[step.name] = await self._client.tasks.submit(StepTask(step, self._job.uuid, uuids))

    async def remove(self, error: QarnotError | None) -> str:
        """Remove all of it, and return a sentence on what is left; empty where nothing is.

        The job goes last, and only when nothing else is left: it is the one name for all of it.
        """
        shortname = error.shortname if isinstance(error, SubmitUncertain) else None
        problems: list[QarnotError] = []
        try:
            with anyio.CancelScope(shield=True):
                async with asyncio.timeout(REMOVAL_SECONDS):
                    await _succeeds(self._client.jobs.terminate(self._job.uuid), [])
                    is_found = await self._remove_tasks(shortname, problems)
                    if not problems:
                        await _succeeds(self._client.jobs.delete(self._job.uuid, with_tasks=True), problems)
        except TimeoutError:
            problems.append(QarnotError("Qarnot took too long."))
            is_found = False
        late = (
            f"Should a task {shown_value(shortname)} (its shortname) turn up later, delete_task removes it. "
            if shortname and not is_found
            else ""
        )
        if not problems:
            return late
        return (
            f"It could not all be removed: the job {self._job.uuid} is left, with up to {len(self.tasks)} of its "
            f"tasks, and they may run. delete_job with with_tasks=true stops and removes them. {late}"
            f"(It said: {one_line(str(problems[0]), REASON_CHARACTERS // 2)}) "
        )

    async def _remove_tasks(self, shortname: str | None, problems: list[QarnotError]) -> bool:
        """Delete the tasks, and one that may be there by its shortname; return whether that one was there."""
        places = asyncio.Semaphore(AT_ONCE)

        async def delete(task_id: str) -> bool:
            async with places:
                return await _succeeds(self._client.tasks.delete(task_id), problems)

        found = await asyncio.gather(
            *(delete(task_id) for task_id in (*([shortname] if shortname else ()), *self.uuids))
        )
        return bool(shortname) and found[0]

    @property
    def uuids(self) -> list[str]:
        """The tasks that are known to exist."""
        return [task.uuid for task in self.tasks.values()]


async def _succeeds(doing: Awaitable[object], problems: list[QarnotError]) -> bool:
    """Return whether something was done; what is not there is no problem, all else is added to them."""
    try:
        await doing
    except NotFound:
        return False
    except QarnotError as error:
        problems.append(error)
        return False
    return True


def not_started(error: QarnotError, step: Step, number: int, count: int, left: str) -> PipelineNotStarted:
    """Return the error that says which step could not be started, what became of the others, why, and what to do."""
    cause = error.cause if isinstance(error, SubmitUncertain) else error
    again = "Correct that, then call again." if isinstance(cause, ApiRefused) else "It is safe to call again."
    removed = "" if "could not all be removed" in left else "What was made before it, and their job, was removed. "
    return PipelineNotStarted(
        f"The step {shown(step.name)} ({number} of {count}) could not be started, so the pipeline was given up. "
        f"{removed}{left}{again} Why: {one_line(str(cause), REASON_CHARACTERS)}"
    )
