"""JSON in place of an event stream, for clients that read nothing else."""

import re
from functools import lru_cache
from typing import Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BOTH = "application/json, text/event-stream"
STREAM_ONLY_METHOD = "subscriptions/listen"
_MESSAGE = re.compile(rb"^data: ?(\{.*\})\r?$", re.MULTILINE)

Form = Literal["json", "stream"]


@lru_cache(maxsize=64)  # clients send the same few again and again
def form_for(accept: str, *, prefer_json: bool = False) -> Form | None:
    """Return the form of response that an Accept header asks for, or None where neither fits.

    Every client of the protocol names both; it gets a stream, which alone carries progress, unless the stream has the
    lower quality or `prefer_json` is set. A wildcard, or no header, comes from clients that read JSON.
    """
    qualities = dict(map(_quality_of, accept.lower().split(","))) if accept.strip() else {"*/*": 1.0}
    json = max(qualities.get(kind, 0.0) for kind in ("application/json", "application/*", "*/*"))
    stream = max(qualities.get(kind, 0.0) for kind in ("text/event-stream", "text/*"))
    if json and (prefer_json or json > stream):
        return "json"
    return "stream" if stream else None


class ResponseForm:
    """Middleware that gives each POST the form of response that its Accept header asks for.

    FastMCP demands both forms of every client and chooses one itself.
    """

    def __init__(self, app: ASGIApp, *, prefer_json: bool = False) -> None:
        self._app = app
        self._prefer_json = prefer_json

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        accept = headers.get("accept", "")
        form = form_for(accept, prefer_json=self._prefer_json)
        if form is None or scope.get("method") != "POST" or headers.get("mcp-method") == STREAM_ONLY_METHOD:
            await self._app(scope, receive, send)
            return
        if accept != BOTH:
            scope = {**scope, "headers": list(scope["headers"])}
            MutableHeaders(scope=scope)["accept"] = BOTH
        await self._app(scope, receive, send if form == "stream" else _JsonSender(scope, receive, send))


class _JsonSender:
    """Hold an event stream back until it ends, and send its last message as JSON; pass all else on."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._status = 200
        self._events: bytearray | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            self._status, self._events = message["status"], bytearray() if is_stream else None
        if self._events is None:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._events += message.get("body", b"")
            if not message.get("more_body", False):
                messages = _MESSAGE.findall(self._events)
                body = messages[-1] if messages else b"{}"
                response = Response(body, self._status, media_type="application/json")
                await response(self._scope, self._receive, self._send)


def _quality_of(entry: str) -> tuple[str, float]:
    kind, _, parameters = entry.partition(";")
    found = re.search(r"q=([01](?:\.[0-9]{1,3})?)", parameters)
    return kind.strip(), float(found[1]) if found else 1.0
