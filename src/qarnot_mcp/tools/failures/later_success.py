"""A later task that did what a failed one did not: it may answer the question already."""

import asyncio
from typing import Literal

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.pages import TaskFilter
from qarnot_mcp.qarnot.tasks.models import Task, TaskSummary
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result, date

LOOK_SECONDS = 5.0
SUCCEEDED = ("Success",)
FIELDS = ("Name", "Constants", "CreationDate")


class LaterSuccess(Result):
    """A later task of the same name or command that succeeded."""

    uuid: str
    name: str
    created: str | None = None
    same: Literal["name", "command"]


async def find_later_success(client: QarnotClient, task: Task) -> LaterSuccess | None:
    """Return a later task of the same name, or profile and command, that succeeded.

    It is an extra: None also where it could not be looked for in time.
    """
    if task.state != "Failure" or task.created is None:
        return None
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            named = TaskFilter(states=SUCCEEDED, name=task.name, created_after=task.created)
            page = await client.tasks.page(where=named, limit=1)
            if page.items:
                return _shape(page.items[0], "name")
            command = _command(task)
            if not command or not task.profile:
                return None
            alike = TaskFilter(states=SUCCEEDED, profile=task.profile, created_after=task.created)
            for found in await client.tasks.search(alike, FIELDS):
                if _command(found) == command:
                    return _shape(found, "command")
    except (QarnotError, TimeoutError):
        return None
    return None


def _command(task: Task) -> str:
    return next((constant.value for constant in task.constants if constant.key == "DOCKER_CMD"), "")


def _shape(task: TaskSummary, same: Literal["name", "command"]) -> LaterSuccess:
    return LaterSuccess(
        uuid=task.uuid, name=masked_line(task.name, NAME_CHARACTERS), created=date(task.created), same=same
    )
