"""The routes of the account: who it is and what it may use, and the carbon of its tasks and pools."""

from qarnot_mcp.sandbox.api.credits import projects_of
from qarnot_mcp.sandbox.api.quotas import MAX_RUNNING_CORES, RUNNING_STATES, organization_quotas, user_quotas
from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.platform.account import MAX_TASKS, Account
from qarnot_mcp.sandbox.platform.buckets import MAX_BUCKETS
from qarnot_mcp.sandbox.platform.energy import carbon_facts, pool_core_hours, task_core_hours
from qarnot_mcp.sandbox.platform.jobs import MAX_JOBS
from qarnot_mcp.sandbox.platform.plan import MAX_RUNNING_INSTANCES
from qarnot_mcp.sandbox.platform.pools import MAX_POOLS
from qarnot_mcp.sandbox.platform.registry import Timestamp
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_RUNNING_TASKS = 10


def account_routes() -> Routes:
    """Return the routes of `/info` and carbon."""
    return {
        ("GET", "info"): lambda context: json_response(_information(context.account, context.timestamp)),
        ("GET", "carbon", "v1", "tasks", "*", "carbon-facts"): _task_carbon_facts,
        ("GET", "carbon", "v1", "pools", "*", "carbon-facts"): _pool_carbon_facts,
    }


def _task_carbon_facts(context: RequestContext) -> Response:
    task = context.account.tasks.find(context.request.segments[3], context.timestamp)
    hours = task_core_hours(task, context.timestamp.now)
    return json_response(carbon_facts(hours, context.request.query_value("comparisonDatacenter")))


def _pool_carbon_facts(context: RequestContext) -> Response:
    pool = context.account.pools.all.find(context.request.segments[3], context.timestamp)
    hours = pool_core_hours(pool, context.timestamp.now)
    return json_response(carbon_facts(hours, context.request.query_value("comparisonDatacenter")))


def _information(account: Account, timestamp: Timestamp) -> JsonObject:
    now = timestamp.now
    tasks, pools = account.tasks.visible(timestamp), account.pools.all.visible(timestamp)
    user = user_quotas(account, timestamp)
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
        "computingQuotas": {"user": user, "organization": organization_quotas(account, timestamp)},
        "quotaBytes": 0,
        "quotaBytesBucket": account.buckets.max_bytes,
        "usedQuotaBytesBucket": account.buckets.used_bytes,
        "usedQuotaBytes": 0,
        "defaultScheduling": "Flex",
        "defaultReservedSpecificationKey": "",
        "projects": projects_of(account),
    }
