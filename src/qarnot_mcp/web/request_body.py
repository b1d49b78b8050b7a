"""The body of a request, read before the application that it is for: it is given again, or without what is wrong."""

import json
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NULL_TOKEN = re.compile(rb'"progressToken"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}null')


def replayed(message: Message, receive: Receive) -> Receive:
    """Return a `receive` that gives this message first, and then what follows."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return message

    return replay


class NullProgressToken:
    """Middleware that leaves a progress token of null out, which some clients send for "none".

    It stands behind the limit for bodies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        message: Message = {"type": "http.request", "more_body": True}
        while message["type"] == "http.request" and message.get("more_body", False):
            message = await receive()
            body += message.get("body", b"")
        whole = {**message, "body": without_null_token(bytes(body))}
        await self._app(scope, replayed(whole, receive), send)


def without_null_token(body: bytes) -> bytes:
    """Return a JSON-RPC request whose `_meta` holds no progress token of null; anything else as it is."""
    if not _NULL_TOKEN.search(body):
        return body
    try:
        request = json.loads(body)
        meta = request["params"]["_meta"]
        if meta["progressToken"] is not None:
            return body
        del meta["progressToken"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return body  # the SDK says what is wrong with it
    return json.dumps(request).encode()
