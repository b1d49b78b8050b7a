"""Logs: the time to answer the end of a large log, beside the time to download it with httpx alone."""

import statistics
import time

import httpx

from benchmarks.answers import task_id
from benchmarks.connection import Connection
from benchmarks.parties import LOG_BYTES, ours, upstream
from benchmarks.report import Table
from benchmarks.requests import result_of, tool_call

ROUNDS = 5


async def measure() -> list[Table]:
    """Measures both in turns."""
    tails, downloads = [], []
    async with upstream() as api, ours(api) as server:
        uuid = task_id(1)
        call = tool_call("modern", "get_task_logs", {"task_uuid": uuid})
        connection = await Connection.to(server.port)
        for _ in range(ROUNDS):
            downloads.append(await download(f"http://127.0.0.1:{api.port}/v1/tasks/{uuid}/stdout"))
            begun = time.perf_counter()
            _, body = await connection.exchange(call)
            tails.append(time.perf_counter() - begun)
            result_of(body)
        connection.close()
    table = Table(
        "Logs",
        f"Seconds to answer the last lines of a {LOG_BYTES // 10**6} MB log, and to download it with httpx alone "
        "without looking at it; the median of five turns.",
        ("", "seconds"),
    )
    table.rows.extend(
        [
            ["download", f"{statistics.median(downloads):.3f}"],
            ["get_task_logs", f"{statistics.median(tails):.3f}"],
            [
                "ratio",
                f"{statistics.median(tail / down for tail, down in zip(tails, downloads, strict=True)):.2f}",
            ],
        ]
    )
    return [table]


async def download(url: str) -> float:
    """Downloads and answers the seconds that it took."""
    async with httpx.AsyncClient(headers={"Authorization": "benchmark-key"}) as client:
        begun = time.perf_counter()
        async with client.stream("GET", url) as response:
            response.raise_for_status()
            async for _ in response.aiter_raw():
                pass
        return time.perf_counter() - begun
