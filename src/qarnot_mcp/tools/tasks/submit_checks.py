"""What is looked at before a task starts: what the checks need is read, all at once and in bounded time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument, KeyProblem, NotFound, QarnotError
from qarnot_mcp.qarnot.hardware import Constraint
from qarnot_mcp.qarnot.identifiers import UUID
from qarnot_mcp.qarnot.items import PAGE_ITEMS
from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.qarnot.pools import Pool
from qarnot_mcp.qarnot.profiles import Profile, ProfileConstant
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import SCHEDULING
from qarnot_mcp.tools.context import where_listed
from qarnot_mcp.tools.profiles import check_profile_known
from qarnot_mcp.tools.submission.account_checks import check_hardware, check_quotas
from qarnot_mcp.tools.submission.job_checks import check_dependencies, check_job, check_pool
from qarnot_mcp.tools.submission.request import Finding, TaskRequest
from qarnot_mcp.tools.submission.rules import ABOUT_CONSTANTS, ABOUT_FILES, check_task
from qarnot_mcp.tools.tasks.new_task import NewTask
from qarnot_mcp.tools.tasks.submit_plan import DEFAULT_SCHEDULING, SubmitPlan

READING_SECONDS = 8.0
AT_ONCE = 8

P = ParamSpec("P")
T = TypeVar("T")


class CheckReader:
    """Reads what the checks need; no failure to read it fails the submit, but it is told."""

    def __init__(self, noun: str = "task") -> None:
        self._not_checked = f"The {noun} could not be checked beforehand:"
        self.failures: list[Finding] = []

    async def read(self, begin: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what was read, None where that failed; raises what the caller's key or arguments are at fault for.

        It is not begun by the caller, who may be gone before this runs.
        """
        try:
            async with asyncio.timeout(READING_SECONDS):
                return await begin(*args, **kwargs)
        except (InvalidArgument, KeyProblem):
            raise
        except QarnotError as error:
            self._fail(f"{self._not_checked} {error}")
        except TimeoutError:
            self._fail(f"{self._not_checked} Qarnot took too long to tell what is needed for it.")
        return None

    def _fail(self, text: str) -> None:
        if not self.failures:
            self.failures.append(Finding(text))


async def check_submit(client: QarnotClient, plan: SubmitPlan) -> tuple[SubmitPlan, TaskRequest, list[Finding]]:
    """Look at a task before it starts; return with which arguments it does, what it comes to, and what was found.

    What is read for it is at most a minute old. Raises `InvalidArgument` for a profile or a dependency that does not
    exist.
    """
    arguments, reader = plan.arguments, CheckReader()
    source = plan.rerun.source if plan.rerun else None
    constraints = arguments.hardware_constraints or (source.hardware_constraints if source else [])
    profile_name = arguments.profile or (source.profile if source else None)
    # What a task that is repeated has, and nobody changes, was meant when it started first.
    is_changed = source is None or arguments.constants is not None
    profile, user, listed, job, pool, in_use, dependencies = await together(
        reader.read(read_profile, client, profile_name if is_changed else None),
        reader.read(read_account, client),
        reader.read(read_constraints, client, is_needed=bool(constraints)),
        reader.read(read_owner, "job", arguments.job_uuid, "an active job", client.jobs.get),
        reader.read(read_owner, "pool", arguments.pool_uuid, "an open pool", client.pools.get),
        reader.read(is_taken, client.tasks.get, arguments.shortname if arguments.validate_only else None),
        resolve_dependencies(client, arguments.dependencies),
    )
    for owner in (job, pool):
        if isinstance(owner, InvalidArgument):
            raise owner
    if is_changed and (around := pool or await reader.read(read_pool_around, client, job, source)):
        profile_name, profile = around.profile, await reader.read(read_profile_in, client, around)
    awaited = await reader.read(read_dependencies, client, dependencies) if dependencies else None
    request = request_of(arguments, profile_name, profile, user, source, plan.instance_count)
    findings = [
        *check_task(request, (ABOUT_CONSTANTS if is_changed else ()) + (ABOUT_FILES if source is None else ())),
        *(check_hardware(constraints, listed) if listed else ()),
        *(check_quotas(request, user) if user else ()),
        *(
            check_job(job, has_profile=arguments.profile is not None, has_dependencies=bool(arguments.dependencies))
            if job and source is None
            else ()
        ),
        *(check_pool(pool) if pool else ()),
        *(check_dependencies(dependencies, awaited, job) if awaited is not None else ()),
        *([Finding(f"The shortname {arguments.shortname} is taken by another task.", refuses=True)] if in_use else ()),
        *reader.failures,
    ]
    resolved = arguments.model_copy(update={"dependencies": dependencies}) if dependencies else arguments
    return replace(plan, arguments=resolved), request, findings


