"""What is looked at before a pool is made: all at once, in bounded time, and no failure to read it fails the call."""

from collections.abc import Iterator

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import NotFound
from qarnot_mcp.tools.pools.new_pool import CreatePool
from qarnot_mcp.tools.submission.findings import Finding, settle
from qarnot_mcp.tools.submission.hardware_checks import check_hardware
from qarnot_mcp.tools.submission.quota_checks import quota_of
from qarnot_mcp.tools.submission.request import TaskRequest
from qarnot_mcp.tools.tasks.submit_checks import CheckReader, read_constraints, read_profile, together
from qarnot_mcp.tools.tasks.submit_plan import DEFAULT_SCHEDULING


async def check_new_pool(client: QarnotClient, arguments: CreatePool) -> list[str]:
    """Return what is probably not meant of a new pool; raises `InvalidArgument` for a profile that there is not."""
    reader, constraints = CheckReader("pool"), arguments.hardware_constraints or []
    _, user, listed, is_taken = await together(
        reader.read(read_profile, client, arguments.profile),
        reader.read(client.account.get),
        reader.read(read_constraints, client, is_needed=bool(constraints)),
        reader.read(_is_taken, client, arguments.shortname if arguments.validate_only else None),
    )
    findings = [
        *(check_hardware(constraints, listed) if listed else ()),
        *(check_quotas(arguments, user) if user else ()),
        *([Finding(f"The shortname {arguments.shortname} is taken by another pool.")] if is_taken else ()),
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


async def _is_taken(client: QarnotClient, shortname: str | None) -> bool:
    if shortname is None:
        return False
    try:
        await client.pools.get(shortname)
    except NotFound:
        return False
    return True
