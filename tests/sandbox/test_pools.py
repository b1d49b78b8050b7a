"""Pools: their nodes, the tasks that run on them, how they grow and shrink, and what they cost."""

from typing import Any

import pytest

from tests.support.sandbox_calls import Caller

ALWAYS = [{"type": "Always", "name": "always"}]


def fixed(slots: int) -> dict[str, Any]:
    return {"policies": [{"type": "Fixed", "name": "fixed", "slotsCount": slots, "enabledPeriods": ALWAYS}]}


def by_queue(**more: Any) -> dict[str, Any]:
    policy = {"type": "ManagedTasksQueue", "name": "queue", "minTotalSlots": 0, "maxTotalSlots": 10, **more}
    return {"policies": [{**policy, "enabledPeriods": ALWAYS}]}


async def create(api: Caller, **more: Any) -> str:
    return str((await api.post("/pools", {"name": "pool", "profile": "docker-batch", **more}))["uuid"])


async def submit(api: Caller, pool: str, command: str = "sleep 60", instances: int = 1, **more: Any) -> str:
    return await api.submit(command, instances, profile=None, poolUuid=pool, **more)


async def nodes(api: Caller, pool: str) -> int:
    return int((await api.get(f"/pools/{pool}"))["runningInstanceCount"])


async def test_a_pool_boots_its_nodes_and_runs_tasks_at_once(api: Caller) -> None:
    pool = await create(api, instanceCount=2, tags=["t"], shortname="first")
    assert (await api.get(f"/pools/{pool}"))["state"] == "Submitted"
    await api.advance(20)
    assert (await api.get("/pools/first"))["state"] == "FullyDispatched"
    await api.advance(180)
    document = await api.get(f"/pools/{pool}")
    assert (document["state"], document["runningInstanceCount"], document["totalSlotCapacity"]) == (
        "FullyExecuting",
        2,
        2,
    )
    task = await submit(api, pool, "sh -c 'echo $INSTANCE_ID; sleep 60'", 3)
    await api.advance(5)
    running = await api.get(f"/tasks/{task}")
    assert (running["poolUuid"], running["profile"], running["runningInstanceCount"]) == (pool, "docker-batch", 2)
    document = await api.get(f"/pools/{pool}")
    assert (document["queuedOrRunningTaskInstancesCount"], document["poolUsage"]) == (3, 1.0)
    await api.advance(70)
    assert (await api.get(f"/tasks/{task}"))["status"]["succeededRange"] == "0-1"
    await api.advance(80)
    assert (await api.get(f"/tasks/{task}"))["state"] == "Success"
    assert [each["uuid"] for each in await api.get(f"/pools/{pool}/tasks")] == [task]
    assert [each["uuid"] for each in await api.get("/pools?tag=t")] == [pool]
    assert (await api.post("/pools/summaries/paginate", {}))["data"][0]["uuid"] == pool
    assert await api.get(f"/pools/{pool}/stdout") == ""


async def test_the_pool_costs_and_its_tasks_do_not(api: Caller) -> None:
    pool = await create(api, instanceCount=1)
    await api.advance(200)
    task = await submit(api, pool, "sleep 600")
    await api.advance(3600)
    cost = (await api.get(f"/credits/v1/pools/{pool}/credits"))["credits"]
    assert cost > 0
    assert (await api.get(f"/credits/v1/tasks/{task}/credits"))["credits"] == 0
    assert (await api.get("/credits/v1/accounts/credits"))["credits"] == round(250 - cost, 2)
    assert (await api.get(f"/carbon/v1/Pools/{pool}/carbon-facts"))["total_energy_it_Wh"] > 0
    info = await api.get("/info")
    assert (info["poolCount"], info["runningPoolCount"], info["runningInstanceCount"]) == (1, 1, 1)
    await api.post(f"/pools/{pool}/close")
    closed = (await api.get(f"/credits/v1/pools/{pool}/credits"))["credits"]
    await api.advance(100_000)
    assert (await api.get(f"/credits/v1/pools/{pool}/credits"))["credits"] == closed


async def test_closing_stops_the_tasks_and_takes_no_more(api: Caller) -> None:
    pool = await create(api, instanceCount=1)
    await api.advance(200)
    running, waiting = await submit(api, pool, "sleep 1h"), await submit(api, pool)
    await api.advance(60)
    await api.post(f"/pools/{pool}/close")
    assert (await api.get(f"/pools/{pool}"))["state"] == "Closing"
    await api.post(f"/pools/{pool}/close")
    await api.advance(20)
    document = await api.get(f"/pools/{pool}")
    assert (document["state"], document["runningInstanceCount"]) == ("Closed", 0)
    assert [(await api.get(f"/tasks/{each}"))["state"] for each in (running, waiting)] == ["Cancelled"] * 2
    body = {"name": "x", "instanceCount": 1, "poolUuid": pool}
    assert await api.refusal("POST", "/tasks", body) == (400, f"The pool {pool} is not open")
    assert await api.refusal("PATCH", f"/pools/{pool}") == (400, "Pool is not running")
    await api.http.delete(f"/pools/{pool}")
    assert (await api.get(f"/pools/{pool}"))["state"] == "PendingDelete"
    await api.advance(10)
    assert await api.refusal("GET", f"/pools/{pool}") == (404, f"No such pool: {pool}")


