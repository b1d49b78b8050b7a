"""The tool set pools: machines that are kept ready, from their creation to their end."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastmcp import Client

from tests.support.running_server import RunningServer, call, refusal, running_server

HOUR = 3600
POOL = {"name": "night pool", "profile": "docker-batch"}
SLEEP = {"DOCKER_CMD": "sleep 60"}
ECHO = {"DOCKER_CMD": "echo s3cr3t-that-no-answer-shows"}
SECRET = "s3cr3t-that-no-answer-shows"


@dataclass(frozen=True)
class Account:
    """One account: a client of the server, and the sandbox's own API."""

    client: Client[Any]
    api: httpx.AsyncClient

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return await call(self.client, tool, **arguments)

    async def refusal(self, tool: str, **arguments: Any) -> str:
        return await refusal(self.client, tool, **arguments)

    async def get(self, path: str) -> Any:
        return (await self.api.get(path)).raise_for_status().json()

    async def advance(self, seconds: float) -> None:
        (await self.api.post("/sandbox/clock", json={"advance_seconds": seconds})).raise_for_status()

    async def pool(self, **more: Any) -> str:
        return str((await self.call("create_pool", **POOL, **({"slots": 2} | more)))["uuid"])


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1, toolsets="pools", retry_seconds=0.1) as server:
        yield server


@pytest.fixture(scope="module")
async def limited_server() -> AsyncIterator[RunningServer]:
    limits: dict[str, Any] = {"max_instances": 4, "max_wall_time": "02:00:00", "max_credits_per_day": 1}
    async with running_server(speed=1, toolsets="pools", **limits) as server:
        yield server


