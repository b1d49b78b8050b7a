"""One account: its tasks, jobs, quotas, buckets and credits, and everything that can be asked of them.

Every question comes with a `Timestamp`; the account has no clock of its own.
"""

from collections.abc import Mapping
from typing import Any, Literal

from qarnot_mcp.sandbox.commands.run import Stream
from qarnot_mcp.sandbox.platform.assumptions import Assumptions
from qarnot_mcp.sandbox.platform.buckets import Buckets
from qarnot_mcp.sandbox.platform.dependencies import Dependency, make_dependencies
from qarnot_mcp.sandbox.platform.energy import credits_used
from qarnot_mcp.sandbox.platform.fields import constant_list, read_fields, read_uuid
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.jobs import Job, Jobs
from qarnot_mcp.sandbox.platform.logs import read_log
from qarnot_mcp.sandbox.platform.lru_cache import LruCache
from qarnot_mcp.sandbox.platform.plan import TaskPlan, plan_task
from qarnot_mcp.sandbox.platform.pools import Pool, Pools
from qarnot_mcp.sandbox.platform.profiles import Profile
from qarnot_mcp.sandbox.platform.registry import Registry, Timestamp
from qarnot_mcp.sandbox.platform.results import publish_results, read_inputs
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.platform.snapshots import Snapshots
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task
from qarnot_mcp.sandbox.platform.task_spec import (
    BUCKET_FIELDS,
    TaskSpec,
    creation_of_copy,
    read_task_spec,
    resource_buckets,
)
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import ApiError, StorageError, api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, leading_digits, ranges_text

Derivation = Literal["retry", "recover", "resume", "clone"]

MAX_TASKS = 100
MAX_SPECS_SIZE = 4 * 1024 * 1024
"""Bytes that the specifications of all tasks of an account may take."""


