"""The life of a task, laid out when it is created: which instance runs when, where, and how it ends.

Times are whole platform seconds since the creation of the task. A plan never changes: an abort only cuts it short.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

from qarnot_mcp.sandbox.commands.programs import run_command, run_profile
from qarnot_mcp.sandbox.commands.run import Run
from qarnot_mcp.sandbox.platform.machines import Machine
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.wire.formats import leading_digits

End = Literal["success", "failure", "preempted"]

MAX_RUNNING_INSTANCES = 64
"""Instances of one task that run at the same time; the others wait for their turn."""
MAX_ATTEMPTS = 12
UPLOAD_SECONDS = 9
IN_POOL_START_SECONDS = 3
"""Seconds from a slot to the command: the environment is up."""
_NEVER = 10**11
_PREEMPTIBLE_AFTER_SECONDS = 600
_PREEMPTION_CHANCE = 0.08
_MAX_PREEMPTIONS = 5
_IMAGE_SECONDS = 24
_ABSENT_IMAGES = ("does-not-exist", "nonexistent")

QUEUE_CONSTANT = "SANDBOX_QUEUE_SECONDS"
"""A constant that says how long a task stays in the queue."""
PREEMPTIONS_CONSTANT = "SANDBOX_PREEMPTIONS"
"""A constant that says how often each instance of a Flex task is preempted."""


@dataclass(frozen=True, slots=True)
class InstanceError:
    """Why an instance failed. The codes are the sandbox's own: Qarnot publishes none."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at running an instance; `started` is None where it never got as far as its command."""

    machine: Machine
    dispatched: int
    started: int | None
    ended: int
    end: End

    def executed_seconds(self, at: int) -> int:
        """Return how long the command of this attempt has run at a time."""
        return 0 if self.started is None else max(0, min(at, self.ended) - self.started)


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """All attempts of one instance, the last of which decides."""

    instance_id: int
    attempts: tuple[Attempt, ...]
    error: InstanceError | None
    peak_memory_mb: int

    @property
    def ended(self) -> int:
        """When the instance is over."""
        return self.attempts[-1].ended

    def attempt_at(self, at: int) -> int:
        """Return the position of the attempt that is under way or was the last at a time; -1 before the first."""
        position = len(self.attempts) - 1
        while position >= 0 and self.attempts[position].dispatched > at:
            position -= 1
        return position

    def has_started(self, at: int) -> bool:
        """Return whether its command had started at least once at a time."""
        return any(attempt.started is not None and attempt.started <= at for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class Work:
    """What a plan is made from."""

    seed: str
    profile: str
    command: str | None
    """None where the profile has no command, or the task sets none."""
    constants: Mapping[str, str]
    inputs: Mapping[str, bytes]
    """The files that its commands see, by their path below `/job`."""
    instance_ids: tuple[int, ...]
    machines: tuple[Machine, ...]
    is_flex: bool
    max_instance_retries: int
    max_total_retries: int
    max_queue_seconds: int
    """How long the task waits for a machine before it fails; 0 for ever."""

    def run_instance(self, instance_id: int) -> Run:
        """Return what one instance does."""
        variables = {
            **self.constants,
            "INSTANCE_ID": str(instance_id),
            "INSTANCE_COUNT": str(len(self.instance_ids)),
            "QARNOT_RESOURCES_DIRECTORY": "/job",
            "QARNOT_RESULTS_DIRECTORY": "/job",
        }
        if self.command is None:
            return run_profile(self.profile, variables)
        return run_command(self.command, variables, self.inputs)

    @property
    def image(self) -> str:
        """The container image, with its tag."""
        return f"{self.constants.get('DOCKER_REPO', 'library/ubuntu')}:{self.constants.get('DOCKER_TAG', 'latest')}"

    @property
    def is_image_absent(self) -> bool:
        """whether the simulated registry lacks the image."""
        return any(name in self.image.lower() for name in _ABSENT_IMAGES)


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """The whole life of a task that nobody aborts; `transitions` are the times and states, in order."""

    instances: tuple[InstancePlan, ...]
    transitions: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What running one instance comes to, wherever and whenever it runs."""

    instance_id: int
    duration: int
    """Seconds that one attempt runs."""
    error: InstanceError | None
    peak_memory_mb: int
    retries: int
    """How often the instance is tried again after it failed."""


def outcomes_of(work: Work) -> list[Outcome]:
    """Return what each instance comes to; the same work always gives the same."""
    random = SeededRandom(work.seed)
    retries_left = work.max_total_retries
    shared_run = None if _varies(work) else work.run_instance(work.instance_ids[0])
    outcomes: list[Outcome] = []
    for instance_id in work.instance_ids:
        run = shared_run or work.run_instance(instance_id)
        error = _error(work, run, instance_id)
        retries = 0 if error is None else min(work.max_instance_retries, retries_left, MAX_ATTEMPTS - 1)
        retries_left -= retries
        memory = run.peak_memory_mb or random.integer(("memory", instance_id), 40, 420)
        memory = 0 if work.is_image_absent else memory
        outcomes.append(Outcome(instance_id, max(1, round(run.duration_seconds)), error, memory, retries))
    return outcomes


def plan_task(work: Work) -> TaskPlan:
    """Return the life of a task on machines of its own; the same work always gives the same plan."""
    random = SeededRandom(work.seed)
    queue_seconds = _queue_seconds(work, random)
    if work.max_queue_seconds and queue_seconds > work.max_queue_seconds:
        given_up = [_give_up(work, instance_id) for instance_id in work.instance_ids]
        return TaskPlan(tuple(given_up), _transitions(given_up))
    slots = [queue_seconds + 2 * slot for slot in range(min(MAX_RUNNING_INSTANCES, len(work.instance_ids)))]
    instances: list[InstancePlan] = []
    for outcome in outcomes_of(work):
        instance = _plan_instance(work, outcome, random, heapq.heappop(slots))
        heapq.heappush(slots, instance.ended)
        instances.append(instance)
    return TaskPlan(tuple(instances), _transitions(instances))


def _varies(work: Work) -> bool:
    return work.command is None or "INSTANCE" in work.command or ".py" in work.command or "$" in work.command


def _queue_seconds(work: Work, random: SeededRandom) -> int:
    asked = leading_digits(work.constants.get(QUEUE_CONSTANT, ""))
    if asked is not None:
        return min(asked, 365 * 86400)
    return random.integer("queue", 60, 120) if work.machines[0].has_gpu else random.integer("queue", 8, 14)


def _preemptions(work: Work, random: SeededRandom, instance_id: int, duration: int) -> int:
    if not work.is_flex:
        return 0
    asked = leading_digits(work.constants.get(PREEMPTIONS_CONSTANT, ""))
    if asked is not None:
        return min(asked, _MAX_PREEMPTIONS)
    is_preempted = random.fraction(("preempted", instance_id)) < _PREEMPTION_CHANCE
    return 1 if duration >= _PREEMPTIBLE_AFTER_SECONDS and is_preempted else 0


def seconds_in_pool(outcome: Outcome) -> int:
    """Return how long an instance takes a slot of a pool, all of its attempts together."""
    return (IN_POOL_START_SECONDS + outcome.duration) * (outcome.retries + 1)


def plan_in_pool(work: Work, starts: Sequence[tuple[int, Machine] | None]) -> TaskPlan:
    """Return the life of a task whose instances start at these times on nodes of a pool; None for never."""
    instances: list[InstancePlan] = []
    for outcome, start in zip(outcomes_of(work), starts, strict=True):
        dispatched, machine = start or (_NEVER, work.machines[0])
        attempts: list[Attempt] = []
        for _ in range(outcome.retries + 1):
            started = None if work.is_image_absent else dispatched + IN_POOL_START_SECONDS
            ended = dispatched + seconds_in_pool(outcome) // (outcome.retries + 1)
            end: End = "success" if outcome.error is None else "failure"
            attempts.append(Attempt(machine, dispatched, started, ended, end))
            dispatched = ended
        instances.append(InstancePlan(outcome.instance_id, tuple(attempts), outcome.error, outcome.peak_memory_mb))
    return TaskPlan(tuple(instances), _transitions(instances))


def _give_up(work: Work, instance_id: int) -> InstancePlan:
    at = work.max_queue_seconds
    error = InstanceError("SANDBOX_QUEUE", f"Instance {instance_id} found no machine in {at} seconds")
    return InstancePlan(instance_id, (Attempt(work.machines[0], at, None, at, "failure"),), error, 0)


def _plan_instance(work: Work, outcome: Outcome, random: SeededRandom, dispatched: int) -> InstancePlan:
    instance_id = outcome.instance_id
    preemptions = 0 if work.is_image_absent else _preemptions(work, random, instance_id, outcome.duration)
    attempts: list[Attempt] = []
    for number in range(min(preemptions + outcome.retries + 1, MAX_ATTEMPTS)):
        machine = random.choice(("machine", instance_id, number), work.machines)
        if work.is_image_absent:
            attempt = Attempt(machine, dispatched, None, dispatched + _IMAGE_SECONDS, "failure")
        else:
            started = dispatched + random.integer(("boot", instance_id, number), 145, 158)
            part = 0.2 + 0.6 * random.fraction(("cut", instance_id, number))
            is_preempted = number < preemptions
            ended = started + (max(1, round(outcome.duration * part)) if is_preempted else outcome.duration)
            end: End = "preempted" if is_preempted else "success" if outcome.error is None else "failure"
            attempt = Attempt(machine, dispatched, started, ended, end)
        attempts.append(attempt)
        dispatched = attempt.ended
    return InstancePlan(instance_id, tuple(attempts), outcome.error, outcome.peak_memory_mb)


def _error(work: Work, run: Run, instance_id: int) -> InstanceError | None:
    if work.is_image_absent:
        return InstanceError("SANDBOX_IMAGE", f"Instance {instance_id}: the image {work.image} was not found")
    if run.is_out_of_memory:
        message = f"Instance {instance_id} was killed: out of memory (exit code {run.exit_code})"
        return InstanceError("SANDBOX_MEMORY", message)
    if run.exit_code != 0:
        return InstanceError("SANDBOX_EXIT", f"Instance {instance_id} exited with code {run.exit_code}")
    return None


def _transitions(instances: Sequence[InstancePlan]) -> tuple[tuple[int, str], ...]:
    changes: list[tuple[int, int, int, int]] = []
    """Times, and how many instances more are dispatched, executing and not over from then on."""
    for instance in instances:
        for attempt in instance.attempts:
            started = attempt.ended if attempt.started is None else attempt.started
            changes += [(attempt.dispatched, 1, 0, 0), (started, -1, 1, 0), (attempt.ended, 0, -1, 0)]
        changes.append((instance.ended, 0, 0, -1))
    transitions: list[tuple[int, str]] = [(0, "Submitted")]
    dispatched, executing, remaining, has_begun = 0, 0, len(instances), False
    for at, together in groupby(sorted(changes), key=itemgetter(0)):
        for _, more_dispatched, more_executing, more_remaining in together:
            dispatched += more_dispatched
            executing += more_executing
            remaining += more_remaining
        has_begun = has_begun or executing > 0
        state = _state(dispatched, executing, remaining, has_begun)
        if state != transitions[-1][1]:
            transitions.append((at, state))
    has_failed = any(instance.error is not None for instance in instances)
    transitions.append((transitions[-1][0] + UPLOAD_SECONDS, "Failure" if has_failed else "Success"))
    return tuple(transitions)


def _state(dispatched: int, executing: int, remaining: int, has_begun: bool) -> str:
    if remaining == 0:
        return "UploadingResults"
    if executing == remaining:
        return "FullyExecuting"
    # After a preemption nothing may run for a while; a task that has begun does not go back to being dispatched.
    if has_begun:
        return "PartiallyExecuting"
    return "FullyDispatched" if dispatched == remaining else "PartiallyDispatched"
