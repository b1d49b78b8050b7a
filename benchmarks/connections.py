"""The connections to the API: our pool against that of httpcore, and watched sockets against those of httpcore."""

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from unittest import mock

import httpcore
from pydantic import SecretStr

from benchmarks.answers import task_id
from benchmarks.parties import upstream
from benchmarks.process import KEY, Process
from benchmarks.report import Table, milliseconds
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.http import connection_pool, transport
from qarnot_mcp.qarnot.http.connection_pool import KEEP_ALIVE_SECONDS, network
from qarnot_mcp.qarnot.http.transport import Limits, Transport

ROUNDS = 3
CALLS = 1_280
LOGS = 2
CALLERS = (1, 16, 128)


def pool_of_httpcore(*_: object) -> httpcore.AsyncConnectionPool:
    """Return a pool of httpcore in place of ours."""
    return httpcore.AsyncConnectionPool(
        max_connections=max(CALLERS), keepalive_expiry=KEEP_ALIVE_SECONDS, network_backend=network()
    )


WAYS: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "our pool, watched sockets": nullcontext,
    "the pool of httpcore": lambda: mock.patch.object(transport, "ConnectionPool", pool_of_httpcore),
    "the sockets of httpcore": lambda: mock.patch.object(connection_pool, "network", return_value=None),
}


async def measure() -> list[Table]:
    """Measure the client alone, each way in turn, so that a busy machine is busy for all of them."""
    table = Table(
        "Connections to the API",
        "CPU milliseconds that the client computes for `GET /profiles/{name}`, by the number of callers at a time, and "
        f"for reading a 100 MB log. Medians of {ROUNDS} turns.",
        ("connections", *(f"{callers} callers" for callers in CALLERS), "log"),
    )
    taken: dict[str, list[list[float]]] = {name: [] for name in WAYS}
    async with upstream() as api:
        for _ in range(ROUNDS):
            for name, way in WAYS.items():
                with way():
                    taken[name].append(await seconds_of(api))
    for name, turns in taken.items():
        medians = [statistics.median(seconds) for seconds in zip(*turns, strict=True)]
        table.rows.append([name, *map(milliseconds, medians)])
    return [table]


async def seconds_of(api: Process) -> list[float]:
    """Return the seconds that this process computes for one call, for each number of callers, and for one log."""
    limits = Limits(max_calls_in_flight=max(CALLERS))
    taken = []
    async with Transport(f"http://127.0.0.1:{api.port}", "1", limits=limits) as opened:
        for callers in CALLERS:
            await call(opened, callers, callers)
            began = time.process_time()
            await call(opened, callers, CALLS)
            taken.append((time.process_time() - began) / CALLS)
        began = time.process_time()
        for _ in range(LOGS):
            async with QarnotClient(opened, SecretStr(KEY)).tasks.log(task_id(1)) as log:
                async for _part in log:
                    pass
        taken.append((time.process_time() - began) / LOGS)
    return taken


async def call(opened: Transport, callers: int, calls: int) -> None:
    """Make calls, so many at a time."""

    async def caller() -> None:
        for _ in range(calls // callers):
            await QarnotClient(opened, SecretStr(KEY)).profiles.get("docker-batch")

    await asyncio.gather(*(caller() for _ in range(callers)))
