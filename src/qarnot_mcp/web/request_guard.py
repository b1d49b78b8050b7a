"""The first look at a request: one address with or without its last slash, a bounded body, refusals that explain."""

import re
from http import HTTPStatus

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 256 * 1024
HTTP_VERSIONS = ("1.0", "1.1")
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")

REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The request needs HTTP/1.1 and exactly one Host header, a name or an address.\n",
    HTTPStatus.MISDIRECTED_REQUEST: (
        "This server does not answer under the host name of the request. "
        "Add the name to QARNOT_MCP_ALLOWED_HOSTS (or set QARNOT_MCP_PUBLIC_URL) and start it again.\n"
    ),
    HTTPStatus.FORBIDDEN: (
        "Pages of this origin may not call this server. "
        "Add the origin to QARNOT_MCP_ALLOWED_ORIGINS and start the server again.\n"
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        f"The request is larger than {MAX_BODY_BYTES} bytes, the most that this server reads.\n"
    ),
}


class RequestGuard:
    """Middleware in front of everything else: tidies requests, bounds their bodies, and explains bare refusals."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = RequestBodyLimitMiddleware(app, MAX_BODY_BYTES)
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # The HTTP parser leaves blanks at the end of a value, which belong to no header.
        scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        if scope["path"] == self._path + "/":
            # A redirect would go to http:// behind a TLS proxy, and some clients do not follow it with their body.
            scope |= {"path": self._path, "raw_path": self._path.encode()}
        if is_malformed(scope):
            await refusal(HTTPStatus.BAD_REQUEST)(scope, receive, send)
            return
        is_refused = False

        async def send_explained(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and message["status"] in REFUSALS:
                # The refusals of the libraries have no type, all other responses do.
                is_refused = b"content-type" not in dict(message["headers"])
                if is_refused:
                    await refusal(message["status"])(scope, receive, send)
            if not is_refused:
                await send(message)

        await self._app(scope, receive, send_explained)


def is_malformed(scope: Scope) -> bool:
    """Return whether a request has another version of HTTP, or a host that two readers could read differently."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return scope["http_version"] not in HTTP_VERSIONS or len(hosts) > 1 or not all(map(HOST.fullmatch, hosts))


def refusal(status: int) -> PlainTextResponse:
    """Return the response for a status of `REFUSALS`; what is left of the request is not read."""
    return PlainTextResponse(REFUSALS[HTTPStatus(status)], status, headers={"connection": "close"})
