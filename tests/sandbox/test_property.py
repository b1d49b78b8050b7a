"""Whatever is asked of the platform, in whatever order and at whatever times, its tasks keep to their rules."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from qarnot_mcp.sandbox.api.task_documents import task_document
from qarnot_mcp.sandbox.platform.account import Account, Derivation
from qarnot_mcp.sandbox.platform.platform import Platform
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task
from qarnot_mcp.sandbox.platform.task_spec import MAX_INSTANCES
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import ApiError
from qarnot_mcp.sandbox.wire.formats import JsonObject, range_ids, span_seconds

NEXT_STATES = {
    "Submitted": {"PartiallyDispatched", "FullyDispatched"},
    "PartiallyDispatched": {"FullyDispatched", "PartiallyExecuting", "FullyExecuting", "UploadingResults"},
    "FullyDispatched": {"PartiallyExecuting", "FullyExecuting", "UploadingResults"},
    "PartiallyExecuting": {"FullyExecuting", "UploadingResults"},
    "FullyExecuting": {"PartiallyExecuting", "UploadingResults"},
    "UploadingResults": {"Success", "Failure"},
    "PendingCancel": {"Cancelled"},
    "Success": set(),
    "Failure": set(),
    "Cancelled": set(),
    "PendingDelete": set(),
}
"""The arrows between states, beside those of an abort (to PendingCancel) and of a deletion (to PendingDelete)."""

COMMANDS = st.sampled_from(
    [
        "echo hello",
        "sleep 5000",
        "sh -c 'sleep $INSTANCE_ID; exit $INSTANCE_ID'",
        "exit 3",
        "sleep infinity",
        "python3 calibrate.py",
        "python3 ingest.py",
    ]
)
ORDERS = st.fixed_dictionaries(
    {
        "name": st.just("any"),
        "profile": st.sampled_from(["docker-batch", "blender"]),
        "instances": st.one_of(st.integers(1, 90), st.sampled_from(["0", "2-4,9", "1,3,5-8"])),
        "command": COMMANDS,
        "image": st.sampled_from(["library/ubuntu", "acme/does-not-exist"]),
        "preemptions": st.integers(0, 3),
        "retrySettings": st.fixed_dictionaries(
            {"maxPerInstanceRetries": st.integers(0, 3), "maxTotalRetries": st.sampled_from([None, 0, 1, 5])}
        ),
        "uploadResultsOnCancellation": st.booleans(),
        "resultBucket": st.sampled_from([None, "results"]),
    }
)


@dataclass
class Seen:
    """What was last seen of a task."""

    states: list[str] = field(default_factory=list)
    executed_seconds: float = 0.0
    final: JsonObject | None = None


def next_states(state: str) -> set[str]:
    stopped = set() if state in FINAL_STATES | {"PendingDelete"} else {"PendingCancel", "PendingDelete"}
    return NEXT_STATES[state] | stopped


def reachable_states(start: str) -> set[str]:
    found = {start}
    while more := {state for known in found for state in next_states(known)} - found:
        found |= more
    return found


def ids(text: str) -> set[int]:
    return set(range_ids(text, MAX_INSTANCES)) if text else set()


def refused_status(ask: Callable[[], object]) -> int | None:
    try:
        ask()
    except ApiError as refusal:
        return refusal.status
    return None


class Tasks(RuleBasedStateMachine):
    """Drives one account with a clock that only the test moves."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.platform = Platform(speed=1, seed=7, clock=lambda: 1_800_000_000.0)
        self.seen: dict[str, Seen] = {}
        self.known: dict[str, Task] = {}

    @property
    def account(self) -> Account:
        return self.platform.account("sandbox-empty")

    @rule(target=tasks, order=ORDERS)
    def submit(self, order: JsonObject) -> Task:
        instances = order["instances"]
        body = {
            **order,
            "instanceCount" if isinstance(instances, int) else "advancedRanges": instances,
            "constants": [
                {"key": "DOCKER_CMD", "value": order["command"]},
                {"key": "DOCKER_REPO", "value": order["image"]},
                {"key": "SANDBOX_PREEMPTIONS", "value": str(order["preemptions"])},
            ],
        }
        task = self.account.submit(Body(body), self.platform.timestamp())
        self.known[task.uuid] = task
        self.seen[task.uuid] = Seen()
        return task

    @rule(seconds=st.one_of(st.integers(0, 400), st.integers(0, 10**6)))
    def wait(self, seconds: int) -> None:
        self.platform.advance(seconds)

    @rule(task=tasks)
    def abort(self, task: Task) -> None:
        was_over = task.state(self.platform.timestamp().now) in FINAL_STATES | {"PendingDelete"}
        status = refused_status(lambda: task.abort(self.platform.timestamp().now))
        assert status == (403 if was_over else None)

    @rule(task=consumes(tasks))
    def delete(self, task: Task) -> None:
        was_over = task.state(self.platform.timestamp().now) in FINAL_STATES
        if task.uuid not in self.known:
            assert refused_status(lambda: self.account.tasks.find(task.uuid, self.platform.timestamp())) == 404
            return
        self.account.delete(task, self.platform.timestamp())
        if was_over:
            self.known.pop(task.uuid)

    @rule(task=tasks, kind=st.sampled_from(["retry", "recover", "resume", "clone"]), target=tasks)
    def derive(self, task: Task, kind: Derivation) -> Task:
        document = task_document(task, self.platform.timestamp().now)
        ranges = {"retry": "failedOnlyRange", "recover": "failedRange", "resume": "cancelledRange"}
        chosen = set(task.spec.instance_ids) if kind == "clone" else ids(document["status"][ranges[kind]])
        if kind != "clone" and (document["state"] not in FINAL_STATES or not chosen):
            assert refused_status(lambda: self.account.derive(kind, task, Body({}), self.platform.timestamp())) == 403
            return task
        derived = self.account.derive(kind, task, Body({}), self.platform.timestamp())
        self.known[derived.uuid] = derived
        self.seen[derived.uuid] = Seen()
        assert set(derived.spec.instance_ids) == chosen
        return derived

    @invariant()
    def every_task_keeps_its_rules(self) -> None:
        now = self.platform.timestamp().now
        for uuid, task in list(self.known.items()):
            if task.is_gone(now):
                del self.known[uuid]
                continue
            document = task_document(task, now)
            self.check_document(document, set(task.spec.instance_ids))
            self.check_progress(document, self.seen[uuid])

    def check_document(self, document: JsonObject, instance_ids: set[int]) -> None:
        status, state = document["status"], document["state"]
        succeeded, failed, cancelled = (
            ids(status[name]) for name in ("succeededRange", "failedOnlyRange", "cancelledRange")
        )
        running = {info["instanceId"] for info in status["runningInstancesInfo"]["perRunningInstanceInfo"]}
        groups = (succeeded, failed, cancelled, running)
        assert sum(map(len, groups)) == len(set().union(*groups))
        assert set().union(*groups) <= instance_ids
        assert ids(status["failedRange"]) == failed | cancelled
        assert ids(status["executedRange"]) == succeeded | failed | cancelled
        completed = document["completedInstances"]
        assert {instance["instanceId"] for instance in completed} == succeeded | failed
        assert {instance["instanceId"] for instance in completed if instance["error"]} == failed
        assert document["totalInstanceCount"] == len(instance_ids)
        assert document["runningInstanceCount"] <= len(running)

        execution = span_seconds(document["executionTime"])
        assert execution == status["executionTimeSec"] == span_seconds(status["executionTime"])
        assert execution == sum(each["time"] for each in status["executionTimeByCpuModel"])
        executed = sum(instance["execTimeSec"] for instance in completed)
        executed += sum(info["executionTimeSec"] for info in status["runningInstancesInfo"]["perRunningInstanceInfo"])
        assert executed <= execution if cancelled else executed == execution

        if state in FINAL_STATES:
            assert not running
            assert document["runningCoreCount"] == 0
            assert succeeded | failed | cancelled == instance_ids
            assert (state == "Failure") <= bool(failed)
            assert (state == "Success") <= (succeeded == instance_ids)
            assert document["endDate"] == document["stateTransitionTime"]
        elif state in ("Submitted", "UploadingResults", "PendingCancel", "PendingDelete"):
            assert not running
        else:
            assert running

    def check_progress(self, document: JsonObject, seen: Seen) -> None:
        if seen.states:
            assert document["state"] in reachable_states(seen.states[-1])
        if document["state"] != "Submitted":
            assert document["state"] in next_states(document["previousState"])
        assert document["status"]["executionTimeSec"] >= seen.executed_seconds
        if seen.final is not None and document["state"] in FINAL_STATES:
            assert document == seen.final
        if document["state"] in FINAL_STATES:
            seen.final = document
        seen.states.append(document["state"])
        seen.executed_seconds = document["status"]["executionTimeSec"]

    def teardown(self) -> None:
        self.platform.advance(200 * 365 * 86400)
        now = self.platform.timestamp().now
        for task in self.known.values():
            assert task.is_gone(now) or task.state(now) in FINAL_STATES


TestTasks = Tasks.TestCase
# One test of 100 whole lives in the gate, which takes a minute alone and longer beside others with coverage.
pytestmark = pytest.mark.timeout(240)
TestTasks.settings = settings(stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
