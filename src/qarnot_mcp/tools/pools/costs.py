"""What a pool costs: in words, and in euros by what the account's own finished tasks of the same kind have cost."""

from collections.abc import Sequence
from typing import Any

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.pools import Policy, Pool
from qarnot_mcp.tools.answers import rounded
from qarnot_mcp.tools.pools.policy_text import costs_text, most_slots, policies_of
from qarnot_mcp.tools.tasks.cost_estimate import CostEstimate, KindOfTask, read_estimate
from qarnot_mcp.tools.tasks.submit_plan import default_scheduling

AN_HOUR = "01:00:00"
LEAST_SECONDS = 600.0
"""A pool whose machines ran for less tells no price: what is billed is rounded."""
ENDED = "It is closed and costs nothing more."


async def read_costs(
    client: QarnotClient,
    policies: Sequence[Policy],
    scheduling_type: str | None,
    hardware_constraints: Sequence[dict[str, Any]] = (),
) -> str:
    """Say what a pool costs, with euros where finished tasks of this account tell what an hour of a machine costs."""
    kind = KindOfTask.asked_for(scheduling_type or await default_scheduling(client), hardware_constraints)
    estimate = await read_estimate(client, kind, most_slots(policies), AN_HOUR)
    return f"{costs_text(policies)} {_in_euros(estimate)}"


def costs_of(pool: Pool, credits_used: float | None) -> str:
    """Say what a pool that exists costs, and in euros what it has cost until now."""
    text = costs_text(policies_of(pool)) if pool.is_open else ENDED
    if credits_used is None:
        return f"{text} Qarnot does not tell what it has cost."
    spent = f"So far it has cost {credits_used:.2f} euros"
    if (seconds := pool.execution_seconds or 0.0) >= LEAST_SECONDS:
        spent += f", {rounded(credits_used / seconds * 3600, 4)} for each hour of a machine"
    return f"{text} {spent}."


def _in_euros(estimate: CostEstimate) -> str:
    if estimate.credits_per_instance_hour is None:
        return f"In euros there is {estimate.basis}"
    return (
        f"In euros: about {estimate.credits_per_instance_hour} an hour for each slot, at most "
        f"{estimate.credits_at_most} an hour in all ({estimate.basis})."
    )
