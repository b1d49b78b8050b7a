"""In mode `oauth` the server's own key is never used, whatever is called, and however."""

import httpx
import pytest
from fastmcp import Client

from qarnot_mcp.tools.registry import REGISTRY
from tests.support.running_server import ERAS, SERVER_KEY, Era, RunningServer, full_server, used

UUID = "11111111-2222-3333-4444-555555555555"
ARGUMENTS: dict[str, dict[str, object]] = {
    "list_tasks": {},
    "get_task": {"task_uuid": UUID},
    "submit_task": {"name": "n", "profile": "docker-batch", "instance_count": 1},
    "get_task_logs": {"task_uuid": UUID},
    "abort_task": {"task_uuid": UUID},
    "delete_task": {"task_uuid": UUID},
    "list_profiles": {},
    "get_profile": {"profile_name": "docker-batch"},
    "list_buckets": {},
    "list_files": {"bucket": "some"},
    "read_file": {"bucket": "some", "path": "file.txt"},
    "write_file": {"bucket": "some", "path": "file.txt", "text": "t"},
    "share_file": {"bucket": "some", "path": "file.txt"},
    "request_upload": {"bucket": "some", "path": "file.txt"},
    "delete_files": {"bucket": "some", "paths": ["file.txt"]},
    "submit_pipeline": {"name": "n", "steps": [{"name": "a", "profile": "docker-batch"}]},
    "snapshot_task": {"task_uuid": UUID},
    "update_task": {"task_uuid": UUID, "tags": ["t"]},
    "create_job": {"name": "n"},
    "list_jobs": {},
    "get_job": {"job_uuid": UUID},
    "terminate_job": {"job_uuid": UUID},
    "delete_job": {"job_uuid": UUID},
    "create_pool": {"name": "n", "profile": "docker-batch", "slots": 1},
    "list_pools": {},
    "get_pool": {"pool_uuid": UUID},
    "scale_pool": {"pool_uuid": UUID, "slots": 2},
    "close_pool": {"pool_uuid": UUID},
    "get_account": {},
    "list_machines": {},
    "usage_report": {},
}
METHODS = ("tools/call", "tools/list", "resources/list", "resources/read", "prompts/list", "prompts/get", "ping")
WAYS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer invalid"},
    {"Authorization": f"Bearer {SERVER_KEY}"},
    {"Authorization": SERVER_KEY},
    {"Authorization": "Basic c2FuZGJveDprZXk="},
    {"X-Api-Key": SERVER_KEY},
    {"X-Api-Key": ""},
    {"Cookie": f"authorization={SERVER_KEY}"},
    {"Mcp-Session-Id": "made-up"},
)
MODERN = "2026-07-28"
LEGACY = "2025-06-18"


def request_of(method: str, tool: str, version: str) -> tuple[dict[str, object], dict[str, str]]:
    """A request as the era of this version sends it: its body, and its headers."""
    parameters: dict[str, object] = {"name": tool, "arguments": ARGUMENTS[tool], "uri": "qarnot://tasks"}
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": version}
    if version == MODERN:
        headers |= {"Mcp-Method": method, "Mcp-Name": tool}
        parameters["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}, headers


def test_no_tool_is_forgotten_here() -> None:
    assert set(ARGUMENTS) == set(REGISTRY.tools)


@pytest.mark.parametrize("version", [MODERN, LEGACY])
async def test_without_credentials_no_request_reaches_the_api(server: RunningServer, version: str) -> None:
    addresses = (server.url, f"{server.url}/", f"{server.url}?token={SERVER_KEY}")
    async with httpx.AsyncClient() as http:
        for way in WAYS:
            # What a tool is called is read after the way: each tool is tried without a key and with the server's own.
            for tool in ARGUMENTS if SERVER_KEY in str(way) or not way else ("list_tasks",):
                for method in METHODS if tool == "list_tasks" else METHODS[:1]:
                    body, headers = request_of(method, tool, version)
                    for address in addresses if tool == "list_tasks" else addresses[:1]:
                        response = await http.post(address, json=body, headers={**headers, **way})
                        assert response.status_code == 401, (way, tool, method, address)
    assert await server.requests() == []


@pytest.mark.parametrize("era", ERAS)
async def test_the_same_calls_would_reach_the_api_in_mode_key(era: Era) -> None:
    async with full_server(auth="key") as server:
        async with Client(f"{server.url}?toolsets=all", mode=era) as client:
            for tool, arguments in ARGUMENTS.items():
                await client.call_tool(tool, arguments, raise_on_error=False)
        requests = await server.requests()
    # The journal keeps no requests of the storage; before the first of them its access key is read from the account.
    assert used(requests, SERVER_KEY) >= len(REGISTRY.toolsets[0].tools)
    assert [request for request in requests if request["path"] == "/info"]
