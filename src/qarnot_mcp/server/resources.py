"""Tasks, logs and profiles as resources that a person attaches to a conversation, with completion of names."""

import logging
from collections.abc import Awaitable, Callable
from functools import cache

from fastmcp import FastMCP
from fastmcp.exceptions import ResourceError
from fastmcp.resources import ResourceTemplate
from fastmcp.server.auth import AuthCheck
from fastmcp.tools.base import ToolResult
from mcp_types import CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference, TextContent

from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.server.arguments import ArgumentsT, CallRefusedError, read_arguments
from qarnot_mcp.server.fastmcp_tools import schema_of
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.tools.answers import Result, answer
from qarnot_mcp.tools.context import current_client, current_key
from qarnot_mcp.tools.logs.get_task_logs import get_task_logs
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.profiles import GetProfile, get_profile
from qarnot_mcp.tools.tasks.get_task import GetTask, get_task

COMPLETIONS = 50
CHOICES = {
    "log_type": ("stdout", "stderr"),
    "image": ("library/ubuntu:24.04", "library/python:3.13-slim", "library/debian:12-slim", "library/alpine:3.22"),
}


async def task_resource(uuid: str) -> str:
    """What a task is and where it stands, as get_task tells it."""
    return await read(get_task, GetTask, task_uuid=uuid)


async def log_resource(uuid: str, log_type: str) -> str:
    """The end of a task's stdout or stderr, as get_task_logs tells it."""
    return await read(get_task_logs, LogQuery, task_uuid=uuid, log_type=log_type)


async def profile_resource(name: str) -> str:
    """A profile with its constants, as get_profile tells it."""
    return await read(get_profile, GetProfile, profile_name=name)


async def read(
    tool: Callable[[ArgumentsT], Awaitable[Result | ToolResult]], model: type[ArgumentsT], **arguments: str
) -> str:
    """Return the text of a tool's result; an error of the tree reaches the reader as it is."""
    try:
        current_key()  # without a usable one nothing is built from the arguments
        result = answer(await tool(read_arguments(model, arguments, schema_of(model))))
    except (QarnotError, CallRefusedError) as error:
        # FastMCP logs it at its own level: an unknown task is no fault of the server.
        raise ResourceError(str(error), log_level=logging.DEBUG) from error
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


async def complete(
    reference: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None
) -> list[str]:
    """Complete ids of tasks, names of profiles, log types and images; nothing without a key."""
    if argument.name in CHOICES:
        return [name for name in CHOICES[argument.name] if name.startswith(argument.value)]
    try:
        if argument.name in ("uuid", "task"):
            page = await current_client().tasks.page(limit=COMPLETIONS)
            ids = [
                task.uuid if argument.value and task.uuid.startswith(argument.value) else task.shortname or task.uuid
                for task in page.items
            ]
        elif argument.name == "name":
            ids = await current_client().profiles.names()
        else:
            return []
    except QarnotError:
        return []
    secrets = known_secrets()
    return [name for name in ids if name.startswith(argument.value) and secrets.hide(name) == name][:COMPLETIONS]


def add_resources(server: FastMCP, shown: Callable[[str], AuthCheck]) -> None:
    """Register the resources and the completion; `shown` makes the check whether a connection shows a tool."""
    for tool, template in _templates().items():
        server.add_template(template.model_copy(update={"auth": shown(tool)}))
    server.completion(complete)


@cache
def _templates() -> dict[str, ResourceTemplate]:
    """Return the resources by the tool whose answer each is: FastMCP takes a millisecond to make one."""
    return {
        tool: ResourceTemplate.from_function(function, uri, title=title, mime_type="application/json")
        for tool, uri, title, function in (
            ("get_task", "qarnot://tasks/{uuid}", "Task", task_resource),
            ("get_task_logs", "qarnot://tasks/{uuid}/logs/{log_type}", "Log of a task", log_resource),
            ("get_profile", "qarnot://profiles/{name}", "Profile", profile_resource),
        )
    }
