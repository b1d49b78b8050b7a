"""Logs: the time to answer the end of a large log and a search in it, beside that to download it with httpx alone."""

import asyncio
import statistics
import time

import httpx

from benchmarks.answers import task_id
from benchmarks.connection import Connection
from benchmarks.hostile import latencies, row
from benchmarks.memory import settled, watched
from benchmarks.parties import LOG_BYTES, ours, upstream
from benchmarks.process import Process
from benchmarks.report import Table
from benchmarks.requests import result_of, tool_call

ROUNDS = 5
BESIDE_SECONDS = 5.0
READER_KEY = "log-benchmark-key"
KINDS = {"stdout": "plain", "stderr": "with colours, tabs and quotes"}
SEARCH = r"frame 9\d+ of \d+ failed"
QUERIES: dict[str, dict[str, str]] = {"end": {}, "search": {"search": SEARCH}}


async def measure() -> list[Table]:
    """Measure each query and each kind of log in turns with a download, and what other callers see meanwhile."""
    table = Table(
        "Logs",
        f"Seconds to answer the last lines of a {LOG_BYTES // 10**6} MB log, or a search in it that finds nothing, and "
        f"to download it with httpx alone without looking at it; the median of {ROUNDS} turns. Memory is the most "
        "that the server holds meanwhile, in MiB above idle.",
        ("query", "download", "get_task_logs", "ratio", "memory"),
    )
    others = Table(
        "Beside logs",
        "Milliseconds that a caller waits for `get_profile`, with a pause of 10 ms between its calls, while another "
        f"one reads logs of {LOG_BYTES // 10**6} MB without pause.",
        ("while another caller", "calls", "median", "99th percentile", "most"),
    )
    async with upstream() as api:
        for what, arguments in QUERIES.items():
            for log_type, kind in KINDS.items():
                async with ours(api) as server:
                    table.rows.append([f"{what}, {kind}", *await in_turns(api, server, log_type, arguments)])
        async with ours(api) as server:
            others.rows.append(row("does nothing", await latencies(server.port, BESIDE_SECONDS)))
            for what, arguments in QUERIES.items():
                for log_type, kind in KINDS.items():
                    taken = await beside(server, log_type, arguments)
                    others.rows.append(row(f"reads: {what}, {kind}", taken))
    return [table, others]


async def in_turns(api: Process, server: Process, log_type: str, arguments: dict[str, str]) -> list[str]:
    """Return the seconds of both, their ratio, and the memory."""
    uuid = task_id(1)
    call = log_call(log_type, arguments)
    idle = await settled(server)
    connection = await Connection.to(server.port)
    answers, downloads = [], []
    async with watched(server) as peak:
        for _ in range(ROUNDS):
            downloads.append(await download(f"http://127.0.0.1:{api.port}/v1/tasks/{uuid}/{log_type}"))
            begun = time.perf_counter()
            _, body = await connection.exchange(call)
            answers.append(time.perf_counter() - begun)
            result_of(body)
    connection.close()
    ratio = statistics.median(answer / down for answer, down in zip(answers, downloads, strict=True))
    seconds = (f"{statistics.median(downloads):.3f}", f"{statistics.median(answers):.3f}")
    return [*seconds, f"{ratio:.2f}", f"{(peak.resident_bytes - idle) / 2**20:+.1f}"]


def log_call(log_type: str, arguments: dict[str, str]) -> bytes:
    """Return a call of get_task_logs, with a key of its own."""
    return tool_call(
        "modern", "get_task_logs", {"task_uuid": task_id(1), "log_type": log_type, **arguments}, READER_KEY
    )


async def beside(server: Process, log_type: str, arguments: dict[str, str]) -> list[float]:
    """Return the seconds that each call of another caller takes while a log is read over and over."""
    call = log_call(log_type, arguments)

    async def read() -> None:
        connection = await Connection.to(server.port)
        try:
            while True:
                _, body = await connection.exchange(call)
                result_of(body)
        finally:
            connection.close()

    reading = asyncio.create_task(read())
    try:
        taken = await latencies(server.port, BESIDE_SECONDS)
        if reading.done():
            reading.result()
        return taken
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def download(url: str) -> float:
    """Downloads and answers the seconds that it took."""
    async with httpx.AsyncClient(headers={"Authorization": "benchmark-key"}) as client:
        begun = time.perf_counter()
        async with client.stream("GET", url) as response:
            response.raise_for_status()
            async for _ in response.aiter_raw():
                pass
        return time.perf_counter() - begun
