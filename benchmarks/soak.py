"""`python -m benchmarks.soak --minutes 10`: 64 callers on a sandbox that fails, and what the server holds meanwhile.

The callers rest after the first minute and at the end. Ends with status 1 where the server holds more at the second
rest than at the first, where a connection or a task of asyncio is left, or where an error is not one of our own.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.connection import Connection
from benchmarks.process import Process, running
from benchmarks.requests import ERAS, http_request, message_of, tool_call
from benchmarks.watched import PATH
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.http.spread import KEEP_ALIVE_SECONDS, POOLS

CALLERS = 64
FAULT_SHARE = 0.05
HANG_UP_SHARE = 0.01
HANG_UP_SECONDS = 0.05
SAMPLE_SECONDS = 1.0
WARM_SECONDS = 60.0
GROWTH_ALLOWED = 1.05
REST_SECONDS = 12.0
SETTLE_SECONDS = 45.0
TASKS_KEPT = 3
MAX_CALLS_IN_FLIGHT = 64

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
    calls: int = 0
    errors: int = 0
    hang_ups: int = 0
    strange: list[str] = field(default_factory=list)
    samples: list[tuple[float, int, int]] = field(default_factory=list)
    """Seconds since the start, the memory that the server held, and how many calls there had been."""

    def __post_init__(self) -> None:
        self.begun = time.perf_counter()
        self.tasks: list[list[str]] = [[] for _ in range(CALLERS)]

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.begun

    async def run(self, until: float) -> None:
        """Call and sample until so many seconds have passed since the start."""
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(self.caller(number, until))
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

    async def caller(self, number: int, until: float) -> None:
        """Is one caller with an account of its own, who lists, reads, submits, aborts and deletes."""
        key = f"sandbox-soak-{number}"
        connection = await Connection.to(self.server.port)
        tasks = self.tasks[number]
        while self.elapsed < until:
            if self.chance.random() < FAULT_SHARE:
                await self.ask_for_fault(key)
            tool, arguments = self.next_call(tasks)
            request = tool_call(self.chance.choice(ERAS), tool, arguments, key)
            if self.chance.random() < HANG_UP_SHARE:
                self.hang_ups += 1
                try:
                    await asyncio.wait_for(connection.exchange(request), HANG_UP_SECONDS)
                except TimeoutError:
                    connection.close()
                    connection = await Connection.to(self.server.port)
                continue
            status, body = await connection.exchange(request)
            self.take(tool, status, body, tasks)
        connection.close()

    async def ask_for_fault(self, key: str) -> None:
        """Let one of the next requests with this key fail."""
        fault = json.dumps({"count": 1, "key": key, **self.chance.choice(FAULTS)}).encode()
        connection = await Connection.to(self.sandbox.port)
        await connection.exchange(http_request("POST", "/sandbox/faults", {}, fault))
        connection.close()

    def next_call(self, tasks: list[str]) -> tuple[str, dict[str, Any]]:
        """Choose the next call of a caller with these tasks."""
        if len(tasks) > TASKS_KEPT:
            return "delete_task", {"task_uuid": tasks.pop(0)}
        tools = ["get_profile", "list_profiles", "list_tasks", "submit_task"]
        if tasks:
            tools += ["get_task", "get_task", "get_task_logs", "abort_task"]
        tool = self.chance.choice(tools)
        if tool == "get_profile":
            return tool, {"profile_name": "docker-batch"}
        if tool == "submit_task":
            constants = {"DOCKER_CMD": "echo hello from ${INSTANCE_ID}", "DOCKER_TAG": "24.04"}
            return tool, {"name": "soak", "profile": "docker-batch", "instance_count": 3, "constants": constants}
        return tool, {"task_uuid": tasks[-1]} if tool not in ("list_profiles", "list_tasks") else {}

    def take(self, tool: str, status: int, body: bytes, tasks: list[str]) -> None:
        """Count an answer and keep the id of a task that was started."""
        self.calls += 1
        result = message_of(body).get("result") if status == 200 else None
        if result is None:
            self.strange.append(f"{tool} answered status {status}: {body[:300]!r}")
        elif result.get("isError"):
            self.errors += 1
        elif tool == "submit_task":
            tasks.append(result["structuredContent"]["uuid"])


@dataclass(frozen=True)
class Held:
    """What the server has open."""

    tasks: list[str]
    files: int

    def leaks_beside(self, before: "Held") -> bool:
        """Whether there is more than before, beside kept connections to the API."""
        return len(self.tasks) > len(before.tasks) or self.files > before.files + MAX_CALLS_IN_FLIGHT


async def held(server: Process) -> Held:
    """Return which asyncio tasks and how many open files the server has."""
    connection = await Connection.to(server.port)
    _, body = await connection.exchange(http_request("GET", PATH, {}))
    connection.close()
    return Held(**json.loads(body))


async def warm_up(server: Process) -> None:
    """Call once in each era: the first answer of the legacy era starts a task that stays."""
    connection = await Connection.to(server.port)
    for era in ERAS:
        await connection.exchange(tool_call(era, "list_profiles", {}, "sandbox-soak"))
    connection.close()
    await asyncio.sleep(SAMPLE_SECONDS)


async def let_connections_expire(server: Process) -> None:
    """Wait until kept connections to the API are too old, and call: a pool closes them when it is used again."""
    await asyncio.sleep(KEEP_ALIVE_SECONDS + SAMPLE_SECONDS)
    connections = [await Connection.to(server.port) for _ in range(2 * POOLS)]
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


async def main(minutes: float, seed: int) -> int:
    """Run a soak, print what was seen, and return the exit status."""
    seconds = minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        async with running(
            ["-m", "qarnot_mcp.sandbox", "--port", "{port}", "--speed", "100"], SANDBOX_READY
        ) as sandbox:
            settings = {
                "QARNOT_BASE_URL": f"http://127.0.0.1:{sandbox.port}",
                "QARNOT_MCP_LOG_FORMAT": "json",
                "QARNOT_MCP_MAX_CALLS_IN_FLIGHT": str(MAX_CALLS_IN_FLIGHT),
            }
            held_request = http_request("GET", PATH, {})
            async with running(["-m", "benchmarks.watched", "--port", "{port}"], held_request, settings, log) as server:
                await warm_up(server)
                before = await held(server)
                soak = Soak(server, sandbox, random.Random(seed))
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
        counts = outcomes(log)
    strange = {name: count for name, count in counts.items() if name not in own_names() | {"ok", "cancelled"}}
    grown = rests[-1] / rests[0] if rests else None
    by_minute = [list(samples) for _, samples in itertools.groupby(soak.samples, lambda sample: sample[0] // 60)]
    memory = [[size / 2**20 for _, size, _ in samples] for samples in by_minute]
    held_each_minute = [f"{min(sizes):.0f} / {statistics.median(sizes):.0f} / {max(sizes):.0f}" for sizes in memory]
    calls_each_minute = [samples[-1][2] - samples[0][2] for samples in by_minute]
    print(f"{soak.calls} calls, {soak.errors} errors, {soak.hang_ups} hang-ups in {seconds:.0f} s (seed {seed})")
    print(f"outcomes: {dict(counts.most_common())}")
    print(f"memory, least / median / most of each minute in MiB: {', '.join(held_each_minute)}")
    for when, size in zip(("after the first minute", "at the end"), rests, strict=False):
        print(f"at rest {when}: {size / 2**20:.1f} MiB")
    print(f"calls of each minute: {calls_each_minute}")
    print(f"held before: {before}, after: {after}")
    faults = []
    if strange or soak.strange:
        faults.append(f"not our own errors: {strange} {soak.strange[:5]}")
    if grown is not None and grown > GROWTH_ALLOWED:
        faults.append(f"the memory has grown {grown:.2f} times")
    if after.leaks_beside(before):
        faults.append("connections or tasks are left")
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


SANDBOX_READY = http_request("GET", "/sandbox/clock", {})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long it calls (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the calls and faults (default: %(default)s)")
    options = parser.parse_args()
    sys.exit(uvloop.run(main(options.minutes, options.seed)))
