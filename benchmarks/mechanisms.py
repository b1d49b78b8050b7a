"""Mechanisms that only speed or memory justifies: the server with each of them, and without it."""

import statistics
from collections.abc import Sequence

from benchmarks.answers import task_id
from benchmarks.load import Callers
from benchmarks.memory import settled
from benchmarks.parties import LIST_TOOLS, our_environment, upstream
from benchmarks.process import ROOT, Process, running
from benchmarks.report import Table, mebibytes, milliseconds
from benchmarks.requests import tool_call

ROUNDS = 5
CALLS = 4_000
CALLERS = 16
LOG_CALLS = 4
SERVERS: dict[str, Sequence[str]] = {
    "with all of them": (str(ROOT / "main.py"),),
    "without frozen garbage": ("-m", "benchmarks.without", "frozen_garbage"),
    "without a quiet start": ("-m", "benchmarks.without", "quiet_start"),
}


async def measure() -> list[Table]:
    """Measure all servers in turns."""
    table = Table(
        "Mechanisms",
        f"CPU milliseconds that the server computes for its start, for a `get_profile` of {CALLERS} callers, and for "
        f"the end of a 100 MB log; resident memory in MiB when idle, and at rest after {CALLS:,} calls and the logs. "
        f"Medians of {ROUNDS} turns. Frozen garbage: what the start made is never looked through again "
        "(`gc.freeze`). Quiet start: no garbage is looked for while the server starts (`gc.disable`).",
        ("server", "start", "call", "plain log", "coloured log", "idle", "after load"),
    )
    taken: dict[str, list[Sequence[float]]] = {name: [] for name in SERVERS}
    async with upstream() as api:
        for _ in range(ROUNDS):
            for name, arguments in SERVERS.items():
                async with running([*arguments, "--port", "{port}"], LIST_TOOLS, our_environment(api)) as server:
                    taken[name].append(await figures_of(server))
    for name, turns in taken.items():
        *seconds, idle, loaded = (statistics.median(figures) for figures in zip(*turns, strict=True))
        table.rows.append([name, *map(milliseconds, seconds), mebibytes(idle), mebibytes(loaded)])
    return [table]


async def figures_of(server: Process) -> Sequence[float]:
    """Return the seconds for the start, a call and the end of each log, and the bytes held before and after them."""
    started = server.cpu_seconds
    idle = await settled(server)
    profile = tool_call("modern", "get_profile", {"profile_name": "docker-batch"})
    seconds = [started, await cpu_seconds_of(server, profile, CALLS, CALLERS)]
    for log_type in ("stdout", "stderr"):
        log = tool_call("modern", "get_task_logs", {"task_uuid": task_id(1), "log_type": log_type})
        seconds.append(await cpu_seconds_of(server, log, LOG_CALLS, 1))
    return [*seconds, idle, await settled(server)]


async def cpu_seconds_of(server: Process, request: bytes, calls: int, callers: int) -> float:
    """Return the seconds that the server computes for one of many calls."""
    connected = await Callers.of(server.port, callers)
    before = server.cpu_seconds
    await connected.call([request], calls=calls)
    connected.close()
    return (server.cpu_seconds - before) / calls
