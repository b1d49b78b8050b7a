"""What the policies of a pool say, and what it costs while it is open, in words: a forgotten pool costs the most."""

from collections.abc import Sequence
from typing import Any

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.pools import Policy, Pool, Scaling
from qarnot_mcp.tools.answers import rounded
from qarnot_mcp.tools.pools.schedule import ALWAYS, schedule_text
from qarnot_mcp.tools.pools.size import IDLE_SECONDS
from qarnot_mcp.tools.tasks.cost_estimate import CostEstimate, KindOfTask, read_estimate
from qarnot_mcp.tools.tasks.submit_plan import default_scheduling

POLICIES_SHOWN = 10
AN_HOUR = "01:00:00"
LEAST_SECONDS = 600.0
"""A pool whose machines ran for less tells no price: what is billed is rounded."""
ENDED = "It is closed and costs nothing more."


def policies_of(pool: Pool) -> list[Policy]:
    """Return the policies of a pool; one with a number of machines has a policy that always counts."""
    if pool.scaling is not None and pool.scaling.policies:
        return pool.scaling.policies
    always = {"type": "Fixed", "slotsCount": pool.instance_count, "enabledPeriods": [{"type": "Always"}]}
    return Scaling.read({"policies": [always]}).policies


def sizing_policies(policies: Sequence[Policy]) -> Sequence[Policy]:
    """Return the policies without the last one of a schedule, which only says that there are no slots beside it."""
    return policies[:-1] if len(policies) > 1 and policies[-1].slots == 0 else policies


def policy_texts(policies: Sequence[Policy]) -> list[str]:
    """Return each policy in words."""
    return [_policy_text(policy) for policy in sizing_policies(policies)[:POLICIES_SHOWN]]


def most_slots(policies: Sequence[Policy]) -> int:
    """Return how many slots there may be at most."""
    return max((_most(policy) for policy in policies), default=0)


def kept_slots(policies: Sequence[Policy]) -> int:
    """Return how many slots there are at most with nothing to run."""
    return max((_kept(policy) for policy in policies), default=0)


def costs_text(policies: Sequence[Policy]) -> str:
    """Say what is billed of an open pool with these policies, and what ends it."""
    most = most_slots(policies)
    if most == 0:
        return "It has no slots, so it costs nothing until scale_pool gives it some."
    kept = kept_slots(policies)
    idle = max((_idle_seconds(policy) for policy in policies if policy.slots is None), default=0)
    times = [schedule_text(policy.periods) for policy in policies if _most(policy) > 0]
    when = "" if ALWAYS in times else f" during {', '.join(times)} UTC"
    if kept == most:
        billed = f"{_slots(kept)} cost{'s' if kept == 1 else ''} credits{when}, whether tasks run or not"
    elif kept:
        billed = f"{_slots(kept)} cost credits{when} even without tasks, up to {most:,} with them"
    else:
        billed = f"It costs credits only while it has tasks{when}, for up to {_slots(most)}"
    if idle:
        billed += f"; an idle slot is billed {idle} s more"
    return f"{billed}. Its tasks cost nothing more. No pool closes by itself: close_pool ends the cost."


def _policy_text(policy: Policy) -> str:
    if policy.slots is not None:
        size = _slots(policy.slots)
    else:
        size = (
            f"{policy.min_slots:,} to {_slots(policy.max_slots)} by queue, an idle one goes after "
            f"{_idle_seconds(policy)} s"
        )
    when = schedule_text(policy.periods)
    return size if when == ALWAYS else f"{size}, {when} UTC"


def _most(policy: Policy) -> int:
    return policy.max_slots if policy.slots is None else policy.slots


def _kept(policy: Policy) -> int:
    return max(policy.min_slots, policy.idle_slots) if policy.slots is None else policy.slots


def _idle_seconds(policy: Policy) -> int:
    return IDLE_SECONDS if policy.idle_seconds is None else policy.idle_seconds


def _slots(count: int) -> str:
    return "1 slot" if count == 1 else f"{count:,} slots"


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
