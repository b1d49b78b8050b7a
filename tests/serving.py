"""A real server on a real socket, in the event loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it listens, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()


@asynccontextmanager
async def serve(app: Any, *, port: int = 0, http: str = "auto") -> AsyncIterator[str]:
    """Serve an ASGI app on a loopback port (0: any free one) and give the base URL, without a slash at its end.

    `http` chooses uvicorn's protocol: `auto`, `httptools` or `h11`.
    """
    listener = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(app, http=http, log_level="error", access_log=False, timeout_graceful_shutdown=1, ws="none")
    server = _Server(config)
    serving = asyncio.create_task(server._serve(sockets=[listener]))
    listening = asyncio.create_task(server.is_listening.wait())
    try:
        await asyncio.wait((serving, listening), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
            raise RuntimeError("the app did not start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listening.cancel()
        server.should_exit = True
        for connection in list(server.server_state.connections):
            connection.shutdown()
        await serving
        listener.close()
