"""A task as the API tells it: the full object and the summary."""

from qarnot_mcp.sandbox.api.collections import Rendered
from qarnot_mcp.sandbox.api.running_info import running_instances_info
from qarnot_mcp.sandbox.platform.dependencies import dependencies_document
from qarnot_mcp.sandbox.platform.fields import constant_list, shown_constants, shown_fields
from qarnot_mcp.sandbox.platform.instance_states import EndedInstance, InstanceStates, instance_states_at
from qarnot_mcp.sandbox.platform.lru_cache import LruCache
from qarnot_mcp.sandbox.platform.plan import UPLOAD_SECONDS, InstanceError
from qarnot_mcp.sandbox.platform.results import result_addresses
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task
from qarnot_mcp.sandbox.platform.task_spec import FIELDS
from qarnot_mcp.sandbox.wire.formats import NEVER, JsonObject, date_text, ranges_text, span_text

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
"""The fields of the full object that a summary has."""


_MAX_CACHED_BYTES = 16 * 1024 * 1024


class TaskRenderer:
    """Renders tasks; the object of a finished task is kept until `forget`."""

    def __init__(self) -> None:
        self._finished: LruCache[Rendered] = LruCache(_MAX_CACHED_BYTES)

    def render(self, task: Task, now: int) -> Rendered:
        """Return the full object of a task at a time."""
        rendered = self._finished.get(task.uuid)
        if rendered is not None and task.deleted is None:
            return rendered
        rendered = Rendered(task_document(task, now))
        if rendered.document["state"] in FINAL_STATES:
            self._finished.put(task.uuid, rendered, len(rendered.json))
        return rendered

    def forget(self, task: Task) -> None:
        """Drop what is kept of a task, after a change."""
        self._finished.drop(task.uuid)


def task_document(task: Task, now: int) -> JsonObject:
    """Return the full object of `GET /tasks/{uuid}`."""
    states = instance_states_at(task, now)
    state_at = task.state_at(now)
    ended = state_at.since if state_at.state in FINAL_STATES else None
    ended_instances = sorted(states.succeeded + states.failed, key=lambda instance: instance.plan.instance_id)
    completed = [_completed_instance(task, instance) for instance in ended_instances]
    return {
        **shown_fields(FIELDS, task.fields),
        "uuid": task.uuid,
        "shortname": task.shortname,
        "poolUuid": task.pool_uuid,
        "jobUuid": task.job_uuid,
        "dependencies": dependencies_document(task.dependencies),
        "constants": constant_list(shown_constants(task.constants)),
        "tags": task.tags,
        "errors": _errors(task, now, states),
        "completedInstances": completed,
        "resultsCount": sum(len(instance["results"] or ()) for instance in completed),
        "status": _status(task, now, states),
        "snapshotInterval": task.snapshot_interval_seconds,
        "progress": _progress(states),
        "runningInstanceCount": len(states.executing),
        "runningCoreCount": sum(instance.attempt.machine.core_count for instance in states.executing),
        "totalInstanceCount": len(task.spec.instance_ids),
        "executionTime": span_text(states.execution_seconds),
        "wallTime": span_text((now if ended is None else ended) - task.created),
        "state": state_at.state,
        "previousState": state_at.previous,
        "stateTransitionTime": date_text(state_at.since),
        "previousStateTransitionTime": date_text(state_at.previous_since),
        "lastModified": date_text(max(task.modified, state_at.since)),
        "creationDate": date_text(task.created),
        "endDate": date_text(ended),
    }


def _progress(states: InstanceStates) -> float:
    ended = len(states.succeeded) + len(states.failed) + len(states.cancelled)
    total = ended + len(states.waiting) + len(states.running)
    return round((100 * ended + sum(instance.progress for instance in states.running)) / total, 1)


def _errors(task: Task, now: int, states: InstanceStates) -> list[JsonObject]:
    errors = [instance.plan.error for instance in states.failed[:20]]
    if task.state(now) == "Cancelled":
        errors.insert(0, InstanceError("GHX0782I", "The task was cancelled: The task was cancelled"))
    return [_error(error) for error in errors if error is not None]


def _error(error: InstanceError) -> JsonObject:
    return {"code": error.code, "message": error.message, "debug": None}


def _completed_instance(task: Task, ended: EndedInstance) -> JsonObject:
    plan = ended.plan
    last = plan.attempts[-1]
    error = plan.error
    return {
        "results": result_addresses(task, plan),
        "instanceId": plan.instance_id,
        "wallTimeSec": float(plan.ended - plan.attempts[0].dispatched),
        "execTimeSec": float(ended.executed_seconds),
        "execTimeSecGHz": round(ended.executed_seconds * last.machine.frequency_ghz, 3),
        "peakMemoryMB": plan.peak_memory_mb,
        "state": "Success" if error is None else "Failure",
        "error": error and _error(error),
        "specificationKey": last.machine.specification_key,
        "cpuModel": last.machine.cpu_model,
        "coreCount": last.machine.core_count,
        "clockRatio": last.machine.clock_ratio,
        "averageGHz": last.machine.frequency_ghz,
        "executionAttemptCount": len(plan.attempts),
    }


def _status(task: Task, now: int, states: InstanceStates) -> JsonObject:
    state = task.state(now)
    is_final = state in FINAL_STATES
    until = task.worked_until(now)
    succeeded = [instance.plan.instance_id for instance in states.succeeded]
    failed = [instance.plan.instance_id for instance in states.failed]
    cancelled = [instance.plan.instance_id for instance in states.cancelled]
    environment = sum(
        max(0, min(until, attempt.ended if attempt.started is None else attempt.started) - attempt.dispatched)
        for plan in task.plan.instances
        for attempt in plan.attempts
    )
    upload = UPLOAD_SECONDS if state in ("Success", "Failure") else 0
    wall = (task.state_at(now).since if is_final else now) - task.created
    return {
        "timestamp": NEVER if is_final else date_text(now),
        "lastUpdateTimestamp": NEVER if is_final else date_text(now),
        "downloadProgress": 0.0 if is_final or not states.running else 100.0,
        "executionProgress": _progress(states),
        "uploadProgress": 100.0 if state in ("Success", "Failure") else 0.0,
        "instanceCount": len(states.running),
        **_time("downloadTime", 0),
        **_time("environmentTime", environment),
        **_time("executionTime", states.execution_seconds),
        **_execution_times(states),
        "executionTimeByInstanceId": None,
        **_time("uploadTime", upload),
        **_time("wallTime", wall),
        "succeededRange": ranges_text(succeeded),
        "executedRange": ranges_text(succeeded + failed + cancelled),
        "failedRange": ranges_text(failed + cancelled),
        "cancelledRange": ranges_text(cancelled),
        "failedOnlyRange": ranges_text(failed),
        "startedOnceRange": ranges_text(states.started_ids),
        "runningInstancesInfo": running_instances_info(states, now, task),
    }


def _time(name: str, seconds: int) -> JsonObject:
    return {name: span_text(seconds), f"{name}Sec": float(seconds)}


def _execution_times(states: InstanceStates) -> JsonObject:
    seconds: dict[str, int] = {}
    machines = {}
    for attempt, executed in states.seconds_by_attempt:
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
