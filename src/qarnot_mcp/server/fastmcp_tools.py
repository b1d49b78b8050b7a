"""How a tool of the registry becomes one that FastMCP serves, and what of FastMCP is bent for it."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import AuthCheck
from fastmcp.tools import Tool
from fastmcp.tools.base import ToolResult
from fastmcp.utilities.versions import VersionSpec
from mcp.server import CacheHint
from mcp_types import Icon, ToolAnnotations
from mcp_types import Tool as ListedTool
from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from qarnot_mcp.dashboard.document import VIEW_URI
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.server.arguments import read_arguments
from qarnot_mcp.tools.answers import Result, answer
from qarnot_mcp.tools.checks import Arguments
from qarnot_mcp.tools.context import ServerContext, current_key, message_here
from qarnot_mcp.tools.toolset import ToolEntry

LIST_SECONDS = 300
"""As the discovery documents of the sign-in: what can be listed changes with a new version of the server only."""
LISTS = ("server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list")


class ModelTool(Tool):
    """A tool whose arguments are one model: its schema is the model's, and its function takes the model."""

    arguments: type[Arguments]
    function: Callable[..., Awaitable[Result | ToolResult]]

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Check the key, then the arguments, and run the function; an error of the tree reaches the model as it is."""
        try:
            current_key()  # without a usable one nothing is built from the arguments
            return answer(await self.function(read_arguments(self.arguments, arguments, self.parameters)))
        except QarnotError as error:
            # The frames of its traceback hold what was read of a response, until the garbage collector comes by.
            error.__context__ = None
            # FastMCP logs a ToolError at its own level: a refused argument is no fault of the server.
            raise ToolError(message_here(error), log_level=logging.DEBUG) from error.with_traceback(None)
        except ValidationError as error:
            # Not about the arguments, for which FastMCP would take it.
            raise ToolError(f"{self.name} failed") from error

    def to_mcp_tool(self, **overrides: Any) -> ListedTool:
        """Return the tool as it is listed, without FastMCP's own entry in its meta: tags, of which there are none."""
        return super().to_mcp_tool(**{"_meta": self.meta, **overrides})


class ToolServer(FastMCP[dict[str, ServerContext]]):
    """A server that finds its tools by their names, where FastMCP asks every provider, transform and check."""

    shown_tool: Callable[[str], Tool | None] | None = None
    """Returns a tool by its name, None for one that the connection being served does not show."""

    async def get_tool(self, name: str, version: VersionSpec | None = None) -> Tool | None:
        """Return a tool that is shown; ours have no versions."""
        if self.shown_tool is None or version is not None:
            return await super().get_tool(name, version)
        return self.shown_tool(name)


class SchemaWithoutTitles(GenerateJsonSchema):
    """Schemas of arguments: a title would say the name of the parameter again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return that no field gets a title."""
        return False

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """Return the schema of a model without its name."""
        return {key: part for key, part in super().model_schema(schema).items() if key != "title"}


class OutputSchema(SchemaWithoutTitles):
    """Schemas of results: what a model's docstring says, its fields say."""

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """Return the schema of a model without its name and its docstring."""
        return {key: part for key, part in super().model_schema(schema).items() if key != "description"}


def make_tool(entry: ToolEntry, shown: AuthCheck | None = None, icons: list[Icon] | None = None) -> ModelTool:
    """Return the tool that FastMCP serves to those for whom `shown` returns True."""
    return ModelTool(
        name=entry.name,
        title=entry.title,
        icons=icons,
        description=inspect.getdoc(entry.function),
        arguments=entry.arguments,
        function=entry.function,
        parameters=schema_of(entry.arguments),
        output_schema=output_schema_of(entry.result),
        annotations=ToolAnnotations(
            title=entry.title,
            read_only_hint=not entry.writes,
            destructive_hint=entry.destroys,
            # What is left out is as the protocol assumes it: said, it takes a thousand characters in all sets.
            idempotent_hint=True if entry.writes and entry.idempotent else None,
        ),
        meta={"ui": {"resourceUri": VIEW_URI}} if entry.has_view else None,
        auth=shown,
    )


@cache
def output_schema_of(result: type[Result]) -> dict[str, Any]:
    """Return the output schema of a tool."""
    return plain_schema(result.model_json_schema(mode="serialization", schema_generator=OutputSchema))


@cache
def schema_of(arguments: type[Arguments]) -> dict[str, Any]:
    """Return the input schema of a tool."""
    schema = plain_schema(arguments.model_json_schema(schema_generator=SchemaWithoutTitles))
    return {key: part for key, part in schema.items() if key != "description"}


def plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in the words that Claude, OpenAI and Gemini all take.

    Without references, with `enum` for `const`, and without null: a parameter that may be left out is not required, and
    fields that are None are not sent. Defaults that say nothing are left out.
    """
    plain: dict[str, Any] = _plain(without_references(schema))
    return plain


def _is_nothing(default: Any) -> bool:
    """Return whether a default is what a parameter that is left out means anyway: nothing, no, or no text."""
    return default is None or default is False or default == ""


def _plain(part: Any) -> Any:
    if isinstance(part, list):
        return [_plain(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    held = {key: _plain(value) for key, value in part.items() if key != "default" or not _is_nothing(value)}
    if "const" in held and not isinstance(held["const"], dict):
        held["enum"] = [held.pop("const")]
    if isinstance(held.get("anyOf"), list):
        kinds = [kind for kind in held.pop("anyOf") if kind != {"type": "null"}]
        held = {**kinds[0], **held} if len(kinds) == 1 else {**held, "anyOf": kinds}
    return held


def without_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with its definitions put where they are used: not every client follows references.

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


def skip_hidden_list(server: FastMCP[dict[str, ServerContext]], schemas: Mapping[str, Mapping[str, Any]]) -> None:
    """Skip the `tools/list` that every modern `tools/call` would run first to look up one schema.

    FastMCP 4.1 leaves the SDK's hook for it unset, and the list costs several times the call itself. The attribute is
    private: a test fails when it stops working.
    """
    server._mcp_server.get_tool_input_schema = schemas.get


def add_cache_hints(server: FastMCP[Any]) -> None:
    """Let clients keep the lists for some minutes, each for its own sign-in and address; what is read stays fresh.

    FastMCP 4.1 takes one hint for all methods, reading the state of a task included. The attribute is private: a test
    fails when it stops working.
    """
    hint = CacheHint(ttl_ms=LIST_SECONDS * 1000, scope="private")
    server._mcp_server.cache_hints.update(dict.fromkeys(LISTS, hint))
