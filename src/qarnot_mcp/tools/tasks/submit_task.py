"""The tool that starts a task."""

import asyncio
from typing import Annotated, Any

from fastmcp.tools.base import ToolResult
from pydantic import BaseModel, BeforeValidator, Field

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument, KeyProblem, NotFound, QarnotError
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.qarnot.tasks.models import TaskRequest
from qarnot_mcp.tools.answers import Submitted, answer
from qarnot_mcp.tools.context import calling_client
from qarnot_mcp.tools.tasks.advice import advise, check_profile_known
from qarnot_mcp.tools.tasks.new_task import task_request


class ConstantArgument(BaseModel):
    """One constant of the profile, which the task also sees as an environment variable."""

    key: str
    value: str | int | float | bool


Strings = list[str] | None

ADVICE_SECONDS = 8.0


def as_pairs(constants: object) -> object:
    """Takes a map of constants, or a single pair, for the list of pairs that is meant; models often send one."""
    if isinstance(constants, dict):
        if constants.keys() == {"key", "value"}:
            return [constants]
        return [{"key": key, "value": value} for key, value in constants.items()]
    return constants


async def submit_task(
    name: Annotated[str, Field(description="Name of the task, under 2048 characters.")],
    profile: Annotated[
        str | None, Field(description="A name from list_profiles, such as docker-batch; none with pool_uuid.")
    ] = None,
    instance_count: Annotated[
        int | None, Field(description="How many instances run the same command; default 1. INSTANCE_ID is 0 to n-1.")
    ] = None,
    resource_buckets: Annotated[Strings, Field(description="Existing buckets whose files the instances see.")] = None,
    result_bucket: Annotated[str | None, Field(description="Bucket for the results; made where it is missing.")] = None,
    constants: Annotated[
        list[ConstantArgument] | None,
        BeforeValidator(as_pairs),
        Field(description='Constants of the profile, such as [{"key": "DOCKER_CMD", "value": "sh -c \'echo hi\'"}].'),
    ] = None,
    tags: Annotated[Strings, Field(description="At most 10 tags to find the task by.")] = None,
    shortname: Annotated[
        str | None, Field(description="A unique id of your own: letters, digits, hyphens. Makes a second try safe.")
    ] = None,
    advanced_ranges: Annotated[
        str | None, Field(description="Instance ids instead of instance_count, such as 0-2,5 (ends included).")
    ] = None,
    pool_uuid: Annotated[str | None, Field(description="An open pool to run in, instead of a profile.")] = None,
    job_uuid: Annotated[str | None, Field(description="An active job that the task belongs to.")] = None,
    labels: Annotated[dict[str, str] | None, Field(description="Key and value pairs to find the task by.")] = None,
    scheduling_type: Annotated[
        str | None,
        Field(description="Flex is cheaper and may be preempted; OnDemand is not; Reserved is on own machines."),
    ] = None,
    hardware_constraints: Annotated[
        list[dict[str, Any]] | None,
        Field(description='Such as [{"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 16}].'),
    ] = None,
    max_retries_per_instance: Annotated[
        int | None, Field(description="How often a failed instance runs again.")
    ] = None,
    results_whitelist: Annotated[str | None, Field(description="Regular expression of result files to keep.")] = None,
    results_blacklist: Annotated[str | None, Field(description="Regular expression of result files to drop.")] = None,
    dependencies: Annotated[Strings, Field(description="UUIDs of tasks of the same job that end first.")] = None,
    completion_time_to_live: Annotated[
        str | None, Field(description="Delete the task this long after its end, such as 10:00:00 or 1.00:00:00.")
    ] = None,
    auto_delete_on_completion: Annotated[
        bool | None, Field(description="Delete the finished task when the task quota is reached.")
    ] = None,
    validate_only: Annotated[bool, Field(description="Check all but the buckets, and start nothing.")] = False,
) -> ToolResult:
    """Submit (start, run, launch) a task on Qarnot: a batch computation of one or many instances. It costs credits.

    A Docker command runs with profile docker-batch and the constants DOCKER_REPO (library/ubuntu), DOCKER_TAG and
    DOCKER_CMD; pipes, && and redirections work inside sh -c '...'. A lost answer is looked up, not sent again.
    """
    request = task_request(
        name=name,
        profile=profile,
        instance_count=instance_count,
        resource_buckets=resource_buckets,
        result_bucket=result_bucket,
        constants=constants,
        tags=tags,
        shortname=shortname,
        advanced_ranges=advanced_ranges,
        pool_uuid=pool_uuid,
        job_uuid=job_uuid,
        labels=labels,
        scheduling_type=scheduling_type,
        hardware_constraints=hardware_constraints,
        max_retries_per_instance=max_retries_per_instance,
        results_whitelist=results_whitelist,
        results_blacklist=results_blacklist,
        dependencies=dependencies,
        completion_time_to_live=completion_time_to_live,
        auto_delete_on_completion=auto_delete_on_completion,
    )
    client = calling_client()
    warnings = await advice_on(client, request)
    if validate_only:
        return answer(Submitted.checked(request, warnings))
    return answer(Submitted.of(await client.tasks.submit(request), warnings))


async def advice_on(client: QarnotClient, request: TaskRequest) -> list[str]:
    """Answers what is probably not meant in a new task; raises `InvalidArgument` for a profile that does not exist.

    What the checks need is at most a minute old, and none of it is worth failing a submit for.
    """
    try:
        async with asyncio.timeout(ADVICE_SECONDS):
            # One after the other: of two at once, the second would go on when the first is refused.
            profile, user = await profile_of(client, request), await account_of(client)
    except (InvalidArgument, KeyProblem):
        raise
    except QarnotError as error:
        return [f"The task could not be checked beforehand: {error}"]
    except TimeoutError:
        return ["The task could not be checked beforehand: Qarnot took too long to tell its profile and the account."]
    return advise(request, profile, user)


async def profile_of(client: QarnotClient, request: TaskRequest) -> Profile | None:
    """Reads the profile that a new task names; none where it runs in a pool or a job."""
    if request.profile is None:
        return None
    try:
        return await client.profiles.get(request.profile, cached=True)
    except NotFound:
        check_profile_known(request.profile, await client.profiles.names())
        return None


async def account_of(client: QarnotClient) -> User:
    """Reads the account; anew where the last look found its quota full, as tasks may have been deleted since."""
    user = await client.account.get(cached=True)
    return await client.account.get() if user.max_task and (user.task_count or 0) >= user.max_task else user
