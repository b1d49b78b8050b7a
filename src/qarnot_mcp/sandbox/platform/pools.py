"""Pools: nodes that are kept ready, and run one task after another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from qarnot_mcp.sandbox.platform import fields
from qarnot_mcp.sandbox.platform.fields import Field, constant_values, invalid_fields, read_fields
from qarnot_mcp.sandbox.platform.lru_cache import LruCache
from qarnot_mcp.sandbox.platform.plan import QUEUE_CONSTANT, TaskPlan, outcomes_of, plan_in_pool, seconds_in_pool
from qarnot_mcp.sandbox.platform.pool_schedule import Node, PoolHistory, QueuedTask, Schedule, play
from qarnot_mcp.sandbox.platform.profiles import Profile
from qarnot_mcp.sandbox.platform.registry import Registry, Resource, StateAt, Timestamp, state_among, turned
from qarnot_mcp.sandbox.platform.scaling import Policy, active_policy, policies_of, read_elastic_property, read_scaling
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.platform.task_spec import (
    BUCKET_FIELDS,
    MACHINE_FIELDS,
    PoolSettings,
    check_buckets,
    find_machines,
    find_profile,
    unmarked,
)
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, leading_digits

MAX_POOLS = 10
MAX_TASK_INSTANCES = 5000
"""Instances that the tasks of one pool may have in all, over its life."""
CLOSING_SECONDS = 8
_NOT_ELASTIC = {
    "isElastic": False,
    "minTotalSlots": 0,
    "maxTotalSlots": 1,
    "minIdleSlots": 0,
    "minIdleTimeSeconds": 0,
    "resizePeriod": 90,
    "rampResizeFactor": 1.0,
}


def _read_preparation_task(body: Body, name: str) -> JsonObject | None:
    given = body.nested(name)
    return None if given is None else {"commandLine": given.text("commandLine")}


def _read_multi_slots(body: Body, name: str) -> JsonObject | None:
    given = body.nested(name)
    slots = None if given is None else given.integer("slotsPerNode")
    if slots is not None and not 1 <= slots <= 256:
        raise invalid_fields(f"{name}, 1 to 256 slots are possible")
    return None if slots is None else {"slotsPerNode": slots}


POOL_FIELDS = (
    Field("name", fields.read_name),
    Field("shortname", fields.read_shortname, is_shown=False),
    Field("profile", Body.text),
    Field("instanceCount", fields.read_count, default=0),
    Field("elasticProperty", read_elastic_property, default=_NOT_ELASTIC),
    Field("scaling", read_scaling, default=None, is_shown=False),
    Field("multiSlotsSettings", _read_multi_slots),
    Field("preparationTask", _read_preparation_task, default=None),
    Field("constants", fields.read_constants, default=[], is_shown=False),
    Field("tags", fields.read_tags, default=[]),
    Field("labels", fields.read_labels, default={}),
    *BUCKET_FIELDS,
    *MACHINE_FIELDS,
    Field("defaultRetrySettings", fields.read_retry_settings),
    Field("defaultResourcesCacheTTLSec", fields.read_count),
    Field("taskDefaultWaitForPoolResourcesSynchronization", Body.flag, default=None),
    *fields.LIFETIME_FIELDS,
)
_UPDATABLE = [field for field in POOL_FIELDS if field.name in ("constants", "tags", "elasticProperty", "scaling")]


@dataclass(slots=True, eq=False, kw_only=True)
class Pool(Resource):
    """A pool; times are platform seconds since 1970."""

    settings: PoolSettings
    schedules: LruCache[tuple[PoolHistory, int, Schedule, dict[str, TaskPlan]]]
    policies: list[tuple[int, tuple[Policy, ...]]]
    tasks: list[Task] = field(default_factory=list)
    """Every task that the pool was given, deleted ones too: they took slots."""
    now: int = 0
    """The latest time that was asked about."""
    modified: int = 0
    closed: int | None = None

    def state_at(self, now: int) -> StateAt:
        """Return the state at a time."""
        transitions = self.schedule().transitions
        if self.closed is not None:
            over = self.closed + CLOSING_SECONDS
            transitions = turned(transitions, (self.closed, "Closing"), (over, "Closed"))
        if self.deleted is not None:
            transitions = turned(transitions, (self.deleted, "PendingDelete"))
        return state_among(transitions, now)

    def ended(self, now: int) -> int | None:
        """Return when the last node was closed; None before."""
        ended = None if self.closed is None else self.closed + CLOSING_SECONDS
        return None if ended is None or now < ended else ended

    def plan(self, task: Task) -> TaskPlan:
        """Return the life of a task of the pool if nothing more is asked of either."""
        if task.released is None:
            raise ValueError("a task that waits for others has no plan yet")
        schedule, plans = self._played()
        if task.uuid not in plans:
            released = task.released
            starts = [start and (start[0] - released, start[1]) for start in schedule.starts[task.uuid]]
            plans[task.uuid] = plan_in_pool(task.work, starts)
        return plans[task.uuid]

    def schedule(self) -> Schedule:
        """Return what happens in the pool if nothing more is asked of it."""
        return self._played()[0]

    def nodes(self, now: int) -> list[Node]:
        """Return the nodes that are ready at a time."""
        return [
            node for node in self.schedule().nodes if node.ready <= now and (node.closed is None or node.closed > now)
        ]

    def node_seconds(self, now: int) -> list[tuple[Node, int]]:
        """Return how long each node has been ready up to a time."""
        ends = ((node, now if node.closed is None else min(now, node.closed)) for node in self.schedule().nodes)
        return [(node, max(0, end - node.ready)) for node, end in ends]

    def active_policy(self, now: int) -> Policy | None:
        """Return the policy in force at a time."""
        policies = next((policies for since, policies in reversed(self.policies) if since <= now), ())
        return active_policy(policies, now)

    def admit(self, instance_count: int) -> None:
        """Raise a 403 when the pool cannot take that many instances more."""
        if sum(len(task.spec.instance_ids) for task in self.tasks) + instance_count > MAX_TASK_INSTANCES:
            raise api_error(403, f"A pool of the sandbox runs at most {MAX_TASK_INSTANCES} instances over its life")

    def update(self, body: Body, now: int) -> None:
        """Replace what the body sets of constants, tags and scaling."""
        changed = read_fields(_UPDATABLE, body)
        given = {name: changed[name] for name in fields.given_fields(_UPDATABLE, body)}
        self.scale(self.fields | given, now)

    def scale(self, values: JsonObject, now: int) -> None:
        """Give the pool other fields from now on."""
        self.fields, self.modified = values, now
        constants = unmarked(constant_values(values["constants"]), self.settings.constants)
        self.settings = replace(self.settings, constants=constants)
        policies = policies_of(values)
        if policies != self.policies[-1][1]:
            self.policies.append((now, policies))

    def close(self, now: int) -> None:
        """Close the pool, which stops its tasks; one that is closed stays so."""
        if self.closed is None:
            self.closed = self.modified = now
            for task in self.tasks:
                if task.ended(now) is None and task.stopped() is None:
                    task.cancelled = task.modified = now

    @property
    def slots_per_node(self) -> int:
        """The instances that one node runs at once."""
        return int((self.fields.get("multiSlotsSettings") or {}).get("slotsPerNode") or 1)

    def _played(self) -> tuple[Schedule, dict[str, TaskPlan]]:
        kept = self.schedules.get(self.uuid)
        history = self._history({} if kept is None else {task.uuid: task for task in kept[0].tasks})
        if kept is not None and kept[0] == history and (kept[2].is_final or self.now <= kept[1]):
            return kept[2], kept[3]
        schedule = play(history, self.now)
        plans: dict[str, TaskPlan] = {}
        self.schedules.put(self.uuid, (history, self.now, schedule, plans), 1 + sum(map(len, schedule.starts.values())))
        return schedule, plans

    def _history(self, known: Mapping[str, QueuedTask]) -> PoolHistory:
        stops = [at for at in (self.closed, self.deleted) if at is not None]
        released = [task for task in self.tasks if task.released is not None]
        return PoolHistory(
            seed=self.uuid,
            created=self.created,
            closed=min(stops, default=None),
            machines=self.settings.machines,
            slots_per_node=self.slots_per_node,
            queue_seconds=leading_digits(constant_values(self.fields["constants"]).get(QUEUE_CONSTANT, "")),
            policies=tuple(self.policies),
            tasks=tuple(_queued(task, known.get(task.uuid)) for task in released),
        )


def _queued(task: Task, known: QueuedTask | None) -> QueuedTask:
    seconds = tuple(map(seconds_in_pool, outcomes_of(task.work))) if known is None else known.seconds
    return QueuedTask(task.uuid, task.released or 0, task.stopped(), seconds)


class Pools:
    """The pools of one account."""

    def __init__(
        self, random: SeededRandom, profiles: Mapping[str, Profile], on_removal: Callable[[Pool], None]
    ) -> None:
        self.all: Registry[Pool] = Registry("pool", random, MAX_POOLS, on_removal)
        self._profiles = profiles
        self._schedules: LruCache[tuple[PoolHistory, int, Schedule, dict[str, TaskPlan]]] = LruCache(20_000)

    def settle(self, now: int) -> None:
        """Let every pool know the time."""
        for pool in self.all:
            pool.now = now

    def create(self, body: Body, timestamp: Timestamp) -> Pool:
        """Create a pool from a request's body; raises an ApiError when it breaks a rule."""
        values = read_fields(POOL_FIELDS, body)
        profile = find_profile(values, self._profiles)
        check_buckets(values)
        machines = find_machines(values, profile)
        self.all.make_room(timestamp)
        constants = constant_values(values["constants"])
        settings = PoolSettings(profile, machines, constants, values["defaultRetrySettings"])
        pool = Pool(
            uuid=self.all.new_uuid(),
            fields=values,
            timestamp=timestamp,
            settings=settings,
            schedules=self._schedules,
            policies=[(timestamp.now, policies_of(values))],
            now=timestamp.now,
            modified=timestamp.now,
        )
        self.all.add(pool)
        return pool

    def copy(self, source: Pool, body: Body, timestamp: Timestamp) -> Pool:
        """Create a pool like another one; what the body sets overrides it."""
        given = fields.given_fields(POOL_FIELDS, body)
        return self.create(Body({**source.fields, "shortname": None, **given}), timestamp)

    def open(self, identifier: str, timestamp: Timestamp) -> Pool:
        """Return the pool that a new task or job names; raises a 400 when there is none or it is not open."""
        pool = self.all.find(identifier, timestamp, status=400)
        if pool.closed is not None or pool.deleted is not None:
            raise api_error(400, f"The pool {identifier[:80]} is not open")
        return pool
