"""The door that every request passes first: one address with or without its last slash, bounded bodies, clear words."""

from http import HTTPStatus

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 2 * 1024 * 1024

REFUSALS = {
    HTTPStatus.MISDIRECTED_REQUEST: (
        "This server does not answer under the host name of the request. "
        "Add the name to QARNOT_MCP_ALLOWED_HOSTS (or set QARNOT_MCP_PUBLIC_URL) and start it again.\n"
    ),
    HTTPStatus.FORBIDDEN: (
        "Pages of this origin may not call this server. "
        "Add the origin to QARNOT_MCP_ALLOWED_ORIGINS and start the server again.\n"
    ),
}


class Door:
    """Stands before the application: mends what HTTP parsers and proxies leave open, and refuses what is too large."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # The HTTP parser leaves blanks at the end of a value, which belong to no header.
        scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        if scope["path"] == self._path + "/":
            # A redirect would go to http:// behind a TLS proxy, and some clients do not follow it with their body.
            scope |= {"path": self._path, "raw_path": self._path.encode()}
        declared = declared_length(scope)
        body = None if declared is not None else await read_body(receive)
        if (declared or 0) > MAX_BODY_BYTES or (body is not None and len(body) > MAX_BODY_BYTES):
            await refuse_body(scope, receive, send)
            return
        await self._app(scope, receive if body is None else replayed(body, receive), explained(send))


def declared_length(scope: Scope) -> int | None:
    """Reads the Content-Length of a request, none where there is none."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None


async def read_body(receive: Receive) -> bytes:
    """Reads a body that declares no length, up to the first part that goes over the limit."""
    body = bytearray()
    while len(body) <= MAX_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already as one message, and what comes after it as it comes."""
    is_given = False

    async def replayed_receive() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed_receive


def explained(send: Send) -> Send:
    """Gives the guard's bare refusals a text that says what to do."""
    text: bytes | None = None

    async def explained_send(message: Message) -> None:
        nonlocal text
        if message["type"] == "http.response.start" and message["status"] in REFUSALS:
            headers = dict(message["headers"])
            if b"content-type" not in headers:  # the guard's answers have none, all others do
                text = REFUSALS[message["status"]].encode()
                headers |= {b"content-type": b"text/plain; charset=utf-8", b"content-length": str(len(text)).encode()}
                message = {**message, "headers": list(headers.items())}
        elif message["type"] == "http.response.body" and text is not None:
            message = {**message, "body": text}
        await send(message)

    return explained_send


async def refuse_body(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 413 with the limit."""
    text = f"The request is larger than {MAX_BODY_BYTES} bytes, the most that this server reads.\n"
    await PlainTextResponse(text, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"connection": "close"})(
        scope, receive, send
    )