async def account_of(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    key = re.sub(r"[^A-Za-z0-9]", "-", f"sandbox-empty-{request.node.name}")[:90]
    async with (
        server.client(key=key) as client,
        httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": key}, timeout=30) as api,
    ):
        yield Account(client, api)


@pytest.fixture
async def account(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    async for one in account_of(server, request):
        yield one


@pytest.fixture
async def limited(limited_server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    async for one in account_of(limited_server, request):
        yield one


# Creating


async def test_a_fixed_pool_is_created_with_all_that_was_asked_for(account: Account) -> None:
    made = await account.call(
        "create_pool",
        **POOL,
        slots=3,
        schedule="mon-fri 08:00-18:00",
        warm_up_command="docker pull library/ubuntu",
        constants={"DOCKER_TAG": "24.04", "QARNOT_SECRET__KEY": SECRET},
        hardware_constraints={"min_cores": 8},
        scheduling_type="OnDemand",
        tags=["night"],
        shortname="night-1",
    )
    assert (made["created"], made["shortname"], made["policies"]) == (
        True,
        "night-1",
        ["3 slots, mon-fri 08:00-18:00 UTC"],
    )
    assert SECRET not in str(made)
    pool = await account.get(f"/v1/pools/{made['uuid']}")
    assert (pool["name"], pool["tags"], pool["schedulingType"].lower()) == ("night pool", ["night"], "ondemand")
    assert pool["preparationTask"] == {"commandLine": "docker pull library/ubuntu"}
    assert pool["hardwareConstraints"] == [{"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 8}]
    assert [policy["slotsCount"] for policy in pool["scaling"]["policies"]] == [3, 0]


async def test_a_pool_by_queue_grows_with_its_tasks_and_shrinks_without(account: Account) -> None:
    uuid = await account.pool(slots=0, max_slots=5, idle_seconds=120)
    assert (await account.call("get_pool", pool_uuid=uuid))["machines"] == 0
    await account.call("submit_task", name="t", pool_uuid=uuid, instance_count=9, constants=SLEEP)
    await account.advance(300)
    seen = await account.call("get_pool", pool_uuid=uuid)
    assert (seen["machines"], seen["wanted_machines"], seen["unfinished_instances"]) == (5, 5, 9)
    await account.advance(HOUR)
    seen = await account.call("get_pool", pool_uuid=uuid)
    assert (seen["machines"], seen["unfinished_instances"], seen["tasks"]["states"]) == (0, 0, {"Success": 1})


async def test_the_answer_says_in_words_what_the_pool_costs_and_how_that_ends(account: Account) -> None:
    made = await account.call("create_pool", **POOL, slots=2)
    assert made["costs"].startswith("2 slots cost credits, whether tasks run or not.")
    assert "close_pool ends the cost" in made["costs"]
    assert "In euros there is no basis: no finished task of this account ran" in made["costs"]
    assert "close_pool when they are done" in made["hint"]


async def test_with_finished_tasks_of_its_kind_the_cost_is_told_in_euros_an_hour(account: Account) -> None:
    body = {"name": "before", "profile": "docker-batch", "instanceCount": 2}
    body |= {"constants": [{"key": "DOCKER_CMD", "value": "sleep 2h"}]}
    (await account.api.post("/v1/tasks", json=body)).raise_for_status()
    await account.advance(4 * HOUR)
    made = await account.call("create_pool", **POOL, slots=3, validate_only=True)
    found = re.search(r"In euros: about ([\d.]+) an hour for each slot, at most ([\d.]+) an hour in all", made["costs"])
    assert found
    assert float(found[2]) == pytest.approx(3 * float(found[1]), abs=0.01)


async def test_validate_only_creates_nothing_and_says_what_is_wrong(account: Account) -> None:
    await account.pool(shortname="taken")
    checked = await account.call(
        "create_pool",
        **POOL,
        slots=2,
        shortname="taken",
        hardware_constraints={"min_cores": 4_000},
        resource_buckets=["not-there"],
        validate_only=True,
    )
    assert checked["created"] is False
    said = " ".join(checked["warnings"])
    assert "The shortname taken is taken by another pool." in said
    assert "No machine of this account fits" in said
    assert "No bucket 'not-there'" in said
    assert len(await account.get("/v1/pools")) == 1


async def test_more_slots_than_the_account_may_run_are_told(account: Account) -> None:
    checked = await account.call("create_pool", **POOL, max_slots=9_000, validate_only=True)
    assert "9,000 slots are more than the" in checked["warnings"][0]


async def test_an_unknown_profile_is_refused_with_the_nearest(account: Account) -> None:
    said = await account.refusal("create_pool", name="p", profile="docker-bach", slots=1)
    assert "Did you mean docker-batch" in said
    assert await account.get("/v1/pools") == []


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ({}, "slots is missing: give slots for a fixed number, or max_slots to follow the queue"),
        ({"slots": 0}, "A pool without slots runs nothing"),
        ({"slots": 5, "max_slots": 4}, "slots is 5, which is not valid: give at most max_slots, which is 4"),
        ({"slots": 5, "idle_seconds": 60}, "give it with max_slots"),
        ({"slots": -1}, "a whole number from 0"),
        ({"slots": 1, "constants": {f"K{number}": "v" for number in range(51)}}, "at most 50 constants"),
    ],
)
async def test_a_size_that_cannot_be_is_refused(account: Account, size: dict[str, Any], said: str) -> None:
    assert said in await account.refusal("create_pool", **POOL, **size)


async def test_a_taken_shortname_creates_no_second_pool_and_names_the_first(account: Account) -> None:
    uuid = await account.pool(shortname="mine")
    said = await account.refusal("create_pool", **POOL, slots=1, shortname="mine")
    assert uuid in said
    assert "follow it with get_pool" in said
    assert len(await account.get("/v1/pools")) == 1


async def test_a_full_account_is_told_how_to_make_room(account: Account) -> None:
    for _ in range(10):
        await account.pool()
    said = await account.refusal("create_pool", **POOL, slots=1)
    assert "as many pools as it may have" in said
    assert "close_pool and delete=true" in said
    checked = await account.call("create_pool", **POOL, slots=1, validate_only=True)
    assert "The account holds 10 of 10 pools" in checked["warnings"][0]


# Reading


async def test_pools_are_listed_by_state_tag_and_name(account: Account) -> None:
    first = await account.pool(tags=["a"])
    await account.pool(tags=["b"])
    await account.call("close_pool", pool_uuid=first)
    listed = await account.call("list_pools")
    assert (listed["total"], listed["open"], [pool["tags"] for pool in listed["pools"]]) == (2, 1, [["b"], ["a"]])
    assert "until close_pool" in listed["hint"]
    for filters, uuids in (({"state": "closed"}, [first]), ({"tags": ["a"]}, [first]), ({"name": "day"}, [])):
        found = await account.call("list_pools", **filters)
        assert [pool["uuid"] for pool in found["pools"]] == uuids
    assert (await account.call("list_pools", state="open"))["open"] == 1


async def test_a_pool_tells_its_tasks_slots_and_cost(account: Account) -> None:
    uuid = await account.pool(slots=2, shortname="busy")
    await account.advance(300)
    for number in range(3):
        await account.call("submit_task", name=f"t{number}", pool_uuid=uuid, constants={"DOCKER_CMD": "sleep 5h"})
        await account.advance(1)
    await account.advance(HOUR)
    seen = await account.call("get_pool", pool_uuid="busy")
    assert (seen["uuid"], seen["state"], seen["slots"], seen["used_percent"]) == (uuid, "FullyExecuting", 2, 100)
    assert seen["active_policy"] == "fixed"
    assert seen["tasks"]["total"] == 3
    assert sum(seen["tasks"]["states"].values()) == 3
    assert [task["name"] for task in seen["tasks"]["newest"]] == ["t2", "t1", "t0"]
    assert seen["credits_used"] > 0
    assert "for each hour of a machine" in seen["costs"]
    assert "would cancel the tasks" in seen["hint"]


async def test_what_is_no_pool_is_told_with_the_tool_that_lists_them(account: Account) -> None:
    said = await account.refusal("get_pool", pool_uuid="none")
    assert "No pool 'none' is visible to this API key" in said
    assert "list_pools shows the pools; deleted ones are gone" in said
    assert "list_pools shows the UUIDs" in await account.refusal("get_pool", pool_uuid="../tasks")


async def test_a_submit_into_a_pool_that_is_not_there_names_the_tool_only_where_it_is_shown(
    account: Account, server: RunningServer
) -> None:
    arguments = {"name": "t", "pool_uuid": "52c10b2d-0687-41e1-985e-7279f6dd543a", "constants": SLEEP}
    assert "list_pools shows the pools." in await account.refusal("submit_task", **arguments)
    async with server.client(key="sandbox-empty-other", query="?toolsets=default") as client:
        said = await refusal(client, "submit_task", **arguments)
        assert "People find the pools at https://tasq.qarnot.com." in said
        assert "list_pools" not in said


async def test_a_task_in_a_pool_is_checked_with_the_profile_and_the_constants_of_the_pool(account: Account) -> None:
    bare = await account.pool()
    ready = await account.pool(constants={"DOCKER_CMD": "python run.py", "MODEL_TOKEN": SECRET})
    job = (await account.api.post("/v1/jobs", json={"name": "j", "poolUuid": bare})).raise_for_status().json()["uuid"]
    for place in ({"pool_uuid": bare}, {"job_uuid": job}):
        said = await account.refusal("submit_task", name="t", constants={"DOCKER_CMDD": "true"}, **place)
        assert "DOCKER_CMDD is no constant of docker-batch; did you mean DOCKER_CMD?" in said
    checked = await account.call("submit_task", name="t", pool_uuid=ready, validate_only=True)
    assert (checked["resolved"]["profile"], checked["resolved"]["command"]) == ("docker-batch", "python run.py")
    assert "warnings" not in checked
    seen = await account.call("submit_task", name="t", pool_uuid=ready, validate_only=True, constants=ECHO)
    assert SECRET not in str(seen)


async def test_a_task_that_is_repeated_in_its_pool_keeps_what_the_pool_sets(account: Account) -> None:
    pool = await account.pool(constants={"DOCKER_CMD": "exit 1"})
    first = await account.call("submit_task", name="t", pool_uuid=pool, constants={"DOCKER_TAG": "3.12"})
    assert first["hint"] == "get_task with wait_seconds=45 follows it."
    await account.advance(HOUR)
    again = {"name": "again", "rerun_of": first["uuid"], "constants": {"DOCKER_TAG": "3.13"}}
    assert "warnings" not in await account.call("submit_task", **again, validate_only=True)


# Scaling


async def test_a_pool_is_scaled_and_says_what_it_costs_then(account: Account) -> None:
    uuid = await account.pool(slots=2)
    scaled = await account.call("scale_pool", pool_uuid=uuid, max_slots=6)
    assert (scaled["before"], scaled["policies"]) == (
        ["2 slots"],
        ["0 to 6 slots by queue, an idle one goes after 90 s"],
    )
    assert scaled["costs"].startswith("It costs credits only while it has tasks, for up to 6 slots")
    paused = await account.call("scale_pool", pool_uuid=uuid, slots=0)
    assert "costs nothing until scale_pool" in paused["costs"]
    await account.advance(HOUR)
    assert (await account.call("get_pool", pool_uuid=uuid))["machines"] == 0


async def test_a_scaling_keeps_the_times_until_others_are_given(account: Account) -> None:
    uuid = await account.pool(slots=2, schedule="mon-fri 08:00-18:00")
    for slots in (0, 5):
        scaled = await account.call("scale_pool", pool_uuid=uuid, slots=slots)
        assert scaled["policies"] == [f"{slots} slots, mon-fri 08:00-18:00 UTC"]
    assert (await account.call("scale_pool", pool_uuid=uuid, slots=5, schedule="always"))["policies"] == ["5 slots"]


async def test_policies_with_times_of_their_own_are_not_replaced_unasked(account: Account) -> None:
    day = {"type": "Weekly", "days": ["monday"], "startTimeUtc": "08:00:00", "endTimeUtc": "09:00:00"}
    policies = [
        {"type": "Fixed", "slotsCount": 1, "enabledPeriods": [day]},
        {"type": "Fixed", "slotsCount": 2, "enabledPeriods": [{"type": "Always"}]},
    ]
    made = await account.api.post("/v1/pools", json={**POOL, "scaling": {"policies": policies}})
    uuid = made.json()["uuid"]
    said = await account.refusal("scale_pool", pool_uuid=uuid, slots=3)
    assert "The pool has 2 policies with times of their own" in said
    assert (await account.call("scale_pool", pool_uuid=uuid, slots=3, schedule="always"))["policies"] == ["3 slots"]


async def test_a_closed_pool_is_not_scaled(account: Account) -> None:
    uuid = await account.pool()
    await account.call("close_pool", pool_uuid=uuid)
    assert "give an open pool. night pool is Closing." in await account.refusal("scale_pool", pool_uuid=uuid, slots=1)


# Closing


async def test_a_close_cancels_what_waits_and_says_what_the_pool_has_cost(account: Account) -> None:
    uuid = await account.pool(slots=2)
    await account.advance(300)
    task = await account.call(
        "submit_task", name="t", pool_uuid=uuid, instance_count=3, constants={"DOCKER_CMD": "sleep 5h"}
    )
    await account.advance(HOUR)
    closed = await account.call("close_pool", pool_uuid=uuid)
    assert (closed["state"], closed["cancelled_instances"]) == ("Closing", 3)
    assert closed["credits_used"] > 0
    await account.advance(60)
    assert (await account.call("get_task", task_uuid=task["uuid"]))["state"] == "Cancelled"
    again = await account.call("close_pool", pool_uuid=uuid)
    assert (again["state"], again["note"]) == ("Closed", "It was closed already.")
    assert (await account.call("get_pool", pool_uuid=uuid))["costs"].startswith("It is closed and costs nothing more.")


async def test_a_deleted_pool_is_gone_and_its_tasks_stay(account: Account) -> None:
    uuid = await account.pool()
    task = await account.call("submit_task", name="t", pool_uuid=uuid, constants=SLEEP)
    deleted = await account.call("close_pool", pool_uuid=uuid, delete=True)
    assert (deleted["deleted"], deleted["state"]) == (True, "Deleted")
    await account.advance(60)
    assert "No pool" in await account.refusal("get_pool", pool_uuid=uuid)
    assert (await account.call("get_task", task_uuid=task["uuid"]))["state"] == "Cancelled"


async def test_a_lost_answer_to_a_close_is_told(account: Account) -> None:
    uuid = await account.pool()
    match = {"path": "/pools/*/close", "key": account.api.headers["Authorization"]}
    lost = {"kind": "status", "status": 502, "when": "after", "count": 0, "match": match}
    (await account.api.post("/sandbox/faults", json=lost)).raise_for_status()
    try:
        said = await account.refusal("close_pool", pool_uuid=uuid)
    finally:
        await account.api.delete("/sandbox/faults")
    assert "Whether the pool was closed is not known; it is safe to call again." in said


# Limits of whoever runs the server


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ({"max_slots": 5}, "The pool has up to 5 slots; this server allows 4 instances at a time"),
        ({"slots": 4}, "The pool would keep 4 slots until somebody closes it; this server allows at most 02:00:00"),
    ],
)
async def test_a_pool_beyond_a_limit_is_refused_and_nothing_is_sent(
    limited: Account, size: dict[str, int], said: str
) -> None:
    refused = await limited.refusal("create_pool", **POOL, **size)
    assert said in refused
    assert "Nothing was started." in refused
    assert "QARNOT_MCP_MAX_" in refused
    assert await limited.get("/v1/pools") == []


async def test_a_pool_within_the_limits_is_created_and_not_scaled_beyond_them(limited: Account) -> None:
    made = await limited.call("create_pool", **POOL, max_slots=4)
    assert "allows 4 instances" in await limited.refusal("scale_pool", pool_uuid=made["uuid"], max_slots=5)
    assert "would keep 1 slot" in await limited.refusal("scale_pool", pool_uuid=made["uuid"], slots=1)
    assert (await limited.call("scale_pool", pool_uuid=made["uuid"], slots=0))["policies"] == ["0 slots"]


async def test_what_pools_have_used_counts_for_the_credits_of_a_day(limited: Account) -> None:
    body = {**POOL, "instanceCount": 3}
    uuid = (await limited.api.post("/v1/pools", json=body)).raise_for_status().json()["uuid"]
    await limited.advance(10 * HOUR)

    async def used() -> float:
        return round(float((await limited.get(f"/credits/v1/pools/{uuid}/credits"))["credits"]), 2)

    for tool, arguments in (
        ("create_pool", {**POOL, "max_slots": 1}),
        ("scale_pool", {"pool_uuid": uuid, "max_slots": 4}),
        ("scale_pool", {"pool_uuid": uuid, "max_slots": 2, "schedule": "always"}),
        ("submit_task", {"name": "t", "profile": "docker-batch", "constants": SLEEP}),
    ):
        # The pool goes on to cost while it is asked about.
        before, said, after = await used(), await limited.refusal(tool, **arguments), await used()
        told = re.search(r"The tasks and pools created in the last 24 hours have used ([\d.]+) euros", said)
        assert told is not None
        assert before <= float(told[1]) <= after
    fewer = await limited.call("scale_pool", pool_uuid=uuid, max_slots=2)
    assert fewer["policies"][0].startswith("0 to 2 slots by queue")
    assert (await limited.call("scale_pool", pool_uuid=uuid, slots=0))["policies"] == ["0 slots"]
    assert (await limited.call("close_pool", pool_uuid=uuid))["state"] == "Closing"
