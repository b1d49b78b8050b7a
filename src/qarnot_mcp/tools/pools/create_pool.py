"""The tool that makes a pool."""

from typing import Self

from pydantic import Field

from qarnot_mcp.qarnot.pools import Policy, Scaling
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.pools.checks import check_new_pool
from qarnot_mcp.tools.pools.new_pool import CreatePool
from qarnot_mcp.tools.pools.policy_text import policy_texts, read_costs
from qarnot_mcp.tools.submission.file_checks import check_buckets
from qarnot_mcp.tools.submission.findings import settle
from qarnot_mcp.tools.tasks.submit_task import beside

CHECKED = "Checked only: nothing was created. The same call without validate_only creates it."
FOUND = "The answer of Qarnot was lost on the way; the pool was found by its shortname. It was created once."
HINT = (
    "Booting takes about three minutes. submit_task with pool_uuid, and without profile, runs tasks in it. close_pool "
    "when they are done."
)


class PoolCreated(Result):
    """What was created, or with validate_only what would be."""

    created: bool
    uuid: str | None = None
    shortname: str | None = None
    name: str
    state: str | None = None
    policies: list[str] = Field(description="How many slots, and when.")
    costs: str = Field(description="Tell it to the person who pays.")
    warnings: list[str] | None = Field(None, description="What is probably not meant; nothing was changed.")
    note: str | None = None
    hint: str | None = None

    @classmethod
    def of(cls, made: Submission, policies: list[Policy], costs: str, warnings: list[str]) -> Self:
        """Shape a pool that was created."""
        return cls(
            created=True,
            uuid=made.uuid,
            shortname=made.shortname,
            name=masked_line(made.name, NAME_CHARACTERS),
            state=made.state,
            policies=policy_texts(policies),
            costs=costs,
            warnings=warnings or None,
            note=FOUND if made.found_again else None,
            hint=HINT,
        )

    @classmethod
    def checked(
        cls, arguments: CreatePool, policies: list[Policy], costs: str, warnings: list[str], on_buckets: str
    ) -> Self:
        """Shape a pool that was only checked."""
        return cls(
            created=False,
            shortname=arguments.shortname,
            name=masked_line(arguments.name, NAME_CHARACTERS),
            policies=policy_texts(policies),
            costs=costs,
            warnings=warnings or None,
            note=f"{CHECKED} {on_buckets}".strip(),
        )


async def create_pool(arguments: CreatePool) -> PoolCreated:
    """Create a Qarnot pool: machines that stay booted, so that many short tasks start at once.

    It costs credits while it is open, with or without tasks: close_pool ends that.
    """
    client, limits = current_client(), current_context().limits
    limits.check_pool(kept_slots=arguments.kept_slots, most_slots=arguments.most_slots)
    warnings = await check_new_pool(client, arguments)
    on_buckets = ""
    if arguments.validate_only:
        missing, on_buckets = await check_buckets(client.storage, arguments.resource_buckets or ())
        warnings += settle(missing, accept_warnings=True)
    await limits.check_credits(client)
    policies = Scaling.read(arguments.policies).policies
    pricing = read_costs(client, policies, arguments.scheduling_type, arguments.hardware_constraints or ())
    if arguments.validate_only:
        return PoolCreated.checked(arguments, policies, await pricing, warnings, on_buckets)
    made, costs = await beside(client.pools.create(arguments), pricing)
    return PoolCreated.of(made, policies, costs, warnings)
