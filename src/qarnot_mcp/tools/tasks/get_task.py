"""The tool that reads one task, found by its id or its exact name, and follows it while it runs."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastmcp.tools.base import ToolResult
from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument, NotFound
from qarnot_mcp.qarnot.identifiers import RESERVED, SHORTNAME, UUID
from qarnot_mcp.qarnot.items import TaskFilter
from qarnot_mcp.qarnot.platform import console_url
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.tools.answers import API_CHARACTERS, TASK_CHARACTERS, answer, date, json_length, plain_state
from qarnot_mcp.tools.checks import MAX_NAME_CHARACTERS, STRIPPED, Arguments, InstanceId, text_line
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.failures.explain import explain_failure
from qarnot_mcp.tools.logs.reading import last_line
from qarnot_mcp.tools.tasks.details import TaskDetails
from qarnot_mcp.tools.tasks.energy import read_energy
from qarnot_mcp.tools.tasks.raw import bounded_api_answer
from qarnot_mcp.tools.tasks.view_data import view_meta
from qarnot_mcp.tools.tasks.waiting import ProgressCallback, wait_for_task
from qarnot_mcp.tools.waits import Wait, WaitResult, WaitSeconds, longest_wait_seconds, note_on_wait

CANDIDATES_SHOWN = 5


TaskReference = Annotated[
    Annotated[str, STRIPPED, text_line(MAX_NAME_CHARACTERS, "list_tasks shows the tasks.")],
    Field(description="The task's UUID, its shortname, or its exact name where no other task has it."),
]


def is_task_id(given: str) -> bool:
    """Return whether a text has the form of a UUID or a shortname."""
    return bool(SHORTNAME.fullmatch(given)) and given.lower() not in RESERVED


def is_uuid(given: str) -> bool:
    """Return whether a text has the form of a UUID, which is never taken for a name."""
    return bool(UUID.fullmatch(given))


async def uuid_of_name(client: QarnotClient, name: str) -> str:
    """Return the UUID of the only task of this name.

    Raises `NotFound` if there is none, and `InvalidArgument` with the candidates if there are several.
    """
    page = await client.tasks.page(where=TaskFilter(name=name), limit=CANDIDATES_SHOWN)
    if not page.items:
        raise NotFound("task", name)
    if len(page.items) == 1 and page.next_cursor is None:
        return page.items[0].uuid
    candidates = "; ".join(
        f"{task.uuid} ({plain_state(task.state)}, created {date(task.created)})" for task in page.items
    )
    raise InvalidArgument("task_uuid", name, "the UUID of one task", f"Tasks of this name, newest first: {candidates}.")


class GetTask(Arguments):
    """The arguments of get_task."""

    task_uuid: TaskReference
    detail: Literal["summary", "full"] = Field(
        "summary", description="full adds everything the API said, secrets masked."
    )
    wait_seconds: WaitSeconds = Field(
        0, description="Wait up to this long, 0 to 45, for the task to end; tells what changed meanwhile."
    )
    instance_id: InstanceId | None = Field(None, description="Show this instance alone.")


async def get_task(arguments: GetTask) -> TaskDetails | ToolResult:
    """Get one Qarnot task (batch job): its state and progress, instances, times, errors, constants, buckets, tags.

    A failed task carries why: the failed instances grouped, with the last lines of their output. A finished task
    carries its energy and carbon facts. wait_seconds follows a running task without polling.
    """
    client = current_client()
    most_seconds = longest_wait_seconds()
    wait_seconds = min(arguments.wait_seconds, most_seconds)
    result, note = await find_and_wait(client, arguments.task_uuid, wait_seconds)
    task = result.seen
    failure, (energy, no_energy) = await asyncio.gather(explain_failure(client, task), read_energy(client, task))
    notes = (note_on_wait(arguments.wait_seconds, most_seconds, is_over=task.is_final), note, no_energy)
    details = TaskDetails.of(
        task,
        now=datetime.now(UTC),
        instance_id=arguments.instance_id,
        console_url=console_url(current_context().transport.api_url, task.uuid),
        failure=failure,
        energy=energy,
        waited=result.waited,
        note=" ".join(filter(None, notes)) or None,
    )
    if arguments.detail == "summary":
        return details
    room = min(API_CHARACTERS, TASK_CHARACTERS - json_length(details))
    full = answer(details.model_copy(update={"api": bounded_api_answer(task.raw, room)}))
    full.meta = view_meta(task)
    return full


async def find_and_wait(client: QarnotClient, given: str, wait_seconds: float) -> tuple[WaitResult[Task], str | None]:
    """Wait for the task that a text names: by its id, or by its name where no task has such an id."""
    report = progress_reporter(client)
    if is_task_id(given):
        try:
            return await wait_for_task(client, given, wait_seconds, report)
        except NotFound:
            if is_uuid(given):
                raise
    return await wait_for_task(client, await uuid_of_name(client, given), wait_seconds, report)


def progress_reporter(client: QarnotClient) -> ProgressCallback:
    """Return a callback that reports state and last output line to clients that sent a progress token."""

    async def report(task: Task, wait: Wait) -> None:
        async def message() -> str:
            state = f"{task.state}, {task.running_instance_count} of {task.instance_count} instances running"
            line = await last_line(client, task) if task.running_instance_count else ""
            return known_secrets().hide(f"{state}: {line}" if line else state)

        await wait.report(message, task.progress)

    return report
