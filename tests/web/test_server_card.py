"""What a client reads before it connects: the card of the server, the catalogue that names it, the icons."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from qarnot_mcp import __version__
from qarnot_mcp.web.app import create_app
from qarnot_mcp.web.server_card import NAME
from tests.support.processes import ROOT
from tests.support.running_server import ERAS, Era, running_server, settings_for
from tests.support.serving import serve

ORIGIN = "https://mcp.example.org"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    settings = settings_for("http://127.0.0.1:9", auth="key")
    async with (
        serve(create_app(settings, public_url=ORIGIN)) as url,
        httpx.AsyncClient(base_url=url, headers={"Origin": "https://discovery.example.net"}) as http,
    ):
        yield http


async def test_the_card_says_where_to_connect_and_is_named_as_in_the_registry(http: httpx.AsyncClient) -> None:
    answer = await http.get("/mcp/server-card")
    assert answer.headers["content-type"] == "application/mcp-server-card+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    card = answer.json()
    assert (card["name"], card["version"]) == (NAME, __version__)
    assert card["name"] == json.loads((ROOT / "server.json").read_text())["name"]
    assert len(card["description"]) <= 100
    assert [remote["url"] for remote in card["remotes"]] == [f"{ORIGIN}/mcp"]
    assert {"2025-06-18", "2026-07-28"} <= set(card["remotes"][0]["supportedProtocolVersions"])


async def test_the_catalogue_of_the_host_leads_to_the_card(http: httpx.AsyncClient) -> None:
    (entry,) = (await http.get("/.well-known/ai-catalog.json")).json()["entries"]
    assert entry == {
        "identifier": "urn:air:mcp.example.org:mcp:qarnot-mcp",
        "type": "application/mcp-server-card+json",
        "url": f"{ORIGIN}/mcp/server-card",
    }
    earlier = await http.get("/.well-known/mcp/server-card.json")
    assert earlier.json() == (await http.get("/mcp/server-card")).json()


@pytest.mark.parametrize("era", ERAS)
async def test_server_and_tools_have_icons_that_the_server_itself_serves(era: Era) -> None:
    async with running_server(toolsets="all") as server, server.client(era) as client, httpx.AsyncClient() as http:
        tools = {tool.name: tool for tool in await client.list_tools()}
        info = client.server_info
        assert info is not None
        assert info.icons
        assert {icon.mime_type for icon in info.icons} == {"image/svg+xml", "image/png"}
        kinds = {name: str(tool.icons[0].src).rpartition("/")[2] for name, tool in tools.items() if tool.icons}
        assert kinds.keys() == tools.keys()
        assert kinds["list_tasks"] == "list.svg"
        assert kinds["get_task"] == "read.svg"
        assert kinds["submit_task"] == "write.svg"
        assert kinds["delete_task"] == kinds["abort_task"] == "end.svg"
        for icon in [*info.icons, *(icon for tool in tools.values() for icon in tool.icons or [])]:
            picture = await http.get(icon.src.replace("localhost", "127.0.0.1"))
            assert picture.headers["content-type"].startswith(str(icon.mime_type))
            assert picture.content.startswith(b"\x89PNG" if icon.mime_type == "image/png" else b"<svg")


@pytest.mark.parametrize("method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list"])
async def test_clients_may_keep_lists_for_five_minutes_each_for_itself(method: str) -> None:
    assert await hints_of(method) == (300_000, "private")


async def test_what_is_read_of_a_task_is_never_kept() -> None:
    ttl, scope = await hints_of("resources/read", uri="qarnot://profiles/docker-batch")
    assert (ttl, scope) == (0, "private")


async def hints_of(method: str, **params: str) -> tuple[int, str]:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
        "Authorization": "Bearer sandbox-empty",
        **({"Mcp-Name": params["uri"]} if "uri" in params else {}),
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    async with running_server() as server, httpx.AsyncClient() as http:
        result = (await http.post(server.url, json=body, headers=headers)).json()["result"]
    return result["ttlMs"], result["cacheScope"]
