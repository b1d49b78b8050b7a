"""What a submit may cost: estimates, time limits, and the limits of whoever runs the server."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.limits import LimitReached, SubmitLimits
from qarnot_mcp.tools.tasks.cost_estimate import CostEstimate, KindOfTask
from tests.support.running_server import RunningServer, call, refusal, running_server

HOUR = 3600
LONG = {"name": "long", "profile": "docker-batch", "constants": {"DOCKER_CMD": "sleep 30d"}}
XEON = [{"discriminator": "SpecificHardwareConstraint", "specificationKey": "28c-128g"}]


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    limits: dict[str, Any] = {"max_instances": 10, "max_wall_time": "02:00:00", "max_credits_per_day": 5}
    async with running_server(speed=1, **limits) as server:
        yield server


@pytest.fixture(scope="module")
async def free() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1) as server:
        yield server


class Account:
    """One account: a client of the server, and the sandbox's own API."""

    def __init__(self, client: Client[Any], api: httpx.AsyncClient) -> None:
        self.client = client
        self.api = api

    async def get(self, path: str) -> Any:
        return (await self.api.get(path)).raise_for_status().json()

    async def advance(self, seconds: float) -> None:
        (await self.api.post("/sandbox/clock", json={"advance_seconds": seconds})).raise_for_status()

    async def finished(self, command: str = "sleep 1h", **fields: Any) -> str:
        """Put a task into the account that has run."""
        constants = [{"key": "DOCKER_CMD", "value": command}]
        body = {"name": "earlier", "profile": "docker-batch", "instanceCount": 2, "constants": constants, **fields}
        uuid = (await self.api.post("/v1/tasks", json=body)).raise_for_status().json()["uuid"]
        await self.advance(4 * HOUR)
        return str(uuid)

    async def paths(self) -> list[str]:
        journal = (await self.api.get("/sandbox/journal")).json()["requests"]
        return [f"{entry['method']} {entry['path']}" for entry in journal]


