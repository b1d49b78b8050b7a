"""The sandbox as an ASGI app: requests in, responses out, and the requested faults in between."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.types import ASGIApp, Receive, Scope, Send

from qarnot_mcp.sandbox.api import storage_signature
from qarnot_mcp.sandbox.api.endpoints import Api
from qarnot_mcp.sandbox.api.routing import Request, Response, error_response
from qarnot_mcp.sandbox.api.storage import MAX_BODY_BYTES as MAX_STORED_BYTES
from qarnot_mcp.sandbox.api.storage import Storage
from qarnot_mcp.sandbox.api.storage_signature import StorageRequest
from qarnot_mcp.sandbox.control.faults import Fault, read_fault
from qarnot_mcp.sandbox.control.hostility import hostile_pieces
from qarnot_mcp.sandbox.control.switches import Control, key_tag
from qarnot_mcp.sandbox.platform.buckets import MAX_BYTES
from qarnot_mcp.sandbox.platform.platform import DEFAULT_SPEED, Platform
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import ApiError, api_error

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Bytes of a request body that are read; a larger one is a 413."""
_MAX_QUERY_FIELDS = 200
_ENDLESS_PIECE = b" " * 65536
_MAX_ENDLESS_PIECES = 16384
_MAX_ENDLESS_PIECES_IN_PROCESS = 64
_SLOW_PIECES = 20


def create_app(
    *,
    speed: float = DEFAULT_SPEED,
    seed: int | None = None,
    clock: Callable[[], float] = time.time,
    storage_bytes: int = MAX_BYTES,
    opens_storage: bool = False,
) -> "Sandbox":
    """Return a new sandbox, an ASGI app; two sandboxes share no state.

    `speed` is how many platform seconds pass in one second of `clock` (0.01 to 1,000,000); `seed` makes the world
    and every draw in it repeatable; `storage_bytes` is what the buckets of an account may take. With `opens_storage` an
    app called within a process opens a socket for its storage. The app needs no lifespan events. Raises ValueError for
    a speed out of range.
    """
    platform = Platform(speed=speed, seed=seed, clock=clock, storage_bytes=storage_bytes)
    return Sandbox(platform, opens_storage=opens_storage)


class Sandbox:
    """The app: answers each request of the server."""

    def __init__(self, platform: Platform, *, opens_storage: bool) -> None:
        self._platform = platform
        self._api = Api(platform)
        self._storage = Storage(platform)
        self._control = Control(platform)
        self._loopback = Loopback(self) if opens_storage else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Return one request; other kinds of scope are left alone."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        is_for_storage = storage_signature.is_for_storage(headers, scope["query_string"])
        try:
            body = await _read_body(scope, receive, MAX_STORED_BYTES if is_for_storage else MAX_BODY_BYTES)
        except ClientDisconnect:
            return
        segments = tuple(segment for segment in scope["path"].split("/") if segment)
        if is_for_storage:
            await self._storage_call(scope, receive, send, headers, body)
        elif body is None:
            await _send(send, error_response(api_error(413, f"The body is larger than {MAX_BODY_BYTES} bytes")))
        elif segments and segments[0].lower() == "sandbox":
            name = "/".join(segments[1:]).lower()
            await _send(send, self._control.respond(scope["method"], name, body))
        else:
            await self._api_call(scope, receive, send, headers, segments, body)

    async def _storage_call(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], body: bytes | None
    ) -> None:
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        request = None if body is None else StorageRequest(scope["method"], path, query, headers, body)
        fault = self._control.faults.take(scope["method"], f"/storage{path}".lower(), "")
        response = None if fault and not fault.is_after else self._storage.respond(request)
        self._write_journal(scope["method"], f"/storage{path}", "", headers, response, fault)
        await _finish(fault, response or Response(200), receive, send)

    async def _api_call(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: Mapping[str, str],
        segments: tuple[str, ...],
        body: bytes,
    ) -> None:
        if segments and segments[0].lower() == "v1":
            segments = segments[1:]
        if len(segments) > 2 and segments[0].lower() == "secrets-manager":
            segments = (*segments[:2], "/".join(segments[2:]))
        key = headers.get("authorization", "")
        method, path = scope["method"], "/" + "/".join(segments)
        try:
            asked = headers.get("x-sandbox-fault")
            fault = read_fault(Body(parse_body(asked.encode("latin-1")))) if asked else None
        except ApiError as error:
            await _send(send, error_response(error))
            return
        fault = fault or self._control.faults.take(method, path.lower(), key)
        response = None
        if fault is None or fault.is_after:
            fields = tuple(parse_qsl(scope["query_string"].decode("latin-1")))[:_MAX_QUERY_FIELDS]
            late_seconds = 0.0 if fault is None else fault.late_seconds
            storage = self._storage_address(scope, send, headers.get("host"))
            response = self._api.respond(Request(method, segments, fields, body, key, late_seconds, storage))
        self._write_journal(method, path, key, headers, response, fault)
        await _finish(fault, response or Response(200, b"{}"), receive, send)

    def _storage_address(self, scope: Scope, send: Send, host: str | None) -> str | None:
        """Return where the caller reaches the storage; one in the same process needs a socket for it."""
        if _transport_under(send) is not None:
            return f"{scope['scheme']}://{host}" if host else None
        return None if self._loopback is None else self._loopback.address()

    def _write_journal(
        self,
        method: str,
        path: str,
        key: str,
        headers: Mapping[str, str],
        response: Response | None,
        fault: Fault | None,
    ) -> None:
        self._control.journal.append(
            {
                "method": method,
                "path": path[:500],
                "status": None if response is None else response.status,
                "account": self._platform.email(key),
                "key_tag": key_tag(key),  # The key itself is not kept.
                "user_agent": headers.get("user-agent", "")[:200],
                "request_id": headers.get("x-request-id", "")[:200] or None,
                "fault": None if fault is None else fault.kind,
            }
        )


