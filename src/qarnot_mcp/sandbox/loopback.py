"""A door to a sandbox that runs inside another process: its storage needs an address, its API does not."""

import asyncio
import socket
from contextlib import AbstractContextManager, nullcontext

import uvicorn
from starlette.types import ASGIApp


class Loopback:
    """Serves an app on a free port of this machine, from the first time that somebody asks for its address.

    It runs in the event loop of who asks, and ends with it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._address: str | None = None
        self._serving: asyncio.Task[None] | None = None

    def address(self) -> str:
        """Return the address; connections wait there until the server is up."""
        if self._address is None:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            self._address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._serving = asyncio.create_task(self._serve(listener))
        return self._address

    async def _serve(self, listener: socket.socket) -> None:
        config = uvicorn.Config(self._app, lifespan="off", ws="none", log_config=None, access_log=False)
        server = _Server(config)
        try:
            await server.serve(sockets=[listener])
        finally:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            for each in getattr(server, "servers", ()):
                each.close()
            listener.close()


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process it is in."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()
