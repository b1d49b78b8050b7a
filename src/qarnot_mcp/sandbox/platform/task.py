"""One task: its specification, what was asked of it since, and its state at any time.

Times are whole platform seconds since 1970, unless they are said to be relative to the task's release.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from qarnot_mcp.sandbox.platform.dependencies import Dependency
from qarnot_mcp.sandbox.platform.fields import constant_values, read_constants, read_tags
from qarnot_mcp.sandbox.platform.plan import UPLOAD_SECONDS, TaskPlan, Work
from qarnot_mcp.sandbox.platform.registry import Resource, StateAt, state_among, turned
from qarnot_mcp.sandbox.platform.task_spec import TaskSpec, unmarked
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error

FINAL_STATES = frozenset({"Success", "Failure", "Cancelled"})
CANCEL_SECONDS = 6


@dataclass(slots=True, eq=False, kw_only=True)
class Task(Resource):
    """A task of one account. It has no clock: every question about it comes with a time."""

    spec: TaskSpec
    planner: Callable[["Task"], TaskPlan]
    """Plans its life, if nothing more is asked of it: on machines of its own, or in a pool."""
    constants: dict[str, str]
    tags: list[str]
    modified: int
    released: int | None
    """When the task entered the queue; None while it waits for others."""
    dependencies: list[Dependency] = field(default_factory=list)
    job_uuid: str | None = None
    pool_uuid: str | None = None
    cancelled: int | None = None
    snapshot_interval_seconds: int = 0
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    """The files of its resource buckets by their path below `/job`, as they were when it was created."""
    published_ids: set[int] = field(default_factory=set)
    """The instances whose results are in the bucket."""
    is_published: bool = False
    """Whether the results of all that will ever succeed are there."""
    log_cursors: dict[tuple[str, int | None], int] = field(default_factory=dict)

    @property
    def work(self) -> Work:
        """What the plan is made from."""
        return self.spec.work(self.uuid, self.inputs)

    @property
    def plan(self) -> TaskPlan:
        """The life of the task if nothing more is asked of it."""
        return self.planner(self)

    def transitions(self) -> list[tuple[int, str]]:
        """Return every change of state, past and to come."""
        transitions = [(self.created, "Submitted")]
        if self.released is not None:
            transitions += [(self.released + at, state) for at, state in self.plan.transitions[1:]]
        if self.cancelled is not None:
            uploading = UPLOAD_SECONDS if self.fields["uploadResultsOnCancellation"] else 0
            over = self.cancelled + CANCEL_SECONDS + uploading
            transitions = turned(transitions, (self.cancelled, "PendingCancel"), (over, "Cancelled"))
        if self.deleted is not None:
            transitions = turned(transitions, (self.deleted, "PendingDelete"))
        return transitions

    def state_at(self, now: int) -> StateAt:
        """Return the state at a time."""
        return state_among(self.transitions(), now)

    def state(self, now: int) -> str:
        """Return the name of the state at a time."""
        return self.state_at(now).state

    def ended(self, now: int) -> int | None:
        """Return when the task reached its final state; None before."""
        state_at = self.state_at(now)
        return state_at.since if state_at.state in FINAL_STATES else None

    def worked_until(self, now: int) -> int:
        """Return the time, relative to the release, up to which instances have worked; an abort stops them."""
        if self.released is None:
            return -1
        stopped = self.stopped()
        return (now if stopped is None else min(now, stopped)) - self.released

    def stopped(self) -> int | None:
        """Return when an abort or a deletion stopped the task; None when neither did."""
        return min((at for at in (self.cancelled, self.deleted) if at is not None), default=None)

    def started(self, now: int) -> int | None:
        """Return when the first instance was sent to a machine; None before."""
        starts = (at for at, state in self.transitions() if state.endswith(("Dispatched", "Executing")))
        return next((at for at in starts if at <= now), None)

    def over_at(self) -> int:
        """Return when the task is over, as far as known: the time of its last change of state."""
        return self.transitions()[-1][0]

    def abort(self, now: int) -> None:
        """Stop the task; raises a 403 when it is already over."""
        state = self.state(now)
        if state in FINAL_STATES or state == "PendingDelete":
            raise api_error(403, "Can't abort the task")
        if state != "PendingCancel":
            self.cancelled = self.modified = now

    def update(self, body: Body, now: int) -> None:
        """Replace the constants and tags that the body sets; `[SECRET]` leaves a secret constant as it was."""
        constants, tags = read_constants(body, "constants"), read_tags(body, "tags")
        if constants is not None:
            self.constants = unmarked(constant_values(constants), self.constants)
        if tags is not None:
            self.tags = tags
        self.modified = now

    def refresh_resources(self, now: int) -> None:
        """Send changed resources to the machines; raises a 400 when the task is not running."""
        if self.state(now) in FINAL_STATES | {"PendingCancel", "PendingDelete"}:
            raise api_error(400, "Task is not running")
        self.modified = now