@pytest.fixture
async def limited(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    async for account in account_of(server, request):
        yield account


@pytest.fixture
async def unlimited(free: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    async for account in account_of(free, request):
        yield account


async def account_of(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    key = re.sub(r"[^A-Za-z0-9]", "-", f"sandbox-empty-{request.node.name}")[:90]
    async with (
        server.client(key=key) as client,
        httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": key}, timeout=30) as api,
    ):
        await api.delete("/sandbox/journal")
        yield Account(client, api)


# Limits


async def test_more_instances_than_allowed_are_refused_and_nothing_is_sent(limited: Account) -> None:
    said = await refusal(limited.client, "submit_task", **LONG, instance_count=11)
    assert "The task has 11 instances; this server allows 10 in a task. Nothing was started." in said
    assert "QARNOT_MCP_MAX_INSTANCES" in said
    assert await limited.paths() == []


async def test_a_longer_time_than_allowed_is_refused(limited: Account) -> None:
    said = await refusal(limited.client, "submit_task", **LONG, max_wall_time="02:00:01", validate_only=True)
    assert "max_wall_time is 02:00:01; this server allows at most 02:00:00" in said
    assert "QARNOT_MCP_MAX_WALL_TIME" in said


async def test_a_task_that_names_no_time_gets_the_limit_and_is_stopped_by_it(limited: Account) -> None:
    started = await call(limited.client, "submit_task", **LONG, instance_count=10)
    assert started["max_wall_time"] == "02:00:00"
    job = await limited.get(f"/v1/jobs/{started['job_uuid']}")
    assert (job["maxWallTime"], job["name"]) == ("02:00:00", "at most 02:00:00: long")
    await limited.advance(HOUR)
    assert (await call(limited.client, "get_task", task_uuid=started["uuid"]))["state"] == "FullyExecuting"
    await limited.advance(2 * HOUR)
    assert (await call(limited.client, "get_task", task_uuid=started["uuid"]))["state"] == "Cancelled"


async def test_a_rerun_keeps_to_the_limits(limited: Account) -> None:
    uuid = await limited.finished("exit 1", instanceCount=11)
    assert "has 11 instances" in await refusal(limited.client, "submit_task", name="a", rerun_of=uuid, rerun="failed")
    again = await call(limited.client, "submit_task", name="a", rerun_of=uuid, advanced_ranges="0-3")
    assert (await limited.get(f"/v1/tasks/{again['uuid']}"))["jobUuid"] == again["job_uuid"]


@pytest.mark.parametrize(("own_limit", "is_allowed"), [("01:00:00", True), ("03:00:00", False), (None, False)])
async def test_a_job_of_the_callers_own_has_to_keep_the_limit(
    limited: Account, own_limit: str | None, is_allowed: bool
) -> None:
    made = await limited.api.post("/v1/jobs", json={"name": "mine", "maxWallTime": own_limit})
    arguments = {**LONG, "job_uuid": made.json()["uuid"]}
    if is_allowed:
        assert "max_wall_time" not in await call(limited.client, "submit_task", **arguments)
    else:
        said = await refusal(limited.client, "submit_task", **arguments)
        assert f"The maximum time of the job is {own_limit or 'none'}; this server allows at most 02:00:00" in said


async def test_credits_of_a_day_that_are_used_up_are_told_with_the_figures(limited: Account) -> None:
    uuid = await limited.finished("sleep 3h", instanceCount=10, hardwareConstraints=XEON)
    used = (await limited.get(f"/credits/v1/tasks/{uuid}/credits"))["credits"]
    said = await refusal(limited.client, "submit_task", **LONG)
    assert f"The tasks and pools created in the last 24 hours have used {used:.2f} euros" in said
    assert "this server allows 5 euros in 24 hours. Nothing was started." in said


@pytest.mark.parametrize("status", [400, 403])
async def test_credits_that_cannot_be_read_count_as_used_up(limited: Account, status: int) -> None:
    await limited.finished()
    match = {"path": "/credits/*", "key": limited.api.headers["Authorization"]}
    await limited.api.post("/sandbox/faults", json={"kind": "status", "status": status, "count": 0, "match": match})
    try:
        said = await refusal(limited.client, "submit_task", **LONG)
    finally:
        await limited.api.delete("/sandbox/faults")
    assert "could not be read" in said
    assert "Nothing was started" in said
    assert not any(path == "POST /jobs" for path in await limited.paths())


def test_without_limits_everything_is_allowed() -> None:
    limits = SubmitLimits()
    limits.check_instances(1_000_000)
    limits.check_job(None)
    assert limits.wall_time(None) is None
    assert limits.wall_time("1.00:00:00") == "1.00:00:00"


def test_a_job_whose_time_cannot_be_read_has_none() -> None:
    with pytest.raises(LimitReached, match="of the job is none"):
        SubmitLimits(max_wall_seconds=60).check_job("soon")


# A time limit that the caller names


async def test_a_task_of_limited_time_leaves_nothing_when_it_is_deleted(unlimited: Account) -> None:
    uuids = []
    for seconds in (0, HOUR):
        started = await call(unlimited.client, "submit_task", **LONG, max_wall_time="00:30:00")
        await unlimited.advance(seconds)
        uuids.append(started["uuid"])
    assert len(await unlimited.get("/v1/jobs")) == 2
    await call(unlimited.client, "delete_task", task_uuids=uuids)
    await unlimited.advance(60)
    assert await unlimited.get("/v1/jobs") == []
    assert await unlimited.get("/v1/tasks") == []


async def test_a_rerun_has_the_time_of_its_source_from_the_start(unlimited: Account) -> None:
    first = await call(unlimited.client, "submit_task", **LONG, max_wall_time="00:30:00")
    await unlimited.advance(1_200)
    again = await call(unlimited.client, "submit_task", name="again", rerun_of=first["uuid"])
    assert again["max_wall_time"] == "00:30:00"
    assert again["job_uuid"] != first["job_uuid"]
    assert (await unlimited.get(f"/v1/tasks/{again['uuid']}"))["jobUuid"] == again["job_uuid"]


async def test_a_task_in_a_pool_gets_its_time_by_a_job_of_that_pool(unlimited: Account) -> None:
    body = {"name": "pool", "profile": "docker-batch", "instanceCount": 1}
    pool = (await unlimited.api.post("/v1/pools", json=body)).raise_for_status().json()["uuid"]
    arguments = {"name": "in it", "pool_uuid": pool, "constants": LONG["constants"]}
    started = await call(unlimited.client, "submit_task", **arguments, max_wall_time="00:30:00")
    task = await unlimited.get(f"/v1/tasks/{started['uuid']}")
    assert (task["poolUuid"], task["jobUuid"]) == (pool, started["job_uuid"])
    assert "a pool is billed" in started["estimate"]["basis"]


async def test_a_job_of_the_callers_own_stays_when_its_task_is_deleted(unlimited: Account) -> None:
    job = (await unlimited.api.post("/v1/jobs", json={"name": "mine"})).json()["uuid"]
    started = await call(unlimited.client, "submit_task", **LONG, job_uuid=job)
    await call(unlimited.client, "delete_task", task_uuid=started["uuid"])
    assert [one["uuid"] for one in await unlimited.get("/v1/jobs")] == [job]


async def test_a_task_that_is_refused_leaves_no_job(unlimited: Account) -> None:
    await refusal(unlimited.client, "submit_task", **LONG, max_wall_time="00:30:00", resource_buckets=["none"])
    await unlimited.advance(60)
    assert "POST /jobs" in await unlimited.paths()
    assert await unlimited.get("/v1/jobs") == []


async def test_a_time_whose_job_is_lost_starts_no_task_and_names_no_tool_that_there_is_not() -> None:
    lost = {"kind": "status", "status": 504, "when": "after", "count": 0, "match": {"path": "/jobs*"}}
    async with (
        running_server(call_timeout_seconds=3) as server,
        server.client() as client,
        httpx.AsyncClient(base_url=server.api_url) as api,
    ):
        await api.post("/sandbox/faults", json=lost)
        message = await refusal(client, "submit_task", **LONG, max_wall_time="00:30:00")
    assert message.startswith("No task was started, and it is safe to call again")
    assert "it is empty and costs nothing" in message
    assert "get_job" not in message


async def test_a_job_that_cannot_be_removed_is_named(unlimited: Account) -> None:
    match = {"method": "DELETE", "key": unlimited.api.headers["Authorization"]}
    await unlimited.api.post("/sandbox/faults", json={"kind": "status", "status": 400, "match": match})
    said = await refusal(unlimited.client, "submit_task", **LONG, max_wall_time="00:30:00", resource_buckets=["none"])
    (job,) = await unlimited.get("/v1/jobs")
    assert f"The job {job['uuid']}, made for its max_wall_time, is left" in said


async def test_a_time_and_a_job_are_refused_together(unlimited: Account) -> None:
    job = "52c10b2d-0687-41e1-985e-7279f6dd543a"
    said = await refusal(unlimited.client, "submit_task", **LONG, max_wall_time="1:00:00", job_uuid=job)
    assert "give none with job_uuid" in said


# Estimates


async def test_an_estimate_comes_from_finished_tasks_of_the_same_machine_and_scheduling(unlimited: Account) -> None:
    for _ in range(2):
        await unlimited.finished("sleep 1h", hardwareConstraints=XEON)
    await unlimited.finished("sleep 1h", hardwareConstraints=XEON, schedulingType="onDemand")
    arguments = {**LONG, "instance_count": 4, "max_wall_time": "03:00:00", "validate_only": True}
    checked = await call(unlimited.client, "submit_task", **arguments, hardware_constraints=XEON)
    estimate = checked["estimate"]
    assert estimate["from_tasks"] == 2
    assert estimate["credits_per_instance_hour"] == pytest.approx(28 * 0.02, rel=0.01)
    assert estimate["credits_at_most"] == pytest.approx(28 * 0.02 * 4 * 3, rel=0.01)
    assert estimate["basis"] == "this account's finished tasks on 28c-128g with Flex scheduling; not a price"
    dearer = await call(
        unlimited.client, "submit_task", **arguments, hardware_constraints=XEON, scheduling_type="OnDemand"
    )
    assert dearer["estimate"]["credits_per_instance_hour"] == pytest.approx(28 * 0.03, rel=0.01)


async def test_without_such_tasks_there_is_no_basis(unlimited: Account) -> None:
    checked = await call(unlimited.client, "submit_task", **LONG, validate_only=True)
    reason = "no finished task of this account ran on machines of Qarnot's choice with Flex scheduling."
    assert checked["estimate"] == {"basis": f"no basis: {reason}"}


async def test_a_started_task_carries_its_estimate_too(unlimited: Account) -> None:
    await unlimited.finished()
    started = await call(unlimited.client, "submit_task", **LONG)
    assert started["estimate"]["credits_per_instance_hour"] > 0
    assert "credits_at_most" not in started["estimate"]


async def test_a_failing_estimate_fails_no_submit(unlimited: Account) -> None:
    await unlimited.finished()
    match = {"path": "/credits/*", "key": unlimited.api.headers["Authorization"]}
    await unlimited.api.post("/sandbox/faults", json={"kind": "status", "status": 400, "count": 0, "match": match})
    try:
        started = await call(unlimited.client, "submit_task", **LONG)
    finally:
        await unlimited.api.delete("/sandbox/faults")
    assert started["started"]
    assert started["estimate"]["basis"].startswith("no basis: the account's finished tasks could not be read")


def finished(**fields: object) -> Task:
    known = {"uuid": "a", "state": "Success", "executionTime": "01:00:00", "schedulingType": "flex"}
    return Task.read(known | fields)


def test_a_task_in_a_pool_or_of_a_few_seconds_is_no_basis() -> None:
    kind = KindOfTask.asked_for("Flex", [])
    assert kind.is_kind_of(finished())
    assert not kind.is_kind_of(finished(poolUuid="52c10b2d-0687-41e1-985e-7279f6dd543a"))
    assert not kind.is_kind_of(finished(executionTime="00:00:30"))
    assert not kind.is_kind_of(finished(schedulingType="onDemand"))
    assert not kind.is_kind_of(finished(hardwareConstraints=XEON))


def test_no_time_gives_no_upper_bound() -> None:
    assert CostEstimate.of(0.5, 1, "here", 4, None).credits_at_most is None
