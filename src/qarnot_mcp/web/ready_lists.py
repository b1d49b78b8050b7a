"""Lists that are ready: what was answered to the same request of a connection that sees the same is sent again.

A list takes longer to make than a call of a tool, each client asks for several when it connects, and nothing in them
changes while the server runs.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from pydantic_core import from_json, to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qarnot_mcp.server.fastmcp_tools import LISTS
from qarnot_mcp.web.request_guard import replayed

MAX_ANSWERS = 64
"""Of some 30 KB each; the one that was not asked for the longest makes room."""
MAX_ANSWER_BYTES = 128 * 1024
_KEY_HEADERS = (b"accept", b"content-type")
_KEY_PREFIXES = (b"mcp-", b"x-mcp-")
_MENTIONED = re.compile(rb"/(?:list|discover)\"")
_PLAIN_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """A response whose id of the request is to be filled in."""

    headers: list[tuple[bytes, bytes]]
    before_id: bytes
    after_id: bytes


class ReadyLists:
    """Middleware that keeps the lists it sees; it stands behind the guards and the authentication.

    An answer is kept under all that decides it: who may see what, the options of the connection, the protocol, and the
    request but for its id. Whatever is unusual is left to the server, and no refusal is kept.
    """

    def __init__(self, app: ASGIApp, path: str, *, signed_in: bool) -> None:
        self._app = app
        self._path = path
        self._signed_in = signed_in
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        message = await receive()
        asked = None if message.get("more_body", False) else list_request(message.get("body", b""))
        if asked is None or (self._signed_in and not scope["user"].is_authenticated):
            await self._app(scope, replayed(message, receive), send)
            return
        request_id, rest = asked
        key = self._key(scope, rest)
        if (answer := self._answers.get(key)) is None:
            seen = _Seen(send)
            await self._app(scope, replayed(message, receive), seen)
            if (answer := seen.answer(request_id)) is not None:
                self._answers[key] = answer
                if len(self._answers) > MAX_ANSWERS:
                    self._answers.popitem(last=False)
            return
        self._answers.move_to_end(key)
        body = answer.before_id + request_id + answer.after_id
        headers = [*answer.headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _key(self, scope: Scope, rest: bytes) -> bytes:
        scopes = sorted(scope["auth"].scopes) if self._signed_in else []
        headers = sorted(
            (name, value) for name, value in scope["headers"] if name in _KEY_HEADERS or name.startswith(_KEY_PREFIXES)
        )
        return blake2b(repr((scopes, scope["query_string"], headers, rest)).encode()).digest()


class _Seen:
    """Pass a response on and remember it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._headers: list[tuple[bytes, bytes]] | None = None
        self._body = bytearray()
        self._is_whole = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._headers = [(name, value) for name, value in message["headers"] if name != b"content-length"]
        elif message["type"] == "http.response.body" and len(self._body) <= MAX_ANSWER_BYTES:
            self._body += message.get("body", b"")
            self._is_whole = not message.get("more_body", False)
        await self._send(message)

    def answer(self, request_id: bytes) -> Answer | None:
        """Return what can be sent again, None for what is no result of this request alone."""
        if self._headers is None or not self._is_whole or len(self._body) > MAX_ANSWER_BYTES:
            return None
        before, found, after = bytes(self._body).partition(b'{"jsonrpc":"2.0","id":%b,"result":{' % request_id)
        if not found or b'{"jsonrpc"' in after or (before and not before.endswith(b"data: ")):
            return None
        return Answer(self._headers, before + b'{"jsonrpc":"2.0","id":', b',"result":{' + after)


def list_request(body: bytes) -> tuple[bytes, bytes] | None:
    """Return the id of a request for a list, as JSON, and the request without it; None for all others."""
    if not _MENTIONED.search(body):
        return None
    try:
        request: Any = from_json(body, allow_inf_nan=False)
        request_id = request.pop("id")
        if request["method"] not in LISTS:
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # the SDK says what is wrong with it
    is_plain = type(request_id) is int or (isinstance(request_id, str) and _PLAIN_ID.fullmatch(request_id))
    return (to_json(request_id), to_json(request)) if is_plain else None
