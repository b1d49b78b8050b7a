"""A real server on a real socket, in the event loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

import uvicorn

# How long the requests may go on that are under way at the end: those of a client, and those whose client is gone.
GRACE_SECONDS = 1.0
GRACE_SECONDS_OF_THE_ABANDONED = 0.1


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it listens, stops at once when told, and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()
        self.is_told_to_stop = asyncio.Event()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.is_told_to_stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # As uvicorn does it, but for the tenth of a second that it always sleeps: idle connections are gone after a
        # few turns of the loop.
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(4):
            await asyncio.sleep(0)
        grace_seconds = GRACE_SECONDS if self.server_state.connections else GRACE_SECONDS_OF_THE_ABANDONED
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wait_tasks_to_complete(), grace_seconds)
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        await self.lifespan.shutdown()


def listening() -> socket.socket:
    """Return a socket bound to a free loopback port, for an app that has to know its port before it is made."""
    # With the protocol named, asyncio switches Nagle's algorithm off, as it does for the sockets that it opens itself.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener


def port_of(listener: socket.socket) -> int:
    """Return the port that a socket is bound to."""
    return int(listener.getsockname()[1])


@asynccontextmanager
async def serve(app: Any, *, listener: socket.socket | None = None, http: str = "auto") -> AsyncIterator[str]:
    """Serve an ASGI app on a listener, by default on a new one, and give the base URL, without a slash at its end.

    The listener stays open, so that another app can be served on its port afterwards. `http` chooses uvicorn's
    protocol: `auto`, `httptools` or `h11`. Raises RuntimeError where the app does not start.
    """
    config = uvicorn.Config(app, http=http, log_config=None, log_level="critical", access_log=False, ws="none")
    server = _Server(config)
    with listener.dup() if listener else listening() as bound:
        base_url = f"http://127.0.0.1:{port_of(bound)}"
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        starting = asyncio.create_task(server.is_listening.wait())
        try:
            await asyncio.wait((serving, starting), return_when=asyncio.FIRST_COMPLETED)
            if server.should_exit or serving.done():
                server.is_told_to_stop.set()
                raise RuntimeError("the app did not start")
            yield base_url
        finally:
            starting.cancel()
            server.is_told_to_stop.set()
            await serving
