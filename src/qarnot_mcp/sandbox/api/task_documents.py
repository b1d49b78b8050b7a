"""A task as the API tells it: the full object and the summary."""

from qarnot_mcp.sandbox.api.running_info import running_instances_info, running_instances_nothing
from qarnot_mcp.sandbox.platform.instance_states import Census, EndedInstance, take_census
from qarnot_mcp.sandbox.platform.plan import UPLOAD_SECONDS
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task
from qarnot_mcp.sandbox.wire.json_objects import JsonObject
from qarnot_mcp.sandbox.wire.ranges import ranges_text
from qarnot_mcp.sandbox.wire.times import NEVER, date_text, span_text

_OPTIONAL_FIELDS = (
    "advancedRanges",
    "resultsCacheTTLSec",
    "snapshotWhitelist",
    "snapshotBlacklist",
    "snapshotBucket",
    "snapshotBucketPrefix",
    "resultsWhitelist",
    "resultsBlacklist",
    "resultsBucket",
    "resultsBucketPrefix",
    "targetedReservedMachineKey",
)
"""Fields that the API leaves out where they are not set."""


SUMMARY_FIELDS = (
    "uuid",
    "name",
    "shortname",
    "profile",
    "poolUuid",
    "jobUuid",
    "progress",
    "runningInstanceCount",
    "runningCoreCount",
    "executionTime",
    "wallTime",
    "state",
    "previousState",
    "totalInstanceCount",
    "instanceCount",
    "maxRetriesPerInstance",
    "advancedRanges",
    "stateTransitionTime",
    "previousStateTransitionTime",
    "lastModified",
    "creationDate",
    "endDate",
    "waitForPoolResourcesSynchronization",
)
"""The fields that a summary shares with the full object."""


def task_summary(task: Task, now: int, census: Census | None = None) -> JsonObject:
    """The short object of `GET /tasks/summaries`."""
    census = census or take_census(task, now)
    fields = task.order.fields
    standing = task.standing(now)
    ended = standing.since if standing.state in FINAL_STATES else None
    summary: JsonObject = {
        "uuid": task.uuid,
        "name": fields["name"],
        "shortname": task.shortname,
        "profile": fields["profile"],
        "poolUuid": None,
        "jobUuid": None,
        "progress": _progress(census),
        "runningInstanceCount": len(census.executing),
        "runningCoreCount": sum(instance.attempt.machine.core_count for instance in census.executing),
        "executionTime": span_text(census.execution_seconds),
        "wallTime": span_text((now if ended is None else ended) - task.created),
        "state": standing.state,
        "previousState": standing.previous,
        "totalInstanceCount": len(task.order.instance_ids),
        "instanceCount": fields.get("instanceCount", 0),
        "maxRetriesPerInstance": fields.get("maxRetriesPerInstance", 0),
        "stateTransitionTime": date_text(standing.since),
        "previousStateTransitionTime": date_text(standing.previous_since),
        "lastModified": date_text(max(task.modified, standing.since)),
        "creationDate": date_text(task.created),
        "endDate": date_text(ended),
        "waitForPoolResourcesSynchronization": fields.get("waitForPoolResourcesSynchronization"),
    }
    if "advancedRanges" in fields:
        summary["advancedRanges"] = fields["advancedRanges"]
    return summary


def task_document(task: Task, now: int) -> JsonObject:
    """The full object of `GET /tasks/{uuid}`."""
    census = take_census(task, now)
    fields = task.order.fields
    completed = _completed(task, census)
    document: JsonObject = {
        "errors": _errors(task, now, census),
        "resourceBuckets": fields.get("resourceBuckets", []),
        "advancedResourceBuckets": fields.get("advancedResourceBuckets", []),
        "resultBucket": fields.get("resultBucket"),
        "completedInstances": completed,
        "status": _status(task, now, census),
        "snapshotInterval": task.snapshot_interval_seconds,
        "resultsCount": sum(len(instance["results"] or ()) for instance in completed),
        "constants": task.shown_constants(),
        "secretsAccessRights": fields["secretsAccessRights"],
        "tags": task.tags,
        "uploadResultsOnCancellation": fields.get("uploadResultsOnCancellation"),
        "dependencies": None,
        "autoDeleteOnCompletion": fields.get("autoDeleteOnCompletion", False),
        "completionTimeToLive": fields.get("completionTimeToLive", "00:00:00"),
        "hardwareConstraints": fields["hardwareConstraints"],
        "labels": fields["labels"],
        "schedulingType": fields["schedulingType"],
        "privileges": fields["privileges"],
        "retrySettings": fields["retrySettings"],
        **{name: fields[name] for name in _OPTIONAL_FIELDS if name in fields},
        **task_summary(task, now, census),
    }
    return document


def _progress(census: Census) -> float:
    ended = len(census.succeeded) + len(census.failed) + len(census.cancelled)
    total = ended + len(census.waiting) + len(census.running)
    return round((100 * ended + sum(instance.progress for instance in census.running)) / total, 1)


