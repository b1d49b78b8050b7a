"""Whatever is asked of jobs and pools, in whatever order and at whatever times, they keep to their rules."""

from contextlib import nullcontext
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.jobs import TERMINATION_SECONDS, Job
from qarnot_mcp.sandbox.platform.platform import Platform
from qarnot_mcp.sandbox.platform.pools import CLOSING_SECONDS, Pool
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import ApiError
from qarnot_mcp.sandbox.wire.formats import JsonObject, span_text

COMMANDS = st.sampled_from(["echo hello", "sleep 500", "exit 3", "sleep infinity"])
JOB_ORDER = ["Active", "Terminating", "Completed", "Deleting"]
ALWAYS = [{"type": "Always"}]


def fixed(slots: int) -> JsonObject:
    return {"policies": [{"type": "Fixed", "name": "f", "slotsCount": slots, "enabledPeriods": ALWAYS}]}


class Groups(RuleBasedStateMachine):
    """Drives one account with a clock that only the test moves."""

    jobs = Bundle("jobs")
    pools = Bundle("pools")
    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.platform = Platform(speed=1, seed=7, clock=lambda: 1_800_000_000.0)
        self.known: list[Task] = []
        self.known_jobs: list[Job] = []
        self.known_pools: list[Pool] = []
        self.job_states: dict[str, list[str]] = {}

    @property
    def account(self) -> Account:
        account = self.platform.account("sandbox-empty")
        account.settle(self.platform.timestamp())
        return account

    @property
    def now(self) -> int:
        return self.platform.timestamp().now

    def start(self, command: str, **where: object) -> Task | None:
        """Submit a task; None where the platform refuses it."""
        constants = {"DOCKER_CMD": command, "DOCKER_REPO": "library/ubuntu"}
        body = {
            "name": "any",
            "instanceCount": 2,
            "constants": [{"key": key, "value": value} for key, value in constants.items()],
            **({} if "poolUuid" in where else {"profile": "docker-batch"}),
            **where,
        }
        try:
            task = self.account.submit(Body(body), self.platform.timestamp())
        except ApiError as refusal:
            if refusal.status != 400:
                raise
            return None
        self.known.append(task)
        return task

    @rule(target=jobs, hours=st.sampled_from([0, 1, 30]))
    def create_job(self, hours: int) -> Job:
        body = {"name": "any", "useDependencies": True, "maxWallTime": span_text(hours * 3600)}
        job = self.account.create_job(Body(body), self.platform.timestamp())
        self.known_jobs.append(job)
        return job

    @precondition(lambda self: len(self.known_pools) < 4)
    @rule(target=pools, slots=st.integers(0, 3))
    def create_pool(self, slots: int) -> Pool:
        body = {"name": "any", "profile": "docker-batch", "scaling": fixed(slots)}
        pool = self.account.create_pool(Body(body), self.platform.timestamp())
        self.known_pools.append(pool)
        return pool

    @rule(target=tasks, job=jobs, command=COMMANDS)
    def submit_to_job(self, job: Job, command: str) -> Task | None:
        is_active = job.state_at(self.now).state == "Active"
        task = self.start(command, jobUuid=job.uuid)
        assert (task is not None) == is_active
        return task

    @rule(target=tasks, other=tasks, command=COMMANDS, end=st.sampled_from(["success", "failure", "cancelled"]))
    def submit_after(self, other: Task | None, command: str, end: str) -> Task | None:
        if other is None or other.job_uuid is None:
            return None
        condition = [{"taskUuid": other.uuid, "taskFinalStateCondition": [end]}]
        return self.start(command, jobUuid=other.job_uuid, dependencies={"advancedDependsOn": condition})

    @rule(target=tasks, pool=pools, command=COMMANDS)
    def submit_to_pool(self, pool: Pool, command: str) -> Task | None:
        task = self.start(command, poolUuid=pool.uuid)
        assert (task is not None) == (pool.closed is None and pool.deleted is None)
        return task

    @rule(job=jobs)
    def terminate(self, job: Job) -> None:
        tasks = self.account.tasks_of(job, self.platform.timestamp())
        is_over = job.state_at(self.now).state in ("Completed", "Deleting")
        with pytest.raises(ApiError, match="over") if is_over else nullcontext():
            self.account.jobs.terminate(job, tasks, self.now)

    @rule(pool=pools, slots=st.integers(0, 3))
    def scale(self, pool: Pool, slots: int) -> None:
        self.account.settle(self.platform.timestamp())
        pool.update(Body({"scaling": fixed(slots)}), self.now)

    @rule(pool=pools)
    def close(self, pool: Pool) -> None:
        self.account.settle(self.platform.timestamp())
        pool.close(self.now)

    @rule(seconds=st.one_of(st.integers(0, 400), st.integers(0, 200_000)))
    def wait(self, seconds: int) -> None:
        self.platform.advance(seconds)

    @invariant()
    def every_job_keeps_its_rules(self) -> None:
        tasks = {task.uuid: task for task in self.account.tasks.visible(self.platform.timestamp())}
        for job in self.known_jobs:
            states = self.job_states.setdefault(job.uuid, [])
            states.append(job.state_at(self.now).state)
            assert all(JOB_ORDER.index(first) <= JOB_ORDER.index(then) for first, then in pairwise(states))
            own = [task for task in tasks.values() if task.job_uuid == job.uuid]
            if states[-1] == "Completed":
                assert all(task.state(self.now) in FINAL_STATES for task in own)
            hours = job.fields["maxWallTime"]
            if hours != span_text(0) and self.now >= job.created + 30 * 3600 + TERMINATION_SECONDS:
                assert states[-1] != "Active"

    @invariant()
    def no_task_starts_before_what_it_waits_for(self) -> None:
        by_uuid = {task.uuid: task for task in self.known}
        for task in self.known:
            started = task.started(self.now) if task.released is not None else None
            for dependency in task.dependencies:
                ended = by_uuid[dependency.task_uuid].ended(self.now)
                assert started is None or (ended is not None and ended <= started)

    @invariant()
    def every_pool_keeps_its_rules(self) -> None:
        _ = self.account  # lets the pools know the time
        for pool in self.known_pools:
            assert len(pool.nodes(self.now)) <= 3
            if pool.closed is not None and self.now >= pool.closed + CLOSING_SECONDS:
                assert pool.state_at(self.now).state == "Closed"
                assert pool.nodes(self.now) == []

    def teardown(self) -> None:
        for pool in self.known_pools:
            self.account.settle(self.platform.timestamp())
            pool.close(self.now)
        for job in self.known_jobs:
            if job.state_at(self.now).state == "Active":
                self.account.jobs.terminate(job, self.account.tasks_of(job, self.platform.timestamp()), self.now)
        self.platform.advance(86400)
        _ = self.account
        assert all(task.is_gone(self.now) or task.state(self.now) in FINAL_STATES for task in self.known)


TestGroups = Groups.TestCase
TestGroups.settings = settings(stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])
