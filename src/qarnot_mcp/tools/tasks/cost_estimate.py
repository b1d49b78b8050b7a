"""What a new task will probably cost, from what the account's own finished tasks of its kind have cost.

Qarnot tells no prices: this is the only basis that there is.
"""

import asyncio
from collections.abc import Iterable
from typing import Self

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import KeyProblem, QarnotError
from qarnot_mcp.qarnot.fields import parse_time_span
from qarnot_mcp.qarnot.items import PAGE_ITEMS, TaskFilter
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.tasks.vocabulary import SCHEDULING
from qarnot_mcp.tools.answers import Number, Result, plain_name, rounded

MEASURED_TASKS = 5
LEAST_SECONDS = 60.0
"""Tasks that executed for less tell nothing: what is billed is rounded."""
READING_SECONDS = 6.0
FIELDS = ("SchedulingType", "HardwareConstraints", "ExecutionTime", "PoolUuid", "Status")


class CostEstimate(Result):
    """What a task may cost, in euros."""

    credits_per_instance_hour: Number | None = None
    from_tasks: int | None = Field(None, description="Of how many finished tasks that is the mean.")
    credits_at_most: Number | None = Field(None, description="All instances, each for all of max_wall_time.")
    basis: str

    @classmethod
    def none(cls, why: str) -> Self:
        """Say that nothing can be said."""
        return cls(basis=f"no basis: {why}")

    @classmethod
    def of(cls, rate: float, count: int, kind: str, instances: int, max_wall_time: str | None) -> Self:
        """Shape an estimate from euros for an hour of an instance."""
        hours = parse_time_span(max_wall_time) / 3600 if max_wall_time else None
        return cls(
            credits_per_instance_hour=rounded(rate, 4),
            from_tasks=count,
            credits_at_most=rounded(rate * instances * hours, 2) if hours else None,
            basis=f"this account's finished tasks {kind}; not a price",
        )


class KindOfTask(Result):
    """What decides the price of a task: its scheduling type, and the machine that it asks for."""

    scheduling_type: str
    machine: str | None = None

    @classmethod
    def asked_for(cls, scheduling_type: str, constraints: Iterable[dict[str, object]]) -> Self:
        """Return the kind of a task by what it asks for."""
        keys = [constraint.get("specificationKey") for constraint in constraints]
        machine = next((key for key in keys if isinstance(key, str) and key), None)
        return cls(scheduling_type=scheduling_type.lower(), machine=machine.lower() if machine else None)

    def is_kind_of(self, task: Task) -> bool:
        """Return whether a finished task tells what one of this kind costs."""
        if task.pool_uuid or (task.execution_seconds or 0) < LEAST_SECONDS:
            return False
        if (task.scheduling_type or "").lower() != self.scheduling_type:
            return False
        if self.machine is None:
            return KindOfTask.asked_for(self.scheduling_type, task.hardware_constraints).machine is None
        ran_on = task.status.by_machine if task.status else []
        # A key stands for all machines whose name holds it.
        return bool(ran_on) and all(self.machine in one.specification_key.lower() for one in ran_on)

    def __str__(self) -> str:
        where = f"on {plain_name(self.machine)}" if self.machine else "on machines of Qarnot's choice"
        scheduling_type = SCHEDULING.get(self.scheduling_type) or plain_name(self.scheduling_type)
        return f"{where} with {scheduling_type} scheduling"


async def read_estimate(
    client: QarnotClient, kind: KindOfTask, instances: int, max_wall_time: str | None
) -> CostEstimate:
    """Estimate what a task costs, from up to five finished ones of its kind among the newest 50.

    The amounts are at most a minute old. What cannot be read is no error, unless the key is refused.
    """
    try:
        async with asyncio.timeout(READING_SECONDS):
            alike = await finished_alike(client, kind)
            used = await asyncio.gather(*(client.credits.of_task(task.uuid, cached=True) for task in alike))
    except KeyProblem:
        raise
    except (QarnotError, TimeoutError):
        return CostEstimate.none("the account's finished tasks could not be read this time.")
    told = [(task, amount) for task, amount in zip(alike, used, strict=True) if amount is not None]
    hours = sum((task.execution_seconds or 0) for task, _ in told) / 3600
    if not told or not hours:
        return CostEstimate.none(f"no finished task of this account ran {kind}.")
    return CostEstimate.of(sum(amount for _, amount in told) / hours, len(told), str(kind), instances, max_wall_time)


async def finished_alike(client: QarnotClient, kind: KindOfTask) -> list[Task]:
    """Return the newest finished tasks of a kind, at most five."""
    page = await client.tasks.page(where=TaskFilter(states=("Success", "Failure")), limit=PAGE_ITEMS)
    details = await client.tasks.select([task.uuid for task in page.items], FIELDS)
    known = [details[task.uuid] for task in page.items if task.uuid in details]
    return [task for task in known if kind.is_kind_of(task)][:MEASURED_TASKS]
