"""submit_pipeline on the sandbox: its steps run in order and on conditions, and one that is refused leaves nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.tools.jobs.create_job import CreateJob
from qarnot_mcp.tools.jobs.pipeline_start import PipelineNotStarted, start_pipeline
from qarnot_mcp.tools.jobs.pipeline_steps import Step
from tests.support.qarnot_api import opened
from tests.support.running_server import ERAS, Era, RunningServer, call, refusal, running_server, text_of

LATE = 6 * 3600


def step(name: str, command: str = "true", **more: Any) -> dict[str, Any]:
    return {"name": name, "profile": "docker-batch", "constants": {"DOCKER_CMD": command}, **more}


CHAIN = [step("preprocess"), step("train", after=["preprocess"]), step("report", after=["train"])]


class Account:
    """An account of its own: a client of the server, and the sandbox's API."""

    def __init__(self, client: Client[Any], api: httpx.AsyncClient) -> None:
        self.client = client
        self.api = api

    async def get(self, path: str) -> Any:
        return (await self.api.get(path)).raise_for_status().json()

    async def advance(self, seconds: float) -> None:
        (await self.api.post("/sandbox/clock", json={"advance_seconds": seconds})).raise_for_status()

    async def fails(self, method: str, path: str, status: int = 400, *, passing: int = 0, **more: Any) -> None:
        """Let a request of this account fail, after so many that pass."""
        match = {"method": method, "path": path, "key": self.api.headers["Authorization"]}
        fault = {"kind": "status", "status": status, "message": "not today", "match": match, **more}
        passes = [{"kind": "late", "seconds": 0, "count": passing, "match": match}] if passing else []
        for one in (*passes, fault):
            (await self.api.post("/sandbox/faults", json=one)).raise_for_status()

    async def made(self) -> list[str]:
        """Return the requests of this account that create something."""
        journal = (await self.api.get("/sandbox/journal")).json()["requests"]
        return [
            entry["path"]
            for entry in journal
            if (entry["method"], entry["path"]) in (("POST", "/jobs"), ("POST", "/tasks"))
        ]

    async def left(self) -> list[dict[str, Any]]:
        """Return the tasks and jobs that are not being deleted."""
        both = [*await self.get("/v1/tasks"), *await self.get("/v1/jobs")]
        return [one for one in both if one["state"] not in ("PendingDelete", "Deleting")]

    async def until(self, tasks: int) -> None:
        """Wait for so many requests for tasks."""
        while True:
            if (await self.made()).count("/tasks") >= tasks:
                return
            await asyncio.sleep(0.02)

    async def until_nothing_is_left(self) -> None:
        """Wait for the removal of everything."""
        while True:
            if not await self.left():
                return
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1, toolsets="jobs", retry_seconds=0.1) as server:
        yield server


@pytest.fixture(scope="module")
async def limited() -> AsyncIterator[RunningServer]:
    async with running_server(
        speed=1, toolsets="jobs", max_instances=10, max_wall_time="02:00:00", max_credits_per_day=5
    ) as server:
        yield server


