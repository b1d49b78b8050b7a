"""The tool set account: what is left, what can be asked for, and what tasks cost, used and saved."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client

from tests.support.running_server import KEY, RunningServer, call, refusal, running_server, text_of

MOST_CHARACTERS = 1_500


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1, toolsets="account", key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
async def client(server: RunningServer) -> AsyncIterator[Client[Any]]:
    async with server.client() as client:
        yield client


@pytest.fixture(scope="module")
async def api(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": server.key}) as api:
        yield api


async def fault(api: httpx.AsyncClient, path: str, status: int = 500, **more: Any) -> None:
    body = {"kind": "status", "status": status, "count": 0, "match": {"path": path}, **more}
    (await api.post("/sandbox/faults", json=body)).raise_for_status()


@pytest.fixture
async def faults(api: httpx.AsyncClient) -> AsyncIterator[None]:
    yield
    await api.delete("/sandbox/faults")


async def test_the_account_has_credits_quotas_projects_and_budgets(client: Client[Any]) -> None:
    account = await call(client, "get_account")
    assert 0 < account["credits_left"] < 250
    assert account["tasks"]["used"] > 5
    assert account["tasks"]["max"] == 100
    kinds = [row["scheduling_type"] for row in account["quotas"]]
    assert kinds == ["Flex", "OnDemand", "Reserved"]
    assert account["quotas"][0]["running_instances"] <= account["quotas"][0]["max_instances"]
    assert account["quotas"][2]["reservation"] == "sandbox-reservation"
    assert account["organization"] == "Sandbox Research"
    assert account["organization_quotas"][0]["max_instances"] > account["quotas"][0]["max_instances"]
    (project,) = account["projects"]
    (budget,) = project["budgets"]
    assert budget["used"] == pytest.approx(250 - account["credits_left"], abs=0.02)
    assert budget["left"] == pytest.approx(budget["total"] - budget["used"], abs=0.02)
    assert budget["when_spent"] == "AlertOnly"


async def test_an_account_without_an_organisation_is_told_without_one(server: RunningServer) -> None:
    async with server.client(key="sandbox-empty") as client:
        account = await call(client, "get_account")
    assert account["credits_left"] == 250
    assert "organization" not in account
    assert "projects" not in account
    assert "note" not in account


@pytest.mark.usefixtures("faults")
async def test_what_of_the_account_cannot_be_read_is_named_and_hides_no_more(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    await fault(api, "/credits/v1/accounts/credits", 400)
    await fault(api, "/quotas/*", 400)
    account = await call(client, "get_account")
    assert account["note"] == "Not read this time: the credits left, the quotas by scheduling type."
    assert account["tasks"]["max"] == 100
    await api.delete("/sandbox/faults")
    await fault(api, "/credits/v1/accounts/credits", 403)
    assert "does not tell this account its credits" in (await call(client, "get_account"))["note"]


async def test_machines_are_found_by_cores_memory_processor_gpu_and_ssd(client: Client[Any]) -> None:
    everything = await call(client, "list_machines")
    keys = [row["key"] for row in everything["machines"]]
    assert len(keys) == 6
    assert everything["machines"][0] == {"key": keys[0], "cores": 8, "memory_gb": 32, "ssd": False, "gpu": False}

    async def found(**wanted: Any) -> list[str]:
        return [row["key"] for row in (await call(client, "list_machines", **wanted))["machines"]]

    assert await found(min_cores=90) == ["96c-512g-amd-epyc9654-ssd"]
    assert await found(min_memory_gb=500) == ["96c-512g-amd-epyc9654-ssd"]
    assert await found(cpu="XEON") == ["28c-128g-intel-dual-xeon2680v4-ssd"]
    assert await found(gpu=True) == ["16c-128g-amd-rz7950x-ssd-nvidia-rtx4090"]
    assert await found(ssd=False) == ["8c-32g-amd-rz3700x"]
    assert (await call(client, "list_machines", min_cores=5000))["machines"] == []


async def test_a_listed_machine_can_be_asked_for_as_the_hint_says(client: Client[Any]) -> None:
    hint = (await call(client, "list_machines", min_cores=90))["hint"]
    asking = hint.split("hardware_constraints=")[1].split(";")[0]
    task = {"name": "a", "profile": "docker-batch", "constants": {"DOCKER_CMD": "true"}}
    checked = await call(client, "submit_task", **task, hardware_constraints=asking, validate_only=True)
    assert checked["started"] is False


@pytest.mark.parametrize("by", ["day", "tag", "profile", "state"])
async def test_what_this_week_cost_and_saved_is_one_short_answer(client: Client[Any], by: str) -> None:
    result = await client.call_tool("usage_report", {"by": by})
    assert len(text_of(result)) <= MOST_CHARACTERS
    report = result.structured_content
    assert report is not None
    assert report["total"]["tasks"] > 5
    assert report["total"]["credits"] > 0
    assert report["total"]["saved_gco2eq"] > 0
    assert report["datacenter"] == "Common European Datacenter"
    if by != "tag":
        for figure in ("tasks", "credits", "core_hours", "energy_wh"):
            assert sum(row.get(figure, 0) for row in report["groups"]) == pytest.approx(
                report["total"][figure], rel=0.05
            )


async def test_the_credits_of_a_report_are_those_that_the_account_has_less(server: RunningServer) -> None:
    async with (
        server.client(key="sandbox-empty-report") as client,
        httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": "sandbox-empty-report"}) as api,
    ):
        for scheduling in ("flex", "onDemand"):
            constants = [{"key": "DOCKER_CMD", "value": "sleep 10h"}]
            body = {"name": "a", "profile": "docker-batch", "instanceCount": 3, "schedulingType": scheduling}
            (await api.post("/v1/tasks", json=body | {"constants": constants})).raise_for_status()
        await api.post("/sandbox/clock", json={"advance_seconds": 200_000})
        report = await call(client, "usage_report", since="30d", until="2100-01-01", by="profile")
        left = (await call(client, "get_account"))["credits_left"]
        assert report["total"]["credits"] == pytest.approx(250 - left, abs=0.02)
        assert report["total"]["instance_hours"] == pytest.approx(60, rel=0.01)
        uuids = [task["uuid"] for task in (await call(client, "list_tasks"))["tasks"]]
        await call(client, "delete_task", task_uuids=uuids)
        assert (await call(client, "get_account"))["credits_left"] == left


async def test_the_carbon_is_compared_with_the_named_data_centre(client: Client[Any]) -> None:
    report = await call(client, "usage_report", datacenter="european_dc")
    assert report["datacenter"] == "european_dc"


async def test_a_report_takes_few_requests_and_says_what_it_left_out(server: RunningServer) -> None:
    key = "sandbox-empty-many"
    async with (
        server.client(key=key) as client,
        httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": key}, timeout=30) as api,
    ):
        body = {"name": "a", "profile": "docker-batch", "instanceCount": 1}
        (await api.post("/v1/tasks", json=[body] * 60)).raise_for_status()
        await api.post("/sandbox/clock", json={"advance_seconds": 100_000})
        await api.delete("/sandbox/journal")
        report = await call(client, "usage_report", since="30d", until="2100-01-01")
        assert report["total"]["tasks"] == 60
        assert "those of 30 of 60 tasks, which have" in report["note"]
        assert len(await server.requests()) <= 1 + 2 * 2 + 2 * 30


@pytest.mark.usefixtures("faults")
async def test_a_report_without_credits_and_carbon_says_so(client: Client[Any], api: httpx.AsyncClient) -> None:
    await fault(api, "/credits/*", 400, message="no such service")
    report = await call(client, "usage_report")
    assert report["total"]["tasks"] > 5
    assert "credits" not in report["total"]
    assert "no such service" in report["note"]


async def test_pools_are_billed_apart_and_said_so(server: RunningServer) -> None:
    key = "sandbox-empty-pools"
    async with (
        server.client(key=key) as client,
        httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": key}) as api,
    ):
        body = {"name": "a", "profile": "docker-batch", "instanceCount": 1}
        pools = [(await api.post("/v1/pools", json=body)).json()["uuid"] for _ in range(2)]
        task = {"name": "t", "poolUuid": pools[0], "instanceCount": 1}
        (await api.post("/v1/tasks", json=task)).raise_for_status()
        await api.post("/sandbox/clock", json={"advance_seconds": 7200})
        report = await call(client, "usage_report")
        assert report["pool_credits"] > 0
        assert report["total"]["credits"] == 0
        assert "The account has 2 pools: those without tasks of this time cost, too" in report["note"]


async def test_a_time_that_ends_before_it_begins_is_refused(client: Client[Any]) -> None:
    assert "until is '8d'" in await refusal(client, "usage_report", until="8d")
