"""`python -m benchmarks.soak --minutes 10`: 64 callers of all tools on a sandbox that fails, and what the server holds.

The callers rest after the first minute and at the end. The memory is flat where the server holds at the second rest
at most 1.05 times what it held at the first. Ends with status 1 where it is not flat, where an error is not one of our
own, where a task was made twice, or where something is left: a task of asyncio, a connection, a session, a place in a
queue, a temporary file.
"""

import argparse
import asyncio
import itertools
import json
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.connection import Connection
from benchmarks.parties import ALL_SETS
from benchmarks.process import Process, running
from benchmarks.requests import ERAS, http_request, mcp_request, message_of, result_of, tool_call
from benchmarks.soak_calls import ROWS, Caller, Row
from benchmarks.watched import PATH
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.http.connection_pool import KEEP_ALIVE_SECONDS
from qarnot_mcp.qarnot.storage.pool import CALLS_IN_FLIGHT, TRANSFERS_IN_FLIGHT

CALLERS = 64
FAULT_SHARE = 0.05
HANG_UP_SHARE = 0.01
HANG_UP_SECONDS = 0.05
SAMPLE_SECONDS = 1.0
WARM_SECONDS = 60.0
GROWTH_ALLOWED = 1.05
REST_SECONDS = 12.0
SETTLE_SECONDS = 45.0
HALF_MINUTE = 30
MAX_CALLS_IN_FLIGHT = 64
KEPT_CONNECTIONS = MAX_CALLS_IN_FLIGHT + CALLS_IN_FLIGHT + TRANSFERS_IN_FLIGHT

FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 429, "retry_after": "1"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503, "when": "after"},
    {"kind": "status", "status": 504, "when": "after"},
    {"kind": "disconnect"},
    {"kind": "disconnect", "when": "after"},
    {"kind": "cut"},
    {"kind": "slow", "seconds": 0.5},
    {"kind": "not_json"},
    {"kind": "wrong_type"},
    {"kind": "late", "seconds": 1},
    {"kind": "endless", "match": {"path": "/profiles/*"}},
)


@dataclass
class Soak:
    """What is seen in a soak."""

    server: Process
    sandbox: Process
    chance: random.Random
    seed: int
    calls: int = 0
    errors: int = 0
    hang_ups: int = 0
    visits: int = 0
    rows: list[Row] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    """The last error of each tool."""
    strange: list[str] = field(default_factory=list)
    samples: list[tuple[float, int, int]] = field(default_factory=list)
    """Seconds since the start, the memory that the server held, and how many calls there had been."""

    def __post_init__(self) -> None:
        self.begun = time.perf_counter()
        self.callers = [Caller(number, self.chance) for number in range(CALLERS)]

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.begun

    async def run(self, until: float) -> None:
        """Call and sample until so many seconds have passed since the start."""
        async with asyncio.TaskGroup() as group:
            for caller in self.callers:
                group.create_task(self.call(caller, until))
            group.create_task(self.sampler(until))

    async def rest(self) -> int:
        """Return the bytes that the server keeps: its garbage is collected and nobody has called it for a while."""
        await held(self.server)
        await asyncio.sleep(REST_SECONDS)
        return self.server.resident_bytes

    async def sampler(self, until: float) -> None:
        """Look at the memory all the time."""
        while self.elapsed < until:
            self.samples.append((self.elapsed, self.server.resident_bytes, self.calls))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def call(self, caller: Caller, until: float) -> None:
        """Call as one caller does, one call after the other."""
        connection = await Connection.to(self.server.port)
        while self.elapsed < until:
            if self.chance.random() < FAULT_SHARE:
                await self.ask_for_fault(caller.key)
            tool, arguments = caller.next_call(self.rows)
            request = tool_call(self.chance.choice(ERAS), tool, arguments, caller.key)
            if self.chance.random() < HANG_UP_SHARE:
                self.hang_ups += 1
                try:
                    await asyncio.wait_for(connection.exchange(request), HANG_UP_SECONDS)
                except TimeoutError:
                    connection.close()
                    connection = await Connection.to(self.server.port)
                continue
            status, body = await connection.exchange(request)
            self.take(caller, tool, arguments, status, body)
            if tool == "request_upload" and caller.link:
                self.visits += 1
                self.strange += [f"page {told}" for told in await caller.visit_page(self.server.port)]
        connection.close()

    async def ask_for_fault(self, key: str) -> None:
        """Let one of the next requests with this key fail."""
        fault = json.dumps({"count": 1, "key": key, **self.chance.choice(FAULTS)}).encode()
        connection = await Connection.to(self.sandbox.port)
        await connection.exchange(http_request("POST", "/sandbox/faults", {}, fault))
        connection.close()

    def take(self, caller: Caller, tool: str, asked: dict[str, Any], status: int, body: bytes) -> None:
        """Count an answer, and let the caller learn from it."""
        self.calls += 1
        result = message_of(body).get("result") if status == 200 else None
        if result is None:
            self.strange.append(f"{tool} answered status {status}: {body[:300]!r}")
        elif result.get("isError"):
            self.errors += 1
            self.told[tool] = result["content"][0]["text"]
        else:
            self.used.add(tool)
            caller.learn(tool, asked, result["structuredContent"])


