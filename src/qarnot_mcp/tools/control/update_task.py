"""The tool that changes the tags and constants of a task, and pushes new input files to it."""

from typing import Annotated, Any, Self

from pydantic import Field, WithJsonSchema, model_validator

from qarnot_mcp.qarnot.errors import BadRequest, InvalidArgument
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result, plain_name, plain_state
from qarnot_mcp.tools.checks import Arguments, Tags, TaskIdParameter
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.tasks.new_task import CONSTANTS_BY_KEY, Constants
from qarnot_mcp.tools.tasks.rerun import merged_constants


class UpdateTask(Arguments):
    """The arguments of update_task."""

    task_uuid: TaskIdParameter
    tags: Tags | None = Field(None, description="All of its tags from now on.")
    constants: Annotated[Constants, WithJsonSchema(CONSTANTS_BY_KEY)] | None = Field(
        None, description='Constants to set, such as {"EPOCHS": "20"}; others stay.'
    )
    refresh_inputs: bool = Field(False, description="Push new and changed input files to running instances.")

    @model_validator(mode="after")
    def check_something_changes(self) -> Self:
        """Check that something is to change."""
        if self.tags is None and not self.constants and not self.refresh_inputs:
            raise InvalidArgument("tags", None, "tags, constants, or refresh_inputs=true")
        return self

    def changes(self, task: Task) -> dict[str, Any]:
        """Return the body of the update: whole lists, as the API takes no others."""
        body: dict[str, Any] = {} if self.tags is None else {"tags": self.tags}
        if self.constants:
            constants = merged_constants(task, {one.key: one.value for one in self.constants})
            body["constants"] = [constant.model_dump() for constant in constants]
        return body


class Updated(Result):
    """What of a task was changed."""

    uuid: str
    name: str
    state: str
    tags: list[str] | None = None
    constants_set: list[str] | None = Field(None, description="Their keys.")
    inputs_refreshed: bool | None = None
    note: str | None = None


async def update_task(arguments: UpdateTask) -> Updated:
    """Change a Qarnot task that exists: its tags, its constants, or the input files of its running instances."""
    client = current_client()
    task = await client.tasks.get(arguments.task_uuid)
    changes = arguments.changes(task)
    if changes:
        await client.control.update(task.uuid, changes)
    if arguments.refresh_inputs:
        try:
            await client.control.refresh_inputs(task.uuid)
        except BadRequest:
            done = " Its tags and constants were changed." if changes else ""
            state = one_line(f"{task.name} is {task.state}.{done}", NAME_CHARACTERS * 2)
            raise InvalidArgument("refresh_inputs", True, "it for a task that runs", state) from None
    keys = [one.key for one in arguments.constants or ()]
    return Updated(
        uuid=task.uuid,
        name=plain_name(task.name),
        state=plain_state(task.state),
        tags=arguments.tags,
        constants_set=[plain_name(key) for key in keys] or None,
        inputs_refreshed=arguments.refresh_inputs or None,
        note="Instances that execute already may keep the constants they began with." if keys else None,
    )
