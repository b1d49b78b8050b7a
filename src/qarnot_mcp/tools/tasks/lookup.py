"""Finding a task by its exact name, for tools that read."""

from typing import Annotated

from pydantic import Field, ValidationInfo

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument, NotFound
from qarnot_mcp.qarnot.identifiers import RESERVED, SHORTNAME, UUID
from qarnot_mcp.qarnot.pages import TaskFilter
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import STATE_CHARACTERS, date
from qarnot_mcp.tools.checks import MAX_NAME_CHARACTERS, MostCharacters, check_text_line, parameter_of

CANDIDATES_SHOWN = 5


def check_task_reference(given: str, info: ValidationInfo) -> str:
    """Check the UUID, the shortname or the name of a task."""
    return check_text_line(parameter_of(info), given.strip(), MAX_NAME_CHARACTERS, "list_tasks shows the tasks.")


TaskReference = Annotated[
    Annotated[str, MostCharacters(check_task_reference, count=MAX_NAME_CHARACTERS)],
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
        f"{task.uuid} ({one_line(task.state, STATE_CHARACTERS)}, created {date(task.created)})" for task in page.items
    )
    raise InvalidArgument("task_uuid", name, "the UUID of one task", f"Tasks of this name, newest first: {candidates}.")
