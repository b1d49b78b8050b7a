"""A submit, worked out: what is repeated, how many instances run, and how long they may."""

from dataclasses import dataclass, replace
from typing import Self

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError, SubmitUnknown
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.tools.limits import SubmitLimits
from qarnot_mcp.tools.tasks.cost_estimate import CostEstimate, KindOfTask, read_estimate
from qarnot_mcp.tools.tasks.rerun import RerunRequest
from qarnot_mcp.tools.tasks.submit_arguments import SubmitTask
from qarnot_mcp.tools.tasks.time_limit import TimeLimit, limit_of, make_job, take_back

DEFAULT_SCHEDULING = "Flex"


@dataclass(frozen=True)
class SubmitPlan:
    """What a call of submit_task comes to, within the limits of the server."""

    arguments: SubmitTask
    rerun: RerunRequest | None = None
    max_wall_time: str | None = None
    """The time that a job of its own gives the task."""

    @classmethod
    async def of(cls, client: QarnotClient, arguments: SubmitTask, limits: SubmitLimits) -> Self:
        """Work out a submit; raises `LimitReached` and `InvalidArgument` where it may not be."""
        rerun = None
        if arguments.rerun_of is not None:
            rerun = RerunRequest.of(await client.tasks.get(arguments.rerun_of), arguments)
            arguments = rerun.arguments
        plan = cls(arguments, rerun)
        limits.check_instances(plan.instance_count)
        if arguments.job_uuid is None:
            named = arguments.max_wall_time
            if named is None and rerun is not None:
                # In the job of the older task the time of that one would go on.
                named = await limit_of(client, rerun.source)
            return replace(plan, max_wall_time=limits.wall_time(named))
        if limits.max_wall_seconds is not None:
            limits.check_job((await client.jobs.get(arguments.job_uuid)).max_wall_time)
        return plan

    @property
    def instance_count(self) -> int:
        """How many instances will run."""
        return self.rerun.instance_count if self.rerun else self.arguments.wanted_instances

    @property
    def pool_uuid(self) -> str | None:
        """The pool that the task runs in."""
        return self.arguments.pool_uuid or (self.rerun.source.pool_uuid if self.rerun else None)

    async def estimate(self, client: QarnotClient) -> CostEstimate:
        """Estimate what it costs."""
        if self.pool_uuid:
            return CostEstimate.none("a pool is billed for as long as it is open, not the tasks in it.")
        source = self.rerun.source if self.rerun else None
        scheduling_type = self.arguments.scheduling_type or (source.scheduling_type if source else None)
        if not scheduling_type:
            scheduling_type = await default_scheduling(client)
        constraints = self.arguments.hardware_constraints or (source.hardware_constraints if source else [])
        kind = KindOfTask.asked_for(scheduling_type, constraints)
        return await read_estimate(client, kind, self.instance_count, self.max_wall_time)

    async def start(self, client: QarnotClient) -> tuple[Submission, str | None]:
        """Start the task, and return it with the UUID of the job that was made for its time.

        Where the task is not started, that job is deleted, or named in the error.
        """
        if self.max_wall_time is None:
            return await self._submit(client, self.arguments), None
        job = await make_job(client, TimeLimit(self.arguments.name, self.max_wall_time, self.pool_uuid))
        try:
            in_job = self.arguments.model_copy(update={"job_uuid": job.uuid, "pool_uuid": None})
            return await self._submit(client, in_job), job.uuid
        except SubmitUnknown as error:
            error.add(f"It would be in the job {job.uuid}, which ends it after {self.max_wall_time}.")
            raise
        except QarnotError as error:
            await take_back(client, job.uuid, error)
            raise

    async def _submit(self, client: QarnotClient, arguments: SubmitTask) -> Submission:
        if self.rerun:
            return await replace(self.rerun, arguments=arguments).start(client.tasks)
        return await client.tasks.submit(arguments)


async def default_scheduling(client: QarnotClient) -> str:
    """Return the scheduling type of a task that names none, where the account tells it."""
    try:
        user: User = await client.account.get(cached=True)
    except QarnotError:
        return DEFAULT_SCHEDULING
    return user.default_scheduling or DEFAULT_SCHEDULING
