"""The server as a process of its own, and other programs beside it."""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SERVER = (sys.executable, "-c", "from qarnot_mcp.cli import main; main()")


@dataclass
class Running:
    """A running program and everything that it has written so far."""

    process: Process
    text: str = ""
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: bool = False

    async def read(self) -> None:
        assert self.process.stdout is not None
        while chunk := await self.process.stdout.read(65_536):
            self.text += chunk.decode(errors="replace")
            self._more.set()
        self._ended = True
        self._more.set()

    async def until(self, *words: str) -> str:
        """Waits until the program has written one of these."""
        while not any(word in self.text for word in words):
            assert not self._ended, self.text
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 30)
        return self.text

    async def end(self) -> str:
        """Waits for the program to end by itself, and answers all it wrote."""
        await asyncio.wait_for(self.process.wait(), 20)
        return self.text


@asynccontextmanager
async def running(*command: str, **environment: str) -> AsyncIterator[Running]:
    """Starts a program with a terminal as its input, away from the settings of this machine; stops it at the end."""
    terminal, far_end = os.openpty()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QARNOT_")}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=far_end,
        stdout=PIPE,
        stderr=STDOUT,
        cwd=tempfile.gettempdir(),
        env={**inherited, **environment},
    )
    os.close(far_end)
    program = Running(process)
    reading = asyncio.create_task(program.read())
    try:
        yield program
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading
        os.close(terminal)


def server_environment(port: int, **settings: str) -> dict[str, str]:
    """The environment of a server process in mode `oauth`, for its sandbox."""
    return {
        "QARNOT_MCP_AUTH": "oauth",
        "QARNOT_MCP_PORT": str(port),
        "QARNOT_MCP_SECRET_KEY": "the-secret-of-the-process-which-is-long-enough",
        **settings,
    }
