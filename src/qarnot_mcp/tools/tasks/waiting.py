"""Waiting for a task to end within one call: polite polls, progress for who listens, and what changed meanwhile."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ApiUnavailable
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.answers import Number, Result
from qarnot_mcp.tools.context import current_context
from qarnot_mcp.tools.tasks.estimate import seconds_to_end
from qarnot_mcp.tools.waits import SharedWait, Wait

CHANGES_SHOWN = 12

BOOTING = "Booting takes two to three minutes on Qarnot; get_task with wait_seconds waits on."
NOTES = {
    "Submitted": f"It waits for a free machine, which takes seconds to hours. {BOOTING}",
    "PartiallyDispatched": BOOTING,
    "FullyDispatched": BOOTING,
}

MISSED = "Qarnot did not answer the last look: this is how the task stood before. Call again to see it now."

ProgressCallback = Callable[[Task, Wait], Awaitable[None]]


class Waited(Result):
    """How long the call waited and what changed meanwhile."""

    seconds: Number
    changes: list[str]


@dataclass(frozen=True)
class WaitResult:
    """A task as the wait left it."""

    task: Task
    waited: Waited | None
    note: str | None


async def wait_for_task(
    client: QarnotClient, task_id: str, wait_seconds: float, report: ProgressCallback
) -> WaitResult:
    """Read a task, again and again until it has ended or the time is over; `report` is called after each look.

    Calls with the same key that wait for the same task share its looks.
    """
    if wait_seconds <= 0:
        task = await client.tasks.get(task_id)
        return WaitResult(task, None, NOTES.get(task.state))
    wait = Wait(wait_seconds)
    poll = current_context().polls.of(client.owner, f"task {task_id}")
    looks = SharedWait(poll, wait, lambda: client.tasks.get(task_id), seconds_to_end)
    task = await looks.look()
    if task.is_final:
        return WaitResult(task, None, NOTES.get(task.state))
    changes, is_missed = list[str](), False
    while not task.is_final:
        await report(task, wait)
        if not await looks.pause():
            break
        try:
            async with wait.look():
                before, task = task, await looks.look()
        except (ApiUnavailable, TimeoutError):
            is_missed = True
            continue
        is_missed = False
        changes += [f"after {wait.waited_seconds:.0f} s: {change}" for change in changes_between(before, task)]
    waited = Waited(seconds=round(wait.waited_seconds, 1), changes=changes[-CHANGES_SHOWN:])
    return WaitResult(task, waited, MISSED if is_missed else NOTES.get(task.state))


def changes_between(before: Task, after: Task) -> list[str]:
    """Return what changed between two looks at a task, as short sentences."""
    changes = []
    if before.state != after.state:
        changes.append(f"{before.state} -> {after.state}")
    for name, first, second in (
        ("succeeded", _count(before, "succeeded_range"), _count(after, "succeeded_range")),
        ("failed", _count(before, "failed_only_range"), _count(after, "failed_only_range")),
    ):
        if second > first:
            changes.append(f"{second - first} more {'instance' if second - first == 1 else 'instances'} {name}")
    first, second = round(before.progress), round(after.progress)
    if second > first and not after.is_final:
        changes.append(f"progress {first} -> {second} %")
    return changes


def _count(task: Task, name: str) -> int:
    return count_ranges(getattr(task.status, name)) if task.status else 0
