"""The whole server in mode `oauth` on a sandbox, each on a socket of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.sandbox.control.switches import key_tag
from qarnot_mcp.web.app import create_app
from tests.support.ports import free_port
from tests.support.running_server import AT_ONCE, settings_for
from tests.support.serving import serve

SECRET = SecretStr("the secret of the whole server, long enough")
SERVER_KEY = "sandbox-the-servers-own-key"


@dataclass(frozen=True)
class WholeServer:
    """A running server: `origin` is its address, `api_url` that of the sandbox behind it."""

    origin: str
    api_url: str

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    async def requests(self) -> list[dict[str, Any]]:
        """Every request that reached the API, as the sandbox's journal keeps it."""
        async with httpx.AsyncClient() as http:
            return list((await http.get(f"{self.api_url}/sandbox/journal")).json()["requests"])

    async def revoke(self, key: str) -> None:
        """Revokes a key at the API."""
        async with httpx.AsyncClient() as http:
            (await http.post(f"{self.api_url}/sandbox/revoke", json={"key": key})).raise_for_status()


@asynccontextmanager
async def whole_server(public_url: str | None = None, **changes: Any) -> AsyncIterator[WholeServer]:
    """Serves the sandbox and the server; the server has a key of its own, which nobody must get to use."""
    port = free_port()
    changes = {"auth": "oauth", "api_key": SecretStr(SERVER_KEY), "secret_key": [SECRET], "port": port, **changes}
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(serve(create_sandbox(speed=AT_ONCE, seed=1)))
        app = create_app(settings_for(api_url, **changes), public_url=public_url)
        await stack.enter_async_context(serve(app, port=port))
        yield WholeServer(f"http://localhost:{port}", api_url)


def used(requests: list[dict[str, Any]], key: str) -> int:
    """How many of the requests carried this key."""
    return sum(request["key_tag"] == key_tag(key) for request in requests)
