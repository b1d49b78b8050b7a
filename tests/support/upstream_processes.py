"""The server and the sandbox as processes of their own, as people run them."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
KEY = "sandbox-empty"


@dataclass
class Running:
    """A process that serves on a port; it can be started again on the same one."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("QARNOT", "OTEL", "LOG_"))}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=tempfile.gettempdir(),
        env={**inherited, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def answering(running: Running, path: str) -> None:
    """Waits until the process answers; fails where it ends instead."""
    async with httpx.AsyncClient() as client:
        while running.process.poll() is None:
            try:
                await client.get(running.url + path)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
            else:
                return
    raise AssertionError(f"{running.arguments} ended with status {running.process.returncode}")


async def started_again(running: Running, path: str) -> None:
    running.process = start(running.arguments, running.environment)
    await answering(running, path)


@asynccontextmanager
async def run(arguments: Sequence[str], environment: Mapping[str, str], path: str) -> AsyncIterator[Running]:
    port = free_port()
    filled = [*arguments, "--port", str(port)]
    running = Running(filled, environment, port, start(filled, environment))
    try:
        await answering(running, path)
        yield running
    finally:
        running.process.kill()
        running.process.wait()


@asynccontextmanager
async def server_and_sandbox() -> AsyncIterator[tuple[Running, Running]]:
    """Runs `python main.py` on `python -m qarnot_mcp.sandbox`."""
    async with (
        run(["-m", "qarnot_mcp.sandbox", "--seed", "1"], {}, "/sandbox/clock") as sandbox,
        run(
            [str(ROOT / "main.py")],
            {"QARNOT_BASE_URL": sandbox.url, "QARNOT_API_KEY": KEY},
            "/health",
        ) as server,
    ):
        yield server, sandbox
