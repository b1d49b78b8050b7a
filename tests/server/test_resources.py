"""Tasks, logs, profiles and the dashboard as resources, for clients of both eras."""

import json
import logging
from collections.abc import AsyncIterator

import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from mcp import MCPError
from mcp_types import ResourceTemplateReference, TextResourceContents

from qarnot_mcp.dashboard.document import VIEW_URI, tasks_view
from tests.support.running_server import ERAS, Era, RunningServer, call, ended, running_server, submitted

TASK = "qarnot://tasks/{uuid}"
LOG = "qarnot://tasks/{uuid}/logs/{log_type}"
PROFILE = "qarnot://profiles/{name}"


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


async def read(client: Client[StreamableHttpTransport], uri: str) -> TextResourceContents:
    (content,) = await client.read_resource(uri)
    assert isinstance(content, TextResourceContents)
    return content


async def completed(client: Client[StreamableHttpTransport], template: str, argument: str, value: str) -> list[str]:
    found = await client.complete(ResourceTemplateReference(uri=template), {"name": argument, "value": value})
    return list(found.values)


async def test_the_templates_have_titles_and_descriptions(client: Client[StreamableHttpTransport]) -> None:
    templates = {template.uri_template: template for template in await client.list_resource_templates()}
    assert templates.keys() == {TASK, LOG, PROFILE}
    assert all(template.title and template.description for template in templates.values())


async def test_a_resource_says_what_its_tool_says(client: Client[StreamableHttpTransport]) -> None:
    uuid = await submitted(client, "echo 42", shortname="my-run-1")
    await ended(client, uuid)
    for uri, tool, arguments in (
        (f"qarnot://tasks/{uuid}", "get_task", {"task_uuid": uuid}),
        ("qarnot://tasks/my-run-1", "get_task", {"task_uuid": uuid}),
        (f"qarnot://tasks/{uuid}/logs/stdout", "get_task_logs", {"task_uuid": uuid}),
        (f"qarnot://tasks/{uuid}/logs/stderr", "get_task_logs", {"task_uuid": uuid, "log_type": "stderr"}),
        ("qarnot://profiles/docker-batch", "get_profile", {"profile_name": "docker-batch"}),
    ):
        content = await read(client, uri)
        assert content.mime_type == "application/json"
        of_the_tool = await call(client, tool, **arguments)
        assert json.loads(content.text) | {"now": of_the_tool.get("now")} == {"now": None} | of_the_tool


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("qarnot://tasks/nope", "No task 'nope' is visible to this API key. list_tasks shows the tasks"),
        ("qarnot://tasks/paginate", "No task 'paginate' is visible to this API key"),
        ("qarnot://tasks/nope/logs/stdin", "log_type is 'stdin', which is not valid: give stdout, stderr or both."),
        ("qarnot://profiles/nope", "There are: docker-batch, .* list_profiles shows all."),
        ("qarnot://tasks/..%2f..%2fprofiles", "Resource not found"),
        ("qarnot://buckets/x", "Resource not found"),
    ],
)
async def test_what_is_not_there_is_said_and_logs_no_traceback(
    client: Client[StreamableHttpTransport], uri: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(MCPError, match=words):
        await client.read_resource(uri)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_resource_needs_a_key_too(server: RunningServer) -> None:
    async with server.client(key="") as client:
        with pytest.raises(MCPError, match="This call carries no Qarnot API key"):
            await client.read_resource("qarnot://profiles/docker-batch")


async def test_the_parts_of_an_address_are_completed(client: Client[StreamableHttpTransport]) -> None:
    await submitted(client, shortname="my-run-1")
    assert await completed(client, TASK, "uuid", "my") == ["my-run-1"]
    assert await completed(client, LOG, "log_type", "std") == ["stdout", "stderr"]
    assert await completed(client, LOG, "log_type", "stde") == ["stderr"]
    assert "docker-batch" in await completed(client, PROFILE, "name", "docker-")
    assert await completed(client, PROFILE, "name", "nope") == []


async def test_the_dashboard_is_a_view_of_the_three_reading_tools(client: Client[StreamableHttpTransport]) -> None:
    listed = {str(resource.uri): resource for resource in await client.list_resources()}
    assert listed.keys() == {VIEW_URI}
    content = await read(client, VIEW_URI)
    assert content.mime_type == listed[VIEW_URI].mime_type == "text/html;profile=mcp-app"
    assert content.text == tasks_view(actions=True)
    with_view = {tool.name for tool in await client.list_tools() if (tool.meta or {}).get("ui")}
    assert with_view == {"list_tasks", "get_task", "get_task_logs"}


async def test_the_dashboard_of_a_reading_server_offers_no_action() -> None:
    async with running_server(read_only=True) as server, server.client() as client:
        assert (await read(client, VIEW_URI)).text == tasks_view(actions=False)
        assert tasks_view(actions=False) != tasks_view(actions=False, account=True)


async def test_the_dashboard_tells_of_the_account_where_that_set_is_shown() -> None:
    async with running_server() as server, server.client(query="?toolsets=account") as client:
        assert (await read(client, VIEW_URI)).text == tasks_view(actions=True, account=True)


async def test_the_dashboard_has_jobs_where_that_set_is_shown_and_is_a_view_of_its_reading_tools() -> None:
    async with running_server() as server, server.client(query="?toolsets=jobs") as client:
        assert (await read(client, VIEW_URI)).text == tasks_view(jobs=True) != tasks_view()
        with_view = {tool.name for tool in await client.list_tools() if (tool.meta or {}).get("ui")}
        assert {name for name in with_view if "job" in name} == {"list_jobs", "get_job"}
