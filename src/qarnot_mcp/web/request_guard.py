"""The first look at a request: one address with or without its last slash, a bounded body, refusals that explain."""

import json
import logging
import re
from http import HTTPStatus

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.known_secrets import known_secrets, serving

log = logging.getLogger("qarnot_mcp.web.request_guard")

MAX_BODY_BYTES = 256 * 1024
HTTP_VERSIONS = ("1.0", "1.1")
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")

KEY_HEADERS = (b"authorization", b"x-api-key")
PROBES = ("/health", "/ready")
FILES_PATH = "/files/api/"
MAX_HOSTS_LOGGED = 20
_NULL_TOKEN = re.compile(rb'"progressToken"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}null')

REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The request needs HTTP/1.1 and exactly one Host header, a name or an address.\n",
    HTTPStatus.MISDIRECTED_REQUEST: (
        "This server does not answer under the host name of the request. Add it to the setting "
        "QARNOT_MCP_ALLOWED_HOSTS={host} (or set QARNOT_MCP_PUBLIC_URL) and start the server again.\n"
    ),
    HTTPStatus.NOT_FOUND: "There is nothing at this address: the MCP endpoint is {path}\n",
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
        self._app = RequestBodyLimitMiddleware(NullProgressToken(app), MAX_BODY_BYTES)
        self._app_for_files = app
        self._path = path
        self._logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with serving():
            # Whoever echoes them, they stand in no line of the log.
            known_secrets().learn(key_in(value) for name, value in scope["headers"] if name in KEY_HEADERS)
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The HTTP parser leaves blanks at the end of a value, which belong to no header.
        scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        if (path := scope["path"].removesuffix("/")) in (self._path, *PROBES):
            # A redirect would go to http:// behind a TLS proxy, and some clients do not follow it with their body.
            scope |= {"path": path, "raw_path": path.encode()}
        if is_malformed(scope):
            await refusal(HTTPStatus.BAD_REQUEST)(scope, receive, send)
            return
        host = host_of(scope)
        # Load balancers and clusters ask by address or service name, or by none.
        scope["headers"] = with_host(scope["headers"], "localhost" if scope["path"] in PROBES else host)
        is_refused = False

        async def send_explained(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and message["status"] in REFUSALS:
                kind = dict(message["headers"]).get(b"content-type")
                # The refusals of the libraries have no type, all other responses do; a route that is missing is text.
                is_missing = message["status"] == HTTPStatus.NOT_FOUND
                is_refused = kind is None or (is_missing and kind.startswith(b"text/plain"))
                if is_refused:
                    self._log_once(message["status"], scope["path"], host)
                    explained = refusal(message["status"], host=host or "<name>", path=self._path)
                    await explained(scope, receive, send)
            if not is_refused:
                await send(message)

        # Its routes bound the parts of a file themselves: each says its size, and none is kept.
        is_part = scope["method"] == "PUT" and scope["path"].startswith(FILES_PATH)
        await (self._app_for_files if is_part else self._app)(scope, receive, send_explained)

    def _log_once(self, status: int, path: str, host: str) -> None:
        """Log a host that is not let in, and the first request beside the endpoint; strangers cannot fill the log."""
        if (
            status == HTTPStatus.MISDIRECTED_REQUEST
            and host not in self._logged
            and len(self._logged) < MAX_HOSTS_LOGGED
        ):
            self._logged.add(host)
            log.warning(
                "Refused a request for the host %s. To let it in: QARNOT_MCP_ALLOWED_HOSTS=%s; if it is the new name "
                "of a tunnel, start the server again, so that it learns it.",
                host or "(none)",
                host or "<name>",
            )
        elif status == HTTPStatus.NOT_FOUND and "404" not in self._logged and not path.startswith("/.well-known/"):
            self._logged.add("404")
            log.warning("A client asked for %s: the MCP endpoint is %s", one_line(path, 80), self._path)


def key_in(value: bytes) -> str:
    """Return what a header holds behind its scheme."""
    return value.decode("latin-1").strip().rpartition(" ")[2]


def host_of(scope: Scope) -> str:
    """Return the host of a request without the dot that may end a full name, or an empty text where there is none."""
    host = next((value.decode("ascii") for name, value in scope["headers"] if name == b"host"), "")
    return re.sub(r"\.(?=(:[0-9]+)?$)", "", host)


def with_host(headers: list[tuple[bytes, bytes]], host: str) -> list[tuple[bytes, bytes]]:
    """Return the headers with this host."""
    others = [(name, value) for name, value in headers if name != b"host"]
    return [(b"host", host.encode()), *others] if host else others


def is_malformed(scope: Scope) -> bool:
    """Return whether a request has another version of HTTP, or a host that two readers could read differently."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return scope["http_version"] not in HTTP_VERSIONS or len(hosts) > 1 or not all(map(HOST.fullmatch, hosts))


def refusal(status: int, **names: str) -> PlainTextResponse:
    """Return the response for a status of `REFUSALS`; what is left of the request is not read."""
    text = REFUSALS[HTTPStatus(status)].format(**names)
    return PlainTextResponse(text, status, headers={"connection": "close"})


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
    """Middleware, behind the limit for bodies, that leaves out a progress token of null, as some send for "none"."""

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
