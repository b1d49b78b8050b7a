"""The tools that end tasks: abort_task and delete_task."""

from typing import Literal

from fastmcp.tools.base import ToolResult

from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result, answer
from qarnot_mcp.tools.checks import Arguments, TaskIdParameter
from qarnot_mcp.tools.context import current_client


class AbortTask(Arguments):
    """The arguments of abort_task."""

    task_uuid: TaskIdParameter


class DeleteTask(Arguments):
    """The arguments of delete_task."""

    task_uuid: TaskIdParameter


class Aborted(Result):
    """A task after its abort."""

    uuid: str
    name: str
    state: str


class Deleted(Result):
    """What was deleted."""

    uuid: str
    name: str
    deleted: Literal[True] = True


async def abort_task(arguments: AbortTask) -> ToolResult:
    """Abort (cancel, stop) a Qarnot task that is waiting or running; what it has computed so far may be lost."""
    task = await current_client().tasks.abort(arguments.task_uuid)
    return answer(Aborted(uuid=task.uuid, name=one_line(task.name, NAME_CHARACTERS), state=task.state))


async def delete_task(arguments: DeleteTask) -> ToolResult:
    """Delete a Qarnot task for good, aborting it first where it runs; its logs go with it, its buckets stay."""
    task = await current_client().tasks.delete(arguments.task_uuid)
    return answer(Deleted(uuid=task.uuid, name=one_line(task.name, NAME_CHARACTERS)))
