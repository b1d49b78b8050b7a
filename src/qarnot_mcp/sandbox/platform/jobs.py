"""Jobs: groups of tasks that end together, may wait for each other, and have a maximum time."""

from collections.abc import Sequence
from dataclasses import dataclass

from qarnot_mcp.sandbox.platform import fields
from qarnot_mcp.sandbox.platform.assumptions import Assumptions
from qarnot_mcp.sandbox.platform.dependencies import settle
from qarnot_mcp.sandbox.platform.fields import Field, read_fields
from qarnot_mcp.sandbox.platform.registry import Registry, Resource, StateAt, Timestamp, state_among
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import span_seconds

MAX_JOBS = 50
TERMINATION_SECONDS = 2

JOB_FIELDS = (
    Field("name", fields.read_name),
    Field("shortname", fields.read_shortname, is_shown=False),
    Field("poolUuid", fields.read_uuid, default=None),
    Field("useDependencies", Body.flag, default=False),
    Field("tags", fields.read_tags, default=[]),
    Field("maxWallTime", Body.span, default="00:00:00"),
    *fields.LIFETIME_FIELDS,
)


@dataclass(slots=True, eq=False, kw_only=True)
class Job(Resource):
    """A job; times are platform seconds since 1970."""

    terminated: int | None = None
    completed: int | None = None

    def state_at(self, now: int) -> StateAt:
        """Return the state at a time."""
        changes = [
            (self.created, "Active"),
            (self.terminated, "Terminating"),
            (self.completed, "Completed"),
            (self.deleted, "Deleting"),
        ]
        # What would have come after the deletion does not.
        last = now if self.deleted is None else self.deleted
        return state_among([(at, state) for at, state in changes if at is not None and at <= last], now)

    def ended(self, now: int) -> int | None:
        """Return when the job was completed; None before."""
        return None if self.completed is None or now < self.completed else self.completed


class Jobs:
    """The jobs of one account. The tasks that belong to them are handed in."""

    def __init__(self, random: SeededRandom, assumptions: Assumptions) -> None:
        self.all: Registry[Job] = Registry("job", random, MAX_JOBS)
        self._assumptions = assumptions

    def create(self, body: Body, timestamp: Timestamp) -> Job:
        """Create a job from a request's body; raises an ApiError when it breaks a rule."""
        values = read_fields(JOB_FIELDS, body)
        self.all.make_room(timestamp)
        job = Job(uuid=self.all.new_uuid(), fields=values, timestamp=timestamp)
        self.all.add(job)
        return job

    def active(self, identifier: str, timestamp: Timestamp) -> Job:
        """Return the job that a new task names; raises a 400 when there is none or it is over."""
        job = self.all.find(identifier, timestamp, status=400)
        if job.state_at(timestamp.now).state != "Active":
            raise api_error(400, f"The job {identifier[:80]} is not active")
        return job

    def terminate(self, job: Job, tasks: Sequence[Task], at: int) -> None:
        """Stop a job and its tasks; raises a 403 when it is over."""
        if job.state_at(at).state in ("Completed", "Deleting"):
            raise api_error(403, "Can't terminate the job: it is over")
        if job.terminated is None:
            self._stop(job, tasks, at)

    def delete(self, job: Job, tasks: Sequence[Task], at: int, *, is_forced: bool) -> None:
        """Delete a job; raises a 403 when it has tasks and that is not forced."""
        in_the_way = [
            task for task in tasks if self._assumptions.job_with_ended_tasks_needs_force or task.ended(at) is None
        ]
        if in_the_way and not is_forced:
            raise api_error(403, "Can't delete the job: it has tasks; use force")
        if job.deleted is None:
            job.deleted = at
            for task in tasks if not self._assumptions.job_deletion_keeps_tasks else ():
                task.deleted = task.modified = at if task.deleted is None else task.deleted

    def settle(self, tasks: Sequence[Task], now: int) -> None:
        """Do what is due by a time: release or cancel tasks that wait, and end jobs whose time is over."""
        for job in self.all:
            if job.completed is not None or job.deleted is not None:
                continue
            own = [task for task in tasks if task.job_uuid == job.uuid]
            deadline = self._deadline(job, own, now)
            _settle_dependencies(own, now if deadline is None else min(now, deadline))
            if deadline is not None and deadline <= now and job.terminated is None:
                self._stop(job, own, deadline)
            ends = [task.ended(now) for task in own]
            if self._assumptions.job_completes_with_its_tasks and own and job.terminated is None and all(ends):
                job.completed = max(end for end in ends if end is not None)

    def _deadline(self, job: Job, tasks: Sequence[Task], now: int) -> int | None:
        seconds = int(span_seconds(job.fields["maxWallTime"]))
        if not seconds:
            return None
        if not self._assumptions.job_time_starts_with_its_tasks:
            return job.created + seconds
        starts = [start for task in tasks if (start := task.started(now)) is not None]
        return min(starts) + seconds if starts else None

    def _stop(self, job: Job, tasks: Sequence[Task], at: int) -> None:
        for task in tasks:
            if task.ended(at) is None and task.cancelled is None and task.deleted is None:
                task.cancelled = task.modified = at
        job.terminated = at
        job.completed = max([at + TERMINATION_SECONDS, *(task.over_at() for task in tasks)])


def _settle_dependencies(tasks: Sequence[Task], now: int) -> None:
    by_uuid = {task.uuid: task for task in tasks}

    def find_end(uuid: str) -> tuple[str, int] | None:
        other = by_uuid.get(uuid)
        if other is None:
            return "cancelled", 0
        ended = other.ended(now)
        if ended is not None:
            return other.state(ended).lower(), ended
        return None if other.deleted is None or other.deleted > now else ("cancelled", other.deleted)

    # A task can only depend on older ones, so one pass in the order of creation is enough.
    for task in tasks:
        if task.released is None and task.cancelled is None and task.deleted is None:
            outcome = settle(task.dependencies, find_end)
            if outcome is not None:
                are_met, at = outcome
                at = max(at, task.created)
                if are_met:
                    task.released = at
                else:
                    task.cancelled = task.modified = at
