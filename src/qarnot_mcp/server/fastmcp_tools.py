"""How a tool of the registry becomes one that FastMCP serves, and what of FastMCP is bent for it."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import require_scopes
from fastmcp.tools import FunctionTool
from fastmcp.tools.base import ToolResult
from mcp_types import ToolAnnotations

from qarnot_mcp.dashboard.document import VIEW_URI
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.tools.context import House
from qarnot_mcp.tools.toolset import ToolEntry

P = ParamSpec("P")


def make_tool(entry: ToolEntry, *, scoped: bool) -> FunctionTool:
    """Makes the tool that FastMCP serves; `scoped` hides it from tokens that may not use it."""
    tool = FunctionTool.from_function(
        teaching(entry.function),
        title=entry.title,
        description=inspect.getdoc(entry.function),
        output_schema=without_references(entry.result.model_json_schema(mode="serialization")),
        annotations=ToolAnnotations(
            title=entry.title,
            read_only_hint=not entry.writes,
            destructive_hint=entry.destroys,
            idempotent_hint=entry.idempotent,
            open_world_hint=True,
        ),
        meta={"ui": {"resourceUri": VIEW_URI}} if entry.has_view else None,
        auth=require_scopes(entry.scope) if scoped else None,
    )
    return tool.model_copy(update={"parameters": without_references(tool.parameters)})


def without_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Answers a schema with its definitions put where they are used: not every client follows references.

    FastMCP would do it at the first `tools/list`, with a library that can also load schemas over the network and
    brings 5 MiB for that. No definition of ours holds itself.
    """
    definitions = schema.pop("$defs", {})

    def placed(part: Any) -> Any:
        if isinstance(part, list):
            return [placed(entry) for entry in part]
        if not isinstance(part, dict):
            return part
        name = part.get("$ref", "").rpartition("/")[2]
        held = {key: placed(value) for key, value in part.items() if key != "$ref"}
        return {**placed(definitions[name]), **held} if name else held

    whole: dict[str, Any] = placed(schema)
    return whole


def teaching(tool: Callable[P, Awaitable[ToolResult]]) -> Callable[P, Awaitable[ToolResult]]:
    """Wraps a tool so that our own errors reach the model as they are.

    The docstring stays behind: FastMCP would load a parser for it, which costs each start 20 ms and 2 MiB.
    """

    @wraps(tool, assigned=("__module__", "__name__", "__qualname__", "__annotations__"))
    async def taught(*args: P.args, **kwargs: P.kwargs) -> ToolResult:
        try:
            return await tool(*args, **kwargs)
        except QarnotError as error:
            # FastMCP logs a ToolError at its own level: a refused argument is no fault of the server.
            raise ToolError(str(error), log_level=logging.DEBUG) from error

    return taught


def skip_hidden_list(server: FastMCP[dict[str, House]], schemas: Mapping[str, Mapping[str, Any]]) -> None:
    """Spares the `tools/list` that every modern `tools/call` would run first to look up one schema.

    FastMCP 4.1 leaves the SDK's hook for it unset, and the list costs several times the call itself. The attribute is
    private: a test fails when it stops working.
    """
    server._mcp_server.get_tool_input_schema = schemas.get
