"""Runs in which something goes wrong at the API: drawn at random, each repeatable by its seed and number.

`FAULT_RUNS` says how many are made.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.web.app import create_app
from tests.support.running_server import RunningServer, settings_for
from tests.support.serving import serve

log = logging.getLogger(__name__)
RUNS = int(os.environ.get("FAULT_RUNS", "40"))
# The tests' own requests: a kept connection could have been closed by the sandbox in the meantime.
ANEW = httpx.Limits(max_keepalive_connections=0)


@dataclass
class FaultRun:
    """One call of a tool, and what was wrong with what came of it."""

    name: str
    problems: list[str] = field(default_factory=list, kw_only=True)

    @property
    def key(self) -> str:
        """The key of an account of its own."""
        return f"sandbox-empty-{self.name}".replace(" ", "").replace(",", "-")

    def expect(self, holds: bool, problem: str) -> None:
        """Note a problem unless something holds."""
        if not holds:
            self.problems.append(problem)


@dataclass(frozen=True)
class FaultWorker:
    """A sandbox and a server on it, and the runs that go through them one after the other."""

    server: RunningServer
    api: httpx.AsyncClient


AnyRun = TypeVar("AnyRun", bound=FaultRun)


async def play(
    planned: Callable[[int], AnyRun],
    go_through: Callable[[FaultWorker, AnyRun], Awaitable[None]],
    outcome: Callable[[AnyRun], str],
    *,
    workers: int,
    speed: float,
    limits: dict[str, Any],
) -> None:
    """Let workers go through all runs; fails where one has a problem."""
    numbers = iter(range(RUNS))
    runs: list[AnyRun] = []
    # A server that is made holds up the answers of all others.
    all_are_made = asyncio.Barrier(workers)

    async def work(number_of_worker: int) -> None:
        async with _worker(number_of_worker, speed, limits) as worker:
            await all_are_made.wait()
            for number in numbers:
                run = planned(number)
                runs.append(run)
                worker.api.headers["Authorization"] = run.key
                await go_through(worker, run)

    async with asyncio.TaskGroup() as group:
        for number in range(workers):
            group.create_task(work(number))
    log.info("outcomes: %s", Counter(map(outcome, runs)))
    wrong = [run for run in runs if run.problems]
    assert len(runs) == RUNS
    assert not wrong, "\n".join(f"{run.name}: {run}" for run in wrong[:5])


@asynccontextmanager
async def _worker(number: int, speed: float, limits: dict[str, Any]) -> AsyncIterator[FaultWorker]:
    async with serve(create_sandbox(speed=speed, seed=number)) as api_url:
        app = create_app(settings_for(api_url, **limits))
        async with serve(app) as url, httpx.AsyncClient(base_url=api_url, timeout=30, limits=ANEW) as api:
            yield FaultWorker(RunningServer(url, api_url, ""), api)
