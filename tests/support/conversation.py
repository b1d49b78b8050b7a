"""What a model does in one conversation, counted: its calls, and the characters that it has to read."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from tests.support.running_server import AT_ONCE, call, refusal, running_server, text_of

UUID_CHARACTERS = 36


@dataclass
class Conversation:
    """A model at work; `calls` and `characters` grow with every call."""

    client: Client[StreamableHttpTransport]
    sandbox: httpx.AsyncClient
    calls: int = 0
    characters: int = 0
    longest: int = field(default=0)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool, and return what it says as data."""
        result = await self.client.call_tool(tool, arguments)
        self._count(len(text_of(result)))
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """Call a tool that refuses, and return what the model reads."""
        message = await refusal(self.client, tool, **arguments)
        self._count(len(message))
        return message

    async def asked(self, path: str) -> bool:
        """Return whether a request for a path that ends so has reached the API."""
        requests = (await self.sandbox.get("/sandbox/journal")).json()["requests"]
        return any(str(request["path"]).endswith(path) for request in requests)

    async def advance(self, seconds: float) -> None:
        """Let platform time pass at once."""
        answer = await self.sandbox.post("/sandbox/clock", json={"advance_seconds": seconds})
        assert answer.status_code == 200

    async def given(self, count: int, **fields: Any) -> None:
        """Put tasks into the account before the conversation begins."""
        body = [{"name": f"run {number}", "profile": "docker-batch", "instanceCount": 1} for number in range(count)]
        answer = await self.sandbox.post("/v1/tasks", json=[task | fields for task in body])
        assert answer.status_code == 200, answer.text

    async def started(self, command: str, **arguments: Any) -> str:
        """Put one task into the account before the conversation begins, and return its uuid."""
        constants = [{"key": "DOCKER_CMD", "value": command}]
        given = {"name": "test", "profile": "docker-batch", "constants": constants, **arguments}
        return str((await call(self.client, "submit_task", **given))["uuid"])

    def told(self, journey: str) -> None:
        """Show the count, with `pytest -s`."""
        sys.stdout.write(f"\n{journey:<52} {self.calls:>4} calls {self.characters:>8,} characters")

    def _count(self, characters: int) -> None:
        self.calls += 1
        self.characters += characters
        self.longest = max(self.longest, characters)


@asynccontextmanager
async def conversation(speed: float = AT_ONCE, query: str = "", **changes: Any) -> AsyncIterator[Conversation]:
    """Begin a conversation with a server on a sandbox of its own.

    `query` ends the server's address, and `changes` are those of `running_server`.
    """
    async with (
        running_server(speed=speed, **changes) as server,
        server.client(query=query) as client,
        httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": server.key}, timeout=30) as sandbox,
    ):
        yield Conversation(client, sandbox)
