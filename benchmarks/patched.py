"""`python -m benchmarks.patched NAME --port N`: our server with a change of a library that only its authors can make.

None of it is part of the product: it says what each change would be worth to them and to us.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from mcp.server import _streamable_http_modern, streamable_http_manager
from mcp_types import methods as mcp_methods
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# Nothing in them is meant to be changed.
modern = cast(Any, _streamable_http_modern)
manager = cast(Any, streamable_http_manager)
methods = cast(Any, mcp_methods)


class Patch(NamedTuple):
    """A change of a library."""

    library: str
    change: str
    apply: Callable[[], None]


def no_stream() -> None:
    """Answer a modern request without a progress token as `json_response=True` does: nothing else is ever streamed."""
    handle = modern.handle_modern_request

    async def patched(app: Any, security: Any, _: bool, state: Any, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()

        async def again() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        await handle(app, security, b'"progressToken"' not in body, state, scope, again, send)

    manager.handle_modern_request = patched


def no_second_validation() -> None:
    """Let a result that came as a model pass: it is dumped by its own types, and validated again by the same."""

    def patched(method: str, version: str, data: Any, **_: Any) -> dict[str, Any]:
        # What the era does not have is left out, as the validation does it.
        is_modern = version in MODERN_PROTOCOL_VERSIONS
        return {name: value for name, value in data.items() if is_modern or name != "resultType"}

    methods.serialize_server_result = patched


def json_by_pydantic() -> None:
    """Write a response in one pass instead of two."""

    async def patched(message: Any, scope: Scope, receive: Receive, send: Send) -> None:
        body = to_json(message, by_alias=True, exclude_none=True)
        await Response(body, media_type="application/json")(scope, receive, send)

    modern._write = patched


def one_exchange() -> None:
    """Serve a legacy request without sessions as a modern one: by one exchange, not by a server of its own."""
    through_server = manager.StreamableHTTPSessionManager._handle_stateless_request

    async def patched(self: Any, version: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = json.loads(await request.body())
        if asked["method"] != "tools/call" or version is None:
            await through_server(self, version, scope, receive, send)
            return
        context = modern._SingleExchangeDispatchContext(
            transport=modern.TransportContext(kind="streamable-http", can_send_request=False, headers=request.headers),
            request_id=asked["id"],
            message_metadata=modern.ServerMessageMetadata(request_context=request),
        )
        connection = modern.Connection.from_envelope(version, None, None)
        answer = await modern._to_jsonrpc_response(
            asked["id"],
            modern.serve_one(
                self.app,
                context,
                asked["method"],
                asked["params"],
                connection=connection,
                lifespan_state=self._lifespan_state,
            ),
        )
        await Response(modern._sse_event(answer), media_type="text/event-stream")(scope, receive, send)

    manager.StreamableHTTPSessionManager._handle_stateless_request = patched


def structure_as_it_is() -> None:
    """Leave a structure that is a dict: it is validated as one next, and written as JSON in the end."""
    from fastmcp.tools import base as tools_base

    base = cast(Any, tools_base)
    serialize = base._serialize_to_jsonable

    def patched(data: Any, annotation: Any = Any) -> Any:
        return data if type(data) is dict else serialize(data, annotation)

    base._serialize_to_jsonable = patched


def free_locks() -> None:
    """Take a lock that is free at once, not after a turn of the event loop, and ask once which async library runs."""
    import anyio
    from httpcore import _synchronization

    def set_up(lock: Any) -> None:
        lock._backend = "asyncio"
        lock._anyio_lock = anyio.Lock(fast_acquire=True)

    cast(Any, _synchronization).current_async_library = lambda: "asyncio"
    cast(Any, _synchronization.AsyncLock).setup = set_up


PATCHES = {
    "one exchange": Patch("mcp", "a legacy request without sessions is served by `serve_one`", one_exchange),
    "no stream": Patch("mcp", "no task group and streams for a request without a progress token", no_stream),
    "no second validation": Patch("mcp", "a result that is a model is not validated again", no_second_validation),
    "one pass": Patch("mcp", "`_write` by `pydantic_core.to_json`", json_by_pydantic),
    "structure as it is": Patch("fastmcp", "`ToolResult` leaves a structure that is a dict", structure_as_it_is),
    "free locks": Patch("httpcore", "a lock that is free is taken at once (`fast_acquire=True`)", free_locks),
}


if __name__ == "__main__":
    from qarnot_mcp.cli import main

    names = sys.argv.pop(1)
    for name in PATCHES if names == "all" else [names] if names else []:
        PATCHES[name].apply()
    main()
