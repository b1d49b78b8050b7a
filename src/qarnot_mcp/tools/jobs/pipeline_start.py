"""Starting a pipeline: its job, then its tasks in order; where one cannot be started, all of it is removed again.

Only between two requests is a call given up, so that what was made is known: a client that goes away leaves nothing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from anyio import CancelScope
from anyio.lowlevel import checkpoint

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiRefused, NotFound, QarnotError, SubmitUncertain, SubmitUnknown, TimedOut
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.cleaning import shown as shown_value
from qarnot_mcp.tools.jobs.create_job import CreateJob
from qarnot_mcp.tools.jobs.pipeline_steps import Step, StepTask
from qarnot_mcp.tools.submission.request import shown

log = logging.getLogger(__name__)
REASON_CHARACTERS = 500
AT_ONCE = 8
START_SECONDS = 50.0
"""Clients give a call about a minute: no step is begun after this."""
REMOVAL_SECONDS = 45.0
PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each try to remove what is not there: what was just created may be seen late."""
NOT_ALL_REMOVED = "It could not all be removed"
Outcome = Literal["done", "missing", "failed"]


class PipelineNotStarted(QarnotError):  # noqa: N818 - as the others of the tree in qarnot/errors.py
    """A step, or the job, could not be started; the message says what is left, if anything is."""


@dataclass(frozen=True)
class StartedPipeline:
    """A pipeline that was started: its job, and the tasks by the names of their steps."""

    job: Submission
    tasks: Mapping[str, Submission]


async def start_pipeline(
    client: QarnotClient, job: CreateJob, steps: Sequence[Step], most_seconds: float = START_SECONDS
) -> StartedPipeline:
    """Make the job of a pipeline and a task for each step, which come in an order in which they can be started.

    Raises `PipelineNotStarted` where one of them cannot be started, after all of it was removed, or what the API
    refuses for the job.
    """
    last_start = time.monotonic() + most_seconds
    with CancelScope(shield=True):
        made = await make_job(client, job)
    start = _Start(client, made)
    try:
        for step in steps:
            await checkpoint()
            if time.monotonic() > last_start:
                raise TimedOut(most_seconds, what="did not take all steps")
            await start.add(step)
    except QarnotError as error:
        left = await start.remove(error)
        raise not_started(error, steps[len(start.tasks)], len(start.tasks) + 1, len(steps), left) from error
    except BaseException:
        if left := await start.remove(None):
            log.warning("a call was given up; of its pipeline the job %s is left", made.uuid)
        raise
    return StartedPipeline(made, start.tasks)


async def make_job(client: QarnotClient, job: CreateJob) -> Submission:
    """Create the job; where it is not known whether it was, remove it or name it."""
    try:
        return await client.jobs.create(job)
    except SubmitUnknown as error:
        is_removed = await _Removal().tried(partial(client.jobs.delete, error.shortname), is_needed=False) == "done"
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
        with CancelScope(shield=True):
            self.tasks[step.name] = await self._client.tasks.submit(StepTask(step, self._job.uuid, uuids))

    async def remove(self, error: QarnotError | None) -> str:
        """Remove all of it, and return a sentence on what is left; empty where nothing is.

        The job goes last, and only when nothing else is left: it is the one name for all of it.
        """
        shortname = error.shortname if isinstance(error, SubmitUncertain) else None
        removal = _Removal()
        try:
            with CancelScope(shield=True):
                async with asyncio.timeout(REMOVAL_SECONDS):
                    await self._remove(removal, shortname)
        except TimeoutError:
            removal.problems.append(QarnotError("Qarnot took too long."))
        late = (
            f"Should a task {shown_value(shortname)} (its shortname) turn up later, delete_task removes it. "
            if shortname and not removal.is_uncertain_removed
            else ""
        )
        if not removal.problems:
            return late
        count = removal.tasks_left
        tasks = f"with up to {count} of its tasks, which may run" if count else "without tasks"
        return (
            f"{NOT_ALL_REMOVED}: the job {self._job.uuid} is left, {tasks}. delete_job with with_tasks=true removes "
            f"it. {late}(It said: {one_line(str(removal.problems[0]), REASON_CHARACTERS // 2)}) "
        )

    async def _remove(self, removal: "_Removal", shortname: str | None) -> None:
        removal.tasks_left = len(self.tasks)
        jobs, tasks, job_uuid = self._client.jobs, self._client.tasks, self._job.uuid
        is_seen = await removal.tried(lambda: jobs.terminate(job_uuid), is_needed=False) != "missing"
        if shortname:
            removal.is_uncertain_removed = await removal.tried(lambda: tasks.delete(shortname), PAUSES[:1]) == "done"
        await asyncio.gather(*(removal.removed(partial(tasks.delete, task.uuid)) for task in self.tasks.values()))
        if not removal.problems:
            outcome = await removal.tried(lambda: jobs.delete(job_uuid, with_tasks=True))
            if outcome == "missing" and not is_seen:
                removal.problems.append(NotFound("job", job_uuid))


class _Removal:
    """What a removal has come to so far; what is not there is tried again, as it may be seen late."""

    def __init__(self) -> None:
        self.problems: list[QarnotError] = []
        self.tasks_left = 0
        self.is_uncertain_removed = False
        self._places = asyncio.Semaphore(AT_ONCE)

    async def removed(self, delete: Callable[[], Awaitable[object]]) -> None:
        """Delete a task that was created for certain."""
        async with self._places:
            outcome = await self.tried(delete)
        if outcome == "missing":
            self.problems.append(QarnotError("A task that was created is not seen yet."))
        elif outcome == "done":
            self.tasks_left -= 1

    async def tried(
        self, do: Callable[[], Awaitable[object]], pauses: Sequence[float] = PAUSES, *, is_needed: bool = True
    ) -> Outcome:
        """Do something and return what came of it; a failure is a problem where it is needed."""
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                await do()
            except NotFound:
                continue
            except QarnotError as error:
                if is_needed:
                    self.problems.append(error)
                return "failed"
            return "done"
        return "missing"


def not_started(error: QarnotError, step: Step, number: int, count: int, left: str) -> PipelineNotStarted:
    """Return the error that says which step could not be started, what became of the others, why, and what to do."""
    cause = error.cause if isinstance(error, SubmitUncertain) else error
    again = "Correct that, then call again." if isinstance(cause, ApiRefused) else "It is safe to call again."
    removed = "" if left.startswith(NOT_ALL_REMOVED) else "What was made before it, and their job, was removed. "
    return PipelineNotStarted(
        f"The step {shown(step.name)} ({number} of {count}) could not be started, so the pipeline was given up. "
        f"{removed}{left}{again} Why: {one_line(str(cause), REASON_CHARACTERS)}"
    )
