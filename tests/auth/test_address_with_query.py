"""A sign-in at an address with a query, `/mcp?toolsets=...`: the resource is the address without it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client
from mcp import MCPError

from tests.support.browsing import PersonalOAuth
from tests.support.gadgets import GADGETS
from tests.support.running_server import ERAS, SERVER_KEY, Era, RunningServer, call, full_server, used
from tests.support.sign_in import SignIn

pytestmark = pytest.mark.filterwarnings("ignore:Using in-memory token storage")

ALICE = "sandbox-empty-alice"
READING = {"list_tasks", "get_task", "get_task_logs", "list_profiles", "get_profile"}
WRITING = {"submit_task", "abort_task", "delete_task"}
WORKSHOP = {"list_gadgets", "make_gadget", "break_gadget"}
METADATA = "/.well-known/oauth-protected-resource"


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with full_server(registry=GADGETS) as running:
        yield running


def client_at(url: str, era: Era, **fields: str) -> Client[Any]:
    return Client(url, auth=PersonalOAuth(url, ALICE, **fields), mode=era)


async def names_of(client: Client[Any]) -> set[str]:
    return {tool.name for tool in await client.list_tools()}


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_signs_in_there_and_sees_the_sets_that_it_asked_for(server: RunningServer, era: Era) -> None:
    async with client_at(f"{server.url}?toolsets=workshop", era) as client:
        assert await names_of(client) == READING | WRITING | WORKSHOP
        assert await call(client, "make_gadget", name="lever") == {"names": ["lever"]}
        assert (await call(client, "list_tasks"))["tasks"] == []
    requests = await server.requests()
    assert used(requests, SERVER_KEY) == 0
    assert used(requests, ALICE) > 0


@pytest.mark.parametrize("era", ERAS)
async def test_the_query_adds_nothing_to_what_the_token_allows(server: RunningServer, era: Era) -> None:
    url = f"{server.url}?toolsets=all&read_only=false"
    async with client_at(url, era, read_only="yes") as client:
        assert await names_of(client) == READING | {"list_gadgets", "break_gadget"}
        with pytest.raises(MCPError, match="whoever signed in chose read only"):
            await client.call_tool("make_gadget", {"name": "lever"})
        assert "Only reading is allowed here" in (client.instructions or "")


@pytest.mark.parametrize("era", ERAS)
async def test_a_tool_is_shown_by_the_scope_that_it_declares_not_by_whether_it_writes(
    server: RunningServer, era: Era
) -> None:
    async with client_at(f"{server.url}?toolsets=vault", era, read_only="yes") as client:
        assert "read_plans" not in await names_of(client)
        with pytest.raises(MCPError, match="whoever signed in chose read only"):
            await client.call_tool("read_plans")
    async with client_at(f"{server.url}?toolsets=vault&read_only=true", era) as client:
        assert await names_of(client) == READING | {"read_plans"}
        assert await call(client, "read_plans") == {"names": ["blueprint"]}


async def test_the_challenge_and_the_metadata_name_the_address_without_its_query(
    server: RunningServer, http: httpx.AsyncClient
) -> None:
    response = await http.post(f"{server.url}?toolsets=workshop", json={})
    assert response.status_code == 401
    assert f'resource_metadata="{server.origin}{METADATA}/mcp"' in response.headers["www-authenticate"]
    assert "toolsets" not in response.headers["www-authenticate"]
    for place in (METADATA, f"{METADATA}/mcp", f"{METADATA}/mcp?toolsets=workshop"):
        assert (await http.get(server.origin + place)).json()["resource"] == server.url


async def test_a_client_may_name_the_address_with_its_query_as_the_resource(
    server: RunningServer, http: httpx.AsyncClient
) -> None:
    sign_in, typed = SignIn(server.origin, http), f"{server.url}?toolsets=workshop"
    await sign_in.register()
    page = await sign_in.page(resource=typed)
    location = httpx.URL((await sign_in.post(page, ALICE)).headers["location"])
    tokens = await sign_in.exchange(location.params["code"], resource=typed)
    assert tokens.status_code == 200
    assert (await sign_in.call(tokens.json()["access_token"], "list_profiles")).status_code == 200


@pytest.mark.parametrize(
    "resource",
    ["https://other.example/mcp?", "{origin}/other?x=/mcp", "{origin}/mcp/other", "{origin}@evil.example/mcp"],
)
async def test_a_query_makes_no_other_resource_this_one(
    server: RunningServer, http: httpx.AsyncClient, resource: str
) -> None:
    sign_in = SignIn(server.origin, http)
    await sign_in.register()
    response = await sign_in.authorize(resource=resource.format(origin=server.origin))
    assert httpx.URL(response.headers["location"]).params["error"] == "invalid_target"


@pytest.mark.parametrize(
    "typed",
    [
        "https://mcp.example.org",
        "https://mcp.example.org/",
        "https://mcp.example.org:443/mcp",
        "https://mcp.example.org:443/",
        "https://MCP.Example.ORG/mcp/",
        "https://mcp.example.org/mcp?toolsets=jobs",
        "https://mcp.example.org?toolsets=jobs",
    ],
)
async def test_every_spelling_of_this_server_names_its_endpoint(http: httpx.AsyncClient, typed: str) -> None:
    async with full_server("https://mcp.example.org") as server:
        sign_in = SignIn("https://mcp.example.org", http, at=server.origin)
        await sign_in.register()
        assert "/login?request=" in (await sign_in.authorize(resource=typed)).headers["location"]
        token = await sign_in.exchange("no code", resource=typed)
        assert token.json()["error"] == "invalid_grant"
        for foreign in ("https://evil.example/mcp", "http://mcp.example.org/mcp", "https://mcp.example.org:8443/mcp"):
            refused = await sign_in.authorize(resource=foreign)
            assert httpx.URL(refused.headers["location"]).params["error"] == "invalid_target"
