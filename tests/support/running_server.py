"""The whole server on a sandbox, over a real socket, for tests of every part."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import httpx
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from pydantic import SecretStr

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.sandbox.control.switches import key_tag
from qarnot_mcp.sandbox.platform.buckets import MAX_BYTES
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.toolset import Registry
from qarnot_mcp.web.app import create_app
from tests.support.serving import listening, port_of, serve

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")
KEY = "sandbox-key"
EMPTY_KEY = "sandbox-empty"
SERVER_KEY = "sandbox-the-servers-own-key"
SECRET = SecretStr("the secret of the full server, long enough")
AT_ONCE = 100_000.0


@dataclass(frozen=True)
class RunningServer:
    """A running server: `origin` is its address, `api_url` that of the sandbox behind it, `key` its clients' own."""

    origin: str
    api_url: str
    key: str

    @property
    def url(self) -> str:
        """The address of the MCP endpoint."""
        return f"{self.origin}/mcp"

    def client(
        self,
        era: Era = "auto",
        key: str | None = None,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Client[StreamableHttpTransport]:
        """Make a client that brings a key of its own; an empty key brings none. `query` ends the address."""
        key = self.key if key is None else key
        sent = {**(headers or {}), **({"Authorization": f"Bearer {key}"} if key else {})}
        # Nothing is encrypted here, and reading the certificates that a client trusts is a third of a test.
        return Client(StreamableHttpTransport(self.url + query, headers=sent, verify=False), mode=era, **more)

    def with_account_of(self, test: str) -> "RunningServer":
        """Return the same server for the clients of one test, whose account has no tasks and is known to no other."""
        return replace(self, key=f"{EMPTY_KEY}-{hashlib.blake2b(test.encode(), digest_size=8).hexdigest()}")

    async def requests(self) -> list[dict[str, Any]]:
        """Return every request that reached the API, as the sandbox's journal keeps it."""
        async with httpx.AsyncClient() as http:
            return list((await http.get(f"{self.api_url}/sandbox/journal")).json()["requests"])

    async def advance(self, seconds: float) -> None:
        """Let time pass at the API."""
        async with httpx.AsyncClient() as http:
            response = await http.post(f"{self.api_url}/sandbox/clock", json={"advance_seconds": seconds})
            response.raise_for_status()

    async def revoke(self, key: str) -> None:
        """Revoke a key at the API."""
        async with httpx.AsyncClient() as http:
            (await http.post(f"{self.api_url}/sandbox/revoke", json={"key": key})).raise_for_status()


def settings_for(api_url: str, **changes: Any) -> Settings:
    """Make settings that talk to this API, whatever the environment says."""
    return Settings(base_url=api_url, **changes)


@asynccontextmanager
async def running_server(
    *,
    speed: float = AT_ONCE,
    seed: int = 1,
    storage_bytes: int = MAX_BYTES,
    key: str = EMPTY_KEY,
    public_url: str | None = None,
    host: str = "127.0.0.1",
    registry: Registry = REGISTRY,
    **changes: Any,
) -> AsyncIterator[RunningServer]:
    """Serve the sandbox, and the server on it, each on a socket of its own; `changes` are settings."""
    async with serve(create_sandbox(speed=speed, seed=seed, storage_bytes=storage_bytes)) as api_url:
        with listening() as listener:
            port = port_of(listener)
            app = create_app(settings_for(api_url, port=port, **changes), public_url=public_url, registry=registry)
            async with serve(app, listener=listener):
                yield RunningServer(f"http://{host}:{port}", api_url, key)


def full_server(public_url: str | None = None, **changes: Any) -> AbstractAsyncContextManager[RunningServer]:
    """Serve everything in mode `oauth`; the server has a key of its own, which nobody must get to use."""
    oauth = {"auth": "oauth", "api_key": SecretStr(SERVER_KEY), "secret_key": [SECRET], **changes}
    return running_server(public_url=public_url, host="localhost", key="", **oauth)


def used(requests: list[dict[str, Any]], key: str) -> int:
    """Return how many of the requests carried this key."""
    return sum(request["key_tag"] == key_tag(key) for request in requests)


async def call(client: Client[Any], tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool and return its structure, which says the same as its text."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def refusal(client: Client[Any], tool: str, **arguments: Any) -> str:
    """Call a tool that refuses, and return what the model reads."""
    result = await client.call_tool(tool, arguments, raise_on_error=False)
    assert result.is_error
    return text_of(result)


def text_of(result: Any) -> str:
    """Return the text of a tool's answer."""
    assert [block.type for block in result.content] == ["text"]
    return str(result.content[0].text)


async def submitted(client: Client[Any], command: str = "echo hello from ${INSTANCE_ID}", **arguments: Any) -> str:
    """Submit a task that runs a command, and return its uuid."""
    arguments = {
        "name": "test",
        "profile": "docker-batch",
        "constants": [{"key": "DOCKER_CMD", "value": command}, {"key": "DOCKER_TAG", "value": "24.04"}],
        **arguments,
    }
    return str((await call(client, "submit_task", **arguments))["uuid"])


async def ended(client: Client[Any], uuid: str) -> dict[str, Any]:
    """Read a task until it has ended."""
    while True:
        task = await call(client, "get_task", task_uuid=uuid)
        if task["state"] in ("Success", "Failure", "Cancelled"):
            return task
        await asyncio.sleep(0.01)
