"""A lost answer at each request of a rerun: no task is doubled, and nothing is left that the answer does not name."""

import random
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.fault_runs import FaultWorker
from tests.support.lost_answers import LostAnswer, call_and_lose, drawn, listed, play_lost_answers

OPERATIONS = {"failed": "retry", "cancelled": "resume", "unfinished": "recover", "all": "clone"}


@dataclass
class Run(LostAnswer):
    """One rerun, and the request whose answer is lost."""

    rerun: str
    has_time_limit: bool
    request: dict[str, str]


def planned(seed: int, number: int) -> Run:
    """Draw a run: each kind of rerun meets each request and each kind of loss."""
    chance = random.Random(f"{seed}-{number}")
    rerun = list(OPERATIONS)[number % 4]
    has_time_limit = chance.random() < 0.5
    creation = {"method": "POST", "path": f"/tasks/*/{OPERATIONS[rerun]}"}
    places = [creation, creation, creation, {"method": "GET", "path": "/tasks/*"}, {"path": "/info"}]
    if has_time_limit:
        places += [{"method": "POST", "path": "/jobs"}, {"method": "POST", "path": "/jobs"}, {"path": "/jobs/*"}]
    return Run(f"seed {seed}, run {number}", rerun, has_time_limit, chance.choice(places), **drawn(chance))


async def go_through(worker: FaultWorker, run: Run) -> None:
    """Run a task again, with one answer lost, and look at what there is then."""
    source = await prepared(worker, run)
    arguments: dict[str, Any] = {"name": "again", "rerun_of": source, "rerun": run.rerun}
    if run.has_time_limit:
        arguments["max_wall_time"] = "10:00:00"
    result = await call_and_lose(worker, run, run.request, "submit_task", arguments)
    run.outcome = "failed" if result.is_error else "started"
    tasks = [task for task in await listed(worker, "tasks") if task["uuid"] != source]
    jobs = await listed(worker, "jobs")
    run.expect(len(tasks) <= 1, f"{len(tasks)} tasks were started")
    if result.is_error:
        for one in [*tasks, *jobs]:
            run.expect(run.is_named(one), f"not named: {one['name']}")
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


@pytest.mark.e2e
@pytest.mark.timeout(1800)
async def test_a_lost_answer_doubles_no_rerun_and_leaves_nothing_unnamed() -> None:
    await play_lost_answers(
        planned, go_through, lambda run: f"{run.lost['kind']} at {run.request['path']}: {run.outcome}"
    )
