"""What only the libraries can mend: the server with each change, beside the server as it is."""

import statistics
from contextlib import AsyncExitStack

from benchmarks.load import Callers
from benchmarks.parties import LIST_TOOLS, our_environment, upstream
from benchmarks.patched import PATCHES
from benchmarks.process import Process, running
from benchmarks.report import Table, milliseconds
from benchmarks.requests import ERAS, Era, tool_call
from benchmarks.speed import Case, cases

ROUNDS = 8
TURN_SECONDS = 0.3
WARM_UP_CALLS = 100
CALLERS = 16
TOOLS = ("get_profile", "list_tasks")


async def measure() -> list[Table]:
    """Measure all servers in turns."""
    kinds = [(era, case) for era in ERAS for case in cases() if case.tool in TOOLS]
    table = Table(
        "Changes of libraries",
        f"CPU milliseconds of a call with {CALLERS} callers, of our server as it is, and as parts of that with one "
        f"change of a library each, put in while it runs and for this table alone; the medians of {ROUNDS} turns.",
        ("change", *(f"{era}, {case.tool}" for era, case in kinds)),
    )
    names = {"none": "", **{name: name for name in PATCHES}, "all of them": "all"}
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(upstream(1))
        servers = {
            title: await stack.enter_async_context(
                running(["-m", "benchmarks.patched", name, "--port", "{port}"], LIST_TOOLS, our_environment(api))
            )
            for title, name in names.items()
        }
        taken = {title: [[0.0] * 0 for _ in kinds] for title in names}
        for server in servers.values():
            for era, case in kinds:
                group = await Callers.of(server.port, CALLERS)
                await group.call([tool_call(era, case.tool, case.arguments)], calls=WARM_UP_CALLS)
                group.close()
        for round_number in range(ROUNDS):
            for title, server in list(servers.items())[:: 1 if round_number % 2 == 0 else -1]:
                for figures, (era, case) in zip(taken[title], kinds, strict=True):
                    figures.append(await cpu_seconds_of(server, era, case))
    for title, turns in taken.items():
        table.rows.append(
            [_described(title), *(_cell(own, bare) for own, bare in zip(turns, taken["none"], strict=True))]
        )
    return [table]


async def cpu_seconds_of(server: Process, era: Era, case: Case) -> float:
    """Return the seconds that the server computes for one of many calls."""
    group = await Callers.of(server.port, CALLERS)
    before = server.cpu_seconds
    load = await group.call([tool_call(era, case.tool, case.arguments)], seconds=TURN_SECONDS)
    group.close()
    return (server.cpu_seconds - before) / len(load.latencies)


def _described(title: str) -> str:
    patch = PATCHES.get(title)
    return f"{patch.library}: {patch.change}" if patch else title


def _cell(own: list[float], bare: list[float]) -> str:
    if own is bare:
        return milliseconds(statistics.median(own))
    return f"{statistics.median(one / other for one, other in zip(own, bare, strict=True)):.2f}"
