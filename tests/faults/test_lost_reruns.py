"""A lost answer at each request of a rerun: no task is doubled, and nothing is left that the answer does not name."""

import asyncio
import random
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.support.fault_runs import FaultRun, FaultWorker, play
from tests.support.running_server import text_of

WORKERS = 4
LIMITS: dict[str, Any] = {
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 0.4,
    "call_timeout_seconds": 1.2,
    "retry_seconds": 0.3,
}
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
class Run(FaultRun):
    """One rerun, the request whose answer is lost, and what came of it."""

    rerun: str
    has_time_limit: bool
    request: dict[str, str]
    lost: dict[str, Any]
    count: int
    outcome: str = ""
    text: str = ""


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


async def go_through(worker: FaultWorker, run: Run) -> None:
    """Run a task again, with one answer lost, and look at what there is then."""
    source = await prepared(worker, run)
    (
        await worker.api.post("/sandbox/faults", json={**run.lost, "count": run.count, "match": run.request})
    ).raise_for_status()
    arguments: dict[str, Any] = {"name": "again", "rerun_of": source, "rerun": run.rerun}
    if run.has_time_limit:
        arguments["max_wall_time"] = "10:00:00"
    async with worker.server.client(key=run.key) as client:
        result = await client.call_tool("submit_task", arguments, raise_on_error=False)
    await worker.api.delete("/sandbox/faults")
    await asyncio.sleep(max(run.lost.get("late_seconds", 0), run.lost.get("seconds", 0) * (run.lost["kind"] == "late")))
    run.text = text_of(result)
    run.outcome = "failed" if result.is_error else "started"
    tasks = [task for task in await listed(worker, "tasks") if task["uuid"] != source]
    jobs = await listed(worker, "jobs")
    run.expect(len(tasks) <= 1, f"{len(tasks)} tasks were started")
    if result.is_error:
        for one in [*tasks, *jobs]:
            run.expect(one["uuid"] in run.text or one["shortname"] in run.text, f"not named: {one['name']}")
    else:
        told = result.structured_content or {}
        run.expect([task["uuid"] for task in tasks] == [told["uuid"]], "the task that was told of is not there")
        run.expect([job["uuid"] for job in jobs] == ([told["job_uuid"]] if run.has_time_limit else []), "other jobs")


async def prepared(worker: FaultWorker, run: Run) -> str:
    """Start a task and let it end with instances to run again."""
    command = "sleep 1000000" if run.rerun == "cancelled" else "exit 1"
    constants = [{"key": "DOCKER_CMD", "value": command}]
    body = {"name": "first", "profile": "docker-batch", "instanceCount": 2, "constants": constants}
    uuid = str((await worker.api.post("/v1/tasks", json=body)).raise_for_status().json()["uuid"])
    if run.rerun == "cancelled":
        (await worker.api.post(f"/v1/tasks/{uuid}/abort")).raise_for_status()
    (await worker.api.post("/sandbox/clock", json={"advance_seconds": 36_000})).raise_for_status()
    return uuid


async def listed(worker: FaultWorker, noun: str) -> list[dict[str, Any]]:
    """Return the tasks or jobs of the account that are not being deleted."""
    found = (await worker.api.get(f"/v1/{noun}")).raise_for_status().json()
    return [one for one in found if one["state"] not in ("Deleting", "PendingDelete")]


@pytest.mark.e2e
@pytest.mark.timeout(1800)
async def test_a_lost_answer_doubles_no_rerun_and_leaves_nothing_unnamed() -> None:
    seed = random.SystemRandom().randrange(2**32)
    await play(
        partial(planned, seed),
        go_through,
        lambda run: f"{run.lost['kind']} at {run.request['path']}: {run.outcome}",
        workers=WORKERS,
        speed=1,
        limits=LIMITS,
    )
