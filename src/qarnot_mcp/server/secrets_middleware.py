"""The one way out: nothing that is known to be secret leaves in a result, an error, a resource or a prompt."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from fastmcp.exceptions import FastMCPError
from fastmcp.prompts import PromptResult
from fastmcp.resources import ResourceResult
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult
from mcp_types import CallToolRequestParams, GetPromptRequestParams, ReadResourceRequestParams, TextContent

from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.text.known_secrets import KnownSecrets, known_secrets, serving
from qarnot_mcp.tools.context import current_key


class SecretsMiddleware(Middleware):
    """Hides what became known while a request was served: the caller's key, and the secrets of each task it met."""

    async def on_message(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Keep what is learned until the request is answered."""
        with serving():
            return await call_next(context)

    async def on_call_tool(
        self, context: MiddlewareContext[CallToolRequestParams], call_next: CallNext[CallToolRequestParams, ToolResult]
    ) -> ToolResult:
        """Hide in the texts of a result, in its structure and in what only a view reads."""
        with hidden_in_errors() as secrets:
            result = await call_next(context)
            hide_in_result(result, secrets)
            return result

    async def on_read_resource(
        self,
        context: MiddlewareContext[ReadResourceRequestParams],
        call_next: CallNext[ReadResourceRequestParams, ResourceResult],
    ) -> ResourceResult:
        """Hide in the texts of a resource."""
        with hidden_in_errors() as secrets:
            result = await call_next(context)
            for part in result.contents:
                if isinstance(part.content, str) and part.mime_type == "application/json":
                    part.content = secrets.hide_in_json(part.content)
            return result

    async def on_get_prompt(
        self,
        context: MiddlewareContext[GetPromptRequestParams],
        call_next: CallNext[GetPromptRequestParams, PromptResult],
    ) -> PromptResult:
        """Hide in the texts of a prompt, which repeat what a person typed."""
        with suppress(QarnotError):
            current_key()
        with hidden_in_errors() as secrets:
            result = await call_next(context)
            for message in result.messages:
                if isinstance(message.content, TextContent):
                    message.content.text = secrets.hide(message.content.text)
            return result


@contextmanager
def hidden_in_errors() -> Iterator[KnownSecrets]:
    """Hide in the error that is raised inside, too."""
    secrets = known_secrets()
    try:
        yield secrets
    except FastMCPError as error:
        error.args = (secrets.hide(str(error)),)
        raise


def hide_in_result(result: ToolResult, secrets: KnownSecrets) -> None:
    """Hide in a result; text and structure go on saying the same."""
    is_changed = False
    for block in result.content:
        if isinstance(block, TextContent):
            hidden = secrets.hide_in_json(block.text)
            is_changed = is_changed or hidden != block.text
            block.text = hidden
    # The structure holds what the texts hold, and is only walked through where there is something to hide.
    if is_changed:
        result.structured_content = secrets.hide_in(result.structured_content)
    result.meta = secrets.hide_in(result.meta)