class Account:
    """The tasks and jobs of one key."""

    def __init__(
        self,
        email: str,
        random: SeededRandom,
        profiles: Mapping[str, Profile],
        plans: LruCache[TaskPlan],
        assumptions: Assumptions,
        storage_bytes: int,
    ) -> None:
        self.email = email
        self.random = random
        self.profiles = profiles
        self.buckets = Buckets(random, storage_bytes)
        self.snapshots = Snapshots(self.buckets)
        self.credits = 250.0
        self.organization: str | None = None
        self.secrets: dict[str, str] = {}
        self.jobs = Jobs(random, assumptions)
        self.pools = Pools(random, profiles, self._forget_pool)
        self._assumptions = assumptions
        self._plans = plans
        self.tasks: Registry[Task] = Registry("task", random, MAX_TASKS, self._forget)
        self._used_by_forgotten = 0.0
        """Credits of tasks and pools that have been deleted: a deletion gives nothing back."""

    def settle(self, timestamp: Timestamp) -> None:
        """Do what has become due; comes before everything else that is asked at that time."""
        self.pools.settle(timestamp.now)
        self.jobs.settle(list(self.tasks), timestamp.now)

    def _plan_alone(self, task: Task) -> TaskPlan:
        """Return the life of a task on machines of its own; what the cache drops is planned again."""
        plan = self._plans.get(task.uuid)
        if plan is None:
            plan = plan_task(task.work)
            self._plans.put(task.uuid, plan, sum(len(instance.attempts) for instance in plan.instances))
        return plan

    def _forget(self, task: Task) -> None:
        self._used_by_forgotten += credits_used(task, task.over_at())
        self._plans.drop(task.uuid)
        self.snapshots.forget(task)

    def _forget_pool(self, pool: Pool) -> None:
        self._used_by_forgotten += credits_used(pool, pool.now)

    def tasks_of(self, group: Job | Pool, timestamp: Timestamp) -> list[Task]:
        """Return the tasks of a job or a pool, the oldest first."""
        return [task for task in self.tasks.visible(timestamp) if group.uuid in (task.job_uuid, task.pool_uuid)]

    def unfinished_instances(self, pool: Pool, timestamp: Timestamp) -> int:
        """Return how many instances of the tasks of a pool wait or run."""
        states = [instance_states_at(task, timestamp.now) for task in self.tasks_of(pool, timestamp)]
        return sum(len(each.waiting) + len(each.running) for each in states)

    def submit(self, body: Body, timestamp: Timestamp) -> Task:
        """Create a task from a request's body; raises an ApiError when it breaks a rule."""
        pool_uuid, job_uuid = read_uuid(body, "poolUuid"), read_uuid(body, "jobUuid")
        if pool_uuid and job_uuid:
            raise api_error(400, "Only one of poolUuid and jobUuid may be set; a job's tasks run in its pool")
        job = self.jobs.active(job_uuid, timestamp) if job_uuid else None
        pool_uuid = pool_uuid if job is None else job.fields["poolUuid"]
        pool = self.pools.open(pool_uuid, timestamp) if pool_uuid else None
        spec = read_task_spec(body, self.profiles, None if pool is None else pool.settings)
        return self._add(spec, job, pool, timestamp)

    def create_job(self, body: Body, timestamp: Timestamp) -> Job:
        """Create a job, if its pool is open."""
        if pool_uuid := read_uuid(body, "poolUuid"):
            self.pools.open(pool_uuid, timestamp)
        return self.jobs.create(body, timestamp)

    def create_pool(self, body: Body, timestamp: Timestamp, like: Pool | None = None) -> Pool:
        """Create a pool, new or `like` another one, if buckets and credits allow."""
        if self.credits <= 0:
            raise api_error(402, "Not enough credits")
        self._check_buckets(read_fields(BUCKET_FIELDS, body))
        return self.pools.create(body, timestamp) if like is None else self.pools.copy(like, body, timestamp)

    def _create_bucket(self, bucket: str, timestamp: Timestamp) -> None:
        try:
            self.buckets.create(bucket, timestamp.now)
        except StorageError as error:
            raise api_error(403 if error.code == "TooManyBuckets" else 400, error.message) from error

    def _check_buckets(self, fields: JsonObject) -> None:
        for bucket in resource_buckets(fields):
            if bucket not in self.buckets:
                raise api_error(404, f"No such bucket: {bucket}")

    def submit_many(self, bodies: list[Any], timestamp: Timestamp) -> list[JsonObject]:
        """Create a task from each body; the answer tells of each, in order."""
        results: list[JsonObject] = []
        for value in bodies:
            try:
                task = self.submit(Body(value), timestamp)
                results.append({"statusCode": 200, "uuid": task.uuid, "message": None})
            except ApiError as error:
                nil = "00000000-0000-0000-0000-000000000000"
                results.append({"statusCode": error.status, "uuid": nil, "message": error.message})
        return results

    def _add(self, spec: TaskSpec, job: Job | None, pool: Pool | None, timestamp: Timestamp) -> Task:
        """Create a task from a checked specification, if buckets, credits and quota allow."""
        self._check_buckets(spec.fields)
        if self.credits <= 0:
            raise api_error(402, "Not enough credits")
        dependencies = self._dependencies(spec, job, timestamp)
        self.tasks.make_room(timestamp)
        if sum(task.spec.size for task in self.tasks) + spec.size > MAX_SPECS_SIZE:
            raise api_error(403, f"The tasks of this account take more than {MAX_SPECS_SIZE} bytes; delete some")
        result_bucket = spec.fields["resultBucket"]
        if result_bucket is not None:
            self._create_bucket(result_bucket, timestamp)
        if pool is not None:
            pool.admit(len(spec.instance_ids))
        task = Task(
            uuid=self.tasks.new_uuid(),
            fields=spec.fields,
            timestamp=timestamp,
            spec=spec,
            planner=self._plan_alone if pool is None else pool.plan,
            constants=spec.constants,
            tags=list(spec.fields["tags"]),
            modified=timestamp.now,
            released=None if dependencies else timestamp.now,
            dependencies=dependencies,
            job_uuid=None if job is None else job.uuid,
            pool_uuid=None if pool is None else pool.uuid,
            inputs=read_inputs(self.buckets, spec.fields),
        )
        self.tasks.add(task)
        if pool is not None:
            pool.tasks.append(task)
        self.settle(timestamp)
        return task

    def _dependencies(self, spec: TaskSpec, job: Job | None, timestamp: Timestamp) -> list[Dependency]:
        dependencies = make_dependencies(spec.fields.get("dependencies", []), self._assumptions)
        if dependencies and (job is None or not job.fields["useDependencies"]):
            raise api_error(400, "Only tasks of a job with useDependencies can depend on others")
        known = {task.uuid for task in self.tasks if job is not None and task.job_uuid == job.uuid}
        for dependency in dependencies:
            if dependency.task_uuid not in known:
                raise api_error(400, f"No such task in the job: {dependency.task_uuid[:80]}")
        return dependencies

    def derive(self, kind: Derivation, source: Task, body: Body, timestamp: Timestamp) -> Task:
        """Create a task from an older one: all of it (clone), or its failed or cancelled instances.

        What the body sets overrides the older task. Raises a 403 when nothing is to run again or the task is not over.
        """
        job = next((job for job in self.jobs.all if job.uuid == source.job_uuid), None)
        is_active = job is not None and job.state_at(timestamp.now).state == "Active"
        is_in_job = is_active and not self._assumptions.copies_leave_their_job
        changed: JsonObject = {
            "constants": constant_list(source.constants),
            "tags": list(source.tags),
            "dependencies": None,
            "jobUuid": source.job_uuid if is_in_job else None,
            "poolUuid": None if is_in_job else source.pool_uuid,
        }
        if source.pool_uuid is not None:
            changed["profile"] = None
        instances = None if kind == "clone" else self._instances_to_run_again(kind, source, timestamp)
        known = source.constants if self._assumptions.copies_keep_marked_secrets else {}
        return self.submit(creation_of_copy(source.spec, changed, body, instances, known), timestamp)

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

    def delete(self, task: Task, timestamp: Timestamp) -> None:
        """Delete a task; one that is not over is stopped and stays visible for a few seconds."""
        publish_results(self.buckets, [task], timestamp.now)
        if task.state(timestamp.now) in FINAL_STATES:
            self.tasks.remove(task)
        elif task.deleted is None:
            task.deleted = task.modified = timestamp.now

    def log(self, task: Task, stream: Stream, instance: str | None, timestamp: Timestamp, is_fresh: bool) -> str:
        """Return a log, whole or (`is_fresh`) only what was printed since the last such call.

        Raises a 404 for an unknown instance.
        """
        instance_id = None
        if instance is not None:
            instance_id = leading_digits(instance) if len(instance) < 10 else None
            if instance_id not in task.spec.instance_ids:
                raise api_error(404, f"No such instance: {instance[:40]}")
        if not is_fresh:
            return read_log(task, stream, instance_id, timestamp.now)
        after = task.log_cursors.get((stream, instance_id))
        task.log_cursors[(stream, instance_id)] = timestamp.now
        return read_log(task, stream, instance_id, timestamp.now, after)

    def credits_left(self, timestamp: Timestamp) -> float:
        """Return the credits left in euros: those of the account less what its tasks and pools have cost."""
        tasks = sum(credits_used(task, timestamp.now) for task in self.tasks.visible(timestamp))
        pools = sum(credits_used(pool, timestamp.now) for pool in self.pools.all.visible(timestamp))
        return round(self.credits - tasks - pools - self._used_by_forgotten, 2)
