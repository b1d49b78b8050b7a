"""What a client reads about its connection: instructions that fit it, and what it asked for wrongly."""

from collections.abc import Callable
from typing import Any

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from mcp import MCPError
from mcp_types import (
    INVALID_PARAMS,
    DiscoverRequest,
    DiscoverResult,
    InitializeRequest,
    InitializeResult,
)

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.server.connection import Connection


class ToolsetMiddleware(Middleware):
    """Refuses what a connection asks for wrongly, and says in the instructions which tool sets it does not show."""

    def __init__(self, connection: Callable[[], Connection]) -> None:
        self._connection = connection

    async def on_request(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Refuse every request of a connection that asks for what there is not."""
        try:
            self._connection()
        except InvalidArgument as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None
        return await call_next(context)

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
