"""One call of a tool from outside: what the model reads when it fails, and the one line that the log keeps of it."""

import asyncio
import difflib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import wraps
from typing import Any, ParamSpec

from fastmcp.exceptions import NotFoundError, ToolError, ValidationError
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult
from mcp_types import CallToolRequestParams
from pydantic import ValidationError as WrongArguments

from qarnot_mcp.qarnot.errors import QarnotError, ReadOnly
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.context import CallRecord, current_call

SHOWN_CHARACTERS = 80

log = logging.getLogger("qarnot_mcp.server.middleware")
P = ParamSpec("P")


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
        meant = as_meant(context.message.arguments or {}, self._schemas.get(name, {}))
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


def as_meant(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Answers the arguments that a model meant.

    Null or a blank text for an optional parameter is one that was left out; a text for a list is the list that it
    holds as JSON, or the only entry of one.
    """
    properties, required = schema.get("properties", {}), schema.get("required", ())
    meant = {}
    for name, given in arguments.items():
        is_blank = given is None or (isinstance(given, str) and not given.strip())
        if is_blank and name in properties and name not in required:
            continue
        is_text_for_list = isinstance(given, str) and "array" in types_of(properties.get(name, {}))
        meant[name] = as_list(given) if is_text_for_list else given
    return meant


def as_list(text: str) -> Any:
    """Answers the list or object that a text holds as JSON, else a list of the text alone."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return held if isinstance(held, list | dict) else [text]


def explain_arguments(cause: BaseException | None, schema: Mapping[str, Any]) -> str:
    """Says in plain words which argument is wrong, what was given and what is valid."""
    if not isinstance(cause, WrongArguments):
        return "The arguments do not fit the tool's input schema. Compare them with it and call again."
    properties: Mapping[str, Any] = schema.get("properties", {})
    messages = []
    for fault in cause.errors(include_url=False, include_context=False)[:3]:
        where = [str(part) for part in fault["loc"]]
        parameter = where[0] if where else "arguments"
        valid = properties.get(parameter)
        if fault["type"] == "missing_argument" or (fault["type"] == "missing" and len(where) == 1):
            messages.append(f"{parameter} is missing: {describe(valid)}")
        elif valid is None:
            nearest = difflib.get_close_matches(parameter, properties, n=1)
            meant = f" Did you mean {nearest[0]}?" if nearest else ""
            names = ", ".join(properties) or "none"
            messages.append(
                f"{one_line(parameter, 60)} is not a parameter of this tool.{meant} Its parameters: {names}."
            )
        else:
            given = one_line(repr(fault["input"]), SHOWN_CHARACTERS)
            messages.append(f"{parameter} is {given}, which does not fit: {describe(valid)}")
    return " ".join(dict.fromkeys(messages))


def describe(valid: Mapping[str, Any] | None) -> str:
    """Says what a parameter takes, from its JSON schema."""
    if valid is None:
        return "see the tool's input schema."
    types = types_of(valid)
    choices = [str(choice) for kind in (valid, *valid.get("anyOf", [])) for choice in kind.get("enum", [])]
    form = (
        f"one of {', '.join(choices)}" if choices else f"a value of type {' or '.join(types)}" if types else "a value"
    )
    return f"give {form}. {valid.get('description', '')}".strip()


def types_of(valid: Mapping[str, Any]) -> list[str]:
    """Answers the JSON types that a parameter takes, beside null."""
    kinds = [valid, *valid.get("anyOf", [])]
    return [kind["type"] for kind in kinds if "type" in kind and kind["type"] != "null"]


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
