"""The prompts of the menu and the completion of their arguments, for clients of both eras."""

from collections.abc import AsyncIterator

import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp import MCPError
from mcp_types import PromptReference, TextContent

from tests.support.running_server import ERAS, Era, RunningServer, running_server, submitted


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[RunningServer]:
    async with running_server() as server:
        yield server


@pytest.fixture
def server(shared: RunningServer, request: pytest.FixtureRequest) -> RunningServer:
    """The server, with an account for each test."""
    return shared.with_account_of(request.node.name)


@pytest.fixture(params=ERAS)
async def client(
    server: RunningServer, request: pytest.FixtureRequest
) -> AsyncIterator[Client[StreamableHttpTransport]]:
    era: Era = request.param
    async with server.client(era) as client:
        yield client


async def said(client: Client[StreamableHttpTransport], prompt: str, **arguments: str) -> str:
    (message,) = (await client.get_prompt(prompt, arguments)).messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


async def completed(client: Client[StreamableHttpTransport], prompt: str, argument: str, value: str) -> list[str]:
    found = await client.complete(PromptReference(name=prompt), {"name": argument, "value": value})
    return list(found.values)


async def test_four_prompts_with_titles_and_plain_descriptions(client: Client[StreamableHttpTransport]) -> None:
    prompts = {prompt.name: prompt for prompt in await client.list_prompts()}
    assert prompts.keys() == {"run_a_command", "why_did_it_fail", "clean_up_finished_tasks", "parallel_sweep"}
    for prompt in prompts.values():
        assert prompt.title
        assert prompt.description
        assert "Args" not in prompt.description
        for argument in prompt.arguments or ():
            assert argument.description
            assert "schema" not in argument.description
    required = {a.name for prompt in prompts.values() for a in prompt.arguments or () if a.required}
    assert required == {"command", "task", "values"}


async def test_what_the_person_wrote_stands_in_the_prompt(client: Client[StreamableHttpTransport]) -> None:
    text = await said(client, "run_a_command", command='"quoted" 5', image="localhost:5000/mine", instances="7")
    assert '"quoted" 5' in text
    assert "DOCKER_REPO=localhost:5000/mine, DOCKER_TAG=latest" in text
    assert "on 7 instance(s)" in text
    text = await said(client, "run_a_command", command="true", image="library/python:3.13-slim")
    assert "DOCKER_REPO=library/python, DOCKER_TAG=3.13-slim" in text
    assert "DOCKER_REPO=library/ubuntu, " in await said(client, "run_a_command", command="true", image="ubuntu")
    assert "my-run-1" in await said(client, "why_did_it_fail", task="my-run-1")
    assert 'state="finished", tags=["demo"]' in await said(client, "clean_up_finished_tasks", tag="demo")
    assert 'list_tasks(state="finished", limit=500)' in await said(client, "clean_up_finished_tasks")
    assert "rates 1, 2" in await said(client, "parallel_sweep", command="x", values="rates 1, 2")


async def test_a_field_that_nobody_filled_in_has_its_default(client: Client[StreamableHttpTransport]) -> None:
    text = await said(client, "run_a_command", command="true", image="", instances=" ")
    assert "on 1 instance(s), in the Docker image library/ubuntu:24.04" in text


async def test_a_missing_argument_is_named(client: Client[StreamableHttpTransport]) -> None:
    with pytest.raises(MCPError, match=r"^task is missing: UUID or shortname of the task\.$"):
        await client.get_prompt("why_did_it_fail", {})
    with pytest.raises(MCPError, match=r"^values is missing: What to sweep over"):
        await client.get_prompt("parallel_sweep", {"command": "x", "values": ""})


async def test_an_unknown_prompt_is_answered_with_those_there_are(client: Client[StreamableHttpTransport]) -> None:
    with pytest.raises(MCPError, match=r"There is no prompt 'why' here\. The prompts: run_a_command, why"):
        await client.get_prompt("why", {})


async def test_arguments_are_completed(client: Client[StreamableHttpTransport]) -> None:
    await submitted(client, shortname="my-run-2")
    uuid = await submitted(client, shortname="my-run-1")
    assert set(await completed(client, "why_did_it_fail", "task", "")) == {"my-run-1", "my-run-2"}
    assert await completed(client, "why_did_it_fail", "task", "my-run-1") == ["my-run-1"]
    assert await completed(client, "why_did_it_fail", "task", uuid[:9]) == [uuid]
    assert await completed(client, "run_a_command", "image", "library/py") == ["library/python:3.13-slim"]
    assert await completed(client, "run_a_command", "command", "echo") == []


async def test_completion_without_a_key_is_empty(server: RunningServer) -> None:
    async with server.client(key="") as client:
        assert await completed(client, "why_did_it_fail", "task", "") == []
