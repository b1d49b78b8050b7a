"""The tools that end tasks, one or many at once: abort_task and delete_task."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from qarnot_mcp.qarnot.errors import InvalidArgument, QarnotError
from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import Result, masked_name, plain_state
from qarnot_mcp.tools.checks import FIRST_FAULT, Arguments, TaskId, at_most
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.tasks.time_limit import remove_with

MAX_TASKS = 100
AT_ONCE = 8
"""Requests of one call that are on their way together."""
MANY_SECONDS = 45.0
"""Clients give a call about a minute; what was not begun by then is named, and can be asked for again."""
PREVIEW_NAMES = 20
REASON_CHARACTERS = 240


class EndTasks(Arguments):
    """The arguments of abort_task and of delete_task: one task or several, and whether to try it only."""

    task_uuid: TaskId | None = Field(None, description="The task's UUID or its shortname.")
    task_uuids: Annotated[list[TaskId], FIRST_FAULT, at_most(MAX_TASKS, "tasks")] | None = Field(
        None, description="Instead: up to 100 tasks at once."
    )
    validate_only: bool = Field(False, description="Only say what would happen.")

    @model_validator(mode="after")
    def check_one_form(self) -> Self:
        """Check that one task or several are named, and not both."""
        if (self.task_uuid is None) == (not self.task_uuids):
            given = "both" if self.task_uuid else "neither"
            raise InvalidArgument("task_uuid", given, "either task_uuid or task_uuids", "list_tasks shows the UUIDs.")
        return self

    @property
    def ids(self) -> list[str]:
        """The tasks as they were given."""
        return self.task_uuids or [self.task_uuid or ""]


class Outcome(Result):
    """What became of the tasks that share an outcome."""

    outcome: str = Field(description="A state, deleted, would be aborted or deleted, unchanged, failed, not tried.")
    count: int
    places: str = Field(description="Which of the given tasks, counted from 1, such as 1-99.")
    reason: str | None = None
    names: list[str] | None = Field(None, description=f"With validate_only, the first {PREVIEW_NAMES}.")


class Ended(Result):
    """One task after its abort, or the outcomes of several."""

    uuid: str | None = None
    name: str | None = None
    state: str | None = None
    validated_only: Literal[True] | None = None
    outcomes: list[Outcome] | None = Field(None, description="With task_uuids: every task is in one of them.")
    note: str | None = None


class Deleted(Ended):
    """What was deleted."""

    deleted: Literal[True] | None = None


class OneOutcome(Result):
    """What became of one task of several."""

    outcome: str
    name: str = ""
    reason: str | None = None


async def abort_task(arguments: EndTasks) -> Ended:
    """Abort (cancel, stop) a Qarnot task that is waiting or running; what it has computed so far may be lost."""
    client = current_client()
    if arguments.task_uuid is not None and not arguments.validate_only:
        task = await client.tasks.abort(arguments.task_uuid)
        return Ended(uuid=task.uuid, name=masked_name(task.name), state=task.state)

    async def abort(task_id: str) -> OneOutcome:
        if arguments.validate_only:
            task = await client.tasks.get(task_id)
            return preview(task, "unchanged" if task.is_final else "would be aborted")
        return OneOutcome(outcome=plain_state((await client.tasks.abort(task_id)).state))

    return Ended(**await end_tasks(arguments, abort))


async def delete_task(arguments: EndTasks) -> Deleted:
    """Delete a Qarnot task for good, aborting it first where it runs; its logs go with it, its buckets stay."""
    client = current_client()
    if arguments.task_uuid is not None and not arguments.validate_only:
        task = await client.tasks.delete(arguments.task_uuid)
        await remove_with(client, task)
        return Deleted(uuid=task.uuid, name=masked_name(task.name), deleted=True)

    async def delete(task_id: str) -> OneOutcome:
        if arguments.validate_only:
            return preview(await client.tasks.get(task_id), "would be deleted")
        await remove_with(client, await client.tasks.delete(task_id))
        return OneOutcome(outcome="deleted")

    return Deleted(**await end_tasks(arguments, delete))


def preview(task: Task, outcome: str) -> OneOutcome:
    """Return what would become of a task, which is named with the state it is in."""
    return OneOutcome(outcome=f"{outcome}: {plain_state(task.state)}", name=masked_name(task.name))


async def end_tasks(
    arguments: EndTasks, end: Callable[[str], Awaitable[OneOutcome]], most_seconds: float = MANY_SECONDS
) -> dict[str, Any]:
    """Do to each task what `end` does, a few at a time, and return the fields of the result.

    One task's error is its outcome. Where every task fails, the first error is raised: the key is refused, the server
    is read-only, or Qarnot does not answer.
    """
    last_start = time.monotonic() + most_seconds
    slots = asyncio.Semaphore(AT_ONCE)
    errors: list[QarnotError] = []

    async def attempt(task_id: str) -> OneOutcome:
        async with slots:
            if time.monotonic() > last_start:
                return OneOutcome(outcome="not tried")
            try:
                return await end(task_id)
            except QarnotError as error:
                errors.append(error)
                return OneOutcome(outcome="failed", reason=one_line(str(error), REASON_CHARACTERS))

    once = list(dict.fromkeys(arguments.ids))
    outcomes = dict(zip(once, await asyncio.gather(*map(attempt, once)), strict=True))
    if len(errors) == len(once):
        raise errors[0]
    each = [outcomes[task_id] for task_id in arguments.ids]
    untried = any(one.outcome == "not tried" for one in each)
    return {
        "validated_only": arguments.validate_only or None,
        "outcomes": group_outcomes(each),
        "note": "There was no time for all of them: call again with those not tried." if untried else None,
    }


def group_outcomes(each: list[OneOutcome]) -> list[Outcome]:
    """Return the outcomes with the places of their tasks: 100 UUIDs that the caller just gave are not said again."""
    places: defaultdict[tuple[str, str | None], list[int]] = defaultdict(list)
    for place, one in enumerate(each, 1):
        places[one.outcome, one.reason].append(place)
    return [
        Outcome(
            outcome=outcome,
            count=len(found),
            places=str(Ranges.of(found)),
            reason=reason,
            names=[each[place - 1].name for place in found[:PREVIEW_NAMES] if each[place - 1].name] or None,
        )
        for (outcome, reason), found in places.items()
    ]
