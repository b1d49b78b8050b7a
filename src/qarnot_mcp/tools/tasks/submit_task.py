"""The tool that starts a task."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from fastmcp.tools.base import ToolResult
from pydantic import Field

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument, KeyProblem, NotFound, QarnotError
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result, answer
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.profiles import check_profile_known
from qarnot_mcp.tools.tasks.advice import advise
from qarnot_mcp.tools.tasks.cost_estimate import CostEstimate
from qarnot_mcp.tools.tasks.new_task import NewTask
from qarnot_mcp.tools.tasks.rerun import Repeats
from qarnot_mcp.tools.tasks.submit_arguments import SubmitTask
from qarnot_mcp.tools.tasks.submit_plan import SubmitPlan

ADVICE_SECONDS = 8.0

T = TypeVar("T")
U = TypeVar("U")


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
    estimate: CostEstimate
    warnings: list[str] | None = Field(None, description="What is probably not meant; the task was not changed.")
    note: str | None = None
    hint: str | None = None

    @classmethod
    def of(
        cls, plan: SubmitPlan, started: Submission, job_uuid: str | None, estimate: CostEstimate, warnings: list[str]
    ) -> Self:
        """Shape a task that was started."""
        found = "The answer of Qarnot was lost on the way; the task was found by its shortname. It was started once."
        return cls(
            started=True,
            uuid=started.uuid,
            shortname=started.shortname,
            name=masked_line(started.name, NAME_CHARACTERS),
            state=started.state,
            repeats=plan.rerun.repeats if plan.rerun else None,
            max_wall_time=plan.max_wall_time,
            job_uuid=job_uuid,
            estimate=estimate,
            warnings=warnings or None,
            note=found if started.found_again else None,
            hint="get_task with wait_seconds=45 follows it; booting takes two to three minutes.",
        )

    @classmethod
    def checked(cls, plan: SubmitPlan, estimate: CostEstimate, warnings: list[str]) -> Self:
        """Shape a task that was only checked."""
        buckets = " Whether its buckets exist shows when it starts." if plan.arguments.resource_buckets else ""
        return cls(
            started=False,
            shortname=plan.arguments.shortname,
            name=masked_line(plan.arguments.name, NAME_CHARACTERS),
            repeats=plan.rerun.repeats if plan.rerun else None,
            max_wall_time=plan.max_wall_time,
            estimate=estimate,
            warnings=warnings or None,
            note=f"Checked only: nothing was started. The same call without validate_only starts it.{buckets}",
        )


async def submit_task(arguments: SubmitTask) -> ToolResult:
    """Submit (start, run, launch) a task on Qarnot: a batch computation of one or many instances. It costs credits.

    A Docker command runs with profile docker-batch and the constants DOCKER_REPO (library/ubuntu), DOCKER_TAG and
    DOCKER_CMD; pipes, && and redirections work inside sh -c '...'. A lost answer is looked up, not sent again.
    rerun_of repeats a task, whole or its failed instances, with constants merged by key.
    """
    client, limits = current_client(), current_context().limits
    plan = await SubmitPlan.of(client, arguments, limits)
    warnings = [*await read_advice(client, arguments), *(plan.rerun.warnings if plan.rerun else ())]
    await limits.check_credits(client)
    if arguments.validate_only:
        return answer(Submitted.checked(plan, await plan.estimate(client), warnings))
    (started, job_uuid), estimate = await beside(plan.start(client), plan.estimate(client))
    return answer(Submitted.of(plan, started, job_uuid, estimate, warnings))


async def beside(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Return both, done at the same time; where the first fails, the second is not waited for."""
    other = asyncio.ensure_future(second)
    try:
        return await first, await other
    finally:
        other.cancel()


async def read_advice(client: QarnotClient, new_task: NewTask) -> list[str]:
    """Return warnings about likely mistakes in a new task; raise `InvalidArgument` for a profile that does not exist.

    What the checks need is at most a minute old. No failure to read it fails the submit.
    """
    try:
        async with asyncio.timeout(ADVICE_SECONDS):
            # One after the other: of two at once, the second would go on when the first is refused.
            profile, user = await read_profile(client, new_task), await read_account(client)
    except (InvalidArgument, KeyProblem):
        raise
    except QarnotError as error:
        return [f"The task could not be checked beforehand: {error}"]
    except TimeoutError:
        return ["The task could not be checked beforehand: Qarnot took too long to tell its profile and the account."]
    return advise(new_task, profile, user)


async def read_profile(client: QarnotClient, new_task: NewTask) -> Profile | None:
    """Read the profile that a new task names; None for a task in a pool or a job."""
    if new_task.profile is None:
        return None
    try:
        return await client.profiles.get(new_task.profile, cached=True)
    except NotFound:
        check_profile_known(new_task.profile, await client.profiles.names())
        return None


async def read_account(client: QarnotClient) -> User:
    """Read the account; not from the cache if its quota was full there, as tasks may have been deleted since."""
    user = await client.account.get(cached=True)
    return await client.account.get() if user.max_task and (user.task_count or 0) >= user.max_task else user
