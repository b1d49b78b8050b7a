"""The serving process: over HTTP, with its sockets, signals and web server, or over standard input and output."""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
from contextlib import ExitStack
from urllib.parse import urlsplit

import uvicorn
from pydantic import SecretStr
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp

from qarnot_mcp import __version__
from qarnot_mcp.auth.mode import announce_access, choose_mode
from qarnot_mcp.process.telemetry import configure_tracing, serve_metrics
from qarnot_mcp.qarnot.errors import NoKey
from qarnot_mcp.server.app import create_server
from qarnot_mcp.settings.fields import LOOPBACK_HOSTS, SettingsError
from qarnot_mcp.settings.load import env_file_note
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.app import create_app, open_transport
from qarnot_mcp.web.public_url import find_public_url

log = logging.getLogger("qarnot_mcp")

# Whose X-Forwarded-For and X-Forwarded-Proto are believed: a proxy or tunnel on this machine or next to it, so that
# wrong keys are counted for the person's address and not for the proxy's. A socket that listens on both families names
# IPv4 peers `::ffff:a.b.c.d`, hence the second line.
PROXIES = (
    "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,"
    "::ffff:127.0.0.0/104,::ffff:10.0.0.0/104,::ffff:172.16.0.0/108,::ffff:192.168.0.0/112"
)
LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")
NO_KEY = "Set QARNOT_API_KEY in the settings with which your MCP client starts this server, and restart the client."


class CannotListen(Exception):  # noqa: N818 - says what happened, as the errors of the API do
    """The address of the settings is taken or not of this machine; the text says why and what to do."""


def serve(settings: Settings, simulation: ASGIApp | None) -> None:
    """Listen on the address of the settings and serve until SIGTERM or Ctrl-C.

    `simulation` replaces the API. Raises `CannotListen`, and `SettingsError` for an unusable setting.
    """
    configure_tracing()
    with ExitStack() as open_sockets:
        listeners = [open_sockets.enter_context(listener) for listener in listen(settings.host, settings.port)]
        serve_metrics(settings)
        public_url = asyncio.run(find_public_url(settings.public_url, settings.tunnel_metrics_url))
        app = create_app(settings, simulation=simulation, public_url=public_url)
        is_simulated = simulation is not None
        announce_server(settings, is_simulated=is_simulated)
        mode = choose_mode(settings.auth, public_url)
        for line in announce_access(settings, mode, public_url, is_simulated=is_simulated):
            log.log(line.level, line.text)
        # Otherwise sse-starlette closes every stream on SIGTERM, and calls in flight lose their result.
        AppStatus.enable_automatic_graceful_drain = False
        # uvicorn finishes the calls in flight and then raises the signal again: end with status 0.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        look_for_garbage()
        try:
            web_server(app, settings).run(sockets=listeners)
        except KeyboardInterrupt:
            log.info("stopped")


def serve_stdio(settings: Settings, simulation: ASGIApp | None) -> None:
    """Serve the client at the other end of standard input and output until it closes them.

    Every call uses `QARNOT_API_KEY`. `simulation` replaces the API. Raises `SettingsError` for an unusable setting.
    """
    if settings.auth == "oauth":
        raise SettingsError(
            "QARNOT_MCP_AUTH is 'oauth', which is not valid with --stdio, where nobody can sign in: give auto or key."
        )
    configure_tracing()
    # The client has no address in which it could ask for more tool sets than the settings show.
    settings = settings.model_copy(update={"toolsets_offered": settings.toolsets})
    server = create_server(settings, open_transport(settings, simulation), lambda: _own_key(settings))
    announce_server(settings, is_simulated=simulation is not None)
    if settings.api_key is None:
        log.warning("QARNOT_API_KEY is not set: the tools are listed, but no call can be made.")
    # A thread that waits for standard input would hold up every other way to end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    look_for_garbage()
    asyncio.run(server.run_stdio_async(show_banner=False))


def _own_key(settings: Settings) -> SecretStr:
    if settings.api_key is None:
        raise NoKey(NO_KEY)
    return settings.api_key


def look_for_garbage() -> None:
    """Let Python look for garbage again, but not in what the start made: that would cost an eighth of each call."""
    gc.freeze()
    gc.enable()


def web_server(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    """Return the web server that runs the application."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        forwarded_allow_ips=PROXIES,
        http=http_protocol(),
        ws="none",
        server_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    return uvicorn.Server(config)


def announce_server(settings: Settings, *, is_simulated: bool) -> None:
    """Log what runs on what."""
    api = "a simulated Qarnot" if is_simulated else f"{settings.base_url}/v{settings.api_version}"
    log.info("qarnot-mcp %s, on %s%s", __version__, api, ", read-only" if settings.read_only else "")
    log.info("%s", env_file_note())
    if not is_simulated and is_in_the_clear(settings.base_url):
        log.warning("Keys travel to %s in the clear: anybody on the way can read them. Use https.", settings.base_url)


def is_in_the_clear(url: str) -> bool:
    """Return whether what is sent to an address can be read on its way."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS


def http_protocol() -> type[asyncio.Protocol] | str:
    """Return the HTTP protocol to serve with: the fast parser with bounds, else h11, which bounds the head itself."""
    try:
        from qarnot_mcp.process.http_protocol import BoundedHeadProtocol
    except ImportError:
        return "h11"
    return BoundedHeadProtocol


def listen(host: str, port: int) -> list[socket.socket]:
    """Open the listening sockets before anything else starts, so that a taken port is one clear line.

    There is one, except for `localhost`, which is both addresses of this machine where it has both: clients differ in
    which of them they try.
    """
    hosts = LOOPBACK_ADDRESSES if host.lower() == "localhost" else (host,)
    try:
        with ExitStack() as stack:
            listeners: list[socket.socket] = []
            for address in hosts:
                try:
                    listeners.append(stack.enter_context(_listener(address, port)))
                except OSError as error:
                    if not listeners or error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                        raise
            stack.pop_all()
        return listeners
    except (OSError, UnicodeError) as error:  # a name with an empty part is no text that can be looked up
        reason = error.strerror if isinstance(error, OSError) else "it is no host name"
        raise CannotListen(
            f"cannot listen on {host} port {port}: {reason}. "
            "Stop what uses it, or choose another with QARNOT_MCP_HOST and QARNOT_MCP_PORT."
        ) from None


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # The protocol is named: asyncio sends small answers at once only on sockets that say they are TCP.
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family, kind, protocol))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
        stack.pop_all()
    return listener