@dataclass(frozen=True)
class Held:
    """What the server has open."""

    tasks: list[str]
    files: int
    of_calls: dict[str, int]
    places: int

    def leaks_beside(self, before: "Held") -> bool:
        """Whether there is more than before, beside kept connections to the API and the storage."""
        return (
            len(self.tasks) > len(before.tasks)
            or self.files > before.files + KEPT_CONNECTIONS
            # A connection holds the context of the call that opened it, for as long as it is kept.
            or any(count > before.of_calls[name] + KEPT_CONNECTIONS for name, count in self.of_calls.items())
            or self.places > 0
        )


async def held(server: Process) -> Held:
    """Return which asyncio tasks and how many open files the server has."""
    connection = await Connection.to(server.port)
    _, body = await connection.exchange(http_request("GET", PATH, {}))
    connection.close()
    return Held(**json.loads(body))


async def warm_up(server: Process) -> None:
    """Call once in each era: the first answer of the legacy era starts a task that stays, as does the storage."""
    connection = await Connection.to(server.port)
    for era in ERAS:
        for tool in ("list_profiles", "list_buckets"):
            await connection.exchange(tool_call(era, tool, {}, "sandbox-soak"))
    connection.close()
    await asyncio.sleep(SAMPLE_SECONDS)


async def let_connections_expire(server: Process) -> None:
    """Wait until kept connections to the API are too old, and call: they are closed when others are used."""
    await asyncio.sleep(KEEP_ALIVE_SECONDS + SAMPLE_SECONDS)
    connections = [await Connection.to(server.port) for _ in range(2)]
    request = tool_call("modern", "list_profiles", {}, "sandbox-soak")
    await asyncio.gather(*(connection.exchange(request) for connection in connections))
    for connection in connections:
        connection.close()
    await asyncio.sleep(SAMPLE_SECONDS)


async def settled(server: Process, before: Held) -> Held:
    """Wait until the server holds no more than before, for a bounded time; return what it holds."""
    begun = time.perf_counter()
    while (now := await held(server)).leaks_beside(before) and time.perf_counter() - begun < SETTLE_SECONDS:  # noqa: ASYNC110
        await asyncio.sleep(SAMPLE_SECONDS)
    return now


def outcomes(log: Path) -> Counter[str]:
    """Count the outcomes of the calls in the log; a line that belongs to no call counts as what it says."""
    counts: Counter[str] = Counter()
    for text in log.read_text().splitlines():
        line = json.loads(text) if text.startswith("{") else {"level": "ERROR", "message": text}
        if "outcome" in line:
            counts[line["outcome"]] += 1
        elif line["level"] in ("WARNING", "ERROR", "CRITICAL"):
            counts[f"log: {line['message'][:200]}"] += 1
    return counts


def own_names(error: type[QarnotError] = QarnotError) -> set[str]:
    """Return the names of our own errors."""
    return {error.__name__}.union(*(own_names(below) for below in error.__subclasses__()))


async def rows_of(server: Process) -> list[Row]:
    """Return the rows of the tools that the server has."""
    connection = await Connection.to(server.port)
    _, body = await connection.exchange(mcp_request("modern", "tools/list", {}, "sandbox-soak"))
    connection.close()
    names = {tool["name"] for tool in result_of(body)["tools"]}
    without = names - {row.tool for row in ROWS} - {"delete_task"}
    print(f"{len(names)} tools, without a row: {', '.join(sorted(without)) or 'none'}")
    return [row for row in ROWS if row.tool in names]