@pytest.fixture
async def account(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    key = re.sub(r"[^A-Za-z0-9]", "-", f"sandbox-empty-{request.node.name}")[:90]
    async with (
        server.client(key=key) as client,
        httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": key}, timeout=30) as api,
    ):
        await api.delete("/sandbox/journal")
        yield Account(client, api)
        await api.delete("/sandbox/faults")


@pytest.mark.parametrize("era", ERAS)
async def test_steps_are_given_in_any_order_and_run_in_theirs(server: RunningServer, era: Era) -> None:
    async with server.client(era, key=f"sandbox-empty-order-{era}") as client:
        started = await call(client, "submit_pipeline", name="night", steps=CHAIN[::-1], tags=["demo"])
        assert [one["name"] for one in started["steps"]] == ["preprocess", "train", "report"]
        assert [one.get("after") for one in started["steps"]] == [None, ["preprocess"], ["train"]]
        assert [one.get("on") for one in started["steps"]] == [None, ["success"], ["success"]]
        assert {one["state"] for one in started["steps"]} == {"Submitted"}
        job = await call(client, "get_job", job_uuid=started["job_uuid"])
        assert (job["name"], job["tags"], job["uses_dependencies"]) == ("night", ["demo"], True)
        assert [task["uuid"] for task in job["tasks"]] == [one["uuid"] for one in started["steps"]]
        assert "get_job" in started["hint"]


@pytest.mark.parametrize(
    ("command", "ended"), [("true", "success"), ("sh -c 'exit 3'", "failure"), ("sleep 9d", "cancelled")]
)
async def test_each_end_leads_on_to_the_steps_that_ask_for_it(account: Account, command: str, ended: str) -> None:
    ends = ["success", "failure", "cancelled"]
    steps = [step("first", command), *(step(end, after="first", on=end) for end in ends)]
    either = step("either", after="first", on=ends)
    started = await call(account.client, "submit_pipeline", name="p", steps=[*steps, either])
    if ended == "cancelled":
        await account.advance(600)
        await call(account.client, "abort_task", task_uuid=started["steps"][0]["uuid"])
    await account.advance(LATE)
    job = await call(account.client, "get_job", job_uuid=started["job_uuid"])
    states = {task["name"]: task["state"] for task in job["tasks"]}
    assert states.pop("first") == {"success": "Success", "failure": "Failure", "cancelled": "Cancelled"}[ended]
    assert states == {end: "Success" if end == ended else "Cancelled" for end in ends} | {"either": "Success"}


async def test_a_step_takes_what_submit_task_takes(account: Account) -> None:
    more: dict[str, Any] = {
        "labels": {"team": "a"},
        "tags": ["t"],
        "max_retries_per_instance": 2,
        "advanced_ranges": "0-2,5",
    }
    more |= {"result_bucket": "out-of-it", "scheduling_type": "OnDemand"}
    started = await call(account.client, "submit_pipeline", name="p", steps=[step("a", **more)])
    task = await account.get(f"/v1/tasks/{started['steps'][0]['uuid']}")
    assert (task["labels"], task["tags"], task["resultBucket"]) == ({"team": "a"}, ["t"], "out-of-it")
    assert (task["schedulingType"].lower(), task["advancedRanges"]) == ("ondemand", "0-2,5")
    assert started["steps"][0]["instances"] == 4


async def test_a_step_can_read_the_bucket_that_an_earlier_one_makes(account: Account) -> None:
    steps = [step("a", result_bucket="made-by-a"), step("b", resource_buckets=["made-by-a"], after="a")]
    assert (await call(account.client, "submit_pipeline", name="p", steps=steps))["started"]


async def test_the_maximum_time_is_that_of_the_job_and_ends_all_of_it(account: Account) -> None:
    steps = [step("a", "sleep 9d"), step("b", after="a", on=["cancelled"])]
    started = await call(account.client, "submit_pipeline", name="p", steps=steps, max_wall_time="02:00:00")
    assert started["max_wall_time"] == "02:00:00"
    assert (await account.get(f"/v1/jobs/{started['job_uuid']}"))["maxWallTime"] == "02:00:00"
    await account.advance(2 * 3600 + 60)
    states = (await call(account.client, "get_job", job_uuid=started["job_uuid"]))["states"]
    assert states == {"Cancelled": 2}


async def test_the_steps_of_a_pipeline_run_in_its_pool(account: Account) -> None:
    body = {"name": "pool", "profile": "docker-batch", "instanceCount": 2}
    pool = (await account.api.post("/v1/pools", json=body)).raise_for_status().json()["uuid"]
    steps = [{"name": name, "constants": {"DOCKER_CMD": "true"}} for name in ("a", "b")]
    started = await call(account.client, "submit_pipeline", name="p", steps=steps, pool_uuid=pool)
    for one in started["steps"]:
        assert (await account.get(f"/v1/tasks/{one['uuid']}"))["poolUuid"] == pool
    assert started["estimates"][0]["basis"].startswith("no basis: a pool is billed")
    steps[1]["constants"] = {"DOCKER_CMDD": "true"}
    said = await refusal(account.client, "submit_pipeline", name="p", steps=steps, pool_uuid=pool)
    assert "Step b: DOCKER_CMDD is no constant of docker-batch; did you mean DOCKER_CMD?" in said


async def test_validate_only_starts_nothing_and_names_every_step(account: Account) -> None:
    checked = await call(account.client, "submit_pipeline", name="p", steps=CHAIN, validate_only=True)
    assert (checked["started"], len(checked["steps"])) == (False, 3)
    assert all("uuid" not in one for one in checked["steps"])
    assert "nothing was started" in checked["note"]
    assert await account.left() == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([step("a", after="b"), step("b", after="a")], "after goes in a circle"),
        ([step("train"), step("b", after="trian")], "Did you mean train?"),
        ([step("a"), step("b", profile="docker-bach")], "Did you mean docker-batch"),
        ([step("a", "echo a | cat"), step("b", "echo a | cat")], "Steps a, b: DOCKER_CMD has | outside a shell"),
        ([step("a"), step("b", resource_buckets=["no-such-bucket"])], "No bucket 'no-such-bucket'"),
        ("not steps", "steps"),
        ([step("a", instance_count="many")], "step 1 (a): instance_count does not fit"),
    ],
)
async def test_the_whole_is_checked_before_anything_is_made(account: Account, steps: Any, expected: str) -> None:
    assert expected in await refusal(account.client, "submit_pipeline", name="p", steps=steps)
    assert await account.made() == []


