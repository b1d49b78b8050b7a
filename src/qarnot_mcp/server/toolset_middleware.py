"""What a client reads about the server, by its connection: tools, instructions, and what it asked for wrongly."""

from collections.abc import Callable, Sequence
from typing import Any

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import Tool
from mcp import MCPError
from mcp_types import (
    INVALID_PARAMS,
    DiscoverRequest,
    DiscoverResult,
    InitializeRequest,
    InitializeResult,
    ListToolsRequest,
)

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.server.connection import Connection


class ToolsetMiddleware(Middleware):
    """Lists the tools that the connection shows, and says in the instructions which sets it does not."""

    def __init__(self, connection: Callable[[], Connection]) -> None:
        self._connection = connection

    async def on_request(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Refuse every request of a connection that asks for what there is not."""
        try:
            self._connection()
        except InvalidArgument as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None
        return await call_next(context)

    async def on_list_tools(
        self, context: MiddlewareContext[ListToolsRequest], call_next: CallNext[ListToolsRequest, Sequence[Tool]]
    ) -> Sequence[Tool]:
        """Leave out the tools that the connection does not show."""
        connection = self._connection()
        return [tool for tool in await call_next(context) if connection.shows(tool.name)]

    async def on_initialize(
        self,
        context: MiddlewareContext[InitializeRequest],
        call_next: CallNext[InitializeRequest, InitializeResult | None],
    ) -> InitializeResult | None:
        """Add the note on the connection to the instructions (protocols with a handshake)."""
        result = await call_next(context)
        return None if result is None else result.model_copy(update=self._instructions(result.instructions))

    async def on_discover(
        self,
        context: MiddlewareContext[DiscoverRequest],
        call_next: CallNext[DiscoverRequest, DiscoverResult | dict[str, Any]],
    ) -> DiscoverResult | dict[str, Any]:
        """Add the note on the connection to the instructions (protocols without a handshake)."""
        result = await call_next(context)
        assert isinstance(result, DiscoverResult)  # noqa: S101 - only extensions answer otherwise, and there are none
        return result.model_copy(update=self._instructions(result.instructions))

    def _instructions(self, instructions: str | None) -> dict[str, str]:
        note = self._connection().note()
        return {"instructions": "\n\n".join(filter(None, (instructions, note)))}