def request_of(
    arguments: NewTask,
    profile_name: str | None,
    profile: Profile | None,
    user: User | None,
    source: Task | None = None,
    instance_count: int | None = None,
) -> TaskRequest:
    """Return a task as the checks look at it; `source` is the one that it repeats."""
    constants = {constant.key: constant.value for constant in source.constants} if source else {}
    scheduling = arguments.scheduling_type or (source.scheduling_type if source else None)
    scheduling = scheduling or (user.default_scheduling if user else None) or DEFAULT_SCHEDULING
    return TaskRequest(
        profile_name=profile_name,
        profile=profile,
        constants=constants | {constant.key: constant.value for constant in arguments.constants or ()},
        instance_count=instance_count or arguments.wanted_instances,
        scheduling_type=SCHEDULING.get(scheduling.lower(), scheduling),
        hardware_constraints=arguments.hardware_constraints or (source.hardware_constraints if source else ()),
        resource_buckets=arguments.resource_buckets or (source.resource_buckets if source else ()),
        result_bucket=arguments.result_bucket or (source.result_bucket if source else None),
        results_whitelist=arguments.results_whitelist or (source.results_whitelist if source else None),
        results_blacklist=arguments.results_blacklist or (source.results_blacklist if source else None),
    )


async def together(*readings: Coroutine[Any, Any, Any]) -> list[Any]:
    """Return the results of readings that run at once; where one raises, the others end."""
    running = [asyncio.ensure_future(reading) for reading in readings]
    try:
        return await asyncio.gather(*running)
    finally:
        for reading in running:
            reading.cancel()


async def read_profile(client: QarnotClient, name: str | None) -> Profile | None:
    """Read a profile; None where the task names none. Raises `InvalidArgument` with the nearest for an unknown one."""
    if name is None:
        return None
    try:
        return await client.profiles.get(name, cached=True)
    except NotFound:
        check_profile_known(name, await client.profiles.names())
        return None


async def read_pool_around(client: QarnotClient, job: Job | None, source: Task | None) -> Pool | None:
    """Read the pool that a task runs in without naming it: that of its job, or of the task that it repeats."""
    uuid = job.pool_uuid if job else source.pool_uuid if source else None
    return await client.pools.get(uuid) if uuid else None


async def read_profile_in(client: QarnotClient, pool: Pool) -> Profile | None:
    """Read the profile of a pool as its tasks find it: with the pool's constants set."""
    if not pool.profile:
        return None
    profile = await client.profiles.get(pool.profile, cached=True)
    constants = {constant.name: constant for constant in profile.constants}
    constants |= {constant.key: ProfileConstant(name=constant.key, value=constant.value) for constant in pool.constants}
    return profile.model_copy(update={"constants": list(constants.values())})


async def read_account(client: QarnotClient) -> User:
    """Read the account; not from the cache if its quota was full there, as tasks may have been deleted since."""
    user = await client.account.get(cached=True)
    return await client.account.get() if user.max_task and (user.task_count or 0) >= user.max_task else user


async def read_constraints(client: QarnotClient, *, is_needed: bool) -> list[Constraint]:
    """Read the hardware that the account may use; nothing where no hardware is asked for, or not all of it is told."""
    if not is_needed:
        return []
    found, total = await client.hardware.constraints(cached=True)
    return found if len(found) >= total else []


async def read_owner(
    noun: str, given: str | None, what: str, read: Callable[[str], Awaitable[T]]
) -> T | InvalidArgument | None:
    """Read the job or pool of a task; return the error where there is none, to be told after others."""
    if given is None:
        return None
    try:
        return await read(given)
    except NotFound:
        return InvalidArgument(f"{noun}_uuid", given, f"the UUID of {what} of this account", where_listed(noun))


async def read_dependencies(client: QarnotClient, uuids: list[str]) -> dict[str, Task]:
    """Read the jobs of tasks by their UUIDs; tasks that are gone are left out."""
    places, found = asyncio.Semaphore(AT_ONCE), dict[str, Task]()

    async def read(batch: list[str]) -> None:
        async with places:
            found.update(await client.tasks.select(batch, ("JobUuid",)))

    await together(*(read(uuids[first : first + PAGE_ITEMS]) for first in range(0, len(uuids), PAGE_ITEMS)))
    return found


async def is_taken(get: Callable[[str], Awaitable[object]], shortname: str | None) -> bool:
    """Return whether a task, job or pool has the shortname already; a submit looks by itself."""
    if shortname is None:
        return False
    try:
        await get(shortname)
    except NotFound:
        return False
    return True


async def resolve_dependencies(client: QarnotClient, given: list[str] | None) -> list[str]:
    """Return the UUIDs of tasks to wait for: the API takes no shortnames.

    Raises `InvalidArgument` for a shortname that no task has.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def resolve(task_id: str) -> str:
        if UUID.fullmatch(task_id):
            return task_id
        async with places:
            try:
                return (await client.tasks.get(task_id)).uuid
            except NotFound:
                hint = "list_tasks shows the UUIDs."
                raise InvalidArgument("dependencies", task_id, "UUIDs or shortnames of your tasks", hint) from None

    return await together(*map(resolve, given or ()))
