"""The routes of the account: who it is, its quotas and what of them is in use, its credits and its carbon."""

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response, not_found
from qarnot_mcp.sandbox.platform.account import MAX_BUCKETS, MAX_TASKS, Account
from qarnot_mcp.sandbox.platform.energy import carbon_facts, task_credits
from qarnot_mcp.sandbox.platform.instance_states import RunningInstance, instance_states_at
from qarnot_mcp.sandbox.platform.jobs import MAX_JOBS
from qarnot_mcp.sandbox.platform.plan import MAX_RUNNING_INSTANCES
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
        ("GET", "carbon", "v1", "tasks", "*", "carbon-facts"): _carbon_facts,
        ("GET", "credits", "v1", "tasks", "*", "credits"): _task_credits,
        ("GET", "credits", "v1", "accounts", "credits"): _account_credits,
        ("GET", "credits", "v1", "projects", "*", "budgets"): not_found("project", 3),
    }


def _computing_quotas(context: RequestContext) -> Response:
    return json_response(_information(context.account, context.timestamp)["computingQuotas"]["user"])


def _carbon_facts(context: RequestContext) -> Response:
    task = context.account.find(context.request.segments[3], context.timestamp)
    return json_response(carbon_facts(task, context.timestamp.now, context.request.query_value("comparisonDatacenter")))


def _task_credits(context: RequestContext) -> Response:
    task = context.account.find(context.request.segments[3], context.timestamp)
    return json_response({"credits": task_credits(task, context.timestamp.now)})


def _account_credits(context: RequestContext) -> Response:
    return json_response({"credits": context.account.credits_left(context.timestamp)})


def _information(account: Account, timestamp: Timestamp) -> JsonObject:
    tasks = account.tasks(timestamp)
    running = [task for task in tasks if task.state(timestamp.now) in _RUNNING_STATES]
    quotas = {
        scheduling: _quota(
            [
                instance
                for task in running
                if task.spec.fields["schedulingType"] == scheduling
                for instance in instance_states_at(task, timestamp.now).executing
            ]
        )
        for scheduling in ("flex", "onDemand", "reserved")
    }
    return {
        "email": account.email,
        "maxBucket": MAX_BUCKETS,
        "maxTask": MAX_TASKS,
        "taskCount": len(tasks),
        "maxJob": MAX_JOBS,
        "jobCount": len(account.jobs.all.visible(timestamp)),
        "maxPool": 0,
        "poolCount": 0,
        "maxRunningTask": MAX_RUNNING_TASKS,
        "maxRunningPool": 0,
        "runningTaskCount": len(running),
        "runningPoolCount": 0,
        "runningInstanceCount": sum(quota["runningInstancesCount"] for quota in quotas.values()),
        "runningCoreCount": sum(quota["runningCoresCount"] for quota in quotas.values()),
        **{f"max{kind}Instances": MAX_RUNNING_INSTANCES for kind in ("", "Flex", "OnDemand")},
        **{f"max{kind}Cores": MAX_RUNNING_CORES for kind in ("", "Flex", "OnDemand")},
        "computingQuotas": {"user": quotas | {"reserved": []}},
        "quotaBytes": 0,
        "quotaBytesBucket": 107374182400,
        "usedQuotaBytesBucket": 0,
        "usedQuotaBytes": 0,
        "defaultScheduling": "Flex",
        "defaultReservedSpecificationKey": "",
    }


def _quota(executing: list[RunningInstance]) -> JsonObject:
    cores = sum(instance.attempt.machine.core_count for instance in executing)
    return {
        "maxInstances": MAX_RUNNING_INSTANCES,
        "maxCores": MAX_RUNNING_CORES,
        "runningInstancesCount": len(executing),
        "runningCoresCount": cores,
        "runningCoreCount": cores,
    }
