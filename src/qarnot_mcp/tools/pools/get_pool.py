"""The tool that tells how a pool stands: its slots, its policies, its tasks, and what it has cost."""

import asyncio
from collections import Counter

from pydantic import Field

from qarnot_mcp.qarnot.items import TaskFilter
from qarnot_mcp.qarnot.pools import Pool
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import VALUE_CHARACTERS, Number, Result, plain_name, plain_state, rounded
from qarnot_mcp.tools.checks import Arguments, PoolIdParameter
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.pools.list_pools import PoolRow
from qarnot_mcp.tools.pools.policy_text import costs_of
from qarnot_mcp.tools.tasks.task_rows import TaskRow

TASKS_SHOWN = 20
ERRORS_SHOWN = 5


class GetPool(Arguments):
    """The arguments of get_pool."""

    pool_uuid: PoolIdParameter


class TasksOfPool(Result):
    """The newest tasks of a pool."""

    total: int | None = None
    states: dict[str, int] = Field(description="Of the newest 50.")
    newest: list[TaskRow]


class PoolDetails(PoolRow):
    """How a pool stands."""

    shortname: str | None = None
    active_policy: str | None = None
    wanted_machines: int
    slots: int = Field(description="Of the machines that are ready.")
    used_percent: Number | None = None
    cores: int | None = None
    scheduling_type: str | None = None
    warm_up_command: str | None = None
    machine_hours: Number | None = None
    credits_used: Number | None = Field(None, description="Euros.")
    costs: str
    errors: list[str] | None = None
    tasks: TasksOfPool
    hint: str | None = None


async def get_pool(arguments: GetPool) -> PoolDetails:
    """Get a Qarnot pool: its slots and policies, its newest tasks, and what it has cost so far."""
    client = current_client()
    pool = await client.pools.get(arguments.pool_uuid)
    page, credits_used = await asyncio.gather(
        client.tasks.page(where=TaskFilter(pool_uuid=pool.uuid)), client.credits.of_pool(pool.uuid)
    )
    states = Counter(plain_state(task.state) for task in page.items)
    command = pool.preparation.command_line if pool.preparation else ""
    active = pool.scaling.active_policy if pool.scaling else None
    return PoolDetails(
        **PoolRow.of(pool).model_dump(),
        shortname=plain_name(pool.shortname) if pool.shortname else None,
        active_policy=plain_name(active) if active else None,
        wanted_machines=pool.wanted_nodes,
        slots=pool.slots,
        used_percent=rounded(pool.usage * 100),
        cores=pool.cores or None,
        scheduling_type=plain_state(pool.scheduling_type) if pool.scheduling_type else None,
        warm_up_command=masked_line(command, VALUE_CHARACTERS) if command else None,
        machine_hours=rounded((pool.execution_seconds or 0) / 3600, 2),
        credits_used=rounded(credits_used, 2),
        costs=costs_of(pool, credits_used),
        errors=[masked_line(error.message, VALUE_CHARACTERS) for error in pool.errors[:ERRORS_SHOWN]] or None,
        tasks=TasksOfPool(
            total=page.total, states=dict(states), newest=[TaskRow.of(task) for task in page.items[:TASKS_SHOWN]]
        ),
        hint=hint_for(pool),
    )


def hint_for(pool: Pool) -> str | None:
    """Say what to do with an open pool."""
    if not pool.is_open:
        return None
    if pool.queued_or_running:
        return "close_pool would cancel the tasks that wait or run."
    return "Nothing waits or runs in it: close_pool ends its cost."
