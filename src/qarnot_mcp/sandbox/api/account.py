"""The routes of the account: who it is, what it and its organisation may run at a time, and what they do."""

from qarnot_mcp.sandbox.api.credits import projects_of
from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.platform.account import MAX_TASKS, Account
from qarnot_mcp.sandbox.platform.buckets import MAX_BUCKETS
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.jobs import MAX_JOBS
from qarnot_mcp.sandbox.platform.machines import Machine
from qarnot_mcp.sandbox.platform.plan import MAX_RUNNING_INSTANCES
from qarnot_mcp.sandbox.platform.pools import MAX_POOLS
from qarnot_mcp.sandbox.platform.registry import Timestamp
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_RUNNING_TASKS = 10
MAX_RUNNING_CORES = 2048
RUNNING_STATES = frozenset({"PartiallyExecuting", "FullyExecuting", "UploadingResults"})
_RESERVATION = {"reservationName": "sandbox-reservation", "machineKey": "96c-512g-amd-epyc9654-ssd"}
_MAX_RESERVED_INSTANCES = 2
_ORGANIZATION_FACTOR = 2
"""How much more than one of its people an organisation may run."""


def account_routes() -> Routes:
    """Return the routes of `/info` and of the quotas."""
    return {
        ("GET", "info"): lambda context: json_response(_information(context.account, context.timestamp)),
        ("GET", "quotas", "computing-quotas", "user"): lambda context: json_response(
            _quotas(context.account, context.timestamp)
        ),
        ("GET", "quotas", "computing-quotas", "organization"): _show_organization_quotas,
    }


def _information(account: Account, timestamp: Timestamp) -> JsonObject:
    now = timestamp.now
    tasks, pools = account.tasks.visible(timestamp), account.pools.all.visible(timestamp)
    user = _quotas(account, timestamp)
    quotas = (user["flex"], user["onDemand"], *user["reserved"])
    return {
        "email": account.email,
        "maxBucket": MAX_BUCKETS,
        "maxTask": MAX_TASKS,
        "taskCount": len(tasks),
        "maxJob": MAX_JOBS,
        "jobCount": len(account.jobs.all.visible(timestamp)),
        "maxPool": MAX_POOLS,
        "poolCount": len(pools),
        "maxRunningTask": MAX_RUNNING_TASKS,
        "maxRunningPool": MAX_POOLS,
        "runningTaskCount": sum(task.state(now) in RUNNING_STATES for task in tasks),
        "runningPoolCount": sum(bool(pool.nodes(now)) for pool in pools),
        "runningInstanceCount": sum(quota["runningInstancesCount"] for quota in quotas),
        "runningCoreCount": sum(quota["runningCoresCount"] for quota in quotas),
        **{f"max{kind}Instances": MAX_RUNNING_INSTANCES for kind in ("", "Flex", "OnDemand")},
        **{f"max{kind}Cores": MAX_RUNNING_CORES for kind in ("", "Flex", "OnDemand")},
        "computingQuotas": {"user": user, "organization": _organization_quotas(account, timestamp)},
        "quotaBytes": 0,
        "quotaBytesBucket": account.buckets.max_bytes,
        "usedQuotaBytesBucket": account.buckets.used_bytes,
        "usedQuotaBytes": 0,
        "defaultScheduling": "Flex",
        "defaultReservedSpecificationKey": "",
        "projects": projects_of(account),
    }


def _organization_quotas(account: Account, timestamp: Timestamp) -> JsonObject | None:
    """Return the quotas of the organisation of an account, in which nobody else works; None without one."""
    if account.organization is None:
        return None
    return {"name": account.organization, **_quotas(account, timestamp, _ORGANIZATION_FACTOR)}


def _show_organization_quotas(context: RequestContext) -> Response:
    quotas = _organization_quotas(context.account, context.timestamp)
    if quotas is None:
        raise api_error(404, "The user has no organization")
    for quota in (quotas["flex"], quotas["onDemand"], *quotas["reserved"]):
        counts = {name: quota[name] for name in ("runningInstancesCount", "runningCoresCount")}
        quota["runningCountsPerUser"] = {context.account.email: counts} if counts["runningInstancesCount"] else {}
    return json_response(quotas)


def _quotas(account: Account, timestamp: Timestamp, factor: int = 1) -> JsonObject:
    """Return the quotas by scheduling type of a person, or of what may run that many times more."""
    running = {kind: _running(account, timestamp, kind) for kind in ("flex", "onDemand", "reserved")}
    flex, on_demand = (
        _quota(running[kind], factor * MAX_RUNNING_INSTANCES, factor * MAX_RUNNING_CORES)
        for kind in ("flex", "onDemand")
    )
    reserved = _RESERVATION | _quota(running["reserved"], _MAX_RESERVED_INSTANCES, 96 * _MAX_RESERVED_INSTANCES)
    return {"flex": flex, "onDemand": on_demand, "reserved": [reserved] if account.organization else []}


def _running(account: Account, timestamp: Timestamp, scheduling: str) -> list[Machine]:
    """Return the machines on which tasks and pools of a scheduling type run."""
    now = timestamp.now
    tasks = [
        task
        for task in account.tasks.visible(timestamp)
        if task.pool_uuid is None and task.fields["schedulingType"] == scheduling and task.state(now) in RUNNING_STATES
    ]
    machines = [each.attempt.machine for task in tasks for each in instance_states_at(task, now).executing]
    pools = [pool for pool in account.pools.all.visible(timestamp) if pool.fields["schedulingType"] == scheduling]
    return machines + [node.machine for pool in pools for node in pool.nodes(now)]


def _quota(running: list[Machine], max_instances: int, max_cores: int) -> JsonObject:
    cores = sum(machine.core_count for machine in running)
    return {
        "maxInstances": max_instances,
        "maxCores": max_cores,
        "runningInstancesCount": len(running),
        "runningCoresCount": cores,
        "runningCoreCount": cores,
    }
