"""Programs as processes of their own, as people run them: the server, and others beside it."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from threading import Thread

from qarnot_mcp import __version__
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
MAIN = (sys.executable, str(ROOT / "main.py"))
FORK_SERVER = str(Path(__file__).with_name("fork_server.py"))
FORKS_AT = "QARNOT_TESTS_FORKS_AT"
"""The variable that tells the path of the socket of the fork server."""
OAUTH = {"QARNOT_MCP_AUTH": "oauth", "QARNOT_MCP_SECRET_KEY": "the-secret-of-the-process-which-is-long-enough"}
# Written when the server listens already; the second where another program has taken its port.
LISTENING, PORT_TAKEN = f"qarnot-mcp {__version__}, on ", "cannot listen on"
PORTS_TRIED = 5
WAIT_SECONDS = 50
# Those of this machine: the tests take them out of their own environment.
CERTIFICATES = {name: value for name, value in os.environ.items() if name.startswith("SSL_CERT_")}


@dataclass
class Program:
    """A running program and everything that it has written so far, to its output and its errors."""

    process: Process
    text: str = ""
    port: int = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _has_ended: bool = False

    @property
    def origin(self) -> str:
        """The address of a program that serves."""
        return f"http://localhost:{self.port}"

    @property
    def url(self) -> str:
        """The address of its MCP endpoint."""
        return f"{self.origin}/mcp"

    async def read(self) -> None:
        """Take what the program writes, until it ends."""
        assert self.process.stdout is not None
        while chunk := await self.process.stdout.read(65_536):
            self.text += chunk.decode(errors="replace")
            self._more.set()
        self._has_ended = True
        self._more.set()

    async def until(self, *words: str) -> str:
        """Wait until the program has written one of these, and return all that it wrote."""
        while not any(word in self.text for word in words):
            assert not self._has_ended, self.text
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), WAIT_SECONDS)
        return self.text

    async def end(self) -> str:
        """Wait for the program to end by itself, and return all that it wrote."""
        while not self._has_ended:
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), WAIT_SECONDS)
        await self.process.wait()
        return self.text


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of this process without any setting of the server, and with these."""
    foreign = ("QARNOT", "OTEL", "LOG_", "PYTHON", "VIRTUAL_ENV", "SSL_CERT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | CERTIFICATES | settings


@contextmanager
def fork_server() -> Iterator[str]:
    """Have servers started by forks, from whatever process, at the socket whose path it gives.

    What they are forked from is there from the first start on.
    """
    with ExitStack() as stack:
        path = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "socket")
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen()
        until_end, end = map(stack.enter_context, socket.socketpair())

        def serve_when_asked() -> None:
            if end in select([listener, end], [], [])[0]:
                return
            descriptor = listener.fileno()
            command = (sys.executable, FORK_SERVER, "serve", str(descriptor))
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                cwd=tempfile.gettempdir(),
                env=environment(),
                pass_fds=[descriptor],
                # Ctrl-C ends the tests, and these their servers.
                process_group=0,
            )
            stack.enter_context(process)

        waiting = Thread(target=serve_when_asked)
        waiting.start()
        try:
            yield path
        finally:
            until_end.close()
            waiting.join()


def forked() -> tuple[str, ...]:
    """Return a command that does what `MAIN` does, by a fork where there is a fork server."""
    path = os.environ.get(FORKS_AT)
    return (sys.executable, "-I", "-S", FORK_SERVER, path) if path else MAIN


def finish(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program that ends by itself, in a folder without a .env."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )


@asynccontextmanager
async def running(*command: str, **settings: str) -> AsyncIterator[Program]:
    """Run a program with a terminal as its input, away from the settings of this machine; stop it at the end."""
    terminal, far_end = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=far_end,
        stdout=PIPE,
        stderr=STDOUT,
        cwd=tempfile.gettempdir(),
        env=environment(**settings),
    )
    os.close(far_end)
    program = Program(process)
    reading = asyncio.create_task(program.read())
    try:
        yield program
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading
        os.close(terminal)


def server_process(*arguments: str, **settings: str) -> AbstractAsyncContextManager[Program]:
    """Run the server, started by a fork, and wait until it listens."""
    return listening_process(*forked(), *arguments, **settings)


@asynccontextmanager
async def listening_process(*command: str, **settings: str) -> AsyncIterator[Program]:
    """Run a command until it listens; without QARNOT_MCP_PORT on a port that nobody else has taken."""
    for _ in range(PORTS_TRIED):
        settings_with_port = {"QARNOT_MCP_PORT": str(free_port()), **settings}
        async with running(*command, **settings_with_port) as program:
            program.port = int(settings_with_port["QARNOT_MCP_PORT"])
            if PORT_TAKEN not in await program.until(LISTENING, PORT_TAKEN):
                yield program
                return
    raise AssertionError(program.text)


async def reachable(port: int) -> None:
    """Wait until somebody listens, for programs that do not say when they do."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