async def _read_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes | None:
    """Return the body of a request, None for one that is too large; raises ClientDisconnect for half a body."""
    body = bytearray()
    async for piece in HttpRequest(scope, receive).stream():
        body += piece
        if len(body) > max_bytes:
            return None
    return bytes(body)


async def _start(send: Send, response: Response, content_length: int | None) -> None:
    headers = [(b"content-type", response.content_type.encode())]
    headers += [(name.encode(), value.encode()) for name, value in response.headers.items()]
    if content_length is not None:
        headers.append((b"content-length", str(content_length).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})


async def _send(send: Send, response: Response) -> None:
    await _start(send, response, None if response.status == 204 else len(response.content))
    await _send_piece(send, response.content, is_last=True)


async def _send_piece(send: Send, piece: bytes, *, is_last: bool = False) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": not is_last})


async def _finish(fault: Fault | None, response: Response, receive: Receive, send: Send) -> None:
    """Send a response, or what a fault makes of it."""
    if fault is None or fault.kind == "late":
        await _send(send, response)
        return
    match fault.kind:
        case "disconnect":
            await _break(send, receive, has_response=False)
        case "cut":
            await _start(send, response, len(response.content) + 1000)
            await _send_piece(send, response.content[: len(response.content) // 2])
            await _break(send, receive, has_response=True)
        case "slow":
            await _trickle(fault, response, send)
        case "endless":
            await _never_end(response, receive, send)
        case "not_json":
            page = b"<html><body><h1>Fault on demand</h1></body></html>"
            await _send(send, Response(200, page, "text/html; charset=utf-8"))
        case "wrong_type":
            other = b'["unexpected"]' if response.content[:1] == b"{" else b'{"unexpected":true}'
            await _send(send, Response(200, other))
        case "hostile":
            await _start(send, Response(200, b"", response.content_type), None)
            for piece in hostile_pieces(response.content, fault.variant, fault.size):
                await _send_piece(send, piece)
            await _send_piece(send, b"", is_last=True)
        case _:
            error = error_response(api_error(fault.status, fault.message))
            headers = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
            await _send(send, Response(error.status, error.content, error.content_type, headers))


def _transport_under(send: Send) -> Any:
    """Return the transport of a request's connection; None in the same process."""
    # uvicorn's `send` is a method of the object that holds it, in its httptools and h11 protocols alike.
    return getattr(getattr(send, "__self__", None), "transport", None)


async def _break(send: Send, receive: Receive, *, has_response: bool) -> None:
    """Break the connection under a request.

    Under uvicorn the socket itself is closed: at once when nothing was sent, else after what was written.
    In-process there is none, and the caller gets the ConnectionResetError.
    """
    transport = _transport_under(send)
    if transport is None:
        raise ConnectionResetError("the sandbox was asked to break this connection")
    if has_response:
        transport.close()
    else:
        transport.abort()
    message_type = ""
    while message_type != "http.disconnect":
        message_type = (await receive())["type"]


async def _trickle(fault: Fault, response: Response, send: Send) -> None:
    await _start(send, response, len(response.content))
    size = max(1, -(-len(response.content) // _SLOW_PIECES))
    for start in range(0, len(response.content), size):
        await asyncio.sleep(fault.seconds / _SLOW_PIECES)
        await _send_piece(send, response.content[start : start + size])
    await _send_piece(send, b"", is_last=True)


async def _never_end(response: Response, receive: Receive, send: Send) -> None:
    await _start(send, response, None)
    await _send_piece(send, response.content[:-1])
    listener = asyncio.ensure_future(receive())
    try:
        # A caller in the same process would keep every piece: it gets fewer.
        for _ in range(_MAX_ENDLESS_PIECES if _transport_under(send) is not None else _MAX_ENDLESS_PIECES_IN_PROCESS):
            if listener.done():
                return
            await _send_piece(send, _ENDLESS_PIECE)
            await asyncio.sleep(0)
    finally:
        listener.cancel()
    await _break(send, receive, has_response=True)


class Loopback:
    """Serves an app on a free port of this machine, from the first time that somebody asks for its address.

    It runs in the event loop of who asks, and ends with it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._address: str | None = None
        self._serving: asyncio.Task[None] | None = None

    def address(self) -> str:
        """Return the address; connections wait there until the server is up."""
        if self._address is None:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            self._address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._serving = asyncio.create_task(self._serve(listener))
        return self._address

    async def _serve(self, listener: socket.socket) -> None:
        config = uvicorn.Config(self._app, lifespan="off", ws="none", log_config=None, access_log=False)
        server = _Server(config)
        try:
            await server.serve(sockets=[listener])
        finally:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            for each in getattr(server, "servers", ()):
                each.close()
            listener.close()


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process it is in."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()
