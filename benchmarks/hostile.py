"""One caller does the worst that a caller can, without pause: how long another caller waits for its answers."""

import asyncio
import os
import statistics
import time
from collections import Counter

from benchmarks.answers import task_id
from benchmarks.connection import Connection
from benchmarks.memory import profile_call, watched
from benchmarks.parties import ours, upstream
from benchmarks.report import Table, mebibytes, milliseconds
from benchmarks.requests import tool_call

HOSTILE_LOG_BYTES = 16 * 1024 * 1024
# The server's bound for a request's body, which the request has to stay under with its frame.
BODY_BYTES = 256 * 1024 - 2048
HOSTILE_KEY = "hostile-benchmark-key"
REFUSED_PATTERN = "(1.{0,900}){1}[2-9]"
ACCEPTED_PATTERN = "(1.{0,100}){1}[2-9]"
# JSON writes each of them in six bytes.
NAME_CHARACTERS = min(100_000, BODY_BYTES // 6)
PAUSE_SECONDS = 0.01


def attacks() -> dict[str, bytes]:
    """Return the calls that cost the most, by what they do."""
    numbers = list(range(990_000))[: BODY_BYTES // 8]

    def search(log_type: str, pattern: str) -> bytes:
        arguments = {"task_uuid": task_id(1), "log_type": log_type, "search": pattern}
        return tool_call("modern", "get_task_logs", arguments, HOSTILE_KEY)

    return {
        "tool name": tool_call("legacy", "\u0090" * NAME_CHARACTERS, {}, HOSTILE_KEY),
        "tags": tool_call("modern", "list_tasks", {"tags": numbers}, HOSTILE_KEY),
        "costly search": search("stdout", REFUSED_PATTERN),
        "search of long lines": search("stdout", ACCEPTED_PATTERN),
        "search of a hex dump": search("stderr", ACCEPTED_PATTERN),
    }


async def measure(seconds: float) -> list[Table]:
    """Measure the latencies of `get_profile`, first alone and then for so many seconds beside the hostile caller."""
    async with upstream(HOSTILE_LOG_BYTES, hostile_log=True) as api, ours(api) as server, watched(server) as peak:
        alone = await latencies(server.port, min(seconds, 5.0))
        answered: Counter[str] = Counter()
        attacking = [asyncio.create_task(attack(server.port, name, answered)) for name in attacks()]
        try:
            beside = await latencies(server.port, seconds)
        finally:
            for task in attacking:
                task.cancel()
            await asyncio.gather(*attacking, return_exceptions=True)
    table = Table(
        "A hostile caller",
        f"Milliseconds that a caller waits for `get_profile`, with a pause of {PAUSE_SECONDS * 1000:g} ms between its "
        f"calls, alone and beside one that sends its worst calls without pause for {seconds:g} s (answered: "
        f"{', '.join(f'{count} {what}' for what, count in sorted(answered.items())) or 'none'}). Most memory: "
        f"{mebibytes(peak.resident_bytes)} MiB. Load average at the end: {os.getloadavg()[0]:.2f}.",
        ("caller", "calls", "median", "99th percentile", "most"),
    )
    table.rows.extend([row("alone", alone), row("beside a hostile one", beside)])
    return [table]


async def attack(port: int, name: str, answered: Counter[str]) -> None:
    """Make one of the calls over and over, on a new connection where the server closes the old one."""
    request = attacks()[name]
    while True:
        connection = await Connection.to(port)
        try:
            while True:
                status, body = await connection.exchange(request)
                # A refused call costs far less than one that does its work, so they are counted apart.
                is_refused = status != 200 or b'"isError":true' in body or b'"error":' in body
                answered[f"{name} {'refused' if is_refused else 'done'} with {status}"] += 1
        except ConnectionError:
            answered[f"{name} cut off"] += 1
        finally:
            connection.close()


async def latencies(port: int, seconds: float) -> list[float]:
    """Return the seconds of each call for a time; raises `ValueError` at the first that fails."""
    connection, request = await Connection.to(port), profile_call()
    ends, taken = time.perf_counter() + seconds, []
    try:
        while (sent := time.perf_counter()) < ends:
            status, body = await connection.exchange(request)
            taken.append(time.perf_counter() - sent)
            if status != 200 or b'"isError":true' in body:
                raise ValueError(f"a call failed with status {status}: {body[:500]!r}")
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        connection.close()
    return taken


def row(caller: str, taken: list[float]) -> list[str]:
    """Write what one caller saw."""
    percentile = statistics.quantiles(taken, n=100, method="inclusive")[98] if len(taken) > 1 else taken[0]
    return [caller, str(len(taken)), *map(milliseconds, (statistics.median(taken), percentile, max(taken)))]