async def doubled_tasks(sandbox: Process, callers: Sequence[Caller]) -> list[str]:
    """Return the names under which an account has another task than the one that its submit answered with."""
    connection = await Connection.to(sandbox.port)
    await connection.exchange(http_request("DELETE", "/sandbox/faults", {}))
    doubled, token = [], None
    for caller in callers:
        while True:
            asked = json.dumps({"token": token, "maximumResults": 50}).encode()
            request = http_request("POST", "/v1/tasks/summaries/paginate", {"Authorization": caller.key}, asked)
            page = json.loads((await connection.exchange(request))[1])
            doubled += [
                task["name"]
                for task in page["data"]
                if caller.submitted.get(task["name"], task["uuid"]) != task["uuid"]
            ]
            if (token := page["nextToken"]) is None:
                break
    connection.close()
    return doubled


async def main(minutes: float, seed: int) -> int:
    """Run a soak, print what was seen, and return the exit status."""
    seconds = minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        log, temporary = Path(folder) / "server.log", Path(folder) / "temporary"
        temporary.mkdir()
        sandbox_command = ["-m", "qarnot_mcp.sandbox", "--port", "{port}", "--speed", "100"]
        async with running(sandbox_command, SANDBOX_READY) as sandbox:
            settings = ALL_SETS | {
                "QARNOT_BASE_URL": f"http://127.0.0.1:{sandbox.port}",
                "QARNOT_MCP_LOG_FORMAT": "json",
                "QARNOT_MCP_MAX_CALLS_IN_FLIGHT": str(MAX_CALLS_IN_FLIGHT),
                "QARNOT_MCP_SECRET_KEY": secrets.token_hex(32),
                "TMPDIR": str(temporary),
            }
            held_request = http_request("GET", PATH, {})
            async with running(["-m", "benchmarks.watched", "--port", "{port}"], held_request, settings, log) as server:
                await warm_up(server)
                before = await held(server)
                soak = Soak(server, sandbox, random.Random(seed), seed, rows=await rows_of(server))
                rests = []
                if seconds > WARM_SECONDS:
                    await soak.run(WARM_SECONDS)
                    rests.append(await soak.rest())
                    await soak.run(seconds + REST_SECONDS)
                    rests.append(await soak.rest())
                    await let_connections_expire(server)
                else:
                    await soak.run(seconds)
                after = await settled(server, before)
                doubled = await doubled_tasks(sandbox, soak.callers)
        counts, files_left = outcomes(log), [path.name for path in temporary.iterdir()]
    print(f"held before: {before}\nheld after: {after}")
    faults = report(soak, counts, rests)
    if doubled:
        faults.append(f"tasks were made twice: {doubled[:5]}")
    if files_left:
        faults.append(f"temporary files are left: {files_left[:5]}")
    if after.leaks_beside(before):
        faults.append("something is left: compare what was held before and after")
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


def report(soak: Soak, counts: Counter[str], rests: Sequence[int]) -> list[str]:
    """Print what a soak saw, and return what is wrong with it."""
    visits = sum(caller.uploads for caller in soak.callers)
    print(f"{soak.calls} calls, {soak.errors} errors, {soak.hang_ups} hang-ups (seed {soak.seed})")
    print(f"{soak.visits} visits of the files page, {visits} uploads in parts; tools that succeeded: {len(soak.used)}")
    print(f"outcomes: {dict(counts.most_common())}")
    by_half_minute = itertools.groupby(soak.samples, lambda sample: sample[0] // HALF_MINUTE)
    for half_minute, grouped in by_half_minute:
        samples = list(grouped)
        sizes = [size / 2**20 for _, size, _ in samples]
        print(
            f"{half_minute * HALF_MINUTE:4.0f} s: {min(sizes):.1f} / {statistics.median(sizes):.1f} / {max(sizes):.1f} "
            f"MiB (least, median, most), {samples[-1][2] - samples[0][2]} calls"
        )
    for when, size in zip(("after the first minute", "at the end"), rests, strict=False):
        print(f"at rest {when}: {size / 2**20:.1f} MiB")
    faults = []
    strange = {name: count for name, count in counts.items() if name not in own_names() | {"ok", "cancelled"}}
    if strange or soak.strange:
        faults.append(f"not our own errors: {strange} {soak.strange[:5]}")
    if rests and rests[-1] > GROWTH_ALLOWED * rests[0]:
        faults.append(f"the memory has grown {rests[-1] / rests[0]:.2f} times")
    for tool in sorted({row.tool for row in soak.rows} - soak.used):
        print(f"{tool} never succeeded: {soak.told.get(tool, 'it was not called')}")
    return faults


SANDBOX_READY = http_request("GET", "/sandbox/clock", {})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long it calls (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the calls and faults (default: %(default)s)")
    options = parser.parse_args()
    sys.exit(uvloop.run(main(options.minutes, options.seed)))