async def test_a_pool_by_queue_grows_in_steps_and_shrinks_when_idle(api: Caller) -> None:
    pool = await create(api, scaling=by_queue(scalingFactor=0.2, minIdleTimeSeconds=300))
    await api.advance(1000)
    assert await nodes(api, pool) == 0
    task = await submit(api, pool, "sleep 2000", 5)
    await api.advance(300)
    assert await nodes(api, pool) == 2
    await api.advance(300)
    assert await nodes(api, pool) == 5
    assert (await api.get(f"/pools/{pool}"))["scaling"]["activePolicyName"] == "queue"
    await api.advance(2000)
    assert (await api.get(f"/tasks/{task}"))["state"] == "Success"
    assert await nodes(api, pool) > 0
    await api.advance(1000)
    assert await nodes(api, pool) == 0


async def test_a_pool_scales_when_it_is_told_to(api: Caller) -> None:
    pool = await create(api, scaling=fixed(1))
    await api.advance(300)
    assert await nodes(api, pool) == 1
    await api.http.put(f"/pools/{pool}/scaling", json=fixed(4))
    await api.advance(300)
    assert await nodes(api, pool) == 4
    task = await submit(api, pool, "sleep 500")
    await api.advance(10)
    assert (await api.http.put(f"/pools/{pool}", json={"scaling": fixed(0), "tags": ["new"]})).status_code == 200
    await api.advance(1)
    assert await nodes(api, pool) == 1
    await api.advance(1000)
    assert await nodes(api, pool) == 0
    assert (await api.get(f"/tasks/{task}"))["state"] == "Success"
    assert (await api.get(f"/pools/{pool}/scaling"))["policies"][0]["slotsCount"] == 0
    assert (await api.get(f"/pools/{pool}"))["tags"] == ["new"]
    forgotten = await submit(api, pool)
    await api.advance(10_000)
    assert (await api.get(f"/tasks/{forgotten}"))["state"] == "Submitted"


async def test_a_weekly_policy_counts_in_its_hours_only(api: Caller) -> None:
    # The sandbox's clock starts on Friday 2026-11-20 at 10:00 UTC.
    evening = {"type": "Weekly", "days": ["Friday"], "startTimeUtc": "20:00:00", "endTimeUtc": "21:59:59.9999999"}
    scaling = {"policies": [{**fixed(3)["policies"][0], "enabledPeriods": [evening]}, fixed(1)["policies"][0]]}
    pool = await create(api, scaling=scaling)
    for hours, expected in ((9, 1), (2, 3), (2, 1), (7 * 24 - 2, 3)):
        await api.advance(hours * 3600)
        assert await nodes(api, pool) == expected


async def test_a_node_may_have_several_slots(api: Caller) -> None:
    pool = await create(api, instanceCount=1, multiSlotsSettings={"slotsPerNode": 4})
    await api.advance(200)
    task = await submit(api, pool, instances=6)
    await api.advance(5)
    assert (await api.get(f"/tasks/{task}"))["runningInstanceCount"] == 4
    document = await api.get(f"/pools/{pool}")
    assert (document["totalSlotCapacity"], document["targetRunningInstanceCount"]) == (4, 1)


async def test_an_aborted_task_frees_its_slot_and_what_was_stays(api: Caller) -> None:
    pool = await create(api, instanceCount=1)
    await api.advance(200)
    done, long, short = await submit(api, pool), await submit(api, pool, "sleep 1h"), await submit(api, pool)
    await api.advance(200)
    before = await api.get(f"/tasks/{done}")
    await api.post(f"/tasks/{long}/abort")
    await api.advance(10)
    assert (await api.get(f"/tasks/{short}"))["state"] == "FullyExecuting"
    await api.http.delete(f"/tasks/{long}")
    await api.advance(200)
    assert (await api.get(f"/tasks/{short}"))["state"] == "Success"
    assert await api.get(f"/tasks/{done}") == before