def _errors(task: Task, now: int, census: Census) -> list[JsonObject]:
    errors: list[JsonObject] = [
        {"code": instance.plan.error.code, "message": instance.plan.error.message, "debug": None}
        for instance in census.failed[:20]
        if instance.plan.error is not None
    ]
    if task.state(now) == "Cancelled":
        message = "The task was cancelled: The task was cancelled"
        errors.insert(0, {"code": "GHX0782I", "message": message, "debug": None})
    return errors


def _completed(task: Task, census: Census) -> list[JsonObject]:
    bucket = task.order.fields.get("resultBucket")
    prefix = task.order.fields.get("resultsBucketPrefix", "")
    ended = sorted(census.succeeded + census.failed, key=lambda instance: instance.plan.instance_id)
    return [_completed_instance(instance, bucket, prefix) for instance in ended]


def _completed_instance(ended: EndedInstance, bucket: str | None, prefix: str) -> JsonObject:
    plan = ended.plan
    last = plan.attempts[-1]
    has_results = bucket is not None and plan.error is None
    error = plan.error
    return {
        "results": [f"s3://storage.qarnot.com/{bucket}/{prefix}result-{plan.instance_id}.txt"] if has_results else None,
        "instanceId": plan.instance_id,
        "wallTimeSec": float(plan.ended - plan.attempts[0].dispatched),
        "execTimeSec": float(ended.executed_seconds),
        "execTimeSecGHz": round(ended.executed_seconds * last.machine.frequency_ghz, 3),
        "peakMemoryMB": plan.peak_memory_mb,
        "state": "Success" if error is None else "Failure",
        "error": None if error is None else {"code": error.code, "message": error.message, "debug": None},
        "specificationKey": last.machine.specification_key,
        "cpuModel": last.machine.cpu_model,
        "coreCount": last.machine.core_count,
        "clockRatio": last.machine.clock_ratio,
        "averageGHz": last.machine.frequency_ghz,
        "executionAttemptCount": len(plan.attempts),
    }


def _status(task: Task, now: int, census: Census) -> JsonObject:
    state = task.state(now)
    is_final = state in FINAL_STATES
    until = task.worked_until(now)
    succeeded = [instance.plan.instance_id for instance in census.succeeded]
    failed = [instance.plan.instance_id for instance in census.failed]
    cancelled = [instance.plan.instance_id for instance in census.cancelled]
    environment = sum(
        max(0, min(until, attempt.ended if attempt.started is None else attempt.started) - attempt.dispatched)
        for plan in task.plan.instances
        for attempt in plan.attempts
    )
    execution = census.execution_seconds
    upload = UPLOAD_SECONDS if state in ("Success", "Failure") else 0
    wall = (task.standing(now).since if is_final else now) - task.created
    return {
        "timestamp": NEVER if is_final else date_text(now),
        "lastUpdateTimestamp": NEVER if is_final else date_text(now),
        "downloadProgress": 0.0 if is_final or not census.running else 100.0,
        "executionProgress": _progress(census),
        "uploadProgress": 100.0 if state in ("Success", "Failure") else 0.0,
        "instanceCount": len(census.running),
        "downloadTime": "00:00:00",
        "downloadTimeSec": 0.0,
        "environmentTime": span_text(environment),
        "environmentTimeSec": float(environment),
        "executionTime": span_text(execution),
        "executionTimeSec": float(execution),
        **_execution_times(census),
        "executionTimeByInstanceId": None,
        "uploadTime": span_text(upload),
        "uploadTimeSec": float(upload),
        "wallTime": span_text(wall),
        "wallTimeSec": float(wall),
        "succeededRange": ranges_text(succeeded),
        "executedRange": ranges_text(succeeded + failed + cancelled),
        "failedRange": ranges_text(failed + cancelled),
        "cancelledRange": ranges_text(cancelled),
        "failedOnlyRange": ranges_text(failed),
        "startedOnceRange": ranges_text(census.started_ids),
        "runningInstancesInfo": running_instances_info(census, now) if census.running else running_instances_nothing(),
    }


def _execution_times(census: Census) -> JsonObject:
    seconds: dict[str, int] = {}
    machines = {}
    for attempt, executed in census.seconds_by_attempt:
        key = attempt.machine.specification_key
        seconds[key] = seconds.get(key, 0) + executed
        machines[key] = attempt.machine
    return {
        "executionTimeByCpuModel": [
            {"model": machines[key].cpu_model, "time": float(time), "core": machines[key].core_count}
            for key, time in seconds.items()
        ],
        "executionTimeByMachineSpecification": [
            {"specificationKey": key, "time": float(time)} for key, time in seconds.items()
        ],
        "executionTimeGhzByCpuModel": [
            {
                "model": machines[key].cpu_model,
                "timeGhz": round(time * machines[key].frequency_ghz, 3),
                "clockRatio": machines[key].clock_ratio,
                "core": machines[key].core_count,
            }
            for key, time in seconds.items()
        ],
    }
