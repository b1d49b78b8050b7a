"""An API that answers what no honest one would: every tool says something bounded, and the server goes on."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.sandbox.control.hostility import VARIANTS
from qarnot_mcp.tools.registry import REGISTRY
from tests.support.arguments import fitting_arguments
from tests.support.processes import MAIN, listening_process
from tests.support.running_server import AT_ONCE, call, running_server, submitted, text_of
from tests.support.serving import serve

MAX_CHARACTERS = 100_000
# Of one response, so that some texts or entries are taken and not only refused for the size of the whole.
SIZES = {"text": 50_000, "list": 1_000}
# What takes the most: whole, and as much as the server just takes of one response.
LARGEST = (("text", None), ("text", 500_000), ("list", None), ("list", 20_000), ("list", 5_000))
# Other paths through the API.
MORE: dict[str, tuple[dict[str, object], ...]] = {
    "list_tasks": ({}, {"tags": ["any"]}),
    "get_task": ({}, {"detail": "full"}),
}
# A job whose answer is lost is looked for in a third of the time of a call.
LIMITS: dict[str, Any] = {"retry_seconds": 0, "call_timeout_seconds": 6}
MAX_RESIDENT_BYTES = 160 * 2**20
# The library of the storage, which is loaded when a file is first asked for.
LIBRARY_BYTES = 16 * 2**20


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_hostile_response_ends_in_a_bounded_result_of_every_tool(variant: str) -> None:
    async with (
        running_server(**LIMITS) as server,
        httpx.AsyncClient(base_url=server.api_url) as http,
        server.client(query="?toolsets=all") as client,
    ):
        uuid = await submitted(client)
        fault = {"kind": "hostile", "variant": variant, "size": SIZES.get(variant), "count": 0}
        (await http.post("/sandbox/faults", json=fault)).raise_for_status()
        for name, tool in REGISTRY.tools.items():
            for more in MORE.get(name, ({},)):
                result = await client.call_tool(name, fitting_arguments(tool, uuid) | more, raise_on_error=False)
                text = text_of(result)
                assert 0 < len(text) <= MAX_CHARACTERS, name
                assert "defect" not in text, name
        await http.delete("/sandbox/faults")
        assert "hello" not in (await call(client, "list_profiles"))["profiles"]


@pytest.mark.e2e
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the most that a process held")
async def test_fields_of_10_mb_and_lists_of_100_000_entries_take_less_than_160_mib() -> None:
    async with serve(create_sandbox(speed=AT_ONCE, seed=1)) as api_url:
        settings = {"QARNOT_BASE_URL": api_url, "QARNOT_API_KEY": "sandbox-empty", "QARNOT_MCP_TOOLSETS": "all"}
        settings |= {f"QARNOT_MCP_{name.upper()}": str(value) for name, value in LIMITS.items()}
        async with (
            httpx.AsyncClient(base_url=api_url, timeout=60) as http,
            listening_process(*MAIN, **settings) as server,
            Client(StreamableHttpTransport(server.url, verify=False)) as client,
        ):
            uuid = await submitted(client)
            for is_storage, limit in ((False, MAX_RESIDENT_BYTES), (True, MAX_RESIDENT_BYTES + LIBRARY_BYTES)):
                tools = {n: t for n, t in REGISTRY.tools.items() if (REGISTRY.toolset_of[n] == "storage") is is_storage}
                for variant, size in LARGEST:
                    fault = {"kind": "hostile", "variant": variant, "size": size, "count": 0}
                    (await http.post("/sandbox/faults", json=fault)).raise_for_status()
                    for name, tool in tools.items():
                        result = await client.call_tool(name, fitting_arguments(tool, uuid), raise_on_error=False)
                        assert len(text_of(result)) <= MAX_CHARACTERS
                    await http.delete("/sandbox/faults")
                assert most_resident_bytes(server.process.pid) < limit
            assert (await call(client, "get_task", task_uuid=uuid))["uuid"] == uuid
            assert "Traceback" not in server.text


def most_resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
