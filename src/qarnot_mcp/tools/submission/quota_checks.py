"""Checks of a task against what its account may run."""

from collections.abc import Iterator

from qarnot_mcp.qarnot.account import Quota, User
from qarnot_mcp.tools.submission.findings import Finding
from qarnot_mcp.tools.submission.request import TaskRequest


def check_quotas(request: TaskRequest, user: User) -> Iterator[Finding]:
    """Tell more instances than the scheduling type allows at a time, and an account that is full of tasks."""
    quota = quota_of(request, user)
    count, scheduling = request.instance_count, request.scheduling_type
    quotas = user.computing_quotas.user if user.computing_quotas else None
    if scheduling == "Reserved" and quotas and not quotas.reserved:
        yield Finding("This account has no reservation, so nothing runs as Reserved: use Flex or OnDemand.")
    if quota and quota.max_instances:
        if count > quota.max_instances:
            yield Finding(
                f"{count:,} instances are more than the {quota.max_instances:,} that this account may run at a time "
                f"as {scheduling}: the others wait."
            )
        elif (running := quota.running_instances or 0) + count > quota.max_instances:
            yield Finding(
                f"{running:,} of the {quota.max_instances:,} instances that may run as {scheduling} are running: some "
                f"of these {count:,} wait."
            )
    if user.max_task is not None and user.task_count is not None and user.task_count >= user.max_task > 0:
        yield Finding(
            f"The account holds {user.task_count:,} of {user.max_task:,} tasks, so Qarnot will refuse this one: "
            "delete finished tasks with delete_task first."
        )


def quota_of(request: TaskRequest, user: User) -> Quota | None:
    """Return the quota of the task's scheduling type; where the account tells none, that of all types together."""
    quotas = user.computing_quotas.user if user.computing_quotas else None
    by_type = {"Flex": quotas.flex, "OnDemand": quotas.on_demand} if quotas else {}
    if request.scheduling_type == "Reserved" and quotas and len(quotas.reserved) == 1:
        return quotas.reserved[0]
    return by_type.get(request.scheduling_type) or Quota(max_instances=user.max_instances)
