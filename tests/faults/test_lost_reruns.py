"""A lost answer at each request of a rerun: no task is doubled, and nothing is left that the answer does not name.

`FAULT_RUNS` says how many runs are made. A run that goes wrong shows its seed and number, which repeat it.
"""

import asyncio
import logging
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.web.app import create_app
from tests.support.running_server import RunningServer, settings_for, text_of
from tests.support.serving import serve

log = logging.getLogger(__name__)
RUNS = int(os.environ.get("FAULT_RUNS", "40"))
WORKERS = 4
LIMITS: dict[str, Any] = {
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 0.4,
    "call_timeout_seconds": 1.2,
    "retry_seconds": 0.3,
}
ANEW = httpx.Limits(max_keepalive_connections=0)
LATE_SECONDS = 0.1
"""When what is created late can be seen."""
OPERATIONS = {"failed": "retry", "cancelled": "resume", "unfinished": "recover", "all": "clone"}
LOST: tuple[dict[str, Any], ...] = (
    {"kind": "disconnect", "when": "after"},
    {"kind": "status", "status": 502, "when": "after"},
    {"kind": "status", "status": 504, "when": "after", "late_seconds": LATE_SECONDS},
    {"kind": "cut"},
    {"kind": "not_json"},
    {"kind": "wrong_type"},
    {"kind": "slow", "seconds": 5},
    {"kind": "late", "seconds": LATE_SECONDS},
)


@dataclass
class Run:
    """One rerun, the request whose answer is lost, and what came of it."""

    name: str
    rerun: str
    has_time_limit: bool
    request: dict[str, str]
    lost: dict[str, Any]
    count: int
    outcome: str = ""
    text: str = ""
    problems: list[str] = field(default_factory=list)

    def expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


def planned(seed: int, number: int) -> Run:
    """Draw a run: each kind of rerun meets each request and each kind of loss."""
    chance = random.Random(f"{seed}-{number}")
    rerun = list(OPERATIONS)[number % 4]
    has_time_limit = chance.random() < 0.5
    creation = {"method": "POST", "path": f"/tasks/*/{OPERATIONS[rerun]}"}
    places = [creation, creation, creation, {"method": "GET", "path": "/tasks/*"}, {"path": "/info"}]
    if has_time_limit:
        places += [{"method": "POST", "path": "/jobs"}, {"method": "POST", "path": "/jobs"}, {"path": "/jobs/*"}]
    count = chance.choice((1, 1, 1, 2, 0))
    return Run(f"seed {seed}, run {number}", rerun, has_time_limit, chance.choice(places), chance.choice(LOST), count)


class Worker:
    """A sandbox and a server on it, and the runs that go through them one after the other."""

    def __init__(self, server: RunningServer, api: httpx.AsyncClient) -> None:
        self.server = server
        self.api = api

    async def go_through(self, run: Run) -> None:
        key = f"sandbox-empty-{run.name}".replace(" ", "").replace(",", "-")
        self.api.headers["Authorization"] = key
        source = await self.prepared(run)
        (
            await self.api.post("/sandbox/faults", json={**run.lost, "count": run.count, "match": run.request})
        ).raise_for_status()
        arguments: dict[str, Any] = {"name": "again", "rerun_of": source, "rerun": run.rerun}
        if run.has_time_limit:
            arguments["max_wall_time"] = "10:00:00"
        async with self.server.client(key=key) as client:
            result = await client.call_tool("submit_task", arguments, raise_on_error=False)
        await self.api.delete("/sandbox/faults")
        await asyncio.sleep(
            max(run.lost.get("late_seconds", 0), run.lost.get("seconds", 0) * (run.lost["kind"] == "late"))
        )
        run.text = text_of(result)
        run.outcome = "failed" if result.is_error else "started"
        tasks = [task for task in await self.listed("tasks") if task["uuid"] != source]
        jobs = await self.listed("jobs")
        run.expect(len(tasks) <= 1, f"{len(tasks)} tasks were started")
        if result.is_error:
            for one in [*tasks, *jobs]:
                run.expect(one["uuid"] in run.text or one["shortname"] in run.text, f"not named: {one['name']}")
        else:
            told = result.structured_content or {}
            run.expect([task["uuid"] for task in tasks] == [told["uuid"]], "the task that was told of is not there")
            run.expect(
                [job["uuid"] for job in jobs] == ([told["job_uuid"]] if run.has_time_limit else []), "other jobs"
            )

    async def prepared(self, run: Run) -> str:
        """Start a task and let it end with instances to run again."""
        command = "sleep 1000000" if run.rerun == "cancelled" else "exit 1"
        constants = [{"key": "DOCKER_CMD", "value": command}]
        body = {"name": "first", "profile": "docker-batch", "instanceCount": 2, "constants": constants}
        uuid = str((await self.api.post("/v1/tasks", json=body)).raise_for_status().json()["uuid"])
        if run.rerun == "cancelled":
            (await self.api.post(f"/v1/tasks/{uuid}/abort")).raise_for_status()
        (await self.api.post("/sandbox/clock", json={"advance_seconds": 36_000})).raise_for_status()
        return uuid

    async def listed(self, noun: str) -> list[dict[str, Any]]:
        """Return the tasks or jobs of the account that are not being deleted."""
        found = (await self.api.get(f"/v1/{noun}")).raise_for_status().json()
        return [one for one in found if one["state"] not in ("Deleting", "PendingDelete")]


@pytest.mark.e2e
@pytest.mark.timeout(1800)
async def test_a_lost_answer_doubles_no_rerun_and_leaves_nothing_unnamed() -> None:
    seed = random.SystemRandom().randrange(2**32)
    numbers = iter(range(RUNS))
    runs: list[Run] = []

    async def work(number_of_worker: int) -> None:
        async with serve(create_sandbox(speed=1, seed=number_of_worker)) as api_url:
            app = create_app(settings_for(api_url, **LIMITS))
            async with serve(app) as url, httpx.AsyncClient(base_url=api_url, timeout=30, limits=ANEW) as api:
                worker = Worker(RunningServer(url, api_url, ""), api)
                for number in numbers:
                    run = planned(seed, number)
                    runs.append(run)
                    await worker.go_through(run)

    async with asyncio.TaskGroup() as group:
        for number in range(WORKERS):
            group.create_task(work(number))
    log.info("outcomes: %s", Counter(f"{run.lost['kind']} at {run.request['path']}: {run.outcome}" for run in runs))
    wrong = [run for run in runs if run.problems]
    assert len(runs) == RUNS
    assert not wrong, "\n".join(f"{run.name}: {run}" for run in wrong[:5])
