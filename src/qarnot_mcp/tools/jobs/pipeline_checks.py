"""What is looked at before a pipeline starts: each step as submit_task does, and what they come to together."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.hardware import Constraint
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.tools.jobs.pipeline_steps import Step, ancestors, generations, some
from qarnot_mcp.tools.submission.account_checks import check_hardware, check_quotas, quota_of
from qarnot_mcp.tools.submission.file_arguments import ResourceBucket
from qarnot_mcp.tools.submission.file_checks import check_buckets
from qarnot_mcp.tools.submission.job_checks import check_pool
from qarnot_mcp.tools.submission.request import Finding, TaskRequest, shown
from qarnot_mcp.tools.submission.rules import check_task
from qarnot_mcp.tools.tasks.submit_checks import (
    AT_ONCE,
    CheckReader,
    is_taken,
    read_constraints,
    read_owner,
    read_profile,
    read_profile_in,
    request_of,
    together,
)

NAMES_IN_A_FINDING = 3


async def check_pipeline(
    client: QarnotClient, steps: Sequence[Step], pool_uuid: str | None, free_shortname: str | None
) -> tuple[dict[str, TaskRequest], list[Finding], str]:
    """Look at a pipeline before it starts; profiles and machines are at most a minute old, what is in use is new.

    Returns what each step comes to, by its name, what was found, and a sentence on the buckets. `free_shortname` is one
    that no job may have. Raises `InvalidArgument` for a profile or a pool that does not exist.
    """
    reader, places = CheckReader(), asyncio.Semaphore(AT_ONCE)
    names = sorted({step.profile for step in steps if step.profile})

    async def profile_of(name: str) -> Profile | None:
        async with places:
            return await reader.read(read_profile, client, name)

    needs_hardware = any(step.hardware_constraints for step in steps)
    user, listed, pool, in_use, (missing, on_buckets), *profiles = await together(
        reader.read(client.account.get),
        reader.read(read_constraints, client, is_needed=needs_hardware),
        reader.read(read_owner, "pool", pool_uuid, "an open pool", client.pools.get),
        reader.read(is_taken, client.jobs.get, free_shortname),
        check_buckets(client.storage, buckets_to_look_for(steps)),
        *map(profile_of, names),
    )
    if isinstance(pool, InvalidArgument):
        raise pool
    known: dict[str | None, Profile | None] = dict(zip(names, profiles, strict=True))
    if pool is not None:
        known[None] = await reader.read(read_profile_in, client, pool)
    requests = {
        step.name: request_of(step, pool.profile if pool else step.profile, known.get(step.profile), user)
        for step in steps
    }
    findings = [
        *check_each(requests, listed or (), user),
        *check_shared_buckets(steps),
        *(check_room(len(steps), user) if user else ()),
        *(check_running(steps, requests, user) if user else ()),
        *(check_pool(pool) if pool else ()),
        *([Finding(f"The shortname {free_shortname} is taken by another job.", refuses=True)] if in_use else ()),
        *missing,
        *reader.failures,
    ]
    return requests, findings, on_buckets


def check_each(
    requests: Mapping[str, TaskRequest], listed: Sequence[Constraint], user: User | None
) -> Iterator[Finding]:
    """Tell what the checks of submit_task find in each step; the same in several is told once, with their names."""
    # That the account is full is told of the whole.
    of_one = user.model_copy(update={"task_count": None}) if user else None
    steps_of: defaultdict[Finding, list[str]] = defaultdict(list)
    for name, request in requests.items():
        found = [
            *check_task(request),
            *(check_hardware(request.hardware_constraints, listed) if request.hardware_constraints and listed else ()),
            *(check_quotas(request, of_one) if of_one else ()),
        ]
        for finding in found:
            steps_of[finding].append(name)
    for finding, names in steps_of.items():
        noun = "Step" if len(names) == 1 else "Steps"
        yield Finding(f"{noun} {some(names, NAMES_IN_A_FINDING)}: {finding.text}", finding.refuses)


def check_shared_buckets(steps: Sequence[Step]) -> Iterator[Finding]:
    """Tell a step that reads what another one writes, and does not wait for it."""
    before = ancestors(steps)
    writers = {step.result_bucket: step.name for step in steps if step.result_bucket}
    for step in steps:
        for bucket in step.resource_buckets or ():
            writer = writers.get(ResourceBucket.parse(bucket).name)
            if writer and writer != step.name and writer not in before[step.name]:
                yield Finding(
                    f"Step {shown(step.name)} reads the bucket {shown(bucket)}, into which {shown(writer)} writes, and "
                    f"does not wait for it: give it after {shown(writer)} if it needs those files."
                )


def check_room(count: int, user: User) -> Iterator[Finding]:
    """Tell an account that has no room for all tasks and the job: Qarnot would refuse one in the middle."""
    if user.max_task and (user.task_count or 0) + count > user.max_task:
        yield Finding(
            f"The account holds {user.task_count or 0:,} of {user.max_task:,} tasks, so these {count:,} do not fit: "
            "delete finished tasks with delete_task first.",
            refuses=True,
        )
    if user.max_job and (user.job_count or 0) >= user.max_job:
        yield Finding(
            f"The account holds {user.job_count or 0:,} of {user.max_job:,} jobs: delete completed ones "
            "with delete_job first.",
            refuses=True,
        )


def check_running(steps: Sequence[Step], requests: Mapping[str, TaskRequest], user: User) -> Iterator[Finding]:
    """Tell steps that run at the same time and have more instances together than may run at a time."""
    for generation in generations(steps):
        by_type: defaultdict[str, list[TaskRequest]] = defaultdict(list)
        for step in generation:
            by_type[requests[step.name].scheduling_type].append(requests[step.name])
        for scheduling, alike in by_type.items():
            quota = quota_of(alike[0], user)
            most = quota.max_instances if quota else None
            count = sum(request.instance_count for request in alike)
            if most and len(alike) > 1 and count > most:
                names = [step.name for step in generation if requests[step.name].scheduling_type == scheduling]
                yield Finding(
                    f"Steps {some(names, NAMES_IN_A_FINDING)} can run at the same time and have {count:,} instances; "
                    f"{most:,} may run at a time as {scheduling}: the others wait."
                )


def buckets_to_look_for(steps: Sequence[Step]) -> list[str]:
    """Return the buckets that have to be there before the pipeline starts: not those that earlier steps make."""
    made: set[str] = set()
    wanted: list[str] = []
    for generation in generations(steps):
        for step in generation:
            wanted += [
                bucket for bucket in step.resource_buckets or () if ResourceBucket.parse(bucket).name not in made
            ]
            made |= {step.result_bucket} if step.result_bucket else set()
    return wanted
