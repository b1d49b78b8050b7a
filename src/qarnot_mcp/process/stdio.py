"""Serving one client over standard input and output: the client starts the process, and it ends with it."""

import asyncio
import logging
import os
import signal

from pydantic import SecretStr
from starlette.types import ASGIApp

from qarnot_mcp.process.serve import announce_server, look_for_garbage
from qarnot_mcp.process.telemetry import configure_tracing
from qarnot_mcp.qarnot.errors import NoKey
from qarnot_mcp.server.app import create_server
from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.app import open_transport

log = logging.getLogger("qarnot_mcp")

NO_KEY = "Set QARNOT_API_KEY in the settings with which your MCP client starts this server, and restart the client."


def serve_stdio(settings: Settings, simulation: ASGIApp | None) -> None:
    """Serve the client at the other end of standard input and output until it closes them.

    Every call uses `QARNOT_API_KEY`. `simulation` replaces the API. Raises `SettingsError` for a setting that cannot be
    used.
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
