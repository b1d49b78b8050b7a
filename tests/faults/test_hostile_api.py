"""An API that answers what no honest one would: every tool says something bounded, and the server goes on."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from qarnot_mcp.sandbox.control.hostility import VARIANTS
from tests.support.running_server import RunningServer, call, running_server, submitted, text_of

MAX_CHARACTERS = 100_000
# What the server takes of one response, 32 MiB, with some texts or entries in it.
SIZES = {"text": 200_000, "list": 20_000}
TOOLS: tuple[tuple[str, dict[str, object]], ...] = (
    ("list_tasks", {}),
    ("list_tasks", {"tags": ["any"]}),
    ("get_task", {"task_uuid": "{uuid}"}),
    ("get_task", {"task_uuid": "{uuid}", "detail": "full"}),
    ("get_task_logs", {"task_uuid": "{uuid}"}),
    ("list_profiles", {}),
    ("get_profile", {"profile_name": "docker-batch"}),
    ("submit_task", {"name": "n", "profile": "docker-batch", "validate_only": True}),
    ("abort_task", {"task_uuid": "{uuid}"}),
    ("delete_task", {"task_uuid": "{uuid}"}),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(retry_seconds=0) as running:
        yield running


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("tool", "arguments"), TOOLS, ids=lambda value: value if isinstance(value, str) else "")
async def test_a_hostile_response_ends_in_a_bounded_result(
    server: RunningServer, tool: str, arguments: dict[str, object], variant: str
) -> None:
    async with httpx.AsyncClient(base_url=server.api_url, verify=False) as http, server.client() as client:
        uuid = await submitted(client)
        fault = {"kind": "hostile", "variant": variant, "size": SIZES.get(variant), "count": 0}
        (await http.post("/sandbox/faults", json=fault)).raise_for_status()
        given = {name: uuid if value == "{uuid}" else value for name, value in arguments.items()}
        result = await client.call_tool(tool, given, raise_on_error=False)
        await http.delete("/sandbox/faults")
        text = text_of(result)
        assert 0 < len(text) <= MAX_CHARACTERS
        assert "defect" not in text
        assert "hello" not in (await call(client, "list_profiles"))["profiles"]
