"""The eight tools over a real socket, with a real client of each protocol era, on the sandbox."""

import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.toolset import Registry
from tests.support.running_server import (
    ERAS,
    Era,
    RunningServer,
    call,
    ended,
    refusal,
    running_server,
    submitted,
    text_of,
)

TOOLS = {
    "list_tasks",
    "get_task",
    "submit_task",
    "get_task_logs",
    "abort_task",
    "delete_task",
    "list_profiles",
    "get_profile",
}
READING = TOOLS - {"submit_task", "abort_task", "delete_task"}


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[RunningServer]:
    async with running_server() as server:
        yield server


@pytest.fixture
def server(shared: RunningServer, request: pytest.FixtureRequest) -> RunningServer:
    """The server, with an account for each test."""
    return shared.with_account_of(request.node.name)


@pytest.fixture
async def client(server: RunningServer, era: Era) -> AsyncIterator[Client[StreamableHttpTransport]]:
    async with server.client(era) as client:
        yield client


async def test_there_are_eight_tools_with_titles_annotations_and_schemas(
    client: Client[StreamableHttpTransport],
) -> None:
    tools = {tool.name: tool for tool in await client.list_tools()}
    assert set(tools) == TOOLS
    for tool in tools.values():
        assert tool.title
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint == (tool.name in READING)
        assert tool.description
        assert len(tool.description) < 2048
        assert tool.output_schema
        for parameter in tool.input_schema["properties"].values():
            assert parameter["description"]


