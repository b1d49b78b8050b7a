"""The tool that reads a task's logs."""

from typing import Annotated

from fastmcp.tools.base import ToolResult
from pydantic import Field

from qarnot_mcp.tools.arguments import check_instance_id, check_log_type, check_task_id
from qarnot_mcp.tools.caller import calling_client
from qarnot_mcp.tools.cleaning import clean_line
from qarnot_mcp.tools.results import Result, answer


class LogText(Result):
    """A part of a log."""

    task_uuid: str
    log_type: str
    instance_id: int | None = None
    text: str
    total_lines: int


async def get_task_logs(
    task_uuid: Annotated[str, Field(description="The task's UUID or its shortname.")],
    log_type: Annotated[str, Field(description="stdout or stderr.")] = "stdout",
    instance_id: Annotated[int | None, Field(description="Only this instance; all where left out.")] = None,
) -> ToolResult:
    """Read the end of a Qarnot task's stdout or stderr logs."""
    task_id, kind, instance = check_task_id(task_uuid), check_log_type(log_type), check_instance_id(instance_id)
    async with calling_client().log(task_id, kind, instance) as pieces:
        lines = "".join([piece async for piece in pieces]).splitlines()
    return answer(
        LogText(
            task_uuid=task_id,
            log_type=kind,
            instance_id=instance,
            text="\n".join(clean_line(line) for line in lines[-100:]),
            total_lines=len(lines),
        )
    )
