"""One call of a tool from outside: what the model reads when it fails, and the one line that the log keeps of it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult
from mcp_types import CallToolRequestParams, TextContent

from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot.errors import KeyRefused, QarnotError
from qarnot_mcp.server.arguments import WrongArgumentsError, normalise_arguments
from qarnot_mcp.server.connection import Connection
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.text.masking import secrets_in_task
from qarnot_mcp.tools.context import CallRecord, current_call

log = logging.getLogger("qarnot_mcp.server.middleware")


class CallRefusedError(ToolError):
    """A call of a tool that the connection does not show."""


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
        recorder().call_started()
        try:
            if refusal := self._connection().refusal(name):
                outcome = refusal.outcome
                raise CallRefusedError(refusal.message, log_level=logging.DEBUG)
            return with_warnings(await call_next(context), warnings)
        except CallRefusedError:
            raise
        except WrongArgumentsError as error:
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
        recorder().call_ended(known, outcome, seconds)
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
