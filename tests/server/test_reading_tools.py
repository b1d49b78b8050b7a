"""Of every set, a connection that only reads sees exactly the tools that read."""

import pytest

from qarnot_mcp.auth.scopes import READ_SCOPE
from qarnot_mcp.server.connection import ToolOffer
from qarnot_mcp.server.connection_options import ConnectionOptions
from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.toolset import Toolset
from tests.support.running_server import running_server, settings_for

DEFAULT, *OTHERS = REGISTRY.toolsets


def reading(*toolsets: Toolset) -> set[str]:
    return {entry.name for toolset in toolsets for entry in toolset.tools if not entry.writes}


@pytest.mark.parametrize("toolset", OTHERS, ids=lambda toolset: toolset.name)
def test_the_read_scope_shows_exactly_the_reading_tools_of_a_set(toolset: Toolset) -> None:
    offer = ToolOffer.of(REGISTRY, settings_for("http://127.0.0.1", toolsets=toolset.name))
    connection = offer.connect(ConnectionOptions(), frozenset({READ_SCOPE}))
    assert {name for name in REGISTRY.tools if connection.shows(name)} == reading(DEFAULT, toolset)


async def test_a_read_only_connection_lists_exactly_the_reading_tools_of_each_set() -> None:
    async with running_server() as server:
        for toolset in OTHERS:
            query = f"?toolsets={toolset.name}&read_only=true"
            async with server.client(query=query) as client:
                assert {tool.name for tool in await client.list_tools()} == reading(DEFAULT, toolset)


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        ("account", {"get_account", "list_machines", "usage_report"}),
        ("control", set()),
        ("pools", {"list_pools", "get_pool"}),
    ],
)
def test_what_reads_is_marked_so(name: str, tools: set[str]) -> None:
    (toolset,) = [one for one in OTHERS if one.name == name]
    assert reading(toolset) == tools
