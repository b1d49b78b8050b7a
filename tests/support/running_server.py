"""The whole server on a sandbox, over a real socket, for tests of every part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.app import create_app
from tests.support.serving import serve

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")
KEY = "sandbox-key"
EMPTY_KEY = "sandbox-empty"
AT_ONCE = 100_000.0


@dataclass(frozen=True)
class Stage:
    """A running server: `url` is its endpoint, `api_url` the sandbox behind it."""

    url: str
    api_url: str
    key: str

    def client(self, era: Era = "auto", key: str | None = None, **more: Any) -> Client[StreamableHttpTransport]:
        """Makes a client that brings a key of its own; an empty key brings none."""
        key = self.key if key is None else key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Client(StreamableHttpTransport(self.url, headers=headers), mode=era, **more)


def settings_for(api_url: str, **changes: Any) -> Settings:
    """Makes settings that talk to this API, whatever the environment says."""
    return Settings(_env_file=None, base_url=api_url, **changes)


@asynccontextmanager
async def staged(
    *, speed: float = AT_ONCE, seed: int = 1, key: str = EMPTY_KEY, **changes: Any
) -> AsyncIterator[Stage]:
    """Serves the sandbox, and the server on it, each on a socket of its own."""
    async with (
        serve(create_sandbox(speed=speed, seed=seed)) as api_url,
        serve(create_app(settings_for(api_url, **changes))) as base_url,
    ):
        yield Stage(f"{base_url}/mcp", api_url, key)


async def call(client: Client[Any], tool: str, **arguments: Any) -> dict[str, Any]:
    """Calls a tool and answers its structure, which says the same as its text."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def refusal(client: Client[Any], tool: str, **arguments: Any) -> str:
    """Calls a tool that refuses, and answers what the model reads."""
    result = await client.call_tool(tool, arguments, raise_on_error=False)
    assert result.is_error
    return text_of(result)


def text_of(result: Any) -> str:
    """Answers the text of a tool's answer."""
    assert [block.type for block in result.content] == ["text"]
    return str(result.content[0].text)


async def submitted(client: Client[Any], command: str = "echo hello from ${INSTANCE_ID}", **arguments: Any) -> str:
    """Submits a task that runs a command, and answers its uuid."""
    arguments = {
        "name": "test",
        "profile": "docker-batch",
        "constants": [{"key": "DOCKER_CMD", "value": command}, {"key": "DOCKER_TAG", "value": "24.04"}],
        **arguments,
    }
    return str((await call(client, "submit_task", **arguments))["uuid"])


async def ended(client: Client[Any], uuid: str) -> dict[str, Any]:
    """Reads a task until it has ended."""
    while True:
        task = await call(client, "get_task", task_uuid=uuid)
        if task["state"] in ("Success", "Failure", "Cancelled"):
            return task
        await asyncio.sleep(0.01)
