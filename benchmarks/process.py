"""The processes that are measured: each is started on a free port, waited for, and ended."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from benchmarks.connection import Connection

ROOT = Path(__file__).resolve().parent.parent
KEY = "benchmark-key"
START_SECONDS = 60.0
STOP_SECONDS = 40.0
POLL_SECONDS = 0.002
AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Python keeps bytecode, as it does by itself and as the image has it: only the first start of all compiles."""


class Process:
    """A process that listens on `port`."""

    def __init__(self, arguments: Sequence[str], port: int, environment: Mapping[str, str], errors: int) -> None:
        self.port = port
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("QARNOT", "OTEL"))}
        self.started = time.perf_counter()
        self.first_answer_seconds = 0.0
        self._popen = subprocess.Popen(
            [sys.executable, *arguments],
            # Away from the checkout, so that its .env is not read.
            cwd=tempfile.gettempdir(),
            env={**inherited, **AS_INSTALLED, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "INFO", **environment},
            stdout=errors,
            stderr=errors,
        )
        self.about = psutil.Process(self._popen.pid)

    @property
    def resident_bytes(self) -> int:
        """The memory that the process holds."""
        return int(self.about.memory_info().rss)

    @property
    def cpu_seconds(self) -> float:
        """The time that the process has computed, in user and system together."""
        times = self.about.cpu_times()
        return float(times.user + times.system)

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._popen.poll() is None

    def stop(self) -> None:
        """End the process, by force where it does not end by itself."""
        self._popen.terminate()
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    async def first_answer(self, request: bytes) -> None:
        """Ask until there is an answer, and keep how many seconds after the start that was."""
        while self.is_running and time.perf_counter() - self.started < START_SECONDS:
            try:
                connection = await Connection.to(self.port)
            except ConnectionRefusedError:
                await asyncio.sleep(POLL_SECONDS)
                continue
            try:
                await connection.exchange(request)
            finally:
                connection.close()
            self.first_answer_seconds = time.perf_counter() - self.started
            return
        raise RuntimeError("a process did not start")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running(
    arguments: Sequence[str],
    request: bytes,
    environment: Mapping[str, str] | None = None,
    output: Path | None = None,
) -> AsyncIterator[Process]:
    """Run Python with these arguments, `{port}` in them filled in; begins when it answers the request.

    What it writes goes to `output`, where that is given. Raises `RuntimeError` with the end of that where it does not
    start.
    """
    port = free_port()
    filled = [str(port) if argument == "{port}" else argument for argument in arguments]
    with output.open("w+b") if output else tempfile.TemporaryFile() as errors:
        process = Process(filled, port, environment or {}, errors.fileno())
        try:
            try:
                await process.first_answer(request)
            except (RuntimeError, ConnectionError) as error:
                errors.seek(0)
                raise RuntimeError(f"{filled} did not start: {errors.read()[-2000:].decode()}") from error
            yield process
        finally:
            process.stop()
