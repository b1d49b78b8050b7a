"""One account: its tasks, quotas, buckets and credits, and everything that can be asked of them.

Every question comes with a `Timestamp`; the account has no clock of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qarnot_mcp.sandbox.commands.shell import Stream
from qarnot_mcp.sandbox.platform.energy import task_credits
from qarnot_mcp.sandbox.platform.fields import constant_list, constant_values, read_constants, read_tags
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.logs import read_log
from qarnot_mcp.sandbox.platform.lru_cache import LruCache
from qarnot_mcp.sandbox.platform.plan import TaskPlan
from qarnot_mcp.sandbox.platform.profiles import Profile
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task
from qarnot_mcp.sandbox.platform.task_spec import TaskSpec, creation_of_copy, read_task_spec
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import ApiError, api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, ranges_text

Derivation = Literal["retry", "recover", "resume", "clone"]

MAX_TASKS = 100
MAX_BUCKETS = 100
MAX_SPECS_SIZE = 4 * 1024 * 1024
"""Bytes that the specifications of all tasks of an account may take."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time: whole platform seconds since 1970, and the seconds of the clock that the platform was given."""

    now: int
    clock_seconds: float


class Account:
    """The tasks of one key."""

    def __init__(
        self, email: str, random: SeededRandom, profiles: Mapping[str, Profile], plans: LruCache[TaskPlan]
    ) -> None:
        self.email = email
        self.random = random
        self.profiles = profiles
        self.buckets: set[str] = set()
        self.credits = 250.0
        self.secrets: dict[str, str] = {}
        self._plans = plans
        self._tasks: dict[str, Task] = {}
        self._by_shortname: dict[str, Task] = {}
        self._created_count = 0

    def tasks(self, timestamp: Timestamp) -> list[Task]:
        """Return every task that can be seen, the oldest first."""
        for task in [task for task in self._tasks.values() if task.is_gone(timestamp.now)]:
            self._forget(task)
        return [task for task in self._tasks.values() if task.visible_from <= timestamp.clock_seconds]

    def find(self, identifier: str, timestamp: Timestamp) -> Task:
        """Return the task of a UUID or shortname; raises a 404 when there is none."""
        task = self._tasks.get(identifier.lower()) or self._by_shortname.get(identifier.lower())
        if task is None or task.visible_from > timestamp.clock_seconds:
            raise api_error(404, f"No such task: {identifier[:256]}")
        if task.is_gone(timestamp.now):
            self._forget(task)
            raise api_error(404, f"No such task: {identifier[:256]}")
        return task

    def submit(self, body: Body, timestamp: Timestamp, late_seconds: float = 0.0) -> Task:
        """Create a task from a request's body; raises an ApiError when it breaks a rule."""
        return self.add(read_task_spec(body, self.profiles), timestamp, late_seconds)

    def submit_many(self, bodies: list[Any], timestamp: Timestamp, late_seconds: float = 0.0) -> list[JsonObject]:
        """Create a task from each body; the answer tells of each, in the same spec."""
        results: list[JsonObject] = []
        for value in bodies:
            try:
                task = self.submit(Body(value), timestamp, late_seconds)
                results.append({"statusCode": 200, "uuid": task.uuid, "message": None})
            except ApiError as error:
                nil = "00000000-0000-0000-0000-000000000000"
                results.append({"statusCode": error.status, "uuid": nil, "message": error.message})
        return results

    def add(self, spec: TaskSpec, timestamp: Timestamp, late_seconds: float = 0.0) -> Task:
        """Create a task from a checked specification, if buckets, credits and quota allow."""
        for bucket in spec.resource_buckets:
            if bucket not in self.buckets:
                raise api_error(404, f"No such bucket: {bucket}")
        if self.credits <= 0:
            raise api_error(402, "Not enough credits")
        self._make_room(timestamp)
        if sum(task.spec.size for task in self._tasks.values()) + spec.size > MAX_SPECS_SIZE:
            raise api_error(403, f"The tasks of this account take more than {MAX_SPECS_SIZE} bytes; delete some")
        self._created_count += 1
        uuid = self.random.uuid(("task", self._created_count))
        shortname = spec.fields.get("shortname") or uuid
        if shortname.lower() in self._by_shortname:
            raise api_error(400, f"A task with the shortname {shortname} already exists")
        result_bucket = spec.fields.get("resultBucket")
        if result_bucket is not None and result_bucket not in self.buckets:
            if len(self.buckets) >= MAX_BUCKETS:
                raise api_error(403, "Maximum number of buckets reached")
            self.buckets.add(result_bucket)
        task = Task(
            uuid=uuid,
            shortname=shortname,
            spec=spec,
            created=timestamp.now,
            plans=self._plans,
            constants=spec.constants,
            tags=list(spec.fields["tags"]),
            modified=timestamp.now,
            visible_from=timestamp.clock_seconds + late_seconds if late_seconds else 0.0,
        )
        self._tasks[uuid] = task
        self._by_shortname[shortname.lower()] = task
        return task

    def derive(
        self, kind: Derivation, source: Task, body: Body, timestamp: Timestamp, late_seconds: float = 0.0
    ) -> Task:
        """Create a task from an older one: all of it (clone), or its failed or cancelled instances.

        What the body sets overrides the older task. Raises a 403 when nothing is to run again or the task is not over.
        """
        changed = {"constants": constant_list(source.constants), "tags": list(source.tags)}
        instances = None if kind == "clone" else self._instances_to_run_again(kind, source, timestamp)
        return self.submit(creation_of_copy(source.spec, changed, body, instances), timestamp, late_seconds)

    def _instances_to_run_again(self, kind: Derivation, source: Task, timestamp: Timestamp) -> str:
        if source.state(timestamp.now) not in FINAL_STATES:
            raise api_error(403, f"Can't {kind} the task: it is not over")
        states = instance_states_at(source, timestamp.now)
        chosen = states.failed if kind == "retry" else states.cancelled
        if kind == "recover":
            chosen = states.failed + states.cancelled
        if not chosen:
            raise api_error(403, f"Can't {kind} the task: it has no such instances")
        return ranges_text(instance.plan.instance_id for instance in chosen)

    def abort(self, task: Task, timestamp: Timestamp) -> None:
        """Stop a task; raises a 403 when it is already over."""
        state = task.state(timestamp.now)
        if state == "PendingCancel":
            return
        if state in FINAL_STATES or state == "PendingDelete":
            raise api_error(403, "Can't abort the task")
        task.cancelled = task.modified = timestamp.now

    def delete(self, task: Task, timestamp: Timestamp) -> None:
        """Delete a task; one that is not over is stopped and stays visible for a few seconds."""
        if task.state(timestamp.now) in FINAL_STATES:
            self._forget(task)
        elif task.deleted is None:
            task.deleted = task.modified = timestamp.now

    def update(self, task: Task, body: Body, timestamp: Timestamp) -> None:
        """Replace the constants and tags that the body sets; `[SECRET]` leaves a secret constant as it was."""
        constants, tags = read_constants(body, "constants"), read_tags(body, "tags")
        if constants is not None:
            values = constant_values(constants)
            task.constants = {
                key: task.constants.get(key, value) if value == "[SECRET]" else value for key, value in values.items()
            }
        if tags is not None:
            task.tags = tags
        task.modified = timestamp.now

    def refresh_resources(self, task: Task, timestamp: Timestamp) -> None:
        """Send changed resources to the machines; raises a 400 when the task is not running."""
        if task.state(timestamp.now) in FINAL_STATES | {"PendingCancel", "PendingDelete"}:
            raise api_error(400, "Task is not running")
        task.modified = timestamp.now

    def log(self, task: Task, stream: Stream, instance: str | None, timestamp: Timestamp, is_fresh: bool) -> str:
        """Return a log, whole or (`is_fresh`) only what was printed since the last such call.

        Raises a 404 for an unknown instance.
        """
        instance_id = None
        if instance is not None:
            is_number = instance.isascii() and instance.isdigit() and len(instance) < 10
            instance_id = int(instance) if is_number else None
            if instance_id is None or task.instance(instance_id) is None:
                raise api_error(404, f"No such instance: {instance[:40]}")
        if not is_fresh:
            return read_log(task, stream, instance_id, timestamp.now)
        after = task.log_cursors.get((stream, instance_id))
        task.log_cursors[(stream, instance_id)] = timestamp.now
        return read_log(task, stream, instance_id, timestamp.now, after)

    def credits_left(self, timestamp: Timestamp) -> float:
        """Return the credits left in euros: those of the account less what its tasks have cost."""
        return round(self.credits - sum(task_credits(task, timestamp.now) for task in self.tasks(timestamp)), 2)

    def _make_room(self, timestamp: Timestamp) -> None:
        self.tasks(timestamp)
        for task in list(self._tasks.values()):
            if len(self._tasks) < MAX_TASKS:
                return
            if task.spec.fields.get("autoDeleteOnCompletion") and task.state(timestamp.now) in FINAL_STATES:
                self._forget(task)
        if len(self._tasks) >= MAX_TASKS:
            raise api_error(403, f"Maximum number of tasks reached ({MAX_TASKS})")

    def _forget(self, task: Task) -> None:
        del self._tasks[task.uuid]
        del self._by_shortname[task.shortname.lower()]
        self._plans.drop(task.uuid)
