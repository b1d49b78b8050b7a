"""The life of a pool, replayed: when its nodes come and go, and which instance runs when on which of them.

A schedule follows from what was asked of the pool so far. Nothing that is asked later changes what happened before, so
that it can be made again at any time. Times are platform seconds since 1970.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from qarnot_mcp.sandbox.platform.machines import Machine
from qarnot_mcp.sandbox.platform.scaling import Policy, active_policy, next_change
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom

STEP_SECONDS = 90
"""How often a pool adapts to its queue."""
MAX_NODES = 64
FAR_SECONDS = 14 * 86400
"""How far ahead a queue is played that nothing serves."""


@dataclass(frozen=True, slots=True)
class QueuedTask:
    """A task of the pool: the seconds that each of its instances takes a slot, and when it was stopped."""

    uuid: str
    released: int
    stopped: int | None
    seconds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PoolHistory:
    """All that a schedule follows from."""

    seed: str
    created: int
    closed: int | None
    machines: tuple[Machine, ...]
    slots_per_node: int
    queue_seconds: int | None
    """How long nodes wait for their machine; None for a believable time."""
    policies: tuple[tuple[int, tuple[Policy, ...]], ...]
    """The policies, and since when they are in force."""
    tasks: tuple[QueuedTask, ...]


@dataclass(slots=True)
class Node:
    """A machine of the pool."""

    machine: Machine
    dispatched: int
    ready: int
    closed: int | None = None
    busy: int = 0
    idle_since: int = 0


@dataclass(slots=True)
class Schedule:
    """What happens in a pool if nothing more is asked of it."""

    nodes: list[Node] = field(default_factory=list)
    starts: dict[str, list[tuple[int, Machine] | None]] = field(default_factory=dict)
    """For each task, when and where its instances start; None for those that find no slot."""
    transitions: list[tuple[int, str]] = field(default_factory=list)
    is_final: bool = False
    """Whether nothing changes any more, however long one waits."""


def play(history: PoolHistory, until: int) -> Schedule:
    """Return the schedule of a pool, at least up to a time and to the end of what its queue holds."""
    return _Player(history, until).play()


@dataclass(slots=True, eq=False)
class _Run:
    task: QueuedTask
    position: int
    node: Node
    is_stopped: bool = False


class _Player:
    def __init__(self, history: PoolHistory, until: int) -> None:
        self._history = history
        self._until = until
        self._random = SeededRandom(history.seed)
        self._schedule = Schedule(transitions=[(history.created, "Submitted")])
        self._events: list[tuple[int, int, Callable[[int], None]]] = []
        self._numbers = count()
        self._scale_times: set[int] = set()
        self._queue: deque[tuple[QueuedTask, int]] = deque()
        self._running: set[_Run] = set()
        self._wanted_nodes = 0

    def play(self) -> Schedule:
        history = self._history
        for at, _ in history.policies:
            self._scale_at(at)
        for task in history.tasks:
            self._schedule.starts[task.uuid] = [None] * len(task.seconds)
            self._push(task.released, partial(self._release, task))
            if task.stopped is not None:
                self._push(task.stopped, partial(self._stop, task))
        while self._events:
            at, _, action = heapq.heappop(self._events)
            is_idle = not self._running and (not self._queue or at > self._until + FAR_SECONDS)
            if history.closed is not None and at >= history.closed:
                break
            if at > self._until and is_idle:
                return self._schedule
            action(at)
            self._assign(at)
            self._record(at)
        self._schedule.is_final = True
        if history.closed is not None:
            for node in self._schedule.nodes:
                node.closed = history.closed if node.closed is None else node.closed
        return self._schedule

    def _push(self, at: int, action: Callable[[int], None]) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), action))

    def _scale_at(self, at: int) -> None:
        if at not in self._scale_times:
            self._scale_times.add(at)
            self._push(at, self._scale)

    def _scale_soon(self, at: int) -> None:
        since = at - self._history.created
        self._scale_at(self._history.created + (since // STEP_SECONDS + 1) * STEP_SECONDS)

    def _scale(self, at: int) -> None:
        policies = next(policies for since, policies in reversed(self._history.policies) if since <= at)
        policy = active_policy(policies, at)
        change = next_change(policies, at)
        if change is not None:
            self._scale_at(change)
        alive = [node for node in self._schedule.nodes if node.closed is None]
        demand = len(self._queue) + len(self._running)
        slots = 0 if policy is None else policy.slots(demand)
        self._wanted_nodes = min(-(-slots // self._history.slots_per_node), MAX_NODES)
        missing = self._wanted_nodes - len(alive)
        if missing > 0:
            step = missing if policy is None else -(-policy.step // self._history.slots_per_node)
            self._open(at, min(missing, step))
            if step < missing:
                self._scale_soon(at)
        elif missing < 0:
            is_fixed = policy is None or policy.fixed is not None
            self._close_idle(at, alive, -missing, 0 if policy is None or is_fixed else policy.min_idle_seconds)

    def _open(self, at: int, missing: int) -> None:
        for number in range(missing):
            index = len(self._schedule.nodes)
            asked = self._history.queue_seconds
            waits = self._random.integer(("queue", index), 8, 14) if asked is None else asked
            dispatched = at + waits + 2 * number
            ready = dispatched + self._random.integer(("boot", index), 145, 158)
            machine = self._random.choice(("machine", index), self._history.machines)
            self._schedule.nodes.append(Node(machine, dispatched, ready, idle_since=ready))
            for time in (dispatched, ready):
                self._push(time, lambda at: None)

    def _close_idle(self, at: int, alive: Sequence[Node], surplus: int, min_idle_seconds: int) -> None:
        idle = [node for node in reversed(alive) if node.busy == 0]
        for node in idle[:surplus]:
            if not min_idle_seconds or at - node.idle_since >= min_idle_seconds:
                node.closed = at
            else:
                self._scale_soon(max(at, node.idle_since + min_idle_seconds - 1))

    def _release(self, task: QueuedTask, at: int) -> None:
        self._queue.extend((task, position) for position in range(len(task.seconds)))
        self._scale_soon(at)

    def _stop(self, task: QueuedTask, at: int) -> None:
        self._queue = deque(each for each in self._queue if each[0] is not task)
        for run in [run for run in self._running if run.task is task]:
            self._end(run, at)
            run.is_stopped = True
        self._scale_soon(at)

    def _assign(self, at: int) -> None:
        if not self._queue:
            return
        for node in self._schedule.nodes:
            while self._queue and node.closed is None and node.ready <= at and node.busy < self._history.slots_per_node:
                task, position = self._queue.popleft()
                run = _Run(task, position, node)
                node.busy += 1
                self._running.add(run)
                self._schedule.starts[task.uuid][position] = (at, node.machine)
                self._push(at + task.seconds[position], partial(self._end, run))

    def _end(self, run: _Run, at: int) -> None:
        if run.is_stopped:
            return
        self._running.discard(run)
        run.node.busy -= 1
        run.node.idle_since = at
        self._scale_soon(at)

    def _record(self, at: int) -> None:
        alive = [node for node in self._schedule.nodes if node.closed is None]
        ready = sum(node.ready <= at for node in alive)
        dispatched = sum(node.dispatched <= at for node in alive)
        if ready:
            state = "FullyExecuting" if ready == len(alive) >= self._wanted_nodes else "PartiallyExecuting"
        elif dispatched:
            state = "FullyDispatched" if dispatched >= self._wanted_nodes else "PartiallyDispatched"
        else:
            state = "Submitted"
        if state != self._schedule.transitions[-1][1]:
            self._schedule.transitions.append((at, state))
