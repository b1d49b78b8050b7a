"""Arguments that fit every tool, and what a caller reads about those that a tool refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from qarnot_mcp.server.arguments import CallRefusedError, read_arguments
from qarnot_mcp.server.fastmcp_tools import schema_of
from qarnot_mcp.tools.checks import Arguments
from qarnot_mcp.tools.toolset import ToolEntry

# By the name of the parameter, for the tools of all sets; "{uuid}" stands for a task.
FITTING: Mapping[str, Any] = {
    "task_uuid": "{uuid}",
    "name": "fuzz",
    "profile": "docker-batch",
    "profile_name": "docker-batch",
    "bucket": "files",
    "path": "a.txt",
    "paths": ["a.txt"],
    "text": "text",
    "validate_only": True,
}


def fitting_arguments(tool: ToolEntry, uuid: str) -> dict[str, Any]:
    """Return arguments with which a tool gets as far as the API; of several ways to name a thing the bucket wins."""
    properties = schema_of(tool.arguments)["properties"]
    fitting = {name: uuid if value == "{uuid}" else value for name, value in FITTING.items() if name in properties}
    if "bucket" in properties:
        fitting.pop("task_uuid", None)
    return fitting


def refusal_of(model: type[Arguments], **arguments: Any) -> str:
    """Return the message about arguments that cannot be right."""
    with pytest.raises(CallRefusedError) as raised:
        read_arguments(model, arguments, schema_of(model))
    return str(raised.value)