async def test_a_full_account_is_refused_before_anything_is_made(account: Account) -> None:
    bodies = [{"name": "old", "profile": "docker-batch", "instanceCount": 1}] * 98
    (await account.api.post("/v1/tasks", json=bodies)).raise_for_status()
    said = await refusal(account.client, "submit_pipeline", name="p", steps=CHAIN)
    assert "The account holds 98 of 100 tasks, so these 3 do not fit" in said
    assert await account.made() == ["/tasks"]


async def test_a_shortname_makes_a_second_try_safe(account: Account) -> None:
    first = await call(account.client, "submit_pipeline", name="p", steps=CHAIN, shortname="night-1")
    assert first["shortname"] == "night-1"
    said = await refusal(account.client, "submit_pipeline", name="p", steps=CHAIN, shortname="night-1")
    assert f"taken by the job {first['job_uuid']}" in said
    checked = await refusal(
        account.client, "submit_pipeline", name="p", steps=CHAIN, shortname="night-1", validate_only=True
    )
    assert "The shortname night-1 is taken" in checked
    assert len(await account.left()) == 4


# A step that cannot be started


REFUSED = [step("a", "sleep 9d"), step("b", after="a"), step("c", after="b", resource_buckets=["no-such-bucket"])]


async def test_a_step_that_is_refused_takes_all_before_it_back(account: Account) -> None:
    said = await refusal(account.client, "submit_pipeline", name="p", steps=REFUSED, accept_warnings=True)
    assert said.startswith("The step c (3 of 3) could not be started, so the pipeline was given up.")
    assert "What was made before it, and their job, was removed." in said
    assert "Correct that, then call again. Why: " in said
    assert "no-such-bucket" in said
    assert await account.made() == ["/jobs", "/tasks", "/tasks", "/tasks"]
    assert await account.left() == []


async def test_a_step_whose_answer_is_lost_is_found_and_started_once(account: Account) -> None:
    await account.fails("POST", "/tasks", 502, passing=1, when="after")
    started = await call(account.client, "submit_pipeline", name="p", steps=CHAIN)
    assert started["note"].endswith("found by their shortnames, and started once: train.")
    assert len(await account.left()) == 4


