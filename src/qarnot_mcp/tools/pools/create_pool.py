"""The tool that makes a pool: what it is to be, and what is looked at before."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, WithJsonSchema, model_validator

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.pools import Scaling
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.tools.answers import Result, masked_name
from qarnot_mcp.tools.checks import ApiPath, Name, ProfileName, Shortname, Tags, at_most, text_line
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.hardware import HardwareConstraints
from qarnot_mcp.tools.pools.policy_text import policy_texts, read_costs
from qarnot_mcp.tools.pools.schedule import ALWAYS, periods_of
from qarnot_mcp.tools.pools.size import PoolSize
from qarnot_mcp.tools.submission.account_checks import check_hardware, quota_of
from qarnot_mcp.tools.submission.file_arguments import ResourceBuckets, buckets_to_api
from qarnot_mcp.tools.submission.file_checks import check_buckets
from qarnot_mcp.tools.submission.request import Finding, TaskRequest, settle
from qarnot_mcp.tools.tasks.new_task import CONSTANTS_BY_KEY, Constants, SchedulingType
from qarnot_mcp.tools.tasks.submit_checks import CheckReader, is_taken, read_constraints, read_profile, together
from qarnot_mcp.tools.tasks.submit_plan import DEFAULT_SCHEDULING
from qarnot_mcp.tools.tasks.submit_task import beside

MAX_CONSTANTS = 50
MAX_COMMAND_CHARACTERS = 2048
PoolConstants = Annotated[
    Constants, at_most(MAX_CONSTANTS, "constants"), WithJsonSchema(CONSTANTS_BY_KEY | {"maxProperties": MAX_CONSTANTS})
]
CHECKED = "Checked only: nothing was created. The same call without validate_only creates it."
FOUND = "The answer of Qarnot was lost on the way; the pool was found by its shortname. It was created once."
HINT = (
    "Booting takes about three minutes. submit_task with pool_uuid, and without profile, runs tasks in it. close_pool "
    "when they are done."
)


class CreatePool(PoolSize):
    """The arguments of create_pool."""

    name: Name
    profile: ProfileName = Field(description="A name from list_profiles; its tasks take it.")
    constants: PoolConstants | None = Field(None, description='Of the profile, such as {"DOCKER_TAG": "24.04"}.')
    warm_up_command: Annotated[
        Annotated[str, text_line(MAX_COMMAND_CHARACTERS)] | None, ApiPath("preparationTask.commandLine")
    ] = Field(None, description="Run once on each machine, before tasks.")
    resource_buckets: ResourceBuckets | None = Field(None, description="Input files.", exclude=True)
    hardware_constraints: Annotated[HardwareConstraints, WithJsonSchema({"type": "object"})] | None = Field(
        None, description="As of submit_task."
    )
    scheduling_type: SchedulingType | None = Field(None)
    tags: Tags | None = None
    shortname: Shortname | None = Field(None, description="A unique id of your own.")
    validate_only: bool = Field(False, description="Only check it and say what it costs.", exclude=True)

    @model_validator(mode="after")
    def check_has_slots(self) -> Self:
        """Check that it can run something."""
        if self.most_slots == 0:
            raise InvalidArgument("slots", 0, "at least 1 slot, or max_slots", "A pool without slots runs nothing.")
        return self

    @property
    def policies(self) -> dict[str, Any]:
        """The scaling of the new pool."""
        return self.scaling(periods_of(self.schedule or ALWAYS))

    def to_api(self) -> dict[str, Any]:
        """Return the body of `POST /pools`; what is not set is not sent."""
        buckets = buckets_to_api(self.resource_buckets) if self.resource_buckets else {}
        return super().to_api() | {"scaling": self.policies} | buckets


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
    made: Submission | None = None
    if arguments.validate_only:
        costs = await pricing
    else:
        made, costs = await beside(client.pools.create(arguments), pricing)
    return PoolCreated(
        created=made is not None,
        uuid=made.uuid if made else None,
        shortname=(made or arguments).shortname,
        name=masked_name((made or arguments).name),
        state=made.state if made else None,
        policies=policy_texts(policies),
        costs=costs,
        warnings=warnings or None,
        note=(FOUND if made.found_again else None) if made else f"{CHECKED} {on_buckets}".strip(),
        hint=HINT if made else None,
    )


async def check_new_pool(client: QarnotClient, arguments: CreatePool) -> list[str]:
    """Return what is probably not meant of a new pool; raises `InvalidArgument` for a profile that there is not."""
    reader, constraints = CheckReader("pool"), arguments.hardware_constraints or []
    _, user, listed, in_use = await together(
        reader.read(read_profile, client, arguments.profile),
        reader.read(client.account.get),
        reader.read(read_constraints, client, is_needed=bool(constraints)),
        reader.read(is_taken, client.pools.get, arguments.shortname if arguments.validate_only else None),
    )
    findings = [
        *(check_hardware(constraints, listed) if listed else ()),
        *(check_quotas(arguments, user) if user else ()),
        *([Finding(f"The shortname {arguments.shortname} is taken by another pool.")] if in_use else ()),
        *reader.failures,
    ]
    return settle(findings, accept_warnings=True)


def check_quotas(arguments: CreatePool, user: User) -> Iterator[Finding]:
    """Tell more slots than may run at a time, and an account that is full of pools."""
    scheduling = arguments.scheduling_type or user.default_scheduling or DEFAULT_SCHEDULING
    quota = quota_of(TaskRequest(scheduling_type=scheduling), user)
    if quota and quota.max_instances and arguments.most_slots > quota.max_instances:
        yield Finding(
            f"{arguments.most_slots:,} slots are more than the {quota.max_instances:,} instances that this account may "
            f"run at a time as {scheduling}."
        )
    if user.max_pool is not None and user.pool_count is not None and user.pool_count >= user.max_pool > 0:
        yield Finding(
            f"The account holds {user.pool_count:,} of {user.max_pool:,} pools, so Qarnot will refuse this one: delete "
            "closed ones first (list_pools; close_pool with delete=true)."
        )
