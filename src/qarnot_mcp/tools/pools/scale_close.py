"""The tools that change an open pool: scale_pool gives it other slots or times, close_pool ends it."""

from typing import Any, Literal

from pydantic import Field

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.pools import Pool
from qarnot_mcp.tools.answers import Number, Result, masked_name, plain_name, plain_state, rounded
from qarnot_mcp.tools.checks import Arguments, PoolIdParameter
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.pools.policy_text import (
    costs_text,
    kept_slots,
    most_slots,
    policies_of,
    policy_texts,
    sizing_policies,
)
from qarnot_mcp.tools.pools.schedule import always, periods_of
from qarnot_mcp.tools.pools.size import PoolSize


class ScalePool(PoolSize):
    """The arguments of scale_pool."""

    pool_uuid: PoolIdParameter


class PoolScaled(Result):
    """A pool after its scaling."""

    uuid: str
    name: str
    state: str
    before: list[str] = Field(description="Its policies until now.")
    policies: list[str] = Field(description="How many slots, and when.")
    costs: str = Field(description="Tell it to the person who pays.")


async def scale_pool(arguments: ScalePool) -> PoolScaled:
    """Scale a Qarnot pool: set its slots, fixed or by queue; 0 pauses it. Without schedule its times stay."""
    client, limits = current_client(), current_context().limits
    limits.check_pool(kept_slots=arguments.kept_slots, most_slots=arguments.most_slots)
    pool = await client.pools.get(arguments.pool_uuid)
    if not pool.is_open:
        state = plain_name(f"{pool.name or pool.uuid} is {pool.state}.")
        raise InvalidArgument("pool_uuid", arguments.pool_uuid, "an open pool", state)
    periods = periods_of(arguments.schedule) if arguments.schedule else periods_kept(pool)
    if may_cost_more(pool, arguments):
        await limits.check_credits(client)
    scaled = await client.pools.scale(pool.uuid, arguments.scaling(periods))
    policies = policies_of(scaled)
    return PoolScaled(
        uuid=scaled.uuid,
        name=masked_name(scaled.name),
        state=plain_state(scaled.state),
        before=policy_texts(policies_of(pool)),
        policies=policy_texts(policies),
        costs=costs_text(policies),
    )


def may_cost_more(pool: Pool, size: PoolSize) -> bool:
    """Return whether a pool gets more slots than it has, keeps more, or has any at other times."""
    before = policies_of(pool)
    is_at_other_times = size.schedule is not None and size.most_slots > 0
    return is_at_other_times or size.most_slots > most_slots(before) or size.kept_slots > kept_slots(before)


def periods_kept(pool: Pool) -> list[dict[str, Any]]:
    """Return the times at which a pool has slots; raises `InvalidArgument` where several policies have their own."""
    policies = sizing_policies(policies_of(pool))
    if len(policies) > 1:
        hint = f"The pool has {len(policies)} policies with times of their own, which this would replace."
        raise InvalidArgument("schedule", None, "when it has slots, or always", hint)
    return [period.to_api() for policy in policies for period in policy.periods] or [always()]


class ClosePool(Arguments):
    """The arguments of close_pool."""

    pool_uuid: PoolIdParameter
    delete: bool = Field(False, description="Delete it, too; its tasks and their results stay.")


class PoolClosed(Result):
    """A pool after it was closed."""

    uuid: str
    name: str
    state: str
    deleted: Literal[True] | None = None
    cancelled_instances: int | None = Field(None, description="Of its tasks, that waited or ran.")
    credits_used: Number | None = Field(None, description="Euros, until now.")
    note: str | None = None


async def close_pool(arguments: ClosePool) -> PoolClosed:
    """Close a Qarnot pool, which ends its cost for good and cancels the tasks that wait or run in it."""
    client = current_client()
    before = await client.pools.get(arguments.pool_uuid)
    credits_used = await client.credits.of_pool(before.uuid)
    if arguments.delete:
        await client.pools.delete(before.uuid)
        state = "Deleted"
    else:
        state = plain_state((await client.pools.close(before.uuid)).state)
    return PoolClosed(
        uuid=before.uuid,
        name=masked_name(before.name),
        state=state,
        deleted=True if arguments.delete else None,
        cancelled_instances=before.queued_or_running or None if before.is_open else None,
        credits_used=rounded(credits_used, 2),
        note=None if before.is_open else "It was closed already.",
    )
