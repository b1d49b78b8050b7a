"""The command line: arguments, settings, application, and the web server that runs it."""

import argparse
import gc
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from qarnot_mcp import __version__

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp

    from qarnot_mcp.settings import Settings

log = logging.getLogger("qarnot_mcp")

# Whose X-Forwarded-For and X-Forwarded-Proto are believed: a proxy or tunnel on this machine or beside it, so that
# wrong keys are counted for the person's address and not for the proxy's.
PROXIES = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
SANDBOX_KEY = "sandbox-key"
SANDBOX_URL = "http://sandbox.invalid"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="qarnot-mcp", description="Run and follow Qarnot computations from a conversation with a language model."
    )
    parser.add_argument("--version", action="version", version=f"qarnot-mcp {__version__}")
    parser.add_argument("--host", help="address to listen on (QARNOT_MCP_HOST)")
    parser.add_argument("--port", help="port to listen on (QARNOT_MCP_PORT)")
    parser.add_argument(
        "--sandbox", action="store_true", help="serve a simulated Qarnot: no account, no key, no network"
    )
    parser.add_argument("--sandbox-speed", type=float, metavar="FACTOR", help="how much faster than real time it runs")
    parser.add_argument("--sandbox-seed", type=int, metavar="NUMBER", help="makes the simulation reproducible")
    parser.add_argument(
        "--check", action="store_true", help="check settings, key, API, clock, port and tunnel, and end"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Starts the server and serves until SIGTERM.

    Ends with status 2 where a setting cannot be used, and with 1 where the address cannot be listened on.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
    # FastMCP installs a log handler of its own when it is imported; the log is ours.
    os.environ["FASTMCP_LOG_ENABLED"] = "false"
    from qarnot_mcp.settings import SettingsError, load_settings

    given: dict[str, Any] = {}
    if options.host is not None:
        given["host"] = options.host
    if options.port is not None:
        given["port"] = options.port
    if options.sandbox:
        # No key of the environment may reach the simulation, nor a call of the simulation the real API.
        given |= {"api_key": SANDBOX_KEY, "base_url": SANDBOX_URL}
    try:
        settings = load_settings(**given)
    except SettingsError as error:
        fail(str(error), status=1 if options.check else 2)
    from qarnot_mcp.logbook import open_logbook

    open_logbook(settings)
    try:
        if options.check:
            raise SystemExit(examine(settings, sandbox(options) if options.sandbox else None))
        serve(settings, sandbox(options) if options.sandbox else None)
    except SettingsError as error:
        fail(str(error), status=2)


def sandbox(options: argparse.Namespace) -> "ASGIApp":
    """Builds the simulated Qarnot that the command line asks for."""
    from qarnot_mcp.sandbox.app import create_app
    from qarnot_mcp.sandbox.platform import DEFAULT_SPEED, MAX_SPEED, MIN_SPEED

    speed = DEFAULT_SPEED if options.sandbox_speed is None else options.sandbox_speed
    if not MIN_SPEED <= speed <= MAX_SPEED:
        fail(f"--sandbox-speed is {speed:g}, which is not valid: give {MIN_SPEED:g} to {MAX_SPEED:,.0f}.", status=2)
    return create_app(speed=speed, seed=options.sandbox_seed)


def examine(settings: "Settings", simulation: "ASGIApp | None") -> int:
    """Prints what the doctor finds, and answers the exit status: 1 where something is wrong."""
    import asyncio

    from qarnot_mcp.check import findings
    from qarnot_mcp.web import open_transport

    async def printed() -> bool:
        good = True
        at_once = settings.model_copy(update={"retry_seconds": 0})
        async for finding in findings(settings, open_transport(at_once, simulation)):
            sys.stdout.write(f"{finding}\n")
            good = good and finding.good
        return good

    return 0 if asyncio.run(printed()) else 1


def serve(settings: "Settings", simulation: "ASGIApp | None") -> None:
    """Listens on the address of the settings and serves until SIGTERM or Ctrl-C."""
    # What is imported and built here stays: looking for garbage among it costs a fifth of the start now, and a tenth
    # of each call later.
    gc.disable()
    import uvicorn
    from sse_starlette.sse import AppStatus

    from qarnot_mcp.access.mode import announce_access, choose_mode
    from qarnot_mcp.settings import SettingsError
    from qarnot_mcp.telemetry import open_telemetry
    from qarnot_mcp.web import create_app

    open_telemetry()
    listener = listen(settings.host, settings.port)
    try:
        public_url = public_address(settings)
        app = create_app(settings, simulation=simulation, public_url=public_url)
    except SettingsError as error:
        fail(str(error), status=2)
    about = "a simulated Qarnot" if simulation else f"{settings.base_url}/v{settings.api_version}"
    log.info("qarnot-mcp %s, on %s%s", __version__, about, ", read-only" if settings.read_only else "")
    mode = choose_mode(settings.auth, settings.api_key, public_url)
    for line in announce_access(
        mode,
        api_key=settings.api_key,
        public_url=public_url,
        host=settings.host,
        port=settings.port,
        path=settings.path,
    ):
        log.log(line.level, line.text)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        forwarded_allow_ips=PROXIES,
        http=http_protocol(),
        server_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    # It would end all event streams at SIGTERM, and with them the answers of calls in flight.
    AppStatus.enable_automatic_graceful_drain = False
    # uvicorn finishes the calls in flight and then raises the signal again: end as after a return, with status 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gc.freeze()
    gc.enable()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        log.info("stopped")
    finally:
        listener.close()


def http_protocol() -> "type[asyncio.Protocol] | str":
    """Answers the HTTP protocol to serve with: the fast parser with a bound, else h11, which has one of its own."""
    try:
        from qarnot_mcp.request_head import BoundedHeadProtocol
    except ImportError:
        return "h11"
    return BoundedHeadProtocol


def public_address(settings: "Settings") -> str | None:
    """Finds where the world reaches the server; waits a bounded time for a tunnel that is just starting."""
    if settings.public_url is None and settings.tunnel_metrics_url is None:
        return None
    import asyncio

    from qarnot_mcp.access.public_address import find_public_url
    from qarnot_mcp.qarnot.transport import fetch_json

    return asyncio.run(find_public_url(settings.public_url, settings.tunnel_metrics_url, fetch_json))


def listen(host: str, port: int) -> socket.socket:
    """Opens the listening socket before anything else starts, so that a taken port is one clear line."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # The protocol is named: asyncio sends small answers at once only on sockets that say they are TCP.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
        return listener
    except OSError as error:
        fail(
            f"cannot listen on {host} port {port}: {error.strerror}. "
            "Stop what uses it, or choose another with QARNOT_MCP_HOST and QARNOT_MCP_PORT.",
            status=1,
        )


def fail(message: str, *, status: int) -> NoReturn:
    """Ends the process with one line."""
    sys.stderr.write(f"qarnot-mcp: {message}\n")
    raise SystemExit(status)
