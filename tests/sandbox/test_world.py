"""The world that an account starts with, and the seed and the speed that shape it."""

import time
from typing import Any

import pytest

from qarnot_mcp.sandbox.app import create_app
from tests.support.sandbox_calls import KEY, Caller, caller

START = 1_795_168_800.0


async def by_name(furnished: Caller) -> dict[str, Any]:
    return {task["name"]: task for task in await furnished.get("/tasks")}


async def test_a_week_of_two_projects_is_there_to_look_at(furnished: Caller) -> None:
    tasks = await by_name(furnished)
    assert len(tasks) == 13
    states = {task["state"] for task in tasks.values()}
    assert {"Success", "Failure", "Cancelled", "FullyExecuting", "Submitted"} <= states
    assert {"seawall", "orchard"} <= {tag for task in tasks.values() for tag in task["tags"]}
    assert min(task["creationDate"] for task in tasks.values()) < "2026-11-15"
    assert max(task["creationDate"] for task in tasks.values()) < "2026-11-20T10:00:00Z"


async def test_one_instance_of_four_failed_and_its_stderr_says_why(furnished: Caller) -> None:
    task = (await by_name(furnished))["orchard calibration"]
    assert task["status"]["succeededRange"] == "0-1,3"
    assert task["status"]["failedOnlyRange"] == "2"
    stderr = await furnished.get(f"/tasks/{task['uuid']}/stderr")
    assert " 2> Traceback (most recent call last):" in stderr
    assert " 2> ValueError: could not convert string to float: 'n/a'" in stderr


async def test_one_task_ran_out_of_memory(furnished: Caller) -> None:
    task = (await by_name(furnished))["orchard ingest"]
    assert task["state"] == "Failure"
    assert "out of memory" in task["errors"][0]["message"]
    (instance,) = task["completedInstances"]
    assert "-32g-" in instance["specificationKey"]
    assert 30_000 < instance["peakMemoryMB"] <= 32_000
    again = (await by_name(furnished))["orchard ingest in chunks"]
    assert again["state"] == "Success"


async def test_one_task_asked_for_an_image_that_is_not_there(furnished: Caller) -> None:
    task = (await by_name(furnished))["seawall postprocessing"]
    assert task["state"] == "Failure"
    assert task["executionTime"] == "00:00:00"
    assert "was not found" in task["errors"][0]["message"]


async def test_the_running_task_has_printed_and_the_queued_one_has_not(furnished: Caller) -> None:
    tasks = await by_name(furnished)
    running = await furnished.get(f"/tasks/{tasks['orchard training']['uuid']}/stdout/0")
    assert running.startswith("epoch   1/240 ")
    assert await furnished.get(f"/tasks/{tasks['orchard training next']['uuid']}/stdout") == ""


async def test_the_same_failure_comes_back_when_the_task_is_run_again(furnished: Caller) -> None:
    task = (await by_name(furnished))["orchard calibration"]
    again = await furnished.post(f"/tasks/{task['uuid']}/retry", {})
    await furnished.advance(3000)
    assert (await furnished.get(f"/tasks/{again['uuid']}"))["status"]["failedOnlyRange"] == "2"


async def test_the_same_seed_makes_the_same_world() -> None:
    apps = [create_app(speed=1, seed=seed, clock=lambda: START) for seed in (5, 5, 6)]
    first, second, other = [await caller(app, KEY).get("/tasks") for app in apps]
    assert first == second
    assert first != other


async def test_without_a_seed_every_world_is_its_own() -> None:
    first, second = [await caller(create_app(), KEY).get("/tasks/summaries") for _ in range(2)]
    assert {task["uuid"] for task in first}.isdisjoint(task["uuid"] for task in second)


@pytest.mark.parametrize("speed", [0.01, 1, 30, 1e6])
async def test_the_speed_multiplies_the_clock(speed: float) -> None:
    now = START
    api = caller(create_app(speed=speed, seed=1, clock=lambda: now), "sandbox-empty")
    uuid = await api.submit("sleep 100")
    now += 250 / speed
    assert (await api.get(f"/tasks/{uuid}"))["state"] == "FullyExecuting"
    now += 1000 / speed
    assert (await api.get(f"/tasks/{uuid}"))["state"] == "Success"
    assert (await api.get("/sandbox/clock"))["speed"] == speed


async def test_dates_stay_dates_however_far_time_runs() -> None:
    now = START
    api = caller(create_app(speed=1e6, seed=1, clock=lambda: now), "sandbox-empty")
    now += 10 * 86400
    uuid = await api.submit()
    assert (await api.get(f"/tasks/{uuid}"))["creationDate"] == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("speed", [0, -1, 0.001, 2e6, float("nan"), float("inf")])
def test_a_speed_out_of_range_is_named(speed: float) -> None:
    with pytest.raises(ValueError, match="possible"):
        create_app(speed=speed)


async def test_the_default_clock_is_the_time_of_day() -> None:
    before = int(time.time())
    now = (await caller(create_app(speed=1), KEY).get("/sandbox/clock"))["now_seconds"]
    assert before <= now <= time.time()
