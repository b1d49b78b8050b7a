"""The web face of the server: the MCP endpoint, its health, and who may reach it from where."""

import logging
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qarnot_mcp import __version__
from qarnot_mcp.access.caller import key_of_caller
from qarnot_mcp.access.mode import choose_mode
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.transport import Limits, Transport
from qarnot_mcp.server import create_server
from qarnot_mcp.settings import Settings

log = logging.getLogger("qarnot_mcp.web")

MAX_BODY_BYTES = 2 * 1024 * 1024
READY_SECONDS = 30.0

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


def create_app(settings: Settings, *, simulation: ASGIApp | None = None, public_url: str | None = None) -> ASGIApp:
    """Builds the ASGI application: the server behind its guards.

    It is stateless, so that a restart breaks no client. `simulation` answers in place of the API. `public_url` (where
    the world reaches the server) joins the host guard and the origin guard.
    """
    transport = open_transport(settings, simulation)
    mode = choose_mode(settings.auth, settings.api_key, public_url)
    key_of_call = partial(key_of_caller, mode, settings.api_key)
    auth = None
    if mode == "oauth":
        # Only here: a server without sign-in starts a tenth sooner and holds less without them.
        from qarnot_mcp.access.provider import create_provider
        from qarnot_mcp.access.secret import load_secrets

        origin = public_url or f"http://localhost:{settings.port}"
        secrets = load_secrets(settings.secret_key, settings.secret_file)
        if secrets.notice is not None:
            log.log(secrets.notice.level, secrets.notice.text)
        auth = create_provider(settings, origin, secrets, partial(account_of, transport))
    server = create_server(settings, transport, key_of_call, auth)
    server.custom_route("/health", methods=["GET"])(health)
    server.custom_route("/ready", methods=["GET"])(Readiness(transport).answer)
    hosts, origins = list(settings.allowed_hosts), list(settings.allowed_origins)
    if public_url:
        hosts.append(urlsplit(public_url).hostname or "")
        origins.append(public_url)
    app = server.http_app(
        path=settings.path,
        stateless_http=True,
        host_origin_protection=True,
        allowed_hosts=hosts,
        allowed_origins=origins,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_origin_regex=r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?",
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["*"],
                expose_headers=["mcp-session-id", "www-authenticate"],
            )
        ],
    )
    return Door(app, settings.path)


def open_transport(settings: Settings, simulation: ASGIApp | None = None) -> Transport:
    """Builds the way to the API with the limits of the settings; it connects when it is entered."""
    limits = Limits(
        connect_seconds=settings.connect_timeout_seconds,
        read_seconds=settings.read_timeout_seconds,
        call_seconds=settings.call_timeout_seconds,
        retry_budget_seconds=settings.retry_seconds,
        max_log_bytes=settings.max_log_bytes,
        max_calls_in_flight=settings.max_calls_in_flight,
    )
    return Transport(settings.base_url, settings.api_version, limits=limits, application=simulation)


async def account_of(transport: Transport, key: SecretStr) -> str:
    """Answers the e-mail address of a key's account (`GET /info`); raises `KeyRefused` for a key that is none."""
    return (await QarnotClient(transport, key).user()).email


async def health(_: Request) -> JSONResponse:
    """Answers 200 while the process lives."""
    return JSONResponse({"status": "ok", "name": "qarnot-mcp", "version": __version__})


class Readiness:
    """Whether the API can be reached, asked at most every 30 s (`GET /settings`, which takes no key)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._asked_at: float | None = None
        self._reason = ""

    async def answer(self, _: Request) -> JSONResponse:
        """Answers 200 where the API was reached, 503 with the reason where it was not."""
        now = self._transport.clock()
        if self._asked_at is None or now - self._asked_at > READY_SECONDS:
            self._asked_at = now
            try:
                await QarnotClient(self._transport, None).check_reachable()
                self._reason = ""
            except QarnotError as error:
                self._reason = str(error)
        if self._reason:
            return JSONResponse({"status": "unavailable", "reason": self._reason}, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ready"})


class Door:
    """What every request passes first: one endpoint with or without its last slash, bounded bodies, clear refusals."""

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
