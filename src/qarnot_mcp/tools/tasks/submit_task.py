"""The tool that starts a task, and tells what the request came to."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Self, TypeVar

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import STATE_CHARACTERS, VALUE_CHARACTERS, Result, masked_name, plain_name
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.failures.explain import explain_failure
from qarnot_mcp.tools.failures.report import FailureReport
from qarnot_mcp.tools.submission.file_checks import check_buckets
from qarnot_mcp.tools.submission.request import Finding, TaskRequest, settle
from qarnot_mcp.tools.tasks.cost_estimate import CostEstimate
from qarnot_mcp.tools.tasks.details import CONSTRAINTS_SHOWN, constraint_text
from qarnot_mcp.tools.tasks.get_task import progress_reporter
from qarnot_mcp.tools.tasks.rerun import Repeats
from qarnot_mcp.tools.tasks.submit_arguments import SubmitTask
from qarnot_mcp.tools.tasks.submit_checks import check_submit
from qarnot_mcp.tools.tasks.submit_plan import SubmitPlan
from qarnot_mcp.tools.tasks.waiting import wait_for_task
from qarnot_mcp.tools.waits import Waited, longest_wait_seconds, note_on_wait

ENTRIES_SHOWN = 20
CHECKED = "Checked only: nothing was started. The same call without validate_only starts it."
FOUND = "The answer of Qarnot was lost on the way; the task was found by its shortname. It was started once."
BOOTING = "; booting takes two to three minutes."
T = TypeVar("T")
U = TypeVar("U")


class ResolvedTask(Result):
    """The request as it travels, in short."""

    profile: str | None = None
    pool_uuid: str | None = None
    job_uuid: str | None = None
    image: str | None = None
    command: str | None = None
    instances: int
    instance_ids: str | None = None
    scheduling_type: str
    hardware_constraints: list[str] | None = None
    resource_buckets: list[str] | None = None
    result_bucket: str | None = None
    results_prefix: str | None = None
    results_whitelist: str | None = None
    results_blacklist: str | None = None
    depends_on: list[str] | None = None

    @classmethod
    def of(cls, plan: SubmitPlan, request: TaskRequest) -> Self:
        """Shape a task that was looked at."""
        arguments = plan.arguments
        return cls(
            profile=_cut(request.profile_name),
            pool_uuid=plan.pool_uuid,
            job_uuid=arguments.job_uuid,
            image=_cut(request.image),
            command=masked_line(request.command, VALUE_CHARACTERS) if request.command else None,
            instances=request.instance_count,
            instance_ids=_cut(arguments.advanced_ranges),
            scheduling_type=plain_name(request.scheduling_type),
            hardware_constraints=[
                constraint_text(dict(one)) for one in request.hardware_constraints[:CONSTRAINTS_SHOWN]
            ]
            or None,
            resource_buckets=_some(request.resource_buckets),
            result_bucket=_cut(request.result_bucket),
            results_prefix=_cut(arguments.results_prefix),
            results_whitelist=_cut(request.results_whitelist),
            results_blacklist=_cut(request.results_blacklist),
            depends_on=_some(arguments.dependencies or ()),
        )


def _cut(text: str | None) -> str | None:
    return masked_name(text) if text else None


def _some(texts: Sequence[str]) -> list[str] | None:
    shown = [masked_name(text) for text in texts[:ENTRIES_SHOWN]]
    left = len(texts) - len(shown)
    return [*shown, f"and {left:,} more"] if left else shown or None


class Submitted(Result):
    """What a submit started, or with validate_only what it would start."""

    started: bool
    uuid: str | None = None
    shortname: str | None = None
    name: str
    state: str | None = None
    repeats: Repeats | None = None
    max_wall_time: str | None = Field(None, description="Qarnot stops it this long after the submit.")
    job_uuid: str | None = Field(None, description="The job made for max_wall_time; delete_task removes it, too.")
    resolved: ResolvedTask = Field(description="What the request comes to, defaults included.")
    estimate: CostEstimate
    waited: Waited | None = None
    failure: FailureReport | None = None
    warnings: list[str] | None = Field(None, description="What is probably not meant; the task was not changed.")
    note: str | None = None
    hint: str | None = None


async def submit_task(arguments: SubmitTask) -> Submitted:
    """Submit (start, run, launch) a task on Qarnot: a batch computation of one or many instances. It costs credits.

    A Docker command runs with profile docker-batch and the constants DOCKER_REPO (library/ubuntu), DOCKER_TAG and
    DOCKER_CMD; pipes, && and redirections work inside sh -c '...'. Input files lie in /job; files there that are new or
    changed at the end are results. Instances that write the same name overwrite each other: put INSTANCE_ID, in blender
    the frame, into it. There is no time limit unless max_wall_time is given.
    rerun_of repeats a task, whole or its failed instances, with constants merged by key.
    """
    client, limits = current_client(), current_context().limits
    plan = await SubmitPlan.of(client, arguments, limits)
    plan, request, findings = await check_submit(client, plan)
    missing, on_buckets = list[Finding](), ""
    if arguments.validate_only:
        missing, on_buckets = await check_buckets(client.storage, request.resource_buckets)
    warnings = settle([*findings, *missing], accept_warnings=arguments.accept_warnings)
    warnings += plan.rerun.warnings if plan.rerun else ()
    resolved = ResolvedTask.of(plan, request)
    await limits.check_credits(client)
    started: Submission | None = None
    job_uuid: str | None = None
    if arguments.validate_only:
        estimate = await plan.estimate(client)
    else:
        (started, job_uuid), estimate = await beside(plan.start(client), plan.estimate(client))
    submitted = Submitted(
        started=started is not None,
        uuid=started.uuid if started else None,
        shortname=(started or plan.arguments).shortname,
        name=masked_name((started or plan.arguments).name),
        state=started.state if started else None,
        repeats=plan.rerun.repeats if plan.rerun else None,
        max_wall_time=plan.max_wall_time,
        job_uuid=job_uuid,
        resolved=resolved,
        estimate=estimate,
        warnings=warnings or None,
        note=(FOUND if started.found_again else None) if started else f"{CHECKED} {on_buckets}".strip(),
        hint=f"get_task with wait_seconds=45 follows it{'.' if plan.pool_uuid else BOOTING}" if started else None,
    )
    if started and arguments.wait_seconds:
        submitted = submitted.model_copy(update=await followed(client, started.uuid, arguments.wait_seconds))
    return submitted


async def followed(client: QarnotClient, uuid: str, wait_seconds: float) -> dict[str, Any]:
    """Return what became of a task that was started within the wait; a look that fails loses no task."""
    most_seconds = longest_wait_seconds()
    try:
        result, note = await wait_for_task(client, uuid, min(wait_seconds, most_seconds), progress_reporter(client))
    except QarnotError as error:
        return {"note": f"It was started; how it stands could not be read: {error}"}
    task = result.seen
    shortened = note_on_wait(wait_seconds, most_seconds, is_over=task.is_final)
    return {
        "state": masked_line(task.state, STATE_CHARACTERS),
        "waited": result.waited,
        "failure": await explain_failure(client, task),
        "note": " ".join(filter(None, (shortened, note))) or None,
    }


async def beside(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Return both, done at the same time; where the first fails, the second is not waited for."""
    other = asyncio.ensure_future(second)
    try:
        return await first, await other
    finally:
        other.cancel()
