"""Memory: what the server holds idle, under many callers, after many calls, and while it tails a large log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.answers import task_id
from benchmarks.load import Callers
from benchmarks.parties import ALL_SETS, LOG_BYTES, floor, ours, upstream
from benchmarks.process import Process
from benchmarks.report import Table, mebibytes, ratio
from benchmarks.requests import tool_call

CALLERS = 128
SAMPLE_SECONDS = 0.01
SETTLE_SECONDS = 1.0
LOG_CALLS = 3
STEPS = 4


class Peak:
    """The most memory that was seen."""

    def __init__(self) -> None:
        self.resident_bytes = 0


@asynccontextmanager
async def watched(process: Process) -> AsyncIterator[Peak]:
    """Sample the memory of a process."""
    peak = Peak()

    async def watch() -> None:
        while True:
            peak.resident_bytes = max(peak.resident_bytes, process.resident_bytes)
            await asyncio.sleep(SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        watching.cancel()


async def settled(process: Process) -> int:
    """Return what a process holds once it has nothing to do."""
    await asyncio.sleep(SETTLE_SECONDS)
    return process.resident_bytes


async def measure(calls: int) -> list[Table]:
    """Measure ours beside the floor; `calls` is how many calls growth is looked for in."""
    table = Table(
        "Memory",
        "Resident memory in MiB. Idle is after the start and one `tools/list`; growth is what further calls added "
        f"after the first quarter of {calls:,} calls of `get_profile` by 16 callers.",
        ("state", "floor", "ours", "ours / floor"),
    )
    async with upstream() as api, floor(api, cured=True) as floor_server, ours(api) as our_server:
        parties = (floor_server, our_server)
        idle = [await settled(party) for party in parties]
        under = [await peak_under_callers(party) for party in parties]
        first, *_, last = zip(*[await after_calls(party, calls) for party in parties], strict=True)
    async with upstream() as api, ours(api, **ALL_SETS) as our_server:
        all_sets = await settled(our_server)
    async with upstream() as api, ours(api) as our_server:
        before = await settled(our_server)
        tail = await peak_of_tail(our_server)
    table.rows.extend(
        [
            compared("idle", idle),
            compared("idle with all sets, until storage is used", [idle[0], all_sets]),
            compared(f"most under {CALLERS} callers", under),
            compared(f"after {calls // STEPS:,} calls", first),
            compared(f"after {calls:,} calls", last),
            [
                "growth in between",
                *(f"{(end - start) / 2**20:+.1f}" for start, end in zip(first, last, strict=True)),
                "",
            ],
            [f"tail of a {LOG_BYTES // 10**6} MB log, above idle", "", f"{(tail - before) / 2**20:+.1f}", ""],
        ]
    )
    return [table]


def compared(state: str, figures: tuple[int, ...] | list[int]) -> list[str]:
    """Write one state of the floor and of ours."""
    its, our = figures
    return [state, mebibytes(its), mebibytes(our), ratio(our, its)]


def profile_call() -> bytes:
    """Return the call that is made over and over."""
    return tool_call("modern", "get_profile", {"profile_name": "docker-batch"})


async def peak_under_callers(process: Process) -> int:
    """Return the most that a process holds under many callers."""
    callers = await Callers.of(process.port, CALLERS)
    async with watched(process) as peak:
        await callers.call([profile_call()], calls=20 * CALLERS)
    callers.close()
    return peak.resident_bytes


async def after_calls(process: Process, calls: int) -> list[int]:
    """Return what a process holds after each quarter of the calls."""
    held = []
    for _ in range(STEPS):
        callers = await Callers.of(process.port, 16)
        await callers.call([profile_call()], calls=calls // STEPS)
        callers.close()
        held.append(await settled(process))
    return held


async def peak_of_tail(process: Process) -> int:
    """Return the most that a process holds while it reads the end of a large log."""
    callers = await Callers.of(process.port, 1)
    async with watched(process) as peak:
        await callers.call([tool_call("modern", "get_task_logs", {"task_uuid": task_id(1)})], calls=LOG_CALLS)
    callers.close()
    return peak.resident_bytes
