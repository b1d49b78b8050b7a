"""An account as `GET /info` tells it: who it is, its quotas, and what of them is in use."""

from qarnot_mcp.sandbox.platform.account import MAX_BUCKETS, MAX_TASKS, Account, Moment
from qarnot_mcp.sandbox.platform.instance_states import RunningInstance, take_census
from qarnot_mcp.sandbox.platform.plan import MAX_RUNNING_INSTANCES
from qarnot_mcp.sandbox.wire.json_objects import JsonObject

MAX_RUNNING_TASKS = 10
MAX_RUNNING_CORES = 2048
_RUNNING_STATES = frozenset({"PartiallyExecuting", "FullyExecuting", "UploadingResults"})


def account_information(account: Account, moment: Moment) -> JsonObject:
    """The account as `GET /info` tells it."""
    tasks = account.tasks(moment)
    running = [task for task in tasks if task.state(moment.now) in _RUNNING_STATES]
    quotas = {
        scheduling: _quota(
            [
                instance
                for task in running
                if task.order.fields["schedulingType"] == scheduling
                for instance in take_census(task, moment.now).executing
            ]
        )
        for scheduling in ("flex", "onDemand", "reserved")
    }
    return {
        "email": account.email,
        "maxBucket": MAX_BUCKETS,
        "maxTask": MAX_TASKS,
        "taskCount": len(tasks),
        "maxJob": 0,
        "jobCount": 0,
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
