"""The states of the instances of a task at one time, computed once for everything that is shown of them."""

from dataclasses import dataclass, field

from qarnot_mcp.sandbox.platform.plan import Attempt, InstancePlan
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task


@dataclass(slots=True)
class RunningInstance:
    """An instance on a machine; times are platform seconds."""

    plan: InstancePlan
    attempt: Attempt
    attempt_count: int
    phase: str
    executed_seconds: int
    progress: float


@dataclass(slots=True)
class EndedInstance:
    """An instance that succeeded or failed."""

    plan: InstancePlan
    executed_seconds: int


@dataclass(slots=True)
class InstanceStates:
    """The instances of a task at one time, each in exactly one of the lists."""

    waiting: list[InstancePlan] = field(default_factory=list)
    running: list[RunningInstance] = field(default_factory=list)
    succeeded: list[EndedInstance] = field(default_factory=list)
    failed: list[EndedInstance] = field(default_factory=list)
    cancelled: list[EndedInstance] = field(default_factory=list)
    started_ids: list[int] = field(default_factory=list)
    seconds_by_attempt: list[tuple[Attempt, int]] = field(default_factory=list)
    """How long each attempt has executed."""

    @property
    def execution_seconds(self) -> int:
        """The sum over all instances and attempts."""
        return sum(seconds for _, seconds in self.seconds_by_attempt)

    @property
    def executing(self) -> list[RunningInstance]:
        """The instances whose command runs."""
        return [instance for instance in self.running if instance.phase == "execution"]


def instance_states_at(task: Task, now: int) -> InstanceStates:
    """Return the instances of a task, sorted by state."""
    states = InstanceStates()
    until = task.worked_until(now)
    stopped = task.stopped()
    is_over = (stopped is not None and stopped <= now) or task.state(now) in FINAL_STATES
    for plan in task.plan.instances:
        position = plan.attempt_at(until)
        executed = 0
        for attempt in plan.attempts[: position + 1]:
            seconds = attempt.executed_seconds(until)
            if seconds:
                states.seconds_by_attempt.append((attempt, seconds))
                executed += seconds
        if plan.has_started(until):
            states.started_ids.append(plan.instance_id)
        if position == len(plan.attempts) - 1 and plan.ended <= until:
            ended = states.failed if plan.error is not None else states.succeeded
            ended.append(EndedInstance(plan, executed))
        elif is_over:
            states.cancelled.append(EndedInstance(plan, executed))
        elif position < 0:
            states.waiting.append(plan)
        else:
            states.running.append(_running(plan, position, until, executed))
    return states


def _running(plan: InstancePlan, position: int, until: int, executed: int) -> RunningInstance:
    attempt = plan.attempts[position]
    attempt_seconds = attempt.executed_seconds(until)
    since_dispatch = until - attempt.dispatched
    if attempt.started is not None and until >= attempt.started:
        phase = "execution"
    elif since_dispatch < 5:
        phase = "dispatch"
    else:
        phase = "download" if since_dispatch < 15 else "environment"
    length = 1 if attempt.started is None else attempt.ended - attempt.started
    progress = round(100 * min(attempt_seconds / length, 1.0), 1)
    return RunningInstance(plan, attempt, position + 1, phase, executed, progress)
