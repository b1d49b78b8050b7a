"""Logs: the time to answer the end of a large log, beside the time to download it with httpx alone."""

import statistics
import time

import httpx

from benchmarks.answers import task_id
from benchmarks.connection import Connection
from benchmarks.parties import LOG_BYTES, ours, upstream
from benchmarks.process import Process
from benchmarks.report import Table
from benchmarks.requests import result_of, tool_call

ROUNDS = 5
KINDS = {"stdout": "plain", "stderr": "with colours, tabs and quotes"}


async def measure() -> list[Table]:
    """Measure both in turns, for each kind of log."""
    table = Table(
        "Logs",
        f"Seconds to answer the last lines of a {LOG_BYTES // 10**6} MB log, and to download it with httpx alone "
        "without looking at it; the median of five turns. Of plain lines only the last are decoded.",
        ("lines", "download", "get_task_logs", "ratio"),
    )
    async with upstream() as api, ours(api) as server:
        for log_type, kind in KINDS.items():
            table.rows.append([kind, *await in_turns(api, server, log_type)])
    return [table]


async def in_turns(api: Process, server: Process, log_type: str) -> list[str]:
    """Return the seconds of both, and their ratio."""
    uuid = task_id(1)
    call = tool_call("modern", "get_task_logs", {"task_uuid": uuid, "log_type": log_type})
    connection = await Connection.to(server.port)
    tails, downloads = [], []
    for _ in range(ROUNDS):
        downloads.append(await download(f"http://127.0.0.1:{api.port}/v1/tasks/{uuid}/{log_type}"))
        begun = time.perf_counter()
        _, body = await connection.exchange(call)
        tails.append(time.perf_counter() - begun)
        result_of(body)
    connection.close()
    ratio = statistics.median(tail / down for tail, down in zip(tails, downloads, strict=True))
    return [f"{statistics.median(downloads):.3f}", f"{statistics.median(tails):.3f}", f"{ratio:.2f}"]


async def download(url: str) -> float:
    """Downloads and answers the seconds that it took."""
    async with httpx.AsyncClient(headers={"Authorization": "benchmark-key"}) as client:
        begun = time.perf_counter()
        async with client.stream("GET", url) as response:
            response.raise_for_status()
            async for _ in response.aiter_raw():
                pass
        return time.perf_counter() - begun