async def test_a_task_lives_from_submit_to_delete(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(client, name="hello", instance_count=3, tags=["demo"])
    task = await ended(client, uuid)
    assert task["state"] == "Success"
    assert task["instances"]["succeeded"] == 3
    log = await call(client, "get_task_logs", task_uuid=uuid, log_type="stdout")
    assert "hello from 2" in log["text"]
    one = await call(client, "get_task_logs", task_uuid=uuid, log_type="stdout", instance_id=1)
    assert one["text"] == "hello from 1"
    listed = await call(client, "list_tasks", tags=["demo"])
    assert [row["uuid"] for row in listed["tasks"]] == [uuid]
    deleted = await call(client, "delete_task", task_uuid=uuid)
    assert deleted == {"uuid": uuid, "name": "hello", "deleted": True}
    assert (await call(client, "list_tasks"))["tasks"] == []


async def test_a_failing_command_fails_the_task(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(client, "sh -c 'echo no such file >&2; exit 3'")
    task = await ended(client, uuid)
    assert task["state"] == "Failure"
    assert task["instances"]["failed"] == 1
    assert task["failure"]["cause"] == "user code"
    assert "errors" not in task  # the failure says them


async def test_profiles_are_names_and_one_has_constants(client: Client[StreamableHttpTransport]) -> None:
    names = (await call(client, "list_profiles"))["profiles"]
    assert "docker-batch" in names
    profile = await call(client, "get_profile", profile_name="docker-batch")
    assert "DOCKER_CMD" in [constant["name"] for constant in profile["constants"]]


async def test_text_and_structure_carry_the_same_facts(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(client)
    await ended(client, uuid)
    for tool, arguments in (
        ("list_tasks", {}),
        ("get_task", {"task_uuid": uuid, "detail": "full"}),
        ("get_task_logs", {"task_uuid": uuid}),
        ("list_profiles", {}),
        ("get_profile", {"profile_name": "docker-batch"}),
    ):
        result = await client.call_tool(tool, arguments)
        assert json.loads(text_of(result)) == result.structured_content


async def test_an_empty_log_says_why_and_where_else_to_look(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(client)
    await ended(client, uuid)
    log = await call(client, "get_task_logs", task_uuid=uuid, log_type="stderr")
    assert (log["text"], log["hint"]) == ("", "stderr is empty; log_type=stdout reads the other half.")
    assert "hint" not in await call(client, "get_task_logs", task_uuid=uuid)


async def test_the_log_of_a_waiting_task_says_that_nothing_runs_yet() -> None:
    async with running_server(speed=1) as server, server.client() as client:
        uuid = await submitted(client)
        log = await call(client, "get_task_logs", task_uuid=uuid)
        assert log["hint"] == "Nothing runs yet, so there is no output; get_task with wait_seconds follows the task."


async def test_a_running_task_can_be_aborted() -> None:
    async with running_server(speed=1) as server, server.client() as client:
        uuid = await submitted(client)
        aborted = await call(client, "abort_task", task_uuid=uuid)
        assert aborted["state"] in ("PendingCancel", "Cancelled")


async def test_a_shortname_names_the_task(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(client, shortname="my-run-1")
    assert (await call(client, "get_task", task_uuid="my-run-1"))["uuid"] == uuid


async def test_a_limit_of_the_time_in_the_queue_reaches_the_task(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(client, max_time_queue_seconds=3600)
    assert (await call(client, "get_task", task_uuid=uuid, detail="full"))["api"]["maxTimeQueueSeconds"] == 3600
    message = await refusal(client, "submit_task", name="x", profile="docker-batch", max_time_queue_seconds=0)
    assert message.startswith("max_time_queue_seconds is 0, which is not valid")


async def test_pages_follow_the_cursor(client: Client[StreamableHttpTransport]) -> None:
    uuids = {await submitted(client) for _ in range(5)}
    seen, cursor = [], None
    while True:
        page = await call(client, "list_tasks", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [row["uuid"] for row in page["tasks"]]
        assert page["total"] == 5
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert len(seen) == 5
    assert set(seen) == uuids


async def test_what_a_model_reads_before_its_first_call_is_small(client: Client[StreamableHttpTransport]) -> None:
    tools = await client.list_tools()
    listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    without_outputs = [{name: part for name, part in tool.items() if name != "outputSchema"} for tool in listed]
    assert len(json.dumps(without_outputs, ensure_ascii=False, separators=(",", ":"))) < 14_000
    for tool in tools:
        assert len((tool.description or "").encode()) < 2_048
        assert len(json.dumps(tool.input_schema)) < 16_000
        assert all("description" in parameter for parameter in tool.input_schema["properties"].values())
        assert not re.search(r"(?i)\b(always|never|must)\b", (tool.description or "").replace("never starts", ""))
    instructions = client.instructions
    assert instructions is not None
    assert len(instructions.encode()) < 2_048


async def test_the_instructions_say_in_one_line_what_is_out_of_reach(client: Client[StreamableHttpTransport]) -> None:
    (line,) = [part for part in (client.instructions or "").splitlines() if "Out of reach" in part]
    for word in ("money", "credits", "pools", "files", "https://tasq.qarnot.com"):
        assert word in line


@pytest.mark.parametrize("era", ERAS)
async def test_the_instructions_call_nothing_out_of_reach_that_the_connection_shows(era: Era) -> None:
    async with running_server() as server:
        async with server.client(era, query="?toolsets=storage") as client:
            assert ": files" not in (client.instructions or "")
            assert "Out of reach here" in (client.instructions or "")
        with_tools = [toolset for toolset in REGISTRY.toolsets if toolset.tools]
    async with (
        running_server(registry=Registry(tuple(with_tools))) as server,
        server.client(era, query="?toolsets=all") as client,
    ):
        assert "ut of reach" not in (client.instructions or "")


async def test_tasks_are_found_by_the_words_of_people_for_their_states() -> None:
    async with (
        running_server(speed=1) as server,
        server.client() as client,
        httpx.AsyncClient(base_url=server.api_url) as http,
    ):
        running = await submitted(client, "sleep 36000")
        await http.post("/sandbox/clock", json={"advance_seconds": 400})
        waiting = await submitted(client)
        for state, uuids in (
            ("running", [running]),
            ("waiting", [waiting]),
            ("Active", [waiting, running]),
            ("running, waiting", [waiting, running]),
            ("finished", []),
        ):
            listed = await call(client, "list_tasks", state=state)
            assert [row["uuid"] for row in listed["tasks"]] == uuids


async def test_numbers_as_values_of_constants_become_text(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(
        client, constants=[{"key": "DOCKER_CMD", "value": "echo ${SLOTS}"}, {"key": "SLOTS", "value": 94}]
    )
    assert (await ended(client, uuid))["constants"]["SLOTS"] == "94"


async def test_secrets_are_masked_in_summary_and_in_full(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(
        client,
        constants=[
            {"key": "DOCKER_CMD", "value": "echo hi"},
            {"key": "DOCKER_REGISTRY_PASSWORD", "value": "swordfish-123"},
        ],
    )
    result = await client.call_tool("get_task", {"task_uuid": uuid, "detail": "full"})
    assert "swordfish-123" not in text_of(result)
    assert "DOCKER_REGISTRY_PASSWORD" in text_of(result)


@pytest.mark.parametrize("name", ["", "x" * 3000])
async def test_a_wrong_name_starts_nothing(client: Client[StreamableHttpTransport], name: str) -> None:
    message = await refusal(client, "submit_task", name=name, profile="docker-batch")
    assert message.startswith("name ")
    assert (await call(client, "list_tasks"))["tasks"] == []


async def test_read_only_leaves_the_five_tools_that_read(era: Era) -> None:
    async with running_server(read_only=True) as server, server.client(era) as client:
        assert {tool.name for tool in await client.list_tools()} == READING
        message = await refusal(client, "delete_task", task_uuid="x")
        assert message.startswith("This server is in read-only mode, so it does not run delete_task.")
        assert "QARNOT_MCP_READ_ONLY=false" in message


@pytest.mark.parametrize("era", ERAS)
async def test_the_checks_before_a_submit_end_when_they_refuse_it(era: Era) -> None:
    async with (
        running_server() as server,
        server.client(era) as client,
        httpx.AsyncClient(base_url=server.api_url) as api,
    ):
        message = await refusal(client, "submit_task", name="t", profile="docker-btach")
        journal = (await api.get("/sandbox/journal", headers={"Authorization": server.key})).json()["requests"]
    assert "docker-batch" in message
    assert {entry["path"] for entry in journal} <= {"/profiles/docker-btach", "/profiles", "/info"}
