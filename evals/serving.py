"""A server on a sandbox of its own for one scenario, with what the scenario has beforehand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from evals.recorder import CALLS_PATH, Call, Recorder
from evals.scenario import Scenario
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.app import create_app, open_transport

KEY = "sandbox-empty-evals"
HOST = "127.0.0.1"
PORT = 8100
SEED = 1


@dataclass(frozen=True)
class Served:
    """A server at `port`, and its sandbox at `api_port`, the next one unless another is given."""

    port: int
    api_port: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_port", self.api_port or self.port + 1)

    @property
    def url(self) -> str:
        """The address of the MCP endpoint."""
        return f"http://{HOST}:{self.port}/mcp"

    @property
    def api_url(self) -> str:
        """The address of the sandbox."""
        return f"http://{HOST}:{self.api_port}"

    async def calls(self) -> list[Call]:
        """Return the calls of tools so far."""
        async with httpx.AsyncClient() as http:
            return [Call(**call) for call in (await http.get(f"http://{HOST}:{self.port}{CALLS_PATH}")).json()]

    def sandbox(self) -> httpx.AsyncClient:
        """Make a client of the sandbox's API, with the key that the server uses."""
        return httpx.AsyncClient(base_url=self.api_url, headers={"Authorization": KEY}, timeout=60)


@asynccontextmanager
async def serving(scenario: Scenario, served: Served) -> AsyncIterator[Served]:
    """Serve a scenario until the block ends."""
    settings = Settings(
        _env_file=None, base_url=served.api_url, api_key=SecretStr(KEY), port=served.port, toolsets=scenario.toolsets
    )
    async with (
        listening(create_sandbox(speed=scenario.speed, seed=SEED), served.api_port),
        listening(Recorder(create_app(settings)), served.port),
    ):
        await set_up(scenario, served, settings)
        yield served


async def set_up(scenario: Scenario, served: Served, settings: Settings) -> None:
    """Make the buckets and tasks that a scenario has beforehand, and forget that they were made."""
    if scenario.buckets:
        await make_buckets(scenario, settings)
    async with served.sandbox() as sandbox:
        for given in scenario.given:
            bodies = [given.body(number) for number in range(1, given.times + 1)]
            (await sandbox.post("/v1/tasks", json=bodies)).raise_for_status()
            clock = {"advance_seconds": given.after_seconds}
            (await sandbox.post("/sandbox/clock", json=clock)).raise_for_status()
        await sandbox.delete("/sandbox/journal")


async def make_buckets(scenario: Scenario, settings: Settings) -> None:
    """Make the buckets of a scenario."""
    storage = StoragePool()
    async with open_transport(settings) as transport:
        try:
            for bucket in scenario.buckets:
                await QarnotClient(transport, settings.api_key, storage=storage).storage.create_bucket(bucket)
        finally:
            await storage.close()


@asynccontextmanager
async def listening(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """Serve an application until the block ends."""
    server = _Server(uvicorn.Config(app, host=HOST, port=port, log_config=None, ws="none"))
    task = asyncio.create_task(server.serve())
    started = asyncio.create_task(server.is_started.wait())
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        started.cancel()
        server.stop()
        await task


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_started = asyncio.Event()
        self._is_told_to_stop = asyncio.Event()

    def stop(self) -> None:
        """Let it end at once, and not with its next tick."""
        self.should_exit = True
        self._is_told_to_stop.set()

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        await self.on_tick(0)
        await self._is_told_to_stop.wait()

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        self.is_started.set()