async def test_a_job_that_is_refused_leaves_nothing(account: Account) -> None:
    await account.fails("POST", "/jobs", 403)
    assert "not today" in await refusal(account.client, "submit_pipeline", name="p", steps=CHAIN)
    assert await account.made() == ["/jobs"]
    assert await account.left() == []


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/tasks/*"), ("DELETE", "/jobs/*")])
async def test_what_cannot_be_removed_is_named_by_its_job(account: Account, method: str, path: str) -> None:
    await account.fails(method, path, 400, count=0)
    said = await refusal(account.client, "submit_pipeline", name="p", steps=REFUSED, accept_warnings=True)
    await account.api.delete("/sandbox/faults")
    (job,) = await account.get("/v1/jobs")
    left = "with up to 2 of its tasks, which may run" if "tasks" in path else "without tasks"
    assert f"It could not all be removed: the job {job['uuid']} is left, {left}." in said
    assert "no-such-bucket" in said
    await call(account.client, "delete_job", job_uuid=job["uuid"], with_tasks=True)
    assert await account.left() == []


async def test_tasks_that_cannot_be_deleted_are_stopped_at_least(account: Account) -> None:
    await account.fails("DELETE", "/tasks/*", 400, count=0)
    await refusal(account.client, "submit_pipeline", name="p", steps=REFUSED, accept_warnings=True)
    await account.advance(60)
    assert {task["state"] for task in await account.get("/v1/tasks")} == {"Cancelled"}


async def test_a_task_that_is_seen_late_is_removed_too(account: Account) -> None:
    await account.fails("POST", "/tasks", passing=1, kind="late", seconds=0.1)
    said = await refusal(account.client, "submit_pipeline", name="p", steps=REFUSED, accept_warnings=True)
    assert "What was made before it, and their job, was removed." in said
    await account.advance(1)
    assert await account.left() == []


async def test_a_pipeline_that_takes_longer_than_clients_wait_is_taken_back() -> None:
    steps = [Step.model_validate(one) for one in CHAIN]
    job = CreateJob(name="slow")
    async with opened(application=create_sandbox(speed=1), key="sandbox-empty-slow") as client:
        with pytest.raises(PipelineNotStarted) as error:
            await start_pipeline(client, job, steps, most_seconds=-1)
        assert "The step preprocess (1 of 3) could not be started" in str(error.value)
        assert "did not take all steps within" in str(error.value)
        assert {one.state for one in (await client.jobs.page()).items} <= {"Deleting"}


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_that_is_given_up_leaves_nothing(server: RunningServer, account: Account, era: Era) -> None:
    await account.fails("POST", "/tasks", passing=1, kind="slow", seconds=1)
    async with server.client(era, key=account.api.headers["Authorization"]) as client:
        submit = asyncio.create_task(client.call_tool("submit_pipeline", {"name": "p", "steps": CHAIN}))
        await account.until(2)
        submit.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submit
    await account.until_nothing_is_left()
    assert (await account.made()).count("/tasks") == 2


# Limits of whoever runs the server


async def test_no_step_may_have_more_instances_than_the_server_allows(limited: RunningServer) -> None:
    async with limited.client(key="sandbox-empty-instances") as client:
        steps = [step("a", instance_count=10), step("b", instance_count=11)]
        said = await refusal(client, "submit_pipeline", name="p", steps=steps)
    assert "The task has 11 instances; this server allows 10 in a task. Nothing was started." in said
    assert "It is the step b." in said


async def test_a_pipeline_may_not_last_longer_than_the_server_allows(limited: RunningServer) -> None:
    async with limited.client(key="sandbox-empty-time") as client:
        said = await refusal(client, "submit_pipeline", name="p", steps=CHAIN, max_wall_time="02:00:01")
        assert "max_wall_time is 02:00:01; this server allows at most 02:00:00" in said
        assert (await call(client, "submit_pipeline", name="p", steps=CHAIN))["max_wall_time"] == "02:00:00"


async def test_a_pipeline_is_refused_where_the_credits_of_a_day_are_used_up(limited: RunningServer) -> None:
    key = "sandbox-empty-credits"
    xeon = [{"discriminator": "SpecificHardwareConstraint", "specificationKey": "28c-128g"}]
    body = {"name": "earlier", "profile": "docker-batch", "instanceCount": 10, "hardwareConstraints": xeon}
    body |= {"constants": [{"key": "DOCKER_CMD", "value": "sleep 3h"}]}
    async with (
        limited.client(key=key) as client,
        httpx.AsyncClient(base_url=limited.api_url, headers={"Authorization": key}) as api,
    ):
        (await api.post("/v1/tasks", json=body)).raise_for_status()
        (await api.post("/sandbox/clock", json={"advance_seconds": 4 * 3600})).raise_for_status()
        said = await refusal(client, "submit_pipeline", name="p", steps=CHAIN)
        assert "Nothing was started" in said
        assert "QARNOT_MCP_MAX_CREDITS_PER_DAY" in said
        assert (await api.get("/v1/jobs")).json() == []


async def test_an_estimate_that_cannot_be_read_loses_no_pipeline(account: Account) -> None:
    await account.fails("POST", "/tasks/summaries/paginate", 401)
    started = await call(account.client, "submit_pipeline", name="p", steps=CHAIN)
    assert started["estimates"] == [{"basis": "no basis: it could not be read this time."}]
    assert len(await account.left()) == 4


# How long the answer is


async def test_an_answer_about_fifty_steps_that_all_wait_is_bounded(account: Account) -> None:
    names = [f"{number:02}" + "n" * 78 for number in range(50)]
    command = "echo " + "x" * 500
    steps = [step(name, command, **({"after": names[:number]} if number else {})) for number, name in enumerate(names)]
    checked = await account.client.call_tool(
        "submit_pipeline", {"name": "p" * 2000, "steps": steps, "validate_only": True}
    )
    assert len(text_of(checked)) < 47_000
    assert checked.structured_content is not None
    assert checked.structured_content["steps"][49]["after_not_shown"] == 44