async def test_a_job_in_a_pool_runs_its_tasks_there(api: Caller) -> None:
    pool = await create(api, instanceCount=1)
    job = (await api.post("/jobs", {"name": "job", "poolUuid": pool, "useDependencies": True}))["uuid"]
    first = await api.submit("false", profile=None, jobUuid=job)
    dependency = {"taskUuid": first, "taskFinalStateCondition": ["failure"]}
    second = await api.submit(profile=None, jobUuid=job, dependencies={"advancedDependsOn": [dependency]})
    await api.advance(1000)
    document = await api.get(f"/tasks/{second}")
    assert (document["state"], document["poolUuid"], document["jobUuid"]) == ("Success", pool, job)
    assert [each["uuid"] for each in await api.get(f"/pools/{pool}/jobs")] == [job]
    again = (await api.post(f"/tasks/{first}/retry", {}))["uuid"]
    assert (await api.get(f"/tasks/{again}"))["poolUuid"] == pool


async def test_a_clone_is_like_its_pool(api: Caller) -> None:
    pool = await create(api, instanceCount=3, shortname="mine", constants=[{"key": "QARNOT_SECRET__A", "value": "a"}])
    copy = (await api.post(f"/pools/{pool}/clone", {"name": "copy"}))["uuid"]
    document = await api.get(f"/pools/{copy}")
    assert (document["name"], document["instanceCount"], document["shortname"]) == ("copy", 3, copy)
    assert document["constants"] == [{"key": "QARNOT_SECRET__A", "value": "[SECRET]"}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": "docker-batch"}, "profile"),
        ({"hardwareConstraints": [{"discriminator": "GpuHardwareConstraint"}]}, "hardwareConstraints"),
        ({"jobUuid": "62e80aae-d20a-4608-b873-ec8bff991733"}, "Only one of poolUuid and jobUuid"),
        ({"poolUuid": "62e80aae-d20a-4608-b873-ec8bff991733"}, "No such pool"),
    ],
)
async def test_a_task_that_cannot_be_in_a_pool_is_a_400(api: Caller, changes: Any, message: str) -> None:
    body = {"name": "x", "instanceCount": 1, "poolUuid": await create(api), **changes}
    status, refusal = await api.refusal("POST", "/tasks", body)
    assert (status, message in refusal) == (400, True)


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"type": "Other"}, "type"),
        ({"type": "Fixed"}, "slotsCount"),
        ({"type": "Fixed", "slotsCount": -1}, "slotsCount"),
        ({"type": "Fixed", "slotsCount": 1, "enabledPeriods": []}, "enabledPeriods"),
        ({"type": "Fixed", "slotsCount": 1, "enabledPeriods": [{"type": "Yearly"}]}, "type"),
        ({"type": "Fixed", "slotsCount": 1, "enabledPeriods": [{"type": "Weekly", "days": ["lundi"]}]}, "days"),
        (
            {"type": "Fixed", "slotsCount": 1, "enabledPeriods": [{"type": "Weekly", "days": ["monday"]}]},
            "startTimeUtc",
        ),
        ({"type": "ManagedTasksQueue", "minTotalSlots": 2, "maxTotalSlots": 1}, "minTotalSlots"),
        ({"type": "ManagedTasksQueue", "maxTotalSlots": 1, "scalingFactor": 2}, "scalingFactor"),
    ],
)
async def test_a_scaling_that_cannot_be_is_a_400_that_names_the_field(api: Caller, policy: Any, field: str) -> None:
    body = {"policies": [{"enabledPeriods": ALWAYS, **policy}]}
    response = await api.http.post("/sanity-checks/pools/scaling", json=body)
    assert response.status_code == 400
    assert field in next(iter(response.json()["errors"]))
    assert (
        await api.http.post("/pools", json={"name": "x", "profile": "docker-batch", "scaling": body})
    ).status_code == 400


async def test_what_a_pool_needs_is_checked(api: Caller) -> None:
    assert await api.post("/sanity-checks/pools/scaling", fixed(1)) == ""
    body: dict[str, Any] = {"name": "x", "profile": "docker-batch"}
    for changes, status in (
        ({"name": ""}, 400),
        ({"profile": None}, 400),
        ({"profile": "none"}, 400),
        ({"resourceBuckets": ["none"]}, 404),
        ({"multiSlotsSettings": {"slotsPerNode": 0}}, 400),
        ({"hardwareConstraints": [{"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 9000}]}, 402),
        ({"elasticProperty": {"isElastic": True, "minTotalSlots": 2, "maxTotalSlots": 1}}, 400),
    ):
        assert (await api.refusal("POST", "/pools", body | changes))[0] == status
    for _ in range(10):
        await create(api)
    assert await api.refusal("POST", "/pools", body) == (403, "Maximum number of pools reached (10)")


async def test_a_pool_does_not_run_more_than_it_can_play(api: Caller) -> None:
    pool = await create(api, instanceCount=64)
    for _ in range(2):
        await submit(api, pool, "true", 2048)
    body = {"name": "x", "instanceCount": 2048, "poolUuid": pool}
    assert (await api.refusal("POST", "/tasks", body))[0] == 403
    await api.advance(10_000)
    assert {task["state"] for task in await api.get("/tasks/summaries")} == {"Success"}
