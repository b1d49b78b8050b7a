"""One call of a tool from outside: what the model reads when it fails, and the one line that the log keeps of it."""

import asyncio
import difflib
import logging
import time
from collections.abc import Collection, Mapping
from typing import Any

from fastmcp.exceptions import NotFoundError, ToolError, ValidationError
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult
from mcp_types import CallToolRequestParams

from qarnot_mcp.qarnot.errors import QarnotError, ReadOnly
from qarnot_mcp.server.arguments import explain_arguments, normalise_arguments
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.context import CallRecord, current_call

log = logging.getLogger("qarnot_mcp.server.middleware")


class CallMiddleware(Middleware):
    """Rewrites argument errors for the model and logs each call with its outcome; arguments are never logged.

    `schemas` are those of the tools; `withheld` are the names of the tools that read-only mode leaves out.
    """

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]], withheld: Collection[str] = ()) -> None:
        self._schemas = schemas
        self._withheld = withheld

    async def on_call_tool(
        self, context: MiddlewareContext[CallToolRequestParams], call_next: CallNext[CallToolRequestParams, ToolResult]
    ) -> ToolResult:
        """Passes the call on, and says how it went."""
        name, started = context.message.name, time.perf_counter()
        record, outcome, defect = CallRecord(), "ok", None
        meant = normalise_arguments(context.message.arguments or {}, self._schemas.get(name, {}))
        context = context.copy(message=context.message.model_copy(update={"arguments": meant}))
        token = current_call.set(record)
        try:
            return await call_next(context)
        except ValidationError as error:
            outcome = "refused"
            schema = self._schemas.get(name, {})
            raise ToolError(explain_arguments(error.__cause__, schema), log_level=logging.DEBUG) from None
        except NotFoundError:
            if name in self._schemas:  # there is one, but FastMCP hides it from a token without its scope
                outcome = "not allowed"
                raise ToolError(explain_hidden_tool(name), log_level=logging.DEBUG) from None
            if name in self._withheld:
                outcome = "ReadOnly"
                raise ToolError(str(ReadOnly(f"run {name}")), log_level=logging.DEBUG) from None
            outcome = "unknown tool"
            raise ToolError(explain_unknown_tool(name, list(self._schemas)), log_level=logging.DEBUG) from None
        except ToolError as error:
            if isinstance(error.__cause__, QarnotError):
                outcome = type(error.__cause__).__name__
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
        known = name if name in self._schemas or name in self._withheld else "(unknown)"
        facts = {
            "tool": known,
            "outcome": outcome,
            "milliseconds": round(seconds * 1000, 1),
            "upstream_calls": record.upstream_calls,
            "request_id": record.request_id,
        }
        log.log(logging.ERROR if defect else logging.INFO, "%s %s", known, outcome, extra=facts, exc_info=defect)


def explain_hidden_tool(name: str) -> str:
    """Says why a tool that exists cannot be called."""
    return (
        f"{name} is not allowed here: whoever signed in chose read only, and it changes tasks. Nothing was done. To "
        "allow it, disconnect this server in the client, connect it again, and leave `Read only` off when signing in."
    )


def explain_unknown_tool(name: str, tools: list[str]) -> str:
    """Says which tools there are, the nearest one first."""
    nearest = difflib.get_close_matches(name, tools, n=1)
    meant = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"There is no tool {one_line(name, 60)!r} here.{meant} The tools of this server: {', '.join(tools)}."
