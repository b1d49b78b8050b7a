"""What stands around each request: nothing secret leaves, connections are checked, calls are explained and logged."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from fastmcp.exceptions import FastMCPError, ToolError
from fastmcp.prompts import PromptResult
from fastmcp.resources import ResourceResult
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult
from mcp import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    DiscoverRequest,
    DiscoverResult,
    GetPromptRequestParams,
    InitializeRequest,
    InitializeResult,
    ReadResourceRequestParams,
    TextContent,
)

from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot.errors import InvalidArgument, KeyRefused, QarnotError
from qarnot_mcp.server.arguments import CallRefusedError, normalise_arguments
from qarnot_mcp.server.connection import Connection
from qarnot_mcp.text.known_secrets import KnownSecrets, known_secrets, serving
from qarnot_mcp.text.masking import secrets_in_task
from qarnot_mcp.tools.context import CallRecord, current_call, current_key

log = logging.getLogger("qarnot_mcp.server.middleware")


class CallMiddleware(Middleware):
    """Rewrites argument errors for the model and logs each call with its outcome; arguments are never logged.

    `schemas` are those of the tools; `connection` returns what the connection of the call being served sees.
    `end_session` ends the sign-in of a caller whose key Qarnot refuses; without sign-ins there is none.
    """

    def __init__(
        self,
        schemas: Mapping[str, Mapping[str, Any]],
        connection: Callable[[], Connection],
        end_session: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._schemas = schemas
        self._connection = connection
        self._end_session = end_session

    async def on_call_tool(
        self, context: MiddlewareContext[CallToolRequestParams], call_next: CallNext[CallToolRequestParams, ToolResult]
    ) -> ToolResult:
        """Pass the call on and log how it went."""
        name, started = context.message.name, time.perf_counter()
        record, outcome, defect = CallRecord(), "ok", None
        meant, warnings = normalise_arguments(context.message.arguments or {}, self._schemas.get(name, {}))
        # A task that is submitted has secrets, too, whether it starts or is refused.
        known_secrets().learn(secrets_in_task(meant))
        context = context.copy(message=context.message.model_copy(update={"arguments": meant}))
        token = current_call.set(record)
        recorder().add("calls_in_flight")
        try:
            if refusal := self._connection().refusal(name):
                raise CallRefusedError(refusal.message, refusal.outcome)
            return with_warnings(await call_next(context), warnings)
        except CallRefusedError as error:
            outcome = error.outcome
            raise
        except ToolError as error:
            if isinstance(error.__cause__, QarnotError):
                outcome = type(error.__cause__).__name__
                if isinstance(error.__cause__, KeyRefused) and self._end_session is not None:
                    await self._end_session()
                raise
            outcome, defect = "defect", error.__cause__
            raise ToolError(
                f"{name} met a defect of this server, not of your call (request {record.request_id}). "
                "The server goes on; its log tells more. A read can be tried again; after submit_task look for the "
                "task with list_tasks first.",
                log_level=logging.DEBUG,
            ) from None
        except BaseException as error:
            outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else type(error).__name__
            raise
        finally:
            current_call.reset(token)
            self._write(name, outcome, time.perf_counter() - started, record, defect)

    def _write(self, name: str, outcome: str, seconds: float, record: CallRecord, defect: BaseException | None) -> None:
        known = "(unknown)" if outcome == "unknown tool" else name
        recorder().add("calls_in_flight", amount=-1)
        recorder().add("calls", known, outcome)
        recorder().add("call_seconds", known, amount=seconds)
        facts = {
            "tool": known,
            "outcome": outcome,
            "milliseconds": round(seconds * 1000, 1),
            "upstream_calls": record.upstream_calls,
            "request_id": record.request_id,
        }
        log.log(logging.ERROR if defect else logging.INFO, "%s %s", known, outcome, extra=facts, exc_info=defect)


def with_warnings(result: ToolResult, warnings: list[str]) -> ToolResult:
    """Return the result with what was taken differently, said in text and in structure."""
    if warnings:
        result.content.append(TextContent(type="text", text=" ".join(warnings)))
        if result.structured_content is not None:
            result.structured_content["argument_warnings"] = warnings
    return result


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
