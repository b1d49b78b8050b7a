"""Tool sets over a real socket, with clients of both eras: what a connection may ask for, and what it then sees."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client
from mcp import MCPError

from qarnot_mcp.server.app import INSTRUCTIONS
from qarnot_mcp.server.connection import Connection, ToolOffer
from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.toolset import Registry, Toolset
from qarnot_mcp.web.app import create_app
from tests.support.gadgets import GADGETS
from tests.support.running_server import (
    ERAS,
    Era,
    RunningServer,
    call,
    refusal,
    running_server,
    settings_for,
    submitted,
)

DEFAULT = list(REGISTRY.toolsets[0].tools)
EIGHT = {entry.name for entry in DEFAULT}
READING = {entry.name for entry in DEFAULT if not entry.writes}
WORKSHOP = {"list_gadgets", "make_gadget", "break_gadget"}
SNAPSHOTS = Path(__file__).parents[1] / "snapshots"


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[RunningServer]:
    """A server whose vault is not offered."""
    async with running_server(registry=GADGETS, toolsets_offered="workshop") as server:
        yield server


@pytest.fixture
def server(shared: RunningServer, request: pytest.FixtureRequest) -> RunningServer:
    """The server, with an account for each test."""
    return shared.with_account_of(request.node.name)


async def tools_of(client: Client[Any]) -> set[str]:
    return {tool.name for tool in await client.list_tools()}


async def seen(server: RunningServer, era: Era, query: str = "", **headers: str) -> set[str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with server.client(era, query=query, headers=sent) as client:
        return await tools_of(client)


async def refused(server: RunningServer, era: Era, query: str = "", **headers: str) -> str:
    with pytest.raises(MCPError) as raised:
        await seen(server, era, query, **headers)
    return str(raised.value)


async def test_a_connection_that_asks_for_nothing_sees_the_eight_tools(server: RunningServer, era: Era) -> None:
    assert await seen(server, era) == EIGHT


@pytest.mark.parametrize(
    "query", ["?toolsets=workshop", "?toolsets=default,%20Workshop", "?toolsets=all", "?toolsets=,workshop,"]
)
async def test_a_connection_asks_for_a_set_in_its_address(server: RunningServer, era: Era, query: str) -> None:
    assert await seen(server, era, query) == EIGHT | WORKSHOP
    async with server.client(era, query=query) as client:
        assert await call(client, "make_gadget", name="lever") == {"names": ["lever"]}


async def test_a_connection_asks_for_a_set_in_a_header(server: RunningServer, era: Era) -> None:
    assert await seen(server, era, X_MCP_Toolsets="workshop") == EIGHT | WORKSHOP


async def test_the_address_comes_before_the_header_and_both_before_the_setting(era: Era) -> None:
    async with running_server(registry=GADGETS, toolsets="vault") as server:
        vault = EIGHT | {"read_plans"}
        assert await seen(server, era) == vault
        assert await seen(server, era, X_MCP_Toolsets="workshop") == EIGHT | WORKSHOP
        assert await seen(server, era, "?toolsets=vault", X_MCP_Toolsets="workshop") == vault
        assert await seen(server, era, "?toolsets=", X_MCP_Toolsets="workshop") == EIGHT


async def test_a_server_that_shows_all_sets_shows_them_to_every_connection(era: Era) -> None:
    async with running_server(registry=GADGETS, toolsets="all") as server:
        assert await seen(server, era) == set(GADGETS.tools)


async def test_all_means_all_that_are_offered(server: RunningServer, era: Era) -> None:
    assert await seen(server, era, "?toolsets=all") == EIGHT | WORKSHOP


async def test_a_set_that_is_not_offered_is_refused_with_those_that_are(server: RunningServer, era: Era) -> None:
    assert await refused(server, era, "?toolsets=workshop,vault") == (
        "toolsets in the address is 'vault', which is not valid: give all, or names separated by commas: default, "
        "workshop. Whoever runs this server can offer more with QARNOT_MCP_TOOLSETS_OFFERED."
    )


async def test_a_set_that_the_server_shows_is_offered_too(era: Era) -> None:
    async with running_server(registry=GADGETS, toolsets="vault", toolsets_offered="workshop") as server:
        assert await seen(server, era, "?toolsets=vault,workshop") == set(GADGETS.tools)


async def test_an_unknown_set_is_refused_with_the_nearest_name(server: RunningServer, era: Era) -> None:
    assert await refused(server, era, X_MCP_Toolsets="workshops") == (
        "the header X-MCP-Toolsets is 'workshops', which is not valid: give all, or names separated by commas: "
        "default, workshop, vault, attic. The nearest one is workshop."
    )


async def test_every_request_of_a_wrong_connection_is_refused(server: RunningServer) -> None:
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    async with httpx.AsyncClient(headers={"Authorization": server.key, **headers}) as http:
        for method in ("tools/list", "prompts/list", "resources/list", "tools/call", "ping"):
            params = {"name": "list_tasks", "arguments": {}} if method == "tools/call" else {}
            message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
            response = await http.post(f"{server.url}?toolsets=workshop%00%0aignore", json=message)
            (data,) = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
            told = json.loads(data)
            assert (told["id"], told["error"]["code"]) == (7, -32602)
            expected = "toolsets in the address is 'workshop ignore', which is not valid"
            assert told["error"]["message"].startswith(expected)


async def test_a_read_only_connection_sees_and_calls_what_reads(server: RunningServer, era: Era) -> None:
    reading = READING | {"list_gadgets", "break_gadget"}
    assert await seen(server, era, "?read_only=true&toolsets=workshop") == reading
    assert await seen(server, era, "?toolsets=workshop", X_MCP_Readonly="true") == reading
    async with server.client(era, query="?read_only=1") as client:
        assert await call(client, "list_tasks") != {}
        before = len(await server.requests())
        message = await refusal(client, "delete_task", task_uuid="some-task")
        assert len(await server.requests()) == before
    assert message.startswith("delete_task is not allowed here: this connection asked to read only, and it writes.")
    assert "take read_only out of this server's address" in message


async def test_neither_address_nor_header_lifts_read_only(era: Era) -> None:
    async with running_server(registry=GADGETS, read_only=True, toolsets="workshop") as server:
        for query in ("", "?read_only=false", "?read_only=false&toolsets=all"):
            names = await seen(server, era, query, X_MCP_Readonly="false")
            assert not names & {"make_gadget", "submit_task", "abort_task", "delete_task"}
        async with server.client(era, query="?read_only=false") as client:
            assert "QARNOT_MCP_READ_ONLY=false" in await refusal(client, "make_gadget", name="lever")


async def test_either_of_address_and_header_makes_a_connection_read_only(server: RunningServer, era: Era) -> None:
    assert await seen(server, era, "?read_only=false", X_MCP_Readonly="true") == READING
    assert await seen(server, era, "?read_only=true", X_MCP_Readonly="false") == READING


async def test_on_a_read_only_connection_the_client_of_the_api_writes_nothing_either(
    server: RunningServer, era: Era
) -> None:
    async with server.client(era) as client:
        uuid = await submitted(client)
    async with server.client(era, query="?toolsets=workshop&read_only=true") as client:
        assert "is in read-only mode" in await refusal(client, "break_gadget", task_uuid=uuid)
        assert [task["uuid"] for task in (await call(client, "list_tasks"))["tasks"]] == [uuid]
    async with server.client(era, query="?toolsets=workshop") as client:
        await call(client, "break_gadget", task_uuid=uuid)
        assert (await call(client, "list_tasks"))["tasks"] == []


async def test_a_hidden_tool_says_which_set_it_is_part_of(server: RunningServer, era: Era) -> None:
    async with server.client(era) as client:
        message = await refusal(client, "make_gadget", name="lever")
        not_offered = await refusal(client, "read_plans")
    assert message == (
        "make_gadget is part of the tool set workshop, which this connection does not show. Nothing was done. To show "
        "it, a person adds ?toolsets=workshop to this server's address in the client (or sends the header "
        "X-MCP-Toolsets) and connects again."
    )
    assert not_offered == (
        "read_plans is part of the tool set vault, which this server does not offer. Nothing was done. Whoever runs it "
        "can change that with QARNOT_MCP_TOOLSETS or QARNOT_MCP_TOOLSETS_OFFERED."
    )


async def test_what_a_connection_shows_already_stays_in_the_advice(era: Era) -> None:
    async with (
        running_server(registry=GADGETS) as server,
        server.client(era, query="?toolsets=vault") as client,
    ):
        assert "adds ?toolsets=vault,workshop to" in await refusal(client, "list_gadgets")


async def test_an_unknown_tool_is_answered_with_the_nearest_that_is_shown(server: RunningServer, era: Era) -> None:
    async with server.client(era) as client:
        message = await refusal(client, "make_gadgets")
    assert message.startswith("There is no tool 'make_gadgets' here. The tools of this server: list_tasks, ")
    assert "gadget," not in message
    async with server.client(era, query="?toolsets=workshop") as client:
        assert "Did you mean make_gadget?" in await refusal(client, "make_gadgets")


async def test_the_instructions_name_the_sets_that_are_not_shown(server: RunningServer, era: Era) -> None:
    async with server.client(era) as client:
        told = (client.instructions or "").splitlines()[-1]
    assert told == (
        "Tool sets not shown here: workshop (make gadgets). To show it, a person adds ?toolsets=workshop to this "
        "server's address in the client (or sends the header X-MCP-Toolsets) and connects again."
    )
    async with server.client(era, query="?toolsets=workshop&read_only=true") as client:
        told = (client.instructions or "").splitlines()[-1]
    assert told == "Only reading is allowed here: tools that start, stop or delete are not shown."


async def test_the_instructions_say_which_of_the_sets_asked_for_have_no_tools(server: RunningServer, era: Era) -> None:
    async with server.client(era, query="?toolsets=attic") as client:
        assert await tools_of(client) == EIGHT
        assert "Asked for, but without tools in this version: attic." in (client.instructions or "")


async def test_the_sets_to_come_are_known_by_name(era: Era) -> None:
    async with running_server() as server:
        assert await seen(server, era, "?toolsets=storage,control,jobs,pools,account") >= EIGHT


async def test_the_prompts_are_those_that_the_connection_can_carry_out(server: RunningServer, era: Era) -> None:
    async with server.client(era, query="?read_only=true") as client:
        assert [prompt.name for prompt in await client.list_prompts()] == ["why_did_it_fail"]
        with pytest.raises(MCPError, match="needs submit_task, which this connection does not show"):
            await client.get_prompt("run_a_command", {"command": "true"})
    async with server.client(era) as client:
        assert len(await client.list_prompts()) == 4


async def test_a_resource_is_shown_and_read_where_its_tool_is_shown(era: Era) -> None:
    apart = [entry for entry in DEFAULT if entry.name == "get_profile"]
    rest = replace(REGISTRY.toolsets[0], tools=tuple(entry for entry in DEFAULT if entry not in apart))
    registry = Registry((rest, Toolset("profiles", "read profiles", tuple(apart))))
    uri = "qarnot://profiles/docker-batch"
    async with running_server(registry=registry) as server:
        async with server.client(era) as client:
            assert len(await client.list_resource_templates()) == 2
            with pytest.raises(MCPError, match="Resource not found"):
                await client.read_resource(uri)
        async with server.client(era, query="?toolsets=profiles") as client:
            assert len(await client.list_resource_templates()) == 3
            assert "DOCKER_CMD" in str(await client.read_resource(uri))


async def test_the_dashboard_offers_no_actions_on_a_read_only_connection(server: RunningServer, era: Era) -> None:
    pages = []
    for query in ("", "?read_only=true"):
        async with server.client(era, query=query) as client:
            (resource,) = await client.list_resources()
            pages.append((await client.read_resource(str(resource.uri)))[0])
    assert pages[0] != pages[1]


@pytest.mark.parametrize("setting", ["toolsets", "toolsets_offered"])
def test_an_unknown_set_in_the_settings_is_one_line_with_the_nearest_name(setting: str) -> None:
    with pytest.raises(SettingsError) as raised:
        create_app(settings_for("http://localhost:1", **{setting: "default,storge"}))
    assert str(raised.value).startswith(f"QARNOT_MCP_{setting.upper()} is 'storge', which is not valid: ")
    assert str(raised.value).endswith("The nearest one is storage.")


async def test_the_snapshots_are_what_a_client_is_given(era: Era) -> None:
    async with running_server(toolsets="all") as server, server.client(era) as client:
        listed = {tool.name: tool for tool in await client.list_tools()}
    kept = [tool for page in sorted(SNAPSHOTS.glob("*.json")) for tool in json.loads(page.read_text())]
    assert {tool["name"] for tool in kept} == set(listed)
    for tool in kept:
        # The icons stand at the address of the server, and no model sees them.
        given = listed[tool["name"]].model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"icons"})
        assert given == tool


def test_a_tool_is_in_one_set_and_every_name_is_fit_for_an_address() -> None:
    names = [entry.name for toolset in REGISTRY.toolsets for entry in toolset.tools]
    assert len(names) == len(set(names))
    for name in REGISTRY.names:
        assert name.isascii()
        assert name.isalpha()
        assert name.islower()


def test_the_instructions_fit_what_clients_show_whatever_is_hidden() -> None:

    tools = REGISTRY.toolsets[0].tools
    full = Registry(tuple(replace(toolset, tools=toolset.tools or tools) for toolset in REGISTRY.toolsets))
    offer = ToolOffer(full, frozenset({"default"}), frozenset(full.names), read_only=True)
    assert len(f"{INSTRUCTIONS}\n\n{Connection(offer, offer.shown).note()}") < 2048
