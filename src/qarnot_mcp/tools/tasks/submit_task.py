"""The tool that starts a task."""

import asyncio
from typing import Self

from fastmcp.tools.base import ToolResult
from pydantic import Field

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument, KeyProblem, NotFound, QarnotError
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result, answer
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.profiles import check_profile_known
from qarnot_mcp.tools.tasks.advice import advise
from qarnot_mcp.tools.tasks.new_task import NewTask
from qarnot_mcp.tools.tasks.rerun import Repeats, RerunRequest
from qarnot_mcp.tools.tasks.submit_arguments import SubmitTask

ADVICE_SECONDS = 8.0


class Submitted(Result):
    """What a submit started, or with validate_only what it would start."""

    started: bool
    uuid: str | None = None
    shortname: str | None = None
    name: str
    state: str | None = None
    repeats: Repeats | None = None
    warnings: list[str] | None = Field(None, description="What is probably not meant; the task was not changed.")
    note: str | None = None
    hint: str | None = None

    @classmethod
    def of(cls, started: Submission, warnings: list[str], repeats: Repeats | None = None) -> Self:
        """Shape a task that was started."""
        found = "The answer of Qarnot was lost on the way; the task was found by its shortname. It was started once."
        return cls(
            started=True,
            uuid=started.uuid,
            shortname=started.shortname,
            name=one_line(started.name, NAME_CHARACTERS),
            state=started.state,
            repeats=repeats,
            warnings=warnings or None,
            note=found if started.found_again else None,
            hint="get_task with wait_seconds=45 follows it; booting takes two to three minutes.",
        )

    @classmethod
    def checked(cls, new_task: NewTask, warnings: list[str], repeats: Repeats | None = None) -> Self:
        """Shape a task that was only checked."""
        buckets = " Whether its buckets exist shows when it starts." if new_task.resource_buckets else ""
        return cls(
            started=False,
            shortname=new_task.shortname,
            name=one_line(new_task.name, NAME_CHARACTERS),
            repeats=repeats,
            warnings=warnings or None,
            note=f"Checked only: nothing was started. The same call without validate_only starts it.{buckets}",
        )


async def submit_task(arguments: SubmitTask) -> ToolResult:
    """Submit (start, run, launch) a task on Qarnot: a batch computation of one or many instances. It costs credits.

    A Docker command runs with profile docker-batch and the constants DOCKER_REPO (library/ubuntu), DOCKER_TAG and
    DOCKER_CMD; pipes, && and redirections work inside sh -c '...'. A lost answer is looked up, not sent again.
    rerun_of repeats a task, whole or its failed instances, with constants merged by key.
    """
    client = current_client()
    rerun = None
    if arguments.rerun_of is not None:
        rerun = RerunRequest.of(await client.tasks.get(arguments.rerun_of), arguments)
    repeats = rerun.repeats if rerun else None
    warnings = [*await read_advice(client, arguments), *(rerun.warnings if rerun else ())]
    if arguments.validate_only:
        return answer(Submitted.checked(arguments, warnings, repeats))
    started = await (rerun.start(client.tasks) if rerun else client.tasks.submit(arguments))
    return answer(Submitted.of(started, warnings, repeats))


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
