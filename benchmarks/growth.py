"""Growth: time and memory of a call as the account, a task, a log and the number of callers grow, and the limits."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.answers import SIZED_LOG, SLOW_TASK, task_id
from benchmarks.connection import Connection
from benchmarks.memory import settled, watched
from benchmarks.parties import ours, upstream
from benchmarks.process import Process
from benchmarks.report import Table, mebibytes, ratio
from benchmarks.requests import message_of, result_of, tool_call

TASKS = (10, 100, 1_000, 10_000)
INSTANCES = (1, 10, 100, 1_000, 10_000)
LOG_KB = (1, 1_000, 100_000, 1_000_000)
CALLERS = (1, 8, 64, 512)
TURNS = 5
LONG_TURNS = 3
LONG_SECONDS = 0.5
ALLOWED = 1.3
LEAST_BYTES = 8 * 2**20
"""Memory that is not looked at: what the allocator takes at once."""
WHOLE_LOGS = {"QARNOT_MCP_MAX_LOG_BYTES": str(2 * 2**30)}

Turn = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Taken:
    """What a size took: seconds, and the most bytes beyond what the server held at rest."""

    size: int
    seconds: float
    held_bytes: int

    def is_linear_after(self, before: "Taken") -> bool:
        """Return whether time and memory grew by no more than the size did, but for what a measurement is off by."""
        allowed = ALLOWED * self.size / before.size
        held = self.held_bytes <= max(LEAST_BYTES, allowed * max(before.held_bytes, LEAST_BYTES))
        return held and self.seconds <= allowed * before.seconds


async def measure() -> list[Table]:
    """Measure each of the four in turn, from the smallest size to the largest."""
    growth = Table(
        "Growth",
        "The best of five calls (of three, where one takes half a second) as one thing grows, and the most MiB that "
        "the server held beyond its rest after the start. Time and memory are linear or less where neither grew by "
        f"more than the size did from the row before, times {ALLOWED} for what a measurement is off by.",
        ("", "ms", "MiB", "size / before", "time / before", "verdict"),
    )
    listed = [await tasks_of(count) for count in TASKS]
    growth.rows.extend(rows("all of an account's tasks by `list_tasks`, a hundred at a time", listed))
    async with upstream() as api, ours(api) as server:
        rest = await settled(server)
        taken = [await calls(server, [get_task(count)], count, rest) for count in INSTANCES]
        growth.rows.extend(rows("`get_task`, instances", taken))
    async with upstream() as api, ours(api, **WHOLE_LOGS) as server:
        rest = await settled(server)
        taken = [await calls(server, [end_of_log(kilobytes)], kilobytes, rest) for kilobytes in LOG_KB]
        growth.rows.extend(rows("`get_task_logs`, KB of the log", taken))
    async with upstream() as api, ours(api) as server:
        rest = await settled(server)
        taken = [await calls(server, [get_task(1)] * count, count, rest) for count in CALLERS]
        growth.rows.extend(rows("`get_task`, callers at once, until all are answered", taken))
    return [growth, await limits()]


def rows(what: str, taken: Sequence[Taken]) -> list[list[str]]:
    """Write one thing that grows."""
    written = []
    for number, now in enumerate(taken):
        cells = [f"{what}: {now.size:,}", f"{now.seconds * 1000:.1f}", mebibytes(now.held_bytes)]
        if number:
            before = taken[number - 1]
            verdict = "linear or less" if now.is_linear_after(before) else "MORE"
            cells += [ratio(now.size, before.size), ratio(now.seconds, before.seconds), verdict]
        written.append([*cells, "", "", ""][:6])
    return written


def get_task(instances: int) -> bytes:
    """Return a call about a task with this many instances."""
    return tool_call("modern", "get_task", {"task_uuid": task_id(instances)})


def end_of_log(kilobytes: int) -> bytes:
    """Return a call for the end of a log of this size."""
    return tool_call("modern", "get_task_logs", {"task_uuid": task_id(SIZED_LOG + kilobytes)})


async def tasks_of(count: int) -> Taken:
    """List an account with this many tasks to its end."""
    async with upstream(1, tasks=count) as api, ours(api) as server:
        connection = await Connection.to(server.port)

        async def turn() -> None:
            listed, cursor = 0, None
            while listed == 0 or cursor:
                asked = {"limit": 100} | ({"cursor": cursor} if cursor else {})
                _, body = await connection.exchange(tool_call("modern", "list_tasks", asked))
                result = result_of(body)["structuredContent"]
                listed, cursor = listed + result["count"], result.get("next_cursor")
            if listed != count:
                raise ValueError(f"{listed} of {count} tasks were listed")

        taken = await timed(server, turn, count, await settled(server))
        connection.close()
        return taken


async def calls(server: Process, requests: Sequence[bytes], size: int, rest_bytes: int) -> Taken:
    """Send all requests at once, each on a connection of its own."""
    connections = [await Connection.to(server.port) for _ in requests]

    async def one(connection: Connection, request: bytes) -> None:
        _, body = await connection.exchange(request)
        result_of(body)

    async def turn() -> None:
        await asyncio.gather(*map(one, connections, requests))

    taken = await timed(server, turn, size, rest_bytes)
    for connection in connections:
        connection.close()
    return taken


async def timed(server: Process, turn: Turn, size: int, rest_bytes: int) -> Taken:
    """Take a few turns, after one that warms what a first call has to make."""
    seconds: list[float] = []
    async with watched(server) as peak:
        await turn()
        while len(seconds) < (LONG_TURNS if seconds and seconds[0] > LONG_SECONDS else TURNS):
            begun = time.perf_counter()
            await turn()
            seconds.append(time.perf_counter() - begun)
    return Taken(size, min(seconds), max(0, peak.resident_bytes - rest_bytes))


async def limits() -> Table:
    """Say where things end, and what is said there."""
    table = Table(
        "Limits",
        "Where growth ends, measured with the settings as they come, and what the conversation is told there.",
        ("", "reached", "told"),
    )
    async with upstream(tasks=TASKS[-1]) as api, ours(api) as server:
        connection = await Connection.to(server.port)
        longest = tool_call("modern", "list_tasks", {"limit": 500})
        listed = result_of((await connection.exchange(longest))[1])["structuredContent"]
        table.rows.append(
            ["rows of one `list_tasks`, of 500 that were asked for", f"{listed['count']}", listed.get("hint", "")]
        )
        read = result_of((await connection.exchange(end_of_log(LOG_KB[-1])))[1])["structuredContent"]
        table.rows.append(["a log of 1 GB", "256 MiB", next(note for note in texts(read) if "MAX_LOG_BYTES" in note)])
        connection.close()
        answers = await at_once(server.port, get_task(SLOW_TASK), CALLERS[-1])
        for text, count in answers.most_common():
            what = f"{CALLERS[-1]} callers with one key at once, of an API that takes a second"
            table.rows.append([what, f"{count}", text])
    return table


def texts(value: object) -> list[str]:
    """Return all texts in a result."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


async def at_once(port: int, request: bytes, count: int) -> Counter[str]:
    """Call from many connections at once, and count what they were told."""

    async def told() -> str:
        connection = await Connection.to(port)
        status, body = await connection.exchange(request)
        connection.close()
        if status != 200:
            return f"status {status}"
        result = message_of(body)["result"]
        # Without the id of the request, which is another one each time.
        return str(result["content"][0]["text"]).partition(" (request")[0] if result.get("isError") else "served"

    return Counter(await asyncio.gather(*(told() for _ in range(count))))
