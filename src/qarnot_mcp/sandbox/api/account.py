"""The routes of the account: who it is, its quotas and what of them is in use, its credits and its carbon."""

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response, not_found
from qarnot_mcp.sandbox.platform.account import MAX_TASKS, Account
from qarnot_mcp.sandbox.platform.buckets import MAX_BUCKETS, MAX_BYTES
from qarnot_mcp.sandbox.platform.energy import (
    carbon_facts,
    pool_core_hours,
    pool_credits,
    task_core_hours,
    task_credits,
)
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.jobs import MAX_JOBS
from qarnot_mcp.sandbox.platform.machines import Machine
from qarnot_mcp.sandbox.platform.plan import MAX_RUNNING_INSTANCES
from qarnot_mcp.sandbox.platform.pools import MAX_POOLS, Pool
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.platform.transitions import Timestamp
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_RUNNING_TASKS = 10
MAX_RUNNING_CORES = 2048
_RUNNING_STATES = frozenset({"PartiallyExecuting", "FullyExecuting", "UploadingResults"})


def account_routes() -> Routes:
    """Return the routes of `/info`, quotas, credits and carbon."""
    return {
        ("GET", "info"): lambda context: json_response(_information(context.account, context.timestamp)),
        ("GET", "quotas", "computing-quotas", "user"): _computing_quotas,
        ("GET", "carbon", "v1", "tasks", "*", "carbon-facts"): _task_carbon_facts,
        ("GET", "carbon", "v1", "pools", "*", "carbon-facts"): _pool_carbon_facts,
        ("GET", "credits", "v1", "tasks", "*", "credits"): _task_credits,
        ("GET", "credits", "v1", "pools", "*", "credits"): _pool_credits,
        ("GET", "credits", "v1", "accounts", "credits"): _account_credits,
        ("GET", "credits", "v1", "projects", "*", "budgets"): not_found("project", 3),
    }


def _computing_quotas(context: RequestContext) -> Response:
    return json_response(_information(context.account, context.timestamp)["computingQuotas"]["user"])


def _task(context: RequestContext) -> Task:
    return context.account.find(context.request.segments[3], context.timestamp)


def _pool(context: RequestContext) -> Pool:
    return context.account.pools.all.find(context.request.segments[3], context.timestamp)


def _task_carbon_facts(context: RequestContext) -> Response:
    hours = task_core_hours(_task(context), context.timestamp.now)
    return json_response(carbon_facts(hours, context.request.query_value("comparisonDatacenter")))


def _pool_carbon_facts(context: RequestContext) -> Response:
    hours = pool_core_hours(_pool(context), context.timestamp.now)
    return json_response(carbon_facts(hours, context.request.query_value("comparisonDatacenter")))


def _task_credits(context: RequestContext) -> Response:
    return json_response({"credits": task_credits(_task(context), context.timestamp.now)})


def _pool_credits(context: RequestContext) -> Response:
    return json_response({"credits": pool_credits(_pool(context), context.timestamp.now)})


def _account_credits(context: RequestContext) -> Response:
    return json_response({"credits": context.account.credits_left(context.timestamp)})


def _information(account: Account, timestamp: Timestamp) -> JsonObject:
    now = timestamp.now
    tasks, pools = account.tasks(timestamp), account.pools.all.visible(timestamp)
    running = [task for task in tasks if task.state(now) in _RUNNING_STATES]
    quotas: dict[str, JsonObject] = {}
    for scheduling in ("flex", "onDemand", "reserved"):
        own = [task for task in running if task.spec.fields["schedulingType"] == scheduling and task.pool_uuid is None]
        machines = [each.attempt.machine for task in own for each in instance_states_at(task, now).executing]
        open_pools = [pool for pool in pools if pool.fields["schedulingType"] == scheduling]
        machines += [node.machine for pool in open_pools for node in pool.nodes(now)]
        quotas[scheduling] = _quota(machines)
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
        "runningTaskCount": len(running),
        "runningPoolCount": sum(bool(pool.nodes(now)) for pool in pools),
        "runningInstanceCount": sum(quota["runningInstancesCount"] for quota in quotas.values()),
        "runningCoreCount": sum(quota["runningCoresCount"] for quota in quotas.values()),
        **{f"max{kind}Instances": MAX_RUNNING_INSTANCES for kind in ("", "Flex", "OnDemand")},
        **{f"max{kind}Cores": MAX_RUNNING_CORES for kind in ("", "Flex", "OnDemand")},
        "computingQuotas": {"user": quotas | {"reserved": []}},
        "quotaBytes": 0,
        "quotaBytesBucket": MAX_BYTES,
        "usedQuotaBytesBucket": account.buckets.used_bytes,
        "usedQuotaBytes": 0,
        "defaultScheduling": "Flex",
        "defaultReservedSpecificationKey": "",
    }


def _quota(running: list[Machine]) -> JsonObject:
    cores = sum(machine.core_count for machine in running)
    return {
        "maxInstances": MAX_RUNNING_INSTANCES,
        "maxCores": MAX_RUNNING_CORES,
        "runningInstancesCount": len(running),
        "runningCoresCount": cores,
        "runningCoreCount": cores,
    }
