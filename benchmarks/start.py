"""Start: from the command to the first answer, beside the import of FastMCP."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from benchmarks.parties import ALL_SETS, LIST_TOOLS, our_environment, upstream
from benchmarks.process import AS_INSTALLED, ROOT, running
from benchmarks.report import Table
from benchmarks.requests import http_request

ROUNDS = 7
MARGIN = 1.15
EMPTY = """
import sys
import uvicorn

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
IMPORTS = {
    "nothing": "pass",
    "`import fastmcp`": "import fastmcp",
    "`from fastmcp import FastMCP`": "from fastmcp import FastMCP",
}


OURS = {"ours": {}, "ours with all sets": ALL_SETS}


@dataclass
class Starts:
    """The starts of one party, in seconds."""

    elapsed: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)

    def add(self, elapsed: float, computed: float) -> None:
        """Add a start."""
        self.elapsed.append(elapsed)
        self.computed.append(computed)

    @property
    def medians(self) -> tuple[float, float]:
        """The median of the time that passed, and of the time that was computed."""
        return statistics.median(self.elapsed), statistics.median(self.computed)


async def measure() -> list[Table]:
    """Measure all of them in turns."""
    starts = {name: Starts() for name in (*IMPORTS, "empty", "floor", *OURS)}
    async with upstream(1) as api:
        floor = ["-m", "benchmarks.floor", "--port", "{port}", "--api-url", f"http://127.0.0.1:{api.port}"]
        for number in range(ROUNDS + 1):
            if number == 1:  # the turn before compiled
                starts = {name: Starts() for name in starts}
            for name, code in IMPORTS.items():
                starts[name].add(*await whole_run(code))
            starts["empty"].add(*await first_answer(["-c", EMPTY, "{port}"], http_request("GET", "/", {})))
            starts["floor"].add(*await first_answer(floor, LIST_TOOLS))
            for name, settings in OURS.items():
                command = [str(ROOT / "main.py"), "--port", "{port}"]
                starts[name].add(*await first_answer(command, LIST_TOOLS, our_environment(api) | settings))
    medians = {name: taken.medians for name, taken in starts.items()}
    bind = difference(medians["empty"], medians["nothing"])
    table = Table(
        "Start",
        "Seconds from the start of the process to its first answer (of an import: to its end), and the seconds that "
        "it computed, which say the same on a busy machine; the median of seven turns, after one that compiled. The "
        "bind is what an empty uvicorn server needs above a Python that does nothing. `import fastmcp` alone loads no "
        "server: what every FastMCP server loads is `from fastmcp import FastMCP`.",
        ("", "seconds", "ours / this", "CPU seconds", "ours / this"),
    )
    for name in ("`import fastmcp`", "`from fastmcp import FastMCP`"):
        table.rows.append(row(name, medians[name], medians["ours"]))
        allowed = tuple(MARGIN * seconds + more for seconds, more in zip(medians[name], bind, strict=True))
        table.rows.append(row(f"{MARGIN} times that, and the bind", allowed, medians["ours"]))
    table.rows.append(row("bind of an empty server", bind))
    table.rows.append(row("floor", medians["floor"], medians["ours"]))
    table.rows.append(row("ours", medians["ours"]))
    table.rows.append(row("ours with all sets", medians["ours with all sets"], medians["ours"]))
    return [table]


def row(name: str, times: Sequence[float], ours: Sequence[float] | None = None) -> list[str]:
    """Write what passed and what was computed."""
    cells = [name]
    for position, seconds in enumerate(times):
        cells += [f"{seconds:.3f}", "" if ours is None else f"{ours[position] / seconds:.2f}"]
    return cells


def difference(more: Sequence[float], less: Sequence[float]) -> list[float]:
    """Take one pair of times from another."""
    return [first - second for first, second in zip(more, less, strict=True)]


async def whole_run(code: str) -> tuple[float, float]:
    """Run some Python to its end."""
    used, begun = _children_seconds(), time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=os.environ | AS_INSTALLED)
    if await process.wait():
        raise RuntimeError(f"{code} failed")
    return time.perf_counter() - begun, _children_seconds() - used


async def first_answer(
    arguments: list[str], request: bytes, environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Start a server and wait for its first answer."""
    async with running(arguments, request, environment) as process:
        return process.first_answer_seconds, process.cpu_seconds


def _children_seconds() -> float:
    """What the ended processes that were started here computed."""
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)
