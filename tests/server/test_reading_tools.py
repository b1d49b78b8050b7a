"""Who may only read sees exactly the readers of each set: by the server's setting, the connection, or the scope."""

from collections.abc import AsyncIterator

import httpx
import pytest

from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.toolset import Toolset
from tests.support.running_server import RunningServer, full_server, running_server
from tests.support.sign_in import SignIn

each_set = pytest.mark.parametrize("toolset", REGISTRY.toolsets, ids=lambda toolset: toolset.name)


def readers_of(toolset: Toolset) -> set[str]:
    """Return the reading tools that a connection with this set shows: its own, and those of the default set."""
    return {entry.name for each in (REGISTRY.toolsets[0], toolset) for entry in each.tools if not entry.writes}


async def shown_on(server: RunningServer, query: str, key: str | None = None) -> set[str]:
    async with server.client(query=query, key=key) as client:
        return {tool.name for tool in await client.list_tools()}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(toolsets_offered="all") as server:
        yield server


@pytest.fixture(scope="module")
async def read_only_server() -> AsyncIterator[RunningServer]:
    async with running_server(toolsets_offered="all", read_only=True) as server:
        yield server


@pytest.fixture(scope="module")
async def oauth_server() -> AsyncIterator[RunningServer]:
    async with full_server(toolsets_offered="all") as server:
        yield server


@pytest.fixture(scope="module")
async def reading_token(oauth_server: RunningServer) -> str:
    """The token of somebody who signed in to read only."""
    async with httpx.AsyncClient(timeout=10) as http:
        tokens = await SignIn(oauth_server.origin, http).tokens("sandbox-reader", read_only="yes")
    assert tokens["scope"] == "qarnot:read"
    return tokens["access_token"]


@each_set
async def test_a_read_only_connection_shows_exactly_the_readers_of_a_set(
    server: RunningServer, toolset: Toolset
) -> None:
    everything = {entry.name for each in (REGISTRY.toolsets[0], toolset) for entry in each.tools}
    assert await shown_on(server, f"?toolsets={toolset.name}") == everything
    assert await shown_on(server, f"?toolsets={toolset.name}&read_only=true") == readers_of(toolset)


@each_set
async def test_a_read_only_server_shows_exactly_the_readers_of_a_set(
    read_only_server: RunningServer, toolset: Toolset
) -> None:
    assert await shown_on(read_only_server, f"?toolsets={toolset.name}") == readers_of(toolset)


@each_set
async def test_the_read_scope_shows_exactly_the_readers_of_a_set(
    oauth_server: RunningServer, reading_token: str, toolset: Toolset
) -> None:
    assert await shown_on(oauth_server, f"?toolsets={toolset.name}", reading_token) == readers_of(toolset)


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        ("account", {"get_account", "list_machines", "usage_report"}),
        ("control", set()),
        ("jobs", {"list_jobs", "get_job"}),
        ("pools", {"list_pools", "get_pool"}),
    ],
)
async def test_what_reads_is_marked_so(name: str, tools: set[str]) -> None:
    (toolset,) = [one for one in REGISTRY.toolsets if one.name == name]
    assert {entry.name for entry in toolset.tools if not entry.writes} == tools
