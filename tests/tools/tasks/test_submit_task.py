"""What submit_task answers: the request as it comes to, its buckets, and what became of it within the wait."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client

from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.qarnot.pools import Pool
from qarnot_mcp.tools.submission.job_checks import check_job, check_pool
from tests.support.running_server import KEY, RunningServer, call, refusal, running_server, text_of

TASK = {
    "name": "a run",
    "profile": "docker-batch",
    "constants": {"DOCKER_REPO": "library/python", "DOCKER_TAG": "3.12", "DOCKER_CMD": "sh -c 'echo hi'"},
}
UUID = "52c10b2d-0687-41e1-985e-7279f6dd543a"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(key=KEY, toolsets="storage") as running:
        yield running


@pytest.fixture(scope="module")
async def client(server: RunningServer) -> AsyncIterator[Client[Any]]:
    async with server.client() as client:
        await call(client, "write_file", bucket="inputs", path="scenes/a.txt", text="a", create_bucket=True)
        yield client


@pytest.mark.parametrize("validate_only", [True, False])
async def test_check_and_submit_answer_the_resolved_request(client: Client[Any], validate_only: bool) -> None:
    more = {
        "instance_count": 3,
        "hardware_constraints": {"min_cores": 8},
        "resource_buckets": ["inputs/scenes"],
        "result_bucket": "out-1",
        "results_whitelist": ".*png",
    }
    result = await call(client, "submit_task", **TASK, **more, validate_only=validate_only)
    assert result["started"] is not validate_only
    assert result["resolved"] == {
        "profile": "docker-batch",
        "image": "library/python:3.12",
        "command": "sh -c 'echo hi'",
        "instances": 3,
        "scheduling_type": "Flex",
        "hardware_constraints": ["MinimumCore coreCount=8"],
        "resource_buckets": ["inputs/scenes"],
        "result_bucket": "out-1",
        "results_whitelist": ".*png",
    }


async def test_a_check_says_that_the_buckets_are_there(client: Client[Any]) -> None:
    checked = await call(client, "submit_task", **TASK, resource_buckets=["inputs/scenes"], validate_only=True)
    assert "Its resource buckets are there." in checked["note"]
    assert "warnings" not in checked


async def test_a_check_says_which_folder_has_no_file(client: Client[Any]) -> None:
    checked = await call(client, "submit_task", **TASK, resource_buckets=["inputs/nothing"], validate_only=True)
    assert checked["warnings"] == ["resource_buckets: no file is below inputs/nothing/."]


async def test_a_check_refuses_a_missing_bucket_with_the_nearest(client: Client[Any]) -> None:
    message = await refusal(client, "submit_task", **TASK, resource_buckets=["inputz"], validate_only=True)
    assert "inputz" in message
    assert "inputs" in message


async def test_an_instance_sees_the_folder_of_a_bucket_as_its_own(client: Client[Any]) -> None:
    task = TASK | {"constants": {**TASK["constants"], "DOCKER_CMD": "cat a.txt"}}  # type: ignore[dict-item]
    started = await call(client, "submit_task", **task, resource_buckets=["inputs/scenes"], wait_seconds=45)
    assert started["state"] == "Success"


async def test_a_submit_waits_for_the_end_and_says_why_it_failed(client: Client[Any]) -> None:
    task = TASK | {"constants": {**TASK["constants"], "DOCKER_CMD": "sh -c 'exit 3'"}}  # type: ignore[dict-item]
    started = await call(client, "submit_task", **task, wait_seconds=45)
    assert started["started"] is True
    assert started["state"] == "Failure"
    assert started["failure"]


async def test_what_is_hardly_meant_starts_where_it_is_accepted(client: Client[Any]) -> None:
    task = TASK | {"constants": {"DOCKER_CMD": "a && b", "DOCKER_TAG": "24.04"}}
    assert "Nothing was started" in await refusal(client, "submit_task", **task)
    started = await call(client, "submit_task", **task, accept_warnings=True)
    assert started["started"] is True
    assert "has && outside a shell" in started["warnings"][0]


async def test_scheduling_types_stand_in_the_schema(client: Client[Any]) -> None:
    (tool,) = [tool for tool in await client.list_tools() if tool.name == "submit_task"]
    assert tool.input_schema["properties"]["scheduling_type"]["enum"] == ["Flex", "OnDemand", "Reserved"]
    for words in ("/job", "overwrite each other", "INSTANCE_ID, in blender the frame", "no time limit"):
        assert words in " ".join((tool.description or "").split())


async def test_an_unknown_shortname_in_dependencies_is_refused(client: Client[Any]) -> None:
    message = await refusal(client, "submit_task", **TASK, job_uuid=UUID, dependencies=["nobody"])
    assert message.startswith("dependencies is 'nobody'")


async def test_dependencies_are_resolved_and_looked_for(server: RunningServer, client: Client[Any]) -> None:
    async with httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": KEY}) as http:
        job = (await http.post("/v1/jobs", json={"name": "a job", "useDependencies": True})).json()
    first = await call(client, "submit_task", **TASK, job_uuid=job["uuid"], shortname="first-step")
    waiting = {"job_uuid": job["uuid"], "dependencies": ["first-step"]}
    checked = await call(client, "submit_task", **TASK, **waiting, validate_only=True)
    assert "warnings" not in checked
    other = await call(client, "submit_task", **TASK)
    for dependencies, words in (([UUID], f"no task {UUID} is visible"), ([other["uuid"]], "is not of the job")):
        message = await refusal(client, "submit_task", **TASK, job_uuid=job["uuid"], dependencies=dependencies)
        assert "Nothing was started" in message
        assert words in message
    last = await call(client, "submit_task", **TASK, **waiting)
    assert (await call(client, "get_task", task_uuid=last["uuid"], detail="full"))["api"]["dependencies"] == {
        "dependsOn": [first["uuid"]]
    }


async def test_a_pool_that_is_not_there_is_refused(client: Client[Any]) -> None:
    message = await refusal(client, "submit_task", name="a run", pool_uuid=UUID, constants={"DOCKER_CMD": "true"})
    assert message.startswith(f"pool_uuid is '{UUID}'")


@pytest.mark.parametrize(("state", "takes_tasks"), [("FullyExecuting", True), ("Submitted", True), ("Closing", False)])
async def test_a_pool_that_is_closed_takes_no_tasks(state: str, takes_tasks: bool) -> None:
    found = list(check_pool(Pool.read({"uuid": UUID, "state": state, "name": "a"})))
    assert ["takes no tasks" in finding.text and finding.refuses for finding in found] == [True] * (not takes_tasks)


async def test_the_answer_of_a_submit_is_short(client: Client[Any]) -> None:
    assert len(text_of(await client.call_tool("submit_task", TASK))) < 1_000


async def test_a_check_says_that_a_shortname_is_taken(client: Client[Any]) -> None:
    await call(client, "submit_task", **TASK, shortname="taken-1")
    message = await refusal(client, "submit_task", **TASK, shortname="taken-1", validate_only=True)
    assert "The shortname taken-1 is taken" in message
    assert (await call(client, "submit_task", **TASK, shortname="free-1", validate_only=True))["shortname"] == "free-1"


async def test_a_job_that_is_not_there_is_refused(client: Client[Any]) -> None:
    message = await refusal(client, "submit_task", **TASK, job_uuid=UUID)
    assert message.startswith(f"job_uuid is '{UUID}'")


@pytest.mark.parametrize(
    ("job", "has_profile", "has_dependencies", "words"),
    [
        ({"state": "Terminating"}, True, False, "is Terminating and takes no tasks"),
        ({}, False, False, "has no pool, so its tasks need one"),
        ({"poolUuid": UUID}, True, False, "has a pool, whose profile its tasks take"),
        ({}, True, True, "was made without them"),
        ({"useDependencies": True}, True, True, ""),
        ({"poolUuid": UUID}, False, False, ""),
    ],
)
async def test_a_job_takes_what_fits_it(
    job: dict[str, Any], has_profile: bool, has_dependencies: bool, words: str
) -> None:
    read = Job.read({"uuid": UUID, "state": "Active", "name": "a"} | job)
    found = list(check_job(read, has_profile=has_profile, has_dependencies=has_dependencies))
    assert [words in finding.text and finding.refuses for finding in found] == ([True] if words else [])
