"""A lost answer at each request of submit_pipeline: nothing is doubled, and nothing is left that is not named."""

import random
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.fault_runs import FaultWorker
from tests.support.lost_answers import LostAnswer, call_and_lose, drawn, listed, play_lost_answers

NAMES = ("preprocess", "train", "report")
CREATING: tuple[tuple[str, str, int], ...] = (
    ("GET", "/info", 0),
    ("GET", "/profiles/*", 0),
    ("POST", "/jobs", 0),
    ("GET", "/jobs/*", 0),
    *(("POST", "/tasks", earlier) for earlier in range(len(NAMES))),
    ("GET", "/tasks/*", 0),
    ("*", "/jobs*", 0),
    ("*", "/tasks*", 0),
)
"""Each request of a pipeline: its method (`*` for all, so that what is lost cannot be looked up either), its path, and
how many like it come before.
"""
REMOVING: tuple[tuple[str, str, int], ...] = (
    ("POST", "/jobs/*/terminate", 0),
    ("GET", "/jobs/*", 1),
    ("GET", "/tasks/*", 1),
    *(("DELETE", "/tasks/*", earlier) for earlier in range(len(NAMES) - 1)),
    ("DELETE", "/jobs/*", 0),
    ("*", "/jobs/*", 0),
    ("*", "/tasks/*", 0),
)
"""Those that a pipeline sends as well when its last step is refused."""


@dataclass
class Run(LostAnswer):
    """One pipeline, whether its last step is refused, and the request whose answer is lost."""

    is_refused: bool
    request: tuple[str, str, int]


def planned(seed: int, number: int) -> Run:
    """Draw a run: each request of a pipeline that starts, and of one that is taken back, in turn."""
    chance = random.Random(f"{seed}-{number}")
    places = [(False, place) for place in CREATING] + [(True, place) for place in CREATING + REMOVING]
    is_refused, place = places[number % len(places)]
    return Run(f"seed {seed}, run {number}", is_refused, place, **drawn(chance))


async def go_through(worker: FaultWorker, run: Run) -> None:
    """Submit a pipeline, with answers lost, and look at what there is then."""
    steps: list[dict[str, Any]] = [
        {
            "name": name,
            "profile": "docker-batch",
            "constants": {"DOCKER_CMD": "sleep 9d"},
            "after": list(NAMES[:number]),
        }
        for number, name in enumerate(NAMES)
    ]
    if run.is_refused:
        steps[-1]["resource_buckets"] = ["no-such-bucket"]
    method, path, earlier = run.request
    match = {"path": path} if method == "*" else {"method": method, "path": path}
    arguments = {"name": "night", "steps": steps, "accept_warnings": True}
    result = await call_and_lose(worker, run, match, "submit_pipeline", arguments, earlier)
    tasks, jobs = await listed(worker, "tasks"), await listed(worker, "jobs")
    run.expect(len(jobs) <= 1, f"{len(jobs)} jobs were made")
    run.expect(len({task["name"] for task in tasks}) == len(tasks), "a step was started twice")
    if not result.is_error:
        run.outcome = "started"
        told = result.structured_content or {}
        run.expect([job["uuid"] for job in jobs] == [told["job_uuid"]], "another job than the one that was told of")
        run.expect({task["uuid"] for task in tasks} == {one["uuid"] for one in told["steps"]}, "not the told tasks")
        run.expect(len(tasks) == len(NAMES), f"{len(tasks)} tasks")
        return
    run.outcome = "taken back" if not tasks and not jobs else "left and named"
    named = {job["uuid"] for job in jobs if run.is_named(job)}
    run.expect(len(named) == len(jobs), "a job is left without a word")
    for task in tasks:
        is_named = task["jobUuid"] in named or run.is_named(task)
        run.expect(is_named, f"{task['name']} is left without a word")


@pytest.mark.e2e
@pytest.mark.timeout(3600)
async def test_a_lost_answer_doubles_no_step_and_leaves_nothing_unnamed() -> None:
    await play_lost_answers(
        planned, go_through, lambda run: f"{run.outcome}{' (refused)' if run.is_refused else ''}", toolsets="jobs"
    )
